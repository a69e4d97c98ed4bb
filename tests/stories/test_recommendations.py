"""What to show next, asked of the running service."""

from __future__ import annotations

import hmac
import time
from collections import Counter
from hashlib import sha256
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.builders import page, track

SOON, LATER = "2027-12-01T00:00:00Z", "2028-01-01T00:00:00Z"


def fresh(word: str = "v") -> str:
    return f"{word}-{uuid4().hex[:10]}"


class Corner:
    """Some content of its own on the running site, told from all other by a tag."""

    def __init__(self, client, count: int = 6, **fields) -> None:
        self.client, self.tag = client, fresh("tag")
        titles = [
            "Choosing a heat pump", "Heat pump and gas compared", "What a heat pump costs",
            "Baking bread at home", "Sourdough for beginners", "Ten cakes for a party",
        ]  # fmt: skip
        self.ids = [f"{self.tag}/{number}" for number in range(count)]
        self.put(
            {"id": name, "title": titles[k % 6], "tags": [self.tag]} | fields
            for k, name in enumerate(self.ids)
        )

    def put(self, items) -> None:
        answer = self.client.post("/v1/content:batch", json={"items": list(items)})
        assert answer.status_code == 200, answer.text
        assert not answer.json()["rejected"], answer.text

    def until_embedded(self) -> Corner:
        """The encoder starts beside the service; until then, nothing is like anything."""
        deadline = time.monotonic() + 60
        for name in self.ids:
            path = f"/v1/content/{quote(name, safe='')}"
            while not self.client.get(path).json()["embedded"]:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        return self

    def ask(self, visitor: str | None = None, client=None, **fields) -> dict:
        request = {"filter": {"tags": [self.tag]}, "count": 10} | fields
        if visitor is not None:
            request["anonymousId"] = visitor
        answer = (client or self.client).post("/v1/recommendations", json=request)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def listed(self, visitor: str | None = None, **fields) -> list[str]:
        return [item["contentId"] for item in self.ask(visitor, **fields)["items"]]


def sent(client, *messages) -> None:
    assert client.post("/v1/batch", json={"batch": list(messages)}).json()["success"]


def viewed(visitor: str, content: str, message: str | None = None) -> dict:
    return page(message or fresh("m"), anonymousId=visitor, properties={"contentId": content})


@pytest.mark.parametrize(
    ("method", "path"),
    [("post", "/v1/recommendations"), ("post", "/v1/recommendations:batch"),
     ("get", "/v1/recommendations"), ("put", "/v1/slots/a"), ("get", "/v1/slots")],
)  # fmt: skip
def test_nobody_is_answered_without_a_key(nobody, method, path):
    assert nobody.request(method, path, json={} if method != "get" else None).status_code == 401


def test_an_answer_has_all_that_the_contract_names(secret):
    corner = Corner(secret)
    answer = corner.ask(fresh(), count=2, slot="article-footer", journey="aida")
    assert answer["recommendationId"].startswith("r_")
    assert answer["slot"] == "article-footer"
    assert answer["visitorId"].startswith("v_")
    assert [item["rank"] for item in answer["items"]] == [1, 2]
    assert answer["phase"]["journey"] == "aida"
    assert 0 < answer["phase"]["probability"] <= 1
    assert 0 < answer["persona"]["probability"] <= 1
    assert answer["fallback"] in ("none", "persona-only", "phase-only", "popular", "newest")
    assert answer["degraded"] == []
    assert answer["variantKey"].count(".") == 2
    assert answer["tookMs"] > 0
    for item in answer["items"]:
        assert item["title"]
        assert item["propensity"] == 1.0


def test_reasons_add_up_to_the_score(secret):
    corner, visitor = Corner(secret), fresh()
    for item in corner.ask(visitor, events=[viewed(visitor, corner.ids[0])])["items"]:
        total = sum(reason["weight"] for reason in item["reasons"])
        assert total == pytest.approx(item["score"], abs=1e-9)
        assert all(reason["text"] for reason in item["reasons"])


