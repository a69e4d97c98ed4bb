"""The parameters that fit expectations best, given what was believed before: the M step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from personas import phase_prior
from personas.entities import LADDER, Array
from personas.phase_chains import Parameters
from personas.phase_expect import tag_norms
from personas.phase_model import tag_factors
from personas.phase_sequences import Sequences
from personas.phase_sums import Expected
from personas.phase_ways import log_shares

PHASES = len(LADDER)

# How much alike the ways are taken to be, in touchpoints, visits, visitors and moves.
ALIKE_MEANT, ALIKE_CHANNELS, ALIKE_STARTS, ALIKE_MOVES, ALIKE_PACE = 50.0, 10.0, 20.0, 5.0, 10.0
ALIKE_READ = 50.0
CHANCE_STRENGTH = 0.5  # of each category
SLIP_STRENGTH = 30.0  # touchpoints of each number of repetitions
MISSED_STRENGTH = 20.0
LEAST_SPREAD = 0.3
TAG_WEIGHTS = np.linspace(0.0, 1.5, 31)
TAG_STRENGTH = 8.0  # of the expert's weight, as an inverse variance
ALIKE_EIGENVALUES = 1e-7


@dataclass(frozen=True)
class Priors:
    """Pseudo-counts, as if so much had been seen already.

    Attributes:
        starts: visitors [7].
        meant: touchpoints [7, C].
        moves: [7, 7].
        stays: days in each phase [7].
    """

    starts: Array
    meant: Array
    moves: Array
    stays: Array


def maximise(
    sequences: Sequences, expected: Expected, parameters: Parameters, priors: Priors
) -> Parameters:
    """The M step, each way drawn towards what all ways have in common."""
    families = np.unique([family for family, _ in sequences.signs], return_inverse=True)[1]
    weights = expected.memberships.sum(0) + 1.0
    pooled = shares(expected.starts.sum(0) + priors.starts)
    slips = expected.slips + SLIP_STRENGTH * np.stack(
        [1 - phase_prior.MEANT, np.ones_like(phase_prior.MEANT)], 1
    )
    read, missed, spread = _dwell(expected.dwell)
    return Parameters(
        weights=weights / weights.sum(),
        starts=shares(expected.starts + ALIKE_STARTS * pooled),
        generators=_generators(sequences, expected, parameters, priors),
        meant=_meant(expected, priors),
        chance=shares(expected.chance + CHANCE_STRENGTH),
        slips=slips[:, 0] / slips[:, 1],
        read=read,
        missed=missed,
        spread=spread,
        channels=_channels(expected.channels),
        signs=log_shares(sequences.counts.T @ expected.memberships, families),
        tag_weight=_tag_weight(sequences, expected),
    )


def shares(counts: Array) -> Array:
    """Rows that sum to 1."""
    result: Array = counts / counts.sum(-1, keepdims=True)
    return result


def _meant(expected: Expected, priors: Priors) -> Array:
    pooled = shares(expected.meant.sum(0) + priors.meant)
    return shares(expected.meant + ALIKE_MEANT * pooled)


def _channels(visits: Array) -> Array:
    """Channels are habits: a way's phases are drawn to the way's own shares."""
    habits = shares(visits.sum(1) + 1.0)
    return shares(visits + ALIKE_CHANNELS * habits[:, None])


def _dwell(sums: Array) -> tuple[Array, float, float]:
    number, seconds, squares = sums.T
    mean = seconds[:-1].sum() / max(number[:-1].sum(), 1e-9)
    if not number[:-1].sum():
        mean = float(np.log(phase_prior.READ_SECONDS))
    read = (seconds[:-1] + ALIKE_READ * mean) / (number[:-1] + ALIKE_READ)
    expert = float(np.log(phase_prior.MISSED_SECONDS))
    missed = (seconds[-1] + MISSED_STRENGTH * expert) / (number[-1] + MISSED_STRENGTH)
    centres = np.append(read, missed)
    variance = (squares - 2 * centres * seconds + centres**2 * number).sum()
    prior = MISSED_STRENGTH * phase_prior.DWELL_SPREAD**2
    spread = np.sqrt((variance + prior) / (number.sum() + MISSED_STRENGTH))
    return read, float(missed), max(float(spread), LEAST_SPREAD)


def _tag_weight(sequences: Sequences, expected: Expected) -> float:
    """How much contents' tags say of their readers: the best of some weights."""
    if not len(sequences.tags):
        return phase_prior.TAG_WEIGHT
    by_category = expected.meant.sum(0).T
    worth = []
    for weight in TAG_WEIGHTS:
        factors = tag_factors(sequences.tags, weight * sequences.tag_shares)
        told = (expected.items * np.log(factors)).sum()
        told -= (by_category * np.log(tag_norms(sequences, factors))).sum()
        worth.append(told - 0.5 * TAG_STRENGTH * (weight - phase_prior.TAG_WEIGHT) ** 2)
    return float(TAG_WEIGHTS[int(np.argmax(worth))])


def _generators(
    sequences: Sequences, expected: Expected, parameters: Parameters, priors: Priors
) -> Array:
    """Of each way: rates drawn to the common ones, at the way's own pace."""
    told = [
        moves_and_stays(generator, sequences.gaps, pairs)
        for generator, pairs in zip(parameters.generators, expected.pairs, strict=True)
    ]
    moves = np.array([moved for moved, _ in told]) * ~np.eye(PHASES, dtype=bool)
    stays = np.array([stayed for _, stayed in told])
    common = (moves.sum(0) + priors.moves) / (stays.sum(0) + priors.stays)[:, None]
    foreseen = (stays * common.sum(1)).sum(1)
    pace = (moves.sum((1, 2)) + ALIKE_PACE) / (foreseen + ALIKE_PACE)
    own = common * pace[:, None, None]
    days = ALIKE_MOVES / own.sum(2)
    rates = (moves + own * days[:, :, None]) / (stays + days)[:, :, None]
    generators: Array = rates - rates.sum(2)[:, :, None] * np.eye(PHASES)
    return generators


def moves_and_stays(generator: Array, gaps: Array, pairs: Array) -> tuple[Array, Array]:
    """Expected moves [7, 7] and days in each phase [7], given what was seen at the gaps' ends.

    Sums over gaps the integral of exp(Q's) S exp(Q'(t - s)) over s from 0 to t, by the eigenvalues
    of Q (Hobolth and Jensen 2011, "Summary statistics for endpoint-conditioned continuous-time
    Markov chains").

    Args:
        gaps: days of each bin [B].
        pairs: of one way in `Expected` [B, 7, 7].
    """
    values, vectors = np.linalg.eig(generator)
    inverse = np.linalg.inv(vectors)
    grown = np.exp(np.outer(gaps, values))
    apart = values[:, None] - values
    alike = np.abs(apart) < ALIKE_EIGENVALUES
    apart = np.where(alike, 1.0, apart)
    between = (grown[:, :, None] - grown[:, None, :]) / apart
    between = np.where(alike, gaps[:, None, None] * grown[:, :, None], between)
    turned = vectors.T @ pairs @ inverse.T
    integral = (inverse.T @ (between * turned).sum(0) @ vectors.T).real
    return np.maximum(generator * integral, 0.0), np.diag(integral).copy()
