"""What rises: views of content that fade with several half-lives, in event time.

Each half-life keeps one number an item: the sum of 2^((view - reference) / half-life) over its
views. Read at a moment, that is how many views the item has, each worth half as much a half-life
later. Any order of arrival gives the same numbers.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from personas.entities import Array

HOUR, DAY = 3600.0, 86400.0
HALF_LIVES = (0.25 * HOUR, HOUR, 4 * HOUR, DAY, 7 * DAY, 45 * DAY)
FOREVER = len(HALF_LIVES)  # row of the views that never fade
LAST = FOREVER + 1  # row that tells how lately the last view was: 1 for now, 0 for never
ROWS = LAST + 1
SOON = 360.0  # seconds after the last view in which it tells half
MOST_RECENT = 50_000  # views kept one by one, to answer as of a moment before them
_REBASE = 200.0  # half-lives after which the reference moves on; 2^200 is far from overflow


class Popularity:
    """Faded counts of views of items, which are numbered from 0.

    >>> popularity = Popularity()
    >>> popularity.add(0, 0.0)
    >>> popularity.add(1, 3600.0)
    >>> [round(float(count), 3) for count in popularity.at(3600.0)[1]]
    [0.5, 1.0]
    """

    def __init__(self, most_recent: int = MOST_RECENT) -> None:
        self._counts = np.zeros((ROWS, 64))
        self._last = np.full(64, -np.inf)
        self._references: list[float] | None = None
        self._most_recent = most_recent
        self._times: list[float] = []  # of recent views, sorted
        self._items: list[int] = []
        self._forgotten = -np.inf  # views up to then are no longer kept one by one
        self.items = 0

    @property
    def latest(self) -> float:
        """When the last view was; -inf before any."""
        return self._times[-1] if self._times else -np.inf

    def add(self, item: int, time: float, weight: float = 1.0) -> None:
        """One view of an item at a time, in any order."""
        if item >= self._counts.shape[1]:
            grown = np.zeros((ROWS, 2 * item))
            grown[:, : self._counts.shape[1]] = self._counts
            self._counts = grown
            self._last = np.concatenate([self._last, np.full(2 * item - len(self._last), -np.inf)])
        self.items = max(self.items, item + 1)
        if self._references is None:
            self._references = [time] * FOREVER
        for row, half_life in enumerate(HALF_LIVES):
            steps = (time - self._references[row]) / half_life
            if steps > _REBASE:
                self._counts[row] *= 0.5 ** min(steps, 2000.0)
                self._references[row] = time
                steps = 0.0
            if steps > -_REBASE:
                self._counts[row, item] += weight * 2.0**steps
        self._counts[FOREVER, item] += weight
        self._last[item] = max(self._last[item], time)
        self._keep(item, time)

    def _keep(self, item: int, time: float) -> None:
        if not self._times or time >= self._times[-1]:
            self._times.append(time)
            self._items.append(item)
        else:
            place = bisect_right(self._times, time)
            self._times.insert(place, time)
            self._items.insert(place, item)
        if len(self._times) > 2 * self._most_recent:
            drop = len(self._times) - self._most_recent
            self._forgotten = self._times[drop - 1]
            del self._times[:drop], self._items[:drop]

    def at(self, moment: float) -> Array:
        """Counts as of a moment [ROWS, items]; views after it do not count.

        Before what is kept one by one, the shape of the oldest known moment is the best answer.
        """
        if self._references is None:
            return np.zeros((ROWS, self.items))
        if moment < self.latest:
            return self._before(moment)
        counts = self._counts[:, : self.items].copy()
        for row, half_life in enumerate(HALF_LIVES):
            counts[row] *= 0.5 ** min((moment - self._references[row]) / half_life, 2000.0)
        counts[LAST] = SOON / (SOON + moment - self._last[: self.items])
        return counts

    def _before(self, moment: float) -> Array:
        until = bisect_right(self._times, moment)
        times = np.asarray(self._times[:until])
        items = np.asarray(self._items[:until], np.intp)
        counts = np.zeros((ROWS, self.items))
        for row, half_life in enumerate(HALF_LIVES):
            worth = 0.5 ** np.minimum((moment - times) / half_life, 2000.0)
            counts[row] = np.bincount(items, worth, self.items)
        later = np.asarray(self._items[until:], np.intp)
        counts[FOREVER] = self._counts[FOREVER, : self.items]
        counts[FOREVER] -= np.bincount(later, minlength=self.items)
        last = np.full(self.items, -np.inf)
        np.maximum.at(last, items, times)
        counts[LAST] = SOON / (SOON + moment - last)
        return np.maximum(counts, 0.0)
