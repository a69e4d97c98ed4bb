"""Public sites whose publishers sorted their content into folders: what the tagger is fitted on."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embeddings.tagging import Vectors, document_vector, read_features, texts_to_embed
from embeddings.text import Text, read_text
from personas.entities import Array

Encode = Callable[[Sequence[str]], Vectors]

BODY_CHARACTERS = 6000
DOCUMENTS_AT_ONCE = 64
KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # what a folder allows: types, phases
    "guide": (("guide",), ("awareness",)),
    "blog": (("article",), ("awareness",)),
    "comparison": (("comparison",), ("consideration",)),
    "case_study": (("case-study",), ("consideration", "favorability")),
    "white_paper": (("white-paper",), ("consideration",)),
    "landing_or_pricing": (
        ("landing-page", "pricing", "product-page"),
        ("intent", "favorability"),
    ),
    "docs": (("documentation",), ("after-sales", "loyalty")),
    "release_notes": (("release-notes",), ("after-sales", "loyalty")),
    "newsletter": (("newsletter",), ("after-sales", "loyalty")),
}


@dataclass(frozen=True, slots=True)
class SiteDocument:
    """A document of a public site, with all that the tagger reads of it."""

    site: str
    id: str
    kind: str  # its folder, one of KINDS
    features: Array


def read_sites(folder: Path, encode: Encode, per_kind: int, seed: int) -> list[SiteDocument]:
    """At most `per_kind` documents of each kind and site, of a folder of `<site>.jsonl`.

    A line is {"id", "title", "description", "body", "kind"}.
    """
    found: list[SiteDocument] = []
    for path in sorted(folder.glob("*.jsonl")):
        rows = _sampled(path, per_kind, seed)
        texts = [_text(row) for row in rows]
        features = features_of(texts, encode)
        found += [
            SiteDocument(path.stem, row["id"], row["kind"], read)
            for row, read in zip(rows, features, strict=True)
        ]
    return found


def features_of(texts: Sequence[Text], encode: Encode) -> Iterator[Array]:
    """What the tagger reads of each."""
    for start in range(0, len(texts), DOCUMENTS_AT_ONCE):
        some = texts[start : start + DOCUMENTS_AT_ONCE]
        passages = [texts_to_embed(text) for text in some]
        vectors = encode([passage for each in passages for passage in each])
        ends = np.cumsum([len(each) for each in passages])[:-1]
        for text, part in zip(some, np.split(vectors, ends), strict=True):
            yield read_features(text, document_vector(part))


def _sampled(path: Path, per_kind: int, seed: int) -> list[dict[str, str]]:
    kinds: dict[str, list[dict[str, str]]] = defaultdict(list)
    with path.open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            kinds[row["kind"]].append(row)
    return [
        row
        for kind, rows in sorted(kinds.items())
        for row in random.Random(f"{seed} {path.stem} {kind}").sample(  # noqa: S311 - no secret
            rows, min(per_kind, len(rows))
        )
    ]


def _text(row: dict[str, str]) -> Text:
    body = (row.get("body") or "")[:BODY_CHARACTERS]
    return read_text(row.get("title"), row.get("description"), body)
