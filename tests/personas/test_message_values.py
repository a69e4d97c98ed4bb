"""What a message says of content, channel, device and traits; and that anything can be sent."""

from __future__ import annotations

import json
import string
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.entities import CHANNELS
from personas.messages import (
    Accepted,
    Rejected,
    minimised,
    plain_url,
    read_message,
)
from tests.builders import (
    DESKTOP,
    NOW,
    PHONE,
    accepted,
    call,
    identify,
    page,
    track,
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


# --- what -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["page", "screen"])
def test_a_view_is_named_by_its_call(kind):
    touchpoint = accepted(call(kind, "m1", properties={"name": "Home"})).touchpoint
    assert touchpoint is not None
    assert touchpoint.name == kind


@pytest.mark.parametrize("bad", [None, "", "  ", 7, {}])
def test_a_track_call_needs_a_name(bad):
    assert code_of(call("track", "m1", event=bad)) == "no-event-name"


@pytest.mark.parametrize("bad", [None, "", "pages", 7, ["track"], {}])
def test_an_unknown_type_is_rejected(bad):
    assert code_of({"type": bad, "userId": "u1"}) == "unknown-type"


@pytest.mark.parametrize("name", ["contentId", "itemId", "productId", "product_id"])
def test_content_is_named_by_its_id(name):
    raw = track("Product Viewed", properties={name: "p-1", "url": "https://shop.example/x"})
    assert content_of(raw) == "p-1"


def test_else_content_is_the_page():
    url = "https://shop.example/guides/a?page=2"
    assert content_of(page(properties={"url": url + "&utm_source=mail#top"})) == url
    assert content_of(page(context={"page": {"url": url + "#top"}})) == url
    assert content_of(page()) is None


def content_of(raw):
    touchpoint = accepted(raw).touchpoint
    assert touchpoint is not None
    return touchpoint.content


@pytest.mark.parametrize(
    ("properties", "field", "value"),
    [
        ({"dwellMs": 1500}, "dwell", 1.5),
        ({"dwellMs": "1500"}, "dwell", 1.5),
        ({"dwellMs": -1}, "dwell", None),
        ({"dwellMs": True}, "dwell", None),
        ({"scrollDepth": 0.4}, "scroll", 0.4),
        ({"scrollDepth": 40}, "scroll", 0.4),
        ({"scrollDepth": 140}, "scroll", None),
        ({"completion": 1}, "completion", 1.0),
        ({"revenue": 19.9}, "value", 19.9),
        ({"revenue": "19.90"}, "value", 19.9),
        ({"value": 3, "revenue": 4}, "value", 3.0),
        ({"value": "nan"}, "value", None),
        ({"nps": 7}, "rating", 0.7),
        ({"nps": 11}, "rating", None),
        ({"csat": 1}, "rating", 0.0),
        ({"csat": 5}, "rating", 1.0),
        ({}, "value", None),
    ],
)
def test_what_weighs_a_touchpoint_is_read(properties, field, value):
    assert getattr(accepted(page(properties=properties)).touchpoint, field) == value


def test_an_answer_to_a_recommendation_names_it():
    raw = track("Recommendation Clicked", properties={"recommendationId": "r_1", "contentId": "c"})
    assert accepted(raw).recommendation == "r_1"


@pytest.mark.parametrize(
    ("context", "properties", "channel"),
    [
        ({}, {}, "direct"),
        ({"campaign": {"medium": "email", "source": "newsletter"}}, {}, "email"),
        ({"campaign": {"medium": "cpc", "source": "google"}}, {}, "paid"),
        ({"campaign": {"medium": "Paid Social"}}, {}, "paid"),
        ({"campaign": {"source": "linkedin"}}, {}, "social"),
        ({"campaign": {"source": "google"}}, {}, "paid"),
        ({"campaign": {}}, {"url": "https://x.example/?utm_medium=e-mail"}, "email"),
        ({}, {"url": "https://x.example/?gclid=1"}, "paid"),
        ({"page": {"referrer": "https://www.google.co.uk/"}}, {}, "search"),
        ({"page": {"referrer": "https://duckduckgo.com/?q=x"}}, {}, "search"),
        ({"page": {"referrer": "https://t.co/abc"}}, {}, "social"),
        ({"page": {"referrer": "https://mail.google.com/"}}, {}, "email"),
        ({"page": {"referrer": "https://partner.example/"}}, {}, "partner"),
        ({"page": {"referrer": "$direct"}}, {}, "direct"),
        ({"page": {"referrer": ""}}, {}, "direct"),
        ({"page": {"referrer": "http://www.x.example/", "url": "http://x.example/"}}, {}, "direct"),
        ({"page": {"referrer": "http://b.x.example/", "url": "http://x.example/"}}, {}, "direct"),
        ({}, {"channel": "trade fair"}, "offline"),
        ({}, {"channel": "Call"}, "offline"),
        ({}, {"channel": "shop"}, "offline"),
        ({}, {"channel": "SMS"}, "push"),
        ({"campaign": {"medium": "email"}}, {"channel": "hearsay"}, "email"),
        ({"page": 7, "campaign": []}, {"channel": {}}, "direct"),
    ],
)  # fmt: skip
def test_the_channel_is_what_the_message_tells(context, properties, channel):
    touchpoint = accepted(page(context=context, properties=properties)).touchpoint
    assert touchpoint is not None
    assert touchpoint.channel == channel


@pytest.mark.parametrize(
    ("context", "device"),
    [
        ({"userAgent": DESKTOP}, "desktop"),
        ({"userAgent": PHONE}, "mobile"),
        ({"userAgent": "Mozilla/5.0 (iPad; CPU OS 19_0)"}, "tablet"),
        ({"userAgent": "Mozilla/5.0 (Linux; Android 16; Pixel 9) Mobile Safari"}, "mobile"),
        ({"userAgent": "Mozilla/5.0 (Linux; Android 16; SM-X9) Safari"}, "tablet"),
        ({"userAgent": "python-requests/2.32"}, None),
        ({"device": {"type": "ios"}, "userAgent": DESKTOP}, "mobile"),
        ({"screen": {"width": 390}}, "mobile"),
        ({"screen": {"width": 1280}}, "desktop"),
        ({"screen": {"width": "wide"}}, None),
        ({}, None),
    ],
)
def test_the_device_is_what_the_message_tells(context, device):
    touchpoint = accepted(page(context=context)).touchpoint
    assert touchpoint is not None
    assert touchpoint.device == device


# --- traits ---------------------------------------------------------------------------------------


def traits(raw):
    return {change.name: change.value for change in accepted(raw).traits}


def test_traits_are_told_by_name():
    told = {"plan": "pro", "employees": 12, "trial": False, "note": None, "tags": ["a", "b", 3]}
    assert traits(identify(traits=told)) == {
        "plan": "pro", "employees": 12.0, "trial": False, "note": None, "tags": "a, b, 3",
    }  # fmt: skip


def test_nested_traits_are_named_by_their_path():
    assert traits(identify(traits={"address": {"city": "Bern"}})) == {"address.city": "Bern"}


def test_traits_stand_at_the_top_or_in_the_context():
    raw = identify(traits={"plan": "pro"}, context={"traits": {"plan": "free", "role": "owner"}})
    assert traits(raw) == {"plan": "pro", "role": "owner"}


def test_a_groups_traits_are_the_companys():
    raw = call("group", "m1", groupId="acme", traits={"industry": "retail"})
    assert traits(raw) == {"company.industry": "retail", "company.id": "acme"}


def test_an_address_is_never_read_nor_written_down():
    raw = identify(
        traits={"ip": "203.0.113.4", "device": {"ip": "203.0.113.4"}, "plan": "pro"},
        context={"ip": "203.0.113.4", "userAgent": DESKTOP, "device": {"id": "ad-1"}},
        writeKey="pk_1", integrations={}, _metadata={},
    )  # fmt: skip
    assert traits(raw) == {"plan": "pro"}
    kept = json.dumps(minimised(raw))
    assert not any(part in kept for part in ("203.0", "Mozilla", "ad-1", "pk_1"))
    assert minimised(raw)["context"] == {"device": {"type": "desktop"}}


def test_consents_are_read_as_both_managers_tell_them():
    segment = {"consent": {"categoryPreferences": {"Analytics": True, "Ads": False, "x": 1}}}
    rudder = {"consentManagement": {"allowedConsentIds": ["A"], "deniedConsentIds": ["B", 7]}}
    assert accepted(page(context=segment)).consents == (("Analytics", True), ("Ads", False))
    assert accepted(page(context=rudder)).consents == (("A", True), ("B", False))


# --- limits ---------------------------------------------------------------------------------------


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        (nested(40), "too-deep"),
        ([[[]]] * 40_000, "message-too-large"),
        ({str(number): 1 for number in range(257)}, "too-many-keys"),
        ({"text": "x" * 8193}, "string-too-long"),
        ({"text": "é" * 4097}, "string-too-long"),
        ({"x" * 9000: 1}, "string-too-long"),
        ({str(number): "x" * 8000 for number in range(5)}, "message-too-large"),
        ({"text": "\ud800"}, "invalid-text"),
        ({"\ud800": 1}, "invalid-text"),
        ({"number": float("nan")}, "not-json"),
        ({"number": float("inf")}, "not-json"),
        ({"number": 10**400}, "number-too-large"),
        ({1: 2}, "not-json"),
        ({"bytes": b"x"}, "not-json"),
    ],
)
def test_what_goes_beyond_the_limits_is_rejected(properties, code):
    assert code_of(page(properties=properties)) == code


