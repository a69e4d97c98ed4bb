"""The active write-ahead file, open for writing by one thread at a time."""

from __future__ import annotations

import errno
import os
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

from personas.errors import LogUnavailable
from training import eventlog_frames as wal
from training.eventlog_files import wal_path
from training.eventlog_records import Record


def sync_folder(folder: Path) -> None:
    """Make names that were added, changed or removed durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class WalWriter:
    """Appends frames; after an error the file is cut back to what is durable.

    Args:
        folder: of the log.
        begins: position of the file's first record; a file of that name is gone on with.
        free_bytes: room on the disk below which nothing is written.
    """

    def __init__(self, folder: Path, begins: int, free_bytes: int) -> None:
        self.path = wal_path(folder, begins)
        self.begins = self.position = begins
        self.damaged = 0  # broken places that were passed over
        self._folder, self._free_bytes = folder, free_bytes
        self._positions: list[int] = []  # of frames, beside their offsets
        self._offsets: list[int] = []
        self._torn = False
        self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        self.size = wal.FILE_HEAD
        self._take_up(self.path.read_bytes())

    def _take_up(self, data: bytes) -> None:
        """Find the end of what is whole and cut the rest."""
        if wal.file_position(data) != self.begins:
            os.pwrite(self._handle, wal.file_head(self.begins), 0)
        for frame in wal.frames(data):
            self.damaged += frame.begins != self.size
            self._note(frame.position, frame.begins, frame.position + frame.count, frame.ends)
        if len(data) > self.size:
            os.ftruncate(self._handle, self.size)
        os.fsync(self._handle)
        sync_folder(self._folder)

    def _note(self, position: int, offset: int, next_position: int, size: int) -> None:
        self._offsets.append(offset)  # before the position: a reader may look in between
        self._positions.append(position)
        self.position, self.size = next_position, size

    def commit(self, records: Sequence[Record]) -> int:
        """Write records and wait until they are on disk; return the position after the last.

        Raises:
            LogUnavailable: none of them is in the log; try again later.
        """
        try:
            self._mend()
            frame = wal.encode(self.position, records)
            self._check_room(len(frame))
            self._torn = True
            self._write(frame)
            os.fdatasync(self._handle)
            self._torn = False
        except OSError as error:
            self._try_to_mend()
            raise LogUnavailable(_told(error, self._folder)) from error
        self._note(self.position, self.size, self.position + len(records), self.size + len(frame))
        return self.position

    def _write(self, frame: bytes) -> None:
        rest, offset = memoryview(frame), self.size
        while rest:
            written = os.pwrite(self._handle, rest, offset)
            rest, offset = rest[written:], offset + written

    def _check_room(self, needed: int) -> None:
        disk = os.statvfs(self._folder)
        if disk.f_bavail * disk.f_frsize < needed + self._free_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _mend(self) -> None:
        """Cut what an unfinished write may have left."""
        if self._torn:
            os.ftruncate(self._handle, self.size)
            os.fsync(self._handle)
            self._torn = False

    def _try_to_mend(self) -> None:
        try:
            self._mend()
        except OSError:
            return  # the next commit tries again before it writes

    def offset_of(self, position: int) -> int:
        """Where in the file the frame of a position begins."""
        place = bisect_right(self._positions, position) - 1
        return self._offsets[place] if place >= 0 else wal.FILE_HEAD

    def close(self) -> None:
        os.close(self._handle)


def _told(error: OSError, folder: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"The disk of the event log in {folder} is full; make room and send again."
    return f"The event log in {folder} cannot be written ({error}); send again later."
