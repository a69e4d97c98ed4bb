"""Histories as arrays: what the learning of phases reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import log

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from personas import phase_prior
from personas.entities import CHANNELS, LADDER, Array, ContentFacts, History, TraitValue
from personas.phase_model import (
    LEAST_SECONDS,
    SECONDS_PER_DAY,
    Category,
    closeness,
    ladder_of,
    tag_logs,
    tag_weight,
)
from personas.phase_signs import (
    Sign,
    cuts_of,
    sign_of_trait,
    signs_of_touchpoint,
    traits_told,
)
from personas.phase_steps import Step, steps_of
from personas.phases import LEAST_BELIEF
from personas.vocabulary import plain_mapping

Integers = NDArray[np.int64]

GAP_BINS = 96  # log-spaced: a gap is then wrong by at most a tenth
SHORTEST, LONGEST = 1.0, 20 * 365.25 * SECONDS_PER_DAY
MOST_TOUCHPOINTS = 500  # of one visitor; more is a robot, or its youngest part is enough
MOST_CATEGORIES = 400
MOST_VALUES = 60  # of one family of signs
REPEATS = len(phase_prior.MEANT)
_CHANNEL = {channel: index for index, channel in enumerate(CHANNELS)}


@dataclass(frozen=True)
class Sequences:
    """Touchpoints of V visitors, one visitor after the other; E touchpoints, C categories.

    Attributes:
        category: index into `categories` [E].
        repeats: how often the same came before in the visit, 3 at most [E].
        dwell: logarithm of seconds, nan where unknown [E].
        closeness: 0-1, nan where unknown [E].
        rating: 0-1, nan where none was given [E].
        channel: index of a visit's channel, -1 within a visit [E].
        item: index into `tags`, -1 where no content's tag counts [E].
        tags: logarithm of contents' phase tags [X, 7], and how much of the tag's weight each has
            in `tag_shares` [X].
        bin: of the gap before; bin 0 is no gap [E].
        gaps: days that stand for each bin [B].
        bounds: where each visitor's touchpoints begin, and the end of the last [V + 1].
        begins: ladder before the first touchpoint, where older ones are summed up; else nan [V, 7].
        counts: how often each visitor showed each sign [V, T].
    """

    categories: tuple[Category, ...]
    category: Integers
    repeats: Integers
    dwell: Array
    closeness: Array
    rating: Array
    channel: Integers
    item: Integers
    tags: Array
    tag_shares: Array
    bin: Integers
    gaps: Array
    bounds: Integers
    begins: Array
    signs: tuple[Sign, ...]
    counts: csr_array
    cuts: Mapping[str, tuple[float, ...]]

    @property
    def size(self) -> int:
        return len(self.category)

    @cached_property
    def frequency(self) -> Array:
        """Touchpoints of each category [C]."""
        counts = np.bincount(self.category, minlength=len(self.categories))
        return counts.astype(np.float64)

    @cached_property
    def tagged(self) -> tuple[Integers, Integers, Array]:
        """Categories and the contents' tags that came with them, and how often."""
        items = max(len(self.tags), 1)
        chosen = self.item >= 0
        together = self.category[chosen] * items + self.item[chosen]
        found, counts = np.unique(together, return_counts=True)
        return found // items, found % items, counts.astype(np.float64)

    @property
    def visitors(self) -> int:
        return len(self.bounds) - 1

    @property
    def lengths(self) -> Integers:
        return np.diff(self.bounds)


@dataclass
class _Columns:
    """Lists that grow touchpoint by touchpoint."""

    category: list[Category] = field(default_factory=list)
    repeats: list[int] = field(default_factory=list)
    dwell: list[float] = field(default_factory=list)
    closeness: list[float] = field(default_factory=list)
    rating: list[float] = field(default_factory=list)
    channel: list[int] = field(default_factory=list)
    item: list[int] = field(default_factory=list)
    gap: list[float] = field(default_factory=list)
    items: dict[tuple[int, float], int] = field(default_factory=dict)
    tags: list[Array] = field(default_factory=list)
    tag_shares: list[float] = field(default_factory=list)

    def add(self, step: Step) -> None:
        touchpoint = step.touchpoint
        looked = closeness(touchpoint)
        self.category.append(step.category)
        self.repeats.append(0 if step.category[3] else min(step.repeats, REPEATS - 1))
        self.dwell.append(_log_seconds(touchpoint.dwell))
        self.closeness.append(np.nan if looked is None else looked)
        self.rating.append(np.nan if touchpoint.rating is None else touchpoint.rating)
        self.channel.append(_channel(step))
        self.item.append(self._item(step))
        self.gap.append(step.gap or 0.0)

    def _item(self, step: Step) -> int:
        share = tag_weight(1.0, step.fact, step.category)
        if not share or step.fact is None:
            return -1
        key = id(step.fact), share
        place = self.items.get(key)
        if place is None:
            place = self.items[key] = len(self.tags)
            self.tags.append(tag_logs(step.fact.phases))
            self.tag_shares.append(share)
        return place


