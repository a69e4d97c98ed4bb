"""How many personas: as many as foretell other visitors and come back when learnt from others.

Sources: Hubert & Arabie 1985 (adjusted Rand index); Ben-Hur, Elisseeff & Guyon 2002 (stability);
Smyth 2000 (held-out likelihood).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from personas.entities import Array
from personas.mixture_search import VISITORS_EACH, Problem, log_total, path

COST = 0.03  # of one more persona to look after, as a share of all that can be gained
LOYALTY = 0.1  # the same, in favour of the number of before
STABLE, SIGNIFICANT = 0.7, 3.0  # adjusted Rand index, standard errors
LEAST_SHARE = 0.03  # of a persona


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


def _without(problem: Problem, out: Array, most: int) -> list[Array]:
    """For 1 to `most` personas learnt without these visitors, log p(persona, features) of all."""
    solutions = path(problem.with_rows(~out), most)
    return [problem.joint(solution.parameters) for solution in solutions]


def _choice(gain: Array, labels: Sequence[Array], count: int) -> Choice:
    sizes = [np.bincount(label, minlength=count).min() for label in labels]
    return Choice(
        count,
        gain=float(gain.mean()),
        doubt=float(gain.std() / np.sqrt(len(gain))),
        stability=mean_agreement(labels),
        least=float(min(sizes)),
    )


def chosen(curve: Sequence[Choice], visitors: int, before: int | None = None) -> int:
    """The number that foretells best and repeats itself; one where none does.

    Args:
        visitors: that `curve` was taken from.
        before: the number so far, which needs to be clearly beaten.
    """
    most = max(choice.gain for choice in curve)
    worth = {
        choice.count: choice.stability * choice.gain / most - COST * choice.count
        for choice in curve
        if _carries(choice, visitors, choice.count == before)
    }
    if before in worth:
        worth[before] += LOYALTY
    return max(worth, key=lambda count: worth[count]) if worth else 1


def _carries(choice: Choice, visitors: int, known: bool) -> bool:
    """Whether there is structure, it repeats, and no persona is a handful of odd visitors."""
    least, stable = (LEAST_SHARE / 2, STABLE - 0.1) if known else (LEAST_SHARE, STABLE)
    return (
        choice.count > 1
        and choice.gain > SIGNIFICANT * choice.doubt
        and choice.stability >= stable
        and choice.least >= max(least * visitors, VISITORS_EACH)
    )


def mean_agreement(labels: Sequence[Array]) -> float:
    """Mean adjusted Rand index of all pairs."""
    pairs = [adjusted_rand(a, b) for i, a in enumerate(labels) for b in labels[:i]]
    return float(np.mean(pairs))


def adjusted_rand(left: Array, right: Array) -> float:
    """Agreement of two groupings, 0 by chance, 1 if equal."""
    table = np.zeros((int(left.max()) + 1, int(right.max()) + 1))
    np.add.at(table, (left, right), 1)
    both, rows, columns = (
        float((n * (n - 1) / 2).sum()) for n in (table, table.sum(1), table.sum(0))
    )
    chance = rows * columns / max(len(left) * (len(left) - 1) / 2, 1)
    most = (rows + columns) / 2
    return (both - chance) / (most - chance) if most > chance else 1.0
