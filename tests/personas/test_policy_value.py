"""What a policy would have been worth is foretold rightly, or not at all."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from personas.errors import NotEnoughData
from personas.policy_value import METHODS, Trials, effective_size, value_of, weights_of
from personas.ranking import Taste, distributions, draw

ITEMS, RANKS = 5, 2
CHANCES = np.array([0.5, 0.4, 0.25, 0.1, 0.05])  # of a click where the item stands first
LOGGED = np.array([0.2, 0.0, 0.4, 0.1, 0.3])
ASKED = np.array([0.9, 0.4, 0.0, 0.2, 0.1])
FEATURES = np.column_stack([np.log(CHANCES), np.arange(ITEMS) % 2])


def chances_of(utility: np.ndarray, shown: list[int]) -> np.ndarray:
    return distributions(utility, Taste(RANKS, exploration=1.0), shown)


def chance_of_click(shown: tuple[int, ...], rank: int) -> float:
    """It hangs on the item above: what is like it is less wanted."""
    like_above = rank > 0 and shown[rank] % 2 == shown[rank - 1] % 2
    return CHANCES[shown[rank]] * (0.5 if like_above else 1.0)


def truth(utility: np.ndarray) -> float:
    """Over all lists, one by one."""
    total = 0.0
    for shown in permutations(range(ITEMS), RANKS):
        chances = chances_of(utility, list(shown))
        chance = np.prod([chances[rank, item] for rank, item in enumerate(shown)])
        total += chance * sum(chance_of_click(shown, rank) for rank in range(RANKS))
    return float(total)


def drawn(lists: int, seed: int, asked: np.ndarray = ASKED) -> Trials:
    random = np.random.default_rng(seed)
    shown = np.zeros((lists, RANKS), int)
    stated, wanted, rewards = (np.ones((lists, RANKS)) for _ in range(3))
    own, meant = np.zeros((lists, RANKS, 2)), np.zeros((lists, RANKS, 2))
    for number in range(lists):
        picks = draw(LOGGED, Taste(RANKS, exploration=1.0), random)
        row = [pick.place for pick in picks]
        chances = chances_of(asked, row)
        shown[number] = row
        stated[number] = [pick.propensity for pick in picks]
        wanted[number] = chances[np.arange(RANKS), row]
        rewards[number] = [random.random() < chance_of_click(tuple(row), k) for k in range(RANKS)]
        own[number], meant[number] = FEATURES[row], chances @ FEATURES
    return Trials(rewards, stated, wanted, own, meant, np.arange(lists) // 2)


def test_the_chances_that_were_stated_are_those_that_can_be_asked():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(ITEMS, 3))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    tastes = [
        Taste(3, exploration=0.7),
        Taste(3, diversity=0.5, exploration=0.7),
        Taste(3, exploration=0.7, pins=(4,)),
        Taste(3, diversity=0.5, exploration=0.7, pins=(4, 0)),
        Taste(3),
    ]
    for taste in tastes:
        for _ in range(20):
            picks = draw(LOGGED, taste, random, vectors)
            row = [pick.place for pick in picks]
            asked = distributions(LOGGED, taste, row, vectors)
            assert asked.sum(axis=1) == pytest.approx(np.ones(3))
            stated = [pick.propensity for pick in picks]
            assert asked[np.arange(3), row] == pytest.approx(stated, abs=1e-9)


def test_the_same_policy_is_worth_what_was_reached():
    trials = drawn(400, 0, LOGGED)
    value = value_of(trials)
    assert weights_of(trials) == pytest.approx(np.ones((400, RANKS)))
    assert value.effective == pytest.approx(400)
    assert value.estimates["ips"].value == pytest.approx(value.logged.value)
    assert value.estimates["snips"].value == pytest.approx(value.logged.value)
    assert value.gain.low < 0 < value.gain.high


def test_each_interval_holds_the_truth_as_often_as_it_says():
    right, runs = truth(ASKED), 60
    held = dict.fromkeys(METHODS, 0)
    for seed in range(100, 100 + runs):
        value = value_of(drawn(400, seed))
        for method in METHODS:
            found = value.estimates[method]
            held[method] += found.low <= right <= found.high
    assert min(held.values()) >= 0.9 * runs, held


def test_a_model_makes_intervals_narrower_and_a_useless_one_does_no_harm():
    trials = drawn(2000, 1)
    useless = Trials(
        trials.rewards,
        trials.stated,
        trials.wanted,
        np.random.default_rng(0).normal(size=trials.shown.shape) * 1e6,
        trials.meant,
        trials.visitors,
    )
    for each in (trials, useless):
        value = value_of(each)
        plain, doubly = value.estimates["ips"], value.estimates["dr"]
        assert doubly.high - doubly.low <= 1.02 * (plain.high - plain.low)


def test_what_was_never_shown_is_refused_in_words():
    trials = drawn(400, 0)
    never = Trials(
        trials.rewards,
        np.ones_like(trials.stated),  # as if nothing had been explored
        np.where(trials.shown[:, :, :1].sum(axis=2) > -1, 1.0, 0.0),
        trials.shown,
        trials.meant,
        trials.visitors,
    )
    with pytest.raises(NotEnoughData, match="explore"):
        value_of(never)


def test_few_answers_or_visitors_are_refused_in_words():
    with pytest.raises(NotEnoughData, match="takes 100"):
        value_of(drawn(80, 0))
    with pytest.raises(NotEnoughData, match="visitors"):
        value_of(drawn(40, 0))


def test_many_answers_to_one_visitor_count_as_one_visitors():
    trials = drawn(600, 0)
    alike = Trials(*(getattr(trials, name) for name in FIELDS), np.arange(600) // 15)
    assert value_of(alike).visitors == 40
    assert effective_size(np.ones((7, 2))) == pytest.approx([7, 7])


FIELDS = ("rewards", "stated", "wanted", "shown", "meant")
