"""What else foretells orders is learned where it does so, and told like any other evidence."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from personas.entities import History, Touchpoint, TraitChange
from personas.phase_leanings import lean, visits_of
from personas.phase_learning import PhaseEstimator
from personas.phase_model import PhaseModel
from personas.phase_steps import steps_of
from personas.phase_tables import Scales, taken_apart
from personas.phases import believe, ladder_at, summary_of
from tests.personas.phase_cases import DAY, MODEL


def shopper(rng: np.random.Generator, decides_by: str) -> History:
    """One visit; who orders either looks at many products in it and came by a campaign, or is
    decided by nothing that could be seen."""
    keen = bool(rng.random() < 0.3)
    length = int(rng.poisson(9 if keen else 4)) + 1
    source = "campaign" if rng.random() < (0.7 if keen else 0.3) else "other"
    touchpoints = [
        Touchpoint(30.0 * n, n, "Product Viewed", content=f"/p/{rng.integers(99)}", dwell=30.0)
        for n in range(length)
    ]
    orders = keen if decides_by == "visit" else bool(rng.random() < 0.3)
    if orders and rng.random() < 0.8:
        touchpoints.append(Touchpoint(30.0 * length, length, "Order Completed"))
    return History(tuple(touchpoints), (TraitChange(0.0, 999, "source", source),))


def crowd(seed: int, decides_by: str, count: int = 1200) -> list[History]:
    rng = np.random.default_rng(seed)
    return [shopper(rng, decides_by) for _ in range(count)]


def chain(seen: list[History]) -> PhaseModel:
    return PhaseEstimator(iterations=6).fit(seen, {}, {}).model_


@pytest.fixture(scope="module")
def leaning() -> PhaseModel:
    seen = crowd(1, "visit")
    return lean(chain(seen), seen, {}, {})


def intents(model: PhaseModel, histories: list[History]) -> tuple[list[bool], list[float]]:
    """Who ordered, and P(intent or beyond) before."""
    ordered, told = [], []
    for history in histories:
        before = tuple(each for each in history.touchpoints if each.name != "Order Completed")
        ordered.append(len(before) < len(history.touchpoints))
        shown = replace(history, touchpoints=before)
        told.append(float(ladder_at(model, shown, {}, before[-1].time, {})[3:].sum()))
    return ordered, told


def test_orders_are_foretold_by_what_visits_reach_and_who_comes(leaning):
    fresh = crowd(2, "visit", 600)
    with_it, without = intents(leaning, fresh), intents(replace(leaning, leanings=None), fresh)
    assert roc_auc_score(*with_it) > 0.75
    assert roc_auc_score(*with_it) > roc_auc_score(*without) + 0.05


def test_where_nothing_foretells_orders_the_model_stays_the_very_same():
    seen = crowd(3, "chance", 800)
    model = chain(seen)
    assert lean(model, seen, {}, {}) is model


def test_without_orders_there_is_nothing_to_learn():
    seen = [replace(each, touchpoints=each.touchpoints[:1]) for each in crowd(4, "visit", 200)]
    assert lean(MODEL, seen, {}, {}) is MODEL


def test_the_evidence_still_adds_up_and_names_what_spoke(leaning):
    for history in crowd(5, "visit", 40):
        belief = believe(leaning, history, {}, DAY)
        told = belief.prior_log_odds + sum(item.log_odds for item in belief.evidence)
        assert told == pytest.approx(log(belief.probability / (1 - belief.probability)), abs=1e-9)
        np.testing.assert_array_equal(belief.ladder, ladder_at(leaning, history, {}, DAY, {}))
        assert belief.evidence[0].text == "What is known about the visitor"


def test_leanings_survive_being_written_down(leaning):
    again = PhaseModel.from_arrays(leaning.to_arrays())
    assert again.trust == leaning.trust
    for history in crowd(6, "visit", 20):
        np.testing.assert_array_equal(
            ladder_at(again, history, {}, DAY, {}), ladder_at(leaning, history, {}, DAY, {})
        )


def test_a_visit_is_looked_at_up_to_its_order_and_no_further():
    touchpoints = tuple(
        Touchpoint(seconds, number, name)
        for number, (name, seconds) in enumerate([
            ("page", 0.0), ("Cart Viewed", 60.0), ("Order Completed", 90.0), ("page", 99.0),
            ("page", 2 * DAY), ("page", 2 * DAY + 5),
            ("Order Completed", 4 * DAY),
        ])
    )  # fmt: skip
    visits = visits_of(MODEL, [History(touchpoints)], {}, {})
    assert visits.ordered.tolist() == [1, 0]
    assert visits.shown[0] == {"count:page": "1", "count:cart viewed": "1"}
    assert visits.shown[1] == {"count:page": "2"}


@given(st.integers(0, 2**32 - 1))
def test_tables_say_what_the_function_of_pairs_says_that_they_were_taken_from(seed):
    rng = np.random.default_rng(seed)
    scales = Scales({"trait:size": ("#0", "#1"), "trait:land": ("at",), "count:page": ("1", "2")})
    pairs = {
        pair: rng.normal(size=[scales.sizes[place] for place in pair])
        for pair in combinations(range(3), 2)
    }

    def score(codes: np.ndarray) -> np.ndarray:
        said = [table[codes[:, one], codes[:, other]] for (one, other), table in pairs.items()]
        return np.sum(said, axis=0)

    shown = np.stack([rng.integers(0, size, 60) for size in scales.sizes], axis=1)
    leanings = taken_apart(scales, shown, score)
    by_visitor, by_visit = leanings.of_visitor.said(shown), leanings.of_visit.said(shown)
    np.testing.assert_allclose(by_visitor + by_visit, score(shown) - score(shown).mean(), atol=1e-9)
    assert by_visitor.mean() == pytest.approx(0.0, abs=1e-9)
    assert len(np.unique(by_visitor.round(9))) <= 6  # of who comes alone


def test_what_the_steps_of_a_visit_say_is_what_it_says_as_a_whole(leaning):
    leanings = leaning.leanings
    who = {"trait:source": "campaign"}
    steps = list(steps_of(crowd(7, "visit", 1)[0], {}, DAY, {}))
    by_steps = sum(leanings.by_step(who, step.before, step.reached) for step in steps)
    assert by_steps == pytest.approx(leanings.by_step(who, {}, steps[-1].reached), abs=1e-9)


def keen_together(rng: np.random.Generator) -> History:
    """Who orders comes by a campaign and looks at much, or does neither: alone, neither tells."""
    campaign, much = rng.random(2) < 0.5
    length = int(rng.integers(5, 9) if much else rng.integers(1, 4))
    touchpoints = [
        Touchpoint(30.0 * n, n, "Product Viewed", content=f"/p/{n}") for n in range(length)
    ]
    if rng.random() < (0.6 if campaign == much else 0.1):
        touchpoints.append(Touchpoint(30.0 * length, length, "Order Completed"))
    source = "campaign" if campaign else "other"
    return History(tuple(touchpoints), (TraitChange(0.0, 999, "source", source),))


def test_signs_that_tell_something_only_together_are_heard():
    seen, fresh = (
        [keen_together(rng) for _ in range(count)]
        for rng, count in ((np.random.default_rng(8), 1000), (np.random.default_rng(9), 400))
    )
    assert roc_auc_score(*intents(lean(chain(seen), seen, {}, {}), fresh)) > 0.7


def test_of_a_visit_that_a_summary_cuts_nothing_more_is_told():
    touchpoints = tuple(Touchpoint(10.0 * n, n, "page") for n in range(4))
    older = summary_of(MODEL, History(touchpoints[:2]), {}, {})
    later = Touchpoint(2 * DAY, 9, "page")
    steps = list(steps_of(History((*touchpoints[2:], later), older=older), {}, 3 * DAY, {}))
    assert [step.reached for step in steps] == [{}, {}, {"count:page": "1"}]
