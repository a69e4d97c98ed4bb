"""The ways in which a site's visitors go, found by who they are: a latent class analysis.

Signs of who somebody is (traits, topics, devices, channels of visits) come in families; within a
way, the values of a family are drawn independently of each other. How many ways there are is
chosen by what they explain against what they cost (the Bayesian information criterion).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, hstack

from personas.entities import CHANNELS, Array
from personas.phase_sequences import Integers, Sequences
from personas.phase_signs import CHANNEL

MOST_WAYS = 8
STARTS = 3  # from other random memberships
ROUNDS = 60
STRENGTH = 0.5  # pseudo-count of each value
VISITORS_LOOKED_AT = 8000  # when the number is chosen
ENOUGH = 1e-5  # nats a sign
SIGNS_OF_A_WAY = 30  # visitors' worth; a way with fewer cannot be told from chance


@dataclass(frozen=True)
class Ways:
    """Memberships of visitors in ways [V, K]."""

    memberships: Array

    @property
    def count(self) -> int:
        return int(self.memberships.shape[1])


@dataclass(frozen=True)
class _Signs:
    counts: csr_array  # [V, T]
    family: Integers  # [T]


def find_ways(sequences: Sequences, seed: int, most: int = MOST_WAYS) -> Ways:
    """Find the ways of a site; one where nothing tells visitors apart."""
    signs = _with_channels(sequences)
    visitors = sequences.visitors
    rng = np.random.default_rng(seed)
    looked = np.sort(rng.permutation(visitors)[:VISITORS_LOOKED_AT])
    sample = _Signs(signs.counts[looked], signs.family)
    best, best_worth = _Classes.single(sample), -np.inf
    for count in range(1, most + 1):
        found = max(
            (_fit(sample, count, rng) for _ in range(STARTS if count > 1 else 1)),
            key=lambda classes: classes.log_likelihood,
        )
        worth = found.log_likelihood - 0.5 * found.size * np.log(max(len(looked), 2))
        if worth <= best_worth:
            break
        best, best_worth = found, worth
    return Ways(best.memberships(signs))


def _with_channels(sequences: Sequences) -> _Signs:
    opens = np.flatnonzero(sequences.channel >= 0)
    who = np.repeat(np.arange(sequences.visitors), sequences.lengths)[opens]
    shape = sequences.visitors, len(CHANNELS)
    channels = csr_array((np.ones(len(opens)), (who, sequences.channel[opens])), shape=shape)
    names = [sign[0] for sign in sequences.signs] + [CHANNEL] * len(CHANNELS)
    family = np.unique(np.array(names), return_inverse=True)[1].astype(np.int64)
    return _Signs(csr_array(hstack([sequences.counts, channels])), family)


@dataclass(frozen=True)
class _Classes:
    weights: Array  # [K]
    told: Array  # log p(value | family, way) [T, K]
    log_likelihood: float

    @classmethod
    def single(cls, signs: _Signs) -> _Classes:
        return cls(np.ones(1), np.zeros((signs.counts.shape[1], 1)), -np.inf)

    @property
    def size(self) -> int:
        """Free parameters."""
        return self.told.size + len(self.weights)

    def joint(self, signs: _Signs) -> Array:
        joint: Array = signs.counts @ self.told + np.log(self.weights)
        return joint

    def memberships(self, signs: _Signs) -> Array:
        return softmax(self.joint(signs))[0]


def _fit(signs: _Signs, count: int, rng: np.random.Generator) -> _Classes:
    visitors = signs.counts.shape[0]
    memberships = rng.dirichlet(np.full(count, 0.3), visitors)
    before = -np.inf
    for _ in range(ROUNDS):
        classes = _maximised(signs, memberships)
        memberships, log_likelihood = softmax(classes.joint(signs))
        if log_likelihood - before < ENOUGH * signs.counts.nnz:
            break
        before = log_likelihood
    return _Classes(classes.weights, classes.told, log_likelihood)


def _maximised(signs: _Signs, memberships: Array) -> _Classes:
    weights = memberships.sum(0) + 1.0
    told = log_shares(signs.counts.T @ memberships, signs.family)
    return _Classes(weights / weights.sum(), told, -np.inf)


def log_shares(counts: Array, family: Integers, strength: float = STRENGTH) -> Array:
    """log p(value | family, way) from counts [T, K], each value having been seen a little."""
    kept = counts + strength
    totals = np.zeros((int(family.max(initial=-1)) + 1, counts.shape[1]))
    np.add.at(totals, family, kept)
    told: Array = np.log(kept / totals[family])
    return told


def softmax(joint: Array) -> tuple[Array, float]:
    """Rows of log p as shares, and the sum of the rows' log p."""
    most = joint.max(1, keepdims=True)
    shares = np.exp(joint - most)
    totals = shares.sum(1, keepdims=True)
    return shares / totals, float((np.log(totals) + most).sum())
