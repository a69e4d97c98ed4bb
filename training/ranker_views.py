"""Who viewed what and when, as arrays: what ranking is learned from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from embeddings.documents import phase_shares
from personas.entities import CONTENT_TYPES, LADDER, Array, ContentItem
from personas.seen import NOT_A_VIEW
from personas.vocabulary import plain

if TYPE_CHECKING:
    from training.dataset import SiteData

TYPE = {name: number for number, name in enumerate(CONTENT_TYPES)}
LONGEST = 500  # first views of one visitor; more is no person
Array32 = NDArray[np.float32]


@dataclass(frozen=True)
class Items:
    """The content that was viewed or could be.

    Attributes:
        vectors: unit vectors [items, d], rows of 0 where none is known.
        since: from when on an item could be viewed [items].
    """

    ids: tuple[str, ...]
    vectors: Array32
    phases: Array
    types: NDArray[np.intp]
    published: Array
    since: Array

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Views:
    """Each visitor's first view of each item, in the order of time.

    Attributes:
        visitors: numbers in `SiteData.visitors`; messages: hashes of the touchpoints' messages.
    """

    visitors: NDArray[np.intp]
    items: NDArray[np.intp]
    times: Array
    messages: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.items)

    def histories(self, until: int | None = None) -> list[list[int]]:
        """Items of each visitor in the order of time, of the first `until` views."""
        found: dict[int, list[int]] = {}
        pairs = zip(self.visitors[:until].tolist(), self.items[:until].tolist(), strict=True)
        for visitor, item in pairs:
            found.setdefault(visitor, []).append(item)
        return list(found.values())


def read_views(data: SiteData) -> tuple[Items, Views]:
    """The site's items and views."""
    ids = tuple(sorted(data.contents))
    number = {name: place for place, name in enumerate(ids)}
    for name in ids:
        url = data.contents[name].url
        if url is not None:
            number.setdefault(url, number[name])
    rows: list[tuple[float, int, int, int]] = []
    for visitor, each in enumerate(data.visitors):
        seen: dict[int, tuple[float, int]] = {}
        for touchpoint in each.history.touchpoints:
            item = None if touchpoint.content is None else number.get(touchpoint.content)
            if item is not None and item not in seen and plain(touchpoint.name) not in NOT_A_VIEW:
                seen[item] = (touchpoint.time, touchpoint.message)
        if len(seen) <= LONGEST:
            rows += [(time, message, visitor, item) for item, (time, message) in seen.items()]
    rows.sort()
    views = Views(
        np.asarray([row[2] for row in rows], np.intp),
        np.asarray([row[3] for row in rows], np.intp),
        np.asarray([row[0] for row in rows], np.float64),
        np.asarray([row[1] for row in rows], np.int64),
    )
    return _items(ids, [data.contents[name] for name in ids], views, data.vectors), views


def _items(
    ids: tuple[str, ...], contents: list[ContentItem], views: Views, vectors: dict[str, Array32]
) -> Items:
    size = len(next(iter(vectors.values()))) if vectors else 0
    known = np.zeros((len(ids), size), np.float32)
    for place, name in enumerate(ids):
        if name in vectors:
            known[place] = vectors[name]
    published = np.asarray(
        [np.nan if item.published_at is None else item.published_at for item in contents]
    )
    first = np.full(len(ids), np.inf)
    np.minimum.at(first, views.items, views.times)
    since = np.where(np.isnan(published), -np.inf, published)
    return Items(
        ids,
        known,
        np.asarray([phase_shares(item.phase) for item in contents]).reshape(len(ids), len(LADDER)),
        np.asarray([TYPE[item.type.id] if item.type else TYPE["other"] for item in contents], int),
        published,
        np.minimum(since, first),
    )
