"""Who and where a visitor is, asked of the running service."""

from __future__ import annotations

import hmac
import json
import random
import shutil
import time
from hashlib import sha256
from math import log
from urllib.parse import quote
from uuid import uuid4

import pytest

from personas.entities import LADDER
from tests.builders import identify, page, track

DAY = 86_400


def fresh(word: str = "v") -> str:
    return f"{word}-{uuid4().hex[:10]}"


def day(number: float) -> str:
    return f"2026-03-{1 + int(number):02d}T{int(24 * (number % 1)):02d}:00:00Z"


def sent(client, *messages) -> dict:
    answer = client.post("/v1/batch", json={"batch": list(messages)})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert not told["rejected"], told
    return told


def visitor(client, key: str, **parameters) -> dict:
    answer = client.get(f"/v1/visitors/{quote(key, safe='')}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ladder(client, key: str, **parameters) -> list[float]:
    phase = visitor(client, key, **parameters)["phase"]
    return [phase["ladder"][rung] for rung in LADDER]


def way(name: str) -> list[dict]:
    """A week on a site."""
    return [
        page(f"{name}-1", day(0), anonymousId=name, properties={"contentId": "/guides/x"}),
        track("Comparison Viewed", f"{name}-2", day(1), anonymousId=name),
        track("Pricing Viewed", f"{name}-3", day(2.5), anonymousId=name),
        track("Product Added", f"{name}-4", day(6), anonymousId=name),
    ]


@pytest.mark.parametrize("path", ["", "/export"])
def test_a_visitor_is_not_read_without_a_key(nobody, publishable, path):
    assert nobody.get(f"/v1/visitors/anonymous_id%3Aa{path}").status_code == 401
    assert publishable.get(f"/v1/visitors/anonymous_id%3Aa{path}").status_code == 403


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", ""), ("POST", "/merge"), ("POST", "/unmerge")]
)
def test_a_visitor_is_not_changed_without_a_secret_key(nobody, publishable, method, path):
    for client, status in ((nobody, 401), (publishable, 403)):
        answer = client.request(method, f"/v1/visitors/anonymous_id%3Aa{path}", json={})
        assert answer.status_code == status


def test_an_unknown_visitor_has_the_prior_and_is_no_error(secret):
    one, other = (visitor(secret, key) for key in ("user_id:nobody/at all?", "anonymous_id:none"))
    assert one["evidenceCount"] == 0
    assert one["lastSeenAt"] is None
    assert one["phase"]["ladder"] == other["phase"]["ladder"]
    assert one["phase"]["evidence"] == []


@pytest.mark.parametrize("key", ["123", "email:x", "user_id:", "user_id:" + "x" * 257])
def test_a_key_that_names_no_kind_of_id_is_refused_with_words(secret, key):
    answer = secret.get(f"/v1/visitors/{quote(key, safe='')}")
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_evidence_adds_up_to_the_answer(secret):
    name = fresh()
    sent(secret, *way(name))
    belief = visitor(secret, f"anonymous_id:{name}", at=day(9))["phase"]
    told = belief["priorLogOdds"] + sum(item["logOdds"] for item in belief["evidence"])
    odds = log(belief["probability"] / (1 - belief["probability"]))
    assert told == pytest.approx(odds, abs=1e-6)
    assert sum(belief["distribution"].values()) == pytest.approx(1)


def test_the_last_click_changes_the_next_answer(secret):
    name = fresh()
    sent(secret, *way(name))
    before = ladder(secret, f"anonymous_id:{name}", at=day(7))
    sent(secret, track("Order Completed", f"{name}-5", day(6.5), anonymousId=name))
    after = ladder(secret, f"anonymous_id:{name}", at=day(7))
    assert after[4] > before[4] + 0.2


def test_the_order_of_arrival_and_repetitions_do_not_matter(secret):
    tidy, mixed = fresh("tidy"), fresh("mixed")
    sent(secret, *way(tidy))
    messages = way(mixed)
    random.Random(3).shuffle(messages)
    for message in [*messages, *messages[:2]]:
        sent(secret, message)
    assert ladder(secret, f"anonymous_id:{tidy}", at=day(8)) == ladder(
        secret, f"anonymous_id:{mixed}", at=day(8)
    )


def test_as_of_then_nothing_later_is_known(secret):
    whole, half = fresh("whole"), fresh("half")
    sent(secret, *way(whole))
    sent(secret, *way(half)[:2])
    at = day(2)
    assert ladder(secret, f"anonymous_id:{whole}", at=at) == ladder(
        secret, f"anonymous_id:{half}", at=at
    )


