"""How many personas, and which: those that foretell other visitors and come back from others.

Sources: Hubert & Arabie 1985 (adjusted Rand index); Ben-Hur, Elisseeff & Guyon 2002 (stability);
Smyth 2000 (held-out likelihood); Breiman et al. 1984 (within standard errors).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from personas.entities import Array
from personas.mixture_calibration import prepare, recast
from personas.mixture_em import Problem, Solution, climb, log_total, posterior
from personas.mixture_search import carries, path

Labels = NDArray[np.intp]

A_HANDFUL = 5  # personas: what a team can keep in mind, where the data leave it open
NEARLY = 0.15  # of all that can be gained: a number that is worth so much less is nearly as good
ALL, ALWAYS = 0.97, 0.95  # share of what can be gained, and stability, that leave nothing open
STABLE, STEEP = 0.9, 2  # adjusted Rand index as good as sure; by which power less of it counts
DEALS = 2  # of all visitors to folds: one alone tells stability to .1 or so only
LEAST_STABLE = 0.5  # half of who belongs with whom comes back
SURELY, CLEARLY = 1.0, 3.0  # standard errors of the best
LOYALTY = 0.3  # of all that can be gained, besides these, for the number that all were learned in
CHANCES, CHANCE_FOLDS = 2, 2  # how often features are dealt out anew
TOGETHER = 0.1  # of the gain that must come of features that go together
SIGNIFICANT = 3.0  # standard errors


@dataclass(frozen=True, slots=True)
class Choice:
    """What speaks for a number of personas.

    Args:
        gain: held-out log-likelihood of a visitor, above that of one persona.
        doubt: standard error of `gain`.
        stability: mean adjusted Rand index of fits that lack one fold or another.
        wavering: standard error of `stability`.
        least: visitors of the smallest persona in any fit.
    """

    count: int
    gain: float
    doubt: float
    stability: float
    least: float
    wavering: float = 0.0


@dataclass(frozen=True)
class Comparison:
    """Fits that each lack some of the visitors.

    Args:
        curve: one choice for each number of personas that every fit could reach.
        joints: of each fit for each number, log p(persona, features) [visitor, persona].
    """

    curve: tuple[Choice, ...]
    joints: tuple[list[Array], ...]

    def usual(self, problem: Problem, count: int, others: Sequence[Solution]) -> Solution:
        """So many personas of these visitors as most samples of them find them.

        Of several ways to group people that are about as likely, the likeliest changes from sample
        to sample. Taken is the one, of each fit's and `others`, that is most like all fits'.
        """
        found = [joints[count - 1] for joints in self.joints]
        tried = [climb(problem, posterior(joint)[0]) for joint in found]
        tried += [other for other in others if other.count == count]
        good = [each for each in tried if carries(problem, each)] or tried
        labels = [joint.argmax(1) for joint in found]

        def agreement(solution: Solution) -> float:
            own = problem.joint(solution.parameters).argmax(1)
            return float(np.mean([adjusted_rand(own, other) for other in labels]))

        return max(good, key=agreement)


def compare(
    problem: Problem, most: int, folds: int, rng: np.random.Generator, ready: bool = False
) -> Comparison:
    """Fits to all visitors but one fold each, and what they say of each number of personas.

    Each learns all from its own visitors, also how its features are to be read, unless these are
    `ready`: what is the same in all fits would make them look alike.
    """
    deals = [rng.permutation(problem.visitors) % folds for _ in range(1 if ready else DEALS)]
    left_out = [fold == number for fold in deals for number in range(folds)]
    fits = tuple(_without(problem, out, most, ready) for out in left_out)
    reached = min(len(joints) for joints in fits)
    held_out = np.zeros((reached, problem.visitors))
    for out, joints in zip(left_out, fits, strict=True):
        held_out[:, out] += [log_total(joint[out]) / len(deals) for joint in joints[:reached]]
    gains = held_out - held_out[0]
    curve = tuple(
        _choice(gains[count - 1], [joints[count - 1].argmax(1) for joints in fits], count)
        for count in range(1, reached + 1)
    )
    return Comparison(curve, fits)


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
    tries = [
        compare(shuffled(problem, rng), count, CHANCE_FOLDS, rng, ready=True).curve
        for _ in range(CHANCES)
    ]
    by_chance = max(choice.gain for curve in tries for choice in curve)
    return found.gain - by_chance > max(SIGNIFICANT * found.doubt, TOGETHER * found.gain)


def shuffled(problem: Problem, rng: np.random.Generator) -> Problem:
    """The same features, each dealt out anew among the visitors."""
    table = np.empty_like(problem.table)
    for part in problem.schema.slices:
        table[:, part] = problem.table[rng.permutation(problem.visitors), part]
    return replace(problem, table=table)


def _without(problem: Problem, out: NDArray[np.bool_], most: int, ready: bool) -> list[Array]:
    """For 1 to `most` personas learnt without these visitors, log p(persona, features) of all."""
    learnt = problem.with_rows(~out)
    if not ready:
        learnt = prepare(learnt, most)
    solutions = path(learnt, most)
    everyone = replace(learnt, table=problem.table.copy())
    recast(everyone.table, problem.schema, learnt.schema)
    return [everyone.joint(solution.parameters) for solution in solutions]


def _choice(gain: Array, labels: Sequence[Labels], count: int) -> Choice:
    sizes = [np.bincount(label, minlength=count).min() for label in labels]
    agreements = pairwise_agreements(labels)
    return Choice(
        count,
        gain=float(gain.mean()),
        doubt=float(gain.std() / np.sqrt(len(gain))),
        stability=float(agreements.mean()),
        least=float(min(sizes)),
        wavering=float(agreements.std() / np.sqrt(len(labels))),
    )


def chosen(curve: Sequence[Choice], before: int = 0, known: float = 1.0) -> int:
    """The number that is in the data, else the one nearest to a handful of those nearly as good.

    In the data is the smallest that gains all there is and comes back in all other samples of the
    visitors. Where there is none, what personas gain counts as far as they come back, and several
    numbers are about as good: which is best by a hair would change from sample to sample. One where
    none comes back. Source of the standard error: Breiman et al. 1984.

    Args:
        before: the number so far, which needs to be clearly beaten; 0: none.
        known: share of the visitors that it was learned from; where most are new, so may it be.
    """
    most = max(choice.gain for choice in curve)
    worth = {choice: _worth(choice, most) for choice in curve if _carries(choice)}
    if not worth:
        return 1
    best = max(worth, key=lambda choice: worth[choice])
    behind = {choice: worth[best] - value for choice, value in worth.items()}
    doubt = _doubt(best, most)
    if any(c.count == before and behind[c] <= CLEARLY * doubt + LOYALTY * known for c in worth):
        return before
    clear = [c.count for c in worth if c.gain >= ALL * most and c.stability >= ALWAYS]
    if clear:
        return min(clear)
    good = [choice.count for choice in worth if behind[choice] <= SURELY * doubt + NEARLY]
    return min(good, key=lambda count: (abs(count - A_HANDFUL), count))


def _worth(choice: Choice, most: float) -> float:
    return choice.gain / most * min(choice.stability / STABLE, 1.0) ** STEEP


def _doubt(choice: Choice, most: float) -> float:
    """Standard error of what one is worth, as far as stability makes it."""
    if choice.stability >= STABLE:
        return 0.0
    slope = STEEP * choice.stability ** (STEEP - 1) / STABLE**STEEP
    return choice.gain / most * slope * choice.wavering


def _carries(choice: Choice) -> bool:
    """Whether there is structure, and it repeats."""
    significant = choice.gain > SIGNIFICANT * choice.doubt
    return choice.count > 1 and significant and choice.stability > LEAST_STABLE


def pairwise_agreements(labels: Sequence[Labels]) -> Array:
    """Adjusted Rand index of each pair."""
    return np.array([adjusted_rand(a, b) for i, a in enumerate(labels) for b in labels[:i]])


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
