"""The features of a mixture side by side, and its parameters."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from personas.entities import Array
from personas.mixture_columns import Column, Row, learn_column
from personas.mixture_kinds import (
    average_loadings,
    block_of,
    count_loadings,
    number_loadings,
)


@dataclass(frozen=True)
class Schema:
    """The columns of a mixture, by name in the order of the alphabet."""

    columns: tuple[Column, ...]

    @property
    def width(self) -> int:
        return sum(column.width for column in self.columns)

    @cached_property
    def slices(self) -> list[slice]:
        ends = np.cumsum([column.width for column in self.columns]).tolist()
        return [slice(end - c.width, end) for c, end in zip(self.columns, ends, strict=True)]

    @cached_property
    def everyone(self) -> Array:
        return np.array([number for column in self.columns for number in column.everyone])

    @cached_property
    def layout(self) -> Layout:
        return Layout.of(self)

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    def encode(self, rows: Sequence[Row]) -> Array:
        """Statistics [row, statistic]; zeros where a feature is missing."""
        blocks = [block_of(c, [row.get(c.name) for row in rows]) for c in self.columns]
        return np.hstack(blocks) if blocks else np.zeros((len(rows), 0))


@dataclass(frozen=True)
class Layout:
    """Where the statistics of each kind stand, so that all columns of a kind are done at once.

    Args:
        values: of categories and counts [statistic]; `firsts` and `widths` of their columns.
        counts, numbers, averages: [statistic within the column, column].
        dispersions: [counts column, 1].
        weights: [statistic, 1].
    """

    values: NDArray[np.intp]
    firsts: NDArray[np.intp]
    widths: NDArray[np.intp]
    counts: NDArray[np.intp]
    numbers: NDArray[np.intp]
    averages: NDArray[np.intp]
    dispersions: Array
    weights: Array

    @classmethod
    def of(cls, schema: Schema) -> Layout:
        pairs = list(zip(schema.columns, schema.slices, strict=True))
        shares = [part for column, part in pairs if column.kind in ("categorical", "counts")]
        widths = [part.stop - part.start for part in shares]

        def places(kind: str) -> NDArray[np.intp]:
            own = [np.arange(p.start, p.stop) for column, p in pairs if column.kind == kind]
            return np.array(own, np.intp).T if own else np.empty((0, 0), np.intp)

        return cls(
            np.array([n for part in shares for n in range(part.start, part.stop)], np.intp),
            np.array([0, *np.cumsum(widths)[:-1]] if widths else [], np.intp),
            np.array(widths, np.intp),
            places("count"),
            places("number"),
            places("average"),
            np.array([[c.dispersion] for c in schema.columns if c.kind == "count"]),
            np.array([[c.weight] for c in schema.columns for _ in range(c.width)]).reshape(-1, 1),
        )


def learn_schema(
    rows: Sequence[Row], ignore: Collection[str] = (), like: Schema | None = None
) -> Schema:
    """What the features are, from the data; those that tell nothing are left out.

    Args:
        like: the schema of before, whose forms are kept where they still fit.
    """
    names = sorted({name for row in rows for name in row} - set(ignore))
    columns = (
        learn_column(
            name,
            [row[name] for row in rows if name in row],
            None if like is None else like.column(name),
        )
        for name in names
    )
    return Schema(tuple(column for column in columns if column is not None))


@dataclass(frozen=True)
class Parameters:
    """A mixture's parameters, as what the visitors of its components add up to.

    Args:
        sums: statistics summed over visitors by membership [statistic, component].
        sizes: visitors by membership [component].
    """

    sums: Array
    sizes: Array

    @property
    def count(self) -> int:
        return len(self.sizes)

    def take(self, order: Sequence[int] | np.ndarray) -> Parameters:
        return Parameters(self.sums[:, order], self.sizes[order])


def loadings(schema: Schema, parameters: Parameters, prior: float) -> Array:
    """[statistic, component], weighted; each starts with `prior` visitors like everyone."""
    layout = schema.layout
    sums = parameters.sums + prior * schema.everyone[:, None]
    found = np.empty_like(sums)
    if len(layout.values):
        values = sums[layout.values]
        totals = np.add.reduceat(values, layout.firsts, axis=0)
        found[layout.values] = np.log(values) - np.repeat(np.log(totals), layout.widths, axis=0)
    if layout.counts.size:
        found[layout.counts] = count_loadings(sums[layout.counts], layout.dispersions)
    if layout.numbers.size:
        found[layout.numbers] = number_loadings(sums[layout.numbers])
    if layout.averages.size:
        found[layout.averages] = average_loadings(sums[layout.averages])
    return np.asarray(found * layout.weights)


def log_shares(parameters: Parameters) -> Array:
    sizes = parameters.sizes + 1.0
    return np.asarray(np.log(sizes / sizes.sum()))
