"""An event log's folder: who may write in it, its name, and what erasing does to its files."""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Callable, Collection
from pathlib import Path

from personas.entities import VisitorKey
from personas.errors import LogUnavailable
from training import eventlog_frames as wal
from training.eventlog_records import Expiry, Record, concerns
from training.files import sync_folder


def write_whole(path: Path, *parts: bytes | memoryview) -> None:
    """Write a file that is there whole or not at all, replacing one of that name."""
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            for each in parts:
                file.write(each)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def lock(folder: Path) -> int:
    """Take the folder for this process; the handle holds it until it is closed.

    Raises:
        LogUnavailable: another process has it.
    """
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(handle, 20, 0).decode(errors="replace").strip()
        os.close(handle)
        raise LogUnavailable(
            f"Process {holder or 'unknown'} holds the event log in {folder}. Stop it, or choose "
            "another data folder; one process writes, others may read."
        ) from None
    os.ftruncate(handle, 0)
    os.pwrite(handle, str(os.getpid()).encode(), 0)
    return handle


def id_of(folder: Path) -> str:
    """The log's name for those who keep positions in it; made once."""
    path = folder / "id"
    try:
        if told := path.read_text().strip():
            return told
    except FileNotFoundError:
        pass
    made = f"l_{uuid.uuid4().hex}"
    write_whole(path, made.encode())
    sync_folder(folder)
    return made


def erase_from_wal(path: Path, site: str, keys: Collection[VisitorKey]) -> int:
    """Rewrite a write-ahead file without the bodies of what concerns these visitors.

    Returns how many records that were.
    """
    return _rewrite(path, lambda each: each.site == site and concerns(each, keys), _marks(keys))


def expire_from_wal(path: Path, expiry: Expiry) -> int:
    """Rewrite a write-ahead file without the bodies of what expired.

    Returns how many records that were.
    """
    data = path.read_bytes()
    first = next((each for frame in wal.frames(data) for each in wal.records_of(data, frame)), None)
    if first is None or first.time >= expiry.latest:
        return 0  # records stand in the order in which they came
    return _rewrite(path, expiry.takes, None)


def _rewrite(path: Path, doomed: Callable[[Record], bool], marks: list[bytes] | None) -> int:
    """`marks`: bytes of which one stands in whatever is doomed; None where nothing does."""
    data = path.read_bytes()
    parts, count = [data[: wal.FILE_HEAD]], 0
    for frame in wal.frames(data):
        part, hits = data[frame.begins : frame.ends], 0
        if marks is None or any(mark in part for mark in marks):
            part, hits = _without(data, frame, doomed)
        parts.append(part)
        count += hits
    if count:
        write_whole(path, *parts)
        sync_folder(path.parent)
    return count


def _marks(keys: Collection[VisitorKey]) -> list[bytes] | None:
    """Not for ids that JSON may write in several ways."""
    ids = {key.id for key in keys}
    if any(not name.isascii() or '"' in name or "\\" in name for name in ids):
        return None
    return [name.encode() for name in ids]


def _without(data: bytes, frame: wal.Frame, doomed: Callable[[Record], bool]) -> tuple[bytes, int]:
    """A frame without the doomed bodies, and how many they were."""
    kept, hits = [], 0
    for record in wal.records_of(data, frame):
        hit = bool(record.body) and doomed(record)
        kept.append(wal.erased(record) if hit else record)
        hits += hit
    if not hits:
        return data[frame.begins : frame.ends], 0
    return wal.encode(frame.position, [wal.entries(kept)]), hits
