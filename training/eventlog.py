"""The event log: what was acknowledged is on disk, and everything can be told again from it.

One process writes (`EventLog`), any number read (`read_folder`). Records that arrive together are
written together in one frame and made durable by one `fdatasync`. A file that has grown enough is
closed and sealed into Parquet.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import threading
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from personas.entities import VisitorKey
from personas.errors import LogUnavailable
from training import eventlog_frames as wal
from training.eventlog_files import (
    files_of,
    read_accepted,
    read_folder,
    read_wal,
    sealed_files,
    wal_path,
)
from training.eventlog_index import DuplicateIndex, index_path
from training.eventlog_records import (
    Kind,
    Record,
    key_of,
    link_of,
    link_record,
    message_of,
    message_record,
    rejected_record,
)
from training.eventlog_writer import WalWriter, sync_folder

__all__ = [
    "EventLog",
    "Kind",
    "Record",
    "key_of",
    "link_of",
    "link_record",
    "message_of",
    "message_record",
    "read_accepted",
    "read_folder",
    "rejected_record",
    "sealed_files",
]

SEAL_BYTES = 64 << 20
FREE_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Records of one `append`, the keys they added to the index, and who waits for them."""

    records: Sequence[Record]
    keys: list[int]
    done: asyncio.Future[int]


