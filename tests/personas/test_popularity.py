"""Views fade with their half-lives, in event time, whatever order they come in."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from personas.popularity import FOREVER, HALF_LIVES, HOUR, LAST, ROWS, SOON, Popularity

VIEW = st.tuples(st.integers(0, 9), st.floats(0, 90 * 24 * HOUR))


def brute_force(views: list[tuple[int, float]], moment: float, items: int) -> np.ndarray:
    counts, last = np.zeros((ROWS, items)), np.full(items, -np.inf)
    for item, time in views:
        if time <= moment:
            for row, half_life in enumerate(HALF_LIVES):
                counts[row, item] += 0.5 ** ((moment - time) / half_life)
            counts[FOREVER, item] += 1
            last[item] = max(last[item], time)
    counts[LAST] = SOON / (SOON + moment - last)
    return counts


def counted(views: list[tuple[int, float]], most_recent: int = 50_000) -> Popularity:
    popularity = Popularity(most_recent)
    for item, time in views:
        popularity.add(item, time)
    return popularity


@given(st.lists(VIEW, min_size=1, max_size=60), st.floats(0, 200 * 24 * HOUR))
def test_counts_are_those_of_the_definition_at_any_moment(views, moment):
    popularity = counted(views)
    expected = brute_force(views, moment, popularity.items)
    assert np.allclose(popularity.at(moment), expected, rtol=1e-6, atol=1e-9)


@given(st.lists(VIEW, min_size=1, max_size=40), st.randoms())
def test_order_of_arrival_does_not_matter(views, random):
    shuffled = list(views)
    random.shuffle(shuffled)
    moment = max(time for _, time in views) + 1.0
    assert np.allclose(counted(views).at(moment), counted(shuffled).at(moment), rtol=1e-6)


def test_nothing_was_viewed_before_anything_was():
    assert Popularity().at(0.0).shape == (ROWS, 0)


def test_old_views_stay_counted_when_they_are_no_longer_kept_one_by_one():
    views = [(k % 3, float(k)) for k in range(100)]
    few, all_kept = counted(views, most_recent=10), counted(views)
    assert np.allclose(few.at(200.0), all_kept.at(200.0))


def test_a_clock_that_runs_for_years_does_not_overflow():
    popularity = counted([(0, 0.0), (1, 50 * 365 * 24 * HOUR)])
    counts = popularity.at(60 * 365 * 24 * HOUR)
    assert np.isfinite(counts).all()
    assert counts[FOREVER].tolist() == [1.0, 1.0]
