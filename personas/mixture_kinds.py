"""How each kind of feature becomes a linear likelihood.

Every kind is an exponential family, so that the log-likelihood of a visitor under all personas is
one matrix product: statistics [visitor, statistic] times loadings [statistic, persona]. What was
not observed has statistics of zero and drops out: missing features are integrated out, never filled
in. What does not depend on the persona is left away, so likelihoods compare across personas and
across mixtures of one schema, not across schemas.

| kind | family | statistics |
|---|---|---|
| categorical | categorical with Dirichlet prior | one per value |
| counts | multinomial with Dirichlet prior, shortened where counts clump | one per value |
| count | negative binomial with Gamma prior on the mean | seen, number |
| number | zero mass and normal, of the number or a power of it | zero, not zero, z, z² |
| average | normal mean of repeated observations, n of them independent | seen, n, nz, nz² |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from personas.entities import Array
from personas.features import Average
from personas.mixture_columns import OTHER, Column, label_of, number_of

LEAST_VARIANCE = 0.01  # of standardised numbers
POOLING = 20.0  # visitors' worth of the common variance in each persona's own
Statistics = list[tuple[int, float]]

# --- statistics of one visitor ----------------------------------------------------------------


def statistics_of(column: Column, value: object) -> Statistics:
    """(place within the column, number) of one observed value; empty where it tells nothing."""
    if column.kind == "counts":
        return _counts_statistics(column, value) if isinstance(value, Mapping) else []
    if column.kind == "categorical":
        return _value_statistics(column, label_of(value))
    if column.kind == "average":
        return _average_statistics(column, value) if isinstance(value, Average) else []
    number = number_of(value)
    if number is None:
        return []
    if column.kind == "count":
        return [(0, 1.0), (1, min(max(number, 0.0), column.high))]
    return _number_statistics(column, number)


def _value_statistics(column: Column, label: str) -> Statistics:
    place = _place(column, label)
    return [(place, 1.0)] if place >= 0 else []


def _counts_statistics(column: Column, value: Mapping[str, float]) -> Statistics:
    """Observations of a visitor that come in clumps are worth fewer independent ones."""
    seen: dict[int, float] = {}
    for label, count in value.items():
        place = _place(column, label)
        if place >= 0 and count > 0:
            seen[place] = seen.get(place, 0.0) + count
    worth = 1 / (1 + max(sum(seen.values()) - 1, 0.0) * column.clumping)
    return [(place, count * worth) for place, count in seen.items()]


def _place(column: Column, label: str) -> int:
    """Of a value among a column's; -1 where the column has no place for it."""
    if label in column.labels:
        return column.labels.index(label)
    return column.labels.index(OTHER) if OTHER in column.labels else -1


def _number_statistics(column: Column, value: float) -> Statistics:
    if value == 0 and column.everyone[0] > 0:
        return [(0, 1.0)]
    if value < 0 if column.power else value <= 0:
        return []
    raised = float(column.raised(np.float64(value)))  # type: ignore[arg-type]  # works on one too
    z = min(max((raised - column.centre) / column.scale, column.low), column.high)
    return [(1, 1.0), (2, z), (3, z * z)]


def _average_statistics(column: Column, value: Average) -> Statistics:
    if not value.count > 0 or not np.isfinite(value.mean):
        return []
    z = min(max((value.mean - column.centre) / column.scale, column.low), column.high)
    worth = value.count / (1 + max(value.count - 1, 0.0) * column.clumping)
    return [(0, 1.0), (1, worth), (2, worth * z), (3, worth * z * z)]


# --- the same of many -------------------------------------------------------------------------


def block_of(column: Column, values: Sequence[object]) -> Array:
    """Statistics [visitor, statistic] of a feature; None where it is missing."""
    block = np.zeros((len(values), column.width))
    if column.kind == "categorical":
        _fill_values(column, values, block)
    elif column.kind == "counts":
        _fill_counts(column, values, block)
    elif column.kind == "average":
        _fill_averages(column, values, block)
    else:
        numbers = np.array([_number_or_nan(value) for value in values], float)
        _fill_numbers(column, numbers, block)
    return block


def _number_or_nan(value: object) -> float:
    if type(value) is float:
        return value if abs(value) < np.inf else np.nan
    number = None if value is None else number_of(value)
    return np.nan if number is None else number


def _fill_values(column: Column, values: Sequence[object], block: Array) -> None:
    place = {label: number for number, label in enumerate(column.labels)}
    other = place.get(OTHER, -1)
    found = [
        -1 if value is None else place.get(value if type(value) is str else label_of(value), other)
        for value in values
    ]
    places: NDArray[np.intp] = np.array(found, np.intp)
    rows = np.flatnonzero(places >= 0)
    block[rows, places[rows]] = 1.0


def _fill_counts(column: Column, values: Sequence[object], block: Array) -> None:
    places = {label: number for number, label in enumerate(column.labels)}
    other = places.get(OTHER, -1)
    for row, value in enumerate(values):
        if isinstance(value, Mapping):
            for label, count in value.items():
                place = places.get(label, other)
                if place >= 0 and count > 0:
                    block[row, place] += count
    block /= 1 + np.maximum(block.sum(1, keepdims=True) - 1, 0) * column.clumping


