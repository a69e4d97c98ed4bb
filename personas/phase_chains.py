"""Chains: each visitor in each way that is likely enough, in blocks of like length.

In a block, rows lie step by step (all first touchpoints, all second ones, …), so that each step of
the filter is one vectorised operation; and as blocks are bounded, so is memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from personas.entities import Array
from personas.phase_sequences import Integers, Sequences

ROWS_AT_ONCE = 1 << 16
LEAST_MEMBERSHIP = 0.005  # against a visitor's likeliest way


@dataclass(frozen=True)
class Parameters:
    """What learning bends; probabilities of K ways.

    Attributes:
        weights: [K].
        starts: [K, 7].
        generators: per day [K, 7, 7].
        meant: p(category | way, phase) of touchpoints that are meant [K, 7, C].
        chance: p(category) of the others [C].
        slips: share of those, by repetition [4].
        read: mean log seconds of a meant view [K].
        missed: of one by chance.
        spread: standard deviation of both.
        channels: p(channel | way, phase) of a visit [K, 7, 8].
        signs: log p(sign | family, way) [T, K].
        tag_weight: how much a content's own tag says.
    """

    weights: Array
    starts: Array
    generators: Array
    meant: Array
    chance: Array
    slips: Array
    read: Array
    missed: float
    spread: float
    channels: Array
    signs: Array
    tag_weight: float

    @property
    def ways(self) -> int:
        return len(self.weights)


@dataclass(frozen=True)
class Block:
    """Chains of like length; a visitor's chains lie side by side in one block.

    Attributes:
        visitor, way: of each chain [P].
        event: index into the sequences, of each row [M].
        chain: of each row [M].
        slices: of each step; its rows belong to the first chains.
    """

    visitor: Integers
    way: Integers
    event: Integers
    chain: Integers
    slices: tuple[slice, ...]

    @cached_property
    def row_way(self) -> Integers:
        way: Integers = self.way[self.chain]
        return way


def blocks_of(
    sequences: Sequences, memberships: Array, visitors: Integers | None = None
) -> list[Block]:
    """The chains worth following, in blocks.

    Args:
        memberships: of visitors in ways, as far as is known [V, K].
        visitors: only of these.
    """
    chosen = np.arange(sequences.visitors) if visitors is None else visitors
    longest_first = chosen[np.argsort(-sequences.lengths[chosen], kind="stable")]
    known = memberships[longest_first]
    likely = known >= LEAST_MEMBERSHIP * known.max(1, keepdims=True)
    rows = likely.sum(1) * sequences.lengths[longest_first]
    rank, way = np.nonzero(likely)
    number = (np.cumsum(rows) // ROWS_AT_ONCE)[rank]
    bounds = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(rank)]
    visitor = longest_first[rank]
    return [_block(sequences, visitor[a:b], way[a:b]) for a, b in pairwise(bounds)]


def _block(sequences: Sequences, visitor: Integers, way: Integers) -> Block:
    lengths, first = sequences.lengths[visitor], sequences.bounds[visitor]
    slices, events, chains, begin = [], [], [], 0
    for place in range(int(lengths[0])):
        active = int(np.searchsorted(-lengths, -place, side="left"))
        slices.append(slice(begin, begin + active))
        events.append(first[:active] + place)
        chains.append(np.arange(active))
        begin += active
    return Block(visitor, way, np.concatenate(events), np.concatenate(chains), tuple(slices))
