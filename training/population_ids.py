"""Which ids are one visitor: for most by the graph of links alone, else by the service's rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from personas.entities import History, VisitorKey
from personas.messages import Accepted
from personas.visitor import MOST_IDS, MOST_USERS, component, fold, linked
from training.everyone import Numbers

Pairs = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Word:
    """A person's word that two ids are, or with `cut` are not, one visitor."""

    one: VisitorKey
    other: VisitorKey
    time: float
    cut: bool


def joined(count: int, ones: Numbers, others: Numbers, decided: Pairs) -> Numbers:
    """For each of so many ids the smallest number among those that links join it with.

    Args:
        ones, others: both ends of the links that messages told.
        decided: those of which people said something.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = np.concatenate([ones, [one for one, _ in decided]]).astype(np.int64)
    columns = np.concatenate([others, [other for _, other in decided]]).astype(np.int64)
    graph = coo_array((np.ones(len(rows), np.int8), (rows, columns)), (count, count))
    _, labels = connected_components(graph, directed=False)
    smallest = np.full(count, count, np.int64)
    np.minimum.at(smallest, labels, np.arange(count))
    return np.asarray(smallest[labels])


def doubtful(owners: Numbers, ones: Numbers, others: Numbers, decided: Pairs) -> Numbers:
    """The ids of groups in which links may be refused: large ones, those around a device that many
    share, and those of which people said something."""
    degrees = np.bincount(np.concatenate([ones, others]).astype(np.int64), minlength=len(owners))
    sizes = np.bincount(owners, minlength=len(owners))
    open_ones = (degrees > MOST_USERS) | (sizes[owners] > MOST_IDS)
    open_ones[[number for pair in decided for number in pair]] = True
    groups = np.unique(owners[open_ones])
    return np.flatnonzero(np.isin(owners, groups))


def groups_of(
    messages: Sequence[Accepted], words: Sequence[Word], keys: Sequence[VisitorKey]
) -> Iterator[tuple[VisitorKey, ...]]:
    """The visitors that these ids are, by the rules of the service."""
    told: defaultdict[VisitorKey, list[Accepted]] = defaultdict(list)
    for message in messages:
        for key in {end for link in message.links for end in link}:
            told[key].append(message)
    histories = {key: fold(History(), key, told[key]) for key in keys}
    for word in words:
        for here, there in ((word.one, word.other), (word.other, word.one)):
            histories[here] = linked(histories[here], there, word.time, word.cut)
    yield from components(histories)


def components(histories: Mapping[VisitorKey, History]) -> Iterator[tuple[VisitorKey, ...]]:
    """The ids of each visitor, joined by the same rules as in the service."""
    left = dict.fromkeys(histories)
    for start in histories:
        if start in left:
            ids, _ = component(start, histories)
            ids = tuple(key for key in ids if key in left)
            for key in ids:
                del left[key]
            yield ids
