"""Content found by a text: by sense, by words, and by whichever of the two there is."""

from __future__ import annotations

import pytest

from tests.service.test_content_teaching import path, service  # noqa: F401 - a fixture

ITEMS = {
    "/pump": ("How a heat pump works", "It moves warmth from outside into the house.", "en"),
    "/boiler": ("Choosing a gas boiler", "What to look for when you replace a boiler.", "en"),
    "/cake": ("A cake with apples", "Bake it with butter, sugar and flour.", "en"),
    "/zx81": ("Parts for older devices", "Spare parts of the KX-4711 and its sisters.", "en"),
    "/hidden": ("KX-4711 price list", "Not for everybody.", "en"),
    "/kessel": ("Gaskessel tauschen", "Worauf man bei einem neuen Kessel achtet.", "de"),
}


@pytest.fixture(scope="module")
def client(service):  # noqa: F811 - the fixture
    with service.client() as client:
        client.timeout = 120  # the encoder may be starting
        items = [
            {"id": name, "title": title, "body": body, "locale": locale,
             "tags": ["heating"] if "e" in name else [], "hidden": name == "/hidden"}
            for name, (title, body, locale) in ITEMS.items()
        ]  # fmt: skip
        client.post("/v1/content:batch", json={"items": items}).raise_for_status()
        yield client
        for name in ITEMS:
            client.delete(path(name))


def found(client, query: str, **params) -> list[str]:
    told = client.get("/v1/content", params={"query": query, **params}).json()
    assert told["degraded"] == []
    return [each["id"] for each in told["data"]]


def test_a_search_needs_a_key(service):  # noqa: F811 - the fixture
    with service.client(None) as nobody:
        assert nobody.get("/v1/content", params={"query": "x"}).status_code == 401


def test_a_rare_word_that_no_encoder_knows_is_found_in_a_body(client):
    assert found(client, "KX-4711")[0] == "/zx81"


def test_what_is_meant_is_found_though_no_word_is_the_same(client):
    assert found(client, "dessert recipe")[0] == "/cake"


def test_stems_of_the_contents_own_languages_meet(client):
    assert found(client, "boilers")[0] == "/boiler"
    assert found(client, "neue Kessel")[0] == "/kessel"


def test_filters_hold_inside_the_search_and_hidden_content_is_not_found(client):
    assert "/hidden" not in found(client, "KX-4711 price list")
    assert found(client, "KX-4711", locale="de") == ["/kessel"]
    assert "/hidden" in found(client, "KX-4711 price list", hidden=True)


def test_pages_of_a_search_follow_its_order(client):
    whole = found(client, "heat pump or boiler")
    first = client.get("/v1/content", params={"query": "heat pump or boiler", "limit": 2}).json()
    params = {"query": "heat pump or boiler", "cursor": first["nextCursor"]}
    rest = client.get("/v1/content", params=params).json()
    assert [each["id"] for each in first["data"] + rest["data"]] == whole
    scores = [each["score"] for each in first["data"] + rest["data"]]
    assert scores == sorted(scores, reverse=True)
    assert 0 < scores[-1] <= scores[0] <= 1


def test_a_recommendation_answers_the_search(client):
    ask = {"anonymousId": "searcher", "count": 3, "query": "KX-4711"}
    told = client.post("/v1/recommendations", json=ask).json()
    assert told["items"][0]["contentId"] == "/zx81"
    assert told["degraded"] == []
    codes = {each["code"] for each in told["items"][0]["reasons"]}
    assert "query" in codes


def test_without_an_encoder_words_alone_answer_in_time(new_service):
    service = new_service(FINGERPOST_ENCODER="/nowhere/model")  # noqa: F811 - another one
    service.start()
    with service.client() as client:
        client.put(path("/a"), json={"title": "Choosing a gas boiler"}).raise_for_status()
        told = client.get("/v1/content", params={"query": "boilers"}).json()
        assert told["degraded"] == ["encoder"]
        ask = {"anonymousId": "searcher", "query": "boilers", "timeoutMs": 60}
        answer = client.post("/v1/recommendations", json=ask).json()
        assert "encoder" in answer["degraded"]
        assert [each["contentId"] for each in answer["items"]] == ["/a"]
