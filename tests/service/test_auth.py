"""Who may call: keys, their kinds, and the ways in which real clients send them."""

from __future__ import annotations

import base64
import hmac
import re
from hashlib import sha256

import pytest
from starlette.datastructures import Headers

from service.auth import (
    KINDS,
    PREFIXES,
    digest,
    is_proven,
    needs,
    new_key,
    presented,
    user_hash,
)
from tests.conftest import PUBLISHABLE, SECRET

EVENT = {"event": "Page Viewed", "anonymousId": "auth-a", "messageId": "auth-1"}
OPEN = {"/health/live", "/health/ready", "/docs", "/openapi.json"}


def basic(user: str, password: str = "") -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({"Authorization": "Bearer pk_1"}, "pk_1"),
        ({"authorization": "bearer  pk_1 "}, "pk_1"),
        ({"Authorization": basic("pk_1")}, "pk_1"),
        ({"Authorization": basic("pk_1", "password"), "X-Write-Key": "pk_2"}, "pk_1"),
        ({"X-Write-Key": "pk_2"}, "pk_2"),
        ({"Authorization": "Basic ???"}, None),
        ({"Authorization": "Basic " + base64.b64encode(b"\xff").decode()}, None),
        ({}, None),
    ],
)
def test_keys_are_found_where_clients_put_them(headers, key):
    assert presented(Headers(headers)) == key


def test_each_kind_of_key_shows_what_it_is():
    for kind, prefix in PREFIXES.items():
        assert re.fullmatch(prefix + r"[\w-]{43}", new_key(kind))
    assert new_key("secret") != new_key("secret")


def test_of_a_key_only_its_digest_is_kept():
    assert digest("sk_1") == sha256(b"sk_1").hexdigest()


def test_a_route_cannot_ask_for_a_kind_that_does_not_exist():
    with pytest.raises(ValueError, match="publishable"):
        needs("admin")
    with pytest.raises(ValueError, match="kinds"):
        needs()


def test_a_user_id_is_proven_by_its_hash_alone():
    right = hmac.new(b"identity", b"u1", sha256).hexdigest()
    assert user_hash("u1", "identity") == right
    assert is_proven("u1", right, "identity")
    assert is_proven("u1", right.upper(), "identity")
    for wrong in ("", None, 5, right[:-1], right + "0", user_hash("u2", "identity"), "ü"):
        assert not is_proven("u1", wrong, "identity")
    assert not is_proven("u1", user_hash("u1", ""), "")


# --- from outside ---------------------------------------------------------------------------------


def routes(service) -> list[tuple[str, str, dict]]:
    with service.client(None) as client:
        paths = client.get("/openapi.json").json()["paths"]
    return [
        (method.upper(), path, operation)
        for path, operations in paths.items()
        for method, operation in operations.items()
    ]


def filled(path: str) -> str:
    return re.sub(r"\{\w+\}", "anonymous_id:nobody", path)


def test_without_a_key_nothing_answers_but_health_and_the_documents(running_service, nobody):
    for method, path, _ in routes(running_service):
        if path in OPEN or "{key}" in path:
            continue
        answer = nobody.request(method, filled(path), json={})
        assert answer.status_code == 401, f"{method} {path}"
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["code"] == "no-key"


def test_a_key_that_nobody_knows_is_a_401(running_service):
    with running_service.client("sk_" + "x" * 43) as stranger:
        for method, path, _ in routes(running_service):
            if path in OPEN or "{key}" in path:
                continue
            answer = stranger.request(method, filled(path), json={})
            assert answer.status_code == 401, f"{method} {path}"
            assert answer.json()["code"] == "unknown-key"


def test_a_key_of_the_wrong_kind_is_a_403_on_every_route(running_service, secret):
    made = {kind: secret.post("/v1/keys", json={"kind": kind}).json()["key"] for kind in KINDS}
    for method, path, operation in routes(running_service):
        if path in OPEN or not operation.get("security"):
            continue
        words = operation["description"].rpartition("Needs a ")[2].removesuffix(" key.")
        allowed = set(words.split(" or "))
        assert allowed <= set(KINDS), f"{method} {path} does not say who may call"
        assert "secret" in allowed, f"{method} {path}: a secret key may do everything"
        for kind in set(KINDS) - allowed:
            with running_service.client(made[kind]) as caller:
                answer = caller.request(method, filled(path), json={})
            assert answer.status_code == 403, f"{method} {path} let a {kind} key in"
            assert answer.json()["code"] == "wrong-kind-of-key"


def test_every_route_says_who_may_call(running_service):
    for method, path, operation in routes(running_service):
        if path not in OPEN and "{key}" not in path and path != "/sourceConfig/":
            assert operation.get("security"), f"{method} {path}"