@pytest.mark.parametrize("link_first", [True, False])
def test_two_devices_of_one_user_are_one_visitor(secret, link_first):
    phone, laptop, user = fresh("phone"), fresh("laptop"), fresh("user")
    messages = way(phone)
    for message in messages[1::2]:
        message["anonymousId"] = laptop
    links = [
        identify(f"{user}-{device}", day(6.5), anonymousId=device, userId=user)
        for device in (phone, laptop)
    ]
    sent(secret, *(links + messages if link_first else messages + links))
    alone = fresh("alone")
    sent(secret, *way(alone))
    expected = ladder(secret, f"anonymous_id:{alone}", at=day(8))
    for key in (f"user_id:{user}", f"anonymous_id:{phone}", f"anonymous_id:{laptop}"):
        assert ladder(secret, key, at=day(8)) == pytest.approx(expected, abs=1e-12)


def test_a_link_is_not_known_before_it_was_told(secret):
    device, user = fresh("device"), fresh("user")
    sent(secret, *way(device), identify(f"{user}-1", day(6.5), anonymousId=device, userId=user))
    assert visitor(secret, f"user_id:{user}", at=day(6))["evidenceCount"] == 0
    assert visitor(secret, f"user_id:{user}", at=day(7))["evidenceCount"] == 4


def test_merged_visitors_come_apart_again_as_they_were(secret):
    one, other = fresh("one"), fresh("other")
    sent(secret, *way(one))
    sent(secret, track("Support Ticket Opened", f"{other}-1", day(3), anonymousId=other))
    keys = [f"anonymous_id:{one}", f"anonymous_id:{other}"]
    before = [ladder(secret, key, at="2027-01-01T00:00:00Z") for key in keys]
    path = f"/v1/visitors/{quote(keys[0], safe='')}"
    merged = secret.post(f"{path}/merge", json={"with": keys[1]}).json()
    assert len(merged["ids"]) == 2
    joint = [ladder(secret, key, at="2027-01-01T00:00:00Z") for key in keys]
    assert joint[0] == joint[1] != before[0]
    parted = secret.post(f"{path}/unmerge", json={"id": keys[1]}).json()
    assert len(parted["ids"]) == 1
    assert [ladder(secret, key, at="2027-01-01T00:00:00Z") for key in keys] == before


def test_a_publishable_key_cannot_claim_a_user_without_its_hash(secret, publishable):
    device, user = fresh("device"), fresh("user")
    claim = identify(f"{user}-1", day(1), anonymousId=device, userId=user, traits={"plan": "gold"})
    assert sent(publishable, claim)["accepted"] == 1
    assert visitor(secret, f"user_id:{user}", include="traits")["traits"] == {}
    assert len(visitor(secret, f"anonymous_id:{device}")["ids"]) == 1


def test_a_publishable_key_claims_a_user_with_the_hash_that_only_the_site_can_make(
    secret, publishable
):
    identity = secret.get("/v1/site").json()["identitySecret"]
    device, user, other = fresh("device"), fresh("user"), fresh("user")
    proof = hmac.new(identity.encode(), user.encode(), sha256).hexdigest()
    for claimed in (other, user):  # one hash claims no other user
        message = identify(
            f"{claimed}-1", day(1), anonymousId=device, userId=claimed, userHash=proof,
            traits={"plan": "gold"},
        )  # fmt: skip
        assert sent(publishable, message)["accepted"] == 1
    found = visitor(secret, f"anonymous_id:{device}", include="traits")
    assert [each["id"] for each in found["ids"]] == [user, device]
    assert found["traits"] == {"plan": "gold"}
    for claim in ({"userId": user}, {"userId": user, "userHash": proof}):  # nor by an alias
        alias = {"type": "alias", "previousId": other, "messageId": fresh(), **claim}
        publishable.post("/v1/batch", json={"batch": [alias]})
    assert f"user_id:{other}" not in {
        f"{each['type']}:{each['id']}" for each in visitor(secret, f"user_id:{user}")["ids"]
    }
    assert len(visitor(secret, f"user_id:{other}")["ids"]) == 1


def test_what_is_included_is_told(secret):
    name = fresh()
    sent(secret, identify(f"{name}-0", day(0), anonymousId=name, traits={"role": "buyer"}))
    sent(secret, *way(name))
    told = visitor(secret, f"anonymous_id:{name}", include="traits,touchpoints")
    assert told["traits"] == {"role": "buyer"}
    assert len(told["touchpoints"]) == 4
    answer = secret.get(f"/v1/visitors/anonymous_id%3A{name}", params={"include": "shoe size"})
    assert answer.status_code == 422


def test_every_journey_is_the_exact_sum_of_its_rungs(secret):
    name = fresh()
    sent(secret, *way(name))
    for journey in secret.get("/v1/journeys").json()["data"]:
        phase = visitor(secret, f"anonymous_id:{name}", journey=journey["id"], at=day(8))["phase"]
        for each in journey["phases"]:
            expected = sum(phase["ladder"][rung] for rung in each["of"])
            assert phase["distribution"][each["id"]] == pytest.approx(expected, abs=1e-12)


