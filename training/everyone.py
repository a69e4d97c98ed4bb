"""All visitors of a site, some at a time, so that any number of them can be looked through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from personas.entities import ContentFacts, History, VisitorKey
from personas.features import Features, features_of

CHUNK = 20_000  # visitors at once
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class VisitorData:
    """One visitor: its ids, and what they did together, however long ago."""

    ids: tuple[VisitorKey, ...]  # sorted, user ids first
    history: History


@dataclass(frozen=True)
class Part:
    """Some visitors.

    Attributes:
        visitors: numbers.
        seen: when each was seen last, seconds since 1970.
        rows: what is known of each.
    """

    visitors: Numbers
    seen: NDArray[np.float64]
    rows: list[Features]


class Everyone(Protocol):
    """Visitors in memory or beyond."""

    @property
    def count(self) -> int:
        """How many."""

    def parts(
        self, facts: Mapping[str, ContentFacts], allow_sensitive: bool = False
    ) -> Iterator[Part]:
        """All of them, always in the same order."""


class Remembered:
    """Visitors in memory, their numbers their places."""

    def __init__(self, visitors: Sequence[VisitorData]) -> None:
        self._visitors = visitors

    @property
    def count(self) -> int:
        return len(self._visitors)

    def parts(
        self, facts: Mapping[str, ContentFacts], allow_sensitive: bool = False
    ) -> Iterator[Part]:
        for start in range(0, self.count, CHUNK):
            some = self._visitors[start : start + CHUNK]
            rows = [features_of(each.history, facts, None, allow_sensitive) for each in some]
            seen = np.array([last_seen(each.history) for each in some])
            yield Part(np.arange(start, start + len(some)), seen, rows)


def last_seen(history: History) -> float:
    """When the visitor did or told something last."""
    times = [touchpoint.time for touchpoint in history.touchpoints[-1:]]
    return max([*times, *(change.time for change in history.traits[-1:])], default=0.0)
