"""Content systems deliver over HTTP: signed or with a key, once, in order, and not too slowly."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

from tests.conftest import SECRET
from tests.service import payloads
from tests.service.test_webhook_payloads import SECRET as SHARED
from tests.service.test_webhook_payloads import signed

SYSTEM_CALLS = {
    "wordpress": payloads.WORDPRESS["plain"],
    "ghost": payloads.ghost(),
    "contentful": payloads.contentful(),
    "strapi": payloads.strapi("entry.publish"),
    "generic": {"content": {"id": "/generic", "title": "Heat pumps"}},
}


@pytest.fixture(autouse=True, scope="module")
def nothing_set(running_service) -> None:
    """Other tests set what they like."""
    nothing = {"secret": None, "urlTemplate": None, "type": None, "locale": None}
    with running_service.client() as client:
        for system in SYSTEM_CALLS:
            client.patch(f"/v1/webhooks/{system}", json=nothing)


@pytest.fixture
def cms(secret, running_service) -> Iterator[httpx.Client]:
    """A content system, with a key of its own."""
    key = secret.post("/v1/keys", json={"kind": "content"}).json()["key"]
    with running_service.client(key) as client:
        yield client


@pytest.fixture
def signing(secret) -> Iterator[str]:
    """Ghost signs, until the test ends."""
    secret.patch("/v1/webhooks/ghost", json={"secret": SHARED})
    yield SHARED
    secret.patch("/v1/webhooks/ghost", json={"secret": None})


def delivered(client: httpx.Client, system: str, payload: Any, **how: Any) -> dict[str, Any]:
    deadline = time.monotonic() + 90
    while True:
        answer = client.post(f"/v1/webhooks/{system}", json=payload, **how)
        assert answer.status_code in (200, 202), answer.text
        if answer.status_code == 200:
            return answer.json()
        assert time.monotonic() < deadline
        time.sleep(0.5)  # the encoder is only starting


def item(client: httpx.Client, name: str) -> dict[str, Any]:
    answer = client.get(f"/v1/content/{quote(name, safe='')}")
    return answer.json() | {"there": answer.status_code == 200}


def post(name: str, status: str = "published", at: int = 1, **fields: Any) -> dict[str, Any]:
    """A post of Ghost's that was changed in this second."""
    moment = f"2026-03-05T05:06:{at:02}.000Z"
    own = {"id": name, "status": status, "updated_at": moment}
    return payloads.ghost(**own | {"url": f"https://blog.example/{name}/"} | fields)


def ghost_signed(payload: Any, at: float | None = None, secret: str = SHARED) -> dict[str, Any]:
    body = json.dumps(payload).encode()
    delivery = signed("ghost", body, time.time() if at is None else at, secret)
    return {"content": body, "headers": dict(delivery.headers)}


# --- who may --------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", SYSTEM_CALLS)
def test_a_delivery_needs_a_key_or_a_signature(nobody, publishable, system):
    path, payload = f"/v1/webhooks/{system}", SYSTEM_CALLS[system]
    assert nobody.post(path, json=payload).status_code == 401
    assert publishable.post(path, json=payload).status_code == 403
    made_up = {"webhook-signature": "v1,xx", "webhook-id": "1", "webhook-timestamp": "1"}
    assert nobody.post(path, json=payload, headers=made_up).status_code == 401


@pytest.mark.parametrize("name", ["key", "writeKey", "site"])
def test_a_key_in_the_address_is_none(nobody, name):
    answer = nobody.post(f"/v1/webhooks/generic?{name}={SECRET}", json=SYSTEM_CALLS["generic"])
    assert answer.status_code == 401


def test_the_key_of_a_content_system_comes_as_basics_user_too(nobody):
    how = {"auth": (SECRET, "")}
    assert delivered(nobody, "generic", SYSTEM_CALLS["generic"], **how)["action"] in (
        "put",
        "nothing",
    )


def test_only_the_owner_sets_secrets_and_nobody_sees_them_again(cms, secret, signing):
    assert cms.get("/v1/webhooks").status_code == 403
    assert cms.patch("/v1/webhooks/ghost", json={"secret": None}).status_code == 403
    told = secret.get("/v1/webhooks")
    assert SHARED not in told.text
    (ghost,) = [row for row in told.json()["data"] if row["system"] == "ghost"]
    assert ghost["signed"] is True
    changed = secret.patch("/v1/webhooks/ghost", json={"type": "article"}).json()
    assert (changed["signed"], changed["type"]) == (True, "article"), "what is left out stays"
    secret.patch("/v1/webhooks/ghost", json={"type": None})


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({"secret": "short"}, "/secret"), ({"urlTemplate": "javascript:x"}, "/urlTemplate"),
     ({"type": "horoscope"}, "/type"), ({"colour": 1}, "/colour")],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_refused_with_the_place(secret, body, pointer):
    answer = secret.patch("/v1/webhooks/strapi", json=body)
    assert answer.status_code == 422
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}


