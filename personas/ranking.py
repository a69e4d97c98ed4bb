"""Which content, in which order, with which chance, and why. Pure and vectorised.

A list is drawn place by place from a softmax over what is left (Plackett 1975, Luce 1959), at a
temperature that the slot sets: 0 always takes the best, 1 follows the model's own odds. The chance
of each shown item at its place, given those above it, is exact.

The score of an item is its log-odds against the average eligible item of the moment; the weights of
its reasons add up to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from personas.entities import Array
from personas.ranking_features import FEATURES, Array32, Rows

MOST_CONSIDERED = 400  # the best of the candidates, from which a list is drawn
LEAST_WORTH_TELLING = 0.005
VARIETY_UNIT = 3.0  # log-odds that full diversity takes from an item like one above it


@dataclass(frozen=True, slots=True)
class Taste:
    """How a slot wants its list drawn.

    Attributes:
        diversity: 0-1, how much an item loses that is like one above it.
        exploration: 0-1, the temperature of the draw.
        pins: rows on the first places, in this order.
        most: so many of the best candidates are drawn from.
    """

    count: int
    diversity: float = 0.0
    exploration: float = 0.0
    pins: tuple[int, ...] = ()
    most: int = MOST_CONSIDERED


@dataclass(frozen=True, slots=True)
class Pick:
    """One place of a list.

    Attributes:
        place: of the item among the candidates.
        propensity: chance of this item at this rank, given those above.
        variety: what likeness to items above took away (0 or less).
    """

    place: int
    propensity: float
    variety: float = 0.0


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an item stands where it stands; the weights of all reasons add up to the score."""

    code: str
    weight: float


def utilities(features: Array, weights: Array) -> Array:
    """Log-odds of items [n] against their average, from features [FEATURES, n]."""
    raw = weights @ features
    centred: Array = raw - raw.mean() if raw.size else raw
    return centred


def draw(
    utility: Array,
    taste: Taste,
    random: np.random.Generator,
    vectors: Array32 | None = None,
) -> list[Pick]:
    """A list of up to `taste.count` picks.

    Args:
        utility: of the candidates [n]; -inf never comes.
        vectors: unit vectors [n, d], needed for diversity.

    >>> [pick.place for pick in draw(np.array([0.0, 2.0, 1.0]), Taste(2), np.random.default_rng(0))]
    [1, 2]
    """
    pinned = [Pick(place, 1.0) for place in taste.pins[: taste.count]]
    considered = _considered(utility, taste)
    left = taste.count - len(pinned)
    if left <= 0 or not len(considered):
        return pinned
    if taste.diversity > 0 and vectors is not None:
        above = [pick.place for pick in pinned]
        return pinned + _varied(utility, considered, taste, random, vectors, above, left)
    return pinned + _plain(utility, considered, taste.exploration, random, left)


def _considered(utility: Array, taste: Taste) -> Rows:
    """Places of the best candidates, best first; ties in the order given."""
    eligible = np.isfinite(utility)
    eligible[list(taste.pins)] = False
    places = np.flatnonzero(eligible)
    most = max(taste.most, 4 * taste.count)
    if taste.diversity == 0 and taste.exploration == 0:
        most = taste.count
    if len(places) > most:
        kept = utility[places]
        bound = np.partition(kept, len(kept) - most)[len(kept) - most]
        places = places[kept >= bound]
    best: Rows = places[np.argsort(-utility[places], kind="stable")][:most]
    return best


def _plain(
    utility: Array, considered: Rows, exploration: float, random: np.random.Generator, count: int
) -> list[Pick]:
    if exploration <= 0:
        return [Pick(int(place), 1.0) for place in considered[:count]]
    scaled = utility[considered] / exploration
    noise = random.gumbel(size=len(considered))
    order = np.argsort(-(scaled + noise), kind="stable")[:count]
    odds = np.exp(scaled - scaled.max())
    chosen = odds[order]
    # What is left at each rank, added up from the end, for exactness.
    rest = odds.sum() - chosen.sum()
    left = rest + np.cumsum(chosen[::-1])[::-1]
    return [
        Pick(int(considered[place]), float(chance))
        for place, chance in zip(order, _shares(chosen, left), strict=True)
    ]


