"""What the features are that a persona mixture reads, learnt from what was observed of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from personas.entities import Array
from personas.features import Average

Kind = Literal["categorical", "counts", "count", "number", "average"]
Row = Mapping[str, object]

FEWEST, MOST_VALUES = 5, 24  # visitors that a value needs; values that a feature keeps
OTHER = "(other)"  # all values that a feature does not keep
LEAST_OTHER = 0.02  # of the visitors, for these to be told apart from the missing
FEW_LEVELS = 5  # a number with no more distinct values is read as levels
LARGEST_COUNT = 40.0  # beyond it, a whole number is read as an amount
OUTLIER = 4.0  # robust standard deviations at which numbers are cut
POWERS = (1.0, 1 / 2, 1 / 3, 0.0)  # 0 is the logarithm (Box & Cox 1964)
SMALL = 10  # whole numbers below it
SERIAL = 30  # different whole numbers without a gap: a serial number, which tells nothing


@dataclass(frozen=True, slots=True)
class Column:
    """One feature, as learnt.

    Args:
        labels: values of a categorical or counts feature.
        everyone: the statistics of one average visitor of whom the feature is known.
        power: numbers are raised to it before all else; 0 is the logarithm.
        centre, scale, low, high: of numbers after that; `low` and `high` after scaling.
        clumping: 0 where a visitor's observations are independent, 1 where one of them says all.
        dispersion: of a count: variance = mean + dispersion x mean².
        weight: below 1 where other features say the same again.
    """

    name: str
    kind: Kind
    everyone: tuple[float, ...]
    labels: tuple[str, ...] = ()
    power: float = 1.0
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

    @property
    def signed(self) -> bool:
        """Whether numbers below zero occur, of which no ratio makes sense."""
        return self.power == 1.0 and self.centre + self.scale * self.low < 0

    def raised(self, numbers: Array) -> Array:
        return np.asarray(np.log(numbers) if self.power == 0 else numbers**self.power)

    def lowered(self, numbers: Array) -> Array:
        """The inverse of `raised`."""
        if self.power == 0:
            return np.asarray(np.exp(numbers))
        return np.asarray(
            numbers if self.power == 1 else np.maximum(numbers, 0) ** (1 / self.power)
        )


def label_of(value: object) -> str:
    """A value as a category; whole numbers without a decimal point."""
    return f"{value:g}" if isinstance(value, float | int) else str(value)


def number_of(value: object) -> float | None:
    """A value as a number, also where it was sent as text."""
    try:
        number = float(value)  # type: ignore[arg-type]  # a TypeError is an answer
    except (TypeError, ValueError, OverflowError):
        return None
    return number if np.isfinite(number) else None


def learn_column(name: str, values: Sequence[object], like: Column | None = None) -> Column | None:
    """The column of these observed values; None where they can tell nothing of a persona.

    Args:
        like: the column as learnt before, whose form is kept where it still fits.
    """
    if any(isinstance(value, Mapping) for value in values):
        counted = [value for value in values if isinstance(value, Mapping)]
        return _learn_counts(name, counted, _labels_of(like, "counts"))
    if any(isinstance(value, Average) for value in values):
        return _learn_average(name, [value for value in values if isinstance(value, Average)])
    numbers = [number for value in values if (number := number_of(value)) is not None]
    if 2 * len(numbers) < len(values) or len(set(numbers)) <= FEW_LEVELS:
        return _learn_categorical(
            name, [label_of(v) for v in values], _labels_of(like, "categorical")
        )
    array = np.array(numbers)
    if _is_serial(array):
        return None
    kind = like.kind if like is not None and like.kind in ("count", "number") else _kind_of(array)
    if kind == "count" and array.min() >= 0:
        return _learn_count(name, array)
    return _learn_number(name, array, None if like is None else like.power)


def _labels_of(like: Column | None, kind: Kind) -> tuple[str, ...]:
    return like.labels if like is not None and like.kind == kind else ()


def _is_serial(numbers: Array) -> bool:
    different = np.unique(numbers)
    whole = bool((numbers == np.round(numbers)).all())
    span = float(different[-1] - different[0]) + 1
    alone = len(different) == len(numbers) >= SERIAL
    return whole and alone and span <= 1.5 * len(numbers)


def _kind_of(numbers: Array) -> Kind:
    """Whole numbers from zero that spread more than by chance are counts."""
    whole = bool((numbers == np.round(numbers)).all()) and numbers.min() == 0
    few = float(np.quantile(numbers, 0.95)) <= LARGEST_COUNT
    return "count" if whole and few and numbers.var() >= numbers.mean() else "number"


# --- categories -------------------------------------------------------------------------------


def _kept(counts: Mapping[str, float], total: float, known: Sequence[str]) -> list[str]:
    """The values that are frequent enough, in the order of the alphabet."""
    frequent = [v for v, n in counts.items() if n >= max(FEWEST, total / 1000) or v in known]
    frequent.sort(key=lambda value: (value not in known, -counts[value], value))
    return sorted(frequent[:MOST_VALUES])


def _learn_categorical(name: str, values: Sequence[str], known: Sequence[str]) -> Column | None:
    counts = Counter(values)
    labels = _kept(counts, len(values), known)
    covered = sum(counts[label] for label in labels)
    if len(labels) < 2 or 2 * covered < len(values):
        return None
    if len(values) - covered >= max(FEWEST, LEAST_OTHER * len(values)) and OTHER not in labels:
        labels.append(OTHER)
        counts[OTHER] = len(values) - covered
    total = sum(counts[label] for label in labels)
    shares = tuple(counts[label] / total for label in labels)
    return Column(name, "categorical", shares, tuple(labels))


def _learn_counts(
    name: str, rows: Sequence[Mapping[str, float]], known: Sequence[str]
) -> Column | None:
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update({value: min(1.0, float(count)) for value, count in row.items() if count > 0})
    labels = _kept(counts, len(rows), known)
    if len(labels) < 2:
        return None
    table = np.array([[row.get(label, 0.0) for label in labels] for row in rows])
    table = table[table.sum(1) > 0]
    shares = (table / table.sum(1, keepdims=True)).mean(0)
    clumping = clumping_of_counts(table, table.sum(1, keepdims=True) * shares) / 2
    return Column(name, "counts", tuple(shares.tolist()), tuple(labels), clumping=clumping)


def clumping_of_counts(table: Array, expected: Array) -> float:
    """By the moments of the Dirichlet-multinomial (Mosimann 1962), with a little doubt.

    Args:
        table, expected: how often each value was seen, and was to be expected [visitor, value].
    """
    totals, values = table.sum(1), table.shape[1]
    seen = expected > 0
    excess = ((table - expected)[seen] ** 2 / expected[seen]).sum() - (values - 1) * len(table)
    room = float((values - 1) * np.maximum(totals - 1, 0).sum())
    return float(np.clip(excess / (room + values), 0.0, 1.0))


# --- numbers ----------------------------------------------------------------------------------


def _learn_count(name: str, numbers: Array) -> Column:
    mean = max(float(numbers.mean()), 1e-3)
    dispersion = max((float(numbers.var()) - mean) / mean**2, 0.0) / 2
    high = float(numbers.max())
    return Column(name, "count", (1.0, mean), high=high, dispersion=max(dispersion, 1e-3))


def _learn_number(name: str, numbers: Array, power: float | None) -> Column | None:
    zeros = numbers == 0
    apart = bool((numbers >= 0).all()) or zeros.mean() > 0.05
    rest = numbers[~zeros] if apart else numbers
    if len(np.unique(rest)) < 2:
        return None
    if power is None or (power != 1.0 and rest.min() <= 0):
        power = _best_power(rest)
    column = Column(name, "number", (0.0,) * 4, power=power)
    values = column.raised(rest)
    quarter, middle, last = np.quantile(values, [0.25, 0.5, 0.75])
    spread = (last - quarter) / 1.349 or float(values.std())
    values = values.clip(middle - OUTLIER * spread, middle + OUTLIER * spread)
    centre, scale = float(values.mean()), float(values.std())
    if not scale > 1e-12 * abs(centre):
        return None
    share = float(1 - len(rest) / len(numbers))
    return replace(
        column,
        everyone=(share, 1 - share, 0.0, 1 - share),
        centre=centre,
        scale=scale,
        low=(float(values.min()) - centre) / scale,
        high=(float(values.max()) - centre) / scale,
    )


def _best_power(numbers: Array) -> float:
    """By the likelihood of a normal after it; the same in any unit."""
    if not (numbers > 0).all():
        return 1.0
    kept = numbers.clip(*np.quantile(numbers, [0.01, 0.99]))
    whole = bool((numbers == np.round(numbers)).all())
    # The logarithm would set one, two and three of something far apart.
    powers = POWERS[:-1] if whole and np.quantile(numbers, 0.1) < SMALL else POWERS
    logs = np.log(kept)

    def fit(power: float) -> float:
        raised = logs if power == 0 else kept**power / power
        spread = float(raised.std())
        return -np.log(spread) + (power - 1) * float(logs.mean()) if spread > 0 else -np.inf

    return max(powers, key=fit)


def _learn_average(name: str, values: Sequence[Average]) -> Column | None:
    means = np.array([value.mean for value in values])
    counts = np.array([value.count for value in values])
    if len(np.unique(means)) <= FEW_LEVELS or not (counts > 0).all():
        return None
    quarter, middle, last = np.quantile(means, [0.25, 0.5, 0.75])
    spread = (last - quarter) / 1.349 or float(means.std())
    means = means.clip(middle - OUTLIER * spread, middle + OUTLIER * spread)
    centre = float(np.average(means, weights=counts))
    between, within = spreads_of(means - centre, counts)
    single = between + within
    clumping = between / 2 / single
    z = (means - centre) / np.sqrt(single)
    worth = counts / (1 + (counts - 1) * clumping)
    return Column(
        name,
        "average",
        (1.0, float(worth.mean()), float((worth * z).mean()), float((worth * z * z).mean())),
        centre=centre,
        scale=float(np.sqrt(single)),
        low=float(z.min()),
        high=float(z.max()),
        clumping=clumping,
    )


def spreads_of(distances: Array, counts: Array) -> tuple[float, float]:
    """Variance between visitors, and within one: squared distance = between + within / count."""
    from scipy.optimize import nnls

    weight = np.sqrt(counts)
    design = np.column_stack([weight, weight / counts])
    (between, within), _ = nnls(design, distances**2 * weight)
    return float(between), float(max(within, 1e-6 * (between + 1e-12)))
