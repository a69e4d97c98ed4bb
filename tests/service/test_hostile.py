"""Whatever is sent: an answer that says what is wrong, never an error of ours, and life goes on."""

from __future__ import annotations

import re
import socket

import httpx
import pytest

from tests.conftest import PUBLISHABLE, SECRET
from tests.service.hostile import BODIES, HUGE, MALFORMED, STRANGE

NO_IDS = ["x" * 257, "%00", "%0A", "%FF%FE", "%ED%A0%80"]
ODD_IDS = ["..%2F..%2Fetc%2Fpasswd", "%", "%zz", "%F0%9F%99%82", "a%2Fb", "%E2%80%AE", "*", "%25"]
EVENTS = re.compile(
    r"^/(v1/(track|page|screen|identify|group|alias|batch|import|[tpsigab])$|api/|beacon/)"
)
ONE_MESSAGE = re.compile(r"^/(v1/(track|page|screen|identify|group|alias|[tpsiga])$|api/)")


def routes_with_bodies(client: httpx.Client) -> list[tuple[str, str]]:
    paths = client.get("/openapi.json").json()["paths"]
    return [
        (method.upper(), path)
        for path, operations in paths.items()
        for method, operation in operations.items()
        if "requestBody" in operation
    ]


def filled(path: str) -> str:
    return re.sub(r"\{\w+\}", "user_id:hostile", path)


def check(answer: httpx.Response, what: str) -> None:
    """An answer of the one shape, short, under a request id."""
    assert answer.status_code < 500 or answer.status_code == 503, f"{what}: {answer.text[:300]}"
    assert answer.headers["x-request-id"], what
    if answer.is_error:
        assert answer.headers["content-type"] == "application/problem+json", what
        told = answer.json()
        assert {"type", "title", "status", "detail", "code", "errors", "instance"} <= told.keys()
        assert re.fullmatch(r"[a-z0-9-]+", told["code"]), what
        assert len(answer.content) < 60_000, f"{what}: we say it all back"


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_not_json_is_a_400_on_every_route(secret, name):
    for method, path in routes_with_bodies(secret):
        answer = secret.request(method, filled(path), content=MALFORMED[name])
        check(answer, f"{method} {path} {name}")
        assert answer.status_code in (400, 413), f"{method} {path}: {answer.text}"


@pytest.mark.parametrize("name", STRANGE)
def test_what_nobody_can_use_is_never_an_error_of_ours(secret, name):
    for method, path in routes_with_bodies(secret):
        answer = secret.request(method, filled(path), content=STRANGE[name])
        what = f"{method} {path} {name}"
        check(answer, what)
        if EVENTS.match(path):
            big = ONE_MESSAGE.match(path) and len(STRANGE[name]) > 32 << 10
            assert answer.status_code == (413 if big else 200), f"{what}: {answer.text[:200]}"


@pytest.mark.parametrize("name", HUGE)
def test_what_is_too_large_is_a_413_on_every_route(secret, name):
    for method, path in routes_with_bodies(secret):
        answer = secret.request(method, filled(path), content=HUGE[name])
        check(answer, f"{method} {path} {name}")
        if EVENTS.match(path) or name != "300,000 messages":
            assert answer.status_code == 413, f"{method} {path}: {answer.text}"


def test_a_large_body_of_somebody_unknown_is_not_even_read(nobody):
    answer = nobody.post("/v1/keys", content=HUGE["10 MB"])
    assert answer.status_code == 401


