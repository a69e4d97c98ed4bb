"""What marketers do with content, journeys and gaps; what they see is what the API tells."""

from __future__ import annotations

import time
from urllib.parse import quote

import pytest

from tests.conftest import Service
from tests.console.browsing import at_the_console

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"
BODY = (
    "Which heat pump suits your house? We compare four models side by side.\n\n"
    "Model A versus model B: A is quieter, B costs less.\n\nOur verdict: B for most houses."
)


def address(name: str) -> str:
    return f"/v1/content/{quote(name, safe='')}"


@pytest.fixture(scope="module")
def stocked(tmp_path_factory):
    service = Service(tmp_path_factory.mktemp("console") / "data")
    service.start()
    with service.client() as client:
        for name, title in (("/compare/a-b", "A vs B"), ("/evil", EVIL), ("/other", "Other")):
            content = {"title": title, "body": f"{BODY} {EVIL if name == '/evil' else ''}"}
            assert client.put(address(name), json=content).status_code == 200
        batch = [
            {
                "type": "page",
                "userId": f"u{number}",
                "properties": {"contentId": ("/compare/a-b", "/other")[number % 2]},
                "timestamp": f"2026-10-{1 + number % 20:02}T09:00:00Z",
            }
            for number in range(24)
        ]
        assert client.post("/v1/batch", json={"batch": batch}).json()["rejected"] == []
    yield service
    service.stop()


@pytest.fixture
def browser(stocked):
    with at_the_console(stocked) as browser:
        yield browser


def counted(browser, path):
    """The page, once visitors were counted."""
    for _ in range(60):
        page = browser.get(path)
        if page.css_first("[data-again]") is None:
            return page
        time.sleep(0.5)
    raise TimeoutError(path)


@pytest.mark.parametrize("path", ["/console/content", "/console/content/review"])
def test_titles_and_bodies_are_text_and_never_markup(browser, path):
    page = browser.get(path)
    for _ in range(3):
        assert page.css("script:not([src])") == []
        assert page.css("main img") == []
        following = page.css_first("a[data-key=n]")
        if following is None:
            break
        page = browser.get("/console/content/review" + following.attributes["href"])


def test_the_review_queue_marks_what_decided_and_obeys_for_ever(browser, stocked):
    page, seen = browser.get("/console/content/review"), []
    while (form := page.css_first("input[name=id]")) is not None:
        seen.append(form.attributes["value"])
        if seen[-1] == "/compare/a-b":
            marked = [each.text() for each in page.css("article mark")]
            assert marked
            assert all(each.strip() in f"{BODY}" for each in marked)
            break
        page = browser.get(
            "/console/content/review" + page.css_first("a[data-key=n]").attributes["href"]
        )
    answer = browser.send(
        "/console/content/review", id="/compare/a-b", type="review", phase="intent", do="change"
    )
    assert answer.status_code == 303
    with stocked.client() as client:
        tagging = client.get(address("/compare/a-b")).json()["tagging"]
        assert (tagging["type"]["id"], tagging["type"]["source"]) == ("review", "human")
        assert (tagging["phase"]["id"], tagging["phase"]["source"]) == ("intent", "human")
        waiting = client.get("/v1/content", params={"review": True}).json()["data"]
        assert "/compare/a-b" not in {each["id"] for each in waiting}


def test_many_are_confirmed_or_hidden_at_once(browser, stocked):
    with stocked.client() as client:
        before = client.get(address("/other")).json()["tagging"]
        sent = {"id": ["/other", "/evil", "/not-there"], "action": "confirm"}
        assert browser.send("/console/content/bulk", **sent).status_code == 303
        after = client.get(address("/other")).json()["tagging"]
        assert after["type"]["source"] == "human"
        assert after["type"]["id"] == before["type"]["id"]
        browser.send("/console/content/bulk", id="/evil", action="hide")
        assert client.get(address("/evil")).json()["hidden"] is True
        browser.send("/console/content/bulk", id="/evil", action="show")
        assert client.get(address("/evil")).json()["hidden"] is False
        browser.send("/console/content/bulk", id="/other", action="type:guide")
        assert client.get(address("/other")).json()["tagging"]["type"]["id"] == "guide"


def test_a_table_is_imported_and_followed(browser, stocked):
    table = "id,title,body\n/imported,Imported by hand,Some words on heating.\n"
    assert browser.send("/console/content/import", source="csv", table=table).status_code == 303
    with stocked.client() as client:
        for _ in range(100):
            page = browser.get("/console/content/import")
            if page.css_first("[data-again]") is None:
                break
            time.sleep(0.2)
        assert client.get(address("/imported")).json()["title"] == "Imported by hand"
    assert "Imported by hand" in browser.get("/console/content", q="heating words").text()


@pytest.mark.parametrize("sent", [{}, {"source": "csv"}, {"source": "feedUrl", "url": "ftp://x"}])
def test_an_import_from_nowhere_says_what_is_missing(browser, sent):
    answer = browser.send("/console/content/import", **sent)
    assert answer.status_code in (400, 422)


def test_the_journey_map_tells_what_the_api_tells_and_keeps_targets(browser, stocked):
    page = counted(browser, "/console/journey?journey=aida")
    with stocked.client() as client:
        told = client.get("/v1/insights/journey-map", params={"journey": "aida"}).json()
        stand = [row.text() for row in page.css("table.map tbody tr:first-child td b")]
        assert stand == [f"{phase['visitors']:,.0f}" for phase in told["phases"]]
        sent = {"target-desire": "42,5", "target-action": ""}
        answer = browser.send("/console/journey/targets?journey=aida", **sent)
        assert answer.status_code == 303
        told = client.get("/v1/insights/journey-map", params={"journey": "aida"}).json()
        aims = {phase["id"]: phase["target"] for phase in told["phases"]}
        assert aims == {"attention": None, "interest": None, "desire": 0.425, "action": None}
    page = browser.get("/console/journey", journey="aida")
    assert page.css_first("input[name=target-desire]").attributes["value"] == "42.5"
    wrong = browser.send("/console/journey/targets?journey=aida", **{"target-desire": "much"})
    assert wrong.status_code in (400, 422)
    assert "0 to 100" in wrong.text


@pytest.mark.parametrize("show", ["gap", "demand", "supply"])
def test_coverage_adds_up_to_all_visitors_and_content(browser, stocked, show):
    page = counted(browser, f"/console/coverage?show={show}")
    with stocked.client() as client:
        told = client.get("/v1/insights/coverage").json()
    rows = [[cell.text() for cell in row.css("th, td")] for row in page.css("details tbody tr")]
    assert len(rows) == len(told["cells"])
    supplies = [float(row[3]) for row in rows]
    assert sum(supplies) == pytest.approx(told["items"], abs=0.06 * len(rows))
    assert page.css_first("[aria-current=true]") is not None
    briefs = [each.text() for each in page.css(".gaps div > p:not(.row)")]
    assert briefs == [line for gap in told["gaps"] for line in gap["brief"]]
