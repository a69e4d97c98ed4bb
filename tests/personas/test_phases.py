"""The filter is exact, never certain, blind to the future, and its evidence adds up."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import log, log1p

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from personas import phase_prior
from personas.entities import (
    CHANNELS,
    CONTENT_TYPES,
    LADDER,
    ContentFacts,
    History,
    Older,
    Touchpoint,
)
from personas.journeys import BUILT_IN
from personas.phases import (
    MOST_ITEMS,
    PhaseModel,
    believe,
    condition,
    expert_model,
    ladder_at,
    log_likelihood,
    predict,
)
from personas.vocabulary import KINDS, NAMES

unhurried = settings(deadline=None)
DAY = 86400.0
MODEL = expert_model()
FACTS = {
    f"/{content_type}": ContentFacts(content_type, np.roll([0.4] + [0.1] * 6, number % 7))
    for number, content_type in enumerate(CONTENT_TYPES)
}
EVENT_NAMES = [name for names in NAMES.values() for name in names] + ["Widget 7 Used"]
touchpoints = st.builds(
    Touchpoint,
    time=st.floats(0, 400 * DAY),
    message=st.integers(0, 2**64 - 1),
    name=st.sampled_from(EVENT_NAMES),
    channel=st.sampled_from([*CHANNELS, "pigeon"]),
    content=st.sampled_from([None, "/unknown", *FACTS]),
    dwell=st.none() | st.floats(0, 1e5),
    scroll=st.none() | st.floats(0, 1),
    completion=st.none() | st.floats(0, 1),
    rating=st.none() | st.floats(0, 1),
)
histories = st.lists(touchpoints, max_size=40, unique_by=lambda touchpoint: touchpoint.message).map(
    lambda items: History(tuple(sorted(items, key=lambda t: (t.time, t.message))))
)
beliefs = st.lists(st.floats(1e-6, 1.0), min_size=7, max_size=7).map(
    lambda weights: np.array(weights) / sum(weights)
)


def happened(*names_and_days: tuple[str, float]) -> History:
    return History(
        tuple(Touchpoint(day * DAY, i, name) for i, (name, day) in enumerate(names_and_days))
    )


# --- the tables -----------------------------------------------------------------------------------


def test_the_expert_tables_are_distributions():
    for table in (
        phase_prior.START,
        phase_prior.MOVES,
        phase_prior.KINDS_IN_PHASE,
        phase_prior.NOISE_KINDS,
        phase_prior.CHANNELS_IN_PHASE,
    ):
        np.testing.assert_allclose(table.sum(-1), 1.0)
    assert phase_prior.KINDS_IN_PHASE.shape == (len(LADDER), len(KINDS))
    assert phase_prior.CHANNELS_IN_PHASE.shape == (len(LADDER), len(CHANNELS))
    assert set(phase_prior.TYPE_TILTS) <= set(CONTENT_TYPES)


def test_stays_of_the_expert_generator_are_the_tables_weeks():
    weeks = -1 / np.diag(phase_prior.generator()) / 7
    np.testing.assert_allclose(weeks, phase_prior.STAY_WEEKS)


# --- the verbs ------------------------------------------------------------------------------------


@unhurried
@given(beliefs, st.floats(0, 20 * 365 * DAY))
def test_time_passes_as_the_matrix_exponential_says(belief, seconds):
    exact = belief @ expm(MODEL.generator * seconds / DAY)
    np.testing.assert_allclose(predict(MODEL, belief, seconds), exact, atol=1e-12)


@unhurried
@given(beliefs, st.floats(0, 1e7), st.floats(0, 1e7))
def test_two_gaps_are_one_long_gap(belief, first, second):
    in_two = predict(MODEL, predict(MODEL, belief, first), second)
    np.testing.assert_allclose(in_two, predict(MODEL, belief, first + second), atol=1e-12)


@pytest.mark.parametrize("seconds", [0.0, -1.0, -1e9, float("nan")])
def test_time_never_runs_backwards(seconds):
    np.testing.assert_array_equal(predict(MODEL, MODEL.start, seconds), MODEL.start)


def test_after_an_age_all_is_forgotten():
    from_first, from_last = (predict(MODEL, np.eye(7)[rung], 1e12) for rung in (0, 6))
    np.testing.assert_allclose(from_first, from_last, atol=1e-9)


@unhurried
@given(beliefs, st.lists(st.floats(-20, 0), min_size=7, max_size=7).map(np.array))
def test_conditioning_is_bayes_rule(belief, told):
    joint = belief * np.exp(told)
    np.testing.assert_allclose(condition(belief, told), joint / joint.sum(), atol=1e-7)


@unhurried
@given(
    beliefs,
    st.lists(
        st.sampled_from([0.0, -1.0, -1e3, -np.inf, np.inf, np.nan]), min_size=7, max_size=7
    ).map(np.array),
)
def test_impossible_evidence_never_zeroes(belief, told):
    after = condition(belief, told)
    assert after.min() > 0
    assert after.sum() == pytest.approx(1.0)


# --- the fold -------------------------------------------------------------------------------------


def test_the_filter_is_the_sum_over_all_paths():
    """Against every path of phases through four touchpoints, each weighed by itself."""
    history = happened(
        ("page", 0), ("Pricing Viewed", 3), ("Product Added", 3.5), ("Logged In", 30)
    )
    told = [
        log_likelihood(MODEL, touchpoint, {}, {}, 0, opens_visit=True)
        for touchpoint in history.touchpoints
    ]
    days = [touchpoint.time / DAY for touchpoint in history.touchpoints]
    moves = [expm(MODEL.generator * gap) for gap in np.diff(days)]
    ends = np.zeros(7)
    for path in product(range(7), repeat=4):
        weight = MODEL.start[path[0]] * np.exp(sum(told[i][s] for i, s in enumerate(path)))
        steps = zip(path[:-1], path[1:], moves, strict=True)
        ends[path[-1]] += weight * np.prod([move[a, b] for a, b, move in steps])
    found = ladder_at(MODEL, history, {}, 30 * DAY, {})
    np.testing.assert_allclose(found, ends / ends.sum(), rtol=1e-6)


def test_the_filter_is_a_discrete_chain_on_a_fine_grid():
    """A second method: hourly steps of a hidden Markov model, with hmmlearn's forward pass."""
    from hmmlearn.base import BaseHMM

    class Grid(BaseHMM):
        def _compute_log_likelihood(self, seen):
            return seen

    history = happened(("page", 0), ("Comparison Viewed", 2), ("Demo Requested", 7.25))
    seen = np.zeros((int(7.25 * 24) + 1, 7))
    for touchpoint in history.touchpoints:
        told = log_likelihood(MODEL, touchpoint, {}, {}, 0, opens_visit=True)
        seen[int(touchpoint.time / 3600)] = told
    chain = Grid(n_components=7)
    chain.startprob_, chain.transmat_ = MODEL.start, expm(MODEL.generator / 24)
    last = chain.predict_proba(seen)[-1]
    found = ladder_at(MODEL, history, {}, 7.25 * DAY, {})
    np.testing.assert_allclose(found, last, atol=1e-7)


