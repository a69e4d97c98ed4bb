"""Personas are known again: by members and by parameters, and what became of the others is told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.lineage import Event, profile_likeness, told, trace

unhurried = settings(deadline=None)


def hard(labels, count):
    return np.eye(count)[np.asarray(labels)]


@unhurried
@given(st.permutations(range(4)), st.integers(0, 99))
def test_personas_in_another_order_are_the_same(order, seed):
    labels = np.concatenate([np.arange(4), np.random.default_rng(seed).integers(0, 4, 60)])
    before, after = hard(labels, 4), hard(labels, 4)[:, list(order)]
    lineage = trace(before, after)
    assert lineage.heirs == dict(enumerate(order))
    assert (lineage.events, lineage.moved) == ((), 0.0)


def test_who_moved_is_counted():
    before, after = [0] * 50 + [1] * 50, [0] * 40 + [1] * 60
    assert trace(hard(before, 2), hard(after, 2)).moved == pytest.approx(0.1)


def test_a_persona_that_is_cut_in_two_keeps_its_id_in_the_larger_half():
    before, after = [0] * 50 + [1] * 50, [0] * 50 + [1] * 35 + [2] * 15
    lineage = trace(hard(before, 2), hard(after, 3))
    assert lineage.heirs == {0: 0, 1: 1}
    assert lineage.events == (Event("split", 2, 1),)


def test_two_personas_that_become_one_keep_the_id_of_the_larger():
    before, after = [0] * 50 + [1] * 35 + [2] * 15, [0] * 50 + [1] * 50
    lineage = trace(hard(before, 3), hard(after, 2))
    assert lineage.heirs == {0: 0, 1: 1}
    assert lineage.events == (Event("merged", 2, 1),)


def test_a_persona_out_of_many_is_new():
    before = [0] * 40 + [1] * 40 + [2] * 40
    after = [3] * 10 + [0] * 30 + [3] * 10 + [1] * 30 + [3] * 10 + [2] * 30
    lineage = trace(hard(before, 3), hard(after, 4))
    assert lineage.events == (Event("born", 3),)


def test_people_decide_against_the_members():
    labels = [0] * 50 + [1] * 50
    lineage = trace(hard(labels, 2), hard(labels, 2), fixed={0: 1})
    assert lineage.heirs[0] == 1


def test_parameters_decide_where_members_do_not():
    rng = np.random.default_rng(0)
    profiles = rng.normal(size=(200, 3))
    even = np.full((200, 3), 1 / 3)
    likeness = profile_likeness(profiles, profiles[:, [2, 0, 1]])
    assert trace(even, even, likeness).heirs == {0: 2, 1: 0, 2: 1}


def test_what_happened_is_told_in_words():
    before, after = [0] * 50 + [1] * 50, [0] * 50 + [1] * 35 + [2] * 15
    lineage = trace(hard(before, 2), hard(after, 3))
    assert told(lineage, ["Savers", "Builders"], ["Savers", "Builders", "Planners"]) == (
        "“Planners” split off from “Builders”.",
        "2 personas stayed the same.",
        "15% of the visitors moved to another persona.",
    )


def test_without_visitors_nobody_moved():
    assert trace(np.zeros((0, 2)), np.zeros((0, 2))).moved == 0.0
