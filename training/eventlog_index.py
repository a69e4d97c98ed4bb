"""Which messages are in the log already: exact, for thirty days, and small.

A message is known by a 63-bit key of its site and id. The active file's keys are in a dictionary;
those of sealed segments in sorted arrays on disk, mapped into memory. Eight arrays of one size are
made into one of the next, so that a month has few.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.eventlog_folder import write_whole

Keys = NDArray[np.int64]
Seconds = NDArray[np.uint32]

WINDOW = 30 * 86400.0  # seconds
FAN_IN = 8
_NAME = re.compile(r"seen-(\d{16})-(\d{16})\.idx")
_MAGIC = b"FPIDX01\n"


@lru_cache(maxsize=4096)
def _site_key(site: str) -> int:
    return int.from_bytes(blake2b(site.encode(), digest_size=8).digest(), "big") >> 1


def message_key(site: str, message: int) -> int:
    """One number for a message of a site."""
    return message ^ _site_key(site)


def index_path(folder: Path, begins: int, ends: int) -> Path:
    return folder / f"seen-{begins:016d}-{ends:016d}.idx"


def write_index(path: Path, keys: Keys, seconds: Seconds) -> None:
    """Write an index, replacing one of that name.

    Args:
        keys: of `message_key`, in any order.
        seconds: when each was received, whole seconds since 1970.
    """
    order = np.argsort(keys, kind="stable")
    write_whole(
        path,
        _MAGIC + np.int64(len(keys)).tobytes(),
        keys[order].astype("<i8").tobytes(),
        seconds[order].astype("<u4").tobytes(),
    )


class SealedIndex:
    """The sorted keys of one range of positions, in a file."""

    def __init__(self, path: Path) -> None:
        name = _NAME.fullmatch(path.name)
        if name is None:
            raise ValueError(f"{path.name} is no index file.")
        self.path, self.begins, self.ends = path, int(name.group(1)), int(name.group(2))
        whole = np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
        count = int(whole[8:16].view("<i8")[0]) if len(whole) >= 16 else -1
        if bytes(whole[:8]) != _MAGIC or len(whole) != 16 + 12 * count:
            raise ValueError(f"{path.name} is damaged.")
        self.keys: Keys = whole[16 : 16 + 8 * count].view("<i8")
        self.seconds: Seconds = whole[16 + 8 * count :].view("<u4")
        self.newest = float(self.seconds.max()) if count else 0.0

    def __len__(self) -> int:
        return len(self.keys)

    def times(self, keys: Keys) -> NDArray[np.float64]:
        """When each key was received last, whole seconds; -1 where it was not."""
        found = np.full(len(keys), -1.0)
        places = np.searchsorted(self.keys, keys, side="right") - 1
        inside = places >= 0
        hits = np.flatnonzero(inside)[self.keys[places[inside]] == keys[inside]]
        found[hits] = self.seconds[places[hits]]
        return found


class DuplicateIndex:
    """All messages of a log within the window."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.active: dict[int, float] = {}
        self.closing: dict[int, dict[int, float]] = {}  # by position, of files to be sealed
        self.sealed: list[SealedIndex] = []
        self.newest = 0.0  # when the newest message was received

    def load(self) -> None:
        """Take in the index files; those within a wider one, or damaged, are removed."""
        found: list[SealedIndex] = []
        for path in sorted(self._folder.glob("seen-*.idx")):
            try:
                found.append(SealedIndex(path))
            except (ValueError, OSError):
                path.unlink(missing_ok=True)
        self.sealed = []
        for part in sorted(found, key=lambda part: (part.begins, -part.ends)):
            if self.sealed and part.ends <= self.sealed[-1].ends:
                part.path.unlink(missing_ok=True)
            else:
                self.sealed.append(part)
        self.newest = max([self.newest, *(part.newest for part in self.sealed)])

    def covers(self, begins: int, ends: int) -> bool:
        return any(part.begins <= begins and ends <= part.ends for part in self.sealed)

    def add(self, messages: Iterable[tuple[str, int, float]]) -> list[int]:
        """Site, hash and time received of messages in the active file; returns the new keys."""
        active, newest, new = self.active, self.newest, []
        for site, message, time in messages:
            key = message ^ _site_key(site)
            if key not in active:
                new.append(key)
            active[key] = time
            newest = max(newest, time)
        self.newest = newest
        return new

    def discard(self, keys: Iterable[int]) -> None:
        """Messages that did not reach the disk after all."""
        for key in keys:
            self.active.pop(key, None)

    def seen(self, site: str, messages: Sequence[int], now: float | None) -> list[bool]:
        horizon = (self.newest if now is None else now) - WINDOW
        keys = [message_key(site, message) for message in messages]
        horizon = max(horizon, 0.0)
        found = [self.active.get(key, -1.0) >= horizon for key in keys]
        for closing in list(self.closing.values()):
            found = [
                hit or closing.get(key, -1.0) >= horizon
                for hit, key in zip(found, keys, strict=True)
            ]
        parts = [part for part in self.sealed if part.newest >= horizon and len(part)]
        if parts and not all(found):
            wanted = np.array(keys, dtype=np.int64)
            for part in parts:
                times = part.times(wanted)
                for place in np.flatnonzero(times >= horizon).tolist():
                    found[place] = True
        return found

    def rotate(self, begins: int) -> None:
        """The active file, which began at this position, is closed; it will be sealed."""
        self.closing[begins], self.active = self.active, {}

    def take_in(self, path: Path) -> None:
        """A closed file was sealed: its index goes from memory to the disk."""
        part = SealedIndex(path)
        self.sealed = sorted([*self.sealed, part], key=lambda part: part.begins)
        self.closing.pop(part.begins, None)

    def close(self) -> None:
        """Let go of the files."""
        self.sealed = []

    def compact(self) -> None:
        """Make arrays of about one size into one, so that few must be searched."""
        while (run := _run_of_equals(self.sealed)) is not None:
            path = index_path(self._folder, run[0].begins, run[-1].ends)
            write_index(
                path,
                np.concatenate([part.keys for part in run]),
                np.concatenate([part.seconds for part in run]),
            )
            rest = [part for part in self.sealed if part not in run]
            self.sealed = sorted([*rest, SealedIndex(path)], key=lambda part: part.begins)
            for part in run:
                part.path.unlink(missing_ok=True)


def _level(part: SealedIndex) -> int:
    return int(np.log(max(len(part), 1)) / np.log(FAN_IN))


def _run_of_equals(parts: list[SealedIndex]) -> list[SealedIndex] | None:
    """Eight neighbours of which none is of a higher level than the first ones'."""
    for first in range(len(parts) - FAN_IN + 1):
        run = parts[first : first + FAN_IN]
        levels = [_level(part) for part in run]
        if max(levels) - min(levels) <= 1:
            return run
    return None
