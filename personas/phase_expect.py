"""What the touchpoints of all visitors make of a model's parameters: the E step of learning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log, pi

import numpy as np

from personas import phase_prior
from personas.entities import CHANNELS, LADDER, Array
from personas.phase_chains import Block, Parameters
from personas.phase_model import LEAST_ATTENTION, MOST_ATTENTION, tag_factors
from personas.phase_sequences import Integers, Sequences
from personas.phase_sums import Expected, Smoothed, Sums
from personas.phase_ways import softmax

PHASES = len(LADDER)


def expect(sequences: Sequences, parameters: Parameters, blocks: Sequence[Block]) -> Expected:
    """Forward and backward over all chains."""
    by_sign = sequences.counts @ parameters.signs + np.log(parameters.weights)
    moves = transitions(parameters.generators, sequences.gaps).reshape(-1, PHASES, PHASES)
    teller = Teller(sequences, parameters)
    sums = Sums(sequences, parameters.ways)
    sums.log_likelihood = _of_seconds_by_chance(sequences, parameters)
    for block in blocks:
        told, by_chance = teller.of(block)
        log_p, smoothed = _smoothed(sequences, block, parameters.starts, moves, told, by_chance)
        visitors, inverse = np.unique(block.visitor, return_inverse=True)
        joint = np.full((len(visitors), parameters.ways), -np.inf)
        joint[inverse, block.way] = log_p + by_sign[block.visitor, block.way]
        memberships, log_likelihood = softmax(joint)
        sums.log_likelihood += log_likelihood
        sums.memberships[visitors] = memberships
        sums.add(block, smoothed, memberships[inverse, block.way])
    return sums.expected()


def _of_seconds_by_chance(sequences: Sequences, parameters: Parameters) -> float:
    """Touchpoints are told relative to those by chance; what these are worth themselves."""
    seconds = sequences.dwell[~np.isnan(sequences.dwell)]
    deviations = (seconds - parameters.missed) / parameters.spread
    constant = log(parameters.spread) + 0.5 * log(2 * pi)
    return float(-0.5 * (deviations**2).sum() - len(seconds) * constant)


# --- the likelihood -------------------------------------------------------------------------------


class Teller:
    """p(touchpoint | way, phase) of blocks; tables are made once for all of them."""

    def __init__(self, sequences: Sequences, parameters: Parameters) -> None:
        self.sequences, self.parameters = sequences, parameters
        self.factors = tag_factors(sequences.tags, parameters.tag_weight * sequences.tag_shares)
        meant = parameters.meant / tag_norms(sequences, self.factors).T
        self.meant = np.ascontiguousarray(meant.transpose(0, 2, 1)).reshape(-1, PHASES)
        channels = parameters.channels.transpose(0, 2, 1)
        self.channels = np.ascontiguousarray(channels).reshape(-1, PHASES)

    def of(self, block: Block) -> tuple[Array, Array]:
        """Likelihood of each row over the phases [M, 7], and how much of it is by chance."""
        sequences, parameters = self.sequences, self.parameters
        event, way = block.event, block.row_way
        category, slips = sequences.category[event], parameters.slips[sequences.repeats[event]]
        told = self.meant.take(way * len(parameters.chance) + category, axis=0)
        item = sequences.item[event]
        tagged = np.flatnonzero(item >= 0)
        told[tagged] *= self.factors.take(item[tagged], axis=0)
        told *= ((1 - slips) * self._odds(block))[:, None]
        by_chance = np.repeat((slips * parameters.chance[category])[:, None], PHASES, 1)
        told += by_chance
        by_chance /= told
        self._add_beside(block, told)
        return told, by_chance

    def _odds(self, block: Block) -> Array:
        """What time and closeness say for a touchpoint being meant, against by chance [M]."""
        parameters, sequences = self.parameters, self.sequences
        read = parameters.read[block.row_way]
        above = sequences.dwell[block.event] - 0.5 * (read + parameters.missed)
        by_time = above * (read - parameters.missed) / parameters.spread**2
        odds = np.nan_to_num(np.clip(by_time, LEAST_ATTENTION, MOST_ATTENTION))
        looked = sequences.closeness[block.event] - phase_prior.EXPECTED_CLOSENESS
        result: Array = np.exp(odds + phase_prior.CLOSENESS * np.nan_to_num(looked))
        return result

    def _add_beside(self, block: Block, told: Array) -> None:
        """Ratings, and the channels of visits; in place."""
        rating = self.sequences.rating[block.event]
        rated = np.flatnonzero(~np.isnan(rating))
        told[rated] *= np.exp(phase_prior.RATING * (rating[rated, None] - 0.5))
        channel = self.sequences.channel[block.event]
        opens = np.flatnonzero(channel >= 0)
        index = block.row_way[opens] * len(CHANNELS) + channel[opens]
        told[opens] *= self.channels.take(index, axis=0)


def tag_norms(sequences: Sequences, factors: Array) -> Array:
    """The mean of what tags say of each category's touchpoints [C, 7]: what a tag says beyond it
    is what sets a content apart from others of its category."""
    category, item, counts = sequences.tagged
    norms = np.zeros((len(sequences.categories), PHASES))
    np.add.at(norms, category, counts[:, None] * (factors[item] - 1.0))
    result: Array = 1.0 + norms / np.maximum(sequences.frequency, 1.0)[:, None]
    return result


# --- forward and backward -------------------------------------------------------------------------


def transitions(generators: Array, gaps: Array) -> Array:
    """[K, B, 7, 7]"""
    from scipy.linalg import expm

    moved: Array = np.maximum(expm(generators[:, None] * gaps[:, None, None]), 0.0)
    moved /= moved.sum(-1, keepdims=True)
    return moved


def filtered(
    sequences: Sequences, block: Block, starts: Array, moves: Array, told: Array
) -> Iterator[tuple[slice, Array, Array, Array]]:
    """Step by step: the rows, belief before and after them, and log p of each.

    Args:
        moves: of `transitions`, as [K * B, 7, 7].
        told: likelihood of the block's rows [M, 7].
    """
    begins = sequences.begins[block.visitor]
    after = np.where(np.isnan(begins), starts[block.way], begins)
    place = _place_of_moves(sequences, block)
    for number, here in enumerate(block.slices):
        before = after[: here.stop - here.start]
        if number:
            before = np.einsum("vi,vij->vj", before, moves.take(place[here], axis=0))
        joint = before * told[here]
        total = joint.sum(1, keepdims=True)
        after = joint / total
        yield here, before, after, np.log(total[:, 0])


def _place_of_moves(sequences: Sequences, block: Block) -> Integers:
    place: Integers = block.row_way * len(sequences.gaps) + sequences.bin[block.event]
    return place


def _smoothed(
    sequences: Sequences,
    block: Block,
    starts: Array,
    moves: Array,
    told: Array,
    by_chance: Array,
) -> tuple[Array, Smoothed]:
    """Log p of each chain, and its rows given all of it."""
    befores, phases = np.empty_like(told), np.empty_like(told)
    log_p = np.zeros(len(block.way))
    for here, before, after, log_total in filtered(sequences, block, starts, moves, told):
        befores[here], phases[here] = before, after
        log_p[: len(log_total)] += log_total
    lefts, rights = np.zeros_like(told), np.zeros_like(told)
    place = _place_of_moves(sequences, block)
    for here, previous in zip(block.slices[:0:-1], block.slices[-2::-1], strict=True):
        earlier = slice(previous.start, previous.start + here.stop - here.start)
        right = phases[here] / np.maximum(befores[here], 1e-300)
        lefts[here], rights[here] = phases[earlier], right
        back = np.einsum("vij,vj->vi", moves.take(place[here], axis=0), right)
        back *= phases[earlier]
        phases[earlier] = back / back.sum(1, keepdims=True)
    return log_p, Smoothed(phases, by_chance, lefts, rights)
