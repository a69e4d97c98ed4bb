"""Looking for components: by splits and unions, and from several starts.

Sources: Ueda et al. 2000 (split and merge); Arthur & Vassilvitskii 2007 (spread starts).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from personas.entities import Array
from personas.mixture_em import (
    ENOUGH,
    LEAST_VISITORS,
    Problem,
    Solution,
    alone,
    climb,
    finished,
)
from personas.mixture_kinds import residuals_of

SHORT_STEPS = 10
CLEARLY = 0.05  # of what is gained over one component: others need to be better by that,
LOYALTY = 0.15  # and by so much more, the more of the visitors the holder was learned from
REMEMBERED = 0.5  # weight of how such a visitor was assigned, where how it now is counts 1
MOST_SPLITS, MOST_UNIONS = 4, 5  # tried at each step


def path(problem: Problem, most: int) -> list[Solution]:
    """Solutions with 1 to `most` components, each from the one before by its most fruitful split.

    On the way back each is tried as well from the one after it, by its least harmful union, so
    that an early split that led astray is mended. Needs no chance, and so finds the same
    components again in other visitors of the same kind.
    """
    points = points_of(problem)
    solutions = [alone(problem)]
    while len(solutions) < most:
        grown = best_of(problem, splits(problem, solutions[-1], points))
        if grown is None:
            break
        solutions.append(grown)
    for place in range(len(solutions) - 2, 0, -1):
        solutions[place] = _better(
            solutions[place], best_of(problem, unions(problem, solutions[place + 1]))
        )
    for place in range(2, len(solutions)):
        again = best_of(problem, splits(problem, solutions[place - 1], points))
        solutions[place] = _better(solutions[place], again)
    return solutions


def _better(one: Solution, other: Solution | None) -> Solution:
    return one if other is None or other.likelihood <= one.likelihood + ENOUGH else other


def best_of(problem: Problem, starts: Iterable[Array]) -> Solution | None:
    """Short climbs from all, long ones from the best two that keep their components.

    A component with too few visitors does not count; none where there is no other way.
    """
    tries = [climb(problem, memberships, SHORT_STEPS) for memberships in starts]
    found: list[Solution] = []
    for tried in sorted(tries, key=lambda tried: -tried.likelihood):
        if carries(problem, tried):
            climbed = climb(problem, problem.memberships(tried.parameters))
            found += [climbed] if carries(problem, climbed) else []
        if len(found) == 2:
            break
    return max(found, key=lambda each: each.likelihood, default=None)


def carries(problem: Problem, solution: Solution) -> bool:
    """Whether its free components all have enough visitors."""
    return bool(solution.parameters.sizes[problem.bound :].min(initial=np.inf) >= problem.least)


def settle(
    problem: Problem,
    count: int,
    starts: int,
    rng: np.random.Generator,
    before: Array | None = None,
    usual: Solution | None = None,
    known: float = 0.0,
) -> Solution:
    """The components of before as they are now; without those, the usual ones, else the path's.

    They hold their ground unless others, also from starts by chance, are clearly better. Where
    people bound some, nothing challenges them.
    """
    holder = None if before is None else _as_now(problem, before, count, known)
    if holder is not None and problem.bound:
        return holder
    if usual is not None:
        found = finished(problem, usual)
        return found if holder is None else _unless_beaten(problem, holder, found, known)
    solutions = path(problem, count)
    if solutions[-1].count == 1:
        return solutions[-1] if holder is None else holder
    challengers = [solutions[-1]]
    if starts:
        points = points_of(problem)
        drawn = (spread_start(points, solutions[-1].count, rng) for _ in range(starts))
        challengers += [found for found in (best_of(problem, drawn),) if found is not None]
    best = finished(problem, max(challengers, key=lambda found: found.likelihood))
    return _unless_beaten(problem, solutions[-1] if holder is None else holder, best, known)


def _as_now(problem: Problem, before: Array, count: int, known: float) -> Solution:
    """The components of before; where their number changes, so may their borders."""
    anchored = problem.remembering(before, REMEMBERED * known) if known else problem
    holder = finished(anchored, climb(anchored, before))
    return holder if holder.count == count else finished(problem, towards(problem, holder, count))


def _unless_beaten(
    problem: Problem, holder: Solution, challenger: Solution, known: float
) -> Solution:
    """The holder, where the challenger is not clearly better."""
    if holder.count != challenger.count:
        return holder
    margin = (CLEARLY + LOYALTY * known) * (challenger.likelihood - alone(problem).likelihood)
    return challenger if challenger.likelihood > holder.likelihood + margin else holder


def worth_keeping(problem: Problem, solution: Solution) -> Solution:
    """The solution without free components that too few visitors belong to."""
    while solution.count > max(problem.bound, 1):
        winners = problem.joint(solution.parameters).argmax(1)
        sizes = np.bincount(winners, minlength=solution.count)
        if sizes[problem.bound :].min(initial=problem.visitors) >= problem.least:
            break
        fewer = towards(problem, solution, solution.count - 1)
        if fewer.count == solution.count:
            break
        solution = finished(problem, fewer)
    return solution


def towards(problem: Problem, solution: Solution, count: int) -> Solution:
    """As many components, by the most fruitful splits or the least harmful unions of these."""
    points = points_of(problem)
    while solution.count != count:
        if solution.count < count:
            step = best_of(problem, splits(problem, solution, points))
        else:
            step = best_of(problem, unions(problem, solution))
        if step is None:
            break
        solution = step
    return solution


# --- starts -----------------------------------------------------------------------------------


def points_of(problem: Problem) -> Array:
    """Visitors as points: each feature's distance from everyone, by the feature's weight."""
    blocks = [
        np.sqrt(column.weight)
        * residuals_of(column, problem.table[:, part], np.array(column.everyone)[None, :])
        for column, part in zip(problem.schema.columns, problem.schema.slices, strict=True)
    ]
    return np.hstack(blocks) if blocks else np.zeros((len(problem.table), 1))


def splits(problem: Problem, solution: Solution, points: Array) -> Iterator[Array]:
    """Memberships with one component more: the widest free ones, each cut across its extent."""
    memberships = problem.memberships(solution.parameters)
    free = range(problem.bound, memberships.shape[1])
    cuts = {component: halved(memberships[:, component], points) for component in free}
    ranked = sorted((c for c in free if cuts[c].extent > 0), key=lambda c: -cuts[c].extent)
    for component in ranked[:MOST_SPLITS]:
        kept = memberships.copy()
        kept[:, component] = cuts[component].one
        yield np.column_stack([kept, cuts[component].other])


@dataclass(frozen=True)
class Cut:
    """A component's visitors [visitor] on the two sides of its middle.

    Attributes:
        extent: how far they lie apart, summed over them; 0 where they are too few.
    """

    one: Array
    other: Array
    extent: float


def halved(belonging: Array, points: Array) -> Cut:
    """A component cut across its longest extent."""
    inside = np.flatnonzero(belonging > 0.01)
    weight = belonging[inside]
    total = weight.sum()
    if total < 2 * LEAST_VISITORS:
        return Cut(belonging, np.zeros_like(belonging), 0.0)
    own = points[inside]
    around = own - weight @ own / total
    extents, directions = np.linalg.eigh((around * weight[:, None]).T @ around)
    side = np.zeros(len(belonging), bool)
    side[inside] = around @ directions[:, -1] > 0
    return Cut(belonging * ~side, belonging * side, float(extents[-1]))


def unions(problem: Problem, solution: Solution) -> Iterator[Array]:
    """Memberships with one component less: the free ones that share most visitors as one."""
    memberships = problem.memberships(solution.parameters)
    shared = memberships.T @ memberships
    sizes = np.sqrt(shared.diagonal())
    pairs = combinations(range(problem.bound, memberships.shape[1]), 2)
    ranked = sorted(pairs, key=lambda pair: -shared[pair] / (sizes[pair[0]] * sizes[pair[1]]))
    for one, other in ranked[:MOST_UNIONS]:
        joined = np.delete(memberships, other, axis=1)
        joined[:, one] += memberships[:, other]
        yield joined


def spread_start(points: Array, count: int, rng: np.random.Generator) -> Array:
    """Memberships by the nearest of some visitors who are far from each other."""
    centres = points[rng.integers(len(points), size=1)]
    while len(centres) < count:
        far = distances(points, centres).min(1) + 1e-9
        centres = np.vstack([centres, points[rng.choice(len(points), p=far / far.sum())]])
    nearest = distances(points, centres).argmin(1)
    for _ in range(3):
        centres = np.array(
            [
                points[nearest == c].mean(0) if (nearest == c).any() else centres[c]
                for c in range(count)
            ]
        )
        nearest = distances(points, centres).argmin(1)
    return np.asarray(np.eye(count)[nearest])


def distances(points: Array, centres: Array) -> Array:
    squares = (points**2).sum(1)[:, None] - 2 * points @ centres.T + (centres**2).sum(1)
    return np.asarray(np.maximum(squares, 0.0))
