"""Kills, torn tails, full disks and damage cost nothing that was acknowledged."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from personas.errors import CorruptArtefact, InvalidInput, LogUnavailable
from personas.messages import message_hash
from tests.training.logs import growing_file, in_log, opened, run, some_records
from training.eventlog import (
    EventLog,
    read_folder,
    sealed_files,
)
from training.eventlog_frames import encode, entries

ROOT = Path(__file__).parents[2]


# --- one writer, many readers ---------------------------------------------------------------------


def test_two_cannot_write_one_log(tmp_path):
    async def story():
        async with opened(tmp_path):
            with pytest.raises(LogUnavailable, match=f"{os.getpid()}.*another data folder"):
                EventLog.open(tmp_path)
        async with opened(tmp_path) as log:
            await log.append(some_records(1))

    run(story())


def test_a_folder_without_a_log_says_so(tmp_path):
    with pytest.raises(LogUnavailable, match="no event log"):
        list(read_folder(tmp_path / "nowhere"))


def test_a_reader_sees_a_beginning_of_the_log_while_it_grows_and_is_sealed(tmp_path):
    """In another process, as training does."""
    reader = """
import sys
from pathlib import Path
from training.eventlog import read_folder
last = 0
while last < 3000:
    told = [p for p, _ in read_folder(Path(sys.argv[1]))]
    assert told == list(range(1, len(told) + 1)), told[:5]
    assert len(told) >= last
    last = len(told)
