"""A short list for large catalogues: what could come at all, from lists that are ready.

Each source knows one reason for an item to come: it is popular or new, like what was seen, fit for
the phase, seen together with what was seen, or like what is searched for.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np

from personas.entities import LADDER, Array
from personas.ranking_features import MOST_SEEN, Array32, Contents, Rows, Situation

SMALL = 1500  # items that are all ranked, without a short list
STANDING_BEST = 250  # of what is popular or new
NEAREST = 80  # of what is like one item
OF_PHASE = 60  # of a rung
OF_LEARNED = 120  # of each learned score
OF_QUERY = 150
LIKELY = 0.15  # belief in a rung that makes its items candidates
MOST_KEPT = 20_000  # items whose nearest are remembered


def best_of(scores: Array | Array32, count: int) -> Rows:
    """Rows of the highest scores, in no order."""
    if len(scores) <= count:
        return np.arange(len(scores))
    found: Rows = np.argpartition(scores, len(scores) - count)[len(scores) - count :]
    return found


class Nearest:
    """The items most like an item; found when first asked for, then remembered."""

    def __init__(self, vectors: Array32) -> None:
        self.vectors = vectors
        self._kept: OrderedDict[int, Rows] = OrderedDict()

    def of(self, row: int) -> Rows:
        """Rows of the nearest items."""
        found = self._kept.get(row)
        if found is None:
            found = self._kept[row] = best_of(self.vectors @ self.vectors[row], NEAREST)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return found

    def grown(self, vectors: Array32, same: Callable[[], bool]) -> Nearest:
        """For a catalogue that only grew a little, what is remembered holds well enough."""
        after = Nearest(vectors)
        little = len(self.vectors) <= len(vectors) <= 1.02 * len(self.vectors)
        if little and same():
            after._kept = self._kept
        return after


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
        sources += [self._nearest.of(int(row)) for row in situation.seen[::-1][:MOST_SEEN]]
        rungs = self._rungs()
        sources += [rungs[k] for k in range(len(LADDER)) if situation.ladder[k] >= LIKELY]
        if len(situation.seen):
            scores = (score(situation) for score in self._contents.learned.values())
            sources += [best_of(score, OF_LEARNED) for score in scores]
        if situation.query is not None:
            sources.append(best_of(self._contents.vectors @ situation.query, OF_QUERY))
        return np.unique(np.concatenate(sources))

    def _rungs(self) -> list[Rows]:
        if self._of_rung is None:
            phases = self._contents.phases
            self._of_rung = [best_of(phases[:, rung], OF_PHASE) for rung in range(len(LADDER))]
        return self._of_rung
