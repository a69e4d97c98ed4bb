"""The features of a mixture side by side, and its parameters."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from personas.entities import Array
from personas.mixture_columns import Column, Row, learn_column
from personas.mixture_kinds import block_of, loadings_of


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

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    def encode(self, rows: Sequence[Row]) -> Array:
        """Statistics [row, statistic]; zeros where a feature is missing."""
        blocks = [block_of(c, [row.get(c.name) for row in rows]) for c in self.columns]
        return np.hstack(blocks) if blocks else np.zeros((len(rows), 0))


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
    sums = parameters.sums + prior * schema.everyone[:, None]
    blocks = [
        column.weight * loadings_of(column, sums[part])
        for column, part in zip(schema.columns, schema.slices, strict=True)
    ]
    return np.vstack(blocks) if blocks else np.zeros((0, parameters.count))


def log_shares(parameters: Parameters) -> Array:
    sizes = parameters.sizes + 1.0
    return np.asarray(np.log(sizes / sizes.sum()))