def test_reasons_stay_away_where_they_are_not_wanted(secret):
    assert "reasons" not in Corner(secret).ask(fresh(), explain=False)["items"][0]


def test_an_event_changes_the_very_next_answer(secret):
    corner, visitor = Corner(secret), fresh()
    corner.until_embedded()
    seen = corner.ids[3]
    after = corner.listed(visitor, events=[viewed(visitor, seen)])
    assert seen not in after[:5]
    assert set(after[:2]) == {corner.ids[4], corner.ids[5]}, "more on baking comes first"


def test_events_of_a_request_are_kept_and_count_once(secret):
    corner, visitor = Corner(secret), fresh()
    event = viewed(visitor, corner.ids[0], "the-same-message" + visitor)
    for _ in range(3):
        corner.ask(visitor, events=[event])
    told = secret.get(f"/v1/visitors/anonymous_id%3A{visitor}").json()
    assert told["evidenceCount"] == 1


def test_what_was_seen_does_not_come_again_while_there_is_something_else(secret):
    corner, visitor = Corner(secret), fresh()
    sent(secret, *(viewed(visitor, name) for name in corner.ids[:4]))
    assert set(corner.listed(visitor, count=2)) == set(corner.ids[4:])


def test_a_list_is_filled_up_with_what_was_seen_rather_than_left_empty(secret):
    corner, visitor = Corner(secret), fresh()
    sent(secret, *(viewed(visitor, name) for name in corner.ids))
    assert set(corner.listed(visitor)) == set(corner.ids)


def test_what_was_dismissed_never_comes_again(secret):
    corner, visitor = Corner(secret), fresh()
    dismissed = {"contentId": corner.ids[2]}
    sent(
        secret,
        track("Recommendation Dismissed", fresh("m"), anonymousId=visitor, properties=dismissed),
    )
    assert set(corner.listed(visitor)) == set(corner.ids) - {corner.ids[2]}


def test_hidden_expired_and_future_content_never_comes(secret):
    corner = Corner(secret)
    away = [{"hidden": True}, {"validUntil": "2020-01-01T00:00:00Z"}, {"validFrom": LATER},
            {"publishedAt": LATER}]  # fmt: skip
    corner.put(
        {"id": name, "title": "x", "tags": [corner.tag]} | fields
        for name, fields in zip(corner.ids, away, strict=False)
    )
    assert set(corner.listed(fresh())) == set(corner.ids[4:])
    secret.delete(f"/v1/content/{corner.ids[4].replace('/', '%2F')}")
    assert corner.listed(fresh()) == [corner.ids[5]]


def test_what_is_excluded_never_comes_even_if_nothing_else_is_left(secret):
    corner = Corner(secret)
    assert corner.listed(fresh(), exclude=corner.ids) == []
    assert set(corner.listed(fresh(), exclude=corner.ids[:4])) == set(corner.ids[4:])


def test_candidates_are_the_only_ones_that_come(secret):
    corner = Corner(secret)
    wanted = [corner.ids[5], corner.ids[1]]
    assert set(corner.listed(fresh(), candidates=[*wanted, "unknown"])) == set(wanted)


def test_filters_hold(secret):
    corner = Corner(secret, properties={"region": "north", "floor": 2})
    assert len(corner.listed(filter={"tags": [corner.tag], "properties.region": ["north"]})) == 6
    assert corner.listed(filter={"tags": [corner.tag], "properties.region": ["south"]}) == []
    assert len(corner.listed(filter={"tags": [corner.tag], "properties.floor": 2})) == 6


def test_an_unknown_filter_is_named(secret):
    answer = secret.post("/v1/recommendations", json={"filter": {"colour": ["red"]}})
    assert answer.status_code in (404, 422)
    assert answer.json()["errors"][0]["pointer"] == "/filter/colour"