@unhurried
@given(histories, st.floats(0, 500 * DAY), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(history, at, random):
    mixed = list(history.touchpoints)
    random.shuffle(mixed)
    np.testing.assert_array_equal(
        ladder_at(MODEL, history, FACTS, at, {}),
        ladder_at(MODEL, replace(history, touchpoints=tuple(mixed)), FACTS, at, {}),
    )


@unhurried
@given(histories, st.floats(0, 400 * DAY))
def test_the_past_does_not_know_the_future(history, at):
    past = tuple(touchpoint for touchpoint in history.touchpoints if touchpoint.time <= at)
    np.testing.assert_array_equal(
        ladder_at(MODEL, history, FACTS, at, {}),
        ladder_at(MODEL, History(past), FACTS, at, {}),
    )


@unhurried
@given(histories)
def test_a_belief_is_a_distribution_that_rules_nothing_out(history):
    ladder = ladder_at(MODEL, history, FACTS, 500 * DAY, {})
    assert ladder.min() > 0
    assert ladder.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("at", [0.0, 1e9, 1e12])
def test_an_unknown_visitor_has_the_prior_at_any_time(at):
    np.testing.assert_array_equal(ladder_at(MODEL, History(), {}, at, {}), MODEL.start)
    belief = believe(MODEL, History(), {}, at)
    np.testing.assert_array_equal(belief.ladder, MODEL.start)
    assert belief.evidence == ()


def test_a_summary_of_older_touchpoints_gives_the_same_belief():
    history = happened(("page", 0), ("Pricing Viewed", 3), ("Product Added", 9), ("Logged In", 30))
    first, rest = history.touchpoints[:2], history.touchpoints[2:]
    phases = ladder_at(MODEL, History(first), {}, 3 * DAY, {})
    shortened = History(rest, older=Older(2, 0.0, 3 * DAY, tuple(phases)))
    np.testing.assert_allclose(
        ladder_at(MODEL, shortened, {}, 40 * DAY, {}),
        ladder_at(MODEL, history, {}, 40 * DAY, {}),
        atol=1e-12,
    )


# --- what touchpoints say -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "phase"),
    [
        ("Comparison Viewed", "consideration"),
        ("Product Added", "intent"),
        ("Order Completed", "conversion"),
        ("Support Ticket Opened", "after-sales"),
        ("Referral Made", "loyalty"),
        ("page", "awareness"),
    ],
)
def test_a_touchpoint_speaks_most_for_its_phase(name, phase):
    told = log_likelihood(MODEL, Touchpoint(0, 0, name), {}, {}, 0)
    assert LADDER[int(told.argmax())] == phase


