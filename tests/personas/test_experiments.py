"""Visitors are parted as the weights say, each always alike, and arms are compared honestly."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy import stats

from personas.experiments import UNLIKELY, compared, experiment_of, sample_ratio

SETTINGS = {
    "arms": [{"id": "now"}, {"id": "new", "weight": 2.0}, {"id": "none", "holdOut": True}],
    "slots": ["footer"],
}
EXPERIMENT = experiment_of("e1", SETTINGS)


def test_arms_get_their_shares_and_a_visitor_stays():
    units = [f"anonymous_id:{number}" for number in range(8000)]
    arms = [EXPERIMENT.arm_of(unit).id for unit in units]
    assert arms == [EXPERIMENT.arm_of(unit).id for unit in units]
    counts = Counter(arms)
    assert sample_ratio([counts["now"], counts["new"], counts["none"]], [1, 2, 1]) > UNLIKELY


def test_two_experiments_part_visitors_independently():
    other = experiment_of("e2", SETTINGS)
    pairs = [(EXPERIMENT.arm_of(str(n)).id, other.arm_of(str(n)).id) for n in range(8000)]
    table = np.array([[pairs.count((a, b)) for b in ("now", "new", "none")]
                      for a in ("now", "new", "none")])  # fmt: skip
    assert stats.chi2_contingency(table).pvalue > UNLIKELY


def test_an_experiment_covers_its_slots_while_it_runs():
    assert EXPERIMENT.covers("footer")
    assert not EXPERIMENT.covers("header")
    assert experiment_of("e", {"arms": SETTINGS["arms"]}).covers("anything")
    assert not experiment_of("e", SETTINGS | {"status": "stopped"}).covers("footer")


def test_the_sample_ratio_is_pearsons():
    assert sample_ratio([520, 980], [1, 2]) == pytest.approx(
        stats.chisquare([520, 980], [500, 1000]).pvalue
    )
    assert sample_ratio([0, 0], [1, 1]) == 1.0


def test_a_difference_is_welchs():
    random = np.random.default_rng(0)
    one, other = random.normal(1.0, 1, 80), random.normal(1.5, 3, 50)
    found = compared([one, other])[1].gain
    right = stats.ttest_ind(other, one, equal_var=False).confidence_interval(0.95)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((right.low, right.high))


def test_few_visitors_are_not_compared():
    assert compared([np.ones(100), np.ones(5)])[1].gain is None
