"""Content in: checked, read, tagged, embedded, made durable, searchable."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from numpy.typing import NDArray

from embeddings.catalogue import Entry
from embeddings.documents import FIELDS, Document, Notice, write_time
from embeddings.index_terms import terms_of
from embeddings.tagging import TaggerModel, texts_to_embed
from embeddings.text import Text, read_text
from personas.errors import (
    EncoderUnavailable,
    IndexUnavailable,
    InvalidInput,
    StoreUnavailable,
    UnknownName,
)
from service.content import (
    FAMILY,
    entry_of,
    gone_of,
    kept_of,
    read_kept,
    version_of,
    with_tags,
)
from service.content_decide import (
    Draft,
    decide_all,
    draft_of,
    drafts_of,
    is_same,
    parted,
    tagged,
    tagging_of,
)
from service.content_spaces import as_serving, readable, spaces_of, take_out
from training.eventlog import Kind, Record
from training.fit_tagger import taught_tagger

if TYPE_CHECKING:
    from service.state import State

Vectors = NDArray[np.float32]

SLICE = 64  # documents of a batch that are embedded, tagged and saved together
PATIENCE = 60.0  # seconds for the encoder, which may be starting
BATCH_PATIENCE = 600.0


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one item."""

    document: Document
    notices: tuple[Notice, ...] = ()
    embedded: bool = True


# --- put ------------------------------------------------------------------------------------------


async def put_content(
    state: State,
    site: str,
    raw: object,
    now: float,
    content_id: str | None = None,
    expected: str | None = None,
) -> Written:
    """Create or replace one item; durable when this returns.

    Args:
        expected: version that must still be there; "*" is any.

    Raises:
        InvalidInput: the item cannot be used; with code "changed": it is not as expected.
        LogUnavailable: it could not be made durable; nothing was changed.
    """
    known = state.catalogues.of(site).entries
    draft = await asyncio.to_thread(draft_of, raw, 0, content_id, known, expected)
    if isinstance(draft, InvalidInput):
        raise draft
    (result,) = await _put_drafts(state, site, [draft], now, PATIENCE)
    if isinstance(result, InvalidInput):
        raise result
    return result


async def put_many(
    state: State,
    site: str,
    items: Sequence[object],
    now: float,
    expected: Sequence[str] | None = None,
) -> list[Written | InvalidInput]:
    """Create or replace items; one that cannot be used never fails its neighbours.

    Args:
        expected: versions that must still be there.

    Raises:
        LogUnavailable: those that follow could not be made durable.
    """
    results: dict[int, Written | InvalidInput] = {}
    slices: list[list[Draft]] = []
    for start in range(0, len(items), SLICE):
        some = items[start : start + SLICE]
        versions = expected[start : start + SLICE] if expected is not None else [None] * len(some)
        read = await state.aside.run(drafts_of, some, start, versions)
        slices.append([draft for draft in read if isinstance(draft, Draft)])
        results |= {k: e for k, e in enumerate(read, start) if isinstance(e, InvalidInput)}
    work = [
        asyncio.create_task(_put_drafts(state, site, some, now, BATCH_PATIENCE)) for some in slices
    ]
    try:
        for drafts, task in zip(slices, work, strict=True):
            for draft, written in zip(drafts, await task, strict=True):
                results[draft.place] = written
    finally:
        for task in work:
            task.cancel()
    return [results[place] for place in range(len(items))]


