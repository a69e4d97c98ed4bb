"""The kinds of feature a persona mixture reads, and how each becomes a linear likelihood.

Every kind is an exponential family, so that the log-likelihood of a visitor under all personas is one
matrix product: statistics [visitor, statistic] × loadings [statistic, persona]. What was not observed
has statistics of zero and drops out: missing features are integrated out, never filled in. What does
not depend on the persona is left away, so likelihoods compare across personas and across mixtures of
one schema, not across schemas.

| kind | family | statistics |
|---|---|---|
| categorical | categorical with Dirichlet prior | one per value |
| counts | multinomial with Dirichlet prior, counts shortened where they come in clumps | one per value |
| count | negative binomial with Gamma prior on the mean | seen, number |
| number | zero mass and normal, of the number or its logarithm | zero, not zero, z, z² |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from personas.entities import Array

Kind = Literal["categorical", "counts", "count", "number"]
Row = Mapping[str, object]

FEWEST, MOST_VALUES = 5, 24  # visitors that a value needs; values that a feature keeps
FEW_LEVELS = 5  # a number with no more distinct values is read as levels
LARGEST_COUNT = 40.0  # beyond it, a whole number is read as an amount
OUTLIER = 4.0  # robust standard deviations at which numbers are cut
LEAST_VARIANCE = 0.01  # of standardised numbers
POOLING = 20.0  # visitors' worth of the common variance in each persona's own


@dataclass(frozen=True, slots=True)
class Column:
    """One feature, as learnt.

    Args:
        labels: values of a categorical or counts feature.
        everyone: the statistics of one average visitor of whom the feature is known.
        centre, scale, low, high: of numbers, after the logarithm where `log`.
        clumping: 0 where a visitor's counts are independent, 1 where one count says all.
        dispersion: of a count: variance = mean + dispersion × mean².
        weight: below 1 where other features say the same again.
    """

    name: str
    kind: Kind
    everyone: tuple[float, ...]
    labels: tuple[str, ...] = ()
    log: bool = False
    centre: float = 0.0
    scale: float = 1.0
    low: float = 0.0
    high: float = 0.0
    clumping: float = 0.0
    dispersion: float = 0.0
    weight: float = 1.0

    @property
    def width(self) -> int:
        return len(self.everyone)


def label_of(value: object) -> str:
    """A value as a category; whole numbers without a decimal point."""
    return f"{value:g}" if isinstance(value, float | int) else str(value)


# --- learning a column ------------------------------------------------------------------------


def learn_column(name: str, values: Sequence[object]) -> Column | None:
    """The column of these observed values; None where they can tell nothing of a persona."""
    if any(isinstance(value, Mapping) for value in values):
        return _learn_counts(name, [value for value in values if isinstance(value, Mapping)])
    numbers = [float(v) for v in values if isinstance(v, float | int) and np.isfinite(v)]
    if 2 * len(numbers) < len(values) or len(set(numbers)) <= FEW_LEVELS:
        return _learn_categorical(name, [label_of(value) for value in values])
    array = np.array(numbers)
    whole = bool((array >= 0).all() and (array == np.round(array)).all())
    if whole and np.quantile(array, 0.95) <= LARGEST_COUNT:
        return _learn_count(name, array)
    return _learn_number(name, array)


def _kept(counts: Mapping[str, float], total: float) -> tuple[str, ...]:
    """The values that are frequent enough, in the order of the alphabet."""
    frequent = [v for v, n in counts.items() if n >= max(FEWEST, total / 1000)]
    frequent.sort(key=lambda value: (-counts[value], value))
    return tuple(sorted(frequent[:MOST_VALUES]))


def _learn_categorical(name: str, values: Sequence[str]) -> Column | None:
    counts = Counter(values)
    labels = _kept(counts, len(values))
    covered = sum(counts[label] for label in labels)
    if len(labels) < 2 or 2 * covered < len(values):
        return None
    shares = tuple(counts[label] / covered for label in labels)
    return Column(name, "categorical", shares, labels)


def _learn_counts(name: str, rows: Sequence[Mapping[str, float]]) -> Column | None:
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update({value: min(1.0, float(count)) for value, count in row.items() if count > 0})
    labels = _kept(counts, len(rows))
    if len(labels) < 2:
        return None
    table = np.array([[row.get(label, 0.0) for label in labels] for row in rows])
    table = table[table.sum(1) > 0]
    shares = (table / table.sum(1, keepdims=True)).mean(0)
    return Column(name, "counts", tuple(shares.tolist()), labels, clumping=_first_clumping(table))


def _first_clumping(table: Array) -> float:
    """Half of what everyone's counts show; the rest may be the personas'."""
    shares = table.sum(0) / table.sum()
    expected = table.sum(1, keepdims=True) * shares
    excess = ((table - expected) ** 2 / np.maximum(expected, 1e-12)).sum() - (
        (len(shares) - 1) * len(table)
    )
    return clumping_of(excess, table.sum(1), len(shares)) / 2


def clumping_of(excess: float, totals: Array, values: int) -> float:
    """By the moments of the Dirichlet-multinomial (Mosimann 1962), with a little doubt."""
    room = float((values - 1) * np.maximum(totals - 1, 0).sum())
    return float(np.clip(excess / (room + values), 0.0, 1.0))


def _learn_count(name: str, numbers: Array) -> Column:
    mean = float(numbers.mean())
    dispersion = max((float(numbers.var()) - mean) / mean**2, 0.0) / 2
    return Column(
        name,
        "count",
        (1.0, mean),
        high=float(numbers.max()),
        dispersion=max(dispersion, 1e-3),
    )


def _learn_number(name: str, numbers: Array) -> Column | None:
    zeros = numbers == 0
    apart = bool((numbers >= 0).all()) or zeros.mean() > 0.05
    rest = numbers[~zeros] if apart else numbers
    log = bool((rest > 0).all()) and _log_fits(rest)
    values = np.log(rest) if log else rest
    quarter, middle, last = np.quantile(values, [0.25, 0.5, 0.75])
    spread = (last - quarter) / 1.349 or float(values.std())
    if spread <= 0:
        return None
    values = values.clip(middle - OUTLIER * spread, middle + OUTLIER * spread)
    centre, scale = float(values.mean()), float(values.std())
    share = 1 - len(rest) / len(numbers)
    return Column(
        name,
        "number",
        (share, 1 - share, 0.0, 1 - share),
        log=log,
        centre=centre,
        scale=scale,
        low=(float(values.min()) - centre) / scale,
        high=(float(values.max()) - centre) / scale,
    )


def _log_fits(numbers: Array) -> bool:
    """Whether a lognormal has the higher likelihood than a normal; the same in any unit."""
    logs = np.log(numbers)
    spread, plain = float(logs.std()), float(numbers.std())
    return spread > 0 and bool(np.log(plain) > np.log(spread) + logs.mean())


# --- statistics -------------------------------------------------------------------------------


def statistics_of(column: Column, value: object) -> list[tuple[int, float]]:
    """(place within the column, number) of one observed value; empty where it tells nothing."""
    if column.kind == "counts":
        return _count_statistics(column, value) if isinstance(value, Mapping) else []
    if column.kind == "categorical":
        label = label_of(value)
        return [(column.labels.index(label), 1.0)] if label in column.labels else []
    if not isinstance(value, float | int) or not np.isfinite(value):
        return []
    if column.kind == "count":
        return [(0, 1.0), (1, min(max(float(value), 0.0), column.high))]
    return _number_statistics(column, float(value))


def _count_statistics(column: Column, value: Mapping[str, float]) -> list[tuple[int, float]]:
    """Counts of a visitor that come in clumps are worth fewer independent ones."""
    seen = [
        (place, float(value[label]))
        for place, label in enumerate(column.labels)
        if value.get(label, 0.0) > 0
    ]
    total = sum(count for _, count in seen)
    worth = 1 / (1 + max(total - 1, 0.0) * column.clumping)
    return [(place, count * worth) for place, count in seen]


def _number_statistics(column: Column, value: float) -> list[tuple[int, float]]:
    if value == 0 and column.everyone[0] > 0:
        return [(0, 1.0)]
    if column.log and value <= 0:
        return []
    z = ((float(np.log(value)) if column.log else value) - column.centre) / column.scale
    z = min(max(z, column.low), column.high)
    return [(1, 1.0), (2, z), (3, z * z)]


# --- loadings ---------------------------------------------------------------------------------


def loadings_of(column: Column, sums: Array) -> Array:
    """Natural parameters [statistic, persona] from summed statistics, the prior's among them."""
    if column.kind in ("categorical", "counts"):
        return np.asarray(np.log(sums / sums.sum(0)))
    if column.kind == "count":
        mean = sums[1] / sums[0]
        inflated = 1 + column.dispersion * mean
        return np.stack(
            [-np.log(inflated) / column.dispersion, np.log(column.dispersion * mean / inflated)]
        )
    return _normal_loadings(sums)