def test_an_erased_visitor_is_gone_and_stays_gone(new_service):
    service = new_service()
    service.start()
    name = "canary-" + fresh()
    with service.client() as client:
        sent(client, *way(name))
        exported = client.get(f"/v1/visitors/anonymous_id%3A{name}/export").json()
        assert len(exported["touchpoints"]) == 4
        assert client.delete(f"/v1/visitors/anonymous_id%3A{name}").status_code == 204
        assert visitor(client, f"anonymous_id:{name}")["evidenceCount"] == 0
    service.stop()
    shutil.rmtree(service.data_dir / "store")
    service.start()
    with service.client() as client:
        assert visitor(client, f"anonymous_id:{name}")["evidenceCount"] == 0
    service.stop()
    for path in service.data_dir.rglob("*"):
        if path.is_file() and "store" not in path.parts:
            assert name.encode() not in path.read_bytes(), path


def test_an_emptied_store_is_rebuilt_from_the_log(new_service):
    service = new_service()
    service.start()
    names = [fresh() for _ in range(20)]
    user = fresh("user")
    with service.client() as client:
        for name in names:
            sent(client, *way(name))
        sent(client, identify(f"{user}-1", day(7), anonymousId=names[0], userId=user))
        client.put("/v1/journeys/own", json=json.loads(OWN))
        before = [ladder(client, f"anonymous_id:{name}", at=day(9)) for name in names]
    service.stop()
    shutil.rmtree(service.data_dir / "store")
    service.start()
    with service.client() as client:
        assert "own" in {each["id"] for each in client.get("/v1/journeys").json()["data"]}
        wait_for(lambda: visitor(client, f"user_id:{user}", at=day(9))["evidenceCount"] == 4)
        assert [ladder(client, f"anonymous_id:{name}", at=day(9)) for name in names] == before


OWN = """{"name": "Own", "phases": [
  {"id": "before", "name": "Before",
   "of": ["awareness", "favorability", "consideration", "intent"]},
  {"id": "since", "name": "Since", "of": ["conversion", "after-sales", "loyalty"]}]}"""


def wait_for(condition, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)


def test_a_touchpoint_that_comes_late_to_a_long_history_is_put_in_its_place(secret):
    tidy, late = fresh("tidy"), fresh("late")

    def visit(name: str, number: int) -> dict:
        event = (
            "Order Completed" if number == 3 else "Pricing Viewed" if number % 7 else "Logged In"
        )
        return track(event, f"{name}-{number}", day(number / 10), anonymousId=name)

    sent(secret, *(visit(tidy, number) for number in range(260)))
    sent(secret, *(visit(late, number) for number in range(260) if number != 3))
    sent(secret, visit(late, 3))
    keys = [f"anonymous_id:{name}" for name in (tidy, late)]
    wait_for(lambda: visitor(secret, keys[1])["evidenceCount"] == 260, 20)
    assert ladder(secret, keys[0], at=day(30)) == pytest.approx(
        ladder(secret, keys[1], at=day(30)), abs=1e-12
    )


# --- absurd merges --------------------------------------------------------------------------------


def test_an_id_that_would_join_hundreds_is_refused_and_that_is_reported(new_service):
    service = new_service()
    service.start()
    account, kiosk = fresh("account"), fresh("kiosk")
    with service.client() as client:
        assert client.get("/health/ready").json()["refusedLinks"] == []
        sent(client, *(
            identify(f"{account}-{n}", day(1), anonymousId=f"device-{n}", userId=account)
            for n in range(120)
        ))  # fmt: skip
        sent(client, *(
            identify(f"{kiosk}-{n}", day(1), anonymousId=kiosk, userId=f"guest-{n}")
            for n in range(15)
        ))  # fmt: skip
        told = visitor(client, f"user_id:{account}")
        assert len(told["ids"]) == 51
        assert [each["code"] for each in told["warnings"]] == ["too-many-links"]
        assert told["warnings"][0]["id"] == {"type": "user_id", "id": account}
        joined = {each["id"] for each in told["ids"]}
        left_out = next(f"device-{n}" for n in range(120) if f"device-{n}" not in joined)
        assert len(visitor(client, f"anonymous_id:{left_out}")["ids"]) == 1
        guest = visitor(client, "user_id:guest-1")
        assert len(guest["ids"]) == 1
        assert [each["code"] for each in guest["warnings"]] == ["shared-id"]
        assert visitor(client, "anonymous_id:nobody")["warnings"] == []
        reported = client.get("/health/ready").json()["refusedLinks"]
        assert reported == [{"site": "default", "count": 71}]
        metrics = client.get("/metrics").text
    assert 'fingerpost_links_refused_total{reason="full",site="default"} 70.0' in metrics
    assert 'fingerpost_links_refused_total{reason="shared",site="default"} 1.0' in metrics
    service.stop()
    log = service.log.read_text()
    assert log.count("links-refused") == 2
    assert account not in log
