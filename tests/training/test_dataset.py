"""Models are trained on exactly the visitors, content and answers that the log tells of."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.entities import History
from personas.errors import LogUnavailable
from personas.visitor import fold
from tests.builders import (
    DAY,
    NOW,
    accepted,
    anonymous,
    document,
    identify,
    page,
    record,
    record_of,
    tag_of,
    track,
    user,
)
from tests.training.logs import opened, run
from training.dataset import load_site, opened_site, visitors_of
from training.eventlog import Kind, link_record


def body(kind, told, time=NOW, site="default"):
    return record(kind, orjson.dumps(told), site, time)


def loaded(folder, records, until=None, seal_after=None):
    """The site that a log with these records tells of, some of them sealed."""

    async def story():
        async with opened(folder) as log:
            if seal_after:
                await log.append(records[:seal_after])
                log.seal()
            await log.append(records[seal_after or 0 :])

    run(story())
    return load_site(folder, "default", until)


MESSAGES = [
    page("m1", NOW - 9 * DAY, anonymousId="a", properties={"contentId": "x"}),
    page("m2", NOW - 8 * DAY, anonymousId="b"),
    identify("m3", NOW - 7 * DAY, {"plan": "pro"}, anonymousId="a", userId="u"),
    track("Order Completed", "m4", NOW - 6 * DAY, userId="u"),
    identify("m5", NOW - 5 * DAY, anonymousId="b", userId="u"),
    page("m6", NOW - 4 * DAY, anonymousId="c"),
]


@pytest.mark.parametrize("seal_after", [None, 3, 6])
def test_a_visitor_is_all_that_its_ids_did(tmp_path, seal_after):
    site = loaded(tmp_path, [record_of(raw) for raw in MESSAGES], seal_after=seal_after)
    one, other = sorted(site.visitors, key=lambda visitor: -len(visitor.ids))
    assert one.ids == (user("u"), anonymous("a"), anonymous("b"))
    assert [each.name for each in one.history.touchpoints] == ["page", "page", "Order Completed"]
    assert [(each.name, each.value) for each in one.history.traits] == [("plan", "pro")]
    assert other.ids == (anonymous("c"),)
    assert site.until == NOW - 4 * DAY


def test_of_a_moment_only_what_had_happened_is_told(tmp_path):
    answers = [body(Kind.IMPRESSION, {"n": n, "at": NOW - n * DAY}) for n in (9, 6, 3)]
    records = [*(record_of(raw) for raw in MESSAGES), *answers]
    site = loaded(tmp_path, records, until=NOW - 6 * DAY)
    assert {visitor.ids for visitor in site.visitors} == {
        (user("u"), anonymous("a")),
        (anonymous("b"),),
    }
    assert site.until == NOW - 6 * DAY
    assert [answer["n"] for answer in site.impressions] == [9, 6]


def test_a_persons_word_on_ids_goes_before_messages(tmp_path):
    records = [
        *(record_of(raw) for raw in MESSAGES),
        link_record("default", user("u"), anonymous("a"), NOW, cut=True),
        link_record("default", anonymous("c"), anonymous("a"), NOW),
    ]
    site = loaded(tmp_path, records)
    assert {visitor.ids for visitor in site.visitors} == {
        (user("u"), anonymous("b")),
        (anonymous("a"), anonymous("c")),
    }


def test_content_is_as_the_log_last_said(tmp_path):
    human = tag_of("consideration", source="human")
    site = loaded(
        tmp_path,
        [
            body(Kind.CONTENT, document("x", title="old")),
            body(Kind.CONTENT, document("x", title="new", tagging={"phase": tag_of("intent")})),
            body(Kind.CONTENT, document("gone")),
            body(Kind.CONTENT, document("y", url="https://shop.example/y?utm_source=a#b")),
            body(Kind.TAGS, {"id": "x", "tagging": {"phase": human}}),
            body(Kind.TAGS, {"id": "never", "tagging": {"phase": human}}),
            body(Kind.CONTENT_DELETED, {"id": "gone"}),
            body(Kind.CONTENT, document("z"), site="other"),
        ],
    )
    assert set(site.contents) == {"x", "y"}
    item = site.contents["x"]
    assert item.title == "new"
    assert item.phase is not None
    assert (item.phase.id, item.phase.source) == ("consideration", "human")
    assert set(site.corrected) == {"x"}
    assert site.facts["x"] is site.facts["https://shop.examplex"]
    assert site.facts["y"] is site.facts["https://shop.example/y"]
    assert site.facts["x"].phases[2] == 1.0


def test_the_sites_own_event_names_are_told(tmp_path):
    def named(name, value):
        return body(Kind.SETTING, {"section": "event-name", "name": name, "value": value})

    site = loaded(
        tmp_path,
        [
            named("Kauf", {"means": "Order Completed"}),
            named("Weg", {"means": "buying"}),
            named("Weg", None),
            body(Kind.SETTING, {"section": "slot", "name": "s", "value": {"count": 3}}),
        ],
    )
    assert site.mapping == {"Kauf": "Order Completed"}


def test_answers_and_responses_to_them_are_told(tmp_path):
    clicked = track(
        "Recommendation Clicked", "m1", NOW, properties={"recommendationId": "r", "contentId": "x"}
    )
    site = loaded(tmp_path, [body(Kind.IMPRESSION, {"recommendationId": "r"}), record_of(clicked)])
    assert site.impressions == [{"at": NOW, "recommendationId": "r"}]
    assert site.outcomes == [
        {
            "recommendationId": "r",
            "name": "Recommendation Clicked",
            "contentId": "x",
            "visitor": "anonymous_id:a1",
            "time": NOW,
        }
    ]


def test_an_empty_log_is_an_empty_site(tmp_path):
    site = loaded(tmp_path, [])
    assert (site.visitors, site.contents, site.until) == ([], {}, 0.0)
    with pytest.raises(LogUnavailable):
        load_site(tmp_path / "nowhere", "default")


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 4)), max_size=25))
def test_visitors_are_the_connected_parts_of_the_graph_of_links(pairs):
    """Against joining by brute force; no id has so many links that some are refused."""
    messages = [
        accepted(page(f"m{n}", NOW + n, anonymousId=f"a{a}", userId=None if u is None else f"u{u}"))
        for n, (a, u) in enumerate(pairs)
    ]
    keys = {key for m in messages for key in (m.owner, *(end for link in m.links for end in link))}
    histories = {key: fold(History(), key, messages) for key in keys}
    parts = [{key} for key in keys]
    for one, other in (link for message in messages for link in message.links):
        joined = set().union(*(part for part in parts if one in part or other in part))
        parts = [part for part in parts if not part & joined] + [joined]
    found = [set(visitor.ids) for visitor in visitors_of(histories)]
    assert sorted(map(sorted, found)) == sorted(map(sorted, parts))
    assert sum(len(v.history.touchpoints) for v in visitors_of(histories)) == len(messages)


def test_of_a_long_log_whole_visitors_are_drawn_and_all_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("training.dataset.FEW_RECORDS", 10)
    told = [
        page(f"m{n}", NOW + n, anonymousId=f"a{n % 100}", userId=f"u{n % 50}" if n % 3 else None)
        for n in range(300)
    ]
    answers = [body(Kind.IMPRESSION, {"visitor": f"anonymous_id:a{n}"}) for n in range(100)]
    whole = loaded(tmp_path, [*map(record_of, told), *answers], seal_after=200)
    everyone = {visitor.ids: visitor.history for visitor in whole.visitors}
    with opened_site(tmp_path, "default", tmp_path / "scratch", seed=0, most=150) as site:
        assert site.everyone.count == len(everyone)
        assert 10 < len(site.visitors) < 40
        assert all(everyone[visitor.ids] == visitor.history for visitor in site.visitors)
        ids = {str(key) for visitor in site.visitors for key in visitor.ids}
        assert {answer["visitor"] for answer in site.impressions} == {
            f"anonymous_id:a{n}" for n in range(100) if f"anonymous_id:a{n}" in ids
        }
        assert site.until == whole.until
        rows = [row for part in site.everyone.parts(site.facts) for row in part.rows]
    assert len(rows) == len(everyone)
    with opened_site(tmp_path, "default", tmp_path / "scratch", seed=0, most=1000) as site:
        assert site == whole