def _shares(chosen: Array, left: Array) -> Array:
    shares: Array = np.minimum(chosen / np.maximum(left, 1e-300), 1.0)
    return shares


def _varied(
    utility: Array,
    considered: Rows,
    taste: Taste,
    random: np.random.Generator,
    vectors: Array32,
    above: Sequence[int],
    count: int,
) -> list[Pick]:
    """Maximal marginal relevance (Carbonell, Goldstein 1998), drawn by softmax."""
    own = vectors[considered]
    nearest = np.zeros(len(considered))
    for place in above:
        np.maximum(nearest, own @ vectors[place], out=nearest)
    free = np.ones(len(considered), bool)
    picks: list[Pick] = []
    for _ in range(min(count, len(considered))):
        variety = -VARIETY_UNIT * taste.diversity * nearest
        wanted = np.where(free, utility[considered] + variety, -np.inf)
        number, chance = _one(wanted, taste.exploration, random)
        free[number] = False
        picks.append(Pick(int(considered[number]), chance, float(variety[number])))
        np.maximum(nearest, own @ own[number], out=nearest)
    return picks


def distributions(
    utility: Array, taste: Taste, shown: Sequence[int], vectors: Array32 | None = None
) -> Array:
    """Chance of each candidate at each rank [ranks, n], given that `shown` stand above.

    What `draw` draws from; so another way of drawing can be asked how it would have drawn a list.

    Args:
        utility, taste, vectors: as of `draw`.
        shown: places of a list, the first rank first; -1 for what is no candidate.
    """
    found = np.zeros((len(shown), len(utility)))
    considered = _considered(utility, taste)
    free = np.ones(len(considered), bool)
    nearest = np.zeros(len(considered))
    varied = taste.diversity > 0 and vectors is not None
    for rank, place in enumerate(shown):
        if rank < len(taste.pins):
            found[rank, taste.pins[rank]] = 1.0
        elif free.any():
            wanted = utility[considered] - VARIETY_UNIT * taste.diversity * nearest
            found[rank, considered] = _chances(np.where(free, wanted, -np.inf), taste.exploration)
        free &= considered != place
        if varied and vectors is not None and place >= 0:
            np.maximum(nearest, vectors[considered] @ vectors[place], out=nearest)
    return found


def _one(wanted: Array, exploration: float, random: np.random.Generator) -> tuple[int, float]:
    if exploration <= 0:
        return int(np.argmax(wanted)), 1.0
    chances = _chances(wanted, exploration)
    number = int(random.choice(len(chances), p=chances))
    return number, float(chances[number])


def _chances(wanted: Array, exploration: float) -> Array:
    """Of each to be drawn next; without exploration the best for certain."""
    if exploration <= 0:
        certain = np.zeros(len(wanted))
        certain[np.argmax(wanted)] = 1.0
        return certain
    odds = np.exp((wanted - wanted.max()) / exploration)
    chances: Array = odds / odds.sum()
    return chances


def reasons_of(
    features: Array, usual: Array, weights: Array, more: Sequence[tuple[str, float]] = ()
) -> tuple[Reason, ...]:
    """Why one item has its score, the weightiest first.

    Args:
        features: of the item [FEATURES].
        usual: mean features of the candidates [FEATURES].
        more: further reasons, as (code, weight).

    Returns:
        One reason a code; what is too small to tell is one reason "other". Their sum is the score.
    """
    parts = weights * (features - usual)
    summed: dict[str, float] = {}
    for feature, part in zip(FEATURES, parts.tolist(), strict=True):
        summed[feature.code] = summed.get(feature.code, 0.0) + part
    for code, weight in more:
        summed[code] = summed.get(code, 0.0) + weight
    small = sum(weight for weight in summed.values() if abs(weight) < LEAST_WORTH_TELLING)
    told = [
        Reason(code, weight)
        for code, weight in summed.items()
        if abs(weight) >= LEAST_WORTH_TELLING
    ]
    told.sort(key=lambda reason: -reason.weight)
    return (*told, Reason("other", small)) if small or not told else tuple(told)
