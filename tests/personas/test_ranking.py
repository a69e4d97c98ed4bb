"""Lists are drawn with the chances they state, and reasons add up to scores."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from personas.popularity import ROWS
from personas.ranking import Taste, draw, reasons_of, utilities
from personas.ranking_features import (
    FEATURES,
    PRIOR,
    Contents,
    Situation,
    features_of,
    next_rungs,
    standing,
)

UTILITY = np.array([1.2, 0.3, -0.5, 0.9, -2.0, 0.0])


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("pins", [(), (4,)])
@pytest.mark.parametrize("diversity", [0.0, 0.6])
def test_stated_propensities_are_the_frequencies_in_which_lists_come(diversity, pins):
    random = np.random.default_rng(0)
    vectors = unit(random.normal(size=(6, 4)))
    taste = Taste(count=3, diversity=diversity, exploration=0.8, pins=pins)
    draws = 20_000
    lists: Counter[tuple[int, ...]] = Counter()
    stated: dict[tuple[int, ...], float] = {}
    for _ in range(draws):
        picks = draw(UTILITY, taste, random, vectors)
        key = tuple(pick.place for pick in picks)
        lists[key] += 1
        stated[key] = float(np.prod([pick.propensity for pick in picks]))
    assert sum(stated.values()) == pytest.approx(1.0, abs=0.02)
    for key, chance in stated.items():
        error = np.sqrt(chance * (1 - chance) / draws)
        assert abs(lists[key] / draws - chance) < 5 * error + 1e-9


def test_without_exploration_the_best_come_and_their_propensity_is_one():
    picks = draw(UTILITY, Taste(count=4), np.random.default_rng(0))
    assert [pick.place for pick in picks] == [0, 3, 1, 5]
    assert [pick.propensity for pick in picks] == [1.0] * 4


def test_what_is_not_eligible_never_comes():
    utility = np.where(np.arange(6) == 0, -np.inf, UTILITY)
    for seed in range(50):
        picks = draw(utility, Taste(count=6, exploration=1.0), np.random.default_rng(seed))
        assert 0 not in [pick.place for pick in picks]
        assert len(picks) == 5


def test_pins_take_the_first_places_and_come_once():
    taste = Taste(count=3, pins=(4, 2), exploration=0.5)
    picks = draw(UTILITY, taste, np.random.default_rng(1))
    places = [pick.place for pick in picks]
    assert places[:2] == [4, 2]
    assert len(set(places)) == 3


def test_diversity_prefers_the_unlike_to_the_slightly_better():
    vectors = unit(np.array([[1.0, 0], [0.99, 0.1], [0, 1.0]]))
    utility = np.array([2.0, 1.9, 1.5])
    plain = draw(utility, Taste(2), np.random.default_rng(0), vectors)
    varied = draw(utility, Taste(2, diversity=0.8), np.random.default_rng(0), vectors)
    assert [pick.place for pick in plain] == [0, 1]
    assert [pick.place for pick in varied] == [0, 2]


def test_equal_items_keep_their_order():
    picks = draw(np.zeros(5), Taste(5), np.random.default_rng(0))
    assert [pick.place for pick in picks] == [0, 1, 2, 3, 4]


# --- features and reasons -------------------------------------------------------------------------


def some_contents(items: int = 20) -> Contents:
    random = np.random.default_rng(3)
    return Contents(
        vectors=unit(random.normal(size=(items, 8))),
        phases=random.dirichlet(np.ones(7), items),
        types=np.zeros(items, np.intp),
        published=np.where(random.random(items) < 0.3, np.nan, random.uniform(0, 1e6, items)),
        popularity=random.poisson(2.0, (ROWS, items)).astype(float),
    )


SITUATION = Situation(2e6, np.array([3, 7]), np.full(7, 1 / 7), query=None)


def test_reasons_add_up_to_the_score():
    features = features_of(SITUATION, some_contents())
    utility, usual = utilities(features, PRIOR), features.mean(axis=1)
    for item in range(features.shape[1]):
        reasons = reasons_of(features[:, item], usual, PRIOR, [("boost", 0.5)])
        assert sum(reason.weight for reason in reasons) == pytest.approx(utility[item] + 0.5)


def test_features_of_some_items_are_those_of_all_items():
    contents, rows = some_contents(), np.array([4, 0, 11])
    everything = features_of(SITUATION, contents)
    assert np.allclose(features_of(SITUATION, contents, rows), everything[:, rows], atol=1e-6)


def test_an_item_like_the_last_seen_one_is_more_interesting():
    contents = some_contents()
    features = features_of(SITUATION, contents)
    names = [feature.name for feature in FEATURES]
    likeness = contents.vectors @ contents.vectors[7]
    assert np.allclose(features[names.index("interest-last")], likeness, atol=1e-6)
    best = np.maximum(likeness, contents.vectors @ contents.vectors[3])
    assert np.allclose(features[names.index("interest-best")], best, atol=1e-6)


def test_what_nobody_viewed_and_nobody_dated_stands_out_by_nothing():
    contents = Contents(
        np.zeros((2, 0), np.float32),
        np.full((2, 7), 1 / 7),
        np.zeros(2, np.intp),
        np.array([np.nan, np.nan]),
        np.zeros((ROWS, 2)),
    )
    found = standing(contents, 1e6)
    assert np.allclose(found[:, 0], found[:, 1])
    assert np.isfinite(found).all()


def test_the_next_rung_of_everybody_is_one_up_but_for_the_top():
    ladder = np.eye(7)[6]
    assert next_rungs(ladder).tolist() == ladder.tolist()
    assert next_rungs(np.eye(7)[2]).tolist() == np.eye(7)[3].tolist()
