"""The demo: a site, and beside it what is made of who reads it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from personas.entities import CONTENT_TYPES, LADDER
from personas.vocabulary import is_known
from service.demo.pages import ACTIONS, CHECK, MENU, ORDERS, QUESTIONS, TOUR, contents
from service.demo.site import POLICY
from training.simulate import demo_messages
from training.simulate_businesses import HOME_ENERGY

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOSTILE = "<img src=x onerror=\"document.title='broken in'\"><script>alert(1)</script>"
VISITORS = 60
TRAINED_WITHIN_S, DRAWN_WITHIN_S = 120.0, 30.0
WALKED = [target for _, target, _ in TOUR if target]


def shown_content() -> list[dict]:
    """The pages of the tour and some more, so that the filling is quick."""
    others = [item for item in contents().values() if item["id"] not in WALKED]
    return [contents()[path] for path in WALKED] + others[::8]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The service with the demo's pages, a small filling, and models learned from it."""
    from tests.conftest import Service

    service = Service(tmp_path_factory.mktemp("demo") / "data", {"FINGERPOST_DEMO": "true"})
    service.start()
    with service.client() as client:
        client.timeout = httpx.Timeout(120)
        fill(client)
        yield service
    service.stop()


def fill(client: httpx.Client) -> None:
    items = shown_content()
    sent = [{k: v for k, v in item.items() if k != "expectedPhase"} for item in items]
    sent.append({"id": "/hostile", "title": HOSTILE, "body": "Warm words on warm walls."})
    assert client.post("/v1/content:batch", json={"items": sent}).json()["accepted"] == len(sent)
    catalogue = [{**item, "phase": item["expectedPhase"]} for item in items]
    for messages, _ in demo_messages(catalogue, VISITORS, time.time(), 120.0, 3, 400):
        told = client.post("/v1/batch", json={"batch": messages}).json()
        assert not told["rejected"]
    job = client.post("/v1/jobs", json={"kind": "train", "models": ["phases", "personas"]}).json()
    deadline = time.monotonic() + TRAINED_WITHIN_S
    while client.get(f"/v1/jobs/{job['id']}").json()["status"] in ("queued", "running"):
        assert time.monotonic() < deadline, "training takes too long"
        time.sleep(0.2)
    assert client.get(f"/v1/jobs/{job['id']}").json()["status"] == "succeeded"


@pytest.fixture(scope="module")
def anybody(demo):
    with demo.client(None) as client:
        yield client


def visit(client: httpx.Client, path: str = "/", *events: dict, who: str = "demo-1", **more):
    body = {"anonymousId": who, "events": list(events), "path": path}
    body |= {"at": "2026-10-01T10:00:00Z", "journey": "classic-5"} | more
    return client.post("/demo/api/visit", json=body)


def viewed(path: str) -> dict:
    moment = "2026-10-01T10:00:00Z"
    about = {"contentId": path}
    return {"type": "page", "messageId": uuid4().hex, "timestamp": moment, "properties": about}


# --- what the company has written -------------------------------------------------------------


def test_the_company_has_content_of_every_kind_for_every_rung():
    items = list(contents().values())
    assert len(items) >= 60
    assert {item["type"] for item in items} == set(CONTENT_TYPES) - {"other"}
    assert {item["expectedPhase"] for item in items} == set(LADDER)
    topics = {tag for item in items for tag in item["tags"]}
    assert {topic for each in HOME_ENERGY.personas for topic in each.topics} <= topics


def test_everything_that_can_be_clicked_leads_somewhere():
    pages = set(contents())
    assert {target for _, target in MENU} <= pages
    assert set(WALKED) | {CHECK} <= pages
    events = [event for pairs in ACTIONS.values() for event, _ in pairs]
    events += [event for event, _ in ORDERS] + [event for _, _, event in TOUR if event]
    assert all(is_known(event, {}) for event in events)


def test_the_check_asks_for_what_simulated_visitors_tell():
    for name, _, choices in QUESTIONS:
        told = [each.traits[name] for each in HOME_ENERGY.personas if name in each.traits]
        values = {value for each in told if isinstance(each, dict) for value in each}
        assert set(choices) <= values or all(choice.isdigit() for choice in choices)


# --- its pages --------------------------------------------------------------------------------


def test_without_the_setting_there_is_no_demo(nobody):
    assert nobody.get("/demo/").status_code == 404
    assert visit(nobody).status_code == 404


