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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, make_dataclass
from operator import attrgetter
from typing import Any, TypeVar

import msgspec

from personas.entities import (
    Consent,
    History,
    Link,
    Older,
    Touchpoint,
    TraitChange,
    VisitorKey,
)
from personas.errors import CorruptArtefact, InvalidInput
from service.codec_columns import Reader, Writer

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
_MEASURES = ("dwell", "scroll", "completion", "value", "rating")
_DRAFTS: dict[type, Any] = {
    kind: make_dataclass(kind.__name__, [(each.name, Any) for each in fields(kind)], slots=True)
    for kind in (Touchpoint, TraitChange, Link, Consent, VisitorKey)
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
    writer = Writer()
    try:
        _write_touchpoints(history.touchpoints, writer)
        _write_traits(history.traits, writer)
        _write_links(history.links, writer)
        _write_older(history.older, writer)
        if history.consents or history.older is not None:
            _write_consents(history.consents, writer)
            _write_visit(history.older, writer)
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
        reader = Reader(numbers, columns, _read_strings(form, text))
        return History(
            _read_touchpoints(reader),
            _read_traits(reader),
            _read_links(reader),
            *_read_end(reader),
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


def _write_touchpoints(touchpoints: Sequence[Touchpoint], writer: Writer) -> None:
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


def _read_touchpoints(reader: Reader) -> tuple[Touchpoint, ...]:
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


def _write_traits(traits: Sequence[TraitChange], writer: Writer) -> None:
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


def _read_traits(reader: Reader) -> tuple[TraitChange, ...]:
    count = reader.number()
    if not count:
        return ()
    times, messages = reader.times(count), reader.column(count)
    names = reader.text(reader.column(count))
    values = [reader.number() for _ in range(count)]
    texts = [reader.strings[each] if type(each) is int else each for each in values]
    return _make(TraitChange, times, messages, names, texts)


def _write_links(links: Sequence[Link], writer: Writer) -> None:
    writer.numbers.append(len(links))
    if not links:
        return
    writer.times([each.time for each in links])
    writer.column([each.message for each in links])
    writer.column(writer.text(each.other.kind for each in links))
    writer.column(writer.text(each.other.id for each in links))
    writer.column([each.cut for each in links])


def _read_links(reader: Reader) -> tuple[Link, ...]:
    count = reader.number()
    if not count:
        return ()
    times, messages = reader.times(count), reader.column(count)
    kinds, ids = reader.text(reader.column(count)), reader.text(reader.column(count))
    others = _make(VisitorKey, kinds, ids)
    return _make(Link, times, messages, others, map(bool, reader.column(count)))


def _write_older(older: Older | None, writer: Writer) -> None:
    if older is None:
        writer.numbers.append(None)
    else:
        writer.numbers += (len(older.phases), older.count, older.first, older.last)
        writer.numbers += map(float, older.phases)


def _read_end(reader: Reader) -> tuple[Older | None, tuple[Consent, ...]]:
    """What most histories do not have."""
    phases = reader.number()
    numbers = () if phases is None else tuple(reader.number() for _ in range(3 + phases))
    consents = _read_consents(reader)
    if phases is None:
        return None, consents
    count, first, last, *belief = numbers
    return Older(count, first, last, tuple(belief), *_read_visit(reader)), consents


def _write_consents(consents: Sequence[Consent], writer: Writer) -> None:
    writer.numbers.append(len(consents))
    if consents:
        writer.times([each.time for each in consents])
        writer.column([each.message for each in consents])
        writer.column(writer.text(each.type for each in consents))
        writer.column([each.granted for each in consents])


def _read_consents(reader: Reader) -> tuple[Consent, ...]:
    count = reader.number(0)
    if not count:
        return ()
    times, messages = reader.times(count), reader.column(count)
    types, granted = reader.text(reader.column(count)), reader.column(count)
    return _make(Consent, times, messages, types, map(bool, granted))


def _write_visit(older: Older | None, writer: Writer) -> None:
    if older is None:
        return
    writer.numbers += (older.orders, len(older.visit))
    if older.visit:
        names, contents, counts = zip(*older.visit, strict=True)
        for column in (writer.text(names), writer.text(contents), counts):
            writer.column(column)


def _read_visit(reader: Reader) -> tuple[int, tuple[tuple[str, str | None, int], ...]]:
    orders, length = reader.number(0), reader.number(0)
    if not length:
        return orders, ()
    names, contents = (reader.text(reader.column(length)) for _ in range(2))
    return orders, tuple(zip(names, contents, reader.column(length), strict=True))