def test_what_stays_within_the_limits_is_taken():
    wide = {str(number): "x" * 100 for number in range(250)}
    assert accepted(page(properties=wide))
    assert accepted(page(properties=nested(29)))
    assert accepted(page(properties={"text": "x" * 8192}))


@pytest.mark.parametrize("raw", [None, 1, "page", [], [{}], True])
def test_a_message_is_an_object(raw):
    assert code_of(raw) == "not-an-object"


# --- anything -------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)
FIELDS = [
    "type", "messageId", "userId", "anonymousId", "previousId", "groupId", "timestamp", "event",
    "originalTimestamp", "sentAt", "receivedAt", "properties", "traits", "context", "name",
]  # fmt: skip
INNER = [
    "page", "campaign", "url", "referrer", "medium", "source", "userAgent", "device", "type", "ip",
    "screen", "width", "traits", "consent", "categoryPreferences", "consentManagement", "contentId",
    "dwellMs", "scrollDepth", "nps", "value", "channel", "recommendationId", "userAgentData",
]  # fmt: skip
likely = st.sampled_from(
    ["track", "page", "identify", "group", "alias", "u1", "a1", "2026-01-02T03:04:05Z", DESKTOP]
)
inner_values = st.recursive(
    json_values | likely,
    lambda inner: st.dictionaries(st.sampled_from(INNER), inner, max_size=5),
    max_leaves=10,
)
messages = st.dictionaries(st.sampled_from(FIELDS), inner_values, max_size=len(FIELDS))
near_messages = st.builds(
    lambda message, kind: message | {"type": kind, "userId": "u1", "event": "x"},
    messages,
    st.sampled_from(["track", "page", "screen", "identify", "group", "alias"]),
)


@unhurried
@given(json_values | messages | near_messages)
def test_any_json_is_accepted_or_rejected_with_a_reason(raw):
    result = read_message(raw, NOW)
    assert isinstance(result, Accepted | Rejected)
    if isinstance(result, Accepted):
        assert 0 <= result.time <= NOW + 600
        assert result.time == round(result.time, 3)
        assert all(one != other for one, other in result.links)
        if result.touchpoint is not None:
            assert result.touchpoint.channel in CHANNELS
    else:
        assert set(result.code) <= set(string.ascii_lowercase + "-")
        assert result.detail


@unhurried
@given(near_messages)
def test_any_message_reads_the_same_from_what_is_written_down(raw):
    result = read_message(raw, NOW)
    if isinstance(result, Accepted):
        kept = json.loads(json.dumps(minimised(raw) | {"messageId": result.message_id}))
        assert read_message(kept, NOW) == result


@given(st.text(max_size=60) | st.text("a ?&#=\x1f", max_size=12))
def test_an_address_made_plain_twice_stays_as_it_is(url):
    plain = plain_url(url)
    assert plain is None or plain_url(plain) == plain
