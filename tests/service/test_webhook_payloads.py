"""What content systems send, as they send it, becomes what it means."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.documents import FIELDS, read_document
from personas.errors import InvalidInput
from service.webhooks import Mark, too_late
from service.webhooks_signatures import (
    MISSING,
    OLD,
    TOLERANCE_S,
    WRONG,
    Delivery,
    fault_of,
)
from service.webhooks_systems import (
    DELETE,
    HIDE,
    NOTHING,
    PUT,
    SYSTEMS,
    Change,
    change_of,
)
from service.webhooks_text import content_of, text_of
from tests.builders import NOW
from tests.service import payloads

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=8,
)
KNOWN = st.sampled_from([
    "post", "page", "current", "previous", "id", "ID", "status", "title", "html", "url", "tags",
    "sys", "fields", "body", "content", "entry", "event", "model", "publishedAt", "updatedAt",
    "post_status", "post_content", "post_title", "data", "action", "nodeType", "type", "children",
    "text", "value", "marks", "level", "locale", "slug", "deletedAt", "documentId",
])  # fmt: skip


def change(system: str, payload: Any, template: str = "", **headers: str) -> Change:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return change_of(system, payload, named, template)


# --- Ghost ----------------------------------------------------------------------------------------


def test_what_ghost_publishes_is_put_without_its_authors_addresses():
    told = change("ghost", payloads.ghost())
    assert (told.entry, told.action) == ("ghost:63f0c3", PUT)
    (item,) = told.items.values()
    assert item == {
        "title": "Heat pumps",
        "description": "All of it",
        "body": "<p>A heat pump moves warmth.</p>",
        "url": "https://blog.example/heat-pumps/",
        "publishedAt": "2026-03-04T05:06:07Z",
        "tags": ["Heating"],
        "properties": {"visibility": "public"},
    }
    assert "@" not in str(item)


@pytest.mark.parametrize("status", ["draft", "scheduled", "sent"])
def test_what_ghost_takes_back_is_hidden(status):
    assert change("ghost", payloads.ghost(status=status)).action == HIDE


def test_what_ghost_deletes_is_deleted():
    told = change("ghost", {"post": {"current": {}, "previous": payloads.GHOST_POST}})
    assert (told.entry, told.action) == ("ghost:63f0c3", DELETE)


def test_what_ghost_says_of_members_is_passed_over():
    assert change("ghost", {"member": {"current": {"id": "1"}}}).action == NOTHING


# --- Contentful -----------------------------------------------------------------------------------


def test_what_contentful_publishes_is_an_item_for_each_locale():
    template = "https://www.example.org/{locale}/{slug}"
    topic = "ContentManagement.Entry.publish"
    told = change("contentful", payloads.contentful(), template, x_contentful_topic=topic)
    assert (told.entry, told.action) == ("contentful:master:5KsDBWseXY", PUT)
    english, german = told.items[f"{told.entry}:en-US"], told.items[f"{told.entry}:de"]
    assert english["title"] == "Heat pumps"
    assert english["url"] == "https://www.example.org/en-US/heat-pumps"
    assert german["locale"] == "de"
    assert german["title"] == "Wärmepumpen"
    assert "url" not in german or german["url"] is None


def test_contentfuls_rich_text_keeps_its_structure():
    (item, *_) = change("contentful", payloads.contentful()).items.values()
    assert item["body"] == (
        "## How it works\n\nIt **moves** warmth, see [more](https://example.org/more).\n\n"
        "- First\n- Second\n\n> As they say"
    )


@pytest.mark.parametrize(
    ("verb", "action"),
    [("unpublish", HIDE), ("archive", HIDE), ("delete", DELETE), ("save", NOTHING),
     ("auto_save", NOTHING), ("create", NOTHING)],
)  # fmt: skip
def test_the_topic_says_what_contentful_did(verb, action):
    gone = payloads.contentful_deleted()
    topic = f"ContentManagement.Entry.{verb}"
    assert change("contentful", gone, x_contentful_topic=topic).action == action


def test_contentfuls_assets_are_no_content():
    topic = "ContentManagement.Asset.publish"
    assert change("contentful", payloads.contentful(), x_contentful_topic=topic).action == NOTHING


# --- Strapi ---------------------------------------------------------------------------------------


def test_what_strapi_publishes_is_put():
    told = change("strapi", payloads.strapi("entry.publish"), "https://x.example/{type}/{slug}")
    assert told.entry == "strapi:api::article.article:a1b2c3:en"
    (item,) = told.items.values()
    assert item["title"] == "Heat pumps"
    assert item["url"] == "https://x.example/article/heat-pumps"
    assert item["tags"] == ["Heating", "Home"]
    assert item["body"].startswith("# First\n\nIt moves **warmth**.\n\n- one\n- two")
    assert "secret@example.org" not in str(item)


@pytest.mark.parametrize(
    ("event", "published", "action"),
    [("entry.update", None, NOTHING), ("entry.create", None, NOTHING),
     ("entry.update", "2026-03-04T05:06:07.000Z", PUT), ("entry.unpublish", None, HIDE),
     ("entry.delete", None, DELETE), ("media.create", None, NOTHING),
     ("review-workflows.updateEntryStage", None, NOTHING)],
)  # fmt: skip
def test_strapis_event_says_what_it_did(event, published, action):
    assert change("strapi", payloads.strapi(event, publishedAt=published)).action == action


def test_an_entry_without_drafts_is_published_by_being_there():
    payload = payloads.strapi("entry.create")
    del payload["entry"]["publishedAt"]
    assert change("strapi", payload).action == PUT


def test_a_publish_of_strapi_without_its_entry_is_passed_over():
    assert change("strapi", {"event": "entry.publish", "entry": "null"}).action == NOTHING


# --- WordPress ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", payloads.WORDPRESS)
def test_each_of_wordpresss_ways_says_the_same(name):
    told = change("wordpress", payloads.WORDPRESS[name])
    assert (told.entry, told.action) == ("wordpress:6", PUT)
    (item,) = told.items.values()
    assert item["title"] == "Heat pumps"
    assert item["body"] == "<p>A heat pump moves warmth.</p>"
    assert item["url"] == "https://wp.example/heat-pumps/"
    assert item["publishedAt"] == "2026-03-04T05:06:07Z"


@pytest.mark.parametrize(
    ("fields", "action"),
    [({"post_status": "draft"}, HIDE), ({"post_status": "trash"}, HIDE),
     ({"post_status": "private"}, HIDE), ({"post_status": "future"}, HIDE),
     ({"post_password": "secret"}, HIDE), ({"hook": "trashed_post"}, HIDE),
     ({"hook": "deleted_post"}, DELETE), ({"action": "post_delete"}, DELETE),
     ({"post_type": "revision"}, NOTHING), ({"post_type": "attachment"}, NOTHING)],
)  # fmt: skip
def test_a_post_that_is_not_published_is_not_shown(fields, action):
    assert change("wordpress", payloads.WORDPRESS["plain"] | fields).action == action


# --- everybody else -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "action"),
    [(None, PUT), ("publish", PUT), ("content.updated", PUT), ("unpublish", HIDE),
     ("entry.deleted", DELETE)],
)  # fmt: skip
def test_a_generic_delivery_names_its_action(said, action):
    payload = {"content": {"id": "/a", "title": "A"}} | ({"action": said} if said else {})
    told = change("generic", payload)
    assert (told.entry, told.action, list(told.items)) == ("generic:/a", action, ["/a"])


@pytest.mark.parametrize(
    ("payload", "code"),
    [({"action": "dance", "content": {"id": "a"}}, "unknown-action"),
     ({"content": {"title": "A"}}, "no-entry-id"), ([], "not-an-object")],
)  # fmt: skip
def test_a_generic_delivery_that_nobody_understands_says_why(payload, code):
    with pytest.raises(InvalidInput) as refused:
        change("generic", payload)
    assert refused.value.code == code


@given(
    st.sampled_from(SYSTEMS),
    st.dictionaries(KNOWN, st.dictionaries(KNOWN, JSON) | JSON, max_size=6),
)
def test_whatever_a_system_sends_is_content_or_refused(system, payload):
    try:
        told = change(system, payload)
    except InvalidInput:
        return
    assert told.action in (PUT, HIDE, DELETE, NOTHING)
    assert told.action == NOTHING or told.entry
    for name, fields in told.items.items():
        assert fields.keys() <= FIELDS
        if system != "generic" and told.action == PUT:
            read_document({name_: value for name_, value in fields.items() if value}, name[:256])


@given(JSON)
def test_any_value_is_some_text(value):
    assert isinstance(text_of(value), str)


def test_fields_of_any_name_are_found_by_what_they_hold():
    long = "A long text that says something about heat pumps. " * 4
    found = content_of({"headline": "Heat", "seo_description": "Short", "main_part": long, "x": 1})
    assert found == {"title": "Heat", "description": "Short", "body": long.strip()}


# --- order ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "moment", "late"),
    [
        (Mark(), 5.0, False),
        (Mark(action=PUT, moment=4.0), 5.0, False),
        (Mark(action=PUT, moment=5.0), 5.0, False),
        (Mark(action=PUT, moment=6.0), 5.0, True),
        (Mark(action=HIDE, moment=6.0), 5.0, True),
        (Mark(action=DELETE, moment=5.0), 5.0, True),
        (Mark(action=PUT, moment=4.0, seen=("d",)), 5.0, True),
        (Mark(action=HIDE, seen=("d",)), None, False),
        (Mark(action=HIDE, moment=9.0), None, False),
    ],
)
def test_what_comes_twice_or_too_late_is_passed_over(mark, moment, late):
    assert (too_late(mark, Change("e", PUT, moment), "d") is not None) == late


# --- signatures -----------------------------------------------------------------------------------

SECRET = "a secret that both sides know"


def hexed(told: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), told, sha256).hexdigest()


def signed(system: str, body: bytes, at: float = NOW, secret: str = SECRET) -> Delivery:
    """A delivery as the system's own code signs it."""
    path = f"/v1/webhooks/{system}?site=default"
    if system == "ghost":
        stamp = str(round(at * 1000))
        headers = {"x-ghost-signature": f"sha256={hexed(body + stamp.encode(), secret)}, t={stamp}"}
    elif system == "contentful":
        headers = {
            "x-contentful-topic": "ContentManagement.Entry.publish",
            "x-contentful-timestamp": str(round(at * 1000)),
            "x-contentful-signed-headers": "x-contentful-topic,x-contentful-signed-headers,"
            "x-contentful-timestamp",
        }
        names = headers["x-contentful-signed-headers"].split(",")
        told = ";".join(f"{name}:{headers[name]}" for name in names)
        canonical = "\n".join(["POST", path, told, body.decode()])
        headers["x-contentful-signature"] = hexed(canonical.encode(), secret)
    else:
        stamp = str(round(at))
        told = b"msg_1." + stamp.encode() + b"." + body
        digest = base64.b64encode(hmac.new(secret.encode(), told, sha256).digest()).decode()
        headers = {"webhook-id": "msg_1", "webhook-timestamp": stamp,
                   "webhook-signature": f"v1a,other v1,{digest}"}  # fmt: skip
    return Delivery("POST", path, headers, body)