print(last)
"""

    async def story():
        async with opened(tmp_path, seal_bytes=20_000) as log:
            child = subprocess.Popen(
                [sys.executable, "-c", reader, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT
            )
            for first in range(0, 3000, 20):
                await log.append(some_records(20, first=first))
                await asyncio.sleep(0.002)
            told, _ = await asyncio.to_thread(child.communicate)
            assert child.returncode == 0
            assert int(told) == 3000

    run(story())


# --- faults ---------------------------------------------------------------------------------------


def start_writer(folder, first, seal_bytes):
    child = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.training.log_writer",
            str(folder),
            str(first),
            str(seal_bytes),
        ],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"open\n"
    return child


def test_ten_kills_lose_no_acknowledged_record(tmp_path):
    acknowledged: set[int] = set()
    first = 0
    for kill in range(10):
        child = start_writer(tmp_path, first, 30_000 if kill % 2 else 1 << 30)
        told = [child.stdout.readline() for _ in range(30 * (kill + 1))]
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read()
        child.wait()
        child.stdout.close()
        numbers = [int(line) for line in (b"".join(told) + rest).split(b"\n")[:-1]]
        acknowledged.update(numbers)
        in_order = [each.message for each in in_log(tmp_path)]
        assert len(in_order) == len(set(in_order))
        assert {message_hash(f"m{n}") for n in acknowledged} <= set(in_order)
        first = max(acknowledged) + 1000

    async def story():
        async with opened(tmp_path) as log:
            assert all(log.seen("default", [message_hash(f"m{n}") for n in acknowledged]))
            assert log.damaged == 0

    run(story())


@pytest.mark.parametrize(
    "tail", [b"F", b"FPB1", b"FPB1" + b"\0" * 40, b"\0" * 5000, "half a frame"]
)
def test_a_torn_tail_is_cut(tmp_path, tail):
    records = some_records(12)

    async def story():
        async with opened(tmp_path) as log:
            await log.append(records[:10])
            path = growing_file(tmp_path)
        whole = path.read_bytes()
        torn = encode(10, [entries(records[10:])])[:-3] if tail == "half a frame" else tail
        path.write_bytes(whole + torn)
        assert in_log(tmp_path) == records[:10]
        async with opened(tmp_path) as log:
            assert (log.position, path.stat().st_size) == (10, len(whole))
            assert await log.append(records[10:]) == 12
        assert in_log(tmp_path) == records

    run(story())


def test_damage_in_the_middle_costs_no_neighbour(tmp_path):
    records = some_records(30)

    async def story():
        async with opened(tmp_path) as log:
            for first in (0, 10, 20):
                await log.append(records[first : first + 10])
            path = growing_file(tmp_path)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        for _ in ("as written", "as sealed"):
            async with opened(tmp_path) as log:
                assert log.position == 30
                assert [each for _, each in log.read()] == records[:10] + records[20:]
                assert log.damaged == 1 or sealed_files(tmp_path)
                log.seal()

    run(story())


def test_a_damaged_segment_is_told_and_nothing_made_up(tmp_path):
    async def story():
        async with opened(tmp_path) as log:
            await log.append(some_records(200))
            log.seal()

    run(story())
    (path,) = sealed_files(tmp_path)
    whole = path.read_bytes()
    for place in range(10, len(whole), len(whole) // 40):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with suppress(CorruptArtefact):
            assert in_log(tmp_path) == some_records(200)


def test_a_full_disk_is_told_costs_nothing_acknowledged_and_heals(tmp_path):
    """RLIMIT_FSIZE stands for the disk: the write that crosses it fails half-way."""
    folder = tmp_path / "log"

    async def story():
        async with opened(folder, free_bytes=0) as log:
            records = some_records(400)
            await log.append(records[:100])
            soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (log.size + 700, hard))
            try:
                await log.append(records[100:101])
                for _ in range(3):
                    with pytest.raises(LogUnavailable, match="full"):
                        await log.append(records[101:200])
                assert log.trouble
                assert not any(log.seen("default", [each.message for each in records[101:]]))
                assert all(log.seen("default", [each.message for each in records[:101]]))
                assert [each for _, each in log.read()] == records[:101]
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            assert await log.append(records[101:200]) == 200
            assert log.trouble is None
        assert in_log(folder) == records[:200]

    run(story())


def test_nothing_is_written_where_too_little_room_is_left(tmp_path):
    async def story():
        async with opened(tmp_path, free_bytes=1 << 60) as log:
            with pytest.raises(LogUnavailable, match="full"):
                await log.append(some_records(1))
            assert log.position == 0

    run(story())


def test_on_a_small_disk_that_fills_up_acknowledged_records_survive(small_disk):
    acknowledged = []

    async def fill(log):
        for n in range(10_000):
            records = some_records(100, first=100 * n)
            await log.append(records)
            acknowledged.extend(records)
            with (small_disk / "ballast").open("ab") as file:
                file.write(b"\0" * 100_000)

    async def story():
        async with opened(small_disk / "log", free_bytes=256 << 10, seal_bytes=200_000) as log:
            with pytest.raises(LogUnavailable, match="full"):
                await fill(log)
            assert acknowledged
            assert [each for _, each in log.read()] == acknowledged
            (small_disk / "ballast").unlink()
            more = some_records(10, first=9_999_999)
            await log.append(more)
            log.seal()
        assert in_log(small_disk / "log") == acknowledged + more

    run(story())


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None:
        pytest.skip("no small disk can be mounted here")
    mounted = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no small disk can be mounted here")
    yield folder
    subprocess.run([shutil.which("umount"), folder], check=True)


def test_a_log_that_is_closed_says_so(tmp_path):
    async def story():
        async with opened(tmp_path) as log:
            pass
        with pytest.raises(LogUnavailable, match="closed"):
            await log.append(some_records(1))

    run(story())


def test_closing_writes_what_waits(tmp_path):
    async def story():
        log = EventLog.open(tmp_path)
        writing = [asyncio.ensure_future(log.append(some_records(1, first=n))) for n in range(5)]
        await asyncio.sleep(0)
        await log.close()
        assert sorted(await asyncio.gather(*writing)) == [1, 2, 3, 4, 5]

    run(story())
    assert in_log(tmp_path) == some_records(5)


def test_whoever_stops_waiting_does_not_stop_the_writing(tmp_path):
    async def story():
        async with opened(tmp_path) as log:
            leaving = asyncio.ensure_future(log.append(some_records(1)))
            await asyncio.sleep(0)
            leaving.cancel()
            assert await log.append(some_records(1, first=1)) == 2

    run(story())


def test_a_record_that_cannot_be_held_fails_alone(tmp_path):
    async def story():
        async with opened(tmp_path) as log:
            bad = replace(some_records(1)[0], message=1 << 63)
            good = asyncio.ensure_future(log.append(some_records(3)))
            with pytest.raises(InvalidInput):
                await log.append([bad])
            assert await good == 3

    run(story())
