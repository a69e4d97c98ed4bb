"""What visitors see near each other, counted as it happens.

Between two trainings, and before the first, this is what is known of what goes together: an event
counts at once. Of each item the most frequent companions are kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from personas.entities import Array

REACH, FADE = 4, 0.7  # steps back, and how much less each further step counts
SMOOTHING = 4.0  # companions that nobody saw: few say little
KEPT = 16  # companions of an item; up to twice as many between two clearings
ENOUGH = 2000.0  # companions counted of an item, after which the older ones count half
WORTH = (1.0, 0.7, 0.5, 0.35)  # of the last seen items, the latest first
Pair = tuple[NDArray[np.intp], Array]


class CoVisits:
    """Companions of items, which are numbered from 0.

    >>> covisits = CoVisits()
    >>> covisits.add([], 7); covisits.add([7], 3)
    >>> numbers, shares = covisits.of(7)
    >>> numbers.tolist(), shares.tolist()
    ([3], [0.2])
    """

    def __init__(self) -> None:
        self._counts: dict[int, dict[int, float]] = {}
        self._totals: dict[int, float] = {}
        self._ready: dict[int, Pair] = {}

    def add(self, before: Sequence[int], item: int) -> None:
        """A visitor sees an item.

        Args:
            before: what the visitor saw before, the latest last.
        """
        for back, other in enumerate(reversed(before[-REACH:])):
            if other != item:
                self._count(other, item, FADE**back)
                self._count(item, other, FADE**back)

    def _count(self, item: int, companion: int, worth: float) -> None:
        counts = self._counts.setdefault(item, {})
        counts[companion] = counts.get(companion, 0.0) + worth
        self._totals[item] = self._totals.get(item, 0.0) + worth
        self._ready.pop(item, None)
        if len(counts) > 2 * KEPT:
            kept = sorted(counts, key=lambda each: -counts[each])[:KEPT]
            self._counts[item] = counts = {each: counts[each] for each in kept}
        if self._totals[item] > ENOUGH:
            self._counts[item] = {each: count / 2 for each, count in counts.items()}
            self._totals[item] /= 2

    def of(self, item: int) -> Pair:
        """Numbers of an item's companions, and what share of all its companions each is."""
        found = self._ready.get(item)
        if found is None:
            counts = self._counts.get(item, {})
            numbers = np.fromiter(counts, np.intp, len(counts))
            shares = np.fromiter(counts.values(), np.float64, len(counts))
            shares /= self._totals.get(item, 0.0) + SMOOTHING
            found = self._ready[item] = (numbers, shares)
        return found

    def scores(self, seen: Sequence[int] | NDArray[np.intp], size: int) -> Array:
        """How much the companions of what was seen, the latest last, stand out [size]."""
        found = np.zeros(size)
        for item, worth in zip(reversed(seen), WORTH, strict=False):
            numbers, shares = self.of(int(item))
            found[numbers] += worth * shares
        return found
