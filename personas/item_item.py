"""What goes together: an item-item model in closed form, and what follows what.

EASE (Steck 2019, "Embarrassingly shallow autoencoders for sparse data") solves a ridge regression
of each item on all others over the visitors' sets of items. Only the largest weights of each item
are kept, so that a list costs little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from personas.entities import Array
from personas.ranking_features import Rows

if TYPE_CHECKING:  # only fitting needs it, and it is slow to load
    from scipy import sparse

KEPT = 200  # largest weights of each item
SEQUENCE_FADE = 0.5  # from the item just before the next to the one before that
SEQUENCE_SMOOTHING = 5.0  # visitors that stand behind a transition before it counts half
LONG = 50  # items of one history that are read; longer ones are robots or work places


@dataclass(frozen=True, slots=True)
class Links:
    """Weights from items to items, as rows of a sparse matrix.

    Attributes:
        start: where each item's weights begin [items + 1].
        to: which items they lead to.
        weight: and how strongly.
    """

    start: NDArray[np.int64]
    to: NDArray[np.int32]
    weight: NDArray[np.float32]

    @property
    def items(self) -> int:
        return len(self.start) - 1

    def scores(self, seen: Sequence[int] | Rows, worth: Sequence[float] | None = None) -> Array:
        """Sum of the weights from what was seen to each item [items]."""
        scores = np.zeros(self.items)
        for place, item in enumerate(seen):
            chosen = slice(self.start[item], self.start[item + 1])
            factor = 1.0 if worth is None else worth[place]
            scores[self.to[chosen]] += factor * self.weight[chosen]
        return scores


def histories_matrix(histories: Sequence[Sequence[int]], items: int) -> sparse.csr_matrix:
    """Who saw what, 0 or 1, as [histories, items]."""
    from scipy import sparse

    lengths = [len(history) for history in histories]
    columns = np.fromiter((item for history in histories for item in history), np.int64)
    rows = np.repeat(np.arange(len(histories)), lengths)
    seen = sparse.csr_matrix((np.ones(len(columns)), (rows, columns)), (len(histories), items))
    seen.data[:] = 1.0  # who came twice counts once
    return seen


def fit_together(seen: sparse.csr_matrix, penalty: float) -> Array:
    """EASE's weights [items, items], from an item that was seen to one that goes with it."""
    gram = np.asarray((seen.T @ seen).todense(), np.float64)
    gram[np.diag_indices_from(gram)] += penalty
    inverse = np.linalg.inv(gram)
    weights: Array = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return weights


def fit_sequence(histories: Sequence[Sequence[int]], items: int) -> sparse.csr_matrix:
    """How likely what follows what [items, items], the nearer in the history the more.

    A transition that few visitors made counts less than its share.
    """
    from scipy import sparse

    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for history in histories:
        kept = history[-LONG:]
        for place, item in enumerate(kept):
            for back in range(1, min(place, 3) + 1):
                rows.append(kept[place - back])
                columns.append(item)
                values.append(SEQUENCE_FADE ** (back - 1))
    counts = sparse.csr_matrix((values, (rows, columns)), (items, items))
    total = np.asarray(counts.sum(axis=1)).ravel() + SEQUENCE_SMOOTHING
    return sparse.csr_matrix(sparse.diags(1.0 / total) @ counts)


def links_of(weights: Array | sparse.csr_matrix, kept: int = KEPT) -> Links:
    """The `kept` largest weights, by size, of each item."""
    starts, to, weight = [0], [], []
    for item in range(weights.shape[0]):
        row = weights[[item]]
        dense = row[0] if isinstance(row, np.ndarray) else row.toarray()[0]
        nonzero = np.flatnonzero(dense)
        if len(nonzero) > kept:
            order = np.argpartition(-np.abs(dense[nonzero]), kept)[:kept]
            nonzero = np.sort(nonzero[order])
        to.append(nonzero)
        weight.append(dense[nonzero])
        starts.append(starts[-1] + len(nonzero))
    return Links(
        np.asarray(starts, np.int64),
        np.concatenate([*to, np.zeros(0, np.int32)]).astype(np.int32),
        np.concatenate([*weight, np.zeros(0, np.float32)]).astype(np.float32),
    )
