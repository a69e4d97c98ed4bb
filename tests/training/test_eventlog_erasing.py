"""An erased visitor is gone from the event log."""

from __future__ import annotations

import pyarrow.parquet as pq

from personas.messages import Rejected, message_hash
from tests.builders import (
    NOW,
    anonymous,
    call,
    page,
    record,
    record_of,
    user,
)
from tests.training.logs import opened, run, some_records
from training.eventlog import (
    Kind,
    link_record,
    rejected_record,
    sealed_files,
)

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
