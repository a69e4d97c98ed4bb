"""A marketer learns that the visitors have changed, and of what they have more now."""

from __future__ import annotations

import pytest

from tests.conftest import PUBLISHABLE, Service
from tests.personas.populations import drawn
from tests.service.test_jobs import ended

DRIFT = "/v1/insights/drift"
NAMES = ("role", "plan", "size", "income")


def identified(rows, first: int, moment: str, **changed) -> list[dict]:
    return [
        {
            "type": "identify",
            "userId": f"u{number}",
            "timestamp": moment,
            "traits": {name: row[f"trait:{name}"] for name in NAMES} | changed,
        }
        for number, row in enumerate(rows, first)
    ]


def sent(client, batch) -> None:
    for start in range(0, len(batch), 200):
        told = client.post("/v1/batch", json={"batch": batch[start : start + 200]}).json()
        assert told["rejected"] == []


def compared(client) -> dict:
    """Once all visitors were looked at with the personas of now."""
    for _ in range(20):
        told = client.get(DRIFT).json()
        if told["current"]:
            return told
    raise TimeoutError(told["text"])


def looked_at_again(client) -> None:
    """People's decisions change, and so who belongs to which persona."""
    persona = client.get("/v1/personas").json()["data"][0]
    renamed = client.patch(f"/v1/personas/{persona['id']}", json={"name": f"{persona['name']} !"})
    assert renamed.status_code == 200


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    service = Service(tmp_path_factory.mktemp("drift") / "data")
    service.start()
    with service.client() as client:
        untrained = compared(client)
        sent(client, identified(drawn(400, 0.0, seed=3).rows, 0, "2026-05-01T10:00:00Z"))
        started = client.post("/v1/jobs", json={"kind": "train", "models": ["personas"]})
        assert ended(client, started.headers["location"])["status"] == "succeeded"
    yield service, untrained
    service.stop()


def test_without_a_key_nobody_is_told(trained):
    for key, status in ((None, 401), (PUBLISHABLE, 403)):
        with trained[0].client(key) as other:
            assert other.get(DRIFT).status_code == status


def test_a_site_without_personas_is_told_so(trained):
    _, told = trained
    assert (told["verdict"], told["modelVersion"]) == ("too-little-known", None)
    assert told["personas"] == told["features"] == []


def test_the_visitors_of_the_fit_are_steady_and_others_are_found(trained):
    with trained[0].client() as client:
        before = compared(client)
        assert before["verdict"] == "steady"
        assert before["visitors"] == {"then": 400, "now": 400}
        assert sum(each["share"] for each in before["personas"]) == pytest.approx(1.0)
        sent(client, identified(drawn(300, 0.0, seed=5).rows, 1000, "2026-07-01T10:00:00Z"))
        looked_at_again(client)
        alike = compared(client)
        assert (alike["verdict"], alike["visitors"]["now"]) == ("steady", 300)
        others = identified(
            drawn(300, 0.0, seed=6).rows, 2000, "2026-09-01T10:00:00Z", plan="trial"
        )
        sent(client, others)
        looked_at_again(client)
        after = compared(client)
    assert after["verdict"] == "shifted"
    assert after["features"][0]["feature"] == "plan"
    assert "100% of visitors now" in after["features"][0]["text"]
    assert after["ageSeconds"] >= 0
    assert after["learnedUntil"].startswith("2026-05-01")
    assert after["newestMessageAt"].startswith("2026-09-01")
