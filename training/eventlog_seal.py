"""Sealing a closed write-ahead file: into a Parquet segment and an index.

Reading a hundred thousand messages takes seconds of computing, which the service that answers
visitors must not spend: large files are sealed by `python -m training.eventlog_seal FOLDER BEGINS`
beside it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from personas.errors import LogUnavailable
from training import eventlog_frames as wal
from training.eventlog_files import LogFile, files_of, segment_path, wal_path
from training.eventlog_index import index_path, message_key, write_index
from training.files import sync_folder

NICENESS = 10
PR_SET_PDEATHSIG = 1
TOGETHER, SMALL_SEGMENTS = 8, 4 << 20  # so many segments with fewer bytes become one
SMALL = 1 << 20  # bytes that are sealed at once, without a process for it

Messages = Iterable[tuple[str, int, float]]


def index_messages(folder: Path, begins: int, ends: int, messages: Messages) -> None:
    """Write the index of some messages: site, hash and time received of each."""
    listed = list(messages)
    keys = np.array([message_key(site, message) for site, message, _ in listed], dtype=np.int64)
    seconds = np.array([max(time, 0.0) for *_, time in listed]).astype(np.uint32)
    write_index(index_path(folder, begins, ends), keys, seconds)


def seal(folder: Path, begins: int) -> int:
    """Write segment and index of the file that begins at this position; return where it ends.

    The write-ahead file stays; whoever owns the log removes it.
    """
    from training.eventlog_segments import write_segment

    data = wal_path(folder, begins).read_bytes()
    frames = list(wal.frames(data))
    records = (
        (frame.position + place, record)
        for frame in frames
        for place, record in enumerate(wal.records_of(data, frame))
        if record.body  # else it was erased
    )
    ends = max((frame.position + frame.count for frame in frames), default=begins)
    messages = (message for frame in frames for message in wal.messages_of(data, frame))
    index_messages(folder, begins, ends, messages)
    write_segment(segment_path(folder, begins, ends), records)
    return ends


def merge_small(folder: Path) -> None:
    """Make one segment of every eight neighbours that are together small, so that few are read."""
    from training.eventlog_segments import merge_segments

    while (run := _small_run(folder)) is not None:
        wide = segment_path(folder, run[0].begins, run[-1].ends or 0)
        merge_segments([file.path for file in run], wide)
        sync_folder(folder)
        for file in run:
            file.path.unlink()


def _small_run(folder: Path) -> list[LogFile] | None:
    files = [file for file in files_of(folder) if file.ends is not None]
    sizes = [file.path.stat().st_size for file in files]
    for first in range(len(files) - TOGETHER + 1):
        if sum(sizes[first : first + TOGETHER]) < SMALL_SEGMENTS:
            return files[first : first + TOGETHER]
    return None


class Sealer:
    """Seals files, large ones in a child process, which `stop` ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._child: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def seal(self, begins: int) -> int:
        """As the function.

        Raises:
            LogUnavailable: if that fails; the write-ahead file still holds all.
        """
        try:
            if wal_path(self._folder, begins).stat().st_size <= SMALL:
                return seal(self._folder, begins)
            return self._seal_beside(begins)
        except (OSError, ValueError) as error:
            raise LogUnavailable(
                f"A file of the event log could not be sealed and is kept as it is ({error})."
            ) from error

    def _seal_beside(self, begins: int) -> int:
        command = [sys.executable, "-m", "training.eventlog_seal", str(self._folder), str(begins)]
        with subprocess.Popen(  # noqa: S603 - our own module, no text of others
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        ) as child:
            self._child = child
            if self._stopped:
                child.terminate()
            told, complaint = child.communicate()
            self._child = None
        if child.returncode:
            raise ValueError(complaint.decode("utf-8", "replace")[-300:] or "it was stopped")
        return int(told)

    def stop(self) -> None:
        self._stopped = True
        if (child := self._child) is not None:
            child.terminate()


def _end_with_the_parent() -> None:
    """A sealing that outlives its service might bring back what a later one erased."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    _end_with_the_parent()
    os.nice(NICENESS)
    sys.stdout.write(str(seal(Path(sys.argv[1]), int(sys.argv[2]))))


if __name__ == "__main__":
    main()