def encode(
    histories: Sequence[History],
    facts: Mapping[str, ContentFacts],
    mapping: Mapping[str, str],
    rare: int = 0,
) -> Sequences:
    """Histories as arrays; those without touchpoints are left out.

    Args:
        facts: by content id or URL.
        mapping: the site's own event names.
        rare: categories and signs with fewer touchpoints are pooled by kind, or left out.
    """
    plain = plain_mapping(mapping)
    columns, bounds, begins = _Columns(), [0], []
    shown: list[Counter[Sign]] = []
    told: list[dict[str, TraitValue]] = []
    for history in histories:
        steps = list(steps_of(history, facts, np.inf, plain))
        if not steps:
            continue
        seen: Counter[Sign] = Counter()
        for step in steps[-MOST_TOUCHPOINTS:]:
            columns.add(step)
            seen.update(signs_of_touchpoint(step.touchpoint, step.fact, step.opens_visit))
        bounds.append(len(columns.category))
        begins.append(_begin(history, len(steps)))
        shown.append(seen)
        told.append(traits_told(history.traits, np.inf))
    cuts = _cuts(told)
    for seen, traits in zip(shown, told, strict=True):
        seen.update(sign_of_trait(name, value, cuts) for name, value in traits.items())
    return _sequences(columns, bounds, begins, shown, cuts, rare)


def _sequences(
    columns: _Columns,
    bounds: list[int],
    begins: list[Array],
    shown: list[Counter[Sign]],
    cuts: Mapping[str, tuple[float, ...]],
    rare: int,
) -> Sequences:
    categories, index = _categories(columns.category, rare)
    gaps, bins = _binned(np.array(columns.gap))
    signs, counts = _counted(shown, rare)
    return Sequences(
        categories=categories,
        category=index,
        repeats=np.array(columns.repeats, np.int64),
        dwell=np.array(columns.dwell),
        closeness=np.array(columns.closeness),
        rating=np.array(columns.rating),
        channel=np.array(columns.channel, np.int64),
        item=np.array(columns.item, np.int64),
        tags=np.array(columns.tags).reshape(-1, len(LADDER)),
        tag_shares=np.array(columns.tag_shares),
        bin=bins,
        gaps=gaps,
        bounds=np.array(bounds, np.int64),
        begins=np.array(begins).reshape(-1, len(LADDER)),
        signs=signs,
        counts=counts,
        cuts=cuts,
    )


def _log_seconds(dwell: float | None) -> float:
    return np.nan if dwell is None else log(max(dwell, LEAST_SECONDS))


def _channel(step: Step) -> int:
    return _CHANNEL.get(step.touchpoint.channel, len(CHANNELS) - 1) if step.opens_visit else -1


def _begin(history: History, length: int) -> Array:
    if length > MOST_TOUCHPOINTS:  # nobody knows where its youngest part began
        return np.full(len(LADDER), 1.0 / len(LADDER))
    older = history.older
    if older is None or not older.phases or len(older.phases) % len(LADDER):
        return np.full(len(LADDER), np.nan)
    return np.maximum(ladder_of(np.asarray(older.phases, np.float64)), LEAST_BELIEF)


def _categories(seen: Sequence[Category], rare: int) -> tuple[tuple[Category, ...], Integers]:
    counts = Counter(seen)
    kept = {category for category, count in counts.most_common(MOST_CATEGORIES) if count >= rare}
    stands = {category: category if category in kept else pool_of(category) for category in counts}
    categories = tuple(sorted(set(stands.values())))
    place = {category: index for index, category in enumerate(categories)}
    index = {category: place[pooled] for category, pooled in stands.items()}
    return categories, np.array([index[category] for category in seen], np.int64)


def pool_of(category: Category) -> Category:
    """The category that stands for all rare ones of a kind."""
    return category[0], "", "", ""


def _binned(seconds: Array) -> tuple[Array, Integers]:
    """Days that stand for each bin that occurs, and the bin of each gap; bin 0 is no gap."""
    edges = np.geomspace(SHORTEST, LONGEST, GAP_BINS)
    bins = np.searchsorted(edges, seconds, side="right")
    sums = np.bincount(bins, seconds, minlength=GAP_BINS + 1)
    counts = np.bincount(bins, minlength=GAP_BINS + 1)
    occurs = np.union1d([0], bins)
    gaps = sums[occurs] / np.maximum(counts[occurs], 1) / SECONDS_PER_DAY
    gaps[0] = 0.0
    return gaps, np.searchsorted(occurs, bins).astype(np.int64)


# --- signs ----------------------------------------------------------------------------------------


def _cuts(told: Iterable[Mapping[str, TraitValue]]) -> dict[str, tuple[float, ...]]:
    numbers: dict[str, list[float]] = {}
    for traits in told:
        for name, value in traits.items():
            if not isinstance(value, bool | str):
                numbers.setdefault(name, []).append(float(value))
    return {name: cuts_of(values) for name, values in numbers.items()}


def _counted(shown: Sequence[Counter[Sign]], rare: int) -> tuple[tuple[Sign, ...], csr_array]:
    """The signs that tell something, and how often each visitor showed each."""
    totals: Counter[Sign] = Counter()
    for seen in shown:
        totals.update(seen)
    families: dict[str, list[Sign]] = {}
    for sign, count in totals.most_common():
        if count >= max(rare, 2):
            families.setdefault(sign[0], []).append(sign)
    kept = [
        sign for values in families.values() if len(values) > 1 for sign in values[:MOST_VALUES]
    ]
    signs = tuple(sorted(kept))
    place = {sign: index for index, sign in enumerate(signs)}
    rows, columns, counts = [], [], []
    for visitor, seen in enumerate(shown):
        for sign, count in seen.items():
            if sign in place:
                rows.append(visitor)
                columns.append(place[sign])
                counts.append(float(count))
    shape = len(shown), len(signs)
    return signs, csr_array((counts, (rows, columns)), shape=shape)
