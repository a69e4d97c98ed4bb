"""The evidence of a belief adds up to it, and is in words for people."""

from __future__ import annotations

from dataclasses import replace
from math import log, log1p

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.entities import LADDER, Older, TraitChange
from personas.journeys import BUILT_IN
from personas.phases import MOST_ITEMS, belief_at, believe, ladder_at, ladder_of, predict
from tests.personas.phase_cases import DAY, FACTS, MODEL, MODELS, TWO_WAYS, happened, histories


@MODELS
@settings(max_examples=60, deadline=None)
@given(histories, st.floats(0, 500 * DAY), st.sampled_from(list(BUILT_IN.values())))
def test_evidence_adds_up_to_the_answer(model, history, at, journey):
    belief = believe(model, history, FACTS, at, journey)
    told = belief.prior_log_odds + sum(item.log_odds for item in belief.evidence)
    assert told == pytest.approx(log(belief.probability) - log1p(-belief.probability), abs=1e-9)
    assert belief.probability == max(belief.distribution.values())
    assert sum(belief.distribution.values()) == pytest.approx(1.0)
    np.testing.assert_array_equal(belief.ladder, ladder_at(model, history, FACTS, at, {}))
    assert len(belief.evidence) <= MOST_ITEMS


def test_evidence_adds_up_from_a_summary_too():
    older = Older(9, 0.0, 3 * DAY, (0.1, 0.1, 0.1, 0.1, 0.2, 0.2, 0.2))
    history = replace(happened(("Logged In", 5)), older=older)
    belief = believe(MODEL, history, {}, 9 * DAY)
    told = belief.prior_log_odds + sum(item.log_odds for item in belief.evidence)
    assert told == pytest.approx(log(belief.probability / (1 - belief.probability)), abs=1e-9)
    assert belief.evidence[0].text == "9 earlier touchpoints"


def test_evidence_is_in_words_for_people():
    belief = believe(MODEL, happened(("page", 0), ("Pricing Viewed", 9)), {}, 9 * DAY)
    assert [item.text for item in belief.evidence] == [
        "Viewed a page",
        "nine days without a visit",
        "Viewed pricing",
    ]


def test_what_is_known_about_the_visitor_is_an_item_of_its_own():
    history = replace(happened(("page", 0)), traits=(TraitChange(0.0, 1, "size", 12.0),))
    belief = believe(TWO_WAYS, history, {}, DAY)
    assert belief.evidence[0].text == "What is known about the visitor"


@MODELS
@settings(max_examples=40, deadline=None)
@given(st.floats(0.5, 200), st.floats(0.5, 200))
def test_what_time_did_is_what_the_moves_alone_did(model, days, silence):
    """Two items: the time between two touchpoints, and the silence since the last one."""
    history = happened(("Product Added", 0), ("Product Added", days))
    at = (days + silence) * DAY
    belief = believe(model, history, {}, at, BUILT_IN["lifecycle-7"])
    told = {item.time: item.log_odds for item in belief.evidence if item.what == "time"}
    rung = LADDER.index(belief.id)

    def odds(ladder) -> float:
        return log(ladder[rung]) - log1p(-ladder[rung])

    before, just_before, last = (
        belief_at(model, history, {}, moment, {})
        for moment in (0.0, np.nextafter(days * DAY, 0), days * DAY)
    )
    moved = predict(model, before, days * DAY)
    np.testing.assert_allclose(ladder_of(moved), ladder_of(just_before), atol=1e-6)
    expected = {
        history.touchpoints[1].time: odds(ladder_of(moved)) - odds(ladder_of(before)),
        at: odds(ladder_of(predict(model, last, silence * DAY))) - odds(ladder_of(last)),
    }
    for moment, log_odds in told.items():
        assert log_odds == pytest.approx(expected[moment], abs=1e-6)
    assert at in told
    assert "without a visit" in belief.evidence[-1].text
