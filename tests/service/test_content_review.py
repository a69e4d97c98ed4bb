"""The review queue: what a person should look at first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.catalogue import Entry
from personas.entities import ContentItem, Tag
from service.content_review import Doubt, open_tags, uncertainty
from tests.service.test_content_teaching import path, service, text  # noqa: F401 - a fixture

doubt = st.builds(
    Doubt,
    id=st.text(max_size=5),
    open=st.just(("type",)),
    uncertainty=st.floats(0, 1),
    views=st.floats(0, 1e6),
)


def tag(name: str, share: float, source: str = "model") -> Tag:
    return Tag(name, {name: share, "other": 1 - share}, source)


@given(st.lists(doubt, max_size=8))
def test_places_sort_as_expected_views_of_a_wrong_tag_do(doubts):
    by_place = [each.weight for each in sorted(doubts, key=lambda each: each.place)]
    assert by_place == pytest.approx(sorted(by_place, reverse=True), abs=1e-6)


def test_only_what_the_model_told_is_open_and_either_may_be_wrong():
    item = ContentItem("/a", type=tag("guide", 0.8), phase=tag("awareness", 0.5))
    open_ = open_tags(Entry(item))
    assert uncertainty(open_) == pytest.approx(1 - 0.8 * 0.5)
    told = ContentItem("/a", type=tag("guide", 1, "site"), phase=tag("awareness", 1, "human"))
    assert open_tags(Entry(told)) == {}
    assert uncertainty({"type": None}) == 1


def test_the_queue_needs_a_key(service):  # noqa: F811 - the fixture
    with service.client(None) as nobody:
        assert nobody.get("/v1/content", params={"review": True}).status_code == 401


def test_the_least_certain_come_first_and_what_many_see_before_them(service):  # noqa: F811 - the fixture
    with service.client() as client:
        client.timeout = 120  # the encoder may be starting
        items = [{"id": f"/{k}", **text(k)} for k in range(6)]
        client.post("/v1/content:batch", json={"items": items}).raise_for_status()
        queue = client.get("/v1/content", params={"review": True}).json()["data"]
        doubts = [each["review"]["uncertainty"] for each in queue]
        assert doubts == sorted(doubts, reverse=True)
        assert len(queue) == 6
        assert {"type", "phase"} == set(queue[0]["review"]["open"])
        assert any("“" in each["text"] for each in queue[0]["tagging"]["evidence"])
        last = queue[-1]["id"]
        views = [
            {"type": "page", "anonymousId": f"a{k}", "properties": {"contentId": last}}
            for k in range(40)
        ]
        client.post("/v1/batch", json={"batch": views}).raise_for_status()
        first = client.get("/v1/content", params={"review": True, "limit": 1}).json()
        assert first["data"][0]["id"] == last
        assert first["data"][0]["review"]["views"] == pytest.approx(40, abs=0.1)
        rest = client.get("/v1/content", params={"review": True, "cursor": first["nextCursor"]})
        assert [each["id"] for each in rest.json()["data"]] == [each["id"] for each in queue[:-1]]
        said = {"type": "webinar", "phase": "loyalty"}
        client.put(path(last, "/tags"), json=said).raise_for_status()
        left = client.get("/v1/content", params={"review": True}).json()["data"]
        assert last not in {each["id"] for each in left}
        for item in items:
            client.delete(path(item["id"]))
