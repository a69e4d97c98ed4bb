"""Columns of a written history: numbers in as few bytes as hold them, strings by number."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate, pairwise, repeat
from operator import eq, truediv
from typing import Any

_TICKS = (1_000, 1_000_000)  # of a second
_SCALES = (1, 10, 100, 1_000)  # of a measure
_LETTERS = (("B", 0, 1 << 8), ("H", 0, 1 << 16), ("I", 0, 1 << 32), ("q", -(1 << 63), 1 << 63))


class Writer:
    """Gathers what goes into a blob. String 0 is None."""

    __slots__ = ("columns", "numbers", "strings")

    def __init__(self) -> None:
        self.numbers: list[Any] = []
        self.columns: list[bytes] = []
        self.strings: dict[str | None, int] = {None: 0}

    def column(self, numbers: Sequence[int]) -> None:
        low, high = min(numbers), max(numbers)
        letter = next((name for name, least, most in _LETTERS if least <= low and high < most), "Q")
        self.columns.append(letter.encode() + struct.pack(f"<{len(numbers)}{letter}", *numbers))

    def reals(self, numbers: Sequence[float]) -> None:
        self.columns.append(b"d" + struct.pack(f"<{len(numbers)}d", *numbers))

    def text(self, names: Iterable[str | None]) -> list[int]:
        strings = self.strings
        return [strings.setdefault(name, len(strings)) for name in names]

    def times(self, times: Sequence[float]) -> None:
        for ticks in _TICKS:
            whole = _whole(times, ticks)
            if whole:
                self.numbers += (ticks, whole[0])
                self.column([0, *(after - before for before, after in pairwise(whole))])
                return
        self.numbers += (0, 0)
        self.reals(times)

    def measures(self, measures: Sequence[float | None]) -> None:
        """How many are told, and which; their scale."""
        told = [measure for measure in measures if measure is not None]
        self.numbers.append(len(told))
        if not told:
            return
        if len(told) < len(measures):
            which = sum(1 << at for at, measure in enumerate(measures) if measure is not None)
            self.columns.append(which.to_bytes(-(-len(measures) // 8), "little"))
        for scale in _SCALES:
            whole = _whole(told, scale)
            if whole:
                self.numbers.append(scale)
                self.column(whole)
                return
        self.numbers.append(0)
        self.reals(told)


def _whole(numbers: Sequence[float], scale: int) -> list[int]:
    """The numbers times `scale`, if that makes all of them whole; else nothing."""
    first = numbers[0] * scale
    if not abs(first) < 1e16 or round(first) / scale != numbers[0]:  # most often this tells
        return []
    if not max(map(abs, numbers)) < 1e10:  # also of a NaN
        return []
    whole = [round(number * scale) for number in numbers]
    return whole if all(map(eq, map(truediv, whole, repeat(scale)), numbers)) else []


class Reader:
    """Takes a blob apart, in the order in which it was written."""

    __slots__ = ("_at", "_columns", "number", "strings")

    def __init__(self, numbers: list[Any], columns: bytes, strings: list[str | None]) -> None:
        # With a default: of what earlier versions did not write.
        self.number: Callable[..., Any] = partial(next, iter(numbers))
        self.strings = strings
        self._columns, self._at = columns, 0

    def column(self, count: int) -> tuple[Any, ...]:
        form = f"<{count}{chr(self._columns[self._at])}"
        numbers = struct.unpack_from(form, self._columns, self._at + 1)
        self._at += 1 + struct.calcsize(form)
        return numbers

    def text(self, index: Iterable[int]) -> Iterator[Any]:
        return map(self.strings.__getitem__, index)

    def times(self, count: int) -> Iterable[float]:
        ticks, first = self.number(), self.number()
        column = self.column(count)
        if not ticks:
            return column
        return map(truediv, accumulate(column[1:], initial=first), repeat(ticks))

    def measures(self, count: int) -> Iterable[float | None]:
        told = self.number()
        if not told:
            return repeat(None)
        which = self._which(count) if told < count else ""
        scale = self.number()
        column: Iterable[float] = self.column(told)
        if scale:
            column = map(truediv, column, repeat(scale))
        if not which:
            return column
        values = iter(column)
        return [next(values) if bit == "1" else None for bit in which]

    def _which(self, count: int) -> str:
        size = -(-count // 8)
        bits = int.from_bytes(self._columns[self._at : self._at + size], "little")
        self._at += size
        return f"{bits:0{count}b}"[::-1]