async def _put_drafts(
    state: State, site: str, drafts: Sequence[Draft], now: float, patience: float
) -> list[Written | InvalidInput]:
    """Embed some drafts together, then decide and save them in one go."""
    model = state.active.models(site).tagger
    known = state.catalogues.of(site).entries
    drafts = [replace(draft, before=known.get(draft.document["id"])) for draft in drafts]
    drafts = [await _with_kept(state, site, draft, model) for draft in drafts]
    passages = [text for draft in drafts if draft.tagging is None for text in draft.passages]
    vectors = await _encoded(state, passages, patience)
    async with state.catalogues.changing(site):
        known = state.catalogues.of(site).entries
        drafts = [
            replace(draft, before=readable(state, site, known.get(draft.document["id"])))
            for draft in drafts
        ]
        fine = [draft for draft in drafts if _holds(draft)]
        parts = dict(zip((d.place for d in drafts), parted(drafts, vectors), strict=True))
        chosen = [parts[draft.place] for draft in fine]
        encoder = state.encoder.name
        made = await state.aside.run(decide_all, model, fine, chosen, encoder, now)
        texts = [draft.text for draft in fine]
        await save_content(state, site, made, now, texts=texts)
    written = {
        draft.place: Written(document, draft.notices, vector is not None)
        for draft, (document, vector) in zip(fine, made, strict=True)
    }
    return [written.get(draft.place, _CHANGED) for draft in drafts]


_CHANGED = InvalidInput("The item was changed since. Read it again.", "changed")


def _holds(draft: Draft) -> bool:
    expected, before = draft.expected, draft.before
    if expected is None:
        return True
    return before is not None and expected in ("*", before.version)


async def _with_kept(state: State, site: str, draft: Draft, model: TaggerModel) -> Draft:
    """With the tags of a document whose text did not change."""
    if is_same(replace(draft, before=readable(state, site, draft.before)), model):
        with suppress(StoreUnavailable):
            kept = await state.store.document(site, FAMILY + draft.document["id"])
            if kept is not None:
                return replace(draft, tagging=orjson.loads(kept).get("tagging"))
    return draft


async def _encoded(state: State, passages: Sequence[str], patience: float) -> Vectors | None:
    """Vectors [passages, d]; None while there is no encoder."""
    if not passages:
        return np.zeros((0, 0), np.float32)
    try:
        return await state.encoder.encode(passages, patience)
    except EncoderUnavailable:
        return None


async def patch_content(
    state: State,
    site: str,
    name: str,
    change: object,
    now: float,
    expected: str | None = None,
) -> Written:
    """Change some fields of an item (RFC 7396).

    Raises:
        UnknownName: there is no such item.
        InvalidInput: what comes out cannot be used; with code "changed": it is not as expected.
    """
    if not isinstance(change, dict):
        raise InvalidInput("Send an object with the fields to change.", "not-an-object")
    document = await load_document(state, site, name)
    before = {field: value for field, value in document.items() if field in FIELDS}
    version = document["version"]
    if expected not in (None, "*", version):
        raise _CHANGED
    merged = merge_patch(before, change)
    return await put_content(state, site, merged, now, name, version)