@pytest.mark.parametrize(
    "how",
    [
        {"headers": {"Authorization": f"Bearer {PUBLISHABLE}"}},
        {"headers": {"Authorization": basic(PUBLISHABLE)}},
        {"headers": {"X-Write-Key": PUBLISHABLE}},
        {"headers": {"X-Write-Key": f"{PUBLISHABLE}:secret-part"}},
        {"params": {"writeKey": PUBLISHABLE}},
        {"body": {"writeKey": PUBLISHABLE}},
        {"headers": {"Authorization": basic(SECRET)}},
        {"body": {"writeKey": SECRET}},
    ],
)
def test_events_take_the_key_in_any_of_segments_ways(nobody, how):
    body = EVENT | how.get("body", {})
    answer = nobody.post(
        "/v1/track", json=body, headers=how.get("headers"), params=how.get("params")
    )
    assert (answer.status_code, answer.json()) == (200, {"success": True})


def test_a_secret_key_in_a_url_is_refused(nobody):
    answer = nobody.post("/v1/track", json=EVENT, params={"writeKey": SECRET})
    assert (answer.status_code, answer.json()["code"]) == (403, "secret-key-in-url")


def test_only_events_take_a_key_in_the_url(nobody):
    for key in (SECRET, PUBLISHABLE):
        assert nobody.get("/v1/journeys", params={"writeKey": key}).status_code == 401


def test_a_revoked_key_is_nobodys(running_service, secret):
    made = secret.post("/v1/keys", json={"kind": "console", "label": "to go"}).json()
    with running_service.client(made["key"]) as marketer:
        assert marketer.get("/v1/journeys").status_code == 200
        assert secret.delete(f"/v1/keys/{made['id']}").json()["revokedAt"]
        assert marketer.get("/v1/journeys").status_code == 401


def test_keys_are_shown_once_and_kept_nowhere(running_service, secret):
    made = secret.post("/v1/keys", json={"kind": "content", "label": "CMS"}).json()
    listed = secret.get("/v1/keys", params={"limit": 1000}).json()["data"]
    assert {"id": made["id"], "kind": "content", "label": "CMS"}.items() <= next(
        row for row in listed if row["id"] == made["id"]
    ).items()
    assert all("key" not in row and "digest" not in row for row in listed)
    files = [*running_service.data_dir.rglob("*"), running_service.log]
    holding = [
        file for file in files if file.is_file() and made["key"].encode() in file.read_bytes()
    ]
    assert not holding


def test_the_first_start_makes_keys_and_shows_them_once(new_service):
    service = new_service("first", FINGERPOST_SECRET_KEY="", FINGERPOST_PUBLISHABLE_KEY="")
    service.start()
    told = service.log.read_text()
    key = re.search(r"sk_[\w-]{43}", told)
    assert key
    assert re.search(r"pk_[\w-]{43}", told)
    with service.client(key.group()) as client:
        assert client.get("/v1/keys").status_code == 200
    service.stop()
    service.start()
    with service.client(key.group()) as client:
        assert client.get("/v1/keys").status_code == 200, "a key outlives a restart"
    assert service.log.read_text().count("sk_") == 1


def test_a_viewers_key_reads_everything_and_changes_nothing(running_service, secret):
    made = secret.post("/v1/keys", json={"kind": "console", "role": "viewer"}).json()
    assert made["role"] == "viewer"
    with running_service.client(made["key"]) as viewer:
        assert viewer.get("/v1/personas").status_code == 200
        for method, path in (("POST", "/v1/personas"), ("PUT", "/v1/event-names/Mine")):
            refused = viewer.request(method, path, json={})
            assert (refused.status_code, refused.json()["code"]) == (403, "read-only-key")
        list_of = {"anonymousId": "viewed"}
        refused = viewer.post("/v1/recommendations", json=list_of)  # what is shown is logged
        assert (refused.status_code, refused.json()["code"]) == (403, "read-only-key")
        refused = viewer.get("/v1/recommendations", params=list_of)
        assert refused.status_code == 403
        looked = viewer.post("/v1/recommendations", json={"preview": {"phase": "intent"}})
        assert looked.status_code == 200
    assert "Mine" not in str(secret.get("/v1/event-names").json())


def test_a_console_key_edits_unless_told_otherwise(running_service, secret):
    made = secret.post("/v1/keys", json={"kind": "console"}).json()
    with running_service.client(made["key"]) as editor:
        drawn = {"name": "Night owls", "traits": [{"feature": "daytime", "value": "night"}]}
        assert editor.post("/v1/personas", json=drawn | {"status": "draft"}).status_code == 201


def test_only_console_keys_have_a_role(secret):
    refused = secret.post("/v1/keys", json={"kind": "content", "role": "viewer"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/role")
    kinds = {key["kind"]: key["role"] for key in secret.get("/v1/keys").json()["data"]}
    assert kinds["console"] in ("editor", "viewer")
    assert kinds.get("content") is None
