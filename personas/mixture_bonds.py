"""What people say of personas, as statistics that a fit adds to a component's own.

A bond is worth some visitors. Drawn by hand, it says which values such visitors mostly have; kept,
it says what they were like when the persona was locked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from personas.entities import CHANNELS, CONTENT_TYPES, Array
from personas.features import DAYTIMES, DEVICES, FEATURES, TRAIT
from personas.mixture_columns import OTHER, Column, Kind, label_of, number_of
from personas.mixture_kinds import means_of
from personas.mixture_schema import Parameters, Schema

LEAST_DRAWN = 200.0  # visitors that a drawing is worth; as many as there are, where there are more
DRAWN_SHARE = 0.1  # of the visitors, that a drawn persona is believed to have beforehand
RARE = 0.05  # of everyone have a value that was only drawn so far
MOSTLY = 0.9  # of such visitors have one of the values drawn
BEHAVIOUR = frozenset(feature.name for feature in FEATURES)
HEIGHTS: Mapping[str, float] = {"very low": -1.7, "low": -1.0, "high": 1.0, "very high": 1.7}
_KNOWN_VALUES: Mapping[str, tuple[str, ...]] = {
    "channel": CHANNELS,
    "hour": DAYTIMES,
    "device": DEVICES,
    "content type": CONTENT_TYPES,
}
Drawing = Mapping[str, tuple[object, ...]]  # feature → values that such visitors mostly have


@dataclass(frozen=True)
class Bond:
    """What holds one component.

    Args:
        drawn: by hand.
        kept: the schema and one component of a mixture before, which stays as it was.
    """

    drawn: Drawing = field(default_factory=dict)
    kept: tuple[Schema, Parameters] | None = None


def bonds_of(bonds: Sequence[Bond], schema: Schema, visitors: int) -> Array:
    """Statistics [statistic, bond] in a schema's terms."""
    return np.column_stack([_sums(bond, schema, visitors) for bond in bonds])


def sizes_of(bonds: Sequence[Bond], visitors: int) -> Array:
    """Visitors that each bond is believed to have beforehand [bond]."""
    return np.array([DRAWN_SHARE * visitors if bond.drawn else 0.0 for bond in bonds])


def _sums(bond: Bond, schema: Schema, visitors: int) -> Array:
    if bond.kept is not None:
        return _kept_sums(*bond.kept, schema)
    sums = np.zeros(schema.width)
    for column, part in zip(schema.columns, schema.slices, strict=True):
        values = bond.drawn.get(column.name, ())
        told = _drawn_statistics(column, values) if values else None
        if told is not None:
            sums[part] = max(LEAST_DRAWN, float(visitors)) * told
    return sums


# --- kept -------------------------------------------------------------------------------------


def _kept_sums(before: Schema, parameters: Parameters, schema: Schema) -> Array:
    sums = np.zeros(schema.width)
    for column, part in zip(schema.columns, schema.slices, strict=True):
        old = before.column(column.name)
        if old is not None and old.kind == column.kind:
            place = before.slices[before.columns.index(old)]
            own = parameters.sums[place]
            if own.any():
                seen = float(own[:, 0].sum() / means_of(old, own)[:, 0].sum())
                sums[part] = seen * translated(old, means_of(old, own)[:, 0], column)
    return sums


def translated(old: Column, means: Array, new: Column) -> Array:
    """Expected statistics of one column in another one's terms, of the same feature and kind."""
    if old.kind in ("categorical", "counts"):
        told = dict(zip(old.labels, means, strict=True))
        shares = np.array([told.get(label, 1e-3) for label in new.labels])
        return np.asarray(shares / shares.sum())
    if old.kind == "count":
        return means
    if old.power != new.power:
        return np.array(new.everyone)
    slope = old.scale / new.scale
    shift = (old.centre - new.centre) / new.scale
    first, worth, linear, square = means
    turned = slope * linear + shift * worth
    squared = slope**2 * square + 2 * slope * shift * linear + shift**2 * worth
    return np.array([first, worth, turned, squared])


# --- drawn by hand ----------------------------------------------------------------------------


def _drawn_statistics(column: Column, values: Sequence[object]) -> Array | None:
    """One visitor's worth; None where the values say nothing in the column's terms."""
    if column.kind in ("categorical", "counts"):
        named = np.array([label in {label_of(v) for v in values} for label in column.labels])
        if not named.any() or named.all():
            return None
        usual = np.array(column.everyone)
        within = np.where(named, usual / usual[named].sum(), usual / usual[~named].sum())
        return np.asarray(within * np.where(named, MOSTLY, 1 - MOSTLY))
    z = _height(column, values[0])
    if z is None:
        return None
    if column.kind == "count":
        mean = column.everyone[1]
        return np.array([1.0, max(mean * (1 + z), 0.3 * mean) if isinstance(values[0], str) else z])
    if column.kind == "average":
        worth = column.everyone[1]
        return np.array([1.0, worth, worth * z, worth * z * z + 0.5])
    return np.array([0.02 * (column.everyone[0] > 0), 1.0, z, z * z + 0.5])


def _height(column: Column, value: object) -> float | None:
    """Where on a column's scale; counts given as numbers stay as they are."""
    if isinstance(value, str) and value.lower() in HEIGHTS:
        return HEIGHTS[value.lower()]
    number = number_of(value)
    if number is None or (column.power != 1 and number <= 0):
        return None
    if column.kind == "count":
        return max(number, 0.0)
    raised = float(column.raised(np.array([number]))[0])
    return min(max((raised - column.centre) / column.scale, column.low), column.high)


def feature_named(name: str) -> str:
    """The mixture's name of a feature as people know it."""
    return name if name in BEHAVIOUR or name.startswith(TRAIT) else TRAIT + name


def with_drawn(schema: Schema, bonds: Sequence[Bond]) -> Schema:
    """The schema and what only people know of so far."""
    drawn: dict[str, list[object]] = {}
    for bond in bonds:
        for name, values in bond.drawn.items():
            drawn.setdefault(name, []).extend(values)
    fresh = [
        column
        for name, values in drawn.items()
        if schema.column(name) is None and (column := _drawn_column(name, values)) is not None
    ]
    return Schema(tuple(sorted((*schema.columns, *fresh), key=lambda column: column.name)))


def _drawn_column(name: str, values: Sequence[object]) -> Column | None:
    numbers = [number for value in values if (number := number_of(value)) is not None]
    if len(numbers) == len(values) and min(numbers) > 0:
        centre = float(np.mean(np.log(numbers)))
        normal = (0.0, 1.0, 0.0, 1.0)
        return Column(name, "number", normal, power=0.0, centre=centre, low=-4.0, high=4.0)
    if any(isinstance(value, str) and value.lower() in HEIGHTS for value in values):
        return None  # high or low among whom? Data will tell.
    known = _KNOWN_VALUES.get(name, ())
    kind: Kind = "counts" if name in BEHAVIOUR else "categorical"
    named = sorted({label_of(value) for value in values} | set(known))
    if known:
        return Column(name, kind, tuple(1 / len(named) for _ in named), tuple(named))
    rare = min(RARE, 0.5 / len(named))
    everyone = (*(rare for _ in named), 1 - rare * len(named))
    return Column(name, kind, everyone, (*named, OTHER))
