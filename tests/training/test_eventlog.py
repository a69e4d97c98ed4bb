"""Acknowledged means durable; what is in the log is known, told in order, and can be erased."""

from __future__ import annotations

import asyncio

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from tests.training.logs import in_log, opened, run, some_records
from training.eventlog import (
    Kind,
    Record,
    link_of,
    link_record,
    message_of,
    message_record,
    read_accepted,
    rejected_record,
    sealed_files,
)
from training.eventlog_frames import encode, entries, frames, records_of

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
            assert 1 <= len(sealed_files(tmp_path)) < 8  # small ones were put together
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
        data += encode(position, [entries(group)])
        position += len(group)
        expected += group
    found = list(frames(data, 0))
    assert [each for frame in found for each in records_of(data, frame)] == expected


@settings(deadline=None)
@given(st.data())
def test_a_flipped_byte_costs_its_own_frame_at_most(data):
    groups = [some_records(2, first=2 * n) for n in range(4)]
    parts = [encode(2 * n, [entries(group)]) for n, group in enumerate(groups)]
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
