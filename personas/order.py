"""Do visitors still walk in the order that the log taught?

Logs are imported in bulk, and sites change. Of two items that a visitor saw one after the other,
the learned transitions tell how likely they come in this order rather than the other one. If orders
mean nothing, both are as likely. The share of visits whose order means something is the trust.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from personas.entities import Array
from personas.item_item import Links
from personas.ranking_features import Rows

PRIOR_TRUST, PRIOR_WEIGHT = 0.9, 20.0  # as if so many transitions had been seen before
STEPS = 50


def order_shares(sequence: Links, before: Rows, after: Rows) -> Array:
    """How likely each pair of items comes in its order; only of pairs that the log knows.

    Args:
        before, after: numbers of the items [pairs].
    """
    size = sequence.items
    # Sorted, as `links_of` sorts each item's.
    keys = np.repeat(np.arange(size), np.diff(sequence.start)) * size + sequence.to
    ahead = _looked_up(keys, sequence.weight, before * size + after)
    back = _looked_up(keys, sequence.weight, after * size + before)
    known = ahead + back > 0
    shares: Array = ahead[known] / (ahead + back)[known]
    return shares


def _looked_up(
    keys: NDArray[np.integer[Any]], values: NDArray[np.float32], wanted: NDArray[np.integer[Any]]
) -> Array:
    if not len(keys):
        return np.zeros(len(wanted))
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0.0).astype(np.float64)


def order_trust(shares: Array) -> float:
    """The likeliest share of pairs whose order means something, given a prior; by EM.

    >>> order_trust(np.full(500, 0.9)) > 0.9, order_trust(np.tile([0.9, 0.1], 250)) < 0.1
    (True, True)
    """
    trust = PRIOR_TRUST
    for _ in range(STEPS):
        means = trust * shares / (trust * shares + (1 - trust) * 0.5)
        found = (means.sum() + PRIOR_TRUST * PRIOR_WEIGHT) / (len(shares) + PRIOR_WEIGHT)
        if abs(found - trust) < 1e-4:
            break
        trust = float(found)
    return trust
