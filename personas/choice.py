"""What decides between items: a conditional logit with the expert's weights as prior.

McFadden 1974: of the candidates of a case one was taken, with chance proportional to the
exponential of the weighted sum of its features. The weights' prior is a Gaussian around the
expert's; the fit is the maximum a posteriori, by Newton's method, which the likelihood's concavity
makes safe.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personas.entities import Array

Array32 = NDArray[np.float32]
STEPS = 30
ENOUGH = 1e-5  # change of a weight, in its spread
BLOCK = 512  # cases worked on at a time


@dataclass(frozen=True)
class Cases:
    """Choices that were made; the item that was taken stands first.

    Attributes:
        features: [cases, candidates, FEATURES].
        offsets: log of how many items a candidate stands for [cases, candidates]; -inf for none.
        groups: which visitor each case is of [cases].
        times: when [cases].
        worth: how much each counts [cases]; None for 1 each.
    """

    features: Array32
    offsets: Array32
    groups: NDArray[np.intp]
    times: Array
    worth: Array | None = None

    def __len__(self) -> int:
        return len(self.groups)

    def part(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> Cases:
        """Some of them."""
        return Cases(
            self.features[chosen],
            self.offsets[chosen],
            self.groups[chosen],
            self.times[chosen],
            None if self.worth is None else self.worth[chosen],
        )

    @property
    def weights(self) -> Array:
        """How much each counts [cases]."""
        return np.ones(len(self)) if self.worth is None else self.worth


def fit_weights(cases: Cases, prior: Array, spread: Array) -> Array:
    """The likeliest weights [FEATURES], given the cases and the prior."""
    weights = prior.copy()
    precision = np.zeros(len(prior)) + 1.0 / np.maximum(spread, 1e-9) ** 2
    value = -np.inf
    for _ in range(STEPS):
        likelihood, slope, curve = _derivatives(cases, weights)
        slope -= precision * (weights - prior)
        curve += np.diag(precision)
        step = np.asarray(np.linalg.solve(curve, slope), np.float64)
        weights, now = _towards(cases, weights, step, prior, precision, likelihood)
        if np.max(np.abs(step) / spread) < ENOUGH or now <= value + 1e-9 * abs(value):
            break
        value = now
    return weights


def _towards(
    cases: Cases, weights: Array, step: Array, prior: Array, precision: Array, likelihood: float
) -> tuple[Array, float]:
    """As far along a step as makes it better."""

    def with_prior(at: Array, value: float) -> float:
        return value - 0.5 * float(precision @ (at - prior) ** 2)

    before = with_prior(weights, likelihood)
    for shorter in range(6):
        tried = weights + step * 0.5**shorter
        reached = with_prior(tried, log_likelihood(cases, tried) * float(cases.weights.sum()))
        if reached >= before:
            return tried, reached
    return weights, before


def log_likelihood(cases: Cases, weights: Array) -> float:
    """Mean log chance of what was taken."""
    total, worth = 0.0, cases.weights
    for begin in range(0, len(cases), BLOCK):
        block = slice(begin, begin + BLOCK)
        utility = cases.features[block] @ weights + cases.offsets[block]
        total += float(worth[block] @ (utility[:, 0] - _log_sum(utility)))
    return total / max(float(worth.sum()), 1e-9)


def _derivatives(cases: Cases, weights: Array) -> tuple[float, Array, Array]:
    size = len(weights)
    slope, curve = np.zeros(size), np.zeros((size, size))
    total, weights_of_cases = 0.0, cases.weights
    for begin in range(0, len(cases), BLOCK):
        block = slice(begin, begin + BLOCK)
        features, worth = cases.features[block].astype(np.float64), weights_of_cases[block]
        utility = features @ weights + cases.offsets[block]
        sums = _log_sum(utility)
        chances = np.exp(utility - sums[:, None])
        total += float(worth @ (utility[:, 0] - sums))
        mean = np.einsum("kc,kcf->kf", chances, features)
        slope += worth @ (features[:, 0] - mean)
        weighted = (features * (chances * worth[:, None])[:, :, None]).reshape(-1, size)
        curve += weighted.T @ features.reshape(-1, size) - (mean * worth[:, None]).T @ mean
    return total, slope, curve


def _log_sum(utility: Array) -> Array:
    most = utility.max(axis=1)
    sums: Array = most + np.log(np.exp(utility - most[:, None]).sum(axis=1))
    return sums


def mean_ndcg(cases: Cases, weights: Array, cutoff: int = 10) -> float:
    """Mean NDCG of the first `cutoff` places, among the candidates that stand for themselves."""
    gained = 0.0
    for begin in range(0, len(cases), BLOCK):
        block = slice(begin, begin + BLOCK)
        offsets = cases.offsets[block]
        utility = cases.features[block] @ weights
        utility[np.isneginf(offsets)] = -np.inf
        better = (utility[:, 1:] > utility[:, :1]).sum(axis=1)
        tied = (utility[:, 1:] == utility[:, :1]).sum(axis=1) / 2
        rank = better + tied
        gained += float(np.where(rank < cutoff, 1 / np.log2(rank + 2), 0.0).sum())
    return gained / max(len(cases), 1)
