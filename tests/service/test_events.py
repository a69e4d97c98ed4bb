"""Events in, as Segment's clients and its relatives send them."""

from __future__ import annotations

import gzip
import json
import time
from collections import Counter

import httpx
import pytest

from service.routes.events import TYPES, messages_of
from tests.conftest import PUBLISHABLE

SHORT = {"t": "track", "p": "page", "s": "screen", "i": "identify", "g": "group", "a": "alias"}
BATCHES = ("/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch")


def known(client: httpx.Client, visitor: str) -> dict:
    return client.get(f"/v1/visitors/{visitor}", params={"include": "touchpoints,traits"}).json()


def names(client: httpx.Client, visitor: str) -> list[str]:
    return [touchpoint["name"] for touchpoint in known(client, visitor)["touchpoints"]]


def counted(client: httpx.Client) -> Counter[str]:
    counts: Counter[str] = Counter()
    for line in client.get("/metrics").text.splitlines():
        if line.startswith("fingerpost_messages_total{"):
            counts[line.split('outcome="')[1].split('"')[0]] += int(float(line.split()[-1]))
    return counts


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("form", ["/v1/{}", "/api/s/{}", "/api/s/s2s/{}"])
def test_one_message_of_each_type_is_taken(secret, kind, form):
    body = {
        "userId": f"one-{kind}",
        "previousId": "before",
        "groupId": "g",
        "event": "Zap",
        "name": "n",
    }
    answer = secret.post(form.format(kind), json=body)
    assert (answer.status_code, answer.json()) == (200, {"success": True})


@pytest.mark.parametrize(("letter", "kind"), SHORT.items())
def test_short_paths_mean_the_same(secret, letter, kind):
    body = {"userId": f"short-{kind}", "previousId": "p", "groupId": "g", "event": "Zap"}
    assert secret.post(f"/v1/{letter}", json=body).json() == {"success": True}


@pytest.mark.parametrize("path", BATCHES)
def test_a_batch_is_taken_on_each_of_its_paths(secret, path):
    batch = [{"type": "track", "event": "Zap", "anonymousId": f"b{path}", "messageId": path}]
    answer = secret.post(path, json={"batch": batch}).json()
    assert answer == {"success": True, "accepted": 1, "duplicates": 0, "rejected": []}


def test_a_message_is_seen_in_the_very_next_answer(secret):
    secret.post("/v1/track", json={"event": "Pricing Viewed", "anonymousId": "next"})
    assert names(secret, "anonymous_id:next") == ["Pricing Viewed"]


def test_a_bad_message_never_fails_its_neighbours(secret):
    good = [
        {"type": "track", "event": f"Good {n}", "userId": "neighbour", "messageId": f"good-{n}"}
        for n in range(3)
    ]
    bad = [{"type": "nope", "messageId": "bad-1"}, 5, {"type": "track", "event": "No id"}]
    mixed = [good[0], bad[0], good[1], bad[1], bad[2], good[2]]
    answer = secret.post("/v1/batch", json={"batch": mixed}).json()
    assert (answer["success"], answer["accepted"]) == (True, 3)
    assert [why["index"] for why in answer["rejected"]] == [1, 3, 4]
    assert answer["rejected"][0]["messageId"] == "bad-1"
    assert all(why["code"] and why["detail"] for why in answer["rejected"])
    assert sorted(names(secret, "user_id:neighbour")) == ["Good 0", "Good 1", "Good 2"]


def test_a_single_bad_message_is_a_200_that_names_why(secret):
    answer = secret.post("/v1/track", json={"event": "Nobody did this"})
    assert answer.status_code == 200
    assert answer.json()["success"] is True
    assert answer.json()["rejected"][0]["index"] == 0


def test_a_message_sent_twice_counts_once(secret):
    message = {"type": "track", "event": "Once", "userId": "twice", "messageId": "twice-1"}
    first = secret.post("/v1/batch", json={"batch": [message, message]}).json()
    again = secret.post("/v1/batch", json={"batch": [message]}).json()
    assert (first["accepted"], first["duplicates"]) == (1, 1)
    assert (again["accepted"], again["duplicates"]) == (0, 1)
    assert names(secret, "user_id:twice") == ["Once"]


def test_received_is_accepted_and_duplicate_and_rejected(secret):
    before = counted(secret)
    message = {"type": "track", "event": "Counted", "userId": "c", "messageId": "counted-1"}
    secret.post("/v1/batch", json={"batch": [message, message, {"type": "nope"}, None]})
    secret.post("/v1/track", json={"no": "one"})
    more = counted(secret) - before
    assert more == Counter(received=5, accepted=1, duplicate=1, rejected=3)


def test_what_is_no_batch_is_one_bad_message():
    for body in (None, 5, "x", [], {}, {"batch": {}}, {"batch": None}):
        assert messages_of(body) == ([body], None)
    assert messages_of({"batch": []}) == ([], None)


def test_an_empty_batch_is_fine(secret):
    answer = secret.post("/v1/batch", json={"batch": []}).json()
    assert answer == {"success": True, "accepted": 0, "duplicates": 0, "rejected": []}


