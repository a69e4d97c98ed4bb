"""A history, step by step: each touchpoint in its visit."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from personas import phase_prior
from personas.entities import ContentFacts, History, Touchpoint, TraitValue
from personas.phase_model import Category, Observed, category_of
from personas.phase_signs import traits_told
from personas.phase_tables import Shown

VISIT_GAP = 1800.0  # seconds without a touchpoint that end a visit
MANY = frozenset({1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64})
COUNT, TIME = "count:", "time:"
LONG = (10, 30, 60, 120, 300, 600, 1200, 2400)  # seconds


@dataclass(frozen=True, slots=True)
class Step(Observed):
    """One touchpoint in its place: how long after the one before, and what came with it."""

    gap: float | None  # seconds; None for the very first
    before: Shown  # what the visit had reached: so many of a sort, so long with them
    reached: Shown  # the same with this touchpoint; the very same where it added nothing
    traits: Mapping[str, TraitValue]  # of the visitor


def steps_of(
    history: History,
    facts: Mapping[str, ContentFacts],
    at: float,
    mapping: Mapping[str, str],
) -> Iterator[Step]:
    """The touchpoints up to `at` in the order of time.

    A touchpoint repeats one of the same visit with the same name and content. Of a visit that a
    summary cuts, what it reached is not told any more. `mapping` is of `plain_mapping`.
    """
    older = history.older if history.older is not None and history.older.last <= at else None
    last = None if older is None else older.last
    visit = {} if older is None else {(name, content): n for name, content, n in older.visit}
    orders = 0 if older is None else older.orders
    traits = traits_told(history.traits, at)
    sorts: dict[str, tuple[int, float]] = {}
    reached: Shown = {}
    cut = older is not None
    for touchpoint in sorted(history.touchpoints, key=_order):
        if touchpoint.time > at:
            return
        gap = None if last is None else touchpoint.time - last
        opens = gap is None or gap > VISIT_GAP
        if opens:
            visit.clear()
            sorts.clear()
            reached, cut = {}, False
        fact = facts.get(touchpoint.content) if touchpoint.content is not None else None
        same = (touchpoint.name, touchpoint.content)
        category = category_of(touchpoint, fact, mapping, orders)
        repeats = visit.get(same, 0)
        before = reached
        if not cut:
            reached = _further(reached, sorts, _sort(category), touchpoint.dwell or 0.0)
        yield Step(touchpoint, fact, category, repeats, opens, gap, before, reached, traits)
        visit[same] = repeats + 1
        orders += category[1] in phase_prior.ANCHORS
        last = touchpoint.time if last is None else max(last, touchpoint.time)


def _further(
    reached: Shown, sorts: dict[str, tuple[int, float]], sort: str, seconds: float
) -> Shown:
    """What a visit has reached with one more of a sort."""
    count, before = sorts.get(sort, (0, 0.0))
    sorts[sort] = count + 1, before + seconds
    marks = {}
    if count + 1 in MANY:
        marks[COUNT + sort] = str(count + 1)
    length = bisect_right(LONG, before + seconds)
    if length > bisect_right(LONG, before):
        marks[TIME + sort] = str(LONG[length - 1])
    return {**reached, **marks} if marks else reached


def _sort(category: Category) -> str:
    return category[2] or category[1]


def _order(touchpoint: Touchpoint) -> tuple[float, int]:
    return touchpoint.time, touchpoint.message
