"""Which content a person should look at first: what the tagger is least sure of and many see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from embeddings.catalogue import Entry
from embeddings.index import ContentFilter
from personas.entities import Array, Tag
from personas.popularity import HALF_LIVES
from service.recommend_contents import prepared

if TYPE_CHECKING:
    from service.state import State

LATELY = len(HALF_LIVES) - 1  # row of the views that fade the slowest
UNSEEN = 1.0  # views that everything is credited with: what is new will be seen, too
TOP = 10**16  # millionths


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why an item waits for a person.

    Attributes:
        open: of `type` and `phase`, those that only the model told.
        uncertainty: the chance that at least one of them is wrong, as the model sees it.
        views: lately, fading with a half-life of 45 days.
    """

    id: str
    open: tuple[str, ...]
    uncertainty: float
    views: float

    @property
    def weight(self) -> float:
        """Expected views of a wrong tag."""
        return self.uncertainty * (UNSEEN + self.views)

    @property
    def place(self) -> str:
        """Sorts the heaviest first, ties by id."""
        return f"{TOP - round(1e6 * self.weight):017d} {self.id}"

    def to_json(self) -> dict[str, Any]:
        return {
            "open": list(self.open),
            "uncertainty": self.uncertainty,
            "views": self.views,
            "weight": self.weight,
        }


def doubts(state: State, site: str, where: ContentFilter, now: float) -> Iterator[Doubt]:
    """What waits for a person, in no order; what people said of both leaves the queue."""
    views = views_lately(state, site, now)
    for name, entry in state.catalogues.of(site).entries.items():
        if where.allows(entry.item) and (open_ := open_tags(entry)):
            yield Doubt(name, tuple(open_), uncertainty(open_), views(name))


def waiting(state: State, site: str) -> int:
    """How many items wait for a person."""
    return sum(1 for entry in state.catalogues.of(site).entries.values() if open_tags(entry))


def views_lately(state: State, site: str, now: float) -> Callable[[str], float]:
    """How often an item was viewed lately, by its id."""
    ready = prepared(state, site)
    counts = state.trends.of(site).counts(ready.arrays, ready.row_of, len(ready.arrays), now)
    views: Array = counts[LATELY]

    def of(name: str) -> float:
        row = ready.arrays.row.get(name)
        return 0.0 if row is None else float(views[row])

    return of


def open_tags(entry: Entry) -> dict[str, Tag | None]:
    """What of type and phase only the model told."""
    tags = {"type": entry.item.type, "phase": entry.item.phase}
    return {name: tag for name, tag in tags.items() if tag is None or tag.source == "model"}


def uncertainty(open_: dict[str, Tag | None]) -> float:
    """The chance that at least one of these tags is wrong."""
    right = [0.0 if tag is None else tag.distribution.get(tag.id, 0.0) for tag in open_.values()]
    return 1.0 - float(np.prod(right))
