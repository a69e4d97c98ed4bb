"""Counts of journeys: they add up, whatever was counted, and agree with looking at every path."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.entities import LADDER, Array, History, Touchpoint
from personas.journey_counts import JourneyCounts, Walk, walk, week_of
from personas.phase_model import ladder_of
from personas.phases import (
    ladder_at,
    likelihood_of,
    predict,
    said_by,
    steps_of,
)
from tests.personas.phase_cases import DAY, TWO_WAYS, unhurried

NAMES = ("page", "Pricing Viewed", "Order Completed", "Error Shown", "Survey Answered")
MODEL = TWO_WAYS
BEGAN = 1_770_000_000.0


@st.composite
def histories(draw: st.DrawFn) -> History:
    times = sorted(draw(st.lists(st.integers(0, 40 * 86400), max_size=6, unique=True)))
    touchpoints = tuple(
        Touchpoint(
            BEGAN + time,
            number,
            draw(st.sampled_from(NAMES)),
            channel=draw(st.sampled_from(["search", "email", "direct"])),
            dwell=draw(st.sampled_from([None, 4.0, 90.0])),
            rating=draw(st.sampled_from([None, 0.0, 0.7, 1.0])),
        )
        for number, time in enumerate(times)
    )
    return History(touchpoints)


def walked(history: History, at: float = BEGAN + 50 * DAY) -> Walk:
    return walk(MODEL, history, {}, at, {})


def counted(walks: list[Walk], memberships: Array) -> JourneyCounts:
    counts = JourneyCounts(memberships.shape[1])
    counts.add(walks, memberships)
    return counts


@unhurried
@given(histories())
def test_a_walk_believes_what_the_filter_believes(history: History) -> None:
    found = walked(history)
    for touchpoint, ladder in zip(history.touchpoints, found.ladders, strict=True):
        expected = ladder_at(MODEL, history, {}, touchpoint.time, {})
        assert ladder == pytest.approx(expected, abs=1e-6)
    assert found.now == pytest.approx(ladder_at(MODEL, history, {}, BEGAN + 50 * DAY, {}), abs=1e-6)


@unhurried
@given(histories())
def test_every_touchpoint_is_an_entry_or_the_end_of_a_move(history: History) -> None:
    found = walked(history)
    entered = found.ladders[0] if found.steps else np.zeros(7)
    assert entered + found.moves.sum(0) == pytest.approx(found.ladders.sum(0), abs=1e-6)


def test_how_far_a_visitor_came_agrees_with_looking_at_every_path() -> None:
    names = ("page", "Pricing Viewed", "page")
    history = History(
        tuple(Touchpoint(BEGAN + 3 * DAY * k, k, name) for k, name in enumerate(names))
    )
    steps = list(steps_of(history, {}, BEGAN + 50 * DAY, {}))
    seen = likelihood_of(said_by(MODEL, steps))
    move = predict(MODEL, np.eye(len(MODEL.prior)), 3 * DAY)
    reached, whole = np.zeros(7), 0.0
    for path in product(range(len(MODEL.prior)), repeat=3):
        one, two, three = path
        chance = MODEL.prior[one] * seen[0, one] * move[one, two] * seen[1, two]
        chance *= move[two, three] * seen[2, three]
        whole += chance
        reached[: max(state % 7 for state in path) + 1] += chance
    assert walked(history).reached == pytest.approx(reached / whole, abs=1e-9)


@unhurried
@given(st.lists(histories(), min_size=1, max_size=4), st.integers(1, 3), st.integers(0, 9))
def test_the_counts_of_personas_add_up_to_those_of_all(
    each: list[History], personas: int, seed: int
) -> None:
    walks = [walked(history) for history in each]
    memberships = np.random.default_rng(seed).dirichlet(np.ones(personas), len(walks))
    split, whole = counted(walks, memberships), counted(walks, np.ones((len(walks), 1)))
    assert split.visitors.sum() == pytest.approx(len(walks))
    assert split.now.sum() == pytest.approx(len(walks))
    for name in ("now", "reached", "entered", "moves"):
        assert getattr(split, name).sum(0) == pytest.approx(getattr(whole, name)[0], abs=1e-9)
    for measure, told in split.measures.items():
        assert told.sum(0) == pytest.approx(whole.measures[measure][0], abs=1e-9)
    steps = [step for one in walks for step in one.steps]
    for dimension, number in (
        ("event", len(steps)),
        ("channel", sum(step.opens_visit for step in steps)),
    ):
        rows = split.tables[dimension].values()
        assert sum(row.sum() for row in rows) == pytest.approx(number)


@unhurried
@given(st.lists(histories(), min_size=2, max_size=4))
def test_counting_some_and_then_others_is_counting_all(each: list[History]) -> None:
    walks = [walked(history) for history in each]
    ones = np.ones((len(walks), 1))
    both, whole = JourneyCounts(1), counted(walks, ones)
    both.add(walks[:1], ones[:1])
    both.add(walks[1:], ones[1:])
    assert both.now == pytest.approx(whole.now)
    assert both.weeks.keys() == whole.weeks.keys()
    for week, told in whole.weeks.items():
        assert both.weeks[week] == pytest.approx(told)
    assert both.tables.keys() == whole.tables.keys()


def test_who_comes_twice_in_a_week_counts_once_in_it() -> None:
    monday = week_of(BEGAN)
    times = (monday, monday + DAY, monday + 6 * DAY, monday + 7 * DAY)
    history = History(tuple(Touchpoint(time, k, "page") for k, time in enumerate(times)))
    weeks = counted([walked(history)], np.ones((1, 1))).weeks
    assert {week: told.sum() for week, told in weeks.items()} == pytest.approx(
        {monday: 1.0, monday + 7 * DAY: 1.0}
    )
    expected = ladder_at(MODEL, history, {}, monday + 6 * DAY, {})
    assert weeks[monday][0] == pytest.approx(expected, abs=1e-6)


def test_experience_is_measured_where_it_was_made() -> None:
    history = History(
        (
            Touchpoint(BEGAN, 1, "page", dwell=20.0),
            Touchpoint(BEGAN + 60, 2, "Error Shown"),
            Touchpoint(BEGAN + 90, 3, "Survey Answered", rating=1.0),
            Touchpoint(BEGAN + 95, 4, "Survey Answered", rating=0.3),
        )
    )
    told = {
        name: each.sum()
        for name, each in counted([walked(history)], np.ones((1, 1))).measures.items()
    }
    assert told == pytest.approx(
        {
            "rated": 2,
            "rating": 1.3,
            "promoters": 1,
            "detractors": 1,
            "dwelt": 1,
            "dwell": 20,
            "friction": 1,
        }
    )


def test_nobody_who_did_nothing_has_come_anywhere() -> None:
    found = walked(History())
    assert found.reached.tolist() == [0.0] * len(LADDER)
    assert found.now == pytest.approx(ladder_of(MODEL.prior))
