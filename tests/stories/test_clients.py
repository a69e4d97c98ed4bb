"""Real, unmodified clients, and what was captured of them: no event is lost."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path

import httpx
import pytest

from tests.conftest import PUBLISHABLE, SECRET
from training.eventlog import Kind, message_of, read_folder

CAPTURES = Path(__file__).resolve().parents[3] / "shared" / "data" / "clients"
SPEAKING_SEGMENT = ("segment-", "rudder-", "jitsu-")
captures = sorted(
    path for path in CAPTURES.glob("*.json") if path.name.startswith(SPEAKING_SEGMENT)
)


def with_our_key(request: dict, key: str) -> tuple[str, dict[str, str]]:
    """The captured request, its key replaced by one of ours where it stood."""
    headers = {
        name: value
        for name, value in request["headers"].items()
        if name.lower() not in ("host", "content-length", "connection", "accept-encoding")
    }
    for name in headers:
        if name.lower() == "authorization":
            headers[name] = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
        if name.lower() == "x-write-key":
            headers[name] = f"{key}:secret"
    path = request["path"].replace("writeKey=WK", f"writeKey={key}")
    return path.replace("/projects/WK/", f"/projects/{key}/"), headers


def replay(client: httpx.Client, request: dict, key: str) -> httpx.Response:
    path, headers = with_our_key(request, key)
    if request["body"] is None:
        return client.request(request["method"], path, headers=headers)
    body = json.dumps(request["body"]).encode()
    if headers.get("Content-Encoding") == "gzip":
        body = gzip.compress(body)
    return client.request(request["method"], path, headers=headers, content=body)


def messages(request: dict) -> list[dict]:
    body = request["body"]
    if request["method"] != "POST" or not isinstance(body, dict):
        return []
    return body.get("batch") or [body]


def in_the_log(data_dir: Path) -> set[str]:
    records = read_folder(data_dir / "log", kinds=(Kind.MESSAGE,))
    return {message_of(record).message_id or "" for _, record in records}


@pytest.mark.realdata
@pytest.mark.skipif(not captures, reason="the captures are not here")
@pytest.mark.parametrize("capture", captures, ids=lambda path: path.stem)
def test_no_event_of_a_captured_client_is_lost(running_service, capture):
    key = PUBLISHABLE if "browser" in capture.name else SECRET
    sent = []
    with running_service.client(None) as client:
        for request in json.loads(capture.read_text()):
            if request["path"] == "/p.js":
                continue
            answer = replay(client, request, key)
            assert answer.status_code in (200, 204), f"{request['path']}: {answer.text}"
            if request["method"] == "OPTIONS":
                assert answer.headers["access-control-allow-origin"]
            if messages(request):
                told = answer.json()
                assert told["success"] is True
                assert not told.get("rejected"), told
            sent += [message["messageId"] for message in messages(request)]
    assert len(sent) >= 4
    assert set(sent) <= in_the_log(running_service.data_dir)


def test_segments_python_client_is_understood(running_service, secret):
    from segment.analytics.client import Client

    failures: list[object] = []
    for packed in (False, True):
        client = Client(
            SECRET, host=running_service.url, gzip=packed, on_error=lambda e, _: failures.append(e)
        )
        who = f"py-{packed}"
        client.identify(who, {"email": "a@example.com", "plan": "pro"})
        client.track(who, "Pricing Viewed", {"contentId": "/prices"})
        client.page(anonymous_id=f"{who}-a", name="Home", properties={"url": "https://x.example/"})
        client.screen(who, "Main")
        client.group(who, "acme", {"employees": 50})
        client.alias(f"{who}-a", who)
        client.flush()
        client.join()
        told = secret.get(f"/v1/visitors/user_id:{who}", params={"include": "traits"}).json()
        assert told["evidenceCount"] >= 3
        assert told["traits"]["plan"] == "pro"
        ids = {entry["id"] for entry in told["ids"]}
        assert {who, f"{who}-a"} <= ids, "alias joins the anonymous history to the user"
    assert not failures


def test_segments_python_client_tells_its_host_what_was_wrong(running_service):
    from segment.analytics.client import Client

    failures: list[object] = []
    client = Client(
        "sk_unknown",
        host=running_service.url,
        on_error=lambda e, _: failures.append(e),
        max_retries=0,
    )
    client.track("u", "Zap")
    client.flush()
    client.join()
    assert "401" in str(failures[0]), failures


@pytest.mark.parametrize("path", ["/sourceConfig/", "/sourceConfig"])
def test_rudderstacks_browser_client_finds_an_enabled_source(nobody, path):
    answer = nobody.get(path, params={"writeKey": PUBLISHABLE})
    source = answer.json()["source"]
    assert (source["enabled"], source["writeKey"]) == (True, PUBLISHABLE)
    assert nobody.get(path, params={"writeKey": SECRET}).status_code == 403
    assert nobody.get(path).status_code == 401


def test_segments_browser_client_finds_its_settings(nobody):
    settings = nobody.get(f"/v1/projects/{PUBLISHABLE}/settings").json()
    assert settings["integrations"]["Segment.io"]["apiKey"] == PUBLISHABLE
    assert nobody.get("/v1/projects/unknown/settings").status_code == 401
    assert nobody.get(f"/v1/projects/{SECRET}/settings").status_code == 403
