"""Which sets of items visitors make: a denoising autoencoder, in numpy alone.

From a part of what a visitor saw it foretells the rest: a linear map plus one hidden layer, a
softmax over all items (Liang et al. 2018, "Variational autoencoders for collaborative filtering",
the denoising one). Where visitors fall into kinds, it sees more than pairs of items do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from personas.entities import Array
from personas.neighbours import ranges

if TYPE_CHECKING:  # only fitting needs it, and it is slow to load
    from scipy import sparse

Array32 = NDArray[np.float32]
BATCH = 256
DECAY_1, DECAY_2, TINY = 0.9, 0.999, 1e-8  # Adam's (Kingma, Ba 2015)
NAMES = ("inward", "inward_bias", "outward", "bias", "direct")


@dataclass(frozen=True)
class Pattern:
    """What was learned.

    Attributes:
        inward: [items, hidden]; inward_bias: [hidden].
        outward: [hidden, items]; bias: [items].
        direct: item to item [items, items].
    """

    inward: Array32
    inward_bias: Array32
    outward: Array32
    bias: Array32
    direct: Array32

    def scores(self, seen: Sequence[int] | NDArray[np.intp]) -> Array:
        """Log-odds of each item [items] to be seen by who saw these, up to a constant."""
        rows = np.asarray(seen, np.intp)
        share = 1.0 / np.sqrt(max(len(rows), 1))
        hidden = np.tanh(self.inward[rows].sum(axis=0) * share + self.inward_bias)
        scores: Array = hidden @ self.outward + self.bias
        scores += self.direct[rows].sum(axis=0) * share
        return scores.astype(np.float64)

    def to_arrays(self) -> dict[str, Array32]:
        """For a registry."""
        return {name: getattr(self, name) for name in NAMES}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Pattern:
        """The model that `to_arrays` wrote down."""
        return cls(*(np.asarray(arrays[name], np.float32) for name in NAMES))


@dataclass(frozen=True, slots=True)
class Effort:
    """How the fit goes about it."""

    hidden: int = 400
    epochs: int = 25
    least_steps: int = 600  # few visitors are gone through more often
    drop: float = 0.5  # of the hidden layer
    rate: float = 2e-3
    shrink: float = 1e-6  # weight decay
    all_but_one: float = 0.8  # share of the examples that hide one item; others hide more


def fit_pattern(
    histories: Sequence[Sequence[int]],
    items: int,
    effort: Effort,
    seed: int,
    told: Callable[[float], None] | None = None,
) -> Pattern:
    """Learn from the sets of items of visitors who saw at least two.

    Args:
        histories: distinct items of each visitor.
        told: called with the share done.
    """
    random = np.random.default_rng(seed)
    able = [np.asarray(history, np.intp) for history in histories if len(history) >= 2]
    lengths = np.asarray([len(history) for history in able])
    flat, starts = np.concatenate(able), np.concatenate([[0], np.cumsum(lengths)])
    weights = _beginning(flat, items, effort.hidden, random)
    moments = [(np.zeros_like(weight), np.zeros_like(weight)) for weight in weights]
    batches = -(-len(able) // BATCH)
    epochs = max(effort.epochs, -(-effort.least_steps // batches))
    steps, step = epochs * batches, 0
    for _ in range(epochs):
        order = random.permutation(len(able))
        for begin in range(0, len(able), BATCH):
            step += 1
            batch = order[begin : begin + BATCH]
            rows = np.repeat(np.arange(len(batch)), lengths[batch])
            columns = flat[ranges(starts[batch], lengths[batch])]
            shown, hidden = _parted(rows, columns, lengths[batch], items, effort, random)
            gradients = _gradients(weights, shown, hidden, effort.drop, random)
            rate = effort.rate * (1 - step / (steps + 1)) + effort.rate / 20
            _adam(weights, gradients, moments, rate, effort.shrink, step)
        if told is not None:
            told(step / steps)
    return Pattern(*weights)


def _beginning(
    flat: NDArray[np.intp], items: int, hidden: int, random: np.random.Generator
) -> list[Array32]:
    counts = np.bincount(flat, minlength=items)
    bound_in, bound_out = 1 / np.sqrt(items), 1 / np.sqrt(hidden)
    first = random.uniform(-bound_in, bound_in, (items, hidden))
    second = random.uniform(-bound_out, bound_out, (hidden, items))
    popular = np.log((counts + 0.5) / (counts.mean() + 0.5))
    begun = (first, np.zeros(hidden), second, popular, np.zeros((items, items)))
    return [array.astype(np.float32) for array in begun]


def _parted(
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    lengths: NDArray[np.intp],
    items: int,
    effort: Effort,
    random: np.random.Generator,
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Each history in two: what is shown, and what is to be foretold, both [batch, items]."""
    from scipy import sparse

    count = np.where(
        random.random(len(lengths)) < effort.all_but_one, 1, random.integers(1, lengths)
    )
    order = np.lexsort((random.random(len(rows)), rows))
    place = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    asked = place < count[rows]
    columns, shape = columns[order], (len(lengths), items)
    hidden_worth = (1.0 / count[rows[asked]]).astype(np.float32)
    shown_worth = (1.0 / np.sqrt(lengths - count))[rows[~asked]].astype(np.float32)
    hidden = sparse.csr_matrix((hidden_worth, (rows[asked], columns[asked])), shape)
    shown = sparse.csr_matrix((shown_worth, (rows[~asked], columns[~asked])), shape)
    return shown, hidden


def _gradients(
    weights: Sequence[Array32],
    shown: sparse.csr_matrix,
    hidden: sparse.csr_matrix,
    drop: float,
    random: np.random.Generator,
) -> list[Array32]:
    """Of the mean cross-entropy, for each of the weights."""
    inward, inward_bias, outward, bias, direct = weights
    raw = np.tanh(shown @ inward + inward_bias)
    kept = (random.random(raw.shape, np.float32) >= drop).astype(np.float32) / np.float32(1 - drop)
    layer = raw * kept
    logits = layer @ outward
    logits += bias
    logits += shown @ direct
    logits[shown.nonzero()] = -1e9  # what was seen is not asked for
    logits -= logits.max(axis=1, keepdims=True)
    error = np.exp(logits, out=logits)
    error /= error.sum(axis=1, keepdims=True)
    error[hidden.nonzero()] -= hidden.data
    error /= np.float32(shown.shape[0])
    back = (error @ outward.T) * kept * (1 - raw * raw)
    entry = shown.T.tocsr()
    return [entry @ back, back.sum(axis=0), layer.T @ error, error.sum(axis=0), entry @ error]


def _adam(
    weights: Sequence[Array32],
    gradients: Sequence[Array32],
    moments: Sequence[tuple[Array32, Array32]],
    rate: float,
    shrink: float,
    step: int,
) -> None:
    size = rate * np.sqrt(1 - DECAY_2**step) / (1 - DECAY_1**step)
    for weight, gradient, (mean, square) in zip(weights, gradients, moments, strict=True):
        slope = gradient + np.float32(shrink) * weight
        mean[...] = DECAY_1 * mean + (1 - DECAY_1) * slope
        square[...] = DECAY_2 * square + (1 - DECAY_2) * slope * slope
        weight[...] = weight - np.float32(size) * mean / (np.sqrt(square) + TINY)
