"""Who a visitor is: a mixture that finds what is there, and nothing where nothing is."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from personas.mixture import PersonaMixture
from personas.mixture_choice import Choice, adjusted_rand, chosen


def two_kinds(each: int = 80) -> list[dict[str, object]]:
    rng = np.random.default_rng(0)
    few = [{"trait:role": "buyer", "trait:seats": float(n)} for n in rng.integers(1, 12, each)]
    many = [{"trait:role": "engineer", "trait:seats": float(n)} for n in rng.integers(60, 99, each)]
    return few + many


def test_agreement_is_that_of_hubert_and_arabie():
    rng = np.random.default_rng(1)
    for _ in range(20):
        left, right = rng.integers(0, 4, 50), rng.integers(0, 3, 50)
        assert adjusted_rand(left, right) == pytest.approx(adjusted_rand_score(left, right))


def test_the_number_of_personas_is_found():
    mixture = PersonaMixture(random_state=1).fit(two_kinds())
    assert mixture.personas == 2
    assert adjusted_rand(mixture.predict(two_kinds()), np.repeat([0, 1], 80)) == 1.0


def test_without_gain_there_is_one_persona():
    curve = [Choice(1, 0.0, 0.0, 1.0, 900.0), Choice(2, 0.001, 0.01, 0.9, 400.0)]
    assert chosen(curve, 900) == 1
