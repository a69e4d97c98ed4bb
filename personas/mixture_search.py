"""Fitting a mixture's parameters: expectation-maximisation from several starts, and how many personas.

Sources: Dempster, Laird & Rubin 1977 (EM); Arthur & Vassilvitskii 2007 (spread starts); Hubert & Arabie
1985 (adjusted Rand index); Varin, Reid & Firth 2011 (weights of a composite likelihood).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from personas.entities import Array
from personas.mixture_kinds import (
    Column,
    Row,
    learn_column,
    loadings_of,
    means_of,
    residuals_of,
    seen_in,
    statistics_of,
)

SHORT_STEPS, LONG_STEPS = 15, 300
CLEARLY = 0.02  # of what is gained over one persona: other personas need to be better by that
VISITORS_EACH = 10  # that a persona needs at the least
ENOUGH = 1e-6  # nats a visitor: EM gains no more than this in a step


@dataclass(frozen=True)
class Schema:
    """The columns of a mixture, by name in the order of the alphabet."""

    columns: tuple[Column, ...]

    @property
    def width(self) -> int:
        return sum(column.width for column in self.columns)

    @property
    def slices(self) -> list[slice]:
        ends = np.cumsum([column.width for column in self.columns]).tolist()
        return [slice(end - c.width, end) for c, end in zip(self.columns, ends, strict=True)]

    @property
    def everyone(self) -> Array:
        return np.array([number for column in self.columns for number in column.everyone])

    @property
    def weights(self) -> Array:
        """[statistic]"""
        return np.array([c.weight for c in self.columns for _ in range(c.width)])

    def encode(self, rows: Sequence[Row]) -> Array:
        """Statistics [row, statistic]; zeros where a feature is missing."""
        table = np.zeros((len(rows), self.width))
        for column, part in zip(self.columns, self.slices, strict=True):
            for number, row in enumerate(rows):
                if column.name in row:
                    for place, value in statistics_of(column, row[column.name]):
                        table[number, part.start + place] = value
        return table


def learn_schema(rows: Sequence[Row], ignore: Sequence[str] = ()) -> Schema:
    """What the features are, from the data; those that tell nothing are left out."""
    names = sorted({name for row in rows for name in row} - set(ignore))
    columns = (learn_column(name, [row[name] for row in rows if name in row]) for name in names)
    return Schema(tuple(column for column in columns if column is not None))


@dataclass(frozen=True)
class Parameters:
    """A mixture's parameters, as what its personas' visitors add up to.

    Args:
        sums: statistics summed over visitors by membership [statistic, persona].
        sizes: visitors by membership [persona].
    """

    sums: Array
    sizes: Array

    @property
    def count(self) -> int:
        return len(self.sizes)


@dataclass(frozen=True)
class Problem:
    """Statistics to fit, and the prior: each persona starts with some visitors like everyone."""

    schema: Schema
    table: Array  # [visitor, statistic]
    prior: float  # such visitors

    @property
    def visitors(self) -> int:
        return len(self.table)

    def maximise(self, memberships: Array) -> Parameters:
        return Parameters(self.table.T @ memberships, memberships.sum(0))

    def joint(self, parameters: Parameters, table: Array | None = None) -> Array:
        """log p(persona, features) [visitor, persona], but for what personas share."""
        table = self.table if table is None else table
        weighed = loadings(self.schema, parameters, self.prior)
        return table @ weighed + log_shares(parameters)

    def memberships(self, parameters: Parameters) -> Array:
        return posterior(self.joint(parameters))[0]

    def with_rows(self, rows: Array) -> Problem:
        return replace(self, table=self.table[rows])


def loadings(schema: Schema, parameters: Parameters, prior: float) -> Array:
    """[statistic, persona], weighted."""
    sums = parameters.sums + prior * schema.everyone[:, None]
    blocks = [
        column.weight * loadings_of(column, sums[part])
        for column, part in zip(schema.columns, schema.slices, strict=True)
    ]
    return np.vstack(blocks) if blocks else np.zeros((0, parameters.count))


def log_shares(parameters: Parameters) -> Array:
    sizes = parameters.sizes + 1.0
    return np.asarray(np.log(sizes / sizes.sum()))


def posterior(joint: Array) -> tuple[Array, float]:
    """Memberships [visitor, persona], and the mean log-likelihood."""
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
    likelihood: float  # mean log-likelihood of a visitor, penalised by the prior's


def climb(problem: Problem, memberships: Array, steps: int) -> Solution:
    """Expectation-maximisation from given memberships."""
    before = -np.inf
    for _ in range(steps):
        parameters = problem.maximise(memberships)
        memberships, likelihood = posterior(problem.joint(parameters))
        if likelihood - before < ENOUGH:
            break
        before = likelihood
    return Solution(parameters, likelihood)


def go_on(problem: Problem, solution: Solution) -> Solution:
    return climb(problem, problem.memberships(solution.parameters), LONG_STEPS)


def path(problem: Problem, most: int) -> list[Solution]:
    """Solutions with 1 to `most` personas, each from the one before by its most fruitful split.

    Needs no chance, and so finds the same personas again in other visitors of the same kind.
    """
    points = points_of(problem)
    solutions = [climb(problem, np.ones((problem.visitors, 1)), 1)]
    while len(solutions) < most:
        starts = splits(problem, solutions[-1], points)
        if not starts:
            break
        solutions.append(best_of(problem, starts))
    return solutions


def best_of(problem: Problem, starts: Iterable[Array]) -> Solution:
    """Short climbs from all, long ones from the two best."""
    tries = [climb(problem, memberships, SHORT_STEPS) for memberships in starts]
    tries = sorted(tries, key=lambda tried: -tried.likelihood)[:2]
    return max((go_on(problem, tried) for tried in tries), key=lambda found: found.likelihood)


def settle(
    problem: Problem,
    count: int,
    starts: int,
    rng: np.random.Generator,
    before: Array | None = None,
) -> Solution:
    """The personas of before as they are now; without those, the path's.

    They hold their ground unless others, also from starts by chance, are clearly better.
    """
    solutions = path(problem, count)
    if count == 1 or len(solutions) < count:
        return solutions[-1]
    points = points_of(problem)
    challengers = [solutions[-1]]
    if starts:
        drawn = (spread_start(points, count, rng) for _ in range(starts))
        challengers.append(best_of(problem, drawn))
    holder = solutions[-1]
    if before is not None and before.shape[1] == count:
        holder = climb(problem, before, LONG_STEPS)
    best = max(challengers, key=lambda found: found.likelihood)
    margin = CLEARLY * (best.likelihood - solutions[0].likelihood)
    return best if best.likelihood > holder.likelihood + margin else holder


# --- starts -----------------------------------------------------------------------------------


def points_of(problem: Problem) -> Array:
    """Visitors as points: each feature's distance from everyone, by the feature's weight."""
    blocks = [
        np.sqrt(column.weight)
        * residuals_of(column, problem.table[:, part], np.array(column.everyone)[None, :])
        for column, part in zip(problem.schema.columns, problem.schema.slices, strict=True)
    ]
    return np.hstack(blocks) if blocks else np.zeros((len(problem.table), 1))


def splits(problem: Problem, solution: Solution, points: Array) -> list[Array]:
    """Memberships with one persona more: each persona cut across its longest extent in turn."""
    memberships = problem.memberships(solution.parameters)
    found = []
    for persona, belonging in enumerate(memberships.T):
        if belonging.sum() < 2 * VISITORS_EACH:
            continue
        around = points - belonging @ points / belonging.sum()
        extent = np.linalg.eigh((around * belonging[:, None]).T @ around)[1][:, -1]
        side = around @ extent > 0
        others = np.delete(memberships, persona, axis=1)
        found.append(np.column_stack([others, belonging * side, belonging * ~side]))
    return found


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
    return np.eye(count)[nearest]


def distances(points: Array, centres: Array) -> Array:
    squares = (points**2).sum(1)[:, None] - 2 * points @ centres.T + (centres**2).sum(1)
    return np.maximum(squares, 0.0)


# --- what is said twice, and what comes in clumps ---------------------------------------------


def calibrated(problem: Problem, parameters: Parameters) -> Schema:
    """The schema with weights, clumping and dispersion as these personas leave them unexplained."""
    schema = problem.schema
    sums = parameters.sums + problem.prior * schema.everyone[:, None]
    memberships, _ = posterior(problem.joint(parameters))
    columns, residuals, seen = [], [], []
    for column, part in zip(schema.columns, schema.slices, strict=True):
        block = problem.table[:, part]
        expected = memberships @ means_of(column, sums[part]).T
        columns.append(column)
        residuals.append(residuals_of(column, block, expected))
        seen.append(seen_in(column, block) > 0)
    weights = 1 / (1 + redundancy(residuals, seen))
    return Schema(tuple(replace(c, weight=float(w)) for c, w in zip(columns, weights, strict=True)))


def redundancy(residuals: Sequence[Array], seen: Sequence[Array]) -> Array:
    """How often the others say again what each feature says: squared correlations, summed."""
    total = np.zeros(len(residuals))
    for i, left in enumerate(residuals):
        for j in range(i):
            both = seen[i] & seen[j]
            count = int(both.sum())
            if count < 30:
                continue
            a, b = left[both], residuals[j][both]
            shared = ((a.T @ b) ** 2).sum() / ((a**2).sum() * (b**2).sum())
            a_free, b_free = max(a.shape[1] - 1, 1), max(b.shape[1] - 1, 1)
            chance = 1 / count
            square = max(shared - chance, 0.0) * max(a_free, b_free)
            total[[i, j]] += min(square, 1.0)
    return total


def prepare(schema: Schema, table: Array, prior: float, most: int) -> Problem:
    """A problem whose schema knows what many personas leave unexplained."""
    problem = Problem(schema, table, prior)
    rich = path(problem, most)[-1]
    return replace(problem, schema=calibrated(problem, rich.parameters))