def test_a_context_beside_the_batch_is_that_of_every_message():
    shared = {"locale": "en", "page": {"url": "x"}}
    batch = [{"context": {"locale": "de"}}, {}, {"context": None}, 5]
    messages, _ = messages_of({"batch": batch, "context": shared})
    assert messages == [
        {"context": {"locale": "de", "page": {"url": "x"}}}, {"context": shared},
        {"context": shared}, 5,
    ]  # fmt: skip


def test_the_senders_clock_is_repaired(secret):
    """A clock that is an hour slow: an event of ten seconds ago is stamped 1 h 10 s ago."""
    now = time.time()
    wrong = now - 3600
    batch = [{
        "type": "track", "event": "Skewed", "userId": "skewed", "timestamp": stamp(wrong - 10),
    }]  # fmt: skip
    secret.post("/v1/batch", json={"batch": batch, "sentAt": stamp(wrong)})
    found = known(secret, "user_id:skewed")["touchpoints"][0]["time"]
    assert abs(moment(found) - (now - 10)) < 2


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "x", None]
)
def test_the_content_type_does_not_matter_and_gzip_is_recognised(secret, content_type):
    who = f"typed-{content_type}".replace("/", "-")
    body = json.dumps({"event": "Typed", "userId": who}).encode()
    headers = {"Content-Type": content_type} if content_type else {}
    assert secret.post("/v1/t", content=body, headers=headers).json() == {"success": True}
    packed = gzip.compress(body.replace(b"Typed", b"Packed"))
    assert secret.post("/v1/t", content=packed, headers=headers).json() == {"success": True}
    assert sorted(names(secret, f"user_id:{who}")) == ["Packed", "Typed"]


def test_a_message_of_more_than_32_kb_is_a_413(secret):
    answer = secret.post("/v1/track", json={"event": "x" * 33_000, "userId": "u"})
    assert answer.status_code == 413
    assert "32 KB" in answer.json()["detail"]


def test_a_publishable_key_may_not_claim_a_user_id(secret, publishable):
    body = {"event": "Claimed", "anonymousId": "claimer", "userId": "victim"}
    assert publishable.post("/v1/track", json=body).json() == {"success": True}
    assert names(secret, "user_id:victim") == []
    assert names(secret, "anonymous_id:claimer") == ["Claimed"]


def test_a_signed_user_id_counts_with_a_publishable_key(secret, publishable):
    from service.auth import user_hash

    proof = user_hash("signed", secret.get("/v1/site").json()["identitySecret"])
    body = {"event": "Signed", "anonymousId": "signer", "userId": "signed", "userHash": proof}
    publishable.post("/v1/track", json=body)
    assert names(secret, "user_id:signed") == ["Signed"]


def test_browsers_may_call_from_anywhere(nobody):
    asked = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,anonymousid,sentat,x-retry-count",
    }
    answer = nobody.options("/v1/t", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    allowed = answer.headers["access-control-allow-headers"]
    for name in (
        "authorization",
        "content-type",
        "anonymousid",
        "sentat",
        "x-write-key",
        "x-retry-count",
    ):
        assert name in allowed
    assert answer.headers["access-control-max-age"] == "7200"
    assert "access-control-allow-credentials" not in answer.headers


def test_browsers_see_when_to_come_again(nobody):
    answer = nobody.post("/v1/t", json={}, headers={"Origin": "https://shop.example"})
    assert answer.status_code == 401
    exposed = answer.headers["access-control-expose-headers"]
    assert "retry-after" in exposed
    assert "x-request-id" in exposed
    assert answer.headers["vary"] == "Origin"


def test_only_beacons_may_bring_cookies(nobody):
    headers = {"Origin": "https://shop.example", "Cookie": "session=1"}
    answer = nobody.post(
        "/beacon/v1/batch", params={"writeKey": PUBLISHABLE}, headers=headers, json={"batch": []}
    )
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"


def test_a_site_may_name_the_origins_that_call(new_service):
    service = new_service("origins", FINGERPOST_ALLOWED_ORIGINS="https://ours.example")
    service.start()
    with service.client(None) as client:
        ours = client.options("/v1/t", headers=preflight("https://ours.example"))
        theirs = client.options("/v1/t", headers=preflight("https://theirs.example"))
    assert ours.headers["access-control-allow-origin"] == "https://ours.example"
    assert "access-control-allow-origin" not in theirs.headers


def test_nothing_is_ever_redirected(secret):
    for path in ("/v1/track/", "/v1/batch/", "/v1/journeys/", "/health/live/", "//v1/track"):
        assert secret.post(path, json={}).status_code in (404, 405)


def test_every_answer_has_its_own_request_id_or_that_of_the_caller(secret):
    ids = {secret.get("/v1/journeys").headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5
    given = secret.get("/v1/journeys", headers={"X-Request-Id": "mine-1"})
    assert given.headers["x-request-id"] == "mine-1"
    bad = secret.get("/v1/journeys", headers={"X-Request-Id": "x" * 500})
    assert len(bad.headers["x-request-id"]) < 64


def stamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def moment(text: str) -> float:
    from service.routes.bodies import clean_moment

    return clean_moment(text)


def preflight(origin: str) -> dict[str, str]:
    return {"Origin": origin, "Access-Control-Request-Method": "POST"}
