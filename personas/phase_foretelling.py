"""How well a phase model foretells what visitors do next, on visitors it has not learned from.

Phases cannot be seen, so models are compared by what they make of what can: before each touchpoint
of a history the model says how likely each category is. How frequent categories are at all is told
to each model alike; what counts is what it knows of where a visitor stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from personas.entities import Array, ContentFacts, History
from personas.phase_model import Category, PhaseModel, row_of
from personas.phase_sequences import Integers, pool_of
from personas.phases import beginning, condition, predict, steps_said
from personas.vocabulary import KINDS, plain_mapping

BINS = 10
BALANCING = 12  # rounds until categories are foretold as often as they are


@dataclass(frozen=True)
class Foretold:
    """What was foretold of held-out touchpoints.

    Attributes:
        scores: log p of each touchpoint's category [N].
        visitors: whose touchpoint it is [N].
        confidence: p of the likeliest kind of touchpoint [N].
        hit: whether it was of this kind [N].
    """

    scores: Array
    visitors: Integers
    confidence: Array
    hit: Array

    @property
    def score(self) -> float:
        """Mean log p of a touchpoint."""
        return float(self.scores.mean())

    def reliability(self) -> list[tuple[float, float, int]]:
        """(mean confidence, share of hits, touchpoints), from the least confident tenth on."""
        order = np.argsort(self.confidence, kind="stable")
        return [
            (float(self.confidence[part].mean()), float(self.hit[part].mean()), len(part))
            for part in np.array_split(order, BINS)
            if len(part)
        ]

    def calibration_error(self) -> float:
        """Expected calibration error over ten bins of equal size."""
        bins = self.reliability()
        total = sum(count for _, _, count in bins)
        return sum(abs(said - hit) * count for said, hit, count in bins) / max(total, 1)


def gain(one: Foretold, other: Foretold) -> tuple[float, float]:
    """By how much one foretells a touchpoint better, and the standard error of that; visitors are
    independent, their touchpoints are not."""
    differences = one.scores - other.scores
    sums = np.bincount(one.visitors, differences - differences.mean())
    return float(differences.mean()), float(np.sqrt((sums**2).sum()) / len(differences))


def foretell(
    model: PhaseModel,
    histories: Sequence[History],
    facts: Mapping[str, ContentFacts],
    mapping: Mapping[str, str],
    frequency: Mapping[Category, float],
) -> Foretold:
    """What a model foretells of histories, touchpoint by touchpoint, as the service would.

    Args:
        histories: not learned from, with touchpoints.
        frequency: how often each category occurs; others are left out.
    """
    categories = tuple(frequency)
    place = {category: index for index, category in enumerate(categories)}
    plain = plain_mapping(mapping)
    befores: list[Array] = []
    seen: list[int] = []
    visitors: list[int] = []
    for number, history in enumerate(histories):
        belief, _ = beginning(model, history, np.inf)
        for step, says in steps_said(model, history, facts, np.inf, plain):
            belief = predict(model, belief, step.gap or 0.0)
            index = place.get(step.category, place.get(pool_of(step.category), -1))
            if index >= 0:
                befores.append(belief)
                seen.append(index)
                visitors.append(number)
            belief = condition(belief, says)
    before, category = np.array(befores), np.array(seen, np.int64)
    shares = before @ _emissions(model, categories, before.mean(0), np.array([*frequency.values()]))
    by_kind = shares @ _kinds_of(categories)
    kinds = _kinds_of(categories).argmax(1)
    return Foretold(
        scores=np.log(shares[np.arange(len(category)), category]),
        visitors=np.array(visitors, np.int64),
        confidence=by_kind.max(1),
        hit=(by_kind.argmax(1) == kinds[category]).astype(np.float64),
    )


def _emissions(
    model: PhaseModel, categories: Sequence[Category], common: Array, frequency: Array
) -> Array:
    """p(category | way, phase) [K * 7, C], so that all are foretold as often as they occur."""
    odds = float(np.exp(model.attention.odds[0]))
    rows = [np.broadcast_to(row_of(model, c), (model.ways, 7)).ravel() for c in categories]
    told = (1.0 + odds * np.array(rows).T) ** model.trust
    wanted = frequency / frequency.sum()
    base = wanted.copy()
    for _ in range(BALANCING):
        emissions = told * base
        emissions /= emissions.sum(1, keepdims=True)
        base *= wanted / (common @ emissions)
    result: Array = told * base
    result /= result.sum(1, keepdims=True)
    return result


def _kinds_of(categories: Sequence[Category]) -> Array:
    """Categories as rows, kinds as columns, ones where they belong together."""
    kinds = np.zeros((len(categories), len(KINDS)))
    for place, (kind, _, _, _) in enumerate(categories):
        kinds[place, KINDS.index(kind)] = 1.0
    return kinds
