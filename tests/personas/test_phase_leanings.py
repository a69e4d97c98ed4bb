"""What else foretells orders is learned where it does so, and told like any other evidence."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from personas.entities import History, Touchpoint, TraitChange
from personas.phase_leanings import lean, visits_of
from personas.phase_learning import PhaseEstimator
from personas.phase_model import PhaseModel
from personas.phases import believe, ladder_at
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
    with_it, without = intents(leaning, fresh), intents(replace(leaning, leanings={}), fresh)
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
    assert again.leanings == leaning.leanings
    assert again.trust == leaning.trust
    arrays = leaning.to_arrays()
    assert PhaseModel.from_arrays(arrays).leanings


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
    assert set(visits.shown[0]) == {("count:page", "1"), ("count:cart viewed", "1")}
    assert set(visits.shown[1]) == {("count:page", "1"), ("count:page", "2")}
