"""Outcomes find their answers, and content that moves visitors on is told from other."""

from __future__ import annotations

import numpy as np
import pytest

from personas.entities import Touchpoint
from personas.feedback import fit_progress, joined, worth_of

DAY = 86_400.0


def answer(name: str = "r1", visitor: str = "anonymous_id:a", at: float = 1000.0) -> dict:
    items = [{"contentId": content, "propensity": 0.5} for content in ("x", "y", "z")]
    return {"recommendationId": name, "visitor": visitor, "at": at, "items": items}


def outcome(event: str, content: str, name: str = "r1") -> dict:
    return {"recommendationId": name, "name": event, "contentId": content}


def test_a_click_is_joined_by_the_answers_id_however_the_event_is_written():
    (shown,) = joined([answer()], [outcome("recommendation_clicked", "y")], {})
    assert shown.taken == (1,)
    assert shown.propensities == (0.5, 0.5, 0.5)


def test_a_dismissal_is_no_click():
    (shown,) = joined([answer()], [outcome("Recommendation Dismissed", "z")], {})
    assert (shown.taken, shown.dismissed) == ((), (2,))


def test_a_view_soon_after_counts_and_one_before_or_long_after_does_not():
    for seconds, taken in ((-1.0, ()), (60.0, (0,)), (2 * DAY, ())):
        views = {("anonymous_id:a", "x"): [(1000.0 + seconds, None)]}
        (shown,) = joined([answer()], [], views)
        assert shown.taken == taken


def test_a_click_is_worth_what_was_read_of_it():
    clicked = outcome("Recommendation Clicked", "x")
    looks = {
        None: 1.0,  # nothing was measured
        (2.0, None): 2 / 12,
        (90.0, None): 0.9,
        (2.0, 0.95): 0.95,
    }
    for measured, worth in looks.items():
        dwell, completion = measured or (None, None)
        view = Touchpoint(1010.0, 1, "page", content="x", dwell=dwell, completion=completion)
        views = {("anonymous_id:a", "x"): [(1005.0, None), (1010.0, worth_of(view))]}
        (shown,) = joined([answer()], [clicked], views)
        assert shown.worth == pytest.approx((worth,))


def test_outcomes_of_another_answer_do_not_count():
    (shown,) = joined([answer()], [outcome("Recommendation Clicked", "x", "r2")], {})
    assert shown.taken == ()


def test_answers_come_in_the_order_of_time():
    both = joined([answer("late", at=5.0), answer("early", at=1.0)], [], {})
    assert [shown.recommendation for shown in both] == ["early", "late"]


def test_content_after_which_visitors_move_on_gains():
    random = np.random.default_rng(0)
    types = random.integers(0, 2, 4000)
    ladders = np.tile(np.eye(7)[2], (4000, 1))
    moved = random.random(4000) < np.where(types == 0, 0.2, 0.05)
    gains = fit_progress(types, ladders, moved, 3)
    assert gains[2, 0] > 0.3
    assert gains[2, 1] < 0
    assert abs(gains[2, 2]) < 1e-12, "what nobody viewed stays at the usual"


def test_few_views_say_little():
    many = np.concatenate([np.zeros(2, np.intp), np.ones(1000, np.intp)])
    beliefs = np.tile(np.eye(7)[2], (1002, 1))
    moved = np.zeros(1002, bool)
    moved[:2] = True
    moved[2::20] = True
    gains = fit_progress(many, beliefs, moved, 2)
    assert 0 < gains[2, 0] < 1.0
