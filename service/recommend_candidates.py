"""A short list for large catalogues: what could come at all, from lists that are ready.

Each source knows one reason for an item to come: it is popular or new, like what was seen, fit for
the phase, seen together with what was seen, or like what is searched for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from personas.entities import LADDER, Array
from personas.ranking_features import MOST_SEEN, Array32, Contents, Rows, Situation

SMALL = 1500  # items that are all ranked, without a short list
STANDING_BEST = 250  # of what is popular or new
NEAREST = 80  # of what is like one item
OF_PHASE = 60  # of a rung
OF_LEARNED = 120  # of each learned score
LIKELY = 0.15  # belief in a rung that makes its items candidates
MOST_KEPT = 20_000  # items whose nearest are remembered


def best_of(scores: Array | Array32, count: int) -> Rows:
    """Rows of the highest scores, in no order."""
    if len(scores) <= count:
        return np.arange(len(scores))
    found: Rows = np.argpartition(scores, len(scores) - count)[len(scores) - count :]
    return found


def best_told(scores: Array, count: int) -> Rows:
    """Rows of the highest of those scores that say anything; most say nothing of most items, and
    to part many equal ones is slow."""
    told = np.flatnonzero(scores)
    return told if len(told) <= count else told[best_of(scores[told], count)]


class Nearest:
    """The items most like an item; found ahead, or when first asked for, then remembered.

    Args:
        vectors: unit vectors [n, d].
        most: items whose nearest are remembered.
    """

    def __init__(self, vectors: Array32, most: int = MOST_KEPT) -> None:
        self.vectors, self._most = vectors, most
        self._kept: dict[int, Rows] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, rows: Rows) -> list[Rows]:
        """Rows of the nearest items of each of these."""
        self.find([row for row in rows.tolist() if row not in self._kept])
        kept = self._kept
        return [kept[row] if row in kept else self._nearest([row])[0] for row in rows.tolist()]

    def find(self, rows: Sequence[int]) -> None:
        """Find and remember the nearest of these; any thread may do so."""
        if rows:
            self._kept.update(zip(rows, self._nearest(rows), strict=True))
        while len(self._kept) > self._most:
            self._kept.pop(next(iter(self._kept)), None)

    def missing(self, rows: Iterable[int]) -> list[int]:
        """Those of which the nearest are not known yet, up to as many as are kept."""
        room = self._most - len(self._kept)
        return list(islice((row for row in rows if row not in self._kept), max(room, 0)))

    def grown(self, vectors: Array32, same: Callable[[], bool]) -> Nearest:
        """For a catalogue that only grew a little, what is remembered holds well enough."""
        after = Nearest(vectors, self._most)
        little = len(self.vectors) <= len(vectors) <= 1.02 * len(self.vectors)
        if little and same():
            after._kept = self._kept
        return after

    def _nearest(self, rows: Sequence[int]) -> NDArray[np.intp]:
        """Of each of these rows [rows, NEAREST]."""
        likeness = self.vectors[list(rows)] @ self.vectors.T
        size = likeness.shape[1]
        if size <= NEAREST:
            return np.tile(np.arange(size), (len(rows), 1))
        order = np.argpartition(likeness, size - NEAREST, axis=1)
        return order[:, size - NEAREST :].copy()  # a view would keep all of it in memory


class Candidates:
    """The short lists of one site's content."""

    def __init__(self, contents: Contents, nearest: Nearest) -> None:
        self._contents, self._nearest = contents, nearest
        self._of_rung: list[Rows] | None = None

    def of(self, situation: Situation, standing: Rows) -> Rows:
        """Rows that could come, sorted, each once.

        Args:
            standing: the best whoever looks.
        """
        sources = [standing]
        sources += self._nearest.of(situation.seen[::-1][:MOST_SEEN])
        rungs = self._rungs()
        sources += [rungs[k] for k in range(len(LADDER)) if situation.ladder[k] >= LIKELY]
        if len(situation.seen):
            scores = (score(situation) for score in self._contents.learned.values())
            sources += [best_told(score, OF_LEARNED) for score in scores]
        if situation.query is not None:
            sources.append(np.flatnonzero(situation.query))
        could = np.zeros(len(self._contents), bool)
        could[np.concatenate(sources)] = True
        return np.flatnonzero(could)

    def _rungs(self) -> list[Rows]:
        if self._of_rung is None:
            phases = self._contents.phases
            self._of_rung = [best_of(phases[:, rung], OF_PHASE) for rung in range(len(LADDER))]
        return self._of_rung
