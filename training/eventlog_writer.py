"""The active write-ahead file, open for writing by one thread at a time."""

from __future__ import annotations

import errno
import os
from bisect import bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path

from personas.errors import LogUnavailable
from training import eventlog_frames as wal
from training.eventlog_files import wal_path
from training.files import sync_folder

Found = Callable[[bytes, wal.Frame], None]


class WalWriter:
    """Appends frames; after an error the file is cut back to what is durable.

    Args:
        folder: of the log.
        begins: position of the file's first record; a file of that name is gone on with.
        free_bytes: room on the disk below which nothing is written.
        found: told of each whole frame that the file holds already.
    """

    def __init__(
        self, folder: Path, begins: int, free_bytes: int, found: Found | None = None
    ) -> None:
        self.path = wal_path(folder, begins)
        self.begins = self.position = begins
        self.damaged = 0  # broken places that were passed over
        self._folder, self._free_bytes = folder, free_bytes
        self._positions: list[int] = []  # of frames, beside their offsets
        self._offsets: list[int] = []
        self._torn = False
        self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        self.size = wal.FILE_HEAD
        try:
            self._take_up(self.path.read_bytes(), found)
        except BaseException:
            os.close(self._handle)
            raise

    def _take_up(self, data: bytes, found: Found | None) -> None:
        """Find the end of what is whole and cut the rest."""
        if wal.file_position(data) != self.begins:
            os.pwrite(self._handle, wal.file_head(self.begins), 0)
        for frame in wal.frames(data):
            self.damaged += frame.begins != self.size
            self._note(frame.position, frame.begins, frame.position + frame.count, frame.ends)
            if found is not None:
                found(data, frame)
        if len(data) > self.size:
            os.ftruncate(self._handle, self.size)
        os.fsync(self._handle)
        sync_folder(self._folder)

    def _note(self, position: int, offset: int, next_position: int, size: int) -> None:
        self._positions.append(position)
        self._offsets.append(offset)
        self.position, self.size = next_position, size

    def commit(self, parts: Sequence[wal.Entries]) -> int:
        """Write records and wait until they are on disk; return the position after the last.

        Raises:
            LogUnavailable: none of them is in the log; try again later.
        """
        count = sum(part.count for part in parts)
        try:
            self._mend()
            frame = wal.encode(self.position, parts)
            self._check_room(len(frame))
            self._torn = True
            self._write(frame)
            os.fdatasync(self._handle)
            self._torn = False
        except OSError as error:
            self._try_to_mend()
            raise LogUnavailable(in_words(error, self._folder)) from error
        self._note(self.position, self.size, self.position + count, self.size + len(frame))
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

    def read_from(self, position: int) -> bytes:
        """The frames from the one that holds this position on."""
        place = bisect_right(self._positions, position) - 1
        offset = self._offsets[place] if place >= 0 else wal.FILE_HEAD
        return os.pread(self._handle, self.size - offset, offset)

    def close(self) -> None:
        os.close(self._handle)


def in_words(error: OSError, folder: Path) -> str:
    """What a disk's refusal means for who sends."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"The disk of the event log in {folder} is full; make room and send again."
    return f"The event log in {folder} cannot be written ({error}); send again later."
