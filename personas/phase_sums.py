"""Sums of what is expected of all chains: all that the M step of learning needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from personas.entities import CHANNELS, LADDER, Array
from personas.phase_chains import Block
from personas.phase_sequences import REPEATS, Integers, Sequences

PHASES = len(LADDER)


@dataclass(frozen=True)
class Expected:
    """What is expected of what cannot be seen, given all that can.

    Attributes:
        log_likelihood: of all touchpoints and signs.
        memberships: of visitors in ways [V, K].
        starts: visitors [K, 7].
        meant: touchpoints [K, 7, C].
        chance: touchpoints by chance [C].
        slips: touchpoints by chance, and all, by repetition [4, 2].
        dwell: number, sum and sum of squares of the logarithm of seconds: of meant views in each
            way, and of views by chance [K + 1, 3].
        channels: visits [K, 7, 8].
        items: meant touchpoints of each tagged content [X, 7].
        pairs: of each gap bin, the weights of (phase before, phase after), to be multiplied with
            the transition between both [K, B, 7, 7].
    """

    log_likelihood: float
    memberships: Array
    starts: Array
    meant: Array
    chance: Array
    slips: Array
    dwell: Array
    channels: Array
    items: Array
    pairs: Array


@dataclass(frozen=True)
class Smoothed:
    """What is known of the rows of one block.

    Attributes:
        phases: belief given all [M, 7].
        by_chance: how much of each phase's likelihood is by chance [M, 7].
        lefts: belief before the gap [M, 7].
        rights: smoothed / predicted belief after it [M, 7].
    """

    phases: Array
    by_chance: Array
    lefts: Array
    rights: Array


class Sums:
    """Adds up blocks."""

    def __init__(self, sequences: Sequences, ways: int) -> None:
        self.sequences, self.ways = sequences, ways
        categories, bins = len(sequences.categories), len(sequences.gaps)
        self.log_likelihood = 0.0
        self.memberships = np.zeros((sequences.visitors, ways))
        self.starts = np.zeros((ways, PHASES))
        self.meant = np.zeros((ways * categories, PHASES))
        self.chance = np.zeros(categories)
        self.slips = np.zeros((REPEATS, 2))
        self.dwell = np.zeros((ways + 1, 3))
        self.channels = np.zeros((ways * len(CHANNELS), PHASES))
        self.items = np.zeros((len(sequences.tags), PHASES))
        self.pairs = np.zeros((ways * bins, PHASES, PHASES))

    def add(self, block: Block, smoothed: Smoothed, weights: Array) -> None:
        """Add one block, each chain with its weight [P]."""
        sequences, event, way = self.sequences, block.event, block.row_way
        phases = smoothed.phases * weights[block.chain][:, None]
        chance = np.einsum("mi,mi->m", phases, smoothed.by_chance)
        meant = phases - phases * smoothed.by_chance
        category = sequences.category[event]
        self.meant += summed(way * len(self.chance) + category, meant, len(self.meant))
        self.chance += np.bincount(category, chance, len(self.chance))
        self.slips += summed(
            sequences.repeats[event], np.stack([chance, phases.sum(1)], 1), REPEATS
        )
        self._add_starts(block, phases)
        self._add_channels(event, way, phases)
        self._add_items(event, meant)
        self._add_dwell(sequences.dwell[event], way, meant.sum(1), chance)
        self._add_pairs(block, smoothed, weights)

    def _add_starts(self, block: Block, phases: Array) -> None:
        first = block.slices[0]
        new = np.isnan(self.sequences.begins[block.visitor, 0])
        self.starts += summed(block.way[new], phases[first][new], self.ways)

    def _add_channels(self, event: Integers, way: Integers, phases: Array) -> None:
        channel = self.sequences.channel[event]
        opens = np.flatnonzero(channel >= 0)
        index = way[opens] * len(CHANNELS) + channel[opens]
        self.channels += summed(index, phases[opens], len(self.channels))

    def _add_items(self, event: Integers, meant: Array) -> None:
        item = self.sequences.item[event]
        tagged = np.flatnonzero(item >= 0)
        self.items += summed(item[tagged], meant[tagged], len(self.items))

    def _add_dwell(self, dwell: Array, way: Integers, meant: Array, chance: Array) -> None:
        timed = np.flatnonzero(~np.isnan(dwell))
        seconds, way = dwell[timed], way[timed]
        powers = np.stack([np.ones_like(seconds), seconds, seconds**2], 1)
        self.dwell[:-1] += summed(way, powers * meant[timed, None], self.ways)
        self.dwell[-1] += chance[timed] @ powers

    def _add_pairs(self, block: Block, smoothed: Smoothed, weights: Array) -> None:
        bins = len(self.sequences.gaps)
        later = block.slices[0].stop
        key = (block.row_way * bins + self.sequences.bin[block.event])[later:]
        order = np.argsort(key, kind="stable")
        found, begins = np.unique(key[order], return_index=True)
        rows = order + later
        lefts = smoothed.lefts[rows]
        rights = smoothed.rights[rows] * weights[block.chain[rows]][:, None]
        for place, (begin, end) in zip(found, pairwise([*begins, len(rows)]), strict=True):
            self.pairs[place] += lefts[begin:end].T @ rights[begin:end]

    def expected(self) -> Expected:
        ways = self.ways
        return Expected(
            log_likelihood=self.log_likelihood,
            memberships=self.memberships,
            starts=self.starts,
            meant=self.meant.reshape(ways, -1, PHASES).transpose(0, 2, 1),
            chance=self.chance,
            slips=self.slips,
            dwell=self.dwell,
            channels=self.channels.reshape(ways, -1, PHASES).transpose(0, 2, 1),
            items=self.items,
            pairs=self.pairs.reshape(ways, -1, PHASES, PHASES),
        )


def summed(index: Integers, values: Array, length: int) -> Array:
    """Rows of values [M, n] summed by index [length, n]."""
    columns = [np.bincount(index, column, minlength=length) for column in values.T]
    return np.stack(columns, axis=1)
