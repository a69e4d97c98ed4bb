"""What is said twice, and what comes in clumps: how much a feature's likelihood may weigh.

Sources: Varin, Reid & Firth 2011 (weights of a composite likelihood); Mosimann 1962
(Dirichlet-multinomial).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from personas.entities import Array
from personas.mixture_columns import Column, clumping_of_counts
from personas.mixture_kinds import means_of, residuals_of, seen_in
from personas.mixture_schema import Parameters, Schema
from personas.mixture_search import CHUNK, Problem, path, posterior

LEAST_TOGETHER = 30  # visitors of whom both features are known
MOST_VISITORS = 5000  # that the components are learned from


def prepare(schema: Schema, table: Array, prior: float, most: int) -> Problem:
    """A problem whose schema knows what many components leave unexplained."""
    problem = Problem(schema, table, prior)
    step = max(1, len(table) // MOST_VISITORS)
    rich = path(problem.with_rows(np.arange(0, len(table), step)), most)[-1]
    return calibrated(problem, rich.parameters)


def calibrated(problem: Problem, parameters: Parameters) -> Problem:
    """The problem with weights and clumping as these components leave them unexplained."""
    schema = problem.schema
    sums = parameters.sums + problem.prior * schema.everyone[:, None]
    memberships, _ = posterior(problem.joint(parameters))
    columns, blocks, residuals, seen = [], [], [], []
    for column, part in zip(schema.columns, schema.slices, strict=True):
        block = problem.table[:, part]
        expected = memberships @ means_of(column, sums[part]).T
        residuals.append(residuals_of(column, block, expected))
        seen.append(seen_in(column, block) > 0)
        fresh, reworked = _unclumped(column, block, expected)
        columns.append(fresh)
        blocks.append(reworked)
    weights = 1 / (1 + redundancy(residuals, seen))
    weighed = (replace(c, weight=float(w)) for c, w in zip(columns, weights, strict=True))
    return replace(problem, schema=Schema(tuple(weighed)), table=np.hstack(blocks))


def _unclumped(column: Column, block: Array, expected: Array) -> tuple[Column, Array]:
    """A counts feature whose clumping is what the components leave of it."""
    if column.kind != "counts" or column.clumping == 0:
        return column, block
    counted = _counted(block, column.clumping)
    totals = counted.sum(1, keepdims=True)
    known = totals[:, 0] > 0
    clumping = clumping_of_counts(counted[known], (totals * expected)[known])
    return replace(column, clumping=clumping), _shortened(counted, clumping)


def _counted(block: Array, clumping: float) -> Array:
    """How often each value was seen, from what that is worth."""
    room = np.maximum(1 - block.sum(1, keepdims=True) * clumping, 1e-9)
    return np.asarray(block * (1 - clumping) / room)


def _shortened(counted: Array, clumping: float) -> Array:
    totals = counted.sum(1, keepdims=True)
    return np.asarray(counted / (1 + np.maximum(totals - 1, 0) * clumping))


def recast(table: Array, before: Schema, after: Schema) -> None:
    """Statistics by one schema become those by another that differs in clumping, in place."""
    for old, new, part in zip(before.columns, after.columns, before.slices, strict=True):
        if old.clumping != new.clumping and old.kind == "counts":
            for start in range(0, len(table), CHUNK):
                block = np.asarray(table[start : start + CHUNK, part], np.float64)
                counted = _counted(block, old.clumping)
                table[start : start + CHUNK, part] = _shortened(counted, new.clumping)


def redundancy(residuals: Sequence[Array], seen: Sequence[NDArray[np.bool_]]) -> Array:
    """How often the others say again what each feature says: squared correlations, summed."""
    total = np.zeros(len(residuals))
    for i, left in enumerate(residuals):
        for j in range(i):
            both = seen[i] & seen[j]
            count = int(both.sum())
            if count < LEAST_TOGETHER:
                continue
            a, b = left[both], residuals[j][both]
            spreads = (a**2).sum() * (b**2).sum()
            if spreads <= 0:
                continue
            shared = ((a.T @ b) ** 2).sum() / spreads
            free = max(a.shape[1] - 1, b.shape[1] - 1, 1)
            total[[i, j]] += min(max(shared - 1 / count, 0.0) * free, 1.0)
    return total
