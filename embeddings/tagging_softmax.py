"""Softmax regression that stays near given weights: the tagger's one way to learn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from personas.entities import Array


def softmax(scores: Array) -> Array:
    """Probabilities over the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: Array = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def fit_weights(
    features: Array,
    allowed: Array,
    start: Array,
    ridge: Array,
    importance: Array | None = None,
    free: NDArray[np.bool_] | None = None,
) -> Array:
    """The likeliest weights under a Gaussian prior around `start` (maximum a posteriori).

    The likelihood of an answer is the probability of all classes that it allows together, so that
    a coarse label ("some landing page") teaches without choosing among its classes.

    Args:
        features: [n, f].
        allowed: [n, c], 1 where the answer allows the class; at least one per row.
        start: [c, f], the prior's mean, and where the search begins.
        ridge: [f], the prior's precision of each feature's weights.
        importance: [n], 1 for all by default.
        free: [c], False for classes whose weights stay as they are; all True by default.

    Returns:
        weights [c, f].
    """
    from scipy.optimize import minimize

    weight = np.ones(len(features)) if importance is None else importance
    moves = np.ones(len(start), bool) if free is None else free

    def loss(flat: Array) -> tuple[float, Array]:
        shift = np.zeros_like(start)
        shift[moves] = flat.reshape(-1, start.shape[1])
        shares = softmax(features @ (start + shift).T)
        right = (shares * allowed).sum(axis=1) + 1e-300
        pull = (shares - shares * allowed / right[:, None]) * weight[:, None]
        slope = pull.T @ features + ridge * shift
        value = 0.5 * (ridge * shift**2).sum() - weight @ np.log(right)
        return float(value), slope[moves].ravel()

    nothing = np.zeros(int(moves.sum()) * start.shape[1])
    found = minimize(loss, nothing, jac=True, method="L-BFGS-B", options={"maxiter": 500})
    fitted = start.copy()
    fitted[moves] += found.x.reshape(-1, start.shape[1])
    return fitted
