"""Item models against slower ways to the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from personas.item_item import fit_sequence, fit_together, histories_matrix, links_of
from personas.neighbours import DOUBT, LEAST, PER_LACK, PER_MORE, Neighbours
from personas.order import order_shares, order_trust
from personas.pattern import Effort, Pattern, _gradients, fit_pattern

HISTORIES = [[0, 1, 2], [1, 2], [0, 2, 3], [3, 4], [2, 1, 4, 0], [4], [1, 3]]
ITEMS = 5


def test_together_is_the_ridge_regression_of_each_item_on_all_others():
    seen = histories_matrix(HISTORIES, ITEMS)
    weights = fit_together(seen, 3.0)
    dense = np.asarray(seen.todense())
    for item in range(ITEMS):
        others = [other for other in range(ITEMS) if other != item]
        basis = dense[:, others]
        expected = np.linalg.solve(
            basis.T @ basis + 3.0 * np.eye(len(others)), basis.T @ dense[:, item]
        )
        assert np.allclose(weights[others, item], expected)
        assert weights[item, item] == 0


def test_who_came_twice_counts_once():
    assert histories_matrix([[0, 0, 1]], 2).toarray().tolist() == [[1.0, 1.0]]


def test_links_keep_the_largest_weights():
    weights = np.array([[0.0, 0.5, -0.9], [0.1, 0.0, 0.2], [0.0, 0.0, 0.0]])
    links = links_of(weights, kept=1)
    assert links.scores([0]).tolist() == pytest.approx([0.0, 0.0, -0.9])
    assert links.scores([0, 1]).tolist() == pytest.approx([0.0, 0.0, -0.7])
    assert links.scores([2]).tolist() == [0.0, 0.0, 0.0]


def test_all_links_kept_give_the_full_product():
    weights = fit_together(histories_matrix(HISTORIES, ITEMS), 1.0)
    assert np.allclose(links_of(weights).scores([0, 3]), weights[[0, 3]].sum(axis=0), atol=1e-6)


def test_what_often_follows_scores_higher():
    shares = fit_sequence([[0, 1], [0, 1], [0, 2], [2, 0]], 3)
    assert shares[0, 1] > shares[0, 2] > 0


def test_neighbours_are_weighed_as_defined():
    neighbours = Neighbours.of(HISTORIES, ITEMS)
    seen = [0, 2]
    sets = [set(history) for history in HISTORIES if len(history) > 1]
    most = max(len(each & set(seen)) for each in sets)
    scores, total = np.zeros(ITEMS), DOUBT
    for each in sets:
        shared = len(each & set(seen))
        if shared >= max(most - 1, 1):
            weight = np.exp(-PER_LACK * (most - shared) - PER_MORE * max(len(each) - shared - 1, 0))
            scores[list(each)] += weight
            total += weight
    expected = np.log((scores / total + LEAST) / LEAST)
    assert np.allclose(neighbours.scores(seen), expected)


def test_nobody_is_like_somebody_who_saw_nothing():
    assert Neighbours.of(HISTORIES, ITEMS).scores([]).tolist() == [0.0] * ITEMS


def test_the_slope_of_the_pattern_is_that_of_its_loss():
    random = np.random.default_rng(0)
    shapes = [(ITEMS, 3), (3,), (3, ITEMS), (ITEMS,), (ITEMS, ITEMS)]
    weights = [random.normal(0, 0.3, shape) for shape in shapes]
    shown = sparse.csr_matrix(np.array([[1.0, 0, 0, 0, 0], [0, 0.7, 0.7, 0, 0]]))
    hidden = sparse.csr_matrix(np.array([[0, 1.0, 0, 0, 0], [0.5, 0, 0, 0.5, 0]]))

    def loss() -> float:
        inward, inward_bias, outward, bias, direct = weights
        logits = np.tanh(shown @ inward + inward_bias) @ outward + bias + shown @ direct
        logits[shown.nonzero()] = -1e9
        chances = np.exp(logits - logits.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        wanted = hidden.toarray()
        return float(-(wanted * np.log(np.maximum(chances, 1e-300))).sum() / 2)

    slopes = _gradients(weights, shown, hidden, 0.0, random)
    for weight, slope in zip(weights, slopes, strict=True):
        for place in np.ndindex(weight.shape):
            kept = weight[place]
            weight[place] = kept + 1e-5
            above = loss()
            weight[place] = kept - 1e-5
            below = loss()
            weight[place] = kept
            assert np.asarray(slope)[place] == pytest.approx((above - below) / 2e-5, abs=1e-5)


def test_a_pattern_tells_kinds_of_visitors_apart():
    random = np.random.default_rng(1)
    kinds = [list(range(8)), list(range(8, 16))]
    histories = [random.choice(kinds[k % 2], size=4, replace=False).tolist() for k in range(400)]
    pattern = fit_pattern(histories, 16, Effort(hidden=16), seed=0)
    scores = pattern.scores([0, 1])
    assert scores[2:8].min() > scores[8:].max()


def test_a_pattern_is_the_same_after_it_was_written_down():
    pattern = fit_pattern(HISTORIES, ITEMS, Effort(hidden=4, epochs=1, least_steps=1), seed=0)
    again = Pattern.from_arrays(pattern.to_arrays())
    assert np.array_equal(pattern.scores([0, 1]), again.scores([0, 1]))


def test_orders_are_trusted_where_visitors_keep_them_and_not_where_they_are_shuffled():
    random = np.random.default_rng(0)
    walks = [[0, 1, 2, 3, 4] for _ in range(50)]
    links = links_of(fit_sequence(walks, ITEMS))
    kept = np.array([(k % 4, k % 4 + 1) for k in range(400)])
    mixed = np.array([random.permutation(pair) for pair in kept])
    assert order_trust(order_shares(links, kept[:, 0], kept[:, 1])) > 0.95
    assert order_trust(order_shares(links, mixed[:, 0], mixed[:, 1])) < 0.2
    assert order_trust(np.zeros(0)) == pytest.approx(0.9)
