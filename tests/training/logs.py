"""An event log in a temporary folder, for tests."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from tests.builders import page, record_of
from training.eventlog import EventLog, read_folder
from training.eventlog_files import files_of


@asynccontextmanager
async def opened(folder, **options):
    log = EventLog.open(folder, **options)
    try:
        yield log
    finally:
        await log.close()


def some_records(count, first=0, **fields):
    return [
        record_of(page(f"m{n}", anonymousId=f"a{n % 7}", **fields))
        for n in range(first, first + count)
    ]


def in_log(folder, **options):
    return [each for _, each in read_folder(folder, **options)]


def growing_file(folder):
    return files_of(folder)[-1].path


def run(coroutine):
    return asyncio.run(coroutine)
