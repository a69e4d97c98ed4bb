"""Marketers see their personas, change them at once, and nobody is found out in a small group."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from tests.conftest import PUBLISHABLE, Service
from tests.personas.populations import drawn
from tests.service.test_jobs import ended

NAMES = ("role", "plan", "size", "income")
VISITORS = 240


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A service that has learned personas of made-up visitors."""
    service = Service(tmp_path_factory.mktemp("personas") / "data")
    service.start()
    rows = drawn(VISITORS, 0.0, seed=3).rows
    batch = [
        {
            "type": "identify",
            "userId": f"u{number}",
            "timestamp": "2026-05-01T10:00:00Z",
            "traits": {name: row[f"trait:{name}"] for name in NAMES},
        }
        for number, row in enumerate(rows)
    ]
    with service.client() as client:
        assert client.post("/v1/batch", json={"batch": batch}).json()["rejected"] == []
        started = client.post("/v1/jobs", json={"kind": "train", "models": ["personas"]})
        job = ended(client, started.headers["location"])
        assert job["status"] == "succeeded", job
    yield service
    service.stop()


@pytest.fixture
def client(trained):
    with trained.client() as opened:
        yield opened


def active(client) -> list[dict]:
    listed = client.get("/v1/personas").json()["data"]
    return [persona for persona in listed if persona["status"] == "active"]


def asked(client, traits, visitor="someone"):
    told = {"type": "identify", "userId": visitor, "traits": traits}
    assert client.post("/v1/batch", json={"batch": [told]}).json()["rejected"] == []
    return client.get(f"/v1/visitors/{quote(f'user_id:{visitor}')}").json()["persona"]


def test_a_publishable_key_sees_no_persona(trained):
    with trained.client(PUBLISHABLE) as public:
        assert public.get("/v1/personas").status_code == 403


def test_each_persona_tells_what_the_contract_says(client):
    fields = {
        *("id", "name", "description", "origin", "status", "share", "size"),
        *("traits", "phases", "channels", "topContent", "quality"),
    }
    personas = active(client)
    assert len(personas) >= 2
    for persona in personas:
        assert fields <= set(client.get(f"/v1/personas/{persona['id']}").json())
        assert {"feature", "value", "lift"} <= set(persona["traits"][0])
    everyone = sum(persona["size"] for persona in personas)
    shares = [persona["share"] for persona in personas]
    assert shares == pytest.approx([persona["size"] / everyone for persona in personas])


def test_an_unknown_persona_is_not_found(client):
    answer = client.get("/v1/personas/p_nobody")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-persona")


def test_a_new_name_is_seen_at_once_by_visitors_too(client):
    persona = asked(client, {"role": "engineer", "plan": "pro"}, "namer")
    changed = client.patch(f"/v1/personas/{persona['id']}", json={"name": "The builders"})
    assert changed.json()["name"] == "The builders"
    again = asked(client, {"role": "engineer", "plan": "pro"}, "namer")
    assert (again["id"], again["name"]) == (persona["id"], "The builders")


