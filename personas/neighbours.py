"""Visitors who saw the same, and what else they saw.

Where many visitors make the same small sets, those whose set holds all that was seen tell more than
any sum over pairs of items. Each weighs less for every seen item it lacks, and for every item more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personas.entities import Array

MOST_VISITORS = 30_000
MOST_SEEN = 12  # latest items that are compared
PER_LACK, PER_MORE = 5.0, 0.4  # log weight for a seen item that is lacking, for a second more
DOUBT = 1.0  # weight of a visitor that nobody is; few neighbours say little
LEAST = 1e-3  # share of which nothing is said
NAMES = ("starts", "items", "postings", "visitors")


@dataclass(frozen=True)
class Neighbours:
    """Sets of items that visitors made, both ways.

    Attributes:
        starts: where each visitor's items begin [visitors + 1]; items: which they are.
        postings: where each item's visitors begin [items + 1]; visitors: who they are.
    """

    starts: NDArray[np.int64]
    items: NDArray[np.int32]
    postings: NDArray[np.int64]
    visitors: NDArray[np.int32]

    @classmethod
    def of(cls, histories: Sequence[Sequence[int]], items: int) -> Neighbours:
        """Of visitors with two items or more; of very many, the last."""
        able = [sorted(set(history)) for history in histories if len(set(history)) >= 2]
        able = able[-MOST_VISITORS:]
        starts = np.concatenate([[0], np.cumsum([len(each) for each in able])]).astype(np.int64)
        flat = np.asarray([item for each in able for item in each], np.int32)
        order = np.argsort(flat, kind="stable")
        owner = np.repeat(np.arange(len(able), dtype=np.int32), np.diff(starts))
        counts = np.bincount(flat, minlength=items)
        postings = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(starts, flat, postings, owner[order])

    def scores(self, seen: Sequence[int] | NDArray[np.intp]) -> Array:
        """How much more often than nobody the nearest visitors saw each item [items], as log."""
        size = len(self.postings) - 1
        latest = list(seen)[-MOST_SEEN:]
        lists = [self.visitors[self.postings[item] : self.postings[item + 1]] for item in latest]
        who = np.concatenate([*lists, np.zeros(0, np.int32)])
        if not len(who):
            return np.zeros(size)
        shared = np.bincount(who)
        most = int(shared.max())
        near = np.flatnonzero(shared >= max(most - 1, 1))
        length = self.starts[near + 1] - self.starts[near]
        beyond = np.maximum(length - shared[near] - 1, 0)
        weight = np.exp(-PER_LACK * (most - shared[near]) - PER_MORE * beyond)
        scores = np.bincount(
            self.items[ranges(self.starts[near], length)], np.repeat(weight, length), size
        )
        share = scores / (weight.sum() + DOUBT)
        told: Array = np.log((share + LEAST) / LEAST)
        return told

    def to_arrays(self) -> dict[str, np.ndarray]:
        """For a registry."""
        return {name: getattr(self, name) for name in NAMES}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Neighbours:
        """What `to_arrays` wrote down."""
        return cls(*(arrays[name] for name in NAMES))


def ranges(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """All numbers of the ranges that begin at `starts`, one after the other."""
    ends = np.cumsum(lengths)
    numbers = np.arange(ends[-1] if len(ends) else 0)
    result: NDArray[np.int64] = numbers + np.repeat(starts - (ends - lengths), lengths)
    return result
