"""What is fitted and what is held of it, and expectation-maximisation.

Source: Dempster, Laird & Rubin 1977.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from personas.entities import Array
from personas.mixture_schema import Parameters, Schema, loadings, log_shares

LONG_STEPS, LAST_STEPS = 60, 400
LEAST_SHARE = 0.03  # of the visitors in a component: fewer are found again by chance only
LEAST_VISITORS = 20  # of whom a share is known to 11 points
ENOUGH, LAST_ENOUGH = 3e-5, 1e-6  # nats a visitor: EM gains no more in a step
CHUNK = 1 << 15  # visitors at once
Rows = NDArray[np.intp] | NDArray[np.bool_]


@dataclass(frozen=True)
class Memory:
    """What the components of before make of today's visitors: a power prior.

    Where the data leave open where one component ends and the next begins, the border stays where
    it was. Source: Ibrahim & Chen 2000.

    Args:
        sums: mean statistics of a visitor [statistic, component].
        sizes: shares of the visitors [component].
        weight: of a visitor as assigned before, where one as assigned now counts 1.
    """

    sums: Array
    sizes: Array
    weight: float

    def blended(self, sums: Array, sizes: Array, visitors: int) -> tuple[Array, Array]:
        """What visitors add up to, assigned in part as before."""
        before, now = self.weight / (1 + self.weight), 1 / (1 + self.weight)
        return (
            now * sums + before * visitors * self.sums,
            now * sizes + before * visitors * self.sizes,
        )


@dataclass(frozen=True)
class Problem:
    """Statistics to fit, and what is held of the components beforehand.

    Args:
        table: [visitor, statistic].
        prior: visitors like everyone that each component starts with.
        bonds: statistics that people's word adds to the first components [statistic, component].
        frozen: which of these stay as they are, whatever their visitors do [component].
        extra: visitors that these are believed to have beforehand [component].
        memory: what all components were before.
    """

    schema: Schema
    table: Array
    prior: float
    bonds: Array | None = None
    frozen: NDArray[np.bool_] | None = None
    extra: Array | None = None
    memory: Memory | None = None

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
        if self.memory is not None:
            sums, sizes = self.memory.blended(sums, sizes, self.visitors)
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

    def remembering(self, memberships: Array, weight: float) -> Problem:
        """The same, where visitors were assigned so before [visitor, component]."""
        sums, sizes = self.table.T @ memberships, memberships.sum(0)
        memory = Memory(sums / self.visitors, sizes / self.visitors, weight)
        return replace(self, memory=memory)


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