@pytest.mark.parametrize("body", [{"name": ""}, {"colour": "red"}, {"status": "asleep"}, []])
def test_changes_nobody_can_make_are_refused_with_a_pointer(client, body):
    answer = client.patch(f"/v1/personas/{active(client)[0]['id']}", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_a_persona_that_is_part_of_another_cannot_be_in_use_again(client):
    drawn = [
        client.post(
            "/v1/personas", json={"name": name, "traits": [{"feature": "pet", "value": pet}]}
        )
        for name, pet in (("Cats", "cat"), ("Dogs", "dog"))
    ]
    ids = [answer.json()["id"] for answer in drawn]
    client.post("/v1/personas:merge", json={"ids": ids})
    assert asked(client, {"pet": "dog"}, "dog")["id"] == ids[0]
    refused = client.patch(f"/v1/personas/{ids[1]}", json={"status": "active"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/status")
    retired = client.patch(f"/v1/personas/{ids[0]}", json={"status": "retired"})
    assert retired.json()["status"] == "retired"
    back = client.patch(f"/v1/personas/{ids[0]}", json={"status": "active"})
    assert back.json()["status"] == "active"
    client.patch(f"/v1/personas/{ids[0]}", json={"status": "retired"})


def test_a_persona_drawn_by_hand_answers_at_once(client):
    drawing = {
        "name": "Night bakers",
        "traits": [{"feature": "trade", "value": "baker"}, {"feature": "hour", "value": "night"}],
    }
    made = client.post("/v1/personas", json=drawing)
    assert made.status_code == 201
    assert made.json()["origin"] == "manual"
    assert asked(client, {"trade": "baker"}, "baker")["id"] == made.json()["id"]
    client.patch(f"/v1/personas/{made.json()['id']}", json={"status": "retired"})


def visitors_of(client, persona: str, **asked) -> dict:
    """Of a persona, once all visitors were looked at with the personas of now."""
    for _ in range(20):
        listed = client.get(f"/v1/personas/{persona}/visitors", params=asked).json()
        if "detail" not in listed:
            return listed
    raise TimeoutError(listed["detail"])


def test_a_decision_while_visitors_are_looked_at_is_looked_at_next(client, trained):
    persona = active(client)[0]["id"]
    for name in ("The early name", "The last name"):
        client.patch(f"/v1/personas/{persona}", json={"name": name, "locked": True})
        with trained.client() as other, ThreadPoolExecutor(1) as beside:
            listing = beside.submit(other.get, f"/v1/personas/{persona}/visitors")
            time.sleep(0.3)
            client.patch(f"/v1/personas/{persona}", json={"locked": False})
            listing.result()
    assert visitors_of(client, persona)["data"]


def largest_of(client) -> str:
    return max(active(client), key=lambda persona: persona["size"])["id"]


def test_its_visitors_are_listed_the_surest_first(client):
    rows = visitors_of(client, largest_of(client))["data"]
    assert len(rows) >= 5
    assert [r["probability"] for r in rows] == sorted(
        (r["probability"] for r in rows), reverse=True
    )


def test_every_visitor_is_listed_under_the_persona_that_it_is_told_to_be(client):
    for persona in active(client):
        rows = visitors_of(client, persona["id"], limit=1000)["data"]
        for row in rows[:20]:
            key = "{type}:{id}".format(**row["ids"][0])
            told = client.get(f"/v1/visitors/{quote(key)}").json()
            assert told["visitorId"] == row["visitorId"]
            assert told["persona"]["id"] == persona["id"]
            assert told["persona"]["probability"] == pytest.approx(row["probability"], abs=1e-9)


def test_pages_hold_everyone_once(client):
    persona = largest_of(client)
    whole = visitors_of(client, persona, limit=1000)
    assert whole["nextCursor"] is None
    rows, cursor = [], None
    while True:
        asked = {"limit": 7} | ({"cursor": cursor} if cursor else {})
        page = visitors_of(client, persona, **asked)
        rows += page["data"]
        if (cursor := page["nextCursor"]) is None:
            break
    assert rows == whole["data"]


def test_who_is_erased_is_gone_from_the_list_at_once(client, trained):
    persona = largest_of(client)
    before = visitors_of(client, persona, limit=1000)["data"]
    gone = before[3]["ids"][0]["id"]
    assert client.delete(f"/v1/visitors/{quote(f'user_id:{gone}')}").status_code == 204
    after = client.get(f"/v1/personas/{persona}/visitors", params={"limit": 1000}).json()["data"]
    assert after == [row for row in before if row["ids"][0]["id"] != gone]
    [census] = trained.data_dir.glob("census/*/census.sqlite")
    assert f'user_id:{gone}"'.encode() not in census.read_bytes()


def test_a_group_of_fewer_than_five_is_not_listed(client):
    drawing = {"name": "Only one", "traits": [{"feature": "trade", "value": "glassblower"}]}
    made = client.post("/v1/personas", json=drawing).json()
    assert asked(client, {"trade": "glassblower"}, "lonely")["id"] == made["id"]
    listed = visitors_of(client, made["id"])
    assert (listed["data"], listed["nextCursor"]) == ([], None)
    client.patch(f"/v1/personas/{made['id']}", json={"status": "retired"})


def test_merging_needs_two_that_there_are(client):
    persona = active(client)[0]["id"]
    for ids in ([persona], [persona, persona], [persona, "p_nobody"]):
        answer = client.post("/v1/personas:merge", json={"ids": ids})
        assert answer.status_code == 422, ids


def test_merged_personas_are_one_at_once(client):
    one, other = (persona["id"] for persona in active(client)[:2])
    merged = client.post("/v1/personas:merge", json={"ids": [one, other]})
    assert merged.json()["id"] == one
    assert other not in {persona["id"] for persona in active(client)}
    assert client.get(f"/v1/personas/{other}").json()["mergedInto"] == one


def test_a_split_waits_for_the_next_training(client):
    persona = active(client)[0]["id"]
    answer = client.post(f"/v1/personas/{persona}:split")
    assert answer.status_code == 202
    assert answer.json()["splitInto"].startswith("p_")


def test_before_any_training_there_is_everyone(new_service):
    service = new_service()
    service.start()
    with service.client() as fresh:
        persona = asked(fresh, {"role": "buyer"})
        assert (persona["id"], persona["probability"]) == ("p_everyone", 1.0)
        assert [each["name"] for each in active(fresh)] == ["Everyone"]
