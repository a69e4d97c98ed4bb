"""What signs say of whether a visit goes on to an order, alone and two at a time, as tables.

A generalised additive model with pairwise interactions (Lou et al. 2013, "Accurate intelligible
models with pairwise interactions"). What it says of a visitor and what it says of a visit are kept
apart: the one speaks before anything was seen, the other grows with what the visit reaches, so that
each step says the difference it made, and all add up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from personas.entities import Array
from personas.features import TRAIT
from personas.phase_signs import Sign

Integers = NDArray[np.int64]
Shown = Mapping[str, str]  # family → value: the signs that are shown

LEAST_CELL = 1e-9  # a table that says less everywhere is left out


@dataclass(frozen=True)
class Scales:
    """The values of each family of signs, numbered from 1; 0 is any other, or none.

    Attributes:
        values: by family.
    """

    values: Mapping[str, tuple[str, ...]]

    @cached_property
    def _places(self) -> dict[Sign, tuple[int, int]]:
        return {
            (family, value): (place, code)
            for place, (family, values) in enumerate(self.values.items())
            for code, value in enumerate(values, 1)
        }

    @property
    def sizes(self) -> list[int]:
        """Codes of each family [F]."""
        return [len(values) + 1 for values in self.values.values()]

    def codes(self, shown: Shown) -> list[int]:
        """What is shown, as a code of each family [F]."""
        codes = [0] * len(self.values)
        for sign in shown.items():
            found = self._places.get(sign)
            if found is not None:
                codes[found[0]] = found[1]
        return codes


@dataclass(frozen=True)
class Tables:
    """Tables of pairs of families; of one alone, it is paired with itself.

    Attributes:
        first, second: places of the families [T].
        cells: log-odds by the code of the first and of the second; what is beyond is 0 [T, B, B].
        usual: what all together say on average, and what is taken off for it.
    """

    first: Integers
    second: Integers
    cells: Array
    usual: float = 0.0

    @cached_property
    def _rows(self) -> Integers:
        return np.arange(len(self.cells))

    def said(self, codes: Integers) -> Array:
        """Log-odds [N] of codes [N, F]."""
        told = self.cells[self._rows, codes[:, self.first], codes[:, self.second]]
        result: Array = told.sum(1) - self.usual
        return result

    @cached_property
    def _plain(self) -> list[tuple[int, int, list[list[float]]]]:
        # Lists: of a few cells at a time, they are several times as fast as arrays.
        return list(
            zip(self.first.tolist(), self.second.tolist(), self.cells.tolist(), strict=True)
        )

    def said_by_one(self, codes: Sequence[int]) -> float:
        """The same of the codes of one."""
        told = sum(cells[codes[one]][codes[other]] for one, other, cells in self._plain)
        return told - self.usual

    def changed(self, before: Sequence[int], now: Sequence[int]) -> float:
        """How much more is said by the codes of now than by those before."""
        return sum(
            cells[now[one]][now[other]] - cells[before[one]][before[other]]
            for one, other, cells in self._plain
            if now[one] != before[one] or now[other] != before[other]
        )


@dataclass(frozen=True)
class Leanings:
    """What speaks for intent and beyond, besides the chain.

    Attributes:
        of_visitor: what is said by who comes.
        of_visit: what is said by what a visit reaches, also together with who comes.
    """

    scales: Scales
    of_visitor: Tables
    of_visit: Tables

    @property
    def signs(self) -> int:
        return sum(len(values) for values in self.scales.values.values())

    def by_visitor(self, who: Shown) -> float:
        """Log-odds by who comes."""
        return self.of_visitor.said_by_one(self.scales.codes(who))

    def by_step(self, who: Shown, before: Shown, reached: Shown) -> float:
        """Log-odds by what a step added to what the visit had reached before."""
        now = self.scales.codes({**who, **reached})
        if not before:  # a visit that has not begun says nothing
            return self.of_visit.said_by_one(now)
        return self.of_visit.changed(self.scales.codes({**who, **before}), now)

    def times(self, weight: float) -> Leanings:
        """The same, with each log-odds multiplied."""
        scaled = (
            replace(tables, cells=tables.cells * weight, usual=tables.usual * weight)
            for tables in (self.of_visitor, self.of_visit)
        )
        return Leanings(self.scales, *scaled)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """As arrays, the scales aside."""
        arrays: dict[str, np.ndarray] = {}
        for name, tables in (("Visitor", self.of_visitor), ("Visit", self.of_visit)):
            arrays[f"leanings{name}"] = tables.cells
            arrays[f"leanings{name}Of"] = np.stack([tables.first, tables.second])
            arrays[f"leanings{name}Usual"] = np.array(tables.usual)
        return arrays

    @classmethod
    def from_arrays(
        cls, values: Mapping[str, Sequence[str]], arrays: Mapping[str, np.ndarray]
    ) -> Leanings:
        """What `to_arrays` wrote down.

        Raises:
            KeyError, ValueError: its parts do not fit together.
        """
        scales = Scales({family: tuple(told) for family, told in values.items()})
        tables = [
            _checked(
                Tables(
                    arrays[f"leanings{name}Of"][0],
                    arrays[f"leanings{name}Of"][1],
                    arrays[f"leanings{name}"],
                    float(arrays[f"leanings{name}Usual"]),
                ),
                scales,
            )
            for name in ("Visitor", "Visit")
        ]
        return cls(scales, *tables)


def _checked(tables: Tables, scales: Scales) -> Tables:
    count = len(tables.first)
    most = max(scales.sizes, default=0)
    if tables.cells.shape != (count, most, most):
        raise ValueError("the tables of leanings do not fit their scales")
    if count and not 0 <= max(tables.first.max(), tables.second.max()) < len(scales.values):
        raise ValueError("a table of leanings is of a family that is not there")
    return tables


# --- taken apart ----------------------------------------------------------------------------------


def taken_apart(scales: Scales, shown: Integers, score: Callable[[Integers], Array]) -> Leanings:
    """A function of the codes of signs that is a sum over pairs of families, as tables.

    Exact for such a function on codes that were shown; each table is 0 on average over them, and a
    code that was never shown says nothing. Both parts are 0 on average.

    Args:
        shown: codes of what was learned from [N, F].
        score: log-odds [N] of codes [N, F].
    """
    sizes = scales.sizes
    shares = [
        np.bincount(shown[:, place], minlength=size) / len(shown)
        for place, size in enumerate(sizes)
    ]
    usual = np.array([share.argmax() for share in shares])
    least = float(score(usual[None])[0])
    alone = [_varied(score, usual, (place,), sizes) - least for place in range(len(sizes))]
    whole = [table.copy() for table in alone]  # with what pairs say on average
    pairs = {}
    for one, other in combinations(range(len(sizes)), 2):
        both = _varied(score, usual, (one, other), sizes) - least
        table = both - alone[one][:, None] - alone[other]
        by_one, by_other = table @ shares[other], shares[one] @ table
        whole[one] += by_one
        whole[other] += by_other
        table += by_one @ shares[one] - by_one[:, None] - by_other
        pairs[one, other] = table * np.outer(shares[one] > 0, shares[other] > 0)
    for place, (table, share) in enumerate(zip(whole, shares, strict=True)):
        pairs[place, place] = np.diag((table - table @ share) * (share > 0))
    return _parted(scales, shown, pairs)


def _varied(
    score: Callable[[Integers], Array],
    usual: Integers,
    places: tuple[int, ...],
    sizes: Sequence[int],
) -> Array:
    """The score where only the families at these places are not as usual, by their codes."""
    shape = [sizes[place] for place in places]
    codes = np.tile(usual, (int(np.prod(shape)), 1))
    codes[:, places] = np.stack([axis.ravel() for axis in np.indices(shape)], axis=1)
    return score(codes).reshape(shape)


def _parted(scales: Scales, shown: Integers, pairs: Mapping[tuple[int, int], Array]) -> Leanings:
    who = [family.startswith(TRAIT) for family in scales.values]
    told = {pair: table for pair, table in pairs.items() if np.abs(table).max() > LEAST_CELL}
    tables = []
    for of_visitor in (True, False):
        kept = [pair for pair in told if (who[pair[0]] and who[pair[1]]) == of_visitor]
        cells = np.zeros((len(kept), max(scales.sizes), max(scales.sizes)))
        for cell, pair in zip(cells, kept, strict=True):
            cell[: told[pair].shape[0], : told[pair].shape[1]] = told[pair]
        first, second = np.array(kept, np.int64).reshape(-1, 2).T
        part = Tables(first, second, cells)
        tables.append(replace(part, usual=float(part.said(shown).mean())))
    return Leanings(scales, *tables)
