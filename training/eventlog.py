"""The event log: what was acknowledged is on disk, and everything can be told again from it.

One process writes (`EventLog`), any number read (`read_folder`). Records that arrive together are
written together in one frame and made durable by one `fdatasync`. A file that has grown enough is
closed and sealed into Parquet.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from personas.entities import VisitorKey
from personas.errors import CorruptArtefact, LogUnavailable
from training import eventlog_frames as wal
from training.eventlog_files import (
    chosen,
    files_of,
    log_end,
    read_accepted,
    read_folder,
    sealed_files,
    wal_path,
)
from training.eventlog_folder import erase_from_wal, expire_from_wal, id_of, lock
from training.eventlog_index import DuplicateIndex, index_path
from training.eventlog_records import (
    Expiry,
    Kind,
    Record,
    concerns,
    consent_of,
    consent_record,
    key_of,
    link_of,
    link_record,
    message_of,
    message_record,
    rejected_record,
)
from training.eventlog_writer import WalWriter, in_words
from training.files import sync_folder

__all__ = [
    "EventLog",
    "Expiry",
    "Kind",
    "Record",
    "concerns",
    "consent_of",
    "consent_record",
    "key_of",
    "link_of",
    "link_record",
    "log_end",
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

    entries: wal.Entries
    messages: list[tuple[str, int, float]]
    keys: list[int]
    done: asyncio.Future[int]


class EventLog:
    """The log's one writer. Made by `open`; `append` belongs to one event loop."""

    def __init__(self, folder: Path, seal_bytes: int, free_bytes: int, held: int) -> None:
        from training.eventlog_seal import Sealer

        self.folder, self._seal_bytes, self._free_bytes = folder, seal_bytes, free_bytes
        self._held = held  # handle of the lock
        self.id = id_of(folder)
        self._write_trouble: str | None = None
        self._seal_trouble: str | None = None
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
            held = lock(folder)
            try:
                return cls(folder, seal_bytes, free_bytes, held)
            except BaseException:
                os.close(held)
                raise
        except OSError as error:
            raise LogUnavailable(f"The event log in {folder} cannot be opened: {error}") from error

    def _recover(self) -> WalWriter:
        """Index what is there, cut a torn tail, and go on after the last record."""
        for part in self.folder.glob("*.part"):
            part.unlink()
        files = files_of(self.folder)
        kept = {file.path for file in files}
        for path in (*self.folder.glob("wal-*.log"), *self.folder.glob("segment-*.parquet")):
            if path not in kept:
                path.unlink()  # it was sealed, or is in a wider segment
        self._index.load()
        for file in files:
            if file.ends is not None and not self._index.covers(file.begins, file.ends):
                self._index_segment(file.path, file.begins, file.ends)
        self._index.load()
        growing = [file.begins for file in files if file.ends is None]
        for begins in growing[:-1]:
            self._index_wal(begins)
            self._index.rotate(begins)
            self._closed_files.append(begins)
        ends = max((file.ends for file in files if file.ends is not None), default=0)
        active = growing[-1] if growing else ends
        writer = WalWriter(self.folder, active, self._free_bytes, self._index_frame)
        self.damaged += writer.damaged
        self._seal_thread.submit(self._seal_closed)
        return writer

    def _index_wal(self, begins: int) -> None:
        data = wal_path(self.folder, begins).read_bytes()
        for frame in wal.frames(data):
            self._index_frame(data, frame)

    def _index_frame(self, data: bytes, frame: wal.Frame) -> None:
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
        entries, messages = wal.entries(records), _messages(records)
        waiting = _Waiting(entries, messages, self._index.add(messages), loop.create_future())
        self._waiting.append(waiting)
        if self._flushing is None or self._flushing.done():
            self._flushing = loop.create_task(self._flush())
        return await waiting.done

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group, self._waiting = self._waiting, []
            parts = [waiting.entries for waiting in group]
            try:
                ends = await loop.run_in_executor(self._write_thread, self._commit, parts)
            except LogUnavailable as error:
                self._refuse(group, error)
                continue
            position = ends - sum(part.count for part in parts)
            for waiting in group:
                # Once more: the file may have been closed since, and its index with it.
                self._index.add(waiting.messages)
                position += waiting.entries.count
                if not waiting.done.done():
                    waiting.done.set_result(position)

    def _refuse(self, group: list[_Waiting], error: LogUnavailable) -> None:
        for waiting in group:
            self._index.discard(waiting.keys)
            if not waiting.done.done():
                waiting.done.set_exception(LogUnavailable(str(error)))

    def _commit(self, parts: list[wal.Entries]) -> int:
        with self._writing:
            if not any(part.count for part in parts):
                return self._wal.position
            try:
                ends = self._wal.commit(parts)
            except LogUnavailable as error:
                self._write_trouble = str(error)
                raise
            self._write_trouble = None
            if self._wal.size >= self._seal_bytes:
                self._try_to_rotate()
            return ends

    def _try_to_rotate(self) -> None:
        try:
            self._rotate()
        except OSError as error:
            self._seal_trouble = in_words(error, self.folder)

    def _rotate(self) -> None:
        """Close the active file, to be sealed, and begin the next."""
        before = self._wal
        try:
            self._wal = WalWriter(self.folder, before.position, self._free_bytes)
        except OSError:
            wal_path(self.folder, before.position).unlink(missing_ok=True)
            raise
        self._index.rotate(before.begins)
        before.close()
        self._closed_files.append(before.begins)
        self._seal_thread.submit(self._seal_closed)

    # --- sealing and erasing ----------------------------------------------------------------------

    @property
    def trouble(self) -> str | None:
        """Why the last writing or sealing failed; None where all is well."""
        return self._write_trouble or self._seal_trouble

    def _seal_closed(self) -> None:
        from training.eventlog_seal import merge_small

        try:
            while self._closed_files and not self._closed:
                begins = self._closed_files[0]
                ends = self._sealer.seal(begins)
                sync_folder(self.folder)
                self._index.take_in(index_path(self.folder, begins, ends))
                wal_path(self.folder, begins).unlink()
                self._closed_files.pop(0)
            self._index.compact()
            merge_small(self.folder)
            self._seal_trouble = None
        except (LogUnavailable, CorruptArtefact, OSError) as error:
            self._seal_trouble = str(error)  # nothing is lost; the next sealing tries again

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
            raise LogUnavailable(in_words(error, self.folder)) from error
        self._seal_thread.submit(self._seal_closed).result()
        if self._closed_files:
            raise LogUnavailable(self._seal_trouble or "The event log could not be sealed.")

    def erase(self, site: str, keys: Collection[VisitorKey]) -> int:
        """Rewrite the log without a site's records that tell of these visitors.

        Takes a while; call it in a thread. Positions of other records stay as they are, and the
        messages stay known, so that they are not taken in once more.

        Returns:
            How many records are gone.

        Raises:
            LogUnavailable: if the disk refuses; call again, what was done stays done.
        """
        from training.eventlog_segments import erase_from

        return self._rewrite(
            lambda path: erase_from_wal(path, site, keys), lambda path: erase_from(path, site, keys)
        )

    def expire(self, expiry: Expiry) -> int:
        """Rewrite the log without what tells of visitors and was received too long ago.

        Content, tags and settings stay. Otherwise as `erase`.
        """
        from training.eventlog_segments import expire_from

        return self._rewrite(
            lambda path: expire_from_wal(path, expiry), lambda path: expire_from(path, expiry)
        )

    def _rewrite(self, growing: Callable[[Path], int], sealed: Callable[[Path], int]) -> int:
        """All files in their places; each tells how many records it lost."""
        try:
            with self._writing:
                count = growing(self._wal.path)
                if count:
                    before, begins = self._wal, self._wal.begins
                    self._wal = WalWriter(self.folder, begins, self._free_bytes)
                    before.close()
            return count + self._seal_thread.submit(self._rewrite_closed, growing, sealed).result()
        except OSError as error:
            raise LogUnavailable(in_words(error, self.folder)) from error

    def _rewrite_closed(self, growing: Callable[[Path], int], sealed: Callable[[Path], int]) -> int:
        count = sum(growing(wal_path(self.folder, begins)) for begins in self._closed_files)
        count += sum(sealed(path) for path in sealed_files(self.folder))
        sync_folder(self.folder)
        return count

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
        with self._writing:
            until, begins = self._wal.position, self._wal.begins
            data = self._wal.read_from(since) if since >= begins else None
        if data is None:
            return read_folder(self.folder, since, kinds, site, until)
        return chosen(data, since, kinds, site)

    async def close(self) -> None:
        """Write what waits, and let go of the folder."""
        if self._closed:
            return
        self._closed = True
        if self._flushing is not None:
            await self._flushing
        self._sealer.stop()
        await asyncio.to_thread(self._write_thread.shutdown)
        await asyncio.to_thread(self._seal_thread.shutdown)
        self._wal.close()
        self._index.close()
        os.close(self._held)


def _messages(records: Sequence[Record]) -> list[tuple[str, int, float]]:
    return [
        (record.site, record.message, record.time)
        for record in records
        if record.kind is Kind.MESSAGE
    ]