@pytest.mark.parametrize("path", ["/", *WALKED, CHECK])
def test_every_page_lets_only_its_own_scripts_run(anybody, path):
    answer = anybody.get(f"/demo{path}")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert "style=" not in answer.text
    assert "onclick" not in answer.text
    assert answer.text.count("<script") == answer.text.count('<script src="/demo/static/')


def test_a_fragment_is_the_middle_of_its_page(anybody):
    middle = anybody.get("/demo/prices/heat-pumps", headers={"X-Fragment": "page"}).text
    assert "<h1>Price list heat pumps 2026</h1>" in middle
    assert "<html" not in middle
    assert middle in anybody.get("/demo/prices/heat-pumps").text


def test_an_unknown_page_is_a_problem_that_says_so(anybody):
    answer = anybody.get("/demo/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_static_files_are_few_and_small(anybody):
    names = ("demo.css", "charts.js", "panel.js", "demo.js", "icon.svg")
    answers = [anybody.get(f"/demo/static/{name}") for name in names]
    assert all(answer.status_code == 200 for answer in answers)
    assert sum(len(answer.content) for answer in answers) < 60_000


# --- what the page asks -----------------------------------------------------------------------


def test_a_click_is_answered_with_where_who_what_and_why(anybody):
    path = "/compare/heat-pump-vs-gas"
    told = visit(anybody, path, viewed(path), who=f"demo-{uuid4().hex}").json()
    phase, persona = told["visitor"]["phase"], told["visitor"]["persona"]
    assert sum(phase["distribution"].values()) == pytest.approx(1)
    assert any(item["event"] == "page" for item in phase["evidence"])
    assert persona["name"] != "everyone"
    items = told["recommendations"]["items"]
    assert len(items) == 5
    assert path not in {item["contentId"] for item in items}
    assert all(item["reasons"] for item in items)
    known = anybody.get("/demo/api/known").json()
    assert persona["id"] in known["personas"]
    assert len(known["journeys"]) == 7


def test_others_in_a_phase_get_a_list_and_nothing_is_stored(anybody, demo):
    with demo.client() as secret:
        before = secret.get("/v1/visitors/anonymous_id%3Ademo-nobody").json()["evidenceCount"]
    asked = {"phase": "after-sales", "at": "2026-10-01T10:00:00Z", "path": "/"}
    assert anybody.post("/demo/api/preview", json=asked).json()["items"]
    with demo.client() as secret:
        after = secret.get("/v1/visitors/anonymous_id%3Ademo-nobody").json()["evidenceCount"]
    assert before == after == 0
    wrong = anybody.post("/demo/api/preview", json=asked | {"phase": "asleep"})
    assert 400 <= wrong.status_code < 500


def test_nobody_reads_other_visitors_through_the_demo(anybody, demo):
    assert visit(anybody, who="sim-3-000001").status_code == 404
    with demo.client() as secret:
        named = {"type": "page", "userId": "u-secret", "properties": {"contentId": "/x"}}
        assert secret.post("/v1/batch", json={"batch": [named]}).json()["accepted"] == 1
    mine = f"demo-{uuid4().hex}"
    claimed = [
        viewed("/") | {"userId": "u-secret"},
        {"type": "alias", "previousId": "u-secret", "userId": mine},
        {"type": "identify", "userId": "u-secret", "traits": {"role": "owner"}},
    ]
    told = visit(anybody, "/", *claimed, who=mine).json()
    assert told["visitor"]["ids"] == [{"type": "anonymous_id", "id": mine}]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"anonymousId": "demo-1"},
        {"anonymousId": "demo-1", "at": "soon"},
        {"anonymousId": "demo-1", "at": "2026-10-01T10:00:00Z", "events": ["x"]},
        {"anonymousId": "demo-1", "at": "2026-10-01T10:00:00Z", "events": [{}] * 21},
        {"anonymousId": "demo-1", "at": "2026-10-01T10:00:00Z", "journey": "nowhere"},
        {"anonymousId": "demo-1", "at": "2026-10-01T10:00:00Z", "path": "/" + 300 * "x"},
    ],
)
def test_a_bad_request_is_told_what_to_mend(anybody, body):
    answer = anybody.post("/demo/api/visit", json=body)
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"


# --- in a browser -----------------------------------------------------------------------------


