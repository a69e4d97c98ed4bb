"""The write-ahead file: one checksummed frame for each group of records that was made durable.

A frame is written only after the one before it is on disk. So a broken frame at the end is a torn
tail that nobody was told of; a broken one before a whole one is damage, and is passed over.

A record without a body was erased; its place, site, time and message stay.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from zlib import crc32

from personas.errors import InvalidInput
from training.eventlog_records import Kind, Record

FILE_MAGIC = b"FPWAL01\n"
FRAME_MAGIC = b"FPB1"
_FILE = struct.Struct("<8sQ")  # magic, position of the first record
_FRAME = struct.Struct("<4sIIIQ")  # magic, checksum, bytes after this head, records, position
_SEALED_PART = struct.Struct("<IIQ")  # of the head, what the checksum covers
_ENTRY = struct.Struct("<IHBxdq")  # bytes of body, bytes of site, kind, time, message
_KINDS = tuple(Kind)
_CODES = {kind: code for code, kind in enumerate(_KINDS)}
_MESSAGE = _CODES[Kind.MESSAGE]

FILE_HEAD = _FILE.size


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole frame in a file: where it stands and which records it holds."""

    begins: int  # offsets in the file
    ends: int
    position: int
    count: int


@dataclass(frozen=True, slots=True)
class Entries:
    """Records as they stand in a frame."""

    count: int
    table: bytes
    texts: bytes


def file_head(position: int) -> bytes:
    return _FILE.pack(FILE_MAGIC, position)


def file_position(data: bytes) -> int | None:
    """Position of a file's first record; None where the head is broken."""
    if len(data) < FILE_HEAD:
        return None
    magic, position = _FILE.unpack_from(data)
    return int(position) if magic == FILE_MAGIC else None


def entries(records: Sequence[Record]) -> Entries:
    """Records in the form of the file.

    Raises:
        InvalidInput: for a record that the form cannot hold.
    """
    table: list[bytes] = []
    texts: list[bytes] = []
    try:
        for record in records:
            site, body = record.site.encode(), record.body
            code = _CODES[record.kind]
            table.append(_ENTRY.pack(len(body), len(site), code, record.time, record.message))
            texts += (site, body)
    except (struct.error, UnicodeEncodeError, KeyError, TypeError) as error:
        raise InvalidInput(f"The event log cannot hold this record: {error}.") from error
    return Entries(len(records), b"".join(table), b"".join(texts))


def encode(position: int, parts: Sequence[Entries]) -> bytes:
    """The frame of some records, of which the first has this position."""
    payload = b"".join((*(part.table for part in parts), *(part.texts for part in parts)))
    head = (len(payload), sum(part.count for part in parts), position)
    checksum = crc32(payload, crc32(_SEALED_PART.pack(*head)))
    return _FRAME.pack(FRAME_MAGIC, checksum, *head) + payload


def frames(data: bytes, offset: int = FILE_HEAD) -> Iterator[Frame]:
    """The whole frames from an offset on; what is broken is passed over."""
    while True:
        frame = _frame_at(data, offset)
        if frame is None:
            found = _next_whole(data, offset + 1)
            if found is None:
                return
            frame = found
        yield frame
        offset = frame.ends


def _next_whole(data: bytes, offset: int) -> Frame | None:
    while (offset := data.find(FRAME_MAGIC, offset)) >= 0:
        if (frame := _frame_at(data, offset)) is not None:
            return frame
        offset += 1
    return None


def _frame_at(data: bytes, offset: int) -> Frame | None:
    begins = offset + _FRAME.size
    if begins > len(data):
        return None
    magic, checksum, length, count, position = _FRAME.unpack_from(data, offset)
    ends = begins + length
    if magic != FRAME_MAGIC or ends > len(data) or length < count * _ENTRY.size or not count:
        return None
    head = crc32(_SEALED_PART.pack(length, count, position))
    if crc32(memoryview(data)[begins:ends], head) != checksum:
        return None
    return Frame(offset, ends, position, count)


def records_of(data: bytes, frame: Frame) -> list[Record]:
    """The records of a whole frame, erased ones without a body."""
    begins = frame.begins + _FRAME.size
    text = begins + frame.count * _ENTRY.size
    found = []
    for body, site, code, time, message in _ENTRY.iter_unpack(data[begins:text]):
        name = data[text : text + site].decode()
        text += site
        found.append(Record(_KINDS[code], name, time, message, data[text : text + body]))
        text += body
    return found


def messages_of(data: bytes, frame: Frame) -> list[tuple[str, int, float]]:
    """Site, message and time of a frame's messages, erased ones too."""
    begins = frame.begins + _FRAME.size
    text = begins + frame.count * _ENTRY.size
    found = []
    for body, site, code, time, message in _ENTRY.iter_unpack(data[begins:text]):
        if code == _MESSAGE:
            found.append((data[text : text + site].decode(), message, time))
        text += site + body
    return found


def erased(record: Record) -> Record:
    return replace(record, body=b"")
