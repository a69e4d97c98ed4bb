"""Fitting a mixture's parameters: expectation-maximisation, by splits and from several starts.

Sources: Dempster, Laird & Rubin 1977 (EM); Ueda et al. 2000 (split and merge); Arthur &
Vassilvitskii 2007 (spread starts).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from personas.entities import Array
from personas.mixture_kinds import residuals_of
from personas.mixture_schema import Parameters, Schema, loadings, log_shares

SHORT_STEPS, LONG_STEPS, LAST_STEPS = 10, 60, 400
CLEARLY = 0.05  # of what is gained over one component: others need to be better by that
LEAST_SHARE = 0.03  # of the visitors in a component: fewer are found again by chance only
LEAST_VISITORS = 20  # of whom a share is known to 11 points
ENOUGH, LAST_ENOUGH = 3e-5, 1e-6  # nats a visitor: EM gains no more in a step
MOST_SPLITS, MOST_UNIONS = 4, 5  # tried at each step
CHUNK = 1 << 15  # visitors at once
Rows = NDArray[np.intp] | NDArray[np.bool_]


@dataclass(frozen=True)
class Problem:
    """Statistics to fit, and what is held of the components beforehand.

    Args:
        table: [visitor, statistic].
        prior: visitors like everyone that each component starts with.
        bonds: statistics that people's word adds to the first components [statistic, component].
        frozen: which of these stay as they are, whatever their visitors do [component].
        extra: visitors that these are believed to have beforehand [component].
    """

    schema: Schema
    table: Array
    prior: float
    bonds: Array | None = None
    frozen: NDArray[np.bool_] | None = None
    extra: Array | None = None

    @property
    def visitors(self) -> int:
        return len(self.table)

    @property
    def bound(self) -> int:
        """How many components are bound; they are the first."""
        return 0 if self.bonds is None else self.bonds.shape[1]

    @property
    def least(self) -> float:
        """Visitors that a component needs."""
        return max(LEAST_SHARE * self.visitors, LEAST_VISITORS)

    def maximise(self, memberships: Array) -> Parameters:
        return self.held(self.table.T @ memberships, memberships.sum(0))

    def held(self, sums: Array, sizes: Array) -> Parameters:
        """What visitors add up to, and people's word."""
        if self.extra is not None:
            sizes = sizes.copy()
            sizes[: self.bound] += self.extra
        if self.bonds is not None:
            sums[:, : self.bound] += self.bonds
            if self.frozen is not None:
                sums[:, : self.bound][:, self.frozen] = self.bonds[:, self.frozen]
        return Parameters(sums, sizes)

    def joint(self, parameters: Parameters) -> Array:
        """log p(component, features) [visitor, component], but for what components share."""
        return self.table @ loadings(self.schema, parameters, self.prior) + log_shares(parameters)

    def memberships(self, parameters: Parameters) -> Array:
        return posterior(self.joint(parameters))[0]

    def with_rows(self, rows: Rows) -> Problem:
        return replace(self, table=self.table[rows])


def posterior(joint: Array) -> tuple[Array, float]:
    """Memberships [visitor, component], and the mean log-likelihood."""
    top = tops(joint)
    memberships = np.exp(joint - top[:, None])
    sums = memberships @ np.ones(joint.shape[1])
    memberships /= sums[:, None]
    return memberships, float((np.log(sums) + top).mean())


def tops(joint: Array) -> Array:
    """The largest of each row; by columns, as there are few of them."""
    return reduce(np.maximum, joint.T)


def log_total(joint: Array) -> Array:
    top = tops(joint)
    return np.asarray(np.log(np.exp(joint - top[:, None]) @ np.ones(joint.shape[1])) + top)


@dataclass(frozen=True)
class Solution:
    parameters: Parameters
    likelihood: float  # mean log-likelihood of a visitor

    @property
    def count(self) -> int:
        return self.parameters.count


def climb(
    problem: Problem, memberships: Array, steps: int = LONG_STEPS, enough: float = ENOUGH
) -> Solution:
    """Expectation-maximisation from given memberships."""
    before = -np.inf
    for _ in range(steps):
        parameters = problem.maximise(memberships)
        memberships, likelihood = posterior(problem.joint(parameters))
        if likelihood - before < enough:
            break
        before = likelihood
    return Solution(parameters, likelihood)


def finished(problem: Problem, solution: Solution) -> Solution:
    """The same, climbed to the top."""
    memberships = problem.memberships(solution.parameters)
    return climb(problem, memberships, LAST_STEPS, LAST_ENOUGH)


def alone(problem: Problem) -> Solution:
    """One component for all."""
    return climb(problem, np.ones((problem.visitors, 1)), 1)


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
) -> Solution:
    """The components of before as they are now; without those, the usual ones, else the path's.

    They hold their ground unless others, also from starts by chance, are clearly better. Where
    people bound some, nothing challenges them.
    """
    holder = None if before is None else towards(problem, climb(problem, before), count)
    if holder is not None and problem.bound:
        return holder
    if usual is not None:
        found = climb(problem, problem.memberships(usual.parameters))
        return found if holder is None else _unless_beaten(problem, holder, found)
    solutions = path(problem, count)
    if solutions[-1].count == 1:
        return solutions[-1] if holder is None else holder
    challengers = [solutions[-1]]
    if starts:
        points = points_of(problem)
        drawn = (spread_start(points, solutions[-1].count, rng) for _ in range(starts))
        challengers += [found for found in (best_of(problem, drawn),) if found is not None]
    best = max(challengers, key=lambda found: found.likelihood)
    return _unless_beaten(problem, solutions[-1] if holder is None else holder, best)


def _unless_beaten(problem: Problem, holder: Solution, challenger: Solution) -> Solution:
    """The holder, where the challenger is not clearly better."""
    if holder.count != challenger.count:
        return holder
    margin = CLEARLY * (challenger.likelihood - alone(problem).likelihood)
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


# --- many visitors ----------------------------------------------------------------------------


def stream(problem: Problem, solution: Solution, steps: int) -> Solution:
    """Expectation-maximisation in chunks, from a solution found on a sample.

    The table may be of single precision; what it adds up to is of double.
    """
    parameters, before = solution.parameters, -np.inf
    for _ in range(steps):
        parameters, likelihood = _pass(problem, parameters)
        if likelihood - before < 10 * LAST_ENOUGH:
            break
        before = likelihood
    return Solution(parameters, likelihood)


def _pass(problem: Problem, parameters: Parameters) -> tuple[Parameters, float]:
    weighed = loadings(problem.schema, parameters, problem.prior)
    shares = log_shares(parameters)
    sums, sizes = np.zeros_like(parameters.sums), np.zeros(parameters.count)
    total = 0.0
    for chunk in chunks_of(problem.table):
        memberships, likelihood = posterior(chunk @ weighed + shares)
        sums += chunk.T @ memberships
        sizes += memberships.sum(0)
        total += likelihood * len(chunk)
    return problem.held(sums, sizes), total / problem.visitors


def chunks_of(table: Array) -> Iterator[Array]:
    for start in range(0, len(table), CHUNK):
        yield np.asarray(table[start : start + CHUNK], np.float64)


def joined_sums(sums: Array, owners: Sequence[int], count: int) -> Array:
    """Sums [statistic, persona] of components that belong together."""
    total = np.zeros((len(sums), count))
    for component, owner in enumerate(owners):
        total[:, owner] += sums[:, component]
    return total
