"""Histories as bytes: small, exact, quick to read.

A blob is one byte that names the format, a checksum and a MessagePack pair: the columns that do
not compress (times, message hashes), and all the rest, deflated against a dictionary of common
words where that is shorter. Strings are written once for each history. Numbers come back to the
last digit: times and measures are written as whole milliseconds or thousandths only where that
loses nothing.

Objects are made as drafts, of classes that are not frozen, and then handed over to their own
class: the constructor of a frozen class takes five times as long.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import fields, make_dataclass
from itertools import accumulate, pairwise, repeat
from operator import truediv
from typing import Any, TypeVar

import msgspec

from personas.entities import History, Link, Older, Touchpoint, TraitChange, VisitorKey
from personas.errors import CorruptArtefact, InvalidInput

PLAIN, DEFLATED = 1, 2  # formats
# Part of format 2: what deflate may refer back to, the likeliest last. Never change it.
WORDS = (
    b"Newsletter SubscribedProduct List ViewedProducts SearchedDocumentation ViewedSurvey Answered"
    b"Recommendation ClickedCheckout StartedOrder CompletedDemo RequestedTrial StartedSigned Up"
    b"Comparison ViewedPricing ViewedProduct AddedCart ViewedLogged InFeature Usedcompany.industry"
    b"cityjobTitlelastNamefirstNameplancountrylocaleemailofflinepartnerpushpaidsocialtabletscreen"
    b"case-studies/white-papers/landing/docs/webinars/videos/reviews/compare/blog/articles/products/"
    b"/en/.htmlhttps://www..exampleguides/desktopmobileemailsearchdirectProduct Viewed"
    b"Content Viewedpageanonymous_iduser_id"
)
LONGEST = 8 << 20  # inflated: what is longer was not written here

_HEAD = struct.Struct("<BI")  # format, CRC-32 of the rest
_RAW = -15  # deflate without header and checksum
_TICKS = (1_000, 1_000_000)  # of a second
_LETTERS = (("B", 0, 1 << 8), ("H", 0, 1 << 16), ("I", 0, 1 << 32), ("q", -(1 << 63), 1 << 63))
_Made = TypeVar("_Made")
_Measure = int | float | None
_Strings = dict[str | None, int]

_DRAFTS: dict[type, Any] = {
    kind: make_dataclass(kind.__name__, [(each.name, Any) for each in fields(kind)], slots=True)
    for kind in (Touchpoint, TraitChange, Link, VisitorKey)
}

_unpack_pair = msgspec.msgpack.Decoder(tuple[bytes, bytes]).decode
_unpack_rest = msgspec.msgpack.Decoder(list[Any]).decode
_encoder = msgspec.msgpack.Encoder()


def encode(history: History) -> bytes:
    """A history as bytes.

    Raises:
        InvalidInput: it holds what cannot be written, such as a number of more than 64 bits.
    """
    strings: _Strings = {}
    columns: list[bytes] = []
    try:
        rest = [
            _write_touchpoints(history.touchpoints, strings, columns),
            _write_traits(history.traits, strings, columns),
            _write_links(history.links, strings, columns),
            _write_older(history.older),
            list(strings),
        ]
        plain = _encoder.encode(rest)
        raw = b"".join(columns)
    except (TypeError, ValueError, OverflowError, struct.error) as error:
        raise InvalidInput(f"this history cannot be written: {error}", "unwritable") from error
    deflated = _deflate(plain)
    shorter = len(deflated) < len(plain)
    pair = _encoder.encode((raw, deflated if shorter else plain))
    return _HEAD.pack(DEFLATED if shorter else PLAIN, zlib.crc32(pair)) + pair


def decode(blob: bytes) -> History:
    """The history that was written.

    Raises:
        CorruptArtefact: these bytes are not a history, or one of a format that is not known here.
    """
    try:
        return _read(blob)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
        struct.error,
        zlib.error,
        msgspec.MsgspecError,
    ) as error:
        raise CorruptArtefact(f"a stored history cannot be read: {error!r}") from error


def _read(blob: bytes) -> History:
    form, checksum = _HEAD.unpack_from(blob)
    pair = blob[_HEAD.size :]
    if form not in (PLAIN, DEFLATED) or zlib.crc32(pair) != checksum:
        raise ValueError(f"format {form}, or a changed byte")
    raw, rest = _unpack_pair(pair)
    if form == DEFLATED:
        rest = _inflate(rest)
    touchpoints, traits, links, older, strings = _unpack_rest(rest)
    columns = _Columns(raw)
    return History(
        _read_touchpoints(touchpoints, strings, columns) if touchpoints else (),
        _read_traits(traits, strings, columns) if traits else (),
        _read_links(links, strings, columns) if links else (),
        _read_older(older) if older else None,
    )


def _deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, _RAW, 6, zlib.Z_DEFAULT_STRATEGY, WORDS)
    return packer.compress(data) + packer.flush()


def _inflate(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(_RAW, WORDS)
    plain = unpacker.decompress(data, LONGEST)
    if not unpacker.eof:
        raise ValueError("cut short")
    return plain


# Columns of numbers -------------------------------------------------------------------------------


class _Columns:
    """Reads columns of numbers one after the other."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def read(self, count: int) -> tuple[Any, ...]:
        form = f"<{count}{chr(self._data[self._at])}"
        numbers = struct.unpack_from(form, self._data, self._at + 1)
        self._at += 1 + struct.calcsize(form)
        return numbers


