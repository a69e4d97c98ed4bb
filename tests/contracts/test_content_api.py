"""Content as a site, a CMS and a marketer know it: through the API alone."""

from __future__ import annotations

import gzip
import json
import signal
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
import pytest

from tests.conftest import PUBLISHABLE

GUIDE = {
    "url": "https://heat.example/guides/heat-pump",
    "title": "How a heat pump works: a beginner's guide",
    "body": "<h1>What is a heat pump?</h1><p>It moves heat from outside into the house.</p>",
    "locale": "en",
    "tags": ["heating"],
    "properties": {"region": ["north", "south"], "level": 1, "free": True},
}
COMPARISON = {"title": "Heat pump vs gas boiler: which is better?", "body": "We compare both."}
PRICING = {"title": "Plans and prices", "body": "Choose a plan: $9, $29 or $99 per month."}
CAKE = {"title": "A cake with apples", "body": "Bake it with butter, sugar and flour."}


def path(name: str, rest: str = "") -> str:
    return f"/v1/content/{quote(name, safe='')}{rest}"


def put(client: httpx.Client, name: str, **fields) -> dict:
    answer = client.put(path(name), json=fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(client: httpx.Client, **params) -> list[str]:
    return [item["id"] for item in client.get("/v1/content", params=params).json()["data"]]


def moment(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


@pytest.fixture(scope="module", autouse=True)
def no_content_remains(running_service):
    yield
    with running_service.client() as client:
        while found := ids(client, hidden=True, limit=1000):
            for name in found:
                client.delete(path(name))


# --- put and get ----------------------------------------------------------------------------------


def test_content_is_tagged_embedded_and_searchable_when_put_returns(secret):
    told = put(secret, "/t1", **GUIDE)
    assert told["embedded"] is True
    for name in ("type", "phase"):
        tag = told["tagging"][name]
        assert sum(tag["distribution"].values()) == pytest.approx(1, abs=1e-9)
        assert tag["probability"] == tag["distribution"][tag["id"]]
        assert tag["probability"] == max(tag["distribution"].values())
    assert told["tagging"]["type"]["id"] == "guide"
    put(secret, "/t2", **COMPARISON)
    put(secret, "/t3", **CAKE)
    near = secret.get(path("/t2", "/similar"), params={"count": 2}).json()["data"]
    assert near[0]["contentId"] == "/t1"
    assert near[0]["score"] > near[1]["score"]
    assert "/t2" not in {each["contentId"] for each in near}


@pytest.mark.parametrize(
    "name", ["/a/b", "https://a.example/b?c=d&e=f#g", "tags", "/x/tags", "/x/similar", "a%2Fb",
             "é ü", "x:batch", "...", "%", "+ +", "🙂", "x" * 256]
)  # fmt: skip
def test_any_string_is_an_id(secret, name):
    put(secret, name, title=f"Title of {name[:50]}")
    read = secret.get(path(name)).json()
    assert (read["id"], read["title"]) == (name, f"Title of {name[:50]}")
    tagged = secret.put(path(name, "/tags"), json={"type": "review"})
    assert tagged.json()["id"] == name
    assert secret.get(path(name, "/similar")).status_code == 200
    assert secret.delete(path(name)).status_code == 204
    assert secret.get(path(name)).status_code == 404


def test_what_was_put_is_what_is_read(secret):
    put(secret, "/r", **GUIDE, publishedAt="2026-01-02T03:04:05+01:00", description="Short.")
    read = secret.get(path("/r")).json()
    assert {name: read[name] for name in GUIDE} == GUIDE
    assert read["publishedAt"] == "2026-01-02T02:04:05Z"
    put(secret, "/r", title="Another")
    read = secret.get(path("/r")).json()
    assert (read["title"], read["body"], read["tags"], read["url"]) == ("Another", "", [], None)


def test_a_read_document_can_be_put_back(secret):
    put(secret, "/back", **GUIDE)
    read = secret.get(path("/back")).json()
    again = put(secret, "/back", **read)
    assert again["warnings"] == []
    assert again["tagging"] == read["tagging"]
    assert again["createdAt"] == read["createdAt"]


def test_a_tag_that_the_site_gives_is_taken_and_the_phase_still_told(secret):
    told = put(secret, "/given", **(GUIDE | {"type": "Case Studies"}))
    assert told["type"] is None
    assert told["warnings"][0]["pointer"] == "/type"
    told = put(secret, "/given", **(GUIDE | {"type": "Whitepaper"}))
    assert told["type"] == "white-paper"
    shown = told["tagging"]["type"]
    assert (shown["id"], shown["probability"], shown["source"]) == ("white-paper", 1.0, "site")
    assert told["warnings"] == []
    assert ids(secret, type="white-paper") == ["/given"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [({"title": 7}, "/title"), ({"body": ["x"]}, "/body"), ({"tags": "x"}, "/tags"),
     ({"tags": ["a", 5]}, "/tags/1"), ({"publishedAt": "soon"}, "/publishedAt"),
     ({"validUntil": 1e9}, "/validUntil"), ({"hidden": "yes"}, "/hidden"),
     ({"locale": "in English"}, "/locale"), ({"properties": []}, "/properties"),
     ({"url": "x" * 3000}, "/url"), ({"id": "/other"}, "/id"), ({"type": ["guide"]}, "/type"),
     ({"properties": {"a": {str(k): k for k in range(300)}}}, "/properties")],
)  # fmt: skip
def test_a_field_that_cannot_be_used_is_named(secret, fields, pointer):
    answer = secret.put(path("/bad"), json={"title": "x"} | fields)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert secret.get(path("/bad")).status_code == 404


def test_an_article_of_two_megabytes_is_fine_and_one_of_twenty_is_not(secret):
    words = " ".join(f"word{k % 5000}" for k in range(230_000))
    assert len(words) > 2_000_000
    assert put(secret, "/long", title="Long", body=words)["embedded"]
    assert secret.get(path("/long")).json()["body"] == words
    answer = secret.put(path("/longer"), json={"title": "Longer", "body": words * 10})
    assert answer.status_code == 413
    packed = gzip.compress(json.dumps({"title": "x", "body": words * 10}).encode())
    assert secret.put(path("/longer"), content=packed).status_code == 413


# --- visibility -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [{"hidden": True}, {"validUntil": moment(-1)}, {"validFrom": moment(1)}, None]
)
def test_hidden_expired_and_deleted_content_leaves_every_answer_at_once(secret, change):
    put(secret, "/stays", **GUIDE)
    put(secret, "/goes", **GUIDE)
    assert "/goes" in ids(secret)
    if change is None:
        assert secret.delete(path("/goes")).status_code == 204
    else:
        assert secret.patch(path("/goes"), json=change).status_code == 200
    assert "/goes" not in ids(secret)
    near = secret.get(path("/stays", "/similar"), params={"count": 100}).json()["data"]
    assert "/goes" not in {each["contentId"] for each in near}
    if change is not None:
        assert "/goes" in ids(secret, hidden=True)
        back = {"hidden": False, "validFrom": None, "validUntil": None}
        assert secret.patch(path("/goes"), json=back).status_code == 200
        assert "/goes" in ids(secret)


def test_content_is_listed_as_of_a_moment(secret):
    put(secret, "/later", **GUIDE, validFrom=moment(24))
    assert "/later" not in ids(secret)
    assert "/later" in ids(secret, at=moment(25))


# --- lists ----------------------------------------------------------------------------------------


def test_lists_come_in_pages_that_neither_repeat_nor_skip(secret):
    items = [{"id": f"/page/{k:03}", "title": str(k), "tags": ["paged"]} for k in range(25)]
    assert secret.post("/v1/content:batch", json={"items": items}).json()["accepted"] == 25
    seen, cursor = [], None
    while True:
        params = {"tags": "paged", "limit": 10} | ({"cursor": cursor} if cursor else {})
        answer = secret.get("/v1/content", params=params).json()
        seen += [item["id"] for item in answer["data"]]
        if (cursor := answer["nextCursor"]) is None:
            break
    assert seen == [item["id"] for item in items]


def test_filters_hold_for_lists_and_for_what_is_similar(secret):
    put(secret, "/f1", **GUIDE)
    put(secret, "/f2", **(GUIDE | {"locale": "en-GB", "tags": ["solar"], "properties": {}}))
    put(secret, "/f3", **(GUIDE | {"locale": "de", "properties": {"level": 2}}))
    mine = {"/f1", "/f2", "/f3"}

    def found(**params) -> set[str]:
        params |= {"limit": 1000}
        near = secret.get(path("/f1", "/similar"), params=params | {"count": 100}).json()["data"]
        named = set(ids(secret, **params)) & mine
        assert {each["contentId"] for each in near} & mine == named - {"/f1"}
        return named

    assert found() == mine
    assert found(locale="en") == {"/f1", "/f2"}
    assert found(locale="en-GB") == {"/f1", "/f2"}
    assert found(tags=["solar", "unknown"]) == {"/f2"}
    assert found(**{"properties.level": "2"}) == {"/f3"}
    assert found(**{"properties.region": ["north", "west"]}) == {"/f1"}
    assert found(**{"properties.free": "true"}) == {"/f1"}
    assert secret.get("/v1/content", params={"type": "blog"}).status_code == 422


# --- patch ----------------------------------------------------------------------------------------


def test_a_patch_changes_what_it_names_and_takes_away_what_is_null(secret):
    put(secret, "/p", **GUIDE)
    change = {"title": "New", "url": None, "properties": {"level": None, "new": 1}}
    told = secret.patch(path("/p"), json=change).json()
    assert (told["title"], told["url"]) == ("New", None)
    assert told["properties"] == {"region": ["north", "south"], "free": True, "new": 1}
    assert secret.get(path("/p")).json()["body"] == GUIDE["body"]
    assert secret.patch(path("/unknown"), json=change).status_code == 404
    assert secret.patch(path("/p"), json={"title": 7}).status_code == 422
    assert secret.patch(path("/p"), json=[1]).status_code == 422


def test_two_editors_do_not_overwrite_each_other(secret):
    answer = secret.put(path("/e"), json=GUIDE)
    first = answer.headers["etag"]
    assert secret.get(path("/e")).headers["etag"] == first
    assert secret.get(path("/e"), headers={"If-None-Match": first}).status_code == 304
    match = {"If-Match": first}
    assert secret.patch(path("/e"), json={"title": "Mine"}, headers=match).status_code == 200
    for method in ("PUT", "PATCH"):
        late = secret.request(method, path("/e"), json={"title": "Late"}, headers=match)
        assert (late.status_code, late.json()["code"]) == (412, "changed")
    assert secret.get(path("/e")).json()["title"] == "Mine"
    assert secret.put(path("/new"), json=GUIDE, headers={"If-Match": "*"}).status_code == 412


# --- batch ----------------------------------------------------------------------------------------


def test_one_bad_item_never_fails_its_neighbours(secret):
    first, again = {"id": "/b1", "title": "One"}, {"id": "/b1", "title": "Again"}
    bad = [{"title": "no id"}, {"id": "/b2", "title": 7}, 5]
    items = [first, *bad, {"id": "/b3", "title": "Three"}, {"id": "x" * 257}, again]
    answer = secret.post("/v1/content:batch", json={"items": items}).json()
    assert answer["accepted"] == 3
    rejected = [(each["index"], each["id"], each["pointer"]) for each in answer["rejected"]]
    assert [each[0] for each in rejected] == [1, 2, 3, 5]
    assert rejected[:3] == [(1, None, "/id"), (2, "/b2", "/title"), (3, None, "")]
    assert secret.get(path("/b1")).json()["title"] == "Again"
    assert secret.get(path("/b3")).json()["title"] == "Three"


def test_a_batch_of_too_many_is_refused_as_a_whole(secret):
    items = [{"id": str(k)} for k in range(1001)]
    answer = secret.post("/v1/content:batch", json={"items": items})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/items")
    assert secret.post("/v1/content:batch", json={}).status_code == 422
    assert secret.post("/v1/content:batch", json={"items": []}).json()["accepted"] == 0


# --- tags -----------------------------------------------------------------------------------------


def test_a_text_is_tagged_without_being_kept(secret):
    body = GUIDE | {"journey": "aida"}
    told = secret.post("/v1/content:tag", json=body).json()
    assert told["type"]["id"] == "guide"
    assert set(told["phase"]["distribution"]) == {"attention", "interest", "desire", "action"}
    assert {each["for"] for each in told["evidence"]} == {"type:guide", "phase:awareness"}
    assert told["modelVersion"]
    assert "personas" in told
    assert secret.post("/v1/content:tag", json={}).status_code == 200
    assert secret.post("/v1/content:tag", json={"title": 5}).json()["code"] == "not-a-string"
    assert secret.post("/v1/content:tag", json={"journey": "unknown"}).status_code in (404, 422)


def test_a_persons_word_is_never_overwritten(secret):
    put(secret, "/h", **GUIDE)
    word = {"type": "comparison", "phase": {"distribution": {"intent": 3, "loyalty": 1}}}
    told = secret.put(path("/h", "/tags"), json=word | {"locked": True}).json()
    assert told["type"]["distribution"] == {"comparison": 1.0}
    assert told["type"]["source"] == "human"
    assert told["phase"]["ladder"]["intent"] == 0.75
    for change in ({"title": "Pricing", "body": "Plans and prices"}, {"type": "guide"}):
        put(secret, "/h", **(GUIDE | change))
        tagging = secret.get(path("/h")).json()["tagging"]
        assert tagging["type"]["id"] == "comparison"
        assert (tagging["phase"]["id"], tagging["phase"]["source"]) == ("intent", "human")
    assert "/h" in ids(secret, type="comparison")


def test_a_persons_word_can_be_taken_back(secret):
    put(secret, "/u", **PRICING)
    said = secret.get(path("/u")).json()["tagging"]["type"]["id"]
    secret.put(path("/u", "/tags"), json={"type": "webinar"})
    told = secret.put(path("/u", "/tags"), json={"locked": False}).json()
    assert said != "webinar"
    assert (told["type"]["id"], told["type"]["source"]) == (said, "model")


def test_a_phase_may_be_said_in_the_words_of_a_journey(secret):
    put(secret, "/j", **GUIDE)
    word = {"phase": "action", "journey": "aida"}
    told = secret.put(path("/j", "/tags"), json=word).json()
    assert told["phase"]["distribution"]["action"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("word", "pointer"),
    [({}, ""), ({"type": "blog"}, "/type"), ({"phase": "somewhere"}, "/phase"), ([], ""),
     ({"phase": {"distribution": {}}}, "/phase"), ({"type": 5}, "/type"),
     ({"phase": {"distribution": {"intent": -1}}}, "/phase/distribution/intent"),
     ({"phase": {"distribution": {"intent": 0}}}, "/phase/distribution"),
     ({"type": "guide", "locked": "yes"}, "/locked")],
)  # fmt: skip
def test_tags_that_do_not_exist_are_refused(secret, word, pointer):
    put(secret, "/w", **GUIDE)
    answer = secret.put(path("/w", "/tags"), json=word)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


# --- who may --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "where"),
    [("PUT", "/v1/content/a"), ("GET", "/v1/content/a"), ("PATCH", "/v1/content/a"),
     ("DELETE", "/v1/content/a"), ("GET", "/v1/content"), ("POST", "/v1/content:batch"),
     ("POST", "/v1/content:tag"), ("PUT", "/v1/content/a/tags"), ("GET", "/v1/content/a/similar")],
)  # fmt: skip
def test_content_needs_a_key_of_the_right_kind(running_service, method, where):
    for key, status in ((None, 401), ("sk_unknown", 401), (PUBLISHABLE, 403)):
        with running_service.client(key) as client:
            assert client.request(method, where, json={}).status_code == status


# --- durable --------------------------------------------------------------------------------------


def test_content_and_a_persons_word_survive_a_killed_service(new_service):
    service = new_service()
    service.start()
    with service.client() as client:
        put(client, "/kept", **GUIDE)
        put(client, "/gone", **COMPARISON)
        put(client, "/near", **COMPARISON)
        client.put(path("/kept", "/tags"), json={"type": "review"})
        client.delete(path("/gone"))
        before = client.get(path("/kept")).json()
    service.stop(signal.SIGKILL)
    service.start()
    with service.client() as client:
        assert client.get(path("/kept")).json() == before
        assert ids(client) == ["/kept", "/near"]
        near = client.get(path("/kept", "/similar")).json()
        assert [each["contentId"] for each in near["data"]] == ["/near"]
        assert near["degraded"] == []