def test_the_language_asked_for_comes_where_there_is_any(secret):
    corner = Corner(secret, locale="de")
    english = corner.ids[0]
    corner.put([{"id": english, "title": "Choosing", "tags": [corner.tag], "locale": "en-GB"}])
    assert corner.listed(fresh(), locale="en") == [english]
    assert len(corner.listed(fresh(), locale="fr")) == 6, "never empty"


def test_the_page_that_is_looked_at_does_not_come_and_tells_the_interest(secret):
    corner = Corner(secret)
    url = f"https://example.org/{corner.tag}"
    corner.put([{"id": corner.ids[3], "title": "Baking bread", "tags": [corner.tag], "url": url}])
    corner.until_embedded()
    listed = corner.listed(fresh(), context={"page": {"url": url}})
    assert corner.ids[3] not in listed
    assert set(listed[:2]) == {corner.ids[4], corner.ids[5]}


def test_nobody_in_particular_gets_a_list_too(secret):
    answer = Corner(secret).ask()
    assert len(answer["items"]) == 6
    assert answer["visitorId"] is None


def test_what_rises_comes_first_to_those_of_whom_nothing_is_known(secret):
    corner = Corner(secret)
    sent(secret, *(viewed(fresh(), corner.ids[2]) for _ in range(30)))
    assert corner.listed(fresh())[0] == corner.ids[2]


def test_one_visitor_alone_makes_nothing_popular(secret):
    corner, loud = Corner(secret), fresh()
    sent(secret, *(viewed(loud, corner.ids[2]) for _ in range(200)))
    sent(secret, *(viewed(fresh(), corner.ids[4]) for _ in range(5)))
    assert corner.listed(fresh())[0] == corner.ids[4]


# --- as of, preview, rights -----------------------------------------------------------------------


def test_an_answer_as_of_a_moment_knows_nothing_later(secret):
    corner, visitor = Corner(secret, publishedAt="2026-01-01T00:00:00Z"), fresh()
    corner.until_embedded()
    early = viewed(visitor, corner.ids[3]) | {"timestamp": "2026-05-01T10:00:00Z"}
    late = viewed(visitor, corner.ids[4]) | {"timestamp": "2026-05-03T10:00:00Z"}
    sent(secret, late, early)
    before = corner.ask(visitor, at="2026-05-02T00:00:00Z")
    listed = [item["contentId"] for item in before["items"]]
    assert corner.ids[4] in listed[:2]
    assert corner.ids[3] not in listed[:4]


def test_a_preview_shows_such_a_visitor_and_stores_nothing(secret):
    corner = Corner(secret)
    answer = corner.ask(preview={"phase": "intent"})
    assert answer["phase"]["id"] == "intent"
    assert answer["phase"]["probability"] == 1.0
    wrong = secret.post("/v1/recommendations", json={"preview": {"phase": "sleep"}})
    assert wrong.json()["errors"][0]["pointer"] == "/preview/phase"


def test_a_publishable_key_asks_for_anonymous_visitors_and_proven_users_alone(publishable, secret):
    corner = Corner(secret)
    assert len(corner.ask(fresh(), client=publishable)["items"]) == 6
    for fields in ({"userId": "u1"}, {"userId": "u1", "userHash": "0" * 64}):
        answer = publishable.post("/v1/recommendations", json=fields)
        assert answer.status_code == 403
    for fields in ({"at": SOON}, {"preview": {}}):
        answer = publishable.post("/v1/recommendations", json={"anonymousId": "a"} | fields)
        assert answer.status_code == 403
    guessed = hmac.new(b"", b"u1", sha256).hexdigest()
    answer = publishable.post("/v1/recommendations", json={"userId": "u1", "userHash": guessed})
    assert answer.status_code == 403


def test_a_plain_link_gives_the_same(secret):
    visitor = fresh()
    answer = secret.get("/v1/recommendations", params={"anonymousId": visitor, "count": 3})
    assert answer.status_code == 200
    posted = secret.post("/v1/recommendations", json={"anonymousId": visitor, "count": 3})
    names = [[item["contentId"] for item in each.json()["items"]] for each in (answer, posted)]
    assert names[0] == names[1]