@pytest.mark.parametrize("bad", [*NO_IDS, *ODD_IDS])
def test_strange_ids_in_paths_are_never_an_error_of_ours(secret, bad):
    paths = secret.get("/openapi.json").json()["paths"]
    for path, operations in paths.items():
        for method in operations:
            if "{" not in path:
                continue
            target = httpx.URL(str(secret.base_url)).copy_with(
                raw_path=re.sub(r"\{\w+\}", lambda _: bad, path).encode()
            )
            answer = secret.request(method.upper(), target, content=b"{}")
            check(answer, f"{method} {path} {bad}")
            if bad in NO_IDS:
                assert answer.status_code in (401, 404, 405, 422), f"{method} {path} {bad}"


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "limit=x", "limit=-1", "limit=NaN", "limit=1&limit=2", "count=1e400",
     "limit=" + "9" * 400, "cursor=%00", "cursor=x", "cursor=" + "A" * 3000, "cursor=%ED%A0%80",
     "unmapped=perhaps", "at=yesterday", "journey=%00", "count=-5", "%ff=%ff", "include=%00"],
)  # fmt: skip
def test_strange_queries_are_never_an_error_of_ours(secret, query):
    for path, operations in secret.get("/openapi.json").json()["paths"].items():
        if "get" in operations:
            check(secret.get(f"{filled(path)}?{query}"), f"GET {path}?{query}")


def test_every_answer_to_a_wrong_field_points_at_it(secret):
    told = secret.put(
        "/v1/journeys/own", json={"phases": [{"id": 5, "of": []}, {"id": "b", "of": ["intent"]}]}
    ).json()
    assert told["status"] == 422
    assert {error["pointer"] for error in told["errors"]} == {"/phases/0/id", "/phases/0/of"}
    told = secret.get("/v1/keys", params={"limit": 0}).json()
    assert told["errors"][0]["pointer"] == "/limit"


def test_unknown_fields_of_settings_are_refused_by_name(secret):
    told = secret.put("/v1/event-names/Zap", json={"means": "buying", "kindd": "x"}).json()
    assert told["errors"][0]["pointer"] == "/kindd"


# --- on the wire ----------------------------------------------------------------------------------


def raw(service, request: bytes, timeout: float = 15.0) -> bytes:
    with socket.create_connection(("127.0.0.1", service.port), timeout=timeout) as wire:
        wire.sendall(request)
        answer = b""
        while chunk := wire.recv(65536):
            answer += chunk
            if b"\r\n\r\n" in answer:
                break
        return answer


HEAD = b"POST /v1/track HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %b\r\n" % SECRET.encode()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (HEAD + b"Content-Length: 2\r\n\r\n{}", b"200"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"200"),
        (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", b"400"),
        (HEAD + b"Content-Length: -2\r\n\r\n{}", b"400"),
        (HEAD + b"Content-Length: x\r\n\r\n{}", b"400"),
        (HEAD + b"X: " + b"y" * (1 << 20) + b"\r\n\r\n", b"431"),
        (b"GARBAGE\r\n\r\n", b"400"),
        (b"BREW /v1/track HTTP/1.1\r\nHost: x\r\n\r\n", b"405"),
        (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
    ],
    ids=range(9),
)
def test_bad_http_gets_its_own_answer(running_service, request_, status):
    assert raw(running_service, request_).split(b" ")[1] == status


def test_nothing_of_this_hurt_the_service(running_service, secret):
    assert running_service.process.poll() is None
    assert secret.get("/health/ready").status_code == 200
    answer = secret.post("/v1/track", json={"event": "Alive", "anonymousId": "hostile-end"})
    assert answer.json() == {"success": True}
    assert "Traceback" not in running_service.log.read_text()


def test_keys_and_queries_are_in_no_log(new_service):
    service = new_service("quiet", FINGERPOST_LOG_LEVEL="debug")
    service.start()
    with service.client(None) as client:
        client.post("/v1/track", params={"writeKey": PUBLISHABLE}, json={"anonymousId": "canary-7"})
        client.get("/v1/visitors/user_id:canary-7", headers={"Authorization": f"Bearer {SECRET}"})
        client.post("/v1/track", content=b"{canary-7", headers={"X-Write-Key": PUBLISHABLE})
    service.stop()
    log = service.log.read_text()
    assert "/v1/visitors/{visitor_id}" in log
    for secret_thing in (SECRET, PUBLISHABLE, "canary-7", "writeKey"):
        assert secret_thing not in log


def test_bodies_of_every_sort_are_tried():
    assert sum(map(len, BODIES.values())) >= 60
