"""How many personas: as many as foretell other visitors and come back when learnt from others.

Sources: Hubert & Arabie 1985 (adjusted Rand index); Ben-Hur, Elisseeff & Guyon 2002 (stability);
Smyth 2000 (held-out likelihood).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from personas.entities import Array
from personas.mixture_search import Problem, log_total, path

Labels = NDArray[np.intp]

COST = 0.01  # of one more persona to look after, as a share of all that can be gained
UNSTABLE = 0.2  # cost of personas that never come back
LOYALTY = 0.06  # in favour of the number of before
CHANCES, CHANCE_FOLDS = 2, 2  # how often features are dealt out anew
TOGETHER = 0.1  # of the gain that must come of features that go together
STABLE, SIGNIFICANT = 0.75, 3.0  # adjusted Rand index, standard errors


@dataclass(frozen=True, slots=True)
class Choice:
    """What speaks for a number of personas.

    Args:
        gain: held-out log-likelihood of a visitor, above that of one persona.
        doubt: standard error of `gain`.
        stability: mean adjusted Rand index of fits that lack one fold or another.
        least: visitors of the smallest persona in any fit.
    """

    count: int
    gain: float
    doubt: float
    stability: float
    least: float


def compare(
    problem: Problem, most: int, folds: int, rng: np.random.Generator
) -> tuple[Choice, ...]:
    """One choice for each number of personas that every fit could reach."""
    fold = rng.permutation(problem.visitors) % folds
    fits = [_without(problem, fold == number, most) for number in range(folds)]
    reached = min(len(joints) for joints in fits)
    held_out = np.zeros((reached, problem.visitors))
    for number, joints in enumerate(fits):
        out = fold == number
        held_out[:, out] = [log_total(joint[out]) for joint in joints[:reached]]
    gains = held_out - held_out[0]
    return tuple(
        _choice(gains[count - 1], [joints[count - 1].argmax(1) for joints in fits], count)
        for count in range(1, reached + 1)
    )


def is_structure(
    problem: Problem, curve: Sequence[Choice], count: int, rng: np.random.Generator
) -> bool:
    """Whether so many personas tell how features go together, not only how each is shaped.

    A mixture also gains where one feature alone is oddly distributed. What it gains from visitors
    who each got every feature from another visitor at random is no structure.
    """
    if count == 1:
        return True
    found = next(choice for choice in curve if choice.count == count)
    tries = [compare(shuffled(problem, rng), count, CHANCE_FOLDS, rng) for _ in range(CHANCES)]
    by_chance = max(choice.gain for tried in tries for choice in tried)
    return found.gain - by_chance > max(SIGNIFICANT * found.doubt, TOGETHER * found.gain)


def shuffled(problem: Problem, rng: np.random.Generator) -> Problem:
    """The same features, each dealt out anew among the visitors."""
    table = np.empty_like(problem.table)
    for part in problem.schema.slices:
        table[:, part] = problem.table[rng.permutation(problem.visitors), part]
    return replace(problem, table=table)


def _without(problem: Problem, out: NDArray[np.bool_], most: int) -> list[Array]:
    """For 1 to `most` personas learnt without these visitors, log p(persona, features) of all."""
    solutions = path(problem.with_rows(~out), most)
    return [problem.joint(solution.parameters) for solution in solutions]


def _choice(gain: Array, labels: Sequence[Labels], count: int) -> Choice:
    sizes = [np.bincount(label, minlength=count).min() for label in labels]
    return Choice(
        count,
        gain=float(gain.mean()),
        doubt=float(gain.std() / np.sqrt(len(gain))),
        stability=mean_agreement(labels),
        least=float(min(sizes)),
    )


def chosen(curve: Sequence[Choice], before: int | None = None) -> int:
    """The number that foretells best and repeats itself; one where none does.

    Args:
        before: the number so far, which needs to be clearly beaten.
    """
    most = max(choice.gain for choice in curve)
    worth = {
        choice.count: _worth(choice, most) + LOYALTY * (choice.count == before)
        for choice in curve
        if _carries(choice, STABLE - 0.1 * (choice.count == before))
    }
    return max(worth, key=lambda count: worth[count]) if worth else 1


def _worth(choice: Choice, most: float) -> float:
    return choice.gain / most - COST * choice.count - UNSTABLE * (1 - choice.stability)


def _carries(choice: Choice, stable: float) -> bool:
    """Whether there is structure, and it repeats."""
    significant = choice.gain > SIGNIFICANT * choice.doubt
    return choice.count > 1 and significant and choice.stability >= stable


def mean_agreement(labels: Sequence[Labels]) -> float:
    """Mean adjusted Rand index of all pairs."""
    pairs = [adjusted_rand(a, b) for i, a in enumerate(labels) for b in labels[:i]]
    return float(np.mean(pairs))


def adjusted_rand(left: Labels, right: Labels) -> float:
    """Agreement of two groupings, 0 by chance, 1 if equal."""
    table = np.zeros((int(left.max()) + 1, int(right.max()) + 1))
    np.add.at(table, (left, right), 1)
    both, rows, columns = (
        float((n * (n - 1) / 2).sum()) for n in (table, table.sum(1), table.sum(0))
    )
    chance = rows * columns / max(len(left) * (len(left) - 1) / 2, 1)
    most = (rows + columns) / 2
    return (both - chance) / (most - chance) if most > chance else 1.0
