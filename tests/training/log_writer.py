"""A process that writes an event log and tells what was acknowledged, until it is killed.

`python -m tests.training.log_writer FOLDER FIRST SEAL_BYTES`: appends records numbered from FIRST,
several batches at a time, and prints each number once its record is acknowledged.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import count
from pathlib import Path

from personas.errors import LogUnavailable
from tests.builders import page, record_of
from training.eventlog import EventLog

BATCH, WRITERS = 7, 4


async def write(log: EventLog, numbers: count[int]) -> None:
    while True:
        batch = [next(numbers) for _ in range(BATCH)]
        records = [record_of(page(f"m{number}", anonymousId=f"a{number % 9}")) for number in batch]
        try:
            await log.append(records)
        except LogUnavailable:
            await asyncio.sleep(0.01)
            continue
        sys.stdout.write("".join(f"{number}\n" for number in batch))
        sys.stdout.flush()


async def main(folder: Path, first: int, seal_bytes: int) -> None:
    log = EventLog.open(folder, seal_bytes=seal_bytes)
    sys.stdout.write("open\n")
    sys.stdout.flush()
    numbers = count(first)
    await asyncio.gather(*(write(log, numbers) for _ in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
