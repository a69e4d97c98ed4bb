"""What is seen together counts at once, is bounded, and does not mind how it is asked."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.covisits import ENOUGH, FADE, KEPT, REACH, SMOOTHING, WORTH, CoVisits

VISITS = st.lists(st.lists(st.integers(0, 8), max_size=8, unique=True), max_size=12)


def counted(visits: list[list[int]]) -> CoVisits:
    found = CoVisits()
    for visit in visits:
        for place, item in enumerate(visit):
            found.add(visit[:place], item)
    return found


@given(VISITS)
def test_shares_are_those_of_counting_all_pairs(visits):
    pairs: Counter[tuple[int, int]] = Counter()
    for visit in visits:
        for place, item in enumerate(visit):
            for other in range(max(place - REACH, 0), place):
                worth = FADE ** (place - 1 - other)
                pairs[visit[other], item] += worth
                pairs[item, visit[other]] += worth
    found = counted(visits)
    for item in range(9):
        total = sum(count for (one, _), count in pairs.items() if one == item) + SMOOTHING
        numbers, shares = found.of(item)
        assert dict(zip(numbers.tolist(), shares, strict=True)) == pytest.approx(
            {other: count / total for (one, other), count in pairs.items() if one == item}
        )


@given(VISITS, st.lists(st.integers(0, 8), max_size=6, unique=True))
def test_scores_add_up_what_was_seen_last(visits, seen):
    found = counted(visits)
    expected = np.zeros(9)
    for item, worth in zip(seen[::-1], WORTH, strict=False):
        numbers, shares = found.of(item)
        expected[numbers] += worth * shares
    assert np.allclose(found.scores(seen, 9), expected)


def test_the_next_question_knows_the_last_event():
    found = counted([[0, 1]] * 3)
    before = found.scores([0], 3)
    found.add([0], 2)
    after = found.scores([0], 3)
    assert (before[2], after[2] > 0) == (0.0, True)


def test_many_companions_and_long_histories_stay_bounded():
    found = CoVisits()
    for number in range(1, 2000):
        found.add([0], number)
    numbers, shares = found.of(0)
    assert len(numbers) <= 2 * KEPT
    assert shares.sum() < 1
    for _ in range(int(2 * ENOUGH)):
        found.add([0], 1)
    assert found.of(0)[1].max() > 0.8, "the newer counts more"
