"""What becomes of an item of content: pure decisions, before anything is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings.catalogue import Entry
from embeddings.documents import Document, Notice, read_document, write_tag, write_time
from embeddings.tagging import (
    TaggerModel,
    Tagging,
    document_vector,
    tag,
    tag_anew,
    texts_to_embed,
    without_vectors,
)
from embeddings.text import Text, read_text
from personas.errors import InvalidInput
from service.content import kept_of, text_of, version_of

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked item on its way.

    Attributes:
        place: in the request.
        passages: to be embedded; none where the text is as it was and tagged by this tagger.
        before: what is there now.
        tagging: what a document with the same text says of its tags.
        expected: version that must still be there.
    """

    place: int
    document: Document
    notices: tuple[Notice, ...]
    text: Text
    passages: tuple[str, ...]
    before: Entry | None = None
    tagging: Mapping[str, Any] | None = None
    expected: str | None = None


def draft_of(
    raw: object,
    place: int,
    content_id: str | None,
    known: Mapping[str, Entry],
    expected: str | None = None,
) -> Draft | InvalidInput:
    """An item as it was sent, checked and read."""
    try:
        document, notices = read_document(raw, content_id)
        document["text"] = text_of(document)
        kept_of(document)
    except InvalidInput as error:
        return error
    text = read_text(document["title"], document["description"], document["body"])
    before = known.get(document["id"])
    passages = tuple(texts_to_embed(text))
    return Draft(place, document, notices, text, passages, before, None, expected)


def drafts_of(
    items: Sequence[object], start: int, expected: Sequence[str | None]
) -> list[Draft | InvalidInput]:
    """Several items as they were sent, of which what is there already is not known yet."""
    pairs = enumerate(zip(items, expected, strict=True), start)
    return [draft_of(raw, place, None, {}, version) for place, (raw, version) in pairs]


def is_same(draft: Draft, model: TaggerModel) -> bool:
    """Whether the text is as it was, embedded, and tagged by this tagger."""
    before = draft.before
    return (
        before is not None
        and before.vector is not None
        and before.text == draft.document["text"]
        and before.model == model.name
    )


def decided(
    model: TaggerModel, draft: Draft, vectors: Vectors | None, encoder: str, now: float
) -> tuple[Document, Vectors | None]:
    """The document as it will be kept, and its vector.

    Args:
        vectors: [passages, d]; None: there is no encoder.
    """
    before, document = draft.before, dict(draft.document)
    vector = before.vector if before is not None and before.text == document["text"] else None
    if draft.tagging is not None:
        document["tagging"] = dict(draft.tagging)
    else:
        document["tagging"] = tagging_of(tagged(model, draft.text, vectors))
        vector = vector if vectors is None else document_vector(vectors)
    document["tagging"] |= dict(before.locked) if before is not None else {}
    created = before.created if before is not None and before.created else now
    document |= {
        "createdAt": write_time(created),
        "updatedAt": write_time(now),
        "encoder": encoder if vector is not None else None,
    }
    document["version"] = version_of(document)
    return document, vector


def decide_all(
    model: TaggerModel,
    drafts: Sequence[Draft],
    parts: Sequence[Vectors | None],
    encoder: str,
    now: float,
) -> list[tuple[Document, Vectors | None]]:
    """`decided` of each draft."""
    pairs = zip(drafts, parts, strict=True)
    return [decided(model, draft, vectors, encoder, now) for draft, vectors in pairs]


def parted(drafts: Sequence[Draft], vectors: Vectors | None) -> list[Vectors | None]:
    """Each draft's rows of all their passages' vectors."""
    if vectors is None or not drafts:
        return [None] * len(drafts)
    ends = np.cumsum([0 if draft.tagging is not None else len(draft.passages) for draft in drafts])
    return list(np.split(vectors, ends[:-1]))


def tagged(model: TaggerModel, text: Text, vectors: Vectors | None) -> Tagging:
    """Tags of a text; without vectors, wording and structure decide."""
    if vectors is None:
        vectors = np.zeros((len(texts_to_embed(text)), model.size), np.float32)
    elif vectors.shape[1] != model.size:
        model = without_vectors(model, vectors.shape[1])
    return tag(model, text, vectors)


def tagging_of(tags: Tagging) -> dict[str, Any]:
    """What the tagger said, as a document keeps it."""
    evidence = [
        {"text": each.text, "weight": each.weight, "for": each.what_for} for each in tags.evidence
    ]
    kept = {"type": write_tag(tags.type), "phase": write_tag(tags.phase)}
    return {**kept, "evidence": evidence, "modelVersion": tags.model}


def tagged_anew(
    model: TaggerModel, documents: Sequence[Document], vectors: Sequence[Vectors | None]
) -> list[dict[str, Any]]:
    """What the tagger says of documents that are embedded already."""
    found = []
    for document, vector in zip(documents, vectors, strict=True):
        text = read_text(document["title"], document["description"], document["body"])
        known = np.zeros(model.size, np.float32) if vector is None else vector
        found.append(tagging_of(tag_anew(model, text, known)))
    return found
