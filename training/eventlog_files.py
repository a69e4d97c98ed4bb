"""The files of an event log's folder, and reading them in the order of positions.

`wal-<position>.log` are written by the service, `segment-<from>-<to>.parquet` are sealed ones,
`seen-<from>-<to>.idx` know which messages they hold. Where a file is sealed while it is read, the
reader goes on in the segment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from personas.entities import VisitorKey
from personas.errors import LogUnavailable
from personas.messages import Accepted
from training import eventlog_frames as wal
from training.eventlog_records import Kind, Record, message_of

_SEGMENT = re.compile(r"segment-(\d{16})-(\d{16})\.parquet")
_WAL = re.compile(r"wal-(\d{16})\.log")

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file: where it begins and, if sealed, where it ends."""

    path: Path
    begins: int
    ends: int | None


def wal_path(folder: Path, begins: int) -> Path:
    return folder / f"wal-{begins:016d}.log"


def segment_path(folder: Path, begins: int, ends: int) -> Path:
    return folder / f"segment-{begins:016d}-{ends:016d}.parquet"


def files_of(folder: Path) -> list[LogFile]:
    """The files that together hold the log, in the order of positions."""
    sealed: list[LogFile] = []
    growing: list[LogFile] = []
    for path in folder.iterdir():
        if found := _SEGMENT.fullmatch(path.name):
            sealed.append(LogFile(path, int(found.group(1)), int(found.group(2))))
        elif found := _WAL.fullmatch(path.name):
            growing.append(LogFile(path, int(found.group(1)), None))
    whole: list[LogFile] = []  # without what a wider segment holds
    for file in sorted(sealed, key=lambda file: (file.begins, -(file.ends or 0))):
        if not whole or (file.ends or 0) > (whole[-1].ends or 0):
            whole.append(file)
    covered = [(file.begins, file.ends or 0) for file in whole]
    growing = [file for file in growing if not any(a <= file.begins < b for a, b in covered)]
    return sorted([*whole, *growing], key=lambda file: file.begins)


def sealed_files(folder: Path) -> list[Path]:
    """The Parquet files, for queries over all that is sealed."""
    return [file.path for file in files_of(folder) if file.ends is not None]


def read_folder(
    folder: Path,
    since: int = 0,
    kinds: Collection[Kind] | None = None,
    site: str | None = None,
    until: int | None = None,
) -> Iterator[tuple[int, Record]]:
    """Records from position `since` on, each with the position after it.

    Reads only; another process may be writing. What is read is a beginning of what it wrote.

    Raises:
        LogUnavailable: where there is no such folder.
        CorruptArtefact: for a damaged segment.
    """
    from training.eventlog_segments import read_segment

    def read(file: LogFile, begins: int) -> Iterator[tuple[int, Record]]:
        if file.ends is not None:
            return read_segment(file.path, begins, kinds, site)
        return read_wal(file.path, begins, kinds, site)

    yield from _in_order(folder, since, until, read)


def log_end(folder: Path) -> int:
    """A position after all that is sealed, and more or less after all that is not.

    Raises:
        LogUnavailable: where there is no such folder.
    """
    return max((file.ends or file.begins for file in steady_files(folder, 0)), default=0)


def read_accepted(
    folder: Path,
    site: str,
    since: int = 0,
    until: int | None = None,
    owners: Collection[VisitorKey] | None = None,
) -> Iterator[tuple[int, Accepted]]:
    """A site's messages as `read_folder` gives them, read from the columns of sealed segments.

    Args:
        owners: only what these ids sent.

    Of these, `message_id`, `type` and `consents` are not told.
    """
    from training.eventlog_segments import read_messages

    def read(file: LogFile, begins: int) -> Iterator[tuple[int, Accepted]]:
        if file.ends is not None:
            yield from read_messages(file.path, begins, site, owners)
            return
        for position, record in read_wal(file.path, begins, (Kind.MESSAGE,), site):
            message = message_of(record)
            if isinstance(message, Accepted) and (owners is None or message.owner in owners):
                yield position, message

    yield from _in_order(folder, since, until, read)


def _in_order(
    folder: Path,
    since: int,
    until: int | None,
    read: Callable[[LogFile, int], Iterator[tuple[int, Item]]],
) -> Iterator[tuple[int, Item]]:
    """File by file, up to the end of the one that is the last now.

    All others are whole: a file is closed before the next is made.
    """
    position, waiting = since, steady_files(folder, since)
    while waiting:
        file = waiting[0]
        try:
            for after, item in read(file, position):
                if until is not None and after > until:
                    return
                yield after, item
                position = after
        except FileNotFoundError:  # it was sealed meanwhile
            last = waiting[-1].begins
            waiting = [file for file in steady_files(folder, position) if file.begins <= last]
            continue
        waiting = waiting[1:]
        if waiting:
            position = max(position, waiting[0].begins)


def steady_files(folder: Path, position: int) -> list[LogFile]:
    """The files with records from a position on.

    A folder that changes while it is listed may hide a file, so two lists must agree.
    """
    try:
        files, before = files_of(folder), None
        while files != before:
            files, before = files_of(folder), files
    except OSError as error:
        raise LogUnavailable(f"There is no event log in {folder} ({error}).") from error
    ends = [file.begins for file in files[1:]]
    return [
        file
        for file, end in zip(files, [*ends, None], strict=True)
        if _reaches(file, end, position)
    ]


def _reaches(file: LogFile, next_begins: int | None, position: int) -> bool:
    ends = file.ends if file.ends is not None else next_begins
    return ends is None or ends > position


def read_wal(
    path: Path,
    since: int,
    kinds: Collection[Kind] | None = None,
    site: str | None = None,
) -> Iterator[tuple[int, Record]]:
    """Records of a write-ahead file, from a position on."""
    return chosen(path.read_bytes()[wal.FILE_HEAD :], since, kinds, site)


def chosen(
    data: bytes, since: int, kinds: Collection[Kind] | None, site: str | None
) -> Iterator[tuple[int, Record]]:
    """Records of frames, from a position on; erased ones are left out."""
    for frame in wal.frames(data, 0):
        if frame.position + frame.count <= since:
            continue
        for place, record in enumerate(wal.records_of(data, frame)):
            position = frame.position + place
            if (
                record.body
                and position >= since
                and (kinds is None or record.kind in kinds)
                and (site is None or record.site == site)
            ):
                yield position + 1, record