class EventLog:
    """The log's one writer. Made by `open`; `append` belongs to one event loop."""

    def __init__(self, folder: Path, seal_bytes: int, free_bytes: int, lock: int) -> None:
        from training.eventlog_seal import Sealer

        self.folder, self._seal_bytes, self._free_bytes = folder, seal_bytes, free_bytes
        self._lock_handle = lock
        self.id = _id_of(folder)
        self.trouble: str | None = None  # why the last write or sealing failed
        self.damaged = 0  # broken places that were passed over
        self._index = DuplicateIndex(folder)
        self._sealer = Sealer(folder)
        self._waiting: list[_Waiting] = []
        self._flushing: asyncio.Task[None] | None = None
        self._closed = False
        self._writing = threading.Lock()  # over the active file and the list of closed ones
        self._closed_files: list[int] = []  # by position, to be sealed
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="event-log-write")
        self._seal_thread = ThreadPoolExecutor(1, thread_name_prefix="event-log-seal")
        self._wal = self._recover()

    @classmethod
    def open(
        cls, folder: Path, *, seal_bytes: int = SEAL_BYTES, free_bytes: int = FREE_BYTES
    ) -> EventLog:
        """Open a folder's log, or begin one.

        Args:
            folder: made where it is missing.
            seal_bytes: size at which a file is closed and sealed.
            free_bytes: room on the disk below which nothing is written.

        Raises:
            LogUnavailable: if another process holds it, or the disk refuses.
            CorruptArtefact: for a damaged segment whose index is missing.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = _lock(folder)
            try:
                return cls(folder, seal_bytes, free_bytes, lock)
            except BaseException:
                os.close(lock)
                raise
        except OSError as error:
            raise LogUnavailable(f"The event log in {folder} cannot be opened: {error}") from error

    def _recover(self) -> WalWriter:
        """Index what is there, cut a torn tail, and go on after the last record."""
        for part in self.folder.glob("*.part"):
            part.unlink()
        self._index.load()
        files = files_of(self.folder)
        kept = {file.path for file in files}
        for path in self.folder.glob("wal-*.log"):
            if path not in kept:
                path.unlink()  # it was sealed
        growing = [file.begins for file in files if file.ends is None]
        ends = max((file.ends for file in files if file.ends is not None), default=0)
        for file in files:
            if file.ends is not None and not self._index.covers(file.begins, file.ends):
                self._index_segment(file.path, file.begins, file.ends)
        self._index.load()
        for begins in growing[:-1]:
            self._index_wal(begins)
            self._index.rotate(begins)
            self._closed_files.append(begins)
        active = growing[-1] if growing and growing[-1] >= ends else ends
        writer = WalWriter(self.folder, active, self._free_bytes)
        self.damaged += writer.damaged
        self._index_wal(active)
        if self._closed_files:
            self._seal_thread.submit(self._seal_closed)
        return writer

    def _index_wal(self, begins: int) -> None:
        data = wal_path(self.folder, begins).read_bytes()
        for frame in wal.frames(data):
            self._index.add(wal.messages_of(data, frame))

    def _index_segment(self, path: Path, begins: int, ends: int) -> None:
        from training.eventlog_seal import index_messages
        from training.eventlog_segments import message_columns

        index_messages(self.folder, begins, ends, zip(*message_columns(path), strict=True))

    # --- writing ----------------------------------------------------------------------------------

    @property
    def position(self) -> int:
        """After the last record that is durable."""
        return self._wal.position

    @property
    def size(self) -> int:
        """Bytes of the file that grows."""
        return self._wal.size

    async def append(self, records: Sequence[Record]) -> int:
        """Make records durable; return the position after the last.

        They count as seen from the call on. Whoever leaves out a message because it is `seen`
        awaits `append([])` before saying so: that waits for what others are writing just now.

        Raises:
            LogUnavailable: none of these records is in the log; try again later.
        """
        if self._closed:
            raise LogUnavailable("The event log is closed; start the service again.")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(records, self._index.add(_messages(records)), loop.create_future())
        self._waiting.append(waiting)
        if self._flushing is None or self._flushing.done():
            self._flushing = loop.create_task(self._flush())
        return await waiting.done

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group, self._waiting = self._waiting, []
            records = [record for waiting in group for record in waiting.records]
            try:
                ends = await loop.run_in_executor(self._write_thread, self._commit, records)
            except LogUnavailable as error:
                self._refuse(group, error)
                continue
            # Once more: the file may have been closed since, and the index with it.
            self._index.add(_messages(records))
            position = ends - len(records)
            for waiting in group:
                position += len(waiting.records)
                if not waiting.done.done():
                    waiting.done.set_result(position)

    def _refuse(self, group: list[_Waiting], error: LogUnavailable) -> None:
        for waiting in group:
            self._index.discard(waiting.keys)
            if not waiting.done.done():
                waiting.done.set_exception(LogUnavailable(str(error)))

    def _commit(self, records: list[Record]) -> int:
        with self._writing:
            if not records:
                return self._wal.position
            try:
                ends = self._wal.commit(records)
            except LogUnavailable as error:
                self.trouble = str(error)
                raise
            self.trouble = None
            if self._wal.size >= self._seal_bytes:
                self._try_to_rotate()
            return ends

    def _try_to_rotate(self) -> None:
        try:
            self._rotate()
        except OSError as error:
            self.trouble = f"A file of the event log could not be closed yet: {error}"

    def _rotate(self) -> None:
        """Close the active file, to be sealed, and begin the next."""
        before = self._wal
        self._wal = WalWriter(self.folder, before.position, self._free_bytes)
        self._index.rotate(before.begins)
        before.close()
        self._closed_files.append(before.begins)
        self._seal_thread.submit(self._seal_closed)

    # --- sealing and erasing ----------------------------------------------------------------------

    def _seal_closed(self) -> None:
        try:
            while self._closed_files and not self._closed:
                begins = self._closed_files[0]
                ends = self._sealer.seal(begins)
                sync_folder(self.folder)
                self._index.take_in(index_path(self.folder, begins, ends))
                wal_path(self.folder, begins).unlink()
                self._closed_files.pop(0)
            self._index.compact()
        except (LogUnavailable, OSError) as error:
            self.trouble = str(
                error
            )  # the write-ahead files hold all; the next sealing tries again

    def seal(self) -> None:
        """Close the active file and wait until all is sealed.

        Raises:
            LogUnavailable: if the disk refuses; nothing is lost.
        """
        try:
            with self._writing:
                if self._wal.position > self._wal.begins:
                    self._rotate()
        except OSError as error:
            raise LogUnavailable(f"The event log cannot be sealed: {error}") from error
        self._seal_thread.submit(self._seal_closed).result()
        if self._closed_files:
            raise LogUnavailable(self.trouble or "The event log could not be sealed.")

    def erase(self, site: str, keys: Collection[VisitorKey]) -> int:
        """Rewrite the log without a site's records that tell of these visitors.

        Takes seconds; call it in a thread. Positions of other records stay as they are.

        Returns:
            How many records are gone.

        Raises:
            LogUnavailable: if the disk refuses; call again, what was done stays done.
        """
        self.seal()
        return self._seal_thread.submit(self._erase, site, keys).result()

    def _erase(self, site: str, keys: Collection[VisitorKey]) -> int:
        from training.eventlog_segments import erase_from

        try:
            erased = sum(erase_from(path, site, keys) for path in sealed_files(self.folder))
            sync_folder(self.folder)
        except OSError as error:
            raise LogUnavailable(f"The event log cannot be rewritten: {error}") from error
        return erased

    # --- reading ----------------------------------------------------------------------------------

    def seen(self, site: str, messages: Sequence[int], now: float | None = None) -> list[bool]:
        """Is each message in the log, or being written, within thirty days?

        Args:
            site: of the messages; others' messages of the same id are others.
            messages: hashes of their ids.
            now: end of the thirty days; without it, when the newest message was received.
        """
        return self._index.seen(site, messages, now)

    def read(
        self, since: int = 0, kinds: Collection[Kind] | None = None, site: str | None = None
    ) -> Iterator[tuple[int, Record]]:
        """Durable records from position `since` on, each with the position after it."""
        writer = self._wal
        until = writer.position
        if since < writer.begins:
            yield from read_folder(self.folder, since, kinds, site, until)
            return
        try:
            found = read_wal(writer.path, since, kinds, site, writer.offset_of(since))
            yield from (item for item in found if item[0] <= until)
        except FileNotFoundError:  # closed and sealed meanwhile
            yield from read_folder(self.folder, since, kinds, site, until)

    async def close(self) -> None:
        """Write what waits, and let go of the folder."""
        if self._closed:
            return
        if self._flushing is not None:
            await self._flushing
        self._closed = True
        self._sealer.stop()
        await asyncio.to_thread(self._write_thread.shutdown)
        await asyncio.to_thread(self._seal_thread.shutdown)
        self._wal.close()
        self._index.close()
        os.close(self._lock_handle)


def _messages(records: Iterable[Record]) -> Iterator[tuple[str, int, float]]:
    return (
        (record.site, record.message, record.time)
        for record in records
        if record.kind is Kind.MESSAGE
    )


def _lock(folder: Path) -> int:
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


def _id_of(folder: Path) -> str:
    """The log's name for those who keep positions in it; made once."""
    path = folder / "id"
    try:
        if told := path.read_text().strip():
            return told
    except FileNotFoundError:
        pass
    made = f"l_{uuid.uuid4().hex}"
    part = path.with_suffix(".part")
    with part.open("w") as file:
        file.write(made)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(folder)
    return made
