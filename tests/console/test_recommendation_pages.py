"""Slots, experiments and valuations, set and read by marketers."""

from __future__ import annotations

import time

import pytest

from personas.errors import InvalidInput
from service.console.slots import boost_of, filter_of
from tests.console.browsing import at_the_console

PAGE, EXPERIMENTS = "/console/recommendations", "/console/recommendations/experiments"


@pytest.fixture
def browser(running_service):
    with at_the_console(running_service) as browser:
        yield browser


def test_what_a_slot_wants_is_saved_as_the_api_would_and_given_back(browser, secret):
    secret.put("/v1/content/pinned-1", json={"title": "Pinned"})
    sent = {
        "slot": "console-slot",
        "count": "3",
        "objective": "progress",
        "diversity": "25",
        "exploration": "12,5",
        "capCount": "2",
        "capHours": "",
        "pins": "pinned-1\n\n",
        "boosts": "type=guide,video +0.7\ntags=solar -1,5",
        "filter": "",
        "exclude": "other-1",
    }
    assert browser.send(f"{PAGE}/slot", **sent).status_code == 303
    slot = secret.get("/v1/slots/console-slot").json()
    assert slot == {
        "id": "console-slot",
        "count": 3,
        "filter": {},
        "boosts": [
            {"filter": {"type": ["guide", "video"]}, "weight": 0.7},
            {"filter": {"tags": ["solar"]}, "weight": -1.5},
        ],
        "pins": ["pinned-1"],
        "exclude": ["other-1"],
        "diversity": 0.25,
        "exploration": 0.125,
        "frequencyCap": {"count": 2, "hours": 24.0},
        "objective": "progress",
    }
    page = browser.get(PAGE, slot="console-slot")
    assert page.css_first("textarea[name=boosts]").text().splitlines() == [
        "type=guide,video +0.7",
        "tags=solar -1.5",
    ]
    assert page.css_first("ol.gaps b").text() == "Pinned"
    assert browser.send(f"{PAGE}/slot", slot="console-slot", do="reset").status_code == 303
    assert secret.get("/v1/slots/console-slot").status_code == 404


@pytest.mark.parametrize(
    "sent",
    [
        {"count": "0"},
        {"count": "many"},
        {"count": "5", "diversity": "140"},
        {"count": "5", "boosts": "type=guide"},
        {"count": "5", "filter": "nonsense"},
        {"count": "5", "objective": "glory"},
    ],
)
def test_a_slot_that_cannot_be_is_refused_in_words(browser, secret, sent):
    answer = browser.send(f"{PAGE}/slot", slot="console-wrong", **sent)
    assert answer.status_code in (400, 422)
    assert secret.get("/v1/slots/console-wrong").status_code == 404


def test_a_preview_stores_nothing_and_knows_its_personas(browser, secret):
    before = secret.get("/v1/visitors/anonymous_id:nobody").json()["evidenceCount"]
    page = browser.get(PAGE, phase="consideration", persona="p_none")
    assert page.css_first("select[name=phase] option[selected]").attributes["value"] == (
        "consideration"
    )
    assert secret.get("/v1/visitors/anonymous_id:nobody").json()["evidenceCount"] == before


def test_an_experiment_is_begun_looked_at_stopped_and_forgotten(browser, secret):
    begin = {"id": "console-trial", "against": "hold-out", "share": "10", "slot": "", "do": "begin"}
    assert browser.send(EXPERIMENTS, **begin).status_code == 303
    told = secret.get("/v1/experiments/console-trial").json()
    assert [arm["holdOut"] for arm in told["arms"]] == [False, True]
    assert told["arms"][1]["weight"] == pytest.approx(0.1)
    assert told["status"] == "running"
    assert "console-trial" in browser.get(EXPERIMENTS).text()
    assert browser.send(EXPERIMENTS, id="console-trial", do="stop").status_code == 303
    assert secret.get("/v1/experiments/console-trial").json()["status"] == "stopped"
    assert browser.send(EXPERIMENTS, id="console-trial", do="forget").status_code == 303
    assert secret.get("/v1/experiments/console-trial").status_code == 404


@pytest.mark.parametrize(
    "sent",
    [
        {"id": "x", "against": "magic", "share": "10", "do": "begin"},
        {"id": "x", "against": "hold-out", "share": "100", "do": "begin"},
        {"id": "", "against": "hold-out", "share": "10", "do": "begin"},
        {"id": "console-never-begun", "do": "stop"},
    ],
)
def test_an_experiment_that_cannot_be_is_refused_in_words(browser, secret, sent):
    assert browser.send(EXPERIMENTS, **sent).status_code in (400, 422)
    assert secret.get("/v1/experiments/x").status_code == 404


@pytest.mark.slow
def test_policies_are_valued_and_the_page_tells_the_jobs_words(browser, secret):
    secret.put("/v1/content/valued-1", json={"title": "Valued"})
    secret.post("/v1/recommendations", json={"anonymousId": "valued"}).raise_for_status()
    assert browser.send(f"{PAGE}/value", reward="clicks").status_code == 303
    for _ in range(200):
        page = browser.get(EXPERIMENTS)
        if page.css_first("[data-again]") is None:
            break
        time.sleep(0.3)
    text = page.text()
    assert "as set now" in text or "failed" in text


@pytest.mark.parametrize("line", ["type", "type=", "=guide", "shoe=size"])
def test_a_filter_that_means_nothing_is_not_guessed_at(line):
    with pytest.raises(InvalidInput):
        filter_of(line, "/filter")
    with pytest.raises(InvalidInput):
        boost_of(f"{line} +1")
