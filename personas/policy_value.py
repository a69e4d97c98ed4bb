"""What another way of drawing lists would have been worth, from lists that were drawn at random.

Each shown item was drawn with a known chance, given those above it. A policy that would have drawn
it with another chance is valued by weighing what came of it (Horvitz, Thompson 1952). What comes of
an item may hang on the items above it, not on those below (the cascade; McInerney et al. 2020), so
an item weighs the product of the ratios down to its own place.

`ips` weighs and adds, `snips` divides by the weights' sum (Swaminathan, Joachims 2015), `dr` weighs
only what a model did not foretell (Dudik et al. 2011; Kiyohara et al. 2022): right if the chances
are, the steadier the better the model. Intervals: 95 %, by Student's t on sums over visitors, whose
lists are not independent (Liang, Zeger 1986).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from personas.entities import Array
from personas.errors import NotEnoughData

SURE = 0.95
LEAST_EFFECTIVE = 100.0  # lists that the weighted ones must be worth, at each place
LEAST_VISITORS = 30
MOST_OFF = 0.02  # by how much the weights' mean may miss 1 for certain
LOOK_FADE = 0.7  # a place is looked at as often as its number to the power of minus this
STIFFNESS = 10.0  # of the model, as if so many items had been seen to have the mean reward
METHODS = ("ips", "snips", "dr")


@dataclass(frozen=True)
class Trials:
    """Lists that were drawn at random, and how a policy would have drawn them.

    Attributes:
        rewards: of each shown item [lists, ranks]; 0 where a list is shorter.
        stated: chance with which it was drawn, given those above [lists, ranks].
        wanted: the same by the policy [lists, ranks]; both 1 where a list is shorter.
        shown: features of each shown item [lists, ranks, features].
        meant: mean features of what the policy would draw there [lists, ranks, features].
        visitors: a number for each list's visitor [lists].
    """

    rewards: Array
    stated: Array
    wanted: Array
    shown: Array
    meant: Array
    visitors: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.rewards)

    def part(self, chosen: NDArray[np.bool_] | slice, ranks: int | None = None) -> Trials:
        """Some of the lists, or their first places only."""
        return Trials(
            self.rewards[chosen, :ranks],
            self.stated[chosen, :ranks],
            self.wanted[chosen, :ranks],
            self.shown[chosen, :ranks],
            self.meant[chosen, :ranks],
            self.visitors[chosen],
        )


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean reward of a list, with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def is_certain(self) -> bool:
        """Does the interval leave out 0?"""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Value:
    """What a policy is worth.

    Attributes:
        places: how many of the first places were valued; further down the support is too thin.
        effective: lists that the weighted ones are worth, at the last of these places.
        logged: what was reached at these places, as it was.
        estimates: by method.
        gain: doubly robust, minus `logged`; its interval is that of the difference.
    """

    lists: int
    visitors: int
    places: int
    effective: float
    logged: Estimate
    estimates: dict[str, Estimate]
    gain: Estimate


def value_of(trials: Trials) -> Value:
    """What the policy is worth on as many of the first places as the log can tell.

    Raises:
        NotEnoughData: the support is too thin at the very first place; says why.
    """
    visitors = len(np.unique(trials.visitors))
    if visitors < LEAST_VISITORS:
        raise NotEnoughData(
            f"{len(trials)} answers to {visitors} visitors tell too little; "
            f"it takes {LEAST_VISITORS} visitors."
        )
    weights = weights_of(trials)
    places = supported(weights, trials.visitors)
    effective = effective_size(weights)
    if not places:
        raise NotEnoughData(_why(weights, effective))
    cut, weights = trials.part(slice(None), places), weights[:, :places]
    doubly = _doubly_robust(cut, weights)
    logged = cut.rewards.sum(axis=1)
    groups = cut.visitors
    return Value(
        len(trials),
        visitors,
        places,
        float(effective[places - 1]),
        mean_of(logged, groups),
        {
            "ips": mean_of((weights * cut.rewards).sum(axis=1), groups),
            "snips": _self_normalised(cut.rewards, weights, groups),
            "dr": mean_of(doubly, groups),
        },
        mean_of(doubly - logged, groups),
    )


def weights_of(trials: Trials) -> Array:
    """By how much more often the policy would have drawn a list down to each place."""
    return np.asarray(np.cumprod(trials.wanted / trials.stated, axis=1), np.float64)


def effective_size(weights: Array) -> Array:
    """How many lists the weighted ones are worth, at each rank (Kish 1965)."""
    squares = (weights**2).sum(axis=0)
    sizes: Array = weights.sum(axis=0) ** 2 / np.maximum(squares, 1e-300)
    return sizes


def supported(weights: Array, visitors: NDArray[np.intp]) -> int:
    """How many of the first places have support for the policy.

    Where the log shows all that the policy would, the weights' mean is 1.
    """
    sizes = effective_size(weights)
    for rank in range(weights.shape[1]):
        if sizes[rank] < LEAST_EFFECTIVE or _is_off(weights[:, rank], visitors):
            return rank
    return len(sizes)


def _is_off(weights: Array, visitors: NDArray[np.intp]) -> bool:
    mean = mean_of(weights, visitors)
    return mean.low > 1 + MOST_OFF or mean.high < 1 - MOST_OFF


def _why(weights: Array, effective: Array) -> str:
    if not len(weights) or effective[0] >= LEAST_EFFECTIVE:
        return (
            "The policy would show what was never shown in the log: its lists have no support "
            f"there (mean weight {weights[:, 0].mean():.2f}, which ought to be 1). Let the slot "
            "explore (`exploration` above 0), and ask again after a while."
        )
    return (
        f"Of {len(weights)} answers only as much as {effective[0]:.0f} speaks for this policy; it "
        f"takes {LEAST_EFFECTIVE:.0f}. Let the slot explore more, or wait for more answers."
    )


def mean_of(values: Array, groups: NDArray[np.intp]) -> Estimate:
    """The mean of lists, whose visitors are independent, with its 95 % interval."""
    mean = float(values.mean())
    return _interval(mean, values - mean, groups)


def _interval(value: float, influence: Array, groups: NDArray[np.intp]) -> Estimate:
    """Around a value, from how much each list moves it [lists], which is 0 on average."""
    _, places = np.unique(groups, return_inverse=True)
    sums = np.bincount(places, influence)
    count = len(sums)
    if count < 2:
        return Estimate(value, -np.inf, np.inf)
    error = np.sqrt(count / (count - 1) * float(sums @ sums)) / len(influence)
    reach = float(stdtrit(count - 1, (1 + SURE) / 2)) * error
    return Estimate(value, value - reach, value + reach)


def _self_normalised(rewards: Array, weights: Array, groups: NDArray[np.intp]) -> Estimate:
    means = weights.mean(axis=0)
    values = (weights * rewards).mean(axis=0) / means
    influence = (weights * (rewards - values) / means).sum(axis=1)
    return _interval(float(values.sum()), influence, groups)


# --- doubly robust --------------------------------------------------------------------------------


def _doubly_robust(trials: Trials, weights: Array) -> Array:
    """The value of each list [lists]: its weighed rewards, and what a model makes of the
    difference between what was shown and what the policy would have shown, which is 0 on average.

    Each half of the visitors is foretold by the other, and as much of it is added as makes the
    values steadier; so a model that foretells nothing does no harm.
    """
    above = np.hstack([np.ones((len(weights), 1)), weights[:, :-1]])
    half = trials.visitors % 2 == 0
    mended = np.zeros(len(trials))
    for taught in (half, ~half):
        rest = trials.part(~taught)
        model = _fitted(trials.part(taught))
        parts = above[~taught] * _foretold(model, rest.meant)
        parts -= weights[~taught] * _foretold(model, rest.shown)
        mended[~taught] = parts.sum(axis=1)
    weighed: Array = (weights * trials.rewards).sum(axis=1)
    apart = mended - mended.mean()
    share = -float(apart @ weighed) / max(float(apart @ apart), 1e-300)
    return np.asarray(weighed + min(max(share, 0.0), 1.0) * mended)


def _design(features: Array) -> Array:
    """Of a linear model [lists, ranks, columns]: lower places are looked at less often."""
    lists, ranks, _ = features.shape
    looked_at = (np.arange(ranks) + 1.0) ** -LOOK_FADE
    own = np.broadcast_to(np.eye(ranks), (lists, ranks, ranks))
    return np.concatenate([own, features * looked_at[None, :, None]], axis=2)


def _fitted(trials: Trials) -> Array:
    """Ridge regression of rewards; what the log hardly varies, but the policy would, is held back
    by the scale at which the policy would use it."""
    design = _design(trials.shown)
    ranks, columns = design.shape[1:]
    flat, rewards = design.reshape(-1, columns), trials.rewards.ravel()
    if not len(flat):
        return np.zeros(columns)
    both = np.concatenate([flat, _design(trials.meant).reshape(-1, columns)])[:, ranks:]
    scale = ((both - flat[:, ranks:].mean(axis=0)) ** 2).mean(axis=0)
    penalty = np.concatenate([np.full(ranks, 1e-3), STIFFNESS * scale + 1e-9])
    return np.asarray(np.linalg.solve(flat.T @ flat + np.diag(penalty), flat.T @ rewards))


def _foretold(model: Array, features: Array) -> Array:
    """[lists, ranks]"""
    told: Array = _design(features) @ model
    return told
