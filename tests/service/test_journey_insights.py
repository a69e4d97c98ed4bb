"""What marketers learn of journeys adds up, and agrees with asking for each visitor."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from tests.conftest import PUBLISHABLE, Service

MAP, FUNNEL = "/v1/insights/journey-map", "/v1/insights/funnel"
STEPS = ("page", "Pricing Viewed", "Demo Requested", "Order Completed", "Survey Answered")
VISITORS = 60


@pytest.fixture(scope="module")
def visited(tmp_path_factory):
    service = Service(tmp_path_factory.mktemp("journeys") / "data")
    service.start()
    with service.client() as client:
        content = {"title": "What a heat pump costs", "type": "guide"}
        assert client.put("/v1/content/costs", json=content).status_code == 200
        batch = [call(number, day) for number in range(VISITORS) for day in range(1 + number % 5)]
        assert client.post("/v1/batch", json={"batch": batch}).json()["rejected"] == []
    yield service
    service.stop()


def call(number: int, day: int) -> dict:
    name = STEPS[day]
    kind = {"type": "page"} if name == "page" else {"type": "track", "event": name}
    properties: dict = {"channel": ("search", "email")[number % 2]}
    if name == "page":
        properties |= {"contentId": "costs", "dwellMs": 30_000}
    if name == "Survey Answered":
        properties["nps"] = 10 - number % 3
    return kind | {
        "userId": f"v{number}",
        "timestamp": f"2026-10-{1 + day * 3:02}T10:00:{number:02}Z",
        "properties": properties,
    }


@pytest.mark.parametrize("path", [MAP, FUNNEL])
def test_nobody_learns_of_journeys_without_a_key_or_with_a_public_one(running_service, path):
    with running_service.client(None) as client:
        assert client.get(path).status_code == 401
    with running_service.client(PUBLISHABLE) as client:
        assert client.get(path).status_code == 403


@pytest.mark.parametrize("journey", ["classic-5", "aida", "lifecycle-7"])
def test_the_phases_hold_all_visitors_as_each_one_is_told(visited, journey):
    with visited.client() as client:
        told = client.get(MAP, params={"journey": journey}).json()
        assert told["visitors"] == pytest.approx(VISITORS)
        expected: Counter[str] = Counter()
        newest = "2026-10-13T10:00:59Z"
        for number in range(VISITORS):
            asked = {"journey": journey, "at": newest}
            each = client.get(f"/v1/visitors/user_id:v{number}", params=asked).json()
            expected.update(each["phase"]["distribution"])
    found = {phase["id"]: phase["visitors"] for phase in told["phases"]}
    assert found == pytest.approx(dict(expected), abs=1e-3)


def test_every_touchpoint_is_an_entry_or_a_move_and_has_a_channel(visited):
    with visited.client() as client:
        told = client.get(MAP).json()
    sent = sum(1 + number % 5 for number in range(VISITORS))
    assert sum(phase["touchpoints"] for phase in told["phases"]) == pytest.approx(sent)
    for phase in told["phases"]:
        inward = sum(each["count"] for each in told["transitions"] if each["to"] == phase["id"])
        assert phase["entered"] + inward == pytest.approx(phase["touchpoints"])
        by_channel = sum(row["visits"] for row in phase["channels"])
        assert by_channel == pytest.approx(phase["touchpoints"])
    events = Counter(row["event"] for phase in told["phases"] for row in phase["events"])
    assert events.keys() == set(STEPS)
    content = [row for phase in told["phases"] for row in phase["topContent"]]
    assert {row["title"] for row in content} == {"What a heat pump costs"}
    assert sum(row["touchpoints"] for row in content) == pytest.approx(VISITORS)


def test_experience_is_told_where_enough_visitors_spoke(visited):
    with visited.client() as client:
        phases = client.get(MAP).json()["phases"]
    ratings = sum(phase["experience"]["ratings"] for phase in phases)
    assert ratings == pytest.approx(VISITORS / 5)
    spoken = [phase["experience"] for phase in phases if phase["experience"]["nps"] is not None]
    assert spoken
    assert all(-100 <= each["nps"] <= 100 and 1 <= each["csat"] <= 5 for each in spoken)
    assert all(p["experience"]["nps"] is None for p in phases if p["experience"]["ratings"] < 5)
    read = [each for phase in phases if (each := phase["experience"]["dwellSeconds"])]
    assert read == pytest.approx([30.0] * len(read))


def test_a_funnel_narrows_and_begins_and_ends_where_one_asks(visited):
    with visited.client() as client:
        steps = client.get(FUNNEL, params={"from": "awareness", "to": "conversion"}).json()["steps"]
        whole = client.get(FUNNEL).json()["steps"]
    came = [step["visitors"] for step in whole]
    assert came[0] == pytest.approx(VISITORS)
    assert all(one >= other for one, other in pairwise(came))
    assert [step["id"] for step in steps] == [step["id"] for step in whole][: len(steps)]
    assert steps[-1]["id"] == "conversion"
    assert steps[-1]["ofFirst"] == pytest.approx(steps[-1]["visitors"] / steps[0]["visitors"])


def test_wrong_questions_say_what_could_be_asked(visited):
    with visited.client() as client:
        for path, asked, pointer in (
            (MAP, {"journey": "none"}, "/journey"),
            (MAP, {"personaId": "p_none"}, "/personaId"),
            (FUNNEL, {"from": "nowhere"}, "/from"),
            (FUNNEL, {"from": "conversion", "to": "awareness"}, "/to"),
        ):
            refused = client.get(path, params=asked)
            assert refused.status_code in (400, 404, 422), refused.text
            assert refused.json()["errors"][0]["pointer"] == pointer


def test_a_target_stands_beside_the_status_quo_until_it_is_taken_away(visited):
    path = "/v1/journeys/classic-5/targets"
    with visited.client() as client:
        assert client.put(path, json={"targets": {"intent": 0.4}}).json() == {
            "targets": {"intent": 0.4}
        }
        phases = {phase["id"]: phase for phase in client.get(MAP).json()["phases"]}
        assert phases["intent"]["target"] == pytest.approx(0.4)
        assert phases["consideration"]["target"] is None
        came, before = phases["intent"]["reached"], phases["consideration"]["reached"]
        assert phases["intent"]["ofStepBefore"] == pytest.approx(came / before)
        for wrong in ({"nowhere": 0.4}, {"intent": 1.4}):
            refused = client.put(path, json={"targets": wrong})
            assert refused.status_code in (400, 422)
            assert refused.json()["errors"][0]["pointer"].startswith("/targets")
        assert client.put(path, json={"targets": {}}).json() == {"targets": {}}
    with visited.client(None) as client:
        assert client.put(path, json={"targets": {}}).status_code == 401


def test_nothing_is_told_of_very_few_visitors(tmp_path):
    service = Service(tmp_path / "data")
    service.start()
    try:
        with service.client() as client:
            client.post("/v1/batch", json={"batch": [call(number, 0) for number in range(4)]})
            told = client.get(MAP).json()
            assert told["phases"] == []
            assert told["visitors"] is None
            assert "Fewer than 5" in told["text"]
    finally:
        service.stop()
