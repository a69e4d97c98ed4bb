"""An erased visitor is gone from the event log, and nobody else is."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from personas.messages import Rejected, message_hash
from tests.builders import DAY, NOW, anonymous, call, page, record, record_of, user
from tests.training.logs import in_log, opened, run, some_records
from training.eventlog import Expiry, Kind, link_record, rejected_record, sealed_files

REFUSED = Rejected("x", "y.", None)
DOOMED = [
    record_of(page("c1", anonymousId="canary-a")),
    record_of(page("c2", anonymousId="canary-a", userId="canary-u")),
    record_of(call("alias", "c3", userId="u2", previousId="canary-a")),
    record(Kind.IMPRESSION, b'{"visitor":"anonymous_id:canary-a","items":[]}'),
    link_record("default", user("canary-u"), anonymous("b"), NOW),
    rejected_record("default", page(userId="canary-u"), NOW, REFUSED),
    rejected_record("default", b'{"userId": "canary-u", ', NOW, REFUSED),
]
OTHERS = [
    *some_records(20),
    record_of(page("c4", anonymousId="canary-a"), site="other"),
    record(Kind.IMPRESSION, b'{"visitor":"anonymous_id:a1","items":[]}'),
    rejected_record("default", page(userId="u3"), NOW, REFUSED),
]
MIXED = [each for pair in zip(OTHERS, DOOMED, strict=False) for each in pair]
RECORDS = MIXED + OTHERS[len(DOOMED) :]
KEYS = [anonymous("canary-a"), user("canary-u")]

# As much sealed as one likes: everything, most of it, nothing.
SEALED = [1, 1500, 1 << 30]


@pytest.mark.parametrize("seal_bytes", SEALED)
def test_an_erased_visitor_is_in_no_byte_of_the_log(tmp_path, seal_bytes):
    async def story():
        async with opened(tmp_path, seal_bytes=seal_bytes) as log:
            for each in RECORDS:
                await log.append([each])
            before = dict(log.read())
            assert log.erase("default", KEYS) == len(DOOMED)
            assert [each for _, each in log.read()] == OTHERS
            assert all(before[position] == each for position, each in log.read())
            assert log.erase("default", KEYS) == 0
            assert log.erase("other", [anonymous("canary-a")]) == 1

    run(story())
    for path in sealed_files(tmp_path):
        assert "canary" not in str(pq.read_table(path).to_pylist())
    assert not any(b"canary" in path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize("seal_bytes", SEALED)
def test_the_log_goes_on_where_it_was_and_does_not_take_the_erased_in_again(tmp_path, seal_bytes):
    async def story():
        async with opened(tmp_path, seal_bytes=seal_bytes) as log:
            await log.append(RECORDS)
            log.erase("default", KEYS)
            assert log.position == len(RECORDS)
        async with opened(tmp_path, seal_bytes=seal_bytes) as log:
            assert log.seen("default", [message_hash("c1"), message_hash("c4")]) == [True, False]
            assert await log.append(some_records(1, first=999)) == len(RECORDS) + 1
            log.seal()
            assert log.damaged == 0

    run(story())
    assert in_log(tmp_path) == OTHERS + some_records(1, first=999)


@pytest.mark.parametrize("name", ['quo"te', "back\\slash", "Zo\u00eb", "日本", "1"])
@pytest.mark.parametrize("sealed", [False, True])
def test_an_id_is_found_however_it_was_written(tmp_path, name, sealed):
    sent = "Zoe\u0308" if name == "Zo\u00eb" else name
    doomed = [
        record_of(page("x1", anonymousId=int(sent) if sent.isdigit() else sent)),
        record_of(page("x2", anonymousId="b", userId=sent)),
        record_of(call("alias", "x3", userId="b", previousId=sent)),
    ]

    async def story():
        async with opened(tmp_path) as log:
            await log.append(some_records(5) + doomed)
            if sealed:
                log.seal()
            assert log.erase("default", [user(name), anonymous(name)]) == 3
            assert [each for _, each in log.read()] == some_records(5)

    run(story())


@pytest.mark.parametrize("seal_bytes", SEALED)
def test_what_expired_is_gone_but_content_and_settings_stay(tmp_path, seal_bytes):
    def aged(days):
        return [
            record_of(page(f"m{days}"), received_at=NOW - days * DAY),
            record(Kind.IMPRESSION, b'{"items":[]}', time=NOW - days * DAY),
            record(Kind.CONTENT, b'{"id":"x"}', time=NOW - days * DAY),
            record(Kind.SETTING, b'{"section":"slot"}', time=NOW - days * DAY),
        ]

    old, new = aged(800), aged(10)

    async def story():
        async with opened(tmp_path, seal_bytes=seal_bytes) as log:
            for each in old + new:
                await log.append([each])
            assert log.expire(Expiry(NOW - 760 * DAY)) == 2
            assert log.expire(Expiry(NOW - 760 * DAY)) == 0
            assert log.position == len(old + new)

    run(story())
    assert in_log(tmp_path) == old[2:] + new


@pytest.mark.parametrize("seal_bytes", [1, 1 << 30])
def test_each_site_has_its_own_time(tmp_path, seal_bytes):
    told = [
        record(Kind.IMPRESSION, b'{"items":[]}', site, NOW - days * DAY)
        for days in (90, 20)
        for site in ("short", "long")
    ]

    async def story():
        async with opened(tmp_path, seal_bytes=seal_bytes) as log:
            for each in told:
                await log.append([each])
            return log.expire(Expiry(NOW - 60 * DAY, {"short": NOW - 10 * DAY, "long": 0.0}))

    assert run(story()) == 2
    assert in_log(tmp_path) == [each for each in told if each.site == "long"]