def test_an_order_once_more_speaks_for_loyalty():
    told = log_likelihood(MODEL, Touchpoint(0, 0, "Order Completed"), {}, {}, 1)
    assert LADDER[int(told.argmax())] == "loyalty"


def spread(touchpoint: Touchpoint, repeats: int = 0) -> float:
    return float(np.ptp(log_likelihood(MODEL, touchpoint, FACTS, {}, repeats)))


def test_a_glance_says_less_than_a_thorough_reading():
    glance, read = (Touchpoint(0, 0, "page", content="/pricing", dwell=s) for s in (2.0, 300.0))
    assert spread(glance) < spread(read)
    to_the_end = Touchpoint(0, 0, "page", content="/pricing", completion=1.0)
    assert spread(glance) < spread(to_the_end)


def test_a_repetition_says_less():
    viewed = Touchpoint(0, 0, "Pricing Viewed")
    assert spread(viewed, 0) > spread(viewed, 1) > spread(viewed, 5) > 0


def test_the_contents_own_phase_tag_counts():
    tagged = ContentFacts("other", np.array([0.02, 0.02, 0.02, 0.88, 0.02, 0.02, 0.02]))
    page = Touchpoint(0, 0, "page", content="/x")
    with_tag = condition(MODEL.start, log_likelihood(MODEL, page, {"/x": tagged}, {}, 0))
    without = condition(MODEL.start, log_likelihood(MODEL, page, {}, {}, 0))
    assert with_tag[3] > 2 * without[3]


def test_an_unknown_name_says_nothing_and_friction_little():
    assert spread(Touchpoint(0, 0, "Widget 7 Used")) == 0.0
    assert spread(Touchpoint(0, 0, "Error Shown")) < spread(Touchpoint(0, 0, "Product Added")) / 2


def test_what_the_site_itself_showed_says_nothing_of_the_visitor():
    assert spread(Touchpoint(0, 0, "Recommendation Shown")) == 0.0


def test_a_mapped_name_is_read_as_its_kind():
    probe = Touchpoint(0, 0, "Probefahrt")
    told = log_likelihood(MODEL, probe, {}, {"probefahrt": "intending"}, 0)
    assert LADDER[int(told.argmax())] == "intent"


# --- evidence -------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(histories, st.floats(0, 500 * DAY), st.sampled_from(list(BUILT_IN.values())))
def test_evidence_adds_up_to_the_answer(history, at, journey):
    belief = believe(MODEL, history, FACTS, at, journey)
    told = belief.prior_log_odds + sum(item.log_odds for item in belief.evidence)
    assert told == pytest.approx(log(belief.probability) - log1p(-belief.probability), abs=1e-9)
    assert belief.probability == max(belief.distribution.values())
    assert sum(belief.distribution.values()) == pytest.approx(1.0)
    np.testing.assert_array_equal(belief.ladder, ladder_at(MODEL, history, FACTS, at, {}))
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


# --- keeping --------------------------------------------------------------------------------------


def test_a_model_survives_being_written_down():
    rows = {("other", "ünbekannt | x", "", ""): np.arange(7.0), ("after", "", "", ""): np.ones(7)}
    model = replace(MODEL, rows=rows)
    again = PhaseModel.from_arrays(model.to_arrays())
    for name, array in model.to_arrays().items():
        np.testing.assert_array_equal(array, again.to_arrays()[name])
    probe = Touchpoint(0, 0, "Ünbekannt | x")
    np.testing.assert_array_equal(log_likelihood(again, probe, {}, {}, 0), np.arange(7.0))
