"""What speaks for a content item in a situation: the features of the ranking, declared once.

All are computed for many items at a time. Each carries the expert's weight, which is the mean of
the prior of what a site's own log teaches, and how far the log may move it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from personas.entities import LADDER, Array
from personas.popularity import ROWS

Array32 = NDArray[np.float32]
Rows = NDArray[np.intp]

HOUR, DAY = 3600.0, 86400.0
MOST_SEEN = 8  # of the last seen items that tell interests
INTEREST_FADE = 0.75  # from one of them to the one before
POPULAR_UNIT = (0.1, 0.1, 0.1, 0.2, 0.5, 1.0, 1.0, 0.02)  # what is told from nothing, a row
MANY = 8.0  # items seen
OF_MANY = ("together", "pattern", "neighbours", "next")  # count otherwise where much was seen
# How much content helps who reads it, by the rungs that it lies ahead: the expert's guess. What
# suits another time moves nobody, whoever likes to read it.
HELPS: Mapping[int, float] = {-1: 0.1, 0: 0.5, 1: 1.0, 2: 0.4, 3: 0.1}
HARDLY = 0.05
HELPING = np.array(
    [[HELPS.get(to - at, HARDLY) for to in range(len(LADDER))] for at in range(len(LADDER))]
)
LEAST_SHARE = 0.05  # of a phase tag: taggers err


@dataclass(frozen=True, slots=True)
class Situation:
    """Whom and when a list is for.

    Attributes:
        at: seconds since 1970.
        seen: rows of the items seen, the latest last, each once.
        ladder: belief over the ladder [7].
        personas: membership of each persona that the ranker knows, or none.
        query: how well each item answers a text search, 0-1 [n].
        last: when the visitor was here before; None for never.
    """

    at: float
    seen: Rows
    ladder: Array
    personas: Array | None = None
    query: Array | None = None
    last: float | None = None


@dataclass(frozen=True)
class Contents:
    """One site's content as arrays of n rows, and what is known of it now.

    Attributes:
        vectors: unit vectors [n, d], rows of 0 where none is known.
        phases: tags over the ladder [n, 7].
        types: numbers of content types [n].
        published: seconds since 1970 [n], nan where unknown.
        popularity: faded counts of views [ROWS, n].
        learned: names of learned scores → what computes them from a situation, for all rows.
        progress: how much more or less than others content of a type moves visitors on from each
            rung, as log [7, types]; None before it was learned.
    """

    vectors: Array32
    phases: Array
    types: NDArray[np.intp]
    published: Array
    popularity: Array
    learned: Mapping[str, Callable[[Situation], Array]] = field(default_factory=dict)
    progress: Array | None = None

    def __len__(self) -> int:
        return len(self.published)

    @cached_property
    def usual_phases(self) -> Array:
        """The mean of all items' tags over the ladder [7]."""
        mean: Array = self.phases.mean(axis=0)
        return mean


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing that speaks for an item.

    Attributes:
        name: for machines.
        code: of the reason that tells people of it.
        prior: the expert's weight, in log-odds a unit.
        spread: standard deviation of the prior.
    """

    name: str
    code: str
    prior: float
    spread: float = 1.0


# Of the item alone, the same for all visitors at a moment.
STANDING: tuple[Feature, ...] = (
    Feature("popular-15m", "popular", 0.02),
    Feature("popular-1h", "popular", 0.03),
    Feature("popular-4h", "popular", 0.04),
    Feature("popular-1d", "popular", 0.05),
    Feature("popular-7d", "popular", 0.1),
    Feature("popular-45d", "popular", 0.1),
    Feature("popular-ever", "popular", 0.1),
    Feature("viewed-lately", "popular", 0.0),
    Feature("new-hours", "new", 0.1),
    Feature("new-days", "new", 0.2),
    Feature("new-weeks", "new", 0.2),
    Feature("age", "new", 0.0),
)
# Of the item for this visitor.
PERSONAL: tuple[Feature, ...] = (
    Feature("interest-last", "interest", 1.5),
    Feature("interest-mean", "interest", 1.5),
    Feature("interest-best", "interest", 2.0),
    Feature("new-to-visitor", "new", 0.1),
    Feature("phase-now", "phase-match", 0.5),
    Feature("phase-next", "phase-match", 0.5),
    Feature("query", "query", 8.0, 0.1),
    Feature("together", "together", 0.0, 10.0),
    Feature("pattern", "together", 0.0, 3.0),
    Feature("neighbours", "together", 0.0, 3.0),
    Feature("next", "together", 0.0, 3.0),
    Feature("together-many", "together", 0.0, 10.0),
    Feature("pattern-many", "together", 0.0, 3.0),
    Feature("neighbours-many", "together", 0.0, 3.0),
    Feature("next-many", "together", 0.0, 3.0),
    Feature("lately", "together", 3.0, 3.0),
    Feature("persona", "persona-match", 0.5),
    Feature("progress", "progress", 0.0, 1e-6),
)
FEATURES = STANDING + PERSONAL
PRIOR = np.array([feature.prior for feature in FEATURES])
SPREAD = np.array([feature.spread for feature in FEATURES])
_STANDING = {feature.name: number for number, feature in enumerate(STANDING)}
_PERSONAL = {feature.name: number for number, feature in enumerate(PERSONAL)}
INDEX = {feature.name: number for number, feature in enumerate(FEATURES)}


def weights_for(objective: str, weights: Array) -> Array:
    """Weights for what a slot is there for: "clicks" or "progress".

    The odds of a click times the gain of the goal after it, which in logarithms is their sum.
    """
    if objective != "progress":
        return weights
    changed = weights.copy()
    changed[INDEX["progress"]] = 1.0
    return changed


def features_of(situation: Situation, contents: Contents, rows: Rows | None = None) -> Array:
    """All features of items [FEATURES, rows]; `rows` None stands for all items."""
    return np.vstack([standing(contents, situation.at, rows), personal(situation, contents, rows)])


def standing(contents: Contents, at: float, rows: Rows | None = None) -> Array:
    """What speaks for items at a moment, whoever looks [STANDING, rows]."""
    chosen = slice(None) if rows is None else rows
    published = contents.published[chosen]
    found = np.zeros((len(STANDING), len(published)))
    counts = contents.popularity[:, chosen]
    found[:ROWS] = np.log1p(counts / np.asarray(POPULAR_UNIT)[:, None])
    _news(found[ROWS:], at, published)
    return found


def personal(situation: Situation, contents: Contents, rows: Rows | None = None) -> Array:
    """What speaks for items for this visitor [PERSONAL, rows]."""
    chosen = slice(None) if rows is None else rows
    found = np.zeros((len(PERSONAL), len(contents) if rows is None else len(rows)))
    if situation.query is not None:
        found[_PERSONAL["query"]] = situation.query[chosen]
    _interests(found, situation, contents.vectors, chosen)
    _phases(found, situation.ladder, contents, chosen)
    if situation.last is not None:
        found[_PERSONAL["new-to-visitor"]] = contents.published[chosen] > situation.last
    for name, score in contents.learned.items():
        found[_PERSONAL[name]] = score(situation)[chosen]
    found[_PERSONAL["progress"]] = _progress(situation.ladder, contents, chosen)
    many = np.log(max(len(situation.seen), 1)) / np.log(MANY)
    for name in OF_MANY:
        found[_PERSONAL[f"{name}-many"]] = many * found[_PERSONAL[name]]
    return found


def _interests(found: Array, situation: Situation, vectors: Array32, chosen: slice | Rows) -> None:
    seen = situation.seen[::-1][:MOST_SEEN]
    if not vectors.size or not len(seen):
        return
    wanted = vectors[seen]
    likeness = vectors[chosen] @ wanted.T
    fade = INTEREST_FADE ** np.arange(len(seen))
    length = float(np.linalg.norm(fade @ wanted)) or 1.0
    found[_PERSONAL["interest-last"]] = likeness[:, 0]
    found[_PERSONAL["interest-mean"]] = likeness @ fade / length
    found[_PERSONAL["interest-best"]] = likeness.max(axis=1)


def next_rungs(ladder: Array) -> Array:
    """The belief moved one rung up; the last rung stays."""
    moved = np.zeros(len(LADDER))
    moved[1:] = ladder[:-1]
    moved[-1] += ladder[-1]
    return moved


def _progress(ladder: Array, contents: Contents, chosen: slice | Rows) -> Array:
    """How much more than others this content moves on who reads it, as log.

    The expert's word is by how far ahead of the visitor it lies; by content type the log sharpens
    it.
    """
    helping = ladder @ HELPING
    usual = contents.usual_phases @ helping if len(contents) else 1.0
    gains: Array = np.log(contents.phases[chosen] @ helping / usual)
    if contents.progress is not None:
        gains += (ladder @ contents.progress)[contents.types[chosen]]
    return gains


def _phases(found: Array, ladder: Array, contents: Contents, chosen: slice | Rows) -> None:
    if not len(contents.phases):
        return
    wanted = np.stack([ladder, next_rungs(ladder)], axis=1)
    usual = contents.usual_phases @ wanted + LEAST_SHARE
    fit = np.log((contents.phases[chosen] @ wanted + LEAST_SHARE) / usual)
    found[_PERSONAL["phase-now"]], found[_PERSONAL["phase-next"]] = fit[:, 0], fit[:, 1]


def _news(found: Array, at: float, published: Array) -> None:
    known = ~np.isnan(published)
    age = np.where(known, np.maximum(at - published, 0.0), np.inf)
    found[0] = 0.5 ** (age / (6 * HOUR))
    found[1] = 0.5 ** (age / (3 * DAY))
    found[2] = 0.5 ** (age / (30 * DAY))
    found[3] = -np.log1p(np.where(known, age, 90 * DAY) / HOUR)
