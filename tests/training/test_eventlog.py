"""Acknowledged means durable; what is in the log is known, told in order, and can be erased."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.errors import CorruptArtefact, LogUnavailable
from personas.messages import Rejected, message_hash, read_message
from tests.builders import (
    DAY,
    NOW,
    accepted,
    anonymous,
    call,
    identify,
    page,
    record,
    record_of,
    track,
    user,
)
from training.eventlog import (
    EventLog,
    Kind,
    Record,
    link_of,
    link_record,
    message_of,
    message_record,
    read_accepted,
    read_folder,
    rejected_record,
    sealed_files,
)
from training.eventlog_files import files_of
from training.eventlog_frames import encode, frames, records_of

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


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


# --- writing and reading --------------------------------------------------------------------------


def test_what_was_appended_is_told_in_its_order(tmp_path):
    records = some_records(20)

    async def story():
        async with opened(tmp_path) as log:
            assert await log.append(records[:5]) == 5
            assert await log.append(records[5:]) == log.position == 20
            assert list(log.read()) == list(enumerate(records, start=1))
            assert list(log.read(since=17)) == list(enumerate(records, start=1))[17:]
        async with opened(tmp_path) as log:
            assert log.position == 20
            assert [each for _, each in log.read()] == records

    run(story())
    assert in_log(tmp_path) == records


def test_appends_that_wait_together_each_learn_their_own_position(tmp_path):
    async def story():
        async with opened(tmp_path) as log:
            pieces = [some_records(n, first=100 * n) for n in range(1, 9)]
            ends = await asyncio.gather(*(log.append(piece) for piece in pieces))
            told = [each for _, each in log.read()]
            for piece, end in zip(pieces, ends, strict=True):
                assert told[end - len(piece) : end] == piece

    run(story())


def test_reading_chooses_by_kind_site_and_position(tmp_path):
    records = [
        *some_records(3),
        record(Kind.SETTING, b'{"a":1}'),
        record(Kind.IMPRESSION, b'{"items":[]}', site="other"),
        *some_records(2, first=10),
    ]

    async def story():
        async with opened(tmp_path) as log:
            await log.append(records)
            for _ in ("as written", "as sealed"):
                assert [p for p, _ in log.read(kinds=[Kind.SETTING])] == [4]
                assert [p for p, _ in log.read(site="other")] == [5]
                assert [p for p, _ in log.read(2, [Kind.MESSAGE], "default")] == [3, 6, 7]
                log.seal()

    run(story())


def test_sealing_changes_nothing_of_what_is_told(tmp_path):
    records = some_records(300)

    async def story():
        async with opened(tmp_path, seal_bytes=4000) as log:
            for first in range(0, 300, 10):
                await log.append(records[first : first + 10])
            log.seal()
            assert len(sealed_files(tmp_path)) > 5
            assert list(log.read()) == list(enumerate(records, start=1))
            for since in (0, 1, 9, 10, 155, 299, 300):
                assert [p for p, _ in log.read(since)] == list(range(since + 1, 301))
            assert all(log.seen("default", [each.message for each in records]))

    run(story())
    assert in_log(tmp_path) == records
    assert not list(tmp_path.glob("*.part"))


def test_the_log_keeps_its_name(tmp_path):
    async def story():
        names = []
        for _ in range(2):
            async with opened(tmp_path) as log:
                names.append(log.id)
        assert names[0] == names[1]
        async with opened(tmp_path / "other") as log:
            assert log.id != names[0]

    run(story())


record_values = st.builds(
    Record,
    st.sampled_from(Kind),
    st.text(min_size=1, max_size=20).filter(lambda name: name.isprintable()),
    st.floats(0, 4e9),
    st.integers(0, (1 << 63) - 1),
    st.binary(max_size=300),
)


@given(
    st.lists(st.lists(record_values, min_size=1, max_size=5), max_size=5), st.integers(0, 1 << 40)
)
def test_frames_give_back_what_was_put_in(groups, position):
    data, expected = b"", []
    for group in groups:
        data += encode(position, group)
        position += len(group)
        expected += group
    found = list(frames(data, 0))
    assert [each for frame in found for each in records_of(data, frame)] == expected


@settings(deadline=None)
@given(st.data())
def test_a_flipped_byte_costs_its_own_frame_at_most(data):
    groups = [some_records(2, first=2 * n) for n in range(4)]
    parts = [encode(2 * n, group) for n, group in enumerate(groups)]
    whole = bytearray(b"".join(parts))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    hit = next(n for n in range(4) if place < sum(map(len, parts[: n + 1])))
    found = list(frames(bytes(whole), 0))
    assert [frame.position for frame in found] == [2 * n for n in range(4) if n != hit]


# --- messages -------------------------------------------------------------------------------------

RAW = [
    page(
        "m1", "2026-11-20T08:00:00Z", sentAt="2026-11-20T08:00:01Z", properties={"contentId": "x"}
    ),
    track("Order Completed", "m2", userId="u", properties={"revenue": "19.90", "nps": 9}),
    identify("m3", traits={"plan": "pro", "n": 3, "yes": True, "gone": None}, userId="u"),
    call("group", "m4", groupId="acme", traits={"industry": "retail"}),
    call("alias", "m5", userId="u", previousId="a1"),
    {"type": "page", "anonymousId": "a1", "context": {"ip": "203.0.113.4"}},
    track("Recommendation Clicked", "m7", properties={"recommendationId": "r", "contentId": "c"}),
]


@pytest.mark.parametrize("raw", RAW)
@pytest.mark.parametrize("sent_at", [None, NOW - 3])
def test_a_message_replays_exactly(raw, sent_at):
    message = accepted(raw, NOW, sent_at)
    kept = message_record("default", raw, NOW, sent_at, message)
    assert message_of(kept) == message
    assert b"203.0" not in kept.body


def test_messages_read_from_columns_are_those_read_from_bodies(tmp_path):
    records = [record_of(raw) for raw in RAW]

    async def story():
        async with opened(tmp_path) as log:
            await log.append([*records, record(Kind.SETTING), record_of(RAW[0], site="other")])
            written = list(read_accepted(tmp_path, "default"))
            log.seal()
            sealed = list(read_accepted(tmp_path, "default"))
        parts = ("message", "time", "owner", "touchpoint", "traits", "links", "recommendation")
        for (at, one), (other_at, other) in zip(written, sealed, strict=True):
            assert at == other_at
            assert all(getattr(one, part) == getattr(other, part) for part in parts)

    run(story())


def test_a_dead_letter_keeps_what_was_sent_and_why_it_failed(tmp_path):
    raw = page(anonymousId="x" * 300, context={"ip": "203.0.113.4"})
    refusal = read_message(raw, NOW)
    assert isinstance(refusal, Rejected)
    for sent in (raw, b"{broken", {"deep": nested(1000)}, "text", None):
        kept = rejected_record("default", sent, NOW, refusal)
        assert kept.kind is Kind.REJECTED
        assert b"203.0" not in kept.body
        assert refusal.code.encode() in kept.body
    assert len(rejected_record("default", b"x" * 99_999, NOW, refusal).body) < 34_000


def nested(depth):
    value: object = 1
    for _ in range(depth):
        value = {"a": value}
    return value


def test_a_persons_word_on_ids_is_read_back():
    kept = link_record("default", user("u:1"), anonymous("a"), NOW, cut=True)
    assert link_of(kept) == (user("u:1"), anonymous("a"), True)


def test_sealed_messages_are_columns_for_queries(tmp_path):
    async def story():
        async with opened(tmp_path) as log:
            await log.append([record_of(raw) for raw in RAW])
            log.seal()

    run(story())
    table = pq.read_table(sealed_files(tmp_path)[0], columns=["visitor", "name", "value", "rating"])
    assert table.filter(pc.greater(table["value"], 1)).to_pylist() == [
        {"visitor": "user_id:u", "name": "Order Completed", "value": 19.9, "rating": 0.9}
    ]


# --- duplicates -----------------------------------------------------------------------------------


def test_a_message_is_known_from_the_moment_that_it_is_being_written(tmp_path):
    async def story():
        async with opened(tmp_path) as log:
            (one,) = some_records(1)
            assert log.seen("default", [one.message]) == [False]
            writing = asyncio.ensure_future(log.append([one]))
            await asyncio.sleep(0)
            assert log.seen("default", [one.message]) == [True]
            assert await log.append([]) == await writing == 1

    run(story())


def test_messages_of_other_sites_and_other_ids_are_not_known(tmp_path):
    async def story():
        async with opened(tmp_path, seal_bytes=2000) as log:
            records = some_records(50)
            for each in records:
                await log.append([each])
            known = [each.message for each in records]
            for _ in ("as written", "as sealed"):
                assert all(log.seen("default", known))
                assert not any(log.seen("other", known))
                assert not any(log.seen("default", [message_hash(f"x{n}") for n in range(50)]))
                log.seal()

    run(story())


def test_messages_are_known_for_thirty_days_across_restarts(tmp_path):
    days = [0, 1, 29, 31, 60]
    records = [
        record_of(page(f"m{day}"), received_at=NOW - day * DAY) for day in sorted(days)[::-1]
    ]
    expected = [day <= 30 for day in sorted(days)[::-1]]

    async def story():
        for seal in (False, True, False):
            async with opened(tmp_path) as log:
                if log.position == 0:
                    await log.append(records)
                if seal:
                    log.seal()
                known = [each.message for each in records]
                assert log.seen("default", known) == expected
                assert log.seen("default", known, now=NOW + 2 * DAY) == [
                    False,
                    False,
                    False,
                    True,
                    True,
                ]

    run(story())


def test_a_hundred_sealed_files_need_few_indexes(tmp_path):
    async def story():
        async with opened(tmp_path, seal_bytes=1) as log:
            records = some_records(100)
            for each in records:
                await log.append([each])
            log.seal()
            assert len(list(tmp_path.glob("seen-*.idx"))) < 25
            assert all(log.seen("default", [each.message for each in records]))
        async with opened(tmp_path) as log:
            assert all(log.seen("default", [each.message for each in records]))

    run(story())


def test_a_lost_or_damaged_index_is_made_again(tmp_path):
    records = some_records(60)

    async def story():
        async with opened(tmp_path, seal_bytes=3000) as log:
            for first in range(0, 60, 6):
                await log.append(records[first : first + 6])
            log.seal()
        indexes = sorted(tmp_path.glob("seen-*.idx"))
        indexes[0].unlink()
        indexes[1].write_bytes(indexes[1].read_bytes()[:-5])
        async with opened(tmp_path) as log:
            assert all(log.seen("default", [each.message for each in records]))

    run(story())


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
        torn = encode(10, records[10:])[:-3] if tail == "half a frame" else tail
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


# --- erasing --------------------------------------------------------------------------------------


def test_an_erased_visitor_is_in_no_byte_of_the_log(tmp_path):
    doomed = [
        record_of(page("m1", anonymousId="canary-a")),
        record_of(page("m2", anonymousId="canary-a", userId="canary-u")),
        record_of(call("alias", "m3", userId="u2", previousId="canary-a")),
        record(Kind.IMPRESSION, b'{"visitor":"anonymous_id:canary-a","items":[]}'),
        link_record("default", user("canary-u"), anonymous("b"), NOW),
        rejected_record("default", page(userId="canary-u"), NOW, Rejected("x", "y.", None)),
        rejected_record("default", b'{"userId": "canary-u", ', NOW, Rejected("x", "y.", None)),
    ]
    others = [
        *some_records(20),
        record_of(page("m4", anonymousId="canary-a"), site="other"),
        record(Kind.IMPRESSION, b'{"visitor":"anonymous_id:a1","items":[]}'),
        rejected_record("default", page(userId="u3"), NOW, Rejected("x", "y.", None)),
    ]
    mixed = [each for pair in zip(others, doomed, strict=False) for each in pair]
    records = mixed + others[len(doomed) :]

    async def story():
        async with opened(tmp_path, seal_bytes=1500) as log:
            for each in records:
                await log.append([each])
            before = dict(log.read())
            assert log.erase("default", [anonymous("canary-a"), user("canary-u")]) == len(doomed)
            assert [each for _, each in log.read()] == others
            assert all(before[position] == each for position, each in log.read())
            assert log.erase("default", [anonymous("canary-a"), user("canary-u")]) == 0
            assert all(log.seen("default", [message_hash("m1")]))
            assert log.erase("other", [anonymous("canary-a")]) == 1
            position = await log.append(some_records(1, first=999))
            assert position == len(records) + 1
        async with opened(tmp_path) as log:
            assert log.position == len(records) + 1

    run(story())
    for path in sealed_files(tmp_path):
        assert "canary" not in str(pq.read_table(path).to_pylist())
    assert not any(b"canary" in path.read_bytes() for path in tmp_path.iterdir())


# --- speed ----------------------------------------------------------------------------------------


def test_ten_thousand_records_go_in_within_a_few_seconds(tmp_path):
    """The aim is one second on a quiet machine; this guards against a change of order."""
    records = some_records(10_000)

    async def story():
        async with opened(tmp_path) as log:
            loop = asyncio.get_running_loop()
            begun = loop.time()
            for first in range(0, 10_000, 50):
                await log.append(records[first : first + 50])
            assert loop.time() - begun < 10

    run(story())
