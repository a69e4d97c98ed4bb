"""What people say of content teaches the tagger at once, and never the other way round."""

from __future__ import annotations

import time
from urllib.parse import quote

import httpx
import pytest

from tests.conftest import Service

KINDS = ("review", "webinar")  # what this house calls them; the shipped tagger cannot know
SUBJECTS = (
    "wool socks", "rain coats", "tents", "boots", "lamps", "stoves", "ropes", "maps", "knives",
    "mats", "gloves", "hats", "bottles", "packs", "poles", "helmets",
)  # fmt: skip


def path(name: str, rest: str = "") -> str:
    return f"/v1/content/{quote(name, safe='')}{rest}"


def text(number: int) -> dict[str, str]:
    """Two kinds of pages in a house's own style, by turns."""
    subject = SUBJECTS[number // 2 % len(SUBJECTS)]
    if number % 2:
        body = f"Tonight our mountaineers sit down to talk about {subject}. Bring questions."
        return {"title": f"Camp fire: {subject}", "body": body}
    body = f"We carried {subject} for a month through the north. They held. The seams did not."
    return {"title": f"Field notes: {subject}", "body": body}


def right(client: httpx.Client, numbers: range) -> int:
    told = [client.post("/v1/content:tag", json=text(k)).json()["type"]["id"] for k in numbers]
    return sum(kind == KINDS[k % 2] for kind, k in zip(told, numbers, strict=True))


def until(holds, within: float = 30.0) -> float:
    """After how many seconds it held."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() < begun + within
        time.sleep(0.1)
    return time.monotonic() - begun


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    service = Service(tmp_path_factory.mktemp("teaching") / "data")
    service.start()
    yield service
    service.stop()


@pytest.fixture
def client(service):
    """A site without content."""
    with service.client() as client:
        client.timeout = 120  # the encoder may be starting
        yield client
        for item in client.get("/v1/content", params={"limit": 1000, "hidden": True}).json()[
            "data"
        ]:
            client.delete(path(item["id"]))
        until(lambda: client.post("/v1/content:tag", json={}).json()["modelVersion"] == "default-1")


def test_twenty_corrections_teach_within_seconds_and_a_training_changes_nothing(client):
    items = [{"id": f"/{k}", **text(k)} for k in range(32)]
    client.post("/v1/content:batch", json={"items": items}).raise_for_status()
    before = right(client, range(20, 32))
    client.put(path("/31", "/tags"), json={"type": "other", "phase": "loyalty"})
    for k in range(20):
        client.put(path(f"/{k}", "/tags"), json={"type": KINDS[k % 2]}).raise_for_status()
    assert until(lambda: right(client, range(20, 32)) >= 11) < 10
    assert before < 6

    unlocked = range(20, 31)
    until(lambda: all(tagged(client, k)["type"]["id"] == KINDS[k % 2] for k in unlocked))
    assert all(tagged(client, k)["type"]["source"] == "model" for k in unlocked)
    assert tagged(client, 31)["type"]["id"] == "other"
    assert tagged(client, 31)["phase"]["ladder"]["loyalty"] == 1

    def tried() -> dict:
        return client.post("/v1/content:tag", json=text(1)).json()

    until(lambda: tried()["modelVersion"].startswith("default-1+21."))
    taught = tried()
    job = client.post("/v1/jobs", json={"kind": "train", "models": ["tagger"]}).json()["id"]
    until(lambda: client.get(f"/v1/jobs/{job}").json()["status"] == "succeeded")
    again = client.post("/v1/content:tag", json=text(1)).json()
    assert again == taught


def tagged(client: httpx.Client, number: int) -> dict:
    return client.get(path(f"/{number}")).json()["tagging"]


def test_a_correction_that_is_taken_back_teaches_no_longer(client):
    client.put(path("/1"), json=text(1)).raise_for_status()
    untaught = client.post("/v1/content:tag", json=text(1)).json()
    client.put(path("/1", "/tags"), json={"type": "webinar"}).raise_for_status()
    until(lambda: client.post("/v1/content:tag", json=text(1)).json() != untaught)
    told = client.put(path("/1", "/tags"), json={"locked": False}).json()
    assert told["type"] == untaught["type"]
    until(lambda: client.post("/v1/content:tag", json=text(1)).json() == untaught)


def test_an_editor_is_not_told_of_a_change_when_only_the_model_spoke(client):
    client.put(path("/1"), json=text(1)).raise_for_status()
    tag = client.get(path("/1")).headers["etag"]
    client.put(path("/2"), json=text(3)).raise_for_status()
    client.put(path("/2", "/tags"), json={"type": "webinar"}).raise_for_status()
    until(lambda: tagged(client, 1)["modelVersion"] != "default-1")
    read = client.get(path("/1"), headers={"If-None-Match": tag})
    assert read.status_code == 200
    kept = client.patch(path("/1"), json={"hidden": True}, headers={"If-Match": tag})
    assert kept.status_code == 200
    late = client.patch(path("/1"), json={"hidden": False}, headers={"If-Match": tag})
    assert late.status_code == 412