# --- signatures -----------------------------------------------------------------------------------


def test_a_signature_alone_will_do(nobody, secret, signing):
    answer = nobody.post("/v1/webhooks/ghost?site=default", **ghost_signed(post("signed")))
    assert answer.status_code in (200, 202), answer.text
    deadline = time.monotonic() + 90
    while not item(secret, "ghost:signed")["there"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("system", SYSTEM_CALLS)
def test_each_systems_own_signature_is_understood_over_http(nobody, secret, system):
    secret.patch(f"/v1/webhooks/{system}", json={"secret": SHARED})
    delivery = signed(system, json.dumps(SYSTEM_CALLS[system]).encode(), time.time())
    how = {"content": delivery.body, "headers": dict(delivery.headers)}
    right = nobody.post(delivery.path, **how)
    wrong = nobody.post(delivery.path, **how | {"content": delivery.body + b" "})
    secret.patch(f"/v1/webhooks/{system}", json={"secret": None})
    assert right.status_code in (200, 202), right.text
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong-signature")


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        (lambda: ghost_signed(post("x"), secret="another secret"), 403, "wrong-signature"),
        (lambda: ghost_signed(post("x"), time.time() - 400), 403, "old-signature"),
        (lambda: ghost_signed(post("x"), time.time() + 400), 403, "old-signature"),
        (lambda: ghost_signed(post("x")) | {"content": b'{"post":{}}'}, 403, "wrong-signature"),
        (lambda: {"json": post("x"), "headers": {"x-ghost-signature": "t=1"}}, 401, "no-signature"),
    ],
)
def test_a_signature_that_does_not_fit_is_refused(nobody, secret, signing, how, status, code):
    for client in (nobody, secret):  # a key does not make up for it
        answer = client.post("/v1/webhooks/ghost", **how())
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not item(secret, "ghost:x")["there"]


def test_with_a_secret_an_unsigned_delivery_is_refused_even_with_a_key(secret, signing):
    answer = secret.post("/v1/webhooks/ghost", json=post("x"))
    assert (answer.status_code, answer.json()["code"]) == (401, "no-signature")


def test_a_signature_of_one_site_opens_no_other(nobody, signing):
    answer = nobody.post("/v1/webhooks/ghost?site=other", **ghost_signed(post("x")))
    assert answer.status_code == 401


# --- what becomes of it ---------------------------------------------------------------------------


@pytest.mark.parametrize("system", SYSTEM_CALLS)
def test_what_is_published_is_content_tagged_and_embedded(cms, system):
    told = delivered(cms, system, SYSTEM_CALLS[system])
    assert told["contentIds"], told
    found = item(cms, told["contentIds"][0])
    assert found["title"] == "Heat pumps"
    assert found["embedded"]
    assert found["hidden"] is False
    again = cms.post(f"/v1/webhooks/{system}", json=SYSTEM_CALLS[system]).json()
    assert again["contentIds"] == told["contentIds"], "the same thing twice is there once"


def test_a_post_lives_through_publishing_editing_hiding_and_deleting(cms):
    name = "ghost:life"
    assert delivered(cms, "ghost", post("life"))["action"] == "put"
    delivered(cms, "ghost", post("life", at=2, title="Better"))
    assert item(cms, name)["title"] == "Better"
    assert delivered(cms, "ghost", post("life", "draft", at=3))["action"] == "hide"
    assert item(cms, name)["hidden"] is True
    assert name not in cms.get("/v1/content?limit=1000").text
    delivered(cms, "ghost", post("life", at=4))
    assert item(cms, name)["hidden"] is False
    gone = {
        "post": {"current": {}, "previous": {"id": "life", "updated_at": "2026-03-05T05:06:04Z"}}
    }
    assert delivered(cms, "ghost", gone)["action"] == "delete"
    assert not item(cms, name)["there"]
    assert delivered(cms, "ghost", post("life", at=4))["action"] == "nothing"
    assert not item(cms, name)["there"], "what comes late does not bring it back"


def test_a_delivery_that_comes_late_changes_nothing(cms):
    delivered(cms, "ghost", post("late", "draft", at=9))
    delivered(cms, "ghost", post("late", at=10))
    delivered(cms, "ghost", post("late", "draft", at=11))
    told = delivered(cms, "ghost", post("late", at=10))
    assert (told["action"], told["detail"]) == ("nothing", "this was done already")
    assert delivered(cms, "ghost", post("late", at=5, title="Old"))["action"] == "nothing"
    assert item(cms, "ghost:late")["hidden"] is True


