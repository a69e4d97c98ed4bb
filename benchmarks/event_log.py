"""What messages and the event log cost.

    python benchmarks/event_log.py [--records 1000000] [--folder DIR]

Prints seconds of the clock and, in brackets, of this process's computing, which other work on the
machine does not stretch.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from personas.messages import Accepted, read_message
from training.dataset import load_site
from training.eventlog import EventLog, Record, message_record, read_accepted, read_folder

BATCH = 50
VISITORS, PAGES = 5, 300  # messages a visitor, pages of the site
BEGUN = 1.79e9
AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 "
    "Safari/537.36"
)


def message(number: int) -> dict[str, Any]:
    """A page call as a browser's library sends it."""
    url = f"https://shop.example/guides/{number % PAGES}"
    return {
        "type": "page",
        "messageId": f"ajs-next-1795472330276-{number:012d}",
        "anonymousId": f"a6ee3752-46f3-42d2-a2d5-{number // VISITORS:012d}",
        "userId": f"u{number // VISITORS}" if number % VISITORS == VISITORS - 1 else None,
        "timestamp": "2026-01-02T03:04:05.000Z",
        "properties": {"url": url, "title": "A guide", "path": url[20:], "dwellMs": 1200},
        "context": {
            "page": {"url": url, "referrer": "https://www.google.com/", "title": "A guide"},
            "userAgent": AGENT,
            "locale": "en-GB",
            "library": {"name": "analytics.js", "version": "next-1.84.3"},
            "timezone": "Europe/Zurich",
        },
    }


@contextmanager
def timed(what: str, count: int) -> Iterator[None]:
    clock, computing = time.perf_counter(), time.process_time()
    yield
    clock, computing = time.perf_counter() - clock, time.process_time() - computing
    print(
        f"{what:52} {clock:8.2f} s ({computing:6.2f})  {1e6 * computing / count:7.1f} µs each, "
        f"{count / clock:9,.0f}/s"
    )


def records_of(first: int, count: int) -> list[Record]:
    made = []
    for number in range(first, first + count):
        raw, moment = message(number), BEGUN + number / 1000
        read = read_message(raw, moment)
        assert isinstance(read, Accepted)  # noqa: S101 - a benchmark of something else otherwise
        made.append(message_record("default", raw, moment, None, read))
    return made


async def append(log: EventLog, records: list[Record], writers: int) -> None:
    async def write(share: int) -> None:
        for first in range(share * BATCH, len(records), writers * BATCH):
            await log.append(records[first : first + BATCH])

    await asyncio.gather(*(write(share) for share in range(writers)))


async def fill(folder: Path, count: int) -> None:
    """A log of which all is in the active file."""
    log = EventLog.open(folder, seal_bytes=1 << 40)
    for first in range(0, count, 20_000):
        await append(log, records_of(first, min(20_000, count - first)), 16)
    await log.close()


async def small_things(folder: Path) -> None:
    raws = [message(number) for number in range(20_000)]
    with timed("read a message", len(raws)):
        for raw in raws:
            read_message(raw, BEGUN)
    with timed("read it and make its record", 20_000):
        records = records_of(0, 20_000)
    log = EventLog.open(folder)
    for writers in (1, 8):
        share = records[: 10_000 * writers // 8 or 1]
        with timed(f"append, {writers} at a time, batches of {BATCH}", len(share)):
            await append(log, share, writers)
    hashes = [record.message for record in records]
    with timed("ask whether it is known, 50 at a time", len(hashes)):
        for first in range(0, len(hashes), BATCH):
            log.seen("default", hashes[first : first + BATCH])
    await log.close()


async def large_things(folder: Path, count: int) -> None:
    await fill(folder, count)
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{count:,} messages in the active file, {size / 1e6:,.0f} MB")
    with timed("open a log with that file", count):
        log = EventLog.open(folder)
    with timed("seal it (in a child process)", count):
        await asyncio.to_thread(log.seal)
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"sealed: {size / 1e6:,.0f} MB with the index")
    await log.close()
    with timed("open the sealed log", count):
        log = EventLog.open(folder)
    hashes = [record.message for record in records_of(0, 20_000)]
    with timed("ask whether it is known, 50 at a time", len(hashes)):
        for first in range(0, len(hashes), BATCH):
            log.seen("default", hashes[first : first + BATCH])
    await log.close()


def readings(folder: Path, count: int) -> None:
    with timed("read all records", count):
        for _ in read_folder(folder):
            pass
    with timed("read all messages from their columns", count):
        for _ in read_accepted(folder, "default"):
            pass
    with timed("load the site for training", count):
        site = load_site(folder, "default")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{len(site.visitors):,} visitors; at most {peak / 1024:,.0f} MB of memory")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        asyncio.run(small_things(Path(folder, "small")))
        asyncio.run(large_things(Path(folder, "large"), args.records))
        readings(Path(folder, "large"), args.records)


if __name__ == "__main__":
    main()
