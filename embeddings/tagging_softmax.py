"""Softmax regression that stays near given weights: the tagger's one way to learn."""

from __future__ import annotations

import numpy as np

from personas.entities import Array


def softmax(scores: Array) -> Array:
    """Probabilities over the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: Array = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def fit_weights(
    features: Array,
    answers: Array,
    start: Array,
    ridge: Array,
    importance: Array | None = None,
    offsets: Array | None = None,
    coarse: bool = False,
) -> Array:
    """The likeliest weights under a Gaussian prior around `start` (maximum a posteriori).

    Args:
        features: [n, f].
        answers: [n, c], probabilities that sum to 1; or, if `coarse`, 1 for each class that the
            answer allows: then the probability of all these together counts ("some landing page").
        start: [c, f], the prior's mean, and where the search begins.
        ridge: [f], the prior's precision of each feature's weights.
        importance: [n], 1 for all by default.
        offsets: [n, c], scores to which the features' are added.

    Returns:
        weights [c, f].
    """
    from scipy.optimize import minimize

    weight = np.ones(len(features)) if importance is None else importance
    before = features @ start.T + (0.0 if offsets is None else offsets)
    units = _units(features, weight, ridge)

    def loss(flat: Array) -> tuple[float, Array]:
        moves = flat.reshape(start.shape) @ units
        shares = softmax(before + features @ moves.T)
        if coarse:
            right = (shares * answers).sum(axis=1, keepdims=True) + 1e-300
            wanted, likelihood = shares * answers / right, np.log(right[:, 0])
        else:
            wanted, likelihood = answers, (answers * np.log(shares + 1e-300)).sum(axis=1)
        slope = ((shares - wanted) * weight[:, None]).T @ features + ridge * moves
        value = 0.5 * float((ridge * moves**2).sum()) - float(weight @ likelihood)
        return value, (slope @ units.T).ravel()

    found = minimize(
        loss,
        np.zeros(start.size),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 200, "ftol": 1e-7},
    )
    moved: Array = start + found.x.reshape(start.shape) @ units
    return moved


def _units(features: Array, weight: Array, ridge: Array) -> Array:
    """Directions [f, f] in which the Hessian's bound (Boehning 1992) is 1: so steps are few."""
    from scipy.linalg import cholesky, solve_triangular

    bound = 0.25 * (features * weight[:, None]).T @ features + np.diag(ridge)
    units: Array = solve_triangular(cholesky(bound, lower=True), np.eye(len(ridge)), lower=True)
    return units