def merge_patch(target: object, patch: object) -> object:
    """RFC 7396: null takes away, objects are merged, all else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


async def save_content(
    state: State,
    site: str,
    made: Sequence[tuple[Document, Vectors | None]],
    now: float,
    records: Sequence[Record] | None = None,
    texts: Sequence[Text] | None = None,
) -> None:
    """Into the log, then everywhere else; what is away now follows later.

    Args:
        records: what the log is told; the documents themselves without it.
        texts: of the documents, where they have been read.
    """
    if not made:
        return
    if records is None:
        records = [
            Record(Kind.CONTENT, site, now, 0, orjson.dumps(document)) for document, _ in made
        ]
    entries = [entry_of(document, vector) for document, vector in made]
    serving = as_serving(state, site, entries, [document for document, _ in made])
    kept: dict[str, bytes | None] = {}
    for document, _ in made:
        kept |= kept_of(document)
    with state.folding.under_way(state.log.position):
        if records:
            await state.log.append(records)
        state.catalogues.of(site).put(serving)
        try:
            await state.store.put_documents(site, kept)
        except StoreUnavailable:
            state.folding.missed()
    documents = [document for document, _ in made]
    await index_entries(state, site, entries, documents, texts)


async def index_entries(
    state: State,
    site: str,
    entries: Sequence[Entry],
    documents: Sequence[Document],
    texts: Sequence[Text] | None = None,
) -> None:
    """Into the index; what it does not take now is put again later.

    Args:
        documents: of the entries; texts: as read from them, where they have been read.
    """
    catalogues = state.catalogues
    waiting = catalogues.unindexed.setdefault(site, set())
    rows = [row for row, entry in enumerate(entries) if entry.vector is not None]
    there = {entries[row].item.id for row in rows}
    catalogues.unremoved.setdefault(site, set()).difference_update(there)

    def put() -> None:
        read = {row: _text_of(documents[row]) if texts is None else texts[row] for row in rows}
        for encoder, some in spaces_of(state, site, documents, rows).items():
            items = [entries[row].item for row in some]
            terms = [
                terms_of(read[row].title, read[row].description, read[row].plain, item.locale)
                for row, item in zip(some, items, strict=True)
            ]
            vectors = np.array([entries[row].vector for row in some], np.float32)
            state.index.put(site, items, vectors, terms, encoder)

    try:
        await asyncio.to_thread(put)
        waiting.difference_update(there)
    except IndexUnavailable:
        waiting.update(there)


def _text_of(document: Document) -> Text:
    return read_text(document["title"], document["description"], document["body"])


# --- the other calls ------------------------------------------------------------------------------


async def load_document(state: State, site: str, name: str) -> Document:
    """An item with its body.

    Raises:
        UnknownName: there is none.
        StoreUnavailable: it cannot be read now.
    """
    if name in state.catalogues.of(site).items:
        document = await read_kept(state.store, site, name)
        if document is not None:
            return document
    raise UnknownName(f"There is no content item {name[:200]!r} on this site.", "unknown-content")


async def delete_content(state: State, site: str, name: str, now: float) -> None:
    """Take an item out; it leaves every answer at once."""
    async with state.catalogues.changing(site):
        catalogue = state.catalogues.of(site)
        if name not in catalogue.items:
            detail = f"There is no content item {name[:200]!r} on this site."
            raise UnknownName(detail, "unknown-content")
        record = Record(Kind.CONTENT_DELETED, site, now, 0, orjson.dumps({"id": name}))
        with state.folding.under_way(state.log.position):
            await state.log.append([record])
            catalogue.remove([name])
            try:
                await state.store.put_documents(site, gone_of(name))
            except StoreUnavailable:
                state.folding.missed()
        try:
            await asyncio.to_thread(take_out, state, site, [name])
        except IndexUnavailable:
            state.catalogues.unremoved.setdefault(site, set()).add(name)


async def set_tags(
    state: State, site: str, name: str, human: Mapping[str, Any], now: float
) -> Document:
    """A person's word on an item's tags; `human` as `read_human` gives it."""
    async with state.catalogues.changing(site):
        before = await load_document(state, site, name)
        change = {"id": name, "tagging": dict(human), "updatedAt": write_time(now)}
        document = with_tags(before, change)
        change["version"] = document["version"] = version_of(document)
        entry = state.catalogues.of(site).entries[name]
        record = Record(Kind.TAGS, site, now, 0, orjson.dumps(change))
        await save_content(state, site, [(document, entry.vector)], now, [record])
    return document


async def release_tags(state: State, site: str, name: str, now: float) -> Document:
    """Give an item's tags back to the model."""
    document = await load_document(state, site, name)
    text = _text_of(document)
    try:
        vectors = await state.encoder.encode(texts_to_embed(text), PATIENCE)
    except EncoderUnavailable:
        vectors = None
    model = await _untaught(state, site, name)
    async with state.catalogues.changing(site):
        document["tagging"] = tagging_of(tagged(model, text, vectors))
        document["updatedAt"] = write_time(now)
        document["version"] = version_of(document)
        entry = state.catalogues.of(site).entries.get(name)
        vector = entry.vector if entry is not None else None
        await save_content(state, site, [(document, vector)], now)
    return document


async def _untaught(state: State, site: str, name: str) -> TaggerModel:
    """The site's tagger as if nobody had spoken of this item."""
    model, said = state.active.models(site).tagger, state.catalogues.corrections.get(site, {})
    if name not in said:
        return model
    others = {key: correction for key, correction in said.items() if key != name}
    return await asyncio.to_thread(taught_tagger, others, model.size, state.encoder.name)
