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
from personas.mixture_em import CHUNK, Problem
from personas.mixture_kinds import means_of, residuals_of, seen_in
from personas.mixture_schema import Parameters, Schema
from personas.mixture_search import path

LEAST_TOGETHER = 30  # visitors of whom both features are known
MOST_VISITORS = 5000  # that the components are learned from


def prepare(problem: Problem, most: int) -> Problem:
    """The problem as its features are read once it is known what personas leave unexplained.

    How many personas there are is not known yet, so all numbers of them are asked and their answers
    averaged: what one number of them makes of a sample changes from sample to sample.
    """
    step = max(1, problem.visitors // MOST_VISITORS)
    few = problem.with_rows(np.arange(0, problem.visitors, step))
    solutions = path(few, most)
    schema = calibrated(few, [each.parameters for each in solutions[1:] or solutions])
    table = problem.table.copy()
    recast(table, problem.schema, schema)
    return replace(problem, schema=schema, table=table)


def calibrated(problem: Problem, learnt: Sequence[Parameters]) -> Schema:
    """The schema with weights and clumping as these components leave them unexplained."""
    columns = problem.schema.columns
    left = [_unexplained(problem, parameters) for parameters in learnt]
    weights = 1 / (1 + np.mean([repeated for repeated, _ in left], axis=0))
    clumping = np.mean([clumps for _, clumps in left], axis=0)
    return Schema(
        tuple(
            replace(column, weight=float(weight), clumping=float(clumps))
            for column, weight, clumps in zip(columns, weights, clumping, strict=True)
        )
    )


def _unexplained(problem: Problem, parameters: Parameters) -> tuple[Array, Array]:
    """How often the others say again what each feature says, and its clumping [column]."""
    schema = problem.schema
    sums = parameters.sums + problem.prior * schema.everyone[:, None]
    memberships = problem.memberships(parameters)
    residuals, seen, clumping = [], [], []
    for column, part in zip(schema.columns, schema.slices, strict=True):
        block = problem.table[:, part]
        expected = memberships @ means_of(column, sums[part]).T
        residuals.append(residuals_of(column, block, expected))
        seen.append(seen_in(column, block) > 0)
        clumping.append(_clumping(column, block, expected))
    return redundancy(residuals, seen), np.array(clumping)


def _clumping(column: Column, block: Array, expected: Array) -> float:
    """Of a counts feature, what the components leave of it."""
    if column.kind != "counts" or column.clumping == 0:
        return column.clumping
    counted = _counted(block, column.clumping)
    totals = counted.sum(1, keepdims=True)
    known = totals[:, 0] > 0
    return clumping_of_counts(counted[known], (totals * expected)[known])


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