def test_what_was_imported_by_its_address_is_the_same_content(cms):
    url = "https://blog.example/both/"
    cms.put(f"/v1/content/{quote(url, safe='')}", json={"title": "Imported", "url": url})
    told = delivered(cms, "ghost", post("both", title="Delivered"))
    assert told["contentIds"] == [url]
    assert item(cms, url)["title"] == "Delivered"
    assert delivered(cms, "ghost", post("both", "draft", at=2, url="https://blog.example/p/1/"))
    assert item(cms, url)["hidden"] is True, "though its address is another one now"


def test_what_people_and_others_set_stays(cms, secret):
    delivered(cms, "ghost", post("kept"))
    cms.patch("/v1/content/ghost:kept", json={"properties": {"region": "north"}})
    secret.put("/v1/content/ghost:kept/tags", json={"phase": "loyalty"})
    delivered(cms, "ghost", post("kept", at=2, title="Again", html="<p>All new text.</p>"))
    found = item(cms, "ghost:kept")
    assert found["title"] == "Again"
    assert found["properties"] == {"region": "north", "visibility": "public"}
    assert found["tagging"]["phase"]["source"] == "human"


def test_contentfuls_locales_come_and_go_together(cms, secret):
    secret.patch(
        "/v1/webhooks/contentful", json={"urlTemplate": "https://c.example/{locale}/{slug}"}
    )
    topic = "ContentManagement.Entry."
    own = payloads.contentful(slug={"en-US": "a", "de": "b"})
    own["sys"] = own["sys"] | {"id": "locales"}
    told = delivered(cms, "contentful", own, headers={"X-Contentful-Topic": topic + "publish"})
    assert told["contentIds"] == [f"contentful:master:locales:{each}" for each in ("en-US", "de")]
    assert item(cms, told["contentIds"][1])["url"] == "https://c.example/de/b"
    gone = payloads.contentful_deleted()
    gone["sys"] = gone["sys"] | {"id": "locales"}
    headers = {"X-Contentful-Topic": topic + "unpublish"}
    assert delivered(cms, "contentful", gone, headers=headers)["action"] == "hide"
    assert all(item(cms, each)["hidden"] for each in told["contentIds"])
    headers = {"X-Contentful-Topic": topic + "delete"}
    assert delivered(cms, "contentful", gone, headers=headers)["action"] == "delete"
    assert not any(item(cms, each)["there"] for each in told["contentIds"])


def test_wordpress_com_sends_forms(cms):
    form = payloads.WORDPRESS["a form of WordPress.com"] | {"ID": "77", "post_url": ""}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = cms.post("/v1/webhooks/wordpress", content=urlencode(form), headers=headers)
    assert answer.json()["contentIds"] == ["wordpress:77"], answer.text


@pytest.mark.parametrize(
    ("system", "payload"),
    [("ghost", {"member": {}}), ("strapi", {"event": "media.create"}), ("contentful", {"sys": {}}),
     ("wordpress", {"ID": 1, "post_type": "revision"}), ("generic", {"action": "delete",
                                                                     "content": {"id": "nobody"}})],
)  # fmt: skip
def test_what_is_nobodys_content_is_a_200_that_says_so(cms, system, payload):
    topic = {"X-Contentful-Topic": "ContentManagement.Asset.publish"}
    told = delivered(cms, system, payload, headers=topic if system == "contentful" else {})
    assert told["action"] == "nothing"
    assert told["detail"]


def test_a_system_that_nobody_knows_is_refused(cms):
    assert cms.post("/v1/webhooks/typewriter", json={}).status_code == 422


def test_content_that_cannot_be_is_refused_with_the_place(cms):
    payload = {"content": {"id": "/bad", "title": 7}}
    answer = cms.post("/v1/webhooks/generic", json=payload)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/title"


def test_an_article_of_two_megabytes_is_taken(cms):
    text = "A heat pump moves warmth from outside into the house. " * 37_000
    told = delivered(cms, "ghost", post("long", html=f"<p>{text}</p>"))
    assert told["contentIds"] == ["ghost:long"]


@pytest.mark.slow
def test_what_was_taken_is_done_after_a_kill(new_service):
    service = new_service()
    service.start()
    payload = {"content": {"id": "/first", "title": "First", "body": "Text"}}
    with service.client() as client:
        answer = client.post("/v1/webhooks/generic", json=payload)  # the encoder is only starting
        assert answer.status_code in (200, 202)
    service.stop(9)
    service.start()
    with service.client() as client:
        deadline = time.monotonic() + 90
        while not item(client, "/first")["there"]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
