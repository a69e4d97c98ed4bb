"""A marketer's day: who stalls before the purchase, which content is missing, and what is done."""

from __future__ import annotations

import re
import time
from urllib.parse import quote

import httpx
import pytest

from service.demo.pages import contents
from tests.conftest import Service
from tests.console.browsing import ended, learned
from tests.console.chromium import CHROMIUM, FLAGS, signed_in
from training.simulate import demo_messages

VISITORS = 600
TRAINED_WITHIN_S = 200.0
STEP = "Conversion"  # the phase of the purchase

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no Chromium"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The demo's site with enough visitors for personas."""
    service = Service(tmp_path_factory.mktemp("marketer") / "data", {"FINGERPOST_DEMO": "true"})
    service.start()
    with service.client() as client:
        client.timeout = httpx.Timeout(120)
        items = list(contents().values())[::2]
        sent = [{k: v for k, v in item.items() if k != "expectedPhase"} for item in items]
        assert client.post("/v1/content:batch", json={"items": sent}).json()["accepted"]
        catalogue = [{**item, "phase": item["expectedPhase"]} for item in items]
        for messages, _ in demo_messages(catalogue, VISITORS, time.time(), 120.0, 3, 400):
            client.post("/v1/batch", json={"batch": messages})
        learned(client, TRAINED_WITHIN_S)
        yield service
    service.stop()


@pytest.fixture(scope="module")
def page(site):
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        context = browser.new_context(base_url=site.url, viewport={"width": 1280, "height": 900})
        yield signed_in(context)
        browser.close()


def press(page, selector: str) -> None:
    with page.expect_navigation():
        page.locator(selector).first.click()


def active(client) -> dict[str, dict]:
    listed = client.get("/v1/personas").json()["data"]
    return {each["id"]: each for each in listed if each["status"] == "active"}


def test_a_marketers_day(site, page):
    with site.client() as client:
        client.timeout = 60
        stalls = who_stalls(page)
        missing = what_is_missing(page, stalls)
        assert missing, "the persona that stalls has a brief of what to write"
        corrected = three_tags(page, client)
        kept, gone = merged_and_renamed(page, client)
        page.goto("/console/models")
        press(page, "form[action$='/models/train'] button")
        ended(client, TRAINED_WITHIN_S)
        for identity, kind in corrected.items():
            tag = client.get(f"/v1/content/{quote(identity, safe='')}").json()["tagging"]["type"]
            assert (tag["id"], tag["source"]) == (kind, "human")
        after = client.get(f"/v1/personas/{kept}").json()
        assert (after["name"], after["status"]) == ("Our favourites", "active")
        assert client.get(f"/v1/personas/{gone}").json()["mergedInto"] == kept
        page.goto("/console/personas")
        assert page.get_by_text("Our favourites").first.is_visible()
        assert not page.complaints


def who_stalls(page) -> str:
    """The name of the persona of which the fewest go on to the purchase, from the journey map."""
    page.goto("/console/journey")
    table = page.locator("section[aria-labelledby='passed'] table")
    heads = table.locator("thead th").all_inner_texts()
    column = heads.index(STEP)
    rows = [row.locator("th, td").all_inner_texts() for row in table.locator("tbody tr").all()]
    shares = {row[0]: float(row[column].rstrip("%")) for row in rows if "%" in row[column]}
    marked = table.locator(f"tbody tr td:nth-child({column + 1}) .chip").all_inner_texts()
    lowest = min(shares, key=lambda name: shares[name])
    assert {float(each.rstrip("%")) for each in marked} == {shares[lowest]}
    press(page, f"section[aria-labelledby='passed'] a:has-text('{lowest}')")
    assert page.locator("select[name=persona] option:checked").inner_text() == lowest
    return lowest


def what_is_missing(page, persona: str) -> list[str]:
    page.goto("/console/coverage")
    briefs = page.locator(".gaps li").all_inner_texts()
    return [each for each in briefs if persona in each and re.search(r"Write an? ", each)]


def three_tags(page, client) -> dict[str, str]:
    """Three of the least certain are said to be what they are not, so that it shows."""
    page.goto("/console/content/review")
    said = {}
    for kind in ("webinar", "newsletter", "case-study"):
        identity = page.locator("input[name=id]").get_attribute("value")
        page.locator("select[name=type]").select_option(kind)
        press(page, "button[value=change]")
        said[identity] = kind
    assert len(said) == 3
    return said


def merged_and_renamed(page, client) -> tuple[str, str]:
    one, other = sorted(active(client), key=lambda key: active(client)[key]["size"])[-2:]
    page.goto(f"/console/personas/{one}")
    page.locator("select[name=with]").select_option(other)
    press(page, "form[action$='/merge'] button")
    press(page, "form[action$='/merge'] .main")
    page.goto(f"/console/personas/{one}")
    page.locator("input[name=name]").fill("Our favourites")
    press(page, "form[action$='/describe'] .main")
    assert active(client)[one]["name"] == "Our favourites"
    assert other not in active(client)
    return one, other