@pytest.mark.parametrize("system", SYSTEMS)
@given(body=st.text(max_size=50).map(str.encode), seconds=st.floats(-290, 290))
def test_a_right_signature_is_right_for_five_minutes(system, body, seconds):
    delivery = signed(system, body)
    assert fault_of(system, SECRET, delivery, NOW + seconds) is None
    assert fault_of(system, SECRET, delivery, NOW + TOLERANCE_S + 2 + abs(seconds)) == OLD
    assert fault_of(system, SECRET, delivery, NOW - TOLERANCE_S - 2 - abs(seconds)) == OLD
    assert fault_of(system, SECRET + "x", delivery, NOW) == WRONG


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_was_changed_underway_is_not_what_was_signed(system):
    right = signed(system, b'{"a":1}')
    changed = Delivery(right.method, right.path, right.headers, b'{"a":2}')
    assert fault_of(system, SECRET, changed, NOW) == WRONG
    later = {  # the time is signed, too
        name: value.replace(str(round(NOW)), str(round(NOW) + 1))
        for name, value in right.headers.items()
    }
    assert fault_of(system, SECRET, Delivery("POST", right.path, later, right.body), NOW) == WRONG


@pytest.mark.parametrize("system", SYSTEMS)
@given(headers=st.dictionaries(
    st.sampled_from(["x-ghost-signature", "x-contentful-signature", "x-contentful-timestamp",
                     "x-contentful-signed-headers", "webhook-id", "webhook-timestamp",
                     "webhook-signature"]),
    st.text(max_size=60) | st.sampled_from(["sha256=aa, t=1", "1", "v1,aa", "t=9, sha256="]),
))  # fmt: skip
def test_no_made_up_signature_is_right(system, headers):
    fault = fault_of(system, SECRET, Delivery("POST", "/", headers, b"{}"), NOW)
    assert fault in (MISSING, WRONG)


def test_a_time_that_contentful_did_not_sign_is_none():
    right = signed("contentful", b"{}")
    headers = {**right.headers, "x-contentful-signed-headers": "x-contentful-topic"}
    delivery = Delivery("POST", right.path, headers, b"{}")
    assert fault_of("contentful", SECRET, delivery, NOW) == MISSING


def test_a_secret_of_standard_webhooks_is_base64():
    secret = "whsec_" + base64.b64encode(b"twenty-four random bytes").decode()
    told = b"msg_1." + str(round(NOW)).encode() + b".{}"
    right = base64.b64encode(hmac.new(b"twenty-four random bytes", told, sha256).digest()).decode()
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(round(NOW)),
        "webhook-signature": f"v1,{right}",
    }
    assert fault_of("generic", secret, Delivery("POST", "/", headers, b"{}"), NOW) is None