def _fill_numbers(column: Column, numbers: Array, block: Array) -> None:
    known = ~np.isnan(numbers)
    if column.kind == "count":
        block[known, 0] = 1.0
        block[known, 1] = numbers[known].clip(0.0, column.high)
        return
    zero = known & (numbers == 0) & (column.everyone[0] > 0)
    rest = (
        known
        & ~zero
        & ((column.power == 1.0) | (numbers > 0) | ((numbers == 0) & (column.power > 0)))
    )
    block[zero, 0] = 1.0
    z = (column.raised(numbers[rest]) - column.centre) / column.scale
    z = z.clip(column.low, column.high)
    block[rest, 1:] = np.column_stack([np.ones(len(z)), z, z * z])


def _fill_averages(column: Column, values: Sequence[object], block: Array) -> None:
    for row, value in enumerate(values):
        if isinstance(value, Average):
            for place, number in _average_statistics(column, value):
                block[row, place] = number


# --- loadings ---------------------------------------------------------------------------------


def loadings_of(column: Column, sums: Array) -> Array:
    """Natural parameters [statistic, persona] from summed statistics, the prior's among them."""
    if column.kind in ("categorical", "counts"):
        return np.asarray(np.log(sums / sums.sum(0)))
    if column.kind == "count":
        return count_loadings(sums, np.array(column.dispersion))
    return average_loadings(sums) if column.kind == "average" else number_loadings(sums)


def count_loadings(sums: Array, dispersion: Array) -> Array:
    """Of one column, sums [2, persona], or of several, [2, column, persona]."""
    mean = sums[1] / sums[0]
    inflated = 1 + dispersion * mean
    return np.stack([-np.log(inflated) / dispersion, np.log(dispersion * mean / inflated)])


def number_loadings(sums: Array) -> Array:
    """Of one column, sums [4, persona], or of several, [4, column, persona]."""
    zero, mean, variance = normal_of(sums)
    with np.errstate(divide="ignore"):
        at_zero = np.where(zero > 0, np.log(zero), 0.0)
    constant = np.log1p(-zero) - 0.5 * np.log(2 * np.pi * variance) - mean**2 / (2 * variance)
    return np.stack([at_zero, constant, mean / variance, -0.5 / variance])


def average_loadings(sums: Array) -> Array:
    """Of one column, sums [4, persona], or of several, [4, column, persona]."""
    _, mean, variance = average_of(sums)
    halved = 0.5 / variance
    return np.stack([-0.5 * np.log(variance), -(mean**2) * halved, 2 * mean * halved, -halved])


def normal_of(sums: Array) -> tuple[Array, Array, Array]:
    """Share of zeros, mean and variance of each persona; each variance leans on the common one."""
    seen = sums[1]
    mean = sums[2] / seen
    own = np.maximum(sums[3] / seen - mean**2, 0.0)
    return sums[0] / (sums[0] + seen), mean, _leaning(own, seen)


def average_of(sums: Array) -> tuple[Array, Array, Array]:
    """Visitors seen, mean and variance of one observation of each persona."""
    mean = sums[2] / sums[1]
    own = np.maximum(sums[3] - 2 * mean * sums[2] + mean**2 * sums[1], 0.0) / sums[0]
    return sums[0], mean, _leaning(own, sums[0])


def _leaning(own: Array, seen: Array) -> Array:
    common = (own * seen).sum(-1, keepdims=True) / seen.sum(-1, keepdims=True)
    leaning = (own * seen + POOLING * common) / (seen + POOLING)
    return np.asarray(np.maximum(leaning, LEAST_VARIANCE))


# --- what a persona leaves unexplained --------------------------------------------------------


def means_of(column: Column, sums: Array) -> Array:
    """Expected statistics [statistic, persona] of a visitor of whom the feature is known."""
    if column.kind in ("categorical", "counts"):
        return np.asarray(sums / sums.sum(0))
    if column.kind == "number":
        return np.asarray(sums / (sums[0] + sums[1]))
    return np.asarray(sums / sums[0])


def seen_in(column: Column, block: Array) -> Array:
    """How much of the feature was observed [visitor]; 0 where it is missing."""
    if column.kind in ("categorical", "counts"):
        return np.asarray(block.sum(1))
    return np.asarray(block[:, 0] + block[:, 1] if column.kind == "number" else block[:, 0])


def residuals_of(column: Column, block: Array, expected: Array) -> Array:
    """[visitor, dimension], of spread near 1 where a feature is seen and 0 where it is not.

    Args:
        block: the column's statistics [visitor, statistic].
        expected: the same as expected of each visitor if the feature is seen.
    """
    seen = seen_in(column, block)
    if column.kind in ("categorical", "counts"):
        spread = np.sqrt(np.maximum(seen, 1e-12)[:, None] * np.array(column.everyone))
        return np.asarray((block - seen[:, None] * expected) / spread)
    if column.kind == "count":
        usual = column.everyone[1]
        spread_all = np.sqrt(usual + column.dispersion * usual**2)
        return np.asarray((block[:, 1:] - seen[:, None] * expected[:, 1:]) / spread_all)
    if column.kind == "average":
        mean = expected[:, 2] / expected[:, 1]
        root = np.sqrt(np.maximum(block[:, 1], 1e-12))
        return np.asarray((block[:, 2] - block[:, 1] * mean) / root)[:, None]
    turned = np.array([min(column.low, -1.0), 0.0, 1.0, 0.0])
    return np.asarray(((block - seen[:, None] * expected) @ turned)[:, None])
