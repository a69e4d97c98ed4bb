"""Experiments, evaluations, caches and next touchpoints, asked of the running service."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from tests.builders import identify, page, track
from tests.stories.test_recommendations import Corner, fresh, sent, viewed

ARMS = [{"id": "now"}, {"id": "none", "holdOut": True}]


def job_result(client, **question) -> dict:
    """What came of an evaluation."""
    started = client.post("/v1/jobs", json={"kind": "evaluate", **question})
    assert started.status_code == 202, started.text
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        job = client.get(started.headers["Location"]).json()
        if job["status"] in ("succeeded", "failed"):
            return job
        time.sleep(0.1)
    raise TimeoutError(job)


@pytest.fixture
def experiment(secret):
    """One in a slot of its own; taken back afterwards."""
    name, slot = fresh("e"), fresh("slot")
    put = secret.put(f"/v1/experiments/{name}", json={"arms": ARMS, "slots": [slot]})
    assert put.status_code == 200, put.text
    yield name, slot
    assert secret.delete(f"/v1/experiments/{name}").status_code == 204


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("put", "/v1/experiments/e"),
        ("get", "/v1/experiments"),
        ("get", "/v1/experiments/e"),
        ("delete", "/v1/experiments/e"),
        ("post", "/v1/touchpoints:next"),
    ],
)
def test_nobody_is_answered_without_a_key(nobody, publishable, method, path):
    body = None if method in ("get", "delete") else {}
    assert nobody.request(method, path, json=body).status_code == 401
    assert publishable.request(method, path, json=body).status_code == 403


# --- experiments ----------------------------------------------------------------------------------


def arm_of(corner, visitor: str, slot: str, **fields) -> str:
    return corner.ask(visitor, slot=slot, **fields)["experiment"]["arm"]


def test_a_visitor_keeps_its_arm_also_when_a_second_device_joins(secret, experiment):
    corner, (_, slot) = Corner(secret), experiment
    for _ in range(6):
        early, late, person = fresh(), fresh(), fresh("u")
        sent(
            secret,
            page(fresh("m"), "2026-11-01T10:00:00Z", anonymousId=early),
            page(fresh("m"), "2026-11-05T10:00:00Z", anonymousId=late),
        )
        arm = arm_of(corner, early, slot)
        assert arm == arm_of(corner, early, slot)
        sent(
            secret,
            identify(fresh("m"), "2026-11-06T10:00:00Z", anonymousId=early, userId=person),
            identify(fresh("m"), "2026-11-07T10:00:00Z", anonymousId=late, userId=person),
        )
        assert arm_of(corner, early, slot) == arm
        assert arm_of(corner, late, slot) == arm


def test_an_experiment_holds_in_its_slots_only_and_until_it_is_stopped(secret, experiment):
    corner, (name, slot) = Corner(secret), experiment
    visitor = fresh()
    assert corner.ask(visitor)["experiment"] is None
    assert corner.ask(visitor, slot=slot)["experiment"]["id"] == name
    assert corner.ask(slot=slot)["experiment"] is None, "nobody is not parted"
    stopped = {"arms": ARMS, "slots": [slot], "status": "stopped"}
    assert secret.put(f"/v1/experiments/{name}", json=stopped).status_code == 200
    assert corner.ask(visitor, slot=slot)["experiment"] is None


def test_held_out_visitors_all_get_the_same_list(secret, experiment):
    corner, (_, slot) = Corner(secret), experiment
    lists = set()
    for _ in range(12):
        visitor = fresh()
        told = corner.ask(visitor, slot=slot, events=[viewed(visitor, corner.ids[3])])
        if told["experiment"]["arm"] == "none":
            lists.add(tuple(sorted(item["contentId"] for item in told["items"])))
    assert lists == {tuple(sorted(corner.ids))}


def test_an_arm_changes_its_slot(secret):
    corner, name, slot = Corner(secret), fresh("e"), fresh("slot")
    arms = [{"id": "a"}, {"id": "b", "slot": {"pins": [corner.ids[4]], "count": 2}}]
    secret.put(f"/v1/experiments/{name}", json={"arms": arms, "slots": [slot]})
    for _ in range(8):
        told = corner.ask(fresh(), slot=slot, count=None)
        if told["experiment"]["arm"] == "b":
            assert told["items"][0]["contentId"] == corner.ids[4]
            assert len(told["items"]) == 2
    secret.delete(f"/v1/experiments/{name}")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"arms": [{"id": "a"}]}, "/arms"),
        ({"arms": [{"id": "a"}, {"id": "a"}]}, "/arms"),
        ({"arms": [{"id": "a"}, {"id": "b", "version": "20200101-000000-abcd"}]},
         "/arms/1/version"),
        ({"arms": [{"id": "a"}, {"id": "b", "slot": {"diversity": 7}}]}, "/arms/1/slot/diversity"),
        ({"arms": [{"id": "a"}, {"id": "b", "slot": {"filter": {"colour": "red"}}}]},
         "/arms/1/slot/filter/colour"),
    ],
)  # fmt: skip
def test_an_experiment_that_cannot_run_is_refused_where_it_is_wrong(secret, body, pointer):
    refused = secret.put("/v1/experiments/never", json=body)
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert secret.get("/v1/experiments/never").status_code == 404


def test_results_come_from_the_log_and_stay_with_the_experiment(secret, experiment):
    corner, (name, slot) = Corner(secret), experiment
    parted: Counter[str] = Counter()
    for _ in range(10):
        visitor = fresh()
        told = corner.ask(visitor, slot=slot)
        parted[told["experiment"]["arm"]] += 1
        clicked = {
            "recommendationId": told["recommendationId"],
            "contentId": told["items"][0]["contentId"],
        }
        sent(
            secret,
            track("Recommendation Clicked", fresh("m"), anonymousId=visitor, properties=clicked),
        )
    result = job_result(secret, experiment=name)["result"]
    assert result["visitors"] == 10
    assert result["sampleRatio"]["isSound"]
    assert {arm["arm"]: arm["visitors"] for arm in result["clicks"]} == {
        "now": parted["now"],
        "none": parted["none"],
    }
    assert all(arm["mean"]["value"] == 1.0 for arm in result["clicks"] if arm["visitors"])
    kept = secret.get(f"/v1/experiments/{name}").json()
    assert kept["results"]["visitors"] == 10


# --- propensities ---------------------------------------------------------------------------------


def test_items_come_as_often_as_stated_with_pins_boosts_caps_and_diversity(secret):
    corner, slot = Corner(secret).until_embedded(), fresh("slot")
    secret.put(
        f"/v1/slots/{slot}",
        json={
            "exploration": 0.9,
            "diversity": 0.3,
            "pins": [corner.ids[0]],
            "exclude": [corner.ids[1]],
            "boosts": [{"filter": {"tags": [corner.tag]}, "weight": 0.5}],
            "frequencyCap": 3,
        },
    )
    asks = 400
    drawn: Counter[str] = Counter()
    spread: Counter[str] = Counter()
    for _ in range(asks):
        items = corner.ask(fresh(), slot=slot, count=2, explain=False)["items"]
        assert (items[0]["contentId"], items[0]["propensity"]) == (corner.ids[0], 1.0)
        second = items[1]
        drawn[second["contentId"]] += 1 / second["propensity"]
        spread[second["contentId"]] += 1 / second["propensity"] ** 2
    assert set(drawn) == set(corner.ids[2:])
    for name, weight in drawn.items():  # each is shown as often as was stated: the mean is 1
        error = (spread[name] / asks - (weight / asks) ** 2) ** 0.5 / asks**0.5
        assert abs(weight / asks - 1) < 4 * error, name


# --- evaluations ----------------------------------------------------------------------------------


def test_few_answers_are_refused_in_words(secret):
    corner, slot = Corner(secret), fresh("slot")
    corner.ask(fresh(), slot=slot)
    job = job_result(secret, slot=slot)
    assert job["status"] == "succeeded", job["detail"]
    assert all(policy["refused"] for policy in job["result"]["policies"])
    assert "visitors" in job["result"]["policies"][0]["words"]
    unheard = job_result(secret, slot=fresh("slot"))
    assert unheard["status"] == "failed"
    assert "No answer" in unheard["detail"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "evaluate", "models": ["phases"]}, "/models"),
        ({"kind": "train", "slot": "a"}, "/slot"),
        ({"kind": "evaluate", "experiment": "unheard-of"}, "/experiment"),
        ({"kind": "evaluate", "policies": [{"version": "never"}]}, "/policies/0/version"),
        ({"kind": "evaluate", "policies": [{"slot": {"count": 0}}]}, "/policies/0/slot/count"),
    ],
)
def test_a_question_without_an_answer_is_refused_at_once(secret, body, pointer):
    refused = secret.post("/v1/jobs", json=body)
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["pointer"] == pointer


# --- caches ---------------------------------------------------------------------------------------


def test_ones_own_list_stays_private_and_is_not_sent_twice(publishable, secret):
    visitor = fresh()
    sent(secret, viewed(visitor, Corner(secret).ids[0]))
    asked = {"anonymousId": visitor, "slot": fresh("slot")}
    first = publishable.get("/v1/recommendations", params=asked)
    assert first.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in first.headers["vary"]
    known = {"If-None-Match": f'"something-else", {first.headers["etag"]}'}
    again = publishable.get("/v1/recommendations", params=asked, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = publishable.get("/v1/recommendations", params=asked | {"count": 1}, headers=known)
    assert other.status_code == 200


def test_a_variant_is_the_same_for_all_and_may_be_kept_by_caches(publishable, secret):
    Corner(secret)
    one = publishable.get("/v1/recommendations", params={"anonymousId": fresh(), "locale": "en"})
    key = one.json()["variantKey"]
    asked = {"variantKey": key, "count": 3}
    first = publishable.get("/v1/recommendations", params=asked)
    assert first.headers["cache-control"].startswith("public")
    assert first.json()["visitorId"] is None
    assert first.json()["variantKey"] == key
    same = publishable.get(
        "/v1/recommendations", params=asked, headers={"If-None-Match": first.headers["etag"]}
    )
    assert same.status_code == 304


def test_a_variant_is_nobodys_own_and_has_to_be_one(publishable):
    for asked in ({"variantKey": "p1.intent.en", "anonymousId": "a"}, {"variantKey": "intent"}):
        refused = publishable.get("/v1/recommendations", params=asked)
        assert refused.status_code == 422
        assert refused.json()["errors"]
    gone = publishable.get("/v1/recommendations", params={"variantKey": "pgone.intent.any"})
    assert gone.status_code == 200, "pages live longer than personas"


# --- next touchpoint ------------------------------------------------------------------------------


def test_the_next_touchpoint_is_ranked_with_nothing_now_among_them(secret):
    Corner(secret)
    visitor = fresh("u")
    sent(secret, page(fresh("m"), userId=visitor))
    told = secret.post("/v1/touchpoints:next", json={"visitor": f"user_id:{visitor}", "count": 50})
    rows = told.json()["data"]
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    chances = [row["probability"] for row in rows]
    assert chances == sorted(chances, reverse=True)
    assert sum(row["action"] == "nothing-now" for row in rows) == 1
    assert {row["channel"] for row in rows} >= {"email", "push", None}
    assert all(row["explanation"]["text"] for row in rows)
    assert all(row["contentId"] for row in rows if row["channel"])


def test_who_left_no_address_gets_no_mail_and_who_was_written_to_is_let_be(secret):
    Corner(secret)
    nameless, person = fresh(), fresh("u")
    sent(secret, page(fresh("m"), anonymousId=nameless), page(fresh("m"), userId=person))

    def asked(visitor: str) -> list[dict]:
        body = {"visitor": visitor, "channels": ["email"]}
        return secret.post("/v1/touchpoints:next", json=body).json()["data"]

    assert [row["channel"] for row in asked(f"anonymous_id:{nameless}")] == [None]
    before = asked(f"user_id:{person}")
    sent(secret, *(track("Email Delivered", fresh("m"), userId=person) for _ in range(3)))
    after = asked(f"user_id:{person}")
    assert max(row["probability"] for row in after if row["channel"]) < max(
        row["probability"] for row in before if row["channel"]
    )


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({}, "/visitor"), ({"visitor": "x"}, "/visitor"),
     ({"visitor": "user_id:x", "channels": ["search"]}, "/channels"),
     ({"visitor": "user_id:x", "journey": "none"}, "/journey")],
)  # fmt: skip
def test_a_wrong_question_for_the_next_touchpoint_says_where(secret, body, pointer):
    refused = secret.post("/v1/touchpoints:next", json=body)
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["pointer"] == pointer