def _number_column(numbers: Sequence[int]) -> bytes:
    low, high = min(numbers), max(numbers)
    letter = next((name for name, least, most in _LETTERS if least <= low and high < most), "Q")
    return letter.encode() + struct.pack(f"<{len(numbers)}{letter}", *numbers)


def _write_times(times: Sequence[float], columns: list[bytes]) -> list[int]:
    """Ticks a second and the first tick; the steps from there go into a column."""
    for ticks in _TICKS:
        whole = [round(time * ticks) for time in times] if max(map(abs, times)) < 1e10 else []
        if whole and all(map(float.__eq__, map(truediv, whole, repeat(ticks)), map(float, times))):
            steps = [0, *(after - before for before, after in pairwise(whole))]
            columns.append(_number_column(steps))
            return [ticks, whole[0]]
    columns.append(b"d" + struct.pack(f"<{len(times)}d", *times))
    return [0, 0]


def _read_times(head: list[int], count: int, columns: _Columns) -> Iterable[float]:
    ticks, first = head
    column = columns.read(count)
    if not ticks:
        return column
    whole = accumulate(column[1:], initial=first)
    return map(truediv, whole, repeat(ticks))


def _write_measures(measures: Sequence[_Measure]) -> list[_Measure] | None:
    """Thousandths as whole numbers where that is exact; None if nothing was measured."""
    if not any(measure is not None for measure in measures):
        return None
    return [None if measure is None else _thousandths(float(measure)) for measure in measures]


def _thousandths(measure: float) -> int | float:
    if not -1e9 < measure < 1e9:
        return measure
    whole = round(measure * 1000)
    return whole if whole / 1000 == measure else measure


def _read_measures(written: list[_Measure] | None) -> Iterable[float | None]:
    if written is None:
        return repeat(None)
    return [one / 1000 if type(one) is int else one for one in written]


def _index(strings: _Strings, names: Iterable[str | None]) -> list[int]:
    return [strings.setdefault(name, len(strings)) for name in names]


# Objects ------------------------------------------------------------------------------------------


def _make(kind: type[_Made], *columns: Iterable[Any]) -> tuple[_Made, ...]:
    """Objects of a frozen class with slots, from one column for each of its slots."""
    made = tuple(map(_DRAFTS[kind], *columns))
    for one in made:
        one.__class__ = kind
    return made


def _write_touchpoints(
    touchpoints: Sequence[Touchpoint], strings: _Strings, columns: list[bytes]
) -> list[Any]:
    if not touchpoints:
        return []
    head = _write_times([each.time for each in touchpoints], columns)
    columns.append(_number_column([each.message for each in touchpoints]))
    return [
        len(touchpoints),
        head,
        _index(strings, (each.name for each in touchpoints)),
        _index(strings, (each.channel for each in touchpoints)),
        _index(strings, (each.content for each in touchpoints)),
        _index(strings, (each.device for each in touchpoints)),
        _write_measures([each.dwell for each in touchpoints]),
        _write_measures([each.scroll for each in touchpoints]),
        _write_measures([each.completion for each in touchpoints]),
        _write_measures([each.value for each in touchpoints]),
        _write_measures([each.rating for each in touchpoints]),
    ]


def _read_touchpoints(
    written: list[Any], strings: list[str | None], columns: _Columns
) -> tuple[Touchpoint, ...]:
    count, head, *rest = written
    texts = [map(strings.__getitem__, index) for index in rest[:4]]
    measures = map(_read_measures, rest[4:])
    times = _read_times(head, count, columns)
    return _make(Touchpoint, times, columns.read(count), *texts, *measures)


def _write_traits(
    traits: Sequence[TraitChange], strings: _Strings, columns: list[bytes]
) -> list[Any]:
    if not traits:
        return []
    head = _write_times([each.time for each in traits], columns)
    columns.append(_number_column([each.message for each in traits]))
    names = _index(strings, (each.name for each in traits))
    return [len(traits), head, names, [each.value for each in traits]]


def _read_traits(
    written: list[Any], strings: list[str], columns: _Columns
) -> tuple[TraitChange, ...]:
    count, head, names, values = written
    times = _read_times(head, count, columns)
    messages = columns.read(count)
    return _make(TraitChange, times, messages, map(strings.__getitem__, names), values)


def _write_links(links: Sequence[Link], strings: _Strings, columns: list[bytes]) -> list[Any]:
    if not links:
        return []
    head = _write_times([each.time for each in links], columns)
    columns.append(_number_column([each.message for each in links]))
    kinds = _index(strings, (each.other.kind for each in links))
    ids = _index(strings, (each.other.id for each in links))
    return [len(links), head, kinds, ids, [each.cut for each in links]]


def _read_links(written: list[Any], strings: list[str], columns: _Columns) -> tuple[Link, ...]:
    count, head, kinds, ids, cut = written
    text = strings.__getitem__
    others = _make(VisitorKey, map(text, kinds), map(text, ids))
    times = _read_times(head, count, columns)
    return _make(Link, times, columns.read(count), others, cut)


def _write_older(older: Older | None) -> list[Any] | None:
    if older is None:
        return None
    return [older.count, older.first, older.last, [float(share) for share in older.phases]]


def _read_older(written: list[Any]) -> Older:
    count, first, last, phases = written
    return Older(count, first, last, tuple(phases))
