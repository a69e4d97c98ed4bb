"""Histories as arrays: what the learning of phases reads.

Touchpoints lie step by step (all first ones, all second ones, …), visitors with the most of them
first, so that each step of the filter is one vectorised operation on a slice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from personas import phase_prior
from personas.entities import CHANNELS, LADDER, Array, ContentFacts, History
from personas.phase_model import (
    REPEAT_FATIGUE,
    SECONDS_PER_DAY,
    Category,
    PhaseModel,
    beside_row,
    row_of,
)
from personas.phases import LEAST_BELIEF, Step, steps_of
from personas.vocabulary import plain_mapping

Integers = NDArray[np.int64]

GAP_BINS = 96  # log-spaced: a gap is then wrong by at most a tenth
SHORTEST, LONGEST = 1.0, 20 * 365.25 * SECONDS_PER_DAY
MOST_TOUCHPOINTS = 500  # of one visitor; more is a robot, or its youngest part is enough
_CHANNEL = {channel: index for index, channel in enumerate(CHANNELS)}


@dataclass(frozen=True)
class Sequences:
    """Touchpoints of many visitors; E touchpoints, V visitors, C categories, B gap bins.

    Attributes:
        category: index into `categories` [E].
        weight: how much a touchpoint counts; repetitions count less [E].
        beside: log likelihood of content tag and rating, which are not learned [E, 7].
        channel: index of a visit's channel, -1 within a visit [E].
        bin: of the gap before; bin 0 is no gap [E].
        gaps: days that stand for each bin [B].
        slices: of each step: its touchpoints; those of step t belong to the first visitors.
        begins: belief before the first touchpoint, where older ones are summed up; else nan [V, 7].
    """

    categories: tuple[Category, ...]
    category: Integers
    weight: Array
    beside: Array
    channel: Integers
    bin: Integers
    gaps: Array
    slices: tuple[slice, ...]
    begins: Array

    @property
    def size(self) -> int:
        return len(self.category)


def encode(
    histories: Sequence[History],
    facts: Mapping[str, ContentFacts],
    mapping: Mapping[str, str],
    rare: int = 0,
    most: int = 400,
) -> Sequences:
    """Histories as arrays.

    Args:
        facts: by content id or URL.
        mapping: the site's own event names.
        rare: categories with fewer touchpoints are pooled by kind.
        most: so many categories are kept apart at most.
    """
    plain = plain_mapping(mapping)
    told = [list(steps_of(history, facts, np.inf, plain)) for history in histories]
    order = sorted((v for v in range(len(told)) if told[v]), key=lambda v: -len(told[v]))
    longs = [told[v][-MOST_TOUCHPOINTS:] for v in order]
    slices, flat = _by_step(longs)
    categories, index = _categories([step.category for step in flat], rare, most)
    gaps, bins = _binned(np.array([step.gap or 0.0 for step in flat]))
    return Sequences(
        categories=categories,
        category=index,
        weight=np.array([_weight(step) for step in flat]),
        beside=_rows(flat, _beside),
        channel=np.array([_channel(step) for step in flat], np.int64),
        bin=bins,
        gaps=gaps,
        slices=slices,
        begins=_begins([histories[v] for v in order], [len(told[v]) for v in order]),
    )


def _by_step(longs: Sequence[Sequence[Step]]) -> tuple[tuple[slice, ...], list[Step]]:
    slices: list[slice] = []
    flat: list[Step] = []
    active = len(longs)
    for place in range(len(longs[0]) if longs else 0):
        while len(longs[active - 1]) <= place:
            active -= 1
        slices.append(slice(len(flat), len(flat) + active))
        flat.extend(longs[visitor][place] for visitor in range(active))
    return tuple(slices), flat


def _categories(
    seen: Sequence[Category], rare: int, most: int
) -> tuple[tuple[Category, ...], Integers]:
    counts = Counter(seen)
    kept = {category for category, count in counts.most_common(most) if count >= rare}
    pooled = [category if category in kept else pool_of(category) for category in seen]
    categories = tuple(sorted(set(pooled)))
    place = {category: index for index, category in enumerate(categories)}
    return categories, np.array([place[category] for category in pooled], np.int64)


def pool_of(category: Category) -> Category:
    """The category that stands for all rare ones of a kind."""
    return category[0], "", "", ""


def _binned(seconds: Array) -> tuple[Array, Integers]:
    """Days that stand for each bin, and the bin of each gap."""
    edges = np.geomspace(SHORTEST, LONGEST, GAP_BINS)
    bins = np.searchsorted(edges, seconds, side="right").astype(np.int64)
    counts = np.bincount(bins, minlength=GAP_BINS + 1)
    sums = np.bincount(bins, seconds, minlength=GAP_BINS + 1)
    gaps = np.where(counts > 0, sums / np.maximum(counts, 1), 0.0) / SECONDS_PER_DAY
    gaps[0] = 0.0
    return gaps, bins


def _weight(step: Step) -> float:
    if step.category[3] == "again":
        return 1.0
    return 1.0 / (1.0 + REPEAT_FATIGUE * step.repeats)


def _channel(step: Step) -> int:
    return _CHANNEL.get(step.touchpoint.channel, len(CHANNELS) - 1) if step.opens_visit else -1


def _beside(step: Step) -> Array | None:
    return beside_row(phase_prior.TAG_WEIGHT, step.touchpoint, step.fact, step.category)


def _rows(flat: Sequence[Step], of: Callable[[Step], Array | None]) -> Array:
    rows = np.zeros((len(flat), len(LADDER)))
    for index, step in enumerate(flat):
        row = of(step)
        if row is not None:
            rows[index] = row
    return rows


def _begins(histories: Sequence[History], lengths: Sequence[int]) -> Array:
    begins = np.full((len(histories), len(LADDER)), np.nan)
    for index, (history, length) in enumerate(zip(histories, lengths, strict=True)):
        if history.older is not None and len(history.older.phases) == len(LADDER):
            begins[index] = history.older.phases
        if length > MOST_TOUCHPOINTS:  # nobody knows where its youngest part began
            begins[index] = 1.0 / len(LADDER)
    kept: Array = np.maximum(begins, LEAST_BELIEF)
    return kept


# --- the filter over all visitors at once ---------------------------------------------------------


@dataclass(frozen=True)
class Expected:
    """What the touchpoints make of each visitor's way.

    Attributes:
        log_likelihood: of all touchpoints.
        phases: belief at each touchpoint, given all [E, 7].
        pairs: of each gap bin, the weights of (phase before, phase after), to be multiplied with
            the transition between both [B, 7, 7].
    """

    log_likelihood: float
    phases: Array
    pairs: Array


def transitions(generator: Array, gaps: Array) -> Array:
    """[B, 7, 7]"""
    from scipy.linalg import expm

    moved: Array = np.maximum(expm(generator * gaps[:, None, None]), 0.0)
    moved /= moved.sum(-1, keepdims=True)
    return moved


def log_likelihoods(sequences: Sequences, rows: Array, channels: Array) -> Array:
    """[E, 7], up to a constant for each touchpoint; `rows` is [C, 7], `channels` [8, 7]."""
    told: Array = (rows[sequences.category] + sequences.beside) * sequences.weight[:, None]
    opening = sequences.channel >= 0
    told[opening] += channels[sequences.channel[opening]]
    return told


def filtered(
    sequences: Sequences, start: Array, moves: Array, told: Array
) -> Iterator[tuple[slice, Array, Array, Array]]:
    """Step by step: the touchpoints, belief before and after them, and log p of each."""
    begins = np.where(np.isnan(sequences.begins), start, sequences.begins)
    after = begins / begins.sum(1, keepdims=True)
    for place, here in enumerate(sequences.slices):
        before = after[: here.stop - here.start]
        if place:
            before = np.einsum("vi,vij->vj", before, moves[sequences.bin[here]])
        most = told[here].max(1, keepdims=True)
        joint = before * np.exp(told[here] - most)
        total = joint.sum(1, keepdims=True)
        after = joint / total
        yield here, before, after, np.log(total[:, 0]) + most[:, 0]


def expect(sequences: Sequences, start: Array, generator: Array, told: Array) -> Expected:
    """Forward and backward (the E step). `told` is of `log_likelihoods`."""
    moves = transitions(generator, sequences.gaps)
    befores, phases = np.empty_like(told), np.empty_like(told)
    log_likelihood = 0.0
    for here, before, after, log_p in filtered(sequences, start, moves, told):
        befores[here], phases[here] = before, after
        log_likelihood += float(log_p.sum())
    lefts, rights = _backward(sequences, moves, befores, phases)
    return Expected(log_likelihood, phases, _pairs(sequences, lefts, rights))


def _backward(
    sequences: Sequences, moves: Array, befores: Array, phases: Array
) -> tuple[Array, Array]:
    """Turns `phases` from filtered into smoothed beliefs, in place.

    Returns:
        Of each touchpoint: the filtered belief before the gap, and smoothed / predicted after it.
    """
    lefts, rights = np.zeros_like(phases), np.zeros_like(phases)
    for place in range(len(sequences.slices) - 1, 0, -1):
        here, previous = sequences.slices[place], sequences.slices[place - 1]
        count = here.stop - here.start
        earlier = slice(previous.start, previous.start + count)
        rights[here] = phases[here] / np.maximum(befores[here], 1e-300)
        lefts[here] = phases[earlier]
        back = np.einsum("vij,vj->vi", moves[sequences.bin[here]], rights[here])
        smoothed = phases[earlier] * back
        phases[earlier] = smoothed / smoothed.sum(1, keepdims=True)
    return lefts, rights


def _pairs(sequences: Sequences, lefts: Array, rights: Array) -> Array:
    order = np.argsort(sequences.bin, kind="stable")
    bounds = np.searchsorted(sequences.bin[order], np.arange(len(sequences.gaps) + 1))
    pairs = np.zeros((len(sequences.gaps), len(LADDER), len(LADDER)))
    for place, (begin, end) in enumerate(pairwise(bounds)):
        chosen = order[begin:end]
        pairs[place] = lefts[chosen].T @ rights[chosen]
    return pairs


def row_table(model: PhaseModel, categories: Sequence[Category]) -> Array:
    """What a model says of each category [C, 7]."""
    return np.array([row_of(model, category) for category in categories]).reshape(-1, len(LADDER))