def test_a_batch_answers_each_request_by_itself(secret):
    requests = [{"anonymousId": "a", "count": 1}, {"count": 0}, {"anonymousId": "b", "count": 2}]
    answer = secret.post("/v1/recommendations:batch", json={"requests": requests})
    one, wrong, other = answer.json()["data"]
    assert len(one["items"]) <= 1
    assert len(other["items"]) <= 2
    assert wrong["problem"]["status"] == 422
    too_many = secret.post("/v1/recommendations:batch", json={"requests": [{}] * 101})
    assert too_many.status_code == 422


def test_a_time_limit_is_kept(secret):
    answer = Corner(secret).ask(fresh(), timeoutMs=20, query="bread")
    assert len(answer["items"]) == 6


# --- slots ----------------------------------------------------------------------------------------


def slotted(client, **fields) -> str:
    name = fresh("slot")
    answer = client.put(f"/v1/slots/{name}", json=fields)
    assert answer.status_code == 200, answer.text
    return name


def test_a_slot_is_read_back_as_it_was_set(secret):
    name = slotted(secret, count=3, pins=["a"], diversity=1, frequencyCap=2, objective="progress")
    told = secret.get(f"/v1/slots/{name}").json()
    assert (told["count"], told["pins"], told["diversity"]) == (3, ["a"], 1.0)
    assert told["frequencyCap"] == {"count": 2, "hours": 24.0}
    assert name in [slot["id"] for slot in secret.get("/v1/slots").json()["data"]]
    assert secret.delete(f"/v1/slots/{name}").status_code == 204
    assert secret.get(f"/v1/slots/{name}").status_code == 404


def test_a_slot_that_cannot_be_is_refused_with_a_pointer(secret):
    answer = secret.put("/v1/slots/x", json={"diversity": 2})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/diversity"
    assert secret.put("/v1/slots/x", json={"colour": "red"}).status_code == 422


def test_pins_come_first_and_exclusions_never(secret):
    corner = Corner(secret)
    name = slotted(secret, pins=[corner.ids[5], corner.ids[3]], exclude=[corner.ids[0]])
    listed = corner.listed(fresh(), slot=name)
    assert listed[:2] == [corner.ids[5], corner.ids[3]]
    assert corner.ids[0] not in listed


def test_boosts_lift_what_fits(secret):
    corner = Corner(secret)
    corner.put([{"id": corner.ids[4], "title": "Sourdough", "tags": [corner.tag, "hot"]}])
    name = slotted(secret, boosts=[{"filter": {"tags": ["hot"]}, "weight": 10}])
    first = corner.ask(fresh(), slot=name)["items"][0]
    assert first["contentId"] == corner.ids[4]
    assert first["reasons"][0]["code"] == "boost"


def test_a_frequency_cap_is_kept(secret):
    corner, visitor = Corner(secret), fresh()
    name = slotted(secret, frequencyCap={"count": 2, "hours": 1})
    lists = [corner.listed(visitor, slot=name, count=3) for _ in range(4)]
    shown = Counter(item for each in lists for item in each)
    assert max(shown.values()) == 2
    assert set(shown) == set(corner.ids)


def test_exploring_shows_others_with_the_chance_that_is_stated(secret):
    corner = Corner(secret)
    name = slotted(secret, exploration=1.0)
    firsts: Counter[str] = Counter()
    stated: dict[str, float] = {}
    for _ in range(200):
        first = corner.ask(slot=name, count=1, explain=False)["items"][0]
        firsts[first["contentId"]] += 1
        stated[first["contentId"]] = first["propensity"]
    assert len(firsts) > 2
    for content, chance in stated.items():
        assert 0 < chance < 1
        assert abs(firsts[content] / 200 - chance) < 5 * (chance * (1 - chance) / 200) ** 0.5
