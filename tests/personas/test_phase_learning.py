"""Learning: what is expected is what enumeration says, and the priors keep rungs their meaning."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.linalg import expm

from personas import phase_prior
from personas.entities import ContentFacts, History, Touchpoint, TraitChange
from personas.errors import NotEnoughData
from personas.phase_chains import blocks_of
from personas.phase_expect import Teller, expect, filtered, transitions
from personas.phase_foretelling import foretell, gain
from personas.phase_learning import PhaseEstimator, beginning, expert_phases, model_of
from personas.phase_maximise import moves_and_stays
from personas.phase_sequences import encode
from personas.phase_ways import find_ways
from personas.phases import belief_at, expert_model, ladder_of
from tests.personas.phase_cases import DAY

NAMES = (
    "page",
    "Content Shared",
    "Pricing Viewed",
    "Product Added",
    "Order Completed",
    "Logged In",
)
FACTS = {"/heat": ContentFacts("article", np.full(7, 1 / 7), ("heat",)),
         "/sun": ContentFacts("article", np.full(7, 1 / 7), ("sun",))}  # fmt: skip


def somebody(rng: np.random.Generator, kind: int, length: int) -> History:
    """One of two kinds of people, who differ in channel, topic and pace."""
    days = np.cumsum(rng.exponential((1.0, 8.0)[kind], length))
    touchpoints = [
        Touchpoint(
            float(day) * DAY,
            number,
            str(rng.choice(NAMES)),
            channel=("email", "search")[kind],
            content=(None, ("/heat", "/sun")[kind])[int(rng.random() < 0.5)],
            dwell=float(rng.lognormal(3, 1)),
        )
        for number, day in enumerate(days)
    ]
    return History(tuple(touchpoints), (TraitChange(0.0, 99, "size", float(1 + 9 * kind)),))


@pytest.fixture(scope="module")
def crowd() -> list[History]:
    rng = np.random.default_rng(5)
    return [somebody(rng, number % 2, 2 + number % 7) for number in range(240)]


@pytest.fixture(scope="module")
def learned(crowd) -> PhaseEstimator:
    return PhaseEstimator(iterations=4).fit(crowd, FACTS, {})


def test_two_kinds_of_people_are_found_as_two_ways(crowd):
    memberships = find_ways(encode(crowd, FACTS, {}), 0).memberships
    assert memberships.shape[1] == 2
    assert np.ptp(memberships.argmax(1)[::2]) == np.ptp(memberships.argmax(1)[1::2]) == 0


def test_people_whom_nothing_tells_apart_go_one_way():
    rng = np.random.default_rng(1)
    same = [somebody(rng, 0, 5) for _ in range(200)]
    assert find_ways(encode(same, FACTS, {}), 0).count == 1


def test_expectations_are_sums_over_all_paths(crowd):
    """Against every way and path of phases of short histories, each weighed by itself."""
    few = [history for history in crowd if len(history.touchpoints) <= 3][:12]
    sequences = encode(few, FACTS, {})
    memberships = np.full((sequences.visitors, 2), 0.5)
    by_phase, phases = expert_phases(sequences, np.arange(sequences.visitors))
    parameters = beginning(sequences, memberships, by_phase, phases)
    paces = np.array([0.5, 2.0])[:, None, None]
    parameters = replace(parameters, generators=parameters.generators * paces)
    blocks = blocks_of(sequences, memberships)
    told = {}
    for block in blocks:
        rows, _ = Teller(sequences, parameters).of(block)
        for event, way, row in zip(block.event, block.row_way, rows, strict=True):
            told[int(event), int(way)] = row
    starts = np.zeros((2, 7))
    for visitor in range(sequences.visitors):
        events = range(sequences.bounds[visitor], sequences.bounds[visitor + 1])
        gaps = sequences.gaps[sequences.bin[list(events)]][1:]
        signs = np.exp(sequences.counts[[visitor]] @ parameters.signs)[0] * parameters.weights
        weights = {}
        for way in (0, 1):
            moves = [expm(parameters.generators[way] * gap) for gap in gaps]
            for path in product(range(7), repeat=len(events)):
                seen = [told[event, way][rung] for event, rung in zip(events, path, strict=True)]
                steps = zip(path[:-1], path[1:], moves, strict=True)
                moved = np.prod([move[a, b] for a, b, move in steps])
                start = parameters.starts[way, path[0]]
                weights[way, path] = signs[way] * start * np.prod(seen) * moved
        total = sum(weights.values())
        for (way, path), weight in weights.items():
            starts[way, path[0]] += weight / total
    expected = expect(sequences, parameters, blocks)
    np.testing.assert_allclose(expected.starts, starts, rtol=1e-6)
    np.testing.assert_allclose(expected.memberships.sum(1), 1.0)
    np.testing.assert_allclose(expected.meant.sum() + expected.chance.sum(), sequences.size)


def test_moves_and_stays_are_those_of_a_fine_grid():
    """A second method: the integral over the gap, by small steps."""
    generator, rng = phase_prior.generator(), np.random.default_rng(0)
    gaps, pairs = np.array([0.0, 0.5, 30.0]), rng.random((3, 7, 7))
    moves, stays = moves_and_stays(generator, gaps, pairs)
    grid, steps = np.zeros((7, 7)), 2000
    for gap, pair in zip(gaps, pairs, strict=True):
        for part in (np.arange(steps) + 0.5) / steps:
            ahead, behind = expm(generator * gap * part), expm(generator * gap * (1 - part))
            grid += ahead.T @ pair @ behind.T * gap / steps
    np.testing.assert_allclose(stays, np.diag(grid), rtol=1e-5)
    np.testing.assert_allclose(moves, np.maximum(generator * grid, 0), rtol=1e-5)


def test_the_vectorised_pass_is_the_fold_event_by_event(crowd, learned):
    """One filter for training and one for the service: the same beliefs, but for binned gaps."""
    sequences, parameters = learned.sequences_, learned.parameters_
    one = np.ones((sequences.visitors, parameters.ways))
    moves = transitions(parameters.generators, sequences.gaps).reshape(-1, 7, 7)
    joint = np.full((sequences.visitors, parameters.ways, 7), 0.0)
    log_p = np.zeros((sequences.visitors, parameters.ways))
    for block in blocks_of(sequences, one):
        told, _ = Teller(sequences, parameters).of(block)
        for here, _, after, log_total in filtered(sequences, block, parameters.starts, moves, told):
            chains = block.chain[here]
            joint[block.visitor[chains], block.way[chains]] = after
            log_p[block.visitor[chains], block.way[chains]] += log_total
    weights = log_p + sequences.counts @ parameters.signs + np.log(parameters.weights)
    weights = np.exp(weights - weights.max(1, keepdims=True))
    ladders = np.einsum("vk,vki->vi", weights / weights.sum(1, keepdims=True), joint)
    found = [
        ladder_of(belief_at(learned.model_, history, FACTS, history.touchpoints[-1].time, {}))
        for history in crowd
    ]
    assert np.abs(ladders - found).max() < 0.03


def test_likelihood_rises_from_round_to_round(learned):
    assert np.diff(learned.log_likelihoods_).min() > -1e-3


def test_too_little_is_not_learned_from():
    with pytest.raises(NotEnoughData, match="50 are needed"):
        PhaseEstimator().fit([History((Touchpoint(0.0, 1, "page"),))], {}, {})


def test_a_model_is_no_better_than_itself(crowd, learned):
    sequences = learned.sequences_
    frequency = dict(zip(sequences.categories, sequences.frequency.tolist(), strict=True))
    one = foretell(learned.model_, crowd[:40], FACTS, {}, frequency)
    other = foretell(expert_model(), crowd[:40], FACTS, {}, frequency)
    assert gain(one, one) == (0.0, 0.0)
    assert gain(one, other)[0] == pytest.approx(one.score - other.score)
    assert sum(count for _, _, count in one.reliability()) == len(one.scores)
    assert 0 <= one.calibration_error() <= 1


def test_an_unknown_name_is_learned_from_its_company():
    """Nobody explained the name, but it always comes right before an order."""
    rng = np.random.default_rng(2)
    visitors = []
    for _ in range(150):
        names = ["page", "page", "Cart Viewed", "Widget 7 Used", "Order Completed", "Logged In"]
        days = np.cumsum([0, *rng.uniform(5, 9, 2), 0.2, 0.2, 9])
        visitors.append(
            History(
                tuple(
                    Touchpoint(float(day) * DAY, number, name)
                    for number, (name, day) in enumerate(zip(names, days, strict=True))
                )
            )
        )
    learned = PhaseEstimator(iterations=20).fit(visitors, {}, {})
    place = [name for _, name, _, _ in learned.sequences_.categories].index("widget 7 used")
    assert learned.phases_[place].argmax() in (3, 4)


def test_what_was_learned_is_the_models_own(learned):
    again = model_of(learned.sequences_, learned.parameters_)
    np.testing.assert_array_equal(again.prior, learned.model_.prior)
