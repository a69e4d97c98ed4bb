"""One site's content in memory: looked up by id and URL, and as arrays for the ranking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings.documents import content_facts
from personas.entities import CONTENT_TYPES, LADDER, Array, ContentFacts, ContentItem
from personas.message_origin import plain_url

Vectors = NDArray[np.float32]

USUAL_SIZE = 384  # of vectors, as long as there are none
TYPE_NUMBER = {name: number for number, name in enumerate(CONTENT_TYPES)}
NO_HUMAN: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Entry:
    """An item as it is kept in memory.

    Attributes:
        vector: unit vector [d]; None until it is embedded.
        created, updated: seconds since 1970.
        version: changes with every change; for ETag.
        text: digest of what was embedded.
        model: the tagger that tagged it.
        locked: tags by people that no model may overwrite, as in the document.
        said: all tags by people, also those that a model may overwrite when the text changes.
    """

    item: ContentItem
    vector: Vectors | None = None
    created: float = 0.0
    updated: float = 0.0
    version: str = ""
    text: str = ""
    model: str = ""
    locked: Mapping[str, Any] = field(default_factory=lambda: NO_HUMAN)
    said: Mapping[str, Any] = field(default_factory=lambda: NO_HUMAN)


@dataclass(frozen=True)
class CatalogueArrays:
    """All content of a site at one moment, in n rows; nothing in it ever changes.

    Attributes:
        ids: [n]; `row` finds them.
        vectors: unit vectors [n, d], rows of 0 where there is none yet.
        phases: probabilities over the ladder [n, 7].
        types: number of the likeliest content type [n].
        published: seconds since 1970 [n], nan where unknown.
        valid_from, valid_until: seconds since 1970 [n], -inf and inf where open.
        shown: not hidden [n].
    """

    ids: tuple[str, ...]
    row: Mapping[str, int]
    vectors: Vectors
    phases: Array
    types: NDArray[np.intp]
    published: Array
    valid_from: Array
    valid_until: Array
    shown: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    def visible(self, at: float) -> NDArray[np.bool_]:
        """Which rows may be shown at a moment [n]."""
        begun: NDArray[np.bool_] = self.valid_from <= at
        return self.shown & begun & (self.valid_until > at)


class Catalogue:
    """One site's content.

    Attributes:
        items: by id.
        facts: what models need to know, by id, URL, and URL without campaign parameters.
        by_url: id by URL, and by URL without campaign parameters.
        entries: by id.
        languages: how many items are in each, as far as it is told.
        corrected: those of which people said what they are, by id.
    """

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.corrected: dict[str, Entry] = {}
        self.languages: Counter[str] = Counter()
        self.items: dict[str, ContentItem] = {}
        self.facts: dict[str, ContentFacts] = {}
        self.by_url: dict[str, str] = {}
        self._claims: dict[str, list[str]] = {}  # URL → ids that name it, the latest last
        self._rows = _Rows(USUAL_SIZE)
        self._arrays: CatalogueArrays | None = None

    def __len__(self) -> int:
        return len(self.items)

    def put(self, entries: Iterable[Entry]) -> None:
        """Add or replace items."""
        for entry in entries:
            name = entry.item.id
            before = self.entries.get(name)
            self._speak(entry, before)
            if before is not None and before.item.url != entry.item.url:
                self._unclaim(before.item)
            self.entries[name], self.items[name] = entry, entry.item
            self.corrected.pop(name, None)
            if entry.said:
                self.corrected[name] = entry
            self.facts[name] = content_facts(entry.item)
            self._claim(entry.item)
            self._rows.put(entry, self.facts[name])
            self._arrays = None

    def remove(self, ids: Iterable[str]) -> None:
        """Take items out; unknown ids are passed over."""
        for name in ids:
            entry = self.entries.pop(name, None)
            if entry is None:
                continue
            self._speak(None, entry)
            del self.items[name], self.facts[name]
            self.corrected.pop(name, None)
            self._unclaim(entry.item)
            if name in self.by_url:  # an id that is also another item's URL
                self.facts[name] = self.facts[self.by_url[name]]
            self._rows.remove(name)
            self._arrays = None

    def find(self, name: str) -> ContentItem | None:
        """By id, URL, or URL without campaign parameters."""
        item = self.items.get(name)
        if item is not None:
            return item
        known = self.by_url.get(name) or self.by_url.get(plain_url(name) or "")
        return None if known is None else self.items.get(known)

    @property
    def vector_size(self) -> int:
        """Of the vectors that came last."""
        return self._rows.size

    def missing(self) -> list[str]:
        """Ids that have no vector yet."""
        return [name for name, entry in self.entries.items() if entry.vector is None]

    def arrays(self) -> CatalogueArrays:
        """All content as arrays; the same object until something changes."""
        if self._arrays is None:
            self._arrays = self._rows.snapshot()
        return self._arrays

    def _speak(self, now: Entry | None, before: Entry | None) -> None:
        for entry, more in ((now, 1), (before, -1)):
            if entry is not None and entry.item.locale:
                self.languages[entry.item.locale.lower().partition("-")[0]] += more

    def _claim(self, item: ContentItem) -> None:
        for url in urls_of(item):
            claims = self._claims.setdefault(url, [])
            if item.id in claims:
                claims.remove(item.id)
            claims.append(item.id)
            self._follow(url)

    def _unclaim(self, item: ContentItem) -> None:
        for url in urls_of(item):
            claims = self._claims.get(url, [])
            if item.id in claims:
                claims.remove(item.id)
            self._follow(url)

    def _follow(self, url: str) -> None:
        """The last one that names a URL has it; an item with that id goes before."""
        claims = self._claims.get(url)
        if claims:
            self.by_url[url] = claims[-1]
            if url not in self.items:
                self.facts[url] = self.facts[claims[-1]]
            return
        self._claims.pop(url, None)
        self.by_url.pop(url, None)
        if url not in self.items:
            self.facts.pop(url, None)


def urls_of(item: ContentItem) -> set[str]:
    """The URLs by which an item is known."""
    if not item.url:
        return set()
    plain = plain_url(item.url)
    return {item.url, plain} if plain else {item.url}


class _Rows:
    """Growing arrays. What a snapshot saw is never written to: rows are added behind it, and
    before any other change the arrays that change are copied. Vectors are most of it, and stay as
    they are where an item is only tagged anew."""

    def __init__(self, size: int) -> None:
        self.ids: list[str] = []
        self.row: dict[str, int] = {}
        self._shared: set[str] = set()  # columns that a snapshot saw
        self.size = size
        self._columns = _empty(16, size)

    def put(self, entry: Entry, facts: ContentFacts) -> None:
        name, item = entry.item.id, entry.item
        if entry.vector is not None and len(entry.vector) != self.size:
            self._resize(len(entry.vector))
        row = self.row.get(name)
        is_new = row is None
        if row is None:
            row = self._added(name)
        told = {
            "vectors": 0.0 if entry.vector is None else entry.vector,
            "phases": facts.phases,
            "types": TYPE_NUMBER[facts.type],
            "published": _or(item.published_at, np.nan),
            "valid_from": _or(item.valid_from, -np.inf),
            "valid_until": _or(item.valid_until, np.inf),
            "shown": not item.hidden,
        }
        for column, value in told.items():
            if is_new:
                self._columns[column][row] = value
            elif not np.array_equal(self._columns[column][row], value, equal_nan=True):
                self._own(column)[row] = value

    def remove(self, name: str) -> None:
        """The last row takes the place; the next one added is no row that a snapshot saw."""
        for column in self._columns:
            self._own(column)
        row, last = self.row.pop(name), len(self.ids) - 1
        moved = self.ids.pop()
        if row != last:
            self.ids[row], self.row[moved] = moved, row
            for values in self._columns.values():
                values[row] = values[last]

    def snapshot(self) -> CatalogueArrays:
        self._shared = set(self._columns)
        views = {name: column[: len(self.ids)] for name, column in self._columns.items()}
        for view in views.values():
            view.flags.writeable = False
        return CatalogueArrays(ids=tuple(self.ids), row=dict(self.row), **views)

    def _added(self, name: str) -> int:
        row = len(self.ids)
        if row == len(self._columns["shown"]):
            grown = _empty(2 * row, self.size)
            for key, column in self._columns.items():
                grown[key][:row] = column
            self._columns, self._shared = grown, set()
        self.ids.append(name)
        self.row[name] = row
        return row

    def _own(self, name: str) -> NDArray[Any]:
        """A column that may be written to."""
        if name in self._shared:
            self._columns[name] = self._columns[name].copy()
            self._shared.discard(name)
        return self._columns[name]

    def _resize(self, size: int) -> None:
        """Vectors of another encoder: those of the old one say nothing beside them."""
        self.size = size
        self._shared.discard("vectors")
        self._columns["vectors"] = np.zeros((len(self._columns["shown"]), size), np.float32)


def _empty(rows: int, size: int) -> dict[str, NDArray[Any]]:
    return {
        "vectors": np.zeros((rows, size), np.float32),
        "phases": np.zeros((rows, len(LADDER))),
        "types": np.zeros(rows, np.intp),
        "published": np.zeros(rows),
        "valid_from": np.zeros(rows),
        "valid_until": np.zeros(rows),
        "shown": np.zeros(rows, bool),
    }


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
