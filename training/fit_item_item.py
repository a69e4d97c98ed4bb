"""Learns what goes with what: item to item, and from sets of items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from personas.entities import Array
from personas.item_item import (
    Links,
    fit_sequence,
    fit_together,
    histories_matrix,
    links_of,
)
from personas.neighbours import Neighbours
from personas.pattern import Effort, Pattern, fit_pattern

PENALTIES = (1.0, 5.0, 20.0, 100.0, 500.0, 2500.0)
MOST_ITEMS = 6000  # of which an inverse is made; the most viewed ones
MOST_PATTERN_ITEMS = 3000
LEAST_VISITORS = 200  # with two items, for patterns to be looked for
MOST_ASKED = 2000  # visitors set aside for the choice of the penalty
CUTOFF = 10
Told = Callable[[float], None]


@dataclass(frozen=True)
class ItemModels:
    """What was learned of items; None where there is too little."""

    together: Links | None
    sequence: Links | None
    pattern: Pattern | None
    neighbours: Neighbours | None = None


@dataclass(frozen=True)
class Plan:
    """Choices made on visitors set aside, and used again for the last fit.

    Attributes:
        penalty: of the item-item model; None leaves it out.
        pattern: how to look for patterns; None leaves them out.
    """

    penalty: float | None
    pattern: Effort | None


def fit_item_models(
    histories: Sequence[Sequence[int]], items: int, plan: Plan, seed: int, told: Told
) -> ItemModels:
    """All of the plan, from each visitor's items in the order of time."""
    several = [history for history in histories if len(history) >= 2]
    if not several or plan.penalty is None:
        return ItemModels(None, None, None)
    kept = most_viewed(histories, items, MOST_ITEMS)
    together = links_of(_spread(histories, items, kept, plan.penalty))
    sequence = links_of(fit_sequence(several, items))
    pattern = None
    if plan.pattern is not None:
        pattern = fit_pattern(several, items, plan.pattern, seed, told)
    return ItemModels(together, sequence, pattern, Neighbours.of(several, items))


def _spread(
    histories: Sequence[Sequence[int]], items: int, kept: np.ndarray, penalty: float
) -> Array:
    seen = histories_matrix(histories, items)
    if len(kept) == items:
        return fit_together(seen, penalty)
    weights = np.zeros((items, items))
    weights[np.ix_(kept, kept)] = fit_together(seen[:, kept].tocsr(), penalty)
    return weights


def most_viewed(histories: Sequence[Sequence[int]], items: int, most: int) -> np.ndarray:
    """Numbers of the items that most visitors viewed, in their order."""
    if items <= most:
        return np.arange(items)
    counts = np.bincount([item for history in histories for item in history], minlength=items)
    return np.sort(np.argsort(-counts, kind="stable")[:most])


def choose_plan(histories: Sequence[Sequence[int]], items: int, seed: int) -> Plan:
    """The penalty that foretells best a hidden item of visitors set aside."""
    random = np.random.default_rng(seed)
    able = [number for number, history in enumerate(histories) if len(history) >= 2]
    if len(able) < 20:
        return Plan(None, None)
    aside = set(random.permutation(able)[: min(MOST_ASKED, max(len(able) // 10, 5))].tolist())
    rest = [history for number, history in enumerate(histories) if number not in aside]
    kept = most_viewed(rest, items, MOST_ITEMS)
    place = np.full(items, -1)
    place[kept] = np.arange(len(kept))
    asked = [place[list(random.permutation(histories[number]))] for number in sorted(aside)]
    asked = [history for history in asked if (history >= 0).all()]
    seen = histories_matrix(rest, items)[:, kept].tocsr()
    scored = [(_quality(fit_together(seen, penalty), asked), penalty) for penalty in PENALTIES]
    effort = Effort() if items <= MOST_PATTERN_ITEMS and len(able) >= LEAST_VISITORS else None
    return Plan(max(scored)[1], effort)


def _quality(weights: Array, asked: Sequence[np.ndarray]) -> float:
    gained = 0.0
    for history in asked:
        scores = weights[history[:-1]].sum(axis=0)
        target = scores[history[-1]]
        scores[history[:-1]] = -np.inf
        rank = int((scores > target).sum())
        gained += 1 / np.log2(rank + 2) if rank < CUTOFF else 0.0
    return gained
