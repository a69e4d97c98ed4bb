"""The evidence of a belief adds up to it, and is in words for people."""

from __future__ import annotations

from dataclasses import replace
from math import log, log1p

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.entities import Older, TraitChange
from personas.journeys import BUILT_IN
from personas.phases import MOST_ITEMS, believe, ladder_at
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
