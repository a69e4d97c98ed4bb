"""The short lists of large catalogues."""

from __future__ import annotations

import numpy as np
import pytest

from personas.ranking_features import Array32
from service.recommend_candidates import NEAREST, Nearest


@pytest.fixture
def vectors() -> Array32:
    drawn = np.random.default_rng(3).normal(size=(500, 16)).astype(np.float32)
    unit: Array32 = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit


def brute_force(vectors: Array32, row: int) -> set[int]:
    return set(np.argsort(-(vectors @ vectors[row]), kind="stable")[:NEAREST].tolist())


def test_the_nearest_are_those_that_comparing_with_all_finds(vectors: Array32) -> None:
    nearest = Nearest(vectors)
    rows = np.array([7, 0, 499, 7])
    for _ in range(2):  # found, and remembered
        for row, found in zip(rows.tolist(), nearest.of(rows), strict=True):
            assert set(found.tolist()) == brute_force(vectors, row)


def test_found_ahead_or_when_asked_for_they_are_the_same(vectors: Array32) -> None:
    ahead, late = Nearest(vectors), Nearest(vectors)
    ahead.find(ahead.missing(range(500)))
    assert ahead.missing(range(500)) == []
    rows = np.arange(0, 500, 37)
    pairs = zip(ahead.of(rows), late.of(rows), strict=True)
    assert all(set(one.tolist()) == set(other.tolist()) for one, other in pairs)


def test_a_few_items_are_all_near() -> None:
    few = Nearest(np.eye(4, dtype=np.float32))
    assert [set(found.tolist()) for found in few.of(np.array([2]))] == [{0, 1, 2, 3}]


def test_no_more_is_remembered_than_there_is_room_for(vectors: Array32) -> None:
    nearest = Nearest(vectors, most=50)
    assert len(nearest.missing(range(500))) == 50
    nearest.find(range(50))
    assert nearest.missing(range(500)) == []
    for row in (300, 400, 3):
        assert set(nearest.of(np.array([row]))[0].tolist()) == brute_force(vectors, row)
    assert len(nearest) == 50


def test_a_catalogue_that_grew_a_little_keeps_what_is_known(vectors: Array32) -> None:
    before = Nearest(vectors[:495])
    before.find(range(495))
    assert before.grown(vectors, lambda: True).missing(range(500)) == [495, 496, 497, 498, 499]
    assert len(before.grown(vectors, lambda: False).missing(range(500))) == 500
    assert len(before.grown(vectors[:100], lambda: True).missing(range(100))) == 100
