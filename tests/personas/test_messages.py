"""Messages of any Segment-compatible client are read; bad ones are named, never thrown."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.messages import (
    Accepted,
    Rejected,
    message_hash,
    minimised,
    read_message,
)
from tests.builders import (
    DESKTOP,
    NOW,
    accepted,
    anonymous,
    call,
    page,
    user,
)

CAPTURES = Path(__file__).parents[3] / "shared" / "data" / "clients"
unhurried = settings(deadline=None)


def stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")


def code_of(raw: object) -> str:
    result = read_message(raw, NOW)
    assert isinstance(result, Rejected), result
    assert result.detail.endswith(".")
    return result.code


# --- shapes of real clients -----------------------------------------------------------------------

AS_SENT = {
    "segment python": {
        "integrations": {}, "anonymousId": None, "properties": {"url": "https://ex.test/g"},
        "timestamp": "2026-01-02T03:04:05.000+00:00", "userId": "u1", "type": "track",
        "context": {"library": {"name": "analytics-python", "version": "2.4.0"}},
        "event": "Guide Downloaded", "messageId": "57b3dc66-0a17",
    },
    "segment python, page of nobody known": {
        "anonymousId": "an1", "userId": None, "category": None, "type": "page", "name": "Home",
        "properties": {}, "context": {}, "messageId": "6a6360e7", "integrations": {},
    },
    "segment node": {
        "timestamp": "2026-01-02T03:04:05.000Z", "integrations": {}, "event": "Guide Downloaded",
        "type": "track", "properties": {"url": "https://ex.test/g"}, "userId": "u1",
        "context": {"ip": "203.0.113.4", "userAgent": "UA/1", "library": {"name": "node"}},
        "messageId": "node-next-1795", "_metadata": {"nodeVersion": "v20.20.2"},
    },
    "segment browser": {
        "type": "page", "timestamp": "2026-11-23T22:18:50.276Z", "writeKey": "WK", "userId": "u1",
        "properties": {"path": "/seg.html", "referrer": "", "url": "http://shop.example/seg.html"},
        "context": {
            "page": {"path": "/seg.html", "referrer": "", "url": "http://shop.example/seg.html"},
            "userAgent": DESKTOP, "userAgentData": {"brands": [], "mobile": False},
        },
        "anonymousId": "a6ee3752-46f3", "messageId": "ajs-next-1795", "_metadata": {"bundled": []},
        "sentAt": "2026-11-23T22:18:50.382Z",
    },
    "rudder browser, before identify": {
        "type": "page", "channel": "web", "userId": "", "anonymousId": "3032af68",
        "originalTimestamp": "2026-11-23T22:18:59.094Z", "sentAt": "2026-11-23T22:18:59.097Z",
        "messageId": "868983ab", "integrations": {"All": True},
        "properties": {"referrer": "$direct", "url": "http://shop.example/rud.html"},
        "context": {"traits": {}, "campaign": {}, "screen": {"width": 1280}},
    },
    "rudder python, traits in the context": {
        "anonymousId": None, "userId": "u1", "type": "identify", "channel": "server",
        "timestamp": "2026-11-23T22:16:00.322611+00:00", "messageId": "25ed237b",
        "context": {"traits": {"email": "a@ex.test"}, "library": {"name": "analytics-python"}},
    },
    "jitsu": {
        "type": "group", "groupId": "acme", "traits": {"industry": "retail"},
        "anonymousId": "e4777fda", "timestamp": "2026-11-23T22:20:28.924Z", "writeKey": "k:***",
        "sentAt": "2026-11-23T22:20:28.924Z", "messageId": "240nz6isf3n9m273duuzp", "context": {},
    },
}  # fmt: skip


@pytest.mark.parametrize("client", AS_SENT)
def test_no_event_of_a_client_is_lost(client):
    assert isinstance(read_message(AS_SENT[client], NOW), Accepted)


@pytest.mark.parametrize("client", AS_SENT)
def test_what_is_written_down_reads_as_the_message_itself(client):
    raw = AS_SENT[client]
    assert read_message(minimised(raw), NOW) == read_message(raw, NOW)


@pytest.mark.realdata
@pytest.mark.skipif(not CAPTURES.exists(), reason="the captured requests are not here")
@pytest.mark.parametrize("client", ["segment", "rudder", "jitsu"])
def test_no_event_of_the_captured_requests_is_lost(client):
    read = 0
    for path in sorted(CAPTURES.glob(f"{client}*.json")):
        for request in json.loads(path.read_text()):
            body = request["body"] if request["method"] == "POST" else None
            if not isinstance(body, dict):
                continue
            for raw in body.get("batch", [body]):
                result = read_message(raw, request["t"])
                assert isinstance(result, Accepted), (path.name, result)
                assert read_message(minimised(raw), request["t"]) == result
                assert abs(result.time - request["t"]) < 60 or "2026-01-02" in str(raw)
                read += 1
    assert read >= 9


# --- who ------------------------------------------------------------------------------------------


def test_the_user_id_owns_what_both_ids_did_and_the_two_are_linked():
    message = accepted(page(userId="u1", anonymousId="a1"))
    assert message.owner == user("u1")
    assert message.links == ((user("u1"), anonymous("a1")),)


@pytest.mark.parametrize("nobody", [None, "", "  ", "null", "undefined", "[object Object]", "NaN"])
def test_what_stands_for_no_id_is_none(nobody):
    message = accepted(page(userId=nobody, anonymousId="a1"))
    assert (message.owner, message.links) == (anonymous("a1"), ())
    assert code_of(page(userId=nobody, anonymousId=None)) == "no-visitor-id"


def test_one_id_written_in_two_ways_is_one_id():
    assert accepted(page(userId="Zoe\u0308")).owner == accepted(page(userId="Zo\u00eb")).owner


def test_a_number_is_an_id_too():
    assert accepted(page(userId=123)).owner == user("123")


@pytest.mark.parametrize("bad", ["a\nb", "a\x00", "x" * 257, {"id": 1}, ["a"], True, 1.5, "\x85"])
@pytest.mark.parametrize("field", ["userId", "anonymousId"])
def test_what_can_be_no_id_is_rejected(field, bad):
    assert code_of(page(**{field: bad})).startswith("invalid-")


@pytest.mark.parametrize(
    "name", ["/guides/a", "https://x.example/?a=b", "日本", "👩‍👩‍👧", "שלום", "x" * 256]
)
def test_any_other_text_is_an_id(name):
    assert accepted(page(anonymousId=name)).owner == anonymous(name)


def test_an_alias_links_the_previous_id_whichever_kind_it_was():
    message = accepted(call("alias", "m1", userId="u2", previousId="x"))
    assert message.links == ((user("u2"), anonymous("x")), (user("u2"), user("x")))
    assert message.touchpoint is None


def test_an_alias_of_itself_links_nothing_but_the_device():
    message = accepted(call("alias", "m1", userId="u1", previousId="u1", anonymousId="a1"))
    assert message.links == ((user("u1"), anonymous("a1")), (user("u1"), anonymous("u1")))
    assert code_of(call("alias", "m1", userId="u1")) == "nothing-to-link"


# --- when -----------------------------------------------------------------------------------------


def test_a_wrong_clock_is_repaired():
    for skew in (-48 * 3600, -1, 0, 1, 48 * 3600):
        raw = page(at=stamp(NOW - 30 + skew), sentAt=stamp(NOW + skew))
        assert accepted(raw).time == pytest.approx(NOW - 30, abs=0.001)


def test_the_batchs_time_of_sending_goes_first():
    raw = page(at=stamp(NOW - 100), sentAt=stamp(NOW - 100))
    assert accepted(raw, sent_at=NOW).time == NOW - 100


def test_original_timestamp_goes_before_timestamp():
    raw = page(at=stamp(NOW - 5), originalTimestamp=stamp(NOW - 50), sentAt=stamp(NOW))
    assert accepted(raw).time == pytest.approx(NOW - 50, abs=0.001)


def test_a_message_from_an_archive_keeps_its_repaired_time():
    raw = page(
        at="2020-05-01T10:00:00Z",
        originalTimestamp="2020-05-01T11:00:00Z",
        sentAt="2020-05-01T11:00:01Z",
        receivedAt="2020-05-01T10:00:01Z",
    )
    assert accepted(raw).time == datetime(2020, 5, 1, 10, tzinfo=UTC).timestamp()


def test_without_a_time_it_happened_when_it_came():
    message = accepted(page())
    assert (message.time, message.clamped) == (NOW, False)


@pytest.mark.parametrize("ahead", [599, 601, 1e6, 1e8])
def test_what_comes_from_the_future_happens_now(ahead):
    message = accepted(page(at=stamp(NOW + ahead)))
    assert message.time == (NOW + ahead if ahead <= 600 else NOW)
    assert message.clamped == (ahead > 600)


def test_history_is_taken_as_it_is():
    assert accepted(page(at="1970-01-01T00:00:00Z")).time == 0.0
    assert accepted(page(at="1998-02-20T08:00:00+01:00")).time == 887_958_000.0


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-02T03:04:05Z", "2026-01-02t03:04:05z", "2026-01-02T03:04:05.000000000Z",
        "2026-01-02 03:04:05+00:00", "2026-01-02T04:04:05+01:00", "2026-01-02T03:04:05",
        1767323045, 1767323045000, 1767323045.0, "2026-01-02T03:03:65Z".replace("03:65", "04:05"),
    ],
)  # fmt: skip
def test_times_are_read_as_clients_write_them(written):
    assert accepted(page(at=written)).time == 1_767_323_045.0


def test_a_leap_second_is_the_second_before():
    assert accepted(page(at="2016-12-31T23:59:60Z")).time == 1_483_228_799.0


@pytest.mark.parametrize(
    "bad", ["yesterday", "2026-13-01", -5, True, [], "1969-12-31T23:59:59Z", 1e300, "12"]
)
def test_what_is_no_time_is_rejected(bad):
    assert code_of(page(at=bad)) == "invalid-timestamp"


def test_what_is_no_time_of_sending_is_passed_over():
    assert accepted(page(at=stamp(NOW - 9), sentAt="soon")).time == NOW - 9


# --- ids of messages ------------------------------------------------------------------------------


def test_a_message_without_an_id_gets_one_of_its_content_time_and_place():
    raw = {"type": "page", "anonymousId": "a1"}
    ids = {
        read_message(raw, NOW, place=place).message_id  # type: ignore[union-attr]
        for place in (0, 0, 1)
    }
    assert len(ids) == 2
    assert accepted(raw, NOW).message_id != accepted(raw, NOW + 1).message_id


@given(st.text())
def test_the_hash_of_a_message_id_fits_a_signed_column(name):
    assert 0 < message_hash(name) < 1 << 63
    assert message_hash(name) == message_hash(name)
