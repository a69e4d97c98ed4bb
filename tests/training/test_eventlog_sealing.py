"""Sealing may fail, be broken off or take long: nothing is lost and nobody waits."""

from __future__ import annotations

import asyncio
import resource

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.builders import anonymous
from tests.training.logs import growing_file, in_log, opened, run, some_records
from training.eventlog import read_accepted, sealed_files
from training.eventlog_files import files_of


@pytest.mark.parametrize("left", ["segment without index", "both and the file", "parts"])
def test_a_sealing_that_was_broken_off_is_finished(tmp_path, left):
    records = some_records(50)

    async def story():
        async with opened(tmp_path) as log:
            await log.append(records)
            path = growing_file(tmp_path)
            written = path.read_bytes()
            log.seal()
        if left != "segment without index":
            path.write_bytes(written)
        else:
            next(tmp_path.glob("seen-*.idx")).unlink()
        if left == "parts":
            sealed_files(tmp_path)[0].unlink()
            (tmp_path / "segment-0000000000000000-0000000000000050.1.part").write_bytes(b"x")
        assert in_log(tmp_path) == records
        async with opened(tmp_path) as log:
            assert [each for _, each in log.read()] == records
            assert all(log.seen("default", [each.message for each in records]))
            log.seal()
            assert log.position == 50
            assert len(files_of(tmp_path)) == 2
        assert in_log(tmp_path) == records

    run(story())


def test_a_file_that_cannot_be_closed_yet_goes_on_growing(tmp_path):
    """As when the process may open no more files."""

    async def story():
        records = some_records(60)
        async with opened(tmp_path, seal_bytes=2000) as log:
            await log.append(records[:1])
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
            try:
                for n in range(1, 40):
                    await log.append(records[n : n + 1])
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            assert log.trouble
            assert len(files_of(tmp_path)) == 1
            assert [each for _, each in log.read()] == records[:40]
            await log.append(records[40:])
            log.seal()
            assert log.trouble is None
        assert in_log(tmp_path) == records

    run(story())


def test_large_files_are_sealed_by_another_process(tmp_path):
    records = some_records(4000, properties={"text": "x" * 300})

    async def story():
        async with opened(tmp_path, seal_bytes=1 << 30) as log:
            await log.append(records)
            assert log.size > 1 << 20
            await asyncio.to_thread(log.seal)
            assert log.trouble is None
            assert all(log.seen("default", [each.message for each in records]))
        assert in_log(tmp_path) == records

    run(story())
    assert len(sealed_files(tmp_path)) == 1


def test_closing_does_not_wait_for_a_long_sealing(tmp_path):
    async def story():
        async with opened(tmp_path, seal_bytes=1 << 21) as log:
            loop = asyncio.get_running_loop()
            records = some_records(8000, properties={"text": "x" * 300})
            await log.append(records)
            begun = loop.time()
        assert loop.time() - begun < 5
        async with opened(tmp_path) as log:
            assert all(log.seen("default", [each.message for each in records]))
            await asyncio.to_thread(log.seal)
        assert in_log(tmp_path) == records

    run(story())


def test_columns_of_another_version_are_passed_over(tmp_path):
    async def story():
        async with opened(tmp_path) as log:
            await log.append(some_records(5))
            log.seal()

    run(story())
    before = [each for _, each in read_accepted(tmp_path, "default")]
    (path,) = sealed_files(tmp_path)
    table = pq.read_table(path)
    names = table.schema.get_field_index("name")
    wrong = table.set_column(names, "name", pa.array(["wrong"] * 5)).drop(["recommendation"])
    pq.write_table(wrong.replace_schema_metadata({"fingerpost.reading": "0"}), path)
    after = [each for _, each in read_accepted(tmp_path, "default")]
    assert [each.touchpoint for each in after] == [each.touchpoint for each in before]

    async def erase():
        async with opened(tmp_path) as log:
            assert log.erase("default", [anonymous("a0")]) == 1

    run(erase())
    last = [each for _, each in read_accepted(tmp_path, "default")]
    assert [each.touchpoint for each in last] == [each.touchpoint for each in before[1:]]