def normal_of(sums: Array) -> tuple[Array, Array, Array]:
    """Share of zeros, mean and variance [persona]; each variance leans on the common one."""
    seen = sums[1]
    mean = sums[2] / seen
    own = np.maximum(sums[3] / seen - mean**2, 0.0)
    common = (own * seen).sum() / seen.sum()
    variance = (own * seen + POOLING * common) / (seen + POOLING)
    return sums[0] / (sums[0] + seen), mean, np.maximum(variance, LEAST_VARIANCE)


def _normal_loadings(sums: Array) -> Array:
    zero, mean, variance = normal_of(sums)
    with np.errstate(divide="ignore"):
        at_zero = np.where(zero > 0, np.log(zero), 0.0)
    constant = np.log1p(-zero) - 0.5 * np.log(2 * np.pi * variance) - mean**2 / (2 * variance)
    return np.stack([at_zero, constant, mean / variance, -0.5 / variance])


# --- what a persona leaves unexplained --------------------------------------------------------


def means_of(column: Column, sums: Array) -> Array:
    """Expected statistics [statistic, persona] of a visitor of whom the feature is known."""
    if column.kind in ("categorical", "counts"):
        return np.asarray(sums / sums.sum(0))
    if column.kind == "count":
        return np.asarray(sums / sums[0])
    return np.asarray(sums / (sums[0] + sums[1]))


def seen_in(column: Column, block: Array) -> Array:
    """How much of the feature was observed [visitor]; 0 where it is missing."""
    if column.kind in ("categorical", "counts"):
        return np.asarray(block.sum(1))
    return np.asarray(block[:, 0] if column.kind == "count" else block[:, 0] + block[:, 1])


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
        mean = column.everyone[1]
        spread_all = np.sqrt(mean + column.dispersion * mean**2)
        return np.asarray((block[:, 1:] - seen[:, None] * expected[:, 1:]) / spread_all)
    turned = np.array([min(column.low, -1.0), 0.0, 1.0, 0.0])
    return ((block - seen[:, None] * expected) @ turned)[:, None]
