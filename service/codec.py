"""Histories as bytes: small, exact, quick to read.

A blob is one byte that names the format, a checksum, and a MessagePack triple: numbers one by one,
columns of numbers, and the strings, each written once and all deflated against a dictionary of
common words where that is shorter. Numbers come back to the last digit: times are written as whole
milliseconds and measures as whole tenths, hundredths or thousandths only where that loses nothing.

Objects are made as drafts, of classes that are not frozen, and then handed over to their own
class: the constructor of a frozen class takes five times as long.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, make_dataclass
from itertools import accumulate, pairwise, repeat
from operator import attrgetter, eq, truediv
from typing import Any, TypeVar

import msgspec

from personas.entities import History, Link, Older, Touchpoint, TraitChange, VisitorKey
from personas.errors import CorruptArtefact, InvalidInput

FORMAT, DEFLATED, LISTED = 0x10, 1, 2  # the first byte: the version, and how strings are written
# Part of the format: what deflate may refer back to, the likeliest last. Never change it.
WORDS = "\0".join(
    (
        "Newsletter Subscribed\0Product List Viewed\0Products Searched\0Documentation Viewed",
        "Survey Answered\0Recommendation Clicked\0Checkout Started\0Order Completed",
        "Demo Requested\0Trial Started\0Signed Up\0Comparison Viewed\0Logged In\0Feature Used",
        "company.industry\0company.employees\0jobTitle\0lastName\0firstName\0plan\0country",
        "locale\0city\0email\0offline\0partner\0push\0paid\0tablet\0screen\0/case-studies/",
        "/white-papers/\0/landing/\0/docs/\0/webinars/\0/videos/\0/reviews/\0/compare/\0/pricing",
        "/blog/\0/articles/\0/products/\0/en/\0.html\0https://www.example.com/\0/guides/",
        "Pricing Viewed\0Product Added\0Cart Viewed\0Product Viewed\0Content Viewed\0social",
        "email\0search\0page\0mobile\0direct\0desktop",
        "anonymous_id\0user_id\0",
    )
).encode()
LATELY = 1 << 20
LONGEST = 8 << 20  # inflated: what is longer was not written here

_HEAD = struct.Struct("<BI")  # format, CRC-32 of the rest
_RAW = -15  # deflate without header and checksum
_TICKS = (1_000, 1_000_000)  # of a second
_SCALES = (1, 10, 100, 1_000)  # of a measure
_LETTERS = (("B", 0, 1 << 8), ("H", 0, 1 << 16), ("I", 0, 1 << 32), ("q", -(1 << 63), 1 << 63))
_MEASURES = ("dwell", "scroll", "completion", "value", "rating")
_DRAFTS: dict[type, Any] = {
    kind: make_dataclass(kind.__name__, [(each.name, Any) for each in fields(kind)], slots=True)
    for kind in (Touchpoint, TraitChange, Link, VisitorKey)
}
_Made = TypeVar("_Made")

_look = attrgetter("name", "channel", "device")
_unpack: Callable[[bytes], tuple[list[Any], bytes, bytes]] = msgspec.msgpack.Decoder(
    tuple[list[Any], bytes, bytes]
).decode
_unpack_list: Callable[[bytes], list[str]] = msgspec.msgpack.Decoder(list[str]).decode
_pack = msgspec.msgpack.Encoder().encode


def encode(history: History) -> bytes:
    """A history as bytes.

    Raises:
        InvalidInput: it holds what cannot be written, such as a number of more than 64 bits.
    """
    writer = _Writer()
    try:
        _write_touchpoints(history.touchpoints, writer)
        _write_traits(history.traits, writer)
        _write_links(history.links, writer)
        _write_older(history.older, writer)
        form, text = _write_strings(writer.strings)
        packed = _pack((writer.numbers, b"".join(writer.columns), text))
    except (TypeError, ValueError, OverflowError, struct.error) as error:
        raise InvalidInput(f"this history cannot be written: {error}", "unwritable") from error
    return _HEAD.pack(form, zlib.crc32(packed)) + packed


def decode(blob: bytes) -> History:
    """The history that was written.

    Raises:
        CorruptArtefact: these bytes are not a history, or one of a format that is not known here.
    """
    try:
        form, checksum = _HEAD.unpack_from(blob)
        packed = blob[_HEAD.size :]
        if form & ~(DEFLATED | LISTED) != FORMAT or zlib.crc32(packed) != checksum:
            raise ValueError(f"format {form}, or a changed byte")
        numbers, columns, text = _unpack(packed)
        reader = _Reader(numbers, columns, _read_strings(form, text))
        return History(
            _read_touchpoints(reader),
            _read_traits(reader),
            _read_links(reader),
            _read_older(reader),
        )
    except (
        ArithmeticError,
        LookupError,
        StopIteration,
        TypeError,
        ValueError,
        struct.error,
        zlib.error,
        msgspec.MsgspecError,
    ) as error:
        raise CorruptArtefact(f"a stored history cannot be read: {error!r}") from error


class Lately:
    """Histories that were read or written a moment ago, by their bytes: no need to read them again.

    Args:
        most: bytes of blobs; the objects take ten times that.
    """

    def __init__(self, most: int = LATELY) -> None:
        self._most, self._size = most, 0
        self._histories: dict[bytes, History] = {}

    def decode(self, blob: bytes) -> History:
        """Like `decode`."""
        history = self._histories.get(blob)
        if history is None:
            history = decode(blob)
            self._keep(blob, history)
        return history

    def encode(self, history: History) -> bytes:
        """Like `encode`."""
        blob = encode(history)
        if blob not in self._histories:
            self._keep(blob, history)
        return blob

    def _keep(self, blob: bytes, history: History) -> None:
        self._histories[blob] = history
        self._size += len(blob)
        while self._size > self._most:
            oldest = next(iter(self._histories))
            del self._histories[oldest]
            self._size -= len(oldest)


class _Writer:
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


class _Reader:
    """Takes a blob apart, in the order in which it was written."""

    __slots__ = ("_at", "_columns", "number", "strings")

    def __init__(self, numbers: list[Any], columns: bytes, strings: list[str | None]) -> None:
        self.number: Callable[[], Any] = iter(numbers).__next__
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


def _write_strings(strings: Iterable[str | None]) -> tuple[int, bytes]:
    """The first byte of the blob, and the strings but None."""
    texts = list(strings)[1:]
    form, joined = FORMAT, "\0".join(texts)  # type: ignore[arg-type] # only the first is None
    plain = joined.encode()
    if joined.count("\0") != max(0, len(texts) - 1):
        form, plain = FORMAT | LISTED, _pack(texts)
    packer = zlib.compressobj(6, zlib.DEFLATED, _RAW, 6, zlib.Z_DEFAULT_STRATEGY, WORDS)
    deflated = packer.compress(plain) + packer.flush()
    return (form | DEFLATED, deflated) if len(deflated) < len(plain) else (form, plain)


def _read_strings(form: int, text: bytes) -> list[str | None]:
    if form & DEFLATED:
        unpacker = zlib.decompressobj(_RAW, WORDS)
        text = unpacker.decompress(text, LONGEST)
        if not unpacker.eof:
            raise ValueError("strings are cut short")
    return [None, *(_unpack_list(text) if form & LISTED else text.decode().split("\0"))]


def _make(kind: type[_Made], *columns: Iterable[Any]) -> tuple[_Made, ...]:
    """Objects of a frozen class with slots, from one column for each of its slots."""
    made = tuple(map(_DRAFTS[kind], *columns))
    for one in made:
        one.__class__ = kind
    return made


def _write_touchpoints(touchpoints: Sequence[Touchpoint], writer: _Writer) -> None:
    writer.numbers.append(len(touchpoints))
    if not touchpoints:
        return
    looks: dict[tuple[str, ...], int] = {}  # name, channel, device: few that come again and again
    index = [looks.setdefault(_look(each), len(looks)) for each in touchpoints]
    writer.numbers.append(len(looks))
    writer.column(writer.text(word for look in looks for word in look))
    writer.column(index)
    writer.times([each.time for each in touchpoints])
    writer.column([each.message for each in touchpoints])
    writer.column(writer.text(each.content for each in touchpoints))
    for name in _MEASURES:
        writer.measures(list(map(attrgetter(name), touchpoints)))


def _read_touchpoints(reader: _Reader) -> tuple[Touchpoint, ...]:
    count = reader.number()
    if not count:
        return ()
    words = list(reader.text(reader.column(3 * reader.number())))
    looks = list(zip(words[::3], words[1::3], words[2::3], strict=True))
    names, channels, devices = zip(*map(looks.__getitem__, reader.column(count)), strict=True)
    times, messages = reader.times(count), reader.column(count)
    contents = reader.text(reader.column(count))
    measures = [reader.measures(count) for _ in _MEASURES]
    return _make(Touchpoint, times, messages, names, channels, contents, devices, *measures)


def _write_traits(traits: Sequence[TraitChange], writer: _Writer) -> None:
    writer.numbers.append(len(traits))
    if not traits:
        return
    writer.times([each.time for each in traits])
    writer.column([each.message for each in traits])
    writer.column(writer.text(each.name for each in traits))
    for each in traits:
        if isinstance(each.value, str):
            writer.numbers += writer.text((each.value,))
        elif each.value is None or isinstance(each.value, bool):
            writer.numbers.append(each.value)
        else:
            writer.numbers.append(float(each.value))


def _read_traits(reader: _Reader) -> tuple[TraitChange, ...]:
    count = reader.number()
    if not count:
        return ()
    times, messages = reader.times(count), reader.column(count)
    names = reader.text(reader.column(count))
    values = [reader.number() for _ in range(count)]
    texts = [reader.strings[each] if type(each) is int else each for each in values]
    return _make(TraitChange, times, messages, names, texts)


def _write_links(links: Sequence[Link], writer: _Writer) -> None:
    writer.numbers.append(len(links))
    if not links:
        return
    writer.times([each.time for each in links])
    writer.column([each.message for each in links])
    writer.column(writer.text(each.other.kind for each in links))
    writer.column(writer.text(each.other.id for each in links))
    writer.column([each.cut for each in links])


def _read_links(reader: _Reader) -> tuple[Link, ...]:
    count = reader.number()
    if not count:
        return ()
    times, messages = reader.times(count), reader.column(count)
    kinds, ids = reader.text(reader.column(count)), reader.text(reader.column(count))
    others = _make(VisitorKey, kinds, ids)
    return _make(Link, times, messages, others, map(bool, reader.column(count)))


def _write_older(older: Older | None, writer: _Writer) -> None:
    if older is None:
        writer.numbers.append(None)
    else:
        writer.numbers += (len(older.phases), older.count, older.first, older.last)
        writer.numbers += map(float, older.phases)


def _read_older(reader: _Reader) -> Older | None:
    phases = reader.number()
    if phases is None:
        return None
    count, first, last = reader.number(), reader.number(), reader.number()
    return Older(count, first, last, tuple(reader.number() for _ in range(phases)))