@contextmanager
def browser_page(demo, **context):
    """A page, and what its console complained of."""
    if not CHROMIUM.exists():
        pytest.skip("needs Chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        page = browser.new_context(**context).new_page()
        complaints: list[str] = []
        page.on(
            "console",
            lambda said: said.type in ("error", "warning") and complaints.append(said.text),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{demo.url}/demo/")
        until(page, "last !== null")
        yield page, complaints
        browser.close()


def until(page, condition: str) -> None:
    """Asked from outside: the page's own policy lets no condition be evaluated within it."""
    deadline = time.monotonic() + DRAWN_WITHIN_S
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, f"{condition} never came: {page.inner_text('#story')}"
        page.wait_for_timeout(50)


def step(page, number: int) -> None:
    """One step of the tour, until its answer is drawn."""
    steps = page.evaluate("me.way.length")
    expected = steps + 1 + (1 if TOUR[number - 1][1] and TOUR[number - 1][2] else 0)
    page.click(f'.tour a[data-step="{number}"]')
    until(page, f"me.way.length === {expected}")


def shares(page) -> dict[str, float]:
    return page.evaluate("last.visitor.phase.distribution")


@pytest.mark.browser
@pytest.mark.slow
def test_six_clicks_lead_from_the_first_guide_to_after_sales(demo):
    with browser_page(demo, viewport={"width": 1440, "height": 900}) as (page, complaints):
        assert "You opened the front page" in page.inner_text("#story")
        step(page, 1)
        first = shares(page)
        step(page, 2)
        step(page, 3)
        compared = shares(page)
        assert (
            compared["consideration"] + compared["intent"]
            > first["consideration"] + first["intent"]
        )
        step(page, 4)
        assert shares(page)["intent"] > compared["intent"]
        assert "You asked for a quote" in page.inner_text("#story")
        step(page, 5)
        assert shares(page)["conversion"] > 0.3
        step(page, 6)
        assert shares(page)["after-sales"] > 0.2
        assert "Four days later" in page.inner_text("#story")
        assert page.locator("#list li").count() == 5
        assert page.locator("#way .step").count() == page.evaluate("me.way.length") == 8
        assert complaints == []


@pytest.mark.browser
@pytest.mark.slow
def test_the_panel_explains_itself_and_follows_its_reader(demo):
    with browser_page(demo, viewport={"width": 1440, "height": 900}) as (page, complaints):
        step(page, 2)
        phase = page.evaluate("last.visitor.phase")
        total = phase["priorLogOdds"] + sum(item["logOdds"] for item in phase["evidence"])
        page.locator("details summary").first.click()
        assert f"{abs(total):.2f}" in page.inner_text("#phase-sum .total")
        page.select_option("#journey", "aida")
        until(page, "last && last.visitor.phase.journey === 'aida'")
        assert "Desire" in page.inner_text("#phases")
        page.select_option("#whom", "action")
        page.wait_for_timeout(300)
        page.goto(f"{demo.url}/demo{CHECK}")
        until(page, "last !== null")
        page.select_option("#check select[name=role]", "tenant")
        page.click("#tell")
        until(page, "me.way.at(-1).label.includes('three-minute check')")
        with demo.client() as secret:
            key = f"/v1/visitors/anonymous_id%3A{page.evaluate('me.id')}"
            assert (
                secret.get(key, params={"include": "traits"}).json()["traits"]["role"] == "tenant"
            )
        page.click("#wait")
        until(page, "me.way.at(-1).label.startsWith('A week')")
        page.click("#anew")
        until(page, "me.way.length === 1")
        assert complaints == []


@pytest.mark.browser
@pytest.mark.slow
def test_titles_from_outside_stay_text(demo):
    with browser_page(demo) as (page, complaints):
        item = {
            "contentId": "/hostile",
            "title": HOSTILE,
            "type": "other",
            "rank": 1,
            "reasons": [],
        }
        page.evaluate("item => { drawList([item], null); drawCards([item]); }", item)
        page.wait_for_timeout(300)
        assert page.locator("#list img, #list script, #cards script").count() == 0
        assert HOSTILE in page.inner_text("#list")
        assert "broken in" not in page.title()
        assert complaints == []


@pytest.mark.browser
@pytest.mark.slow
def test_on_a_telephone_nothing_is_wider_than_the_screen(demo):
    size = {"width": 390, "height": 844}
    with browser_page(demo, viewport=size) as (page, complaints):
        for number in (1, 2, 3):
            step(page, number)
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert page.locator("#brief").is_visible()
        assert complaints == []
