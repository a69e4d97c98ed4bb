"""A history, step by step: each touchpoint in its visit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from personas import phase_prior
from personas.entities import ContentFacts, History, Touchpoint
from personas.phase_model import Category, category_of
from personas.phase_signs import Sign

VISIT_GAP = 1800.0  # seconds without a touchpoint that end a visit
MANY = frozenset({1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64})
LONG = (10, 30, 60, 120, 300, 600, 1200, 2400)  # seconds


@dataclass(frozen=True, slots=True)
class Step:
    """One touchpoint in its place: how long after the one before, and what it is."""

    touchpoint: Touchpoint
    fact: ContentFacts | None
    category: Category
    gap: float | None  # seconds; None for the very first
    repeats: int  # how often the same came before in the visit
    opens_visit: bool
    count: int  # the how manieth of its sort in the visit
    seconds: tuple[float, float]  # spent in the visit on its sort, before and after it


def steps_of(
    history: History,
    facts: Mapping[str, ContentFacts],
    at: float,
    mapping: Mapping[str, str],
) -> Iterator[Step]:
    """The touchpoints up to `at` in the order of time.

    A touchpoint repeats one of the same visit with the same name and content. Of a visit that a
    summary cuts, how many and how long begins anew. `mapping` is of
    `plain_mapping`.
    """
    older = history.older if history.older is not None and history.older.last <= at else None
    last = None if older is None else older.last
    visit = {} if older is None else {(name, content): n for name, content, n in older.visit}
    orders = 0 if older is None else older.orders
    sorts: dict[str, tuple[int, float]] = {}
    for touchpoint in sorted(history.touchpoints, key=_order):
        if touchpoint.time > at:
            return
        gap = None if last is None else touchpoint.time - last
        opens = gap is None or gap > VISIT_GAP
        if opens:
            visit.clear()
            sorts.clear()
        fact = facts.get(touchpoint.content) if touchpoint.content is not None else None
        same = (touchpoint.name, touchpoint.content)
        category = category_of(touchpoint, fact, mapping, orders)
        count, before = sorts.get(_sort(category), (0, 0.0))
        seconds = before, before + (touchpoint.dwell or 0.0)
        repeats = visit.get(same, 0)
        yield Step(touchpoint, fact, category, gap, repeats, opens, count + 1, seconds)
        sorts[_sort(category)] = count + 1, seconds[1]
        visit[same] = repeats + 1
        orders += category[1] in phase_prior.ANCHORS
        last = touchpoint.time if last is None else max(last, touchpoint.time)


def marks_of(step: Step) -> Iterator[Sign]:
    """What a visit reaches with a step: so many of a sort, so long with them."""
    if step.count in MANY:
        yield f"count:{_sort(step.category)}", str(step.count)
    before, after = step.seconds
    for seconds in LONG:
        if before < seconds <= after:
            yield f"time:{_sort(step.category)}", str(seconds)


def _sort(category: Category) -> str:
    return category[2] or category[1]


def _order(touchpoint: Touchpoint) -> tuple[float, int]:
    return touchpoint.time, touchpoint.message
