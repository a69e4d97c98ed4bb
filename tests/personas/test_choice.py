"""Weights are found again that choices were made with, and data only sharpens a prior."""

from __future__ import annotations

import numpy as np
import pytest

from personas.choice import Cases, fit_weights, log_likelihood, mean_ndcg

TRUE = np.array([1.0, -0.5, 0.0])


def made_choices(cases: int, seed: int = 0, candidates: int = 12) -> Cases:
    random = np.random.default_rng(seed)
    features = random.normal(size=(cases, candidates, 3))
    utility = features @ TRUE + random.gumbel(size=(cases, candidates))
    best = utility.argmax(axis=1)
    for row, taken in enumerate(best):
        features[row, [0, taken]] = features[row, [taken, 0]]
    return Cases(
        features.astype(np.float32),
        np.zeros((cases, candidates), np.float32),
        np.arange(cases),
        np.arange(cases, dtype=float),
    )


def test_the_weights_that_made_the_choices_are_found():
    found = fit_weights(made_choices(4000), np.zeros(3), np.full(3, 5.0))
    assert np.allclose(found, TRUE, atol=0.1)


def test_without_data_the_prior_answers():
    prior = np.array([0.3, 0.2, 0.1])
    assert np.allclose(fit_weights(made_choices(0), prior, np.ones(3)), prior)


def test_a_narrow_prior_bends_less():
    cases = made_choices(50)
    near = fit_weights(cases, np.zeros(3), np.full(3, 0.01))
    far = fit_weights(cases, np.zeros(3), np.full(3, 10.0))
    assert np.abs(near).max() < 0.05 < np.abs(far).max()


def test_the_fit_is_where_the_posterior_is_highest():
    cases, prior, spread = made_choices(200), np.zeros(3), np.ones(3)
    found = fit_weights(cases, prior, spread)

    def posterior(weights: np.ndarray) -> float:
        return log_likelihood(cases, weights) * len(cases) - 0.5 * float(
            ((weights - prior) ** 2 / spread**2).sum()
        )

    best = posterior(found)
    for axis in range(3):
        for step in (-0.02, 0.02):
            assert posterior(found + step * np.eye(3)[axis]) < best


def test_a_sample_that_stands_for_many_gives_the_same_weights():
    whole = made_choices(3000, candidates=60)
    sampled = Cases(
        whole.features[:, :41],
        np.concatenate([np.zeros((3000, 1)), np.full((3000, 40), np.log(59 / 40))], axis=1).astype(
            np.float32
        ),
        whole.groups,
        whole.times,
    )
    wide = np.full(3, 5.0)
    found = fit_weights(sampled, np.zeros(3), wide)
    assert np.allclose(found, fit_weights(whole, np.zeros(3), wide), atol=0.12)


def test_a_case_that_counts_twice_is_as_good_as_the_same_case_again():
    cases = made_choices(60)
    worth = np.where(np.arange(60) < 20, 2.0, 1.0)
    weighted = Cases(cases.features, cases.offsets, cases.groups, cases.times, worth)
    again = cases.part(np.concatenate([np.arange(60), np.arange(20)]))
    prior, spread = np.zeros(3), np.ones(3)
    assert np.allclose(
        fit_weights(weighted, prior, spread), fit_weights(again, prior, spread), atol=1e-5
    )


def test_ndcg_is_one_where_the_taken_item_always_is_first():
    features = np.zeros((3, 4, 1), np.float32)
    features[:, 0] = 1
    cases = Cases(features, np.zeros((3, 4), np.float32), np.arange(3), np.zeros(3))
    assert mean_ndcg(cases, np.array([1.0])) == pytest.approx(1.0)
    assert mean_ndcg(cases, np.array([-1.0])) == pytest.approx(1 / np.log2(5))
