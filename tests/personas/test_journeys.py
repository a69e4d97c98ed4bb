"""A journey is a view of the ladder: nothing is lost, nothing is counted twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.entities import LADDER
from personas.errors import InvalidInput
from personas.journeys import BUILT_IN, DEFAULT, JourneyPhase, make_journey, matrix, view

unhurried = settings(deadline=None)
beliefs = st.lists(st.floats(1e-6, 1.0), min_size=7, max_size=7).map(
    lambda weights: np.array(weights) / sum(weights)
)


@pytest.mark.parametrize("journey", BUILT_IN.values(), ids=lambda journey: journey.id)
def test_every_rung_is_in_exactly_one_phase(journey):
    assert sorted(rung for phase in journey.phases for rung in phase.of) == sorted(LADDER)


@unhurried
@given(beliefs, st.sampled_from(list(BUILT_IN.values())))
def test_a_view_sums_to_one_and_is_the_matrix(ladder, journey):
    seen = view(journey, ladder)
    assert sum(seen.values()) == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(list(seen.values()), ladder @ matrix(journey), atol=1e-15)


@unhurried
@given(beliefs)
def test_the_whole_ladder_is_a_view_of_itself(ladder):
    assert view(BUILT_IN["lifecycle-7"], ladder) == dict(zip(LADDER, ladder, strict=True))


def test_the_classic_journey_has_after_sales_as_its_sixth_phase():
    phases = BUILT_IN[DEFAULT].phases
    assert [phase.id for phase in phases] == [
        "awareness",
        "favorability",
        "consideration",
        "intent",
        "conversion",
        "after-sales",
    ]
    assert phases[-1].of == ("after-sales", "loyalty")


def test_the_buyers_journey_decides_from_intent_on():
    decision = BUILT_IN["buyer-3"].phases[-1]
    assert (decision.id, decision.of) == ("decision", LADDER[3:])


def test_action_holds_conversion_and_all_after_it():
    assert BUILT_IN["aida"].phases[-1].of == LADDER[4:]


def test_a_site_can_have_its_own_journey():
    halves = [JourneyPhase("first", "First", LADDER[:3]), JourneyPhase("last", "Last", LADDER[3:])]
    ladder = np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.03, 0.02])
    assert view(make_journey("own", "Own", halves), ladder)["first"] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("phases", "pointer"),
    [
        ([("a", LADDER)], "/phases"),
        ([("a", LADDER[:3]), ("b", LADDER[4:])], "/phases"),
        ([("a", LADDER[:4]), ("b", LADDER[3:])], "/phases/1/of/0"),
        ([("a", LADDER[:4]), ("b", ("purchase",))], "/phases/1/of/0"),
        ([("a", LADDER[:4]), ("a", LADDER[4:])], "/phases/1/id"),
        ([("", LADDER[:4]), ("b", LADDER[4:])], "/phases/0/id"),
        ([("a", LADDER), ("b", ())], "/phases/1/of"),
    ],
)
def test_a_journey_that_is_no_partition_is_refused_with_a_pointer(phases, pointer):
    with pytest.raises(InvalidInput) as refused:
        make_journey("own", "Own", [JourneyPhase(key, key, tuple(of)) for key, of in phases])
    assert refused.value.pointer == pointer
    assert refused.value.code == "invalid-journey"
