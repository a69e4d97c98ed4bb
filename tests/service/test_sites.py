"""What people set for a site: it holds at once, it is checked, and it outlives a restart."""

from __future__ import annotations

import pytest

from personas.entities import LADDER, VisitorKey
from personas.errors import UnknownName
from personas.journeys import BUILT_IN
from service.sites import Site, journey_of

OWN = {
    "name": "Ours",
    "phases": [
        {"id": "curious", "name": "Curious", "of": list(LADDER[:3])},
        {"id": "customer", "of": list(LADDER[3:])},
    ],
}


def test_all_built_in_journeys_are_listed_and_each_is_a_view_of_the_ladder(secret):
    listed = {journey["id"]: journey for journey in secret.get("/v1/journeys").json()["data"]}
    assert BUILT_IN.keys() <= listed.keys()
    for journey in listed.values():
        rungs = [rung for phase in journey["phases"] for rung in phase["of"]]
        assert sorted(rungs) == sorted(LADDER)


def test_a_journey_of_ones_own_is_used_from_the_next_answer_on(secret):
    assert secret.put("/v1/journeys/ours", json=OWN).json()["id"] == "ours"
    told = secret.get("/v1/visitors/user_id:new", params={"journey": "ours"}).json()
    assert told["phase"]["distribution"].keys() == {"curious", "customer"}
    assert sum(told["phase"]["distribution"].values()) == pytest.approx(1.0, abs=1e-9)
    assert secret.get("/v1/journeys/ours").json()["phases"][1]["name"] == "customer"
    assert secret.delete("/v1/journeys/ours").status_code == 204
    assert secret.get("/v1/journeys/ours").status_code == 404
    assert secret.delete("/v1/journeys/ours").status_code == 404


@pytest.mark.parametrize(
    ("phases", "pointer"),
    [
        ([{"id": "a", "of": ["awareness"]}, {"id": "b", "of": ["intent"]}], "/phases"),
        ([{"id": "a", "of": [*LADDER]}, {"id": "b", "of": ["intent"]}], "/phases/1/of/0"),
        ([{"id": "a", "of": ["nirvana"]}, {"id": "b", "of": [*LADDER]}], "/phases/0/of/0"),
        ([{"id": "a", "of": [*LADDER[:3]]}, {"id": "a", "of": [*LADDER[3:]]}], "/phases/1/id"),
        ([{"id": "a", "of": [*LADDER]}], "/phases"),
        ([], "/phases"),
    ],
)
def test_a_journey_that_is_no_view_is_refused_with_the_place(secret, phases, pointer):
    answer = secret.put("/v1/journeys/bad", json={"phases": phases})
    assert answer.status_code == 422
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}


def test_a_built_in_journey_stays_as_it_is(secret):
    assert secret.put("/v1/journeys/aida", json=OWN).json()["code"] == "built-in-journey"
    assert secret.delete("/v1/journeys/aida").status_code == 404


def test_an_unmapped_name_is_listed_until_somebody_maps_it(secret):
    for number in range(3):
        secret.post("/v1/track", json={"event": "Umbau geplant", "userId": f"u{number}"})
    unmapped = secret.get("/v1/event-names", params={"unmapped": True}).json()["data"]
    assert {"name": "Umbau geplant", "count": 3} in unmapped
    secret.put("/v1/event-names/Umbau%20geplant", json={"means": "intending"})
    named = secret.get("/v1/event-names").json()["data"]
    assert {"name": "Umbau geplant", "means": "intending"} in named
    unmapped = secret.get("/v1/event-names", params={"unmapped": True}).json()["data"]
    assert "Umbau geplant" not in {row["name"] for row in unmapped}


def test_a_meaning_holds_for_the_past_too(secret):
    secret.post("/v1/track", json={"event": "Kaufvertrag", "userId": "buyer"})
    before = secret.get("/v1/visitors/user_id:buyer").json()["phase"]["ladder"]["conversion"]
    secret.put("/v1/event-names/Kaufvertrag", json={"means": "Order Completed"})
    after = secret.get("/v1/visitors/user_id:buyer").json()["phase"]["ladder"]["conversion"]
    assert after > before
    assert secret.delete("/v1/event-names/Kaufvertrag").status_code == 204
    again = secret.get("/v1/visitors/user_id:buyer").json()["phase"]["ladder"]["conversion"]
    assert again == pytest.approx(before, rel=1e-3)


@pytest.mark.parametrize("meaning", ["", "nonsense", "other thing"])
def test_a_meaning_that_means_nothing_is_refused_and_choices_are_named(secret, meaning):
    told = secret.put("/v1/event-names/X", json={"means": meaning}).json()
    assert told["errors"][0]["pointer"] == "/means"
    assert "intending" in told["detail"]


def test_names_may_hold_slashes_and_umlauts(secret):
    for name in ("a%2Fb", "%C3%9Cber%20uns", "https%3A%2F%2Fx.example%2F%3Fq%3D1"):
        assert secret.put(f"/v1/event-names/{name}", json={"means": "liking"}).status_code == 200
        assert secret.delete(f"/v1/event-names/{name}").status_code == 204


def test_a_long_list_comes_in_pages_without_gap_or_repetition(secret):
    for number in range(7):
        secret.put(f"/v1/event-names/paged-{number}", json={"means": "liking"})
    seen, cursor = [], None
    while True:
        told = secret.get(
            "/v1/event-names",
            params={"limit": 2, "cursor": cursor or ""} if cursor else {"limit": 2},
        ).json()
        seen += [row["name"] for row in told["data"]]
        cursor = told["nextCursor"]
        if cursor is None:
            break
    assert seen == sorted(set(seen))
    assert {f"paged-{number}" for number in range(7)} <= set(seen)


def test_the_site_tells_its_identity_secret_to_secret_keys_alone(secret, publishable):
    assert len(secret.get("/v1/site").json()["identitySecret"]) >= 32
    assert publishable.get("/v1/site").status_code == 403


def test_sensitive_attributes_stay_out_until_somebody_decides(secret):
    assert Site("new").allow_sensitive is False
    for decided in (True, False):
        told = secret.patch("/v1/site", json={"allowSensitive": decided}).json()
        assert told["allowSensitive"] is decided
        assert secret.get("/v1/site").json()["allowSensitive"] is decided
    assert secret.patch("/v1/site", json={"allowsensitive": True}).status_code == 422


def test_what_was_set_outlives_a_restart(new_service):
    service = new_service()
    service.start()
    with service.client() as client:
        client.put("/v1/journeys/ours", json=OWN)
        client.put("/v1/event-names/Zap", json={"means": "liking"})
        key = client.post("/v1/keys", json={"kind": "content"}).json()
    service.stop()
    service.start()
    with service.client() as client:
        assert client.get("/v1/journeys/ours").status_code == 200
        assert client.get("/v1/event-names").json()["data"] == [{"name": "Zap", "means": "liking"}]
        assert key["id"] in {row["id"] for row in client.get("/v1/keys").json()["data"]}


def test_a_name_without_meaning_is_told_with_its_choices():
    with pytest.raises(UnknownName, match="classic-5"):
        Site("s").journey("nowhere")
    assert Site("s").journey("aida").id == "aida"
    own = Site("s", journeys={"ours": journey_of("ours", OWN)})
    assert own.journey("ours").phases[0].of == LADDER[:3]
    assert str(VisitorKey("user_id", "1")) == "user_id:1"
