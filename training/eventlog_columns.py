"""The whole event log as Parquet segments, for engines that read columns."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from personas.errors import LogUnavailable
from training.eventlog_files import LogFile, read_wal, steady_files
from training.eventlog_records import Kind
from training.eventlog_segments import is_current, read_segment, write_segment

TRIES = 5
KINDS = (Kind.MESSAGE, Kind.LINK)


def as_segments(folder: Path, scratch: Path) -> list[Path]:
    """Segments that together hold all messages and links; they stay while the log goes on.

    Sealed files are linked into `scratch`, or copied where that is on another disk; what is not
    sealed, or was sealed by an older version, is written there.

    Args:
        scratch: an empty folder; the caller removes it.

    Raises:
        LogUnavailable: where there is no log, or it changes too fast.
        CorruptArtefact: a segment is damaged.
    """
    for _ in range(TRIES):
        try:
            found = [_as_segment(file, scratch) for file in steady_files(folder, 0)]
            return found or [_empty(scratch)]
        except FileNotFoundError:  # it was sealed meanwhile
            for path in scratch.iterdir():
                path.unlink()
    raise LogUnavailable(f"The files of the event log in {folder} change too fast; try again.")


def _as_segment(file: LogFile, scratch: Path) -> Path:
    path = scratch / f"{file.path.stem}.parquet"
    if file.ends is None:
        records = read_wal(file.path, 0, KINDS)
    elif not is_current(file.path):
        records = read_segment(file.path, 0, KINDS, None)
    else:
        _link(file.path, path)
        return path
    write_segment(path, ((after - 1, record) for after, record in records))
    return path


def _empty(scratch: Path) -> Path:
    path = scratch / "empty.parquet"
    write_segment(path, ())
    return path


def _link(source: Path, path: Path) -> None:
    try:
        os.link(source, path)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, path)
