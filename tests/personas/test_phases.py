"""The filter is exact, never certain, blind to the future, and its evidence adds up."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
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
    TraitChange,
)
from personas.errors import CorruptArtefact
from personas.phases import (
    PhaseModel,
    believe,
    condition,
    ladder_at,
    log_likelihood,
    predict,
    summary_of,
)
from personas.visitor import trimmed
from personas.vocabulary import KINDS
from tests.personas.phase_cases import (
    DAY,
    FACTS,
    MODEL,
    MODELS,
    TWO_WAYS,
    beliefs,
    happened,
    histories,
    unhurried,
    visits,
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


def test_stays_of_the_expert_generator_are_the_tables_weeks_at_a_mixed_pace():
    """A second way to the mean rate: many visitors, each with a pace of its own."""
    rng = np.random.default_rng(0)
    paces = np.exp(rng.normal(-(phase_prior.PACE_SPREAD**2) / 2, phase_prior.PACE_SPREAD, 400_000))
    stays = phase_prior.STAY_WEEKS * 7
    rate = np.mean(1 / (stays[:, None] * paces[None, :1000]), axis=1)
    assert np.mean(paces) == pytest.approx(1.0, abs=0.01)
    np.testing.assert_allclose(rate, -np.diag(phase_prior.generator()), rtol=0.1)


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


@MODELS
def test_the_filter_is_the_sum_over_all_paths(model):
    """Against every way and path of phases through four touchpoints, each weighed by itself."""
    history = happened(
        ("page", 0), ("Pricing Viewed", 3), ("Product Added", 3.5), ("Logged In", 30)
    )
    told = [
        log_likelihood(model, touchpoint, {}, {}, 0, opens_visit=True).reshape(-1, 7)
        for touchpoint in history.touchpoints
    ]
    days = [touchpoint.time / DAY for touchpoint in history.touchpoints]
    ends = np.zeros(7)
    for way, weight in enumerate(model.weights):
        moves = [expm(model.generators[way] * gap) for gap in np.diff(days)]
        for path in product(range(7), repeat=4):
            seen = np.exp(sum(told[i][way, s] for i, s in enumerate(path)))
            steps = zip(path[:-1], path[1:], moves, strict=True)
            moved = np.prod([move[a, b] for a, b, move in steps])
            ends[path[-1]] += weight * model.starts[way, path[0]] * seen * moved
    found = ladder_at(model, history, {}, 30 * DAY, {})
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


@MODELS
@unhurried
@given(histories, st.floats(0, 500 * DAY), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(model, history, at, random):
    mixed = list(history.touchpoints)
    random.shuffle(mixed)
    np.testing.assert_array_equal(
        ladder_at(model, history, FACTS, at, {}),
        ladder_at(model, replace(history, touchpoints=tuple(mixed)), FACTS, at, {}),
    )


@MODELS
@unhurried
@given(histories, st.floats(0, 400 * DAY))
def test_the_past_does_not_know_the_future(model, history, at):
    past = History(
        tuple(touchpoint for touchpoint in history.touchpoints if touchpoint.time <= at),
        tuple(change for change in history.traits if change.time <= at),
    )
    np.testing.assert_array_equal(
        ladder_at(model, history, FACTS, at, {}), ladder_at(model, past, FACTS, at, {})
    )


@MODELS
@unhurried
@given(histories)
def test_a_belief_is_a_distribution_that_rules_nothing_out(model, history):
    ladder = ladder_at(model, history, FACTS, 500 * DAY, {})
    assert ladder.min() > 0
    assert ladder.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("at", [0.0, 1e9, 1e12])
def test_an_unknown_visitor_has_the_prior_at_any_time(at):
    np.testing.assert_array_equal(ladder_at(MODEL, History(), {}, at, {}), MODEL.start)
    belief = believe(MODEL, History(), {}, at)
    np.testing.assert_array_equal(belief.ladder, MODEL.start)
    assert belief.evidence == ()


@MODELS
@unhurried
@given(histories, st.sampled_from([1 / 1440, 30 / 1440, 1 / 24, 1.0, 7.0, 30.0, 90.0]))
def test_silence_makes_no_cliff(model, history, days):
    end = max((touchpoint.time for touchpoint in history.touchpoints), default=0.0) + days * DAY
    before, after = (ladder_at(model, history, FACTS, end + s, {}) for s in (-30.0, 30.0))
    assert np.abs(after - before).max() < 0.02


@MODELS
def test_silence_lets_the_belief_drift(model):
    history = happened(("page", 0), ("Product Added", 1))
    early, late = (ladder_at(model, history, {}, days * DAY, {}) for days in (1, 91))
    assert np.abs(late - early).max() > 0.01


@MODELS
def test_a_summary_of_older_touchpoints_gives_the_same_belief(model):
    history = happened(("page", 0), ("Pricing Viewed", 3), ("Product Added", 9), ("Logged In", 30))
    told = (TraitChange(DAY, 9, "size", 12.0),)
    first, rest = history.touchpoints[:2], history.touchpoints[2:]
    shortened = History(rest, told, older=summary_of(model, History(first), {}, {}))
    np.testing.assert_allclose(
        ladder_at(model, shortened, {}, 40 * DAY, {}),
        ladder_at(model, replace(history, traits=told), {}, 40 * DAY, {}),
        atol=1e-8,
    )


@MODELS
@unhurried
@given(histories | visits(), st.integers(1, 8), st.integers(1, 8))
def test_a_history_that_is_trimmed_as_it_grows_is_believed_like_the_whole(
    model, history, most, step
):
    """Also with a repeated order, or in the midst of a visit: a summary loses none of that."""
    short = History(traits=history.traits)
    for begin in range(0, len(history.touchpoints), step):
        came = history.touchpoints[begin : begin + step]
        grown = replace(short, touchpoints=short.touchpoints + came)
        short = trimmed(grown, lambda leaving: summary_of(model, leaving, FACTS, {}), most)
    assert len(short.touchpoints) == min(most, len(history.touchpoints))
    at = 401 * DAY
    np.testing.assert_allclose(
        believe(model, short, FACTS, at).ladder,
        believe(model, history, FACTS, at).ladder,
        atol=1e-6,
    )


def test_a_summary_made_with_other_ways_keeps_its_ladder():
    older = Older(2, 0.0, DAY, tuple(np.arange(1, 15) / 105))
    ladder = ladder_at(MODEL, History(older=older), {}, DAY, {})
    np.testing.assert_allclose(ladder, np.arange(9, 23, 2) / 105, atol=1e-9)


# --- who it is ------------------------------------------------------------------------------------


def test_who_reads_on_a_topic_of_one_way_is_believed_to_go_it():
    solar = {"/x": ContentFacts("article", np.full(7, 1 / 7), ("solar",))}
    told = log_likelihood(TWO_WAYS, Touchpoint(0, 0, "page", content="/x"), solar, {}, 0)
    plain = log_likelihood(TWO_WAYS, Touchpoint(0, 0, "page", content="/x"), {}, {}, 0)
    np.testing.assert_allclose(np.ptp((told - plain).reshape(2, 7), axis=1), 0, atol=2)
    assert condition(TWO_WAYS.prior, told)[7:].sum() > condition(TWO_WAYS.prior, plain)[7:].sum()


def test_traits_tell_the_way_from_when_they_are_known():
    history = replace(happened(("page", 0)), traits=(TraitChange(DAY, 1, "size", 12.0),))
    before, after = (ladder_at(TWO_WAYS, history, {}, days * DAY, {}) for days in (0.5, 1.5))
    without = happened(("page", 0))
    np.testing.assert_array_equal(before, ladder_at(TWO_WAYS, without, {}, 0.5 * DAY, {}))
    assert np.abs(after - ladder_at(TWO_WAYS, without, {}, 1.5 * DAY, {})).max() > 0.01


def test_sensitive_traits_say_nothing():
    cuts = {"age": (30.0,)}
    model = replace(TWO_WAYS, signs={("trait:age", "#1"): np.log([0.9, 0.1])}, cuts=cuts)
    history = replace(happened(("page", 0)), traits=(TraitChange(0, 1, "age", 50.0),))
    np.testing.assert_array_equal(
        ladder_at(model, history, {}, DAY, {}),
        ladder_at(model, happened(("page", 0)), {}, DAY, {}),
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


# --- keeping --------------------------------------------------------------------------------------


def test_a_model_survives_being_written_down():
    again = PhaseModel.from_arrays(TWO_WAYS.to_arrays())
    for name, array in TWO_WAYS.to_arrays().items():
        np.testing.assert_array_equal(array, again.to_arrays()[name])
    probe = Touchpoint(0, 0, "Ünbekannt | x")
    np.testing.assert_array_equal(
        log_likelihood(again, probe, {}, {}, 0), log_likelihood(TWO_WAYS, probe, {}, {}, 0)
    )


def test_a_damaged_model_is_refused():
    arrays = TWO_WAYS.to_arrays()
    for name in arrays:
        with pytest.raises(CorruptArtefact):
            PhaseModel.from_arrays({key: value for key, value in arrays.items() if key != name})
    with pytest.raises(CorruptArtefact):
        PhaseModel.from_arrays({**arrays, "rows": arrays["rows"][:1]})
