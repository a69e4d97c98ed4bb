"""What a marketer sees and does on the pages of personas, visitors, models and settings."""

from __future__ import annotations

import time
from itertools import pairwise
from uuid import uuid4

import pytest

from tests.console.browsing import HOSTILE, at_the_console

PAGES = (
    "/console",
    "/console/personas",
    "/console/personas/compare",
    "/console/personas/history",
    "/console/personas/draw",
    "/console/visitors",
    "/console/visitors?id=anonymous_id:hostile",
    "/console/visitors?id=user_id:nobody&as=nobody&in=intent&journey=aida",
    "/console/models",
    "/console/settings",
)


@pytest.fixture
def browser(known):
    with at_the_console(known) as browser:
        yield browser


@pytest.fixture
def api(known):
    with known.client() as client:
        yield client


def persona(api, **wanted: str) -> dict:
    """A persona drawn for one test."""
    traits = [{"feature": "role", "value": f"{uuid4()}"}]
    return api.post("/v1/personas", json={"name": "Drawn", "traits": traits, **wanted}).json()


def found(api, identity: str) -> dict:
    return api.get(f"/v1/personas/{identity}").json()


def test_every_page_is_shown_and_nothing_hostile_in_it_is_markup(browser, api):
    drawn = next(each for each in api.get("/v1/personas").json()["data"] if each["name"] == HOSTILE)
    paths = [*PAGES, f"/console/personas/{drawn['id']}", f"/console/personas/{drawn['id']}/retire"]
    seen = 0
    for path in paths:
        page = browser.get(path)
        scripts = [node.attributes.get("src", "") for node in page.css("script")]
        assert len(scripts) == 1
        assert scripts[0].startswith("/console/static/")
        assert not page.css("img, [onerror], [onclick], [style], iframe, object")
        seen += page.body.text().count("onerror=alert(1)")
    assert seen > 5, "it is shown as the text that it is"


@pytest.mark.parametrize("path", [*PAGES, "/console/sign-in"])
def test_a_page_can_be_used_without_seeing_it(browser, path):
    page = browser.get(path)
    assert page.css_first("html").attributes["lang"] == "en"
    assert len(page.css("h1")) == 1
    assert len(page.css("main")) == 1
    for field in page.css("input:not([type=hidden]), select, textarea"):
        label = field
        while label is not None and label.tag != "label":
            label = label.parent
        assert label is not None, field.html
        assert label.text(strip=True), field.html
    for node in page.css("button, a"):
        assert node.text(strip=True) or node.attributes.get("aria-label"), node.html
    for chart in page.css("svg:not([aria-hidden])"):
        assert chart.attributes.get("aria-label"), (chart.html or "")[:200]
        assert chart.attributes.get("role") == "img"
    for head in page.css(":not(.prose) > table > thead th"):
        assert head.attributes.get("scope") == "col"
    names = [node.attributes["id"] for node in page.css("[id]")]
    assert len(names) == len(set(names)), "an id stands once"
    for section in page.css("[aria-labelledby]"):
        assert section.attributes["aria-labelledby"] in names
    order = [int(node.tag[1]) for node in page.css("h1, h2, h3")]
    assert all(after - before <= 1 for before, after in pairwise(order))


def test_both_languages_have_every_page(known):
    with at_the_console(known, language="de") as browser:
        for path in PAGES:
            assert browser.get(path).css_first("html").attributes["lang"] == "de"


def test_numbers_are_those_of_the_api(browser, api):
    told = [each for each in api.get("/v1/personas").json()["data"] if each["status"] == "active"]
    page = browser.get("/console/personas").body.text()
    for each in told:
        assert f"{each['size']:,} visitor" in page
    weeks = api.get("/v1/insights/journey-map").json()["weeks"]
    table = browser.get("/console").css_first(".numbers table").text()
    for week in weeks[:-1]:
        for value in week["visitors"].values():
            assert f"{value:,.1f}" in table


def test_a_renamed_persona_has_its_new_name_and_gets_the_old_one_back(browser, api):
    each = persona(api, name="Before")
    path = f"/console/personas/{each['id']}"
    done = browser.send(f"{path}/describe", name="After", description="New words")
    assert done.headers["location"].startswith(path)
    assert found(api, each["id"])["name"] == "After"
    assert found(api, each["id"])["description"] == "New words"
    change = browser.get(done.headers["location"]).css_first(".notes input[name=change]")
    browser.send("/console/personas/undo", change=change.attributes["value"])
    assert found(api, each["id"])["name"] == "Before"


def test_what_was_changed_again_is_not_undone(browser, api):
    each = persona(api, name="First")
    path = f"/console/personas/{each['id']}"
    done = browser.send(f"{path}/describe", name="Second").headers["location"]
    change = browser.get(done).css_first(".notes input[name=change]").attributes["value"]
    browser.send(f"{path}/describe", name="Third")
    answer = browser.send("/console/personas/undo", change=change)
    assert answer.status_code == 422
    assert found(api, each["id"])["name"] == "Third"
    assert browser.send("/console/personas/undo", change="none").status_code == 404


def test_a_persona_is_locked_and_unlocked(browser, api):
    each = persona(api)
    path = f"/console/personas/{each['id']}"
    browser.send(f"{path}/lock", locked="true")
    assert found(api, each["id"])["locked"] is True
    assert "Locked" in browser.get(path).body.text()
    browser.send(f"{path}/lock", locked="false")
    assert found(api, each["id"])["locked"] is False


def test_before_two_are_merged_their_shares_are_shown_and_after_they_are_one(browser, api):
    one, other = persona(api, name="Kept"), persona(api, name="Merged")
    path = f"/console/personas/{one['id']}/merge"
    page = browser.get(path, **{"with": other["id"]})
    assert "would belong to another persona" in page.body.text()
    rows = {row.css_first("th").text(): row for row in page.css("tbody tr")}
    now, then = (
        [number(row.css("td.num")[place].text()) for row in rows.values()] for place in (0, 1)
    )
    assert sum(now) == pytest.approx(100, abs=0.5 * len(rows))
    assert sum(then) == pytest.approx(100, abs=0.5 * len(rows))
    done = browser.send(path, **{"with": other["id"]})
    assert found(api, other["id"])["mergedInto"] == one["id"]
    change = browser.get(done.headers["location"]).css_first(".notes input[name=change]")
    browser.send("/console/personas/undo", change=change.attributes["value"])
    assert found(api, other["id"])["status"] == "active"
    assert browser.client.get(path, params={"with": "p_nobody"}).status_code == 422


def number(text: str) -> float:
    return float(text.strip("%<> ").replace(",", ""))


def test_a_retired_persona_answers_no_more_until_it_is_activated(browser, api):
    each = persona(api)
    path = f"/console/personas/{each['id']}"
    assert "would belong to another persona" in browser.get(f"{path}/retire").body.text()
    browser.send(f"{path}/retire")
    assert found(api, each["id"])["status"] == "retired"
    browser.send(f"{path}/activate")
    assert found(api, each["id"])["status"] == "active"
    assert browser.send(f"{path}/activate").status_code == 422


def test_a_split_waits_for_the_next_training(browser, api):
    named = [each for each in api.get("/v1/personas").json()["data"] if each["origin"] != "manual"]
    path = f"/console/personas/{named[0]['id']}"
    assert "Until then nothing changes" in browser.get(f"{path}/split").body.text()
    done = browser.send(f"{path}/split").headers["location"]
    page = browser.get(done)
    assert "Is split at the next training" in page.body.text()
    change = page.css_first(".notes input[name=change]").attributes["value"]
    browser.send("/console/personas/undo", change=change)
    assert "Is split at the next training" not in browser.get(path).body.text()


def test_a_drawn_persona_is_looked_at_first_and_then_answers(browser, api):
    drawing = {
        "name": "Owners by hand",
        "description": "They own",
        "feature-0": "role",
        "value-0": "owner, landlord",
        "feature-1": "kids",
        "value-1": "2",
    }
    before = len(api.get("/v1/personas").json()["data"])
    looked = browser.send("/console/personas/draw", **drawing)
    assert "would belong to another persona" in looked.text
    assert len(api.get("/v1/personas").json()["data"]) == before, "nothing was stored"
    identity = looked.text.partition('name="identity" value="')[2].partition('"')[0]
    browser.send("/console/personas/draw", **drawing, step="apply", identity=identity)
    each = found(api, identity)
    assert each["name"] == "Owners by hand"
    assert {(trait["feature"], str(trait["value"])) for trait in each["traits"]} == {
        ("role", "owner"),
        ("role", "landlord"),
        ("kids", "2.0"),
    }
    assert browser.send("/console/personas/draw", name="Nothing").status_code == 422


def test_reasons_add_up_on_the_page_of_a_visitor(browser, api):
    told = api.get("/v1/visitors/anonymous_id:hostile").json()
    page = browser.get("/console/visitors?id=anonymous_id:hostile")
    for table, belief in zip(page.css("table.sum"), (told["phase"], told["persona"]), strict=True):
        weights = [number_of(cell.text()) for cell in table.css("td.num")]
        assert sum(weights[:-1]) == pytest.approx(weights[-1], abs=0.005 * len(weights))
        assert weights[0] == pytest.approx(belief["priorLogOdds"], abs=0.05)


def number_of(text: str) -> float:
    return float(text.replace("\N{MINUS SIGN}", "-").replace(",", ""))


def test_looking_at_a_visitor_shows_nothing_to_anybody(browser, api):
    """A recommendation that a marketer looks at is no impression."""
    before = api.get("/metrics").text
    browser.get("/console/visitors?id=anonymous_id:hostile&in=intent")
    shown = [line for line in before.splitlines() if "impression" in line and "#" not in line]
    after = api.get("/metrics").text
    for line in shown:
        assert line in after


def test_a_training_begins_with_a_click_and_an_older_version_comes_back(browser, api):
    before = api.get("/v1/models").json()["active"]
    assert browser.send("/console/models/train", model="phases").status_code == 303
    assert "Training" in browser.get("/console/models").body.text()
    deadline = time.monotonic() + 120
    while any(job["status"] in ("queued", "running") for job in api.get("/v1/jobs").json()["data"]):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    browser.send("/console/models/activate", version=before)
    assert api.get("/v1/models").json()["active"] == before
    assert browser.send("/console/models/activate", version="none").status_code == 404
    assert browser.send("/console/models/train", model="minds").status_code == 422


def test_a_key_is_shown_once_and_works_until_it_is_revoked(browser, known):
    page = browser.send("/console/settings/keys", kind="console", role="viewer", label="Anna").text
    key = page.partition('<p class="key">')[2].partition("<")[0]
    assert key.startswith("mk_")
    assert key not in browser.client.get("/console/settings").text
    with at_the_console(known, key) as anna:
        assert "You may look, not edit" in anna.get("/console").body.text()
        assert not anna.get("/console/settings").css("form[action='/console/settings/keys']")
    kept = browser.get("/console/settings").css("input[name=key]")
    browser.send("/console/settings/keys/revoke", key=kept[0].attributes["value"])
    with at_the_console(known, None) as anna:
        assert anna.sign_in(key).status_code == 401


def test_only_a_secret_key_makes_keys_and_allows_sensitive_traits(known, api):
    made = api.post("/v1/keys", json={"kind": "console"}).json()["key"]
    with at_the_console(known, made) as editor:
        for path in ("keys", "keys/revoke", "privacy"):
            assert editor.send(f"/console/settings/{path}", kind="secret").status_code == 403
    assert api.get("/v1/site").json()["allowSensitive"] is False


def test_sensitive_traits_are_allowed_and_kept_out_again(browser, api):
    browser.send("/console/settings/privacy", **{"allow-sensitive": "true"})
    assert api.get("/v1/site").json()["allowSensitive"] is True
    browser.send("/console/settings/privacy", **{"allow-sensitive": "false"})
    assert api.get("/v1/site").json()["allowSensitive"] is False


def test_an_unmapped_event_is_offered_until_somebody_says_what_it_means(browser, api):
    api.post("/v1/track", json={"event": "Küche geplant", "anonymousId": "cook"})
    assert "Küche geplant" in browser.get("/console/settings").body.text()
    browser.send("/console/settings/events", name="Küche geplant", means="intending")
    assert api.get("/v1/event-names").json()["data"] == [
        {"name": "Küche geplant", "means": "intending"}
    ]
    browser.send("/console/settings/events/delete", name="Küche geplant")
    assert api.get("/v1/event-names").json()["data"] == []
    wrong = browser.send("/console/settings/events", name="Küche geplant", means="cooking")
    assert wrong.status_code == 422


def test_a_journey_of_ones_own_is_made_of_named_rungs(browser, api):
    names = ["Neu", "Neu", "Prüft", "Prüft", "Kunde", "Kunde", "Kunde"]
    ladder = [
        rung
        for phase in api.get("/v1/journeys/lifecycle-7").json()["phases"]
        for rung in phase["of"]
    ]
    sent = dict(zip(ladder, names, strict=True))
    browser.send("/console/settings/journeys", name="Unser Weg", **sent)
    made = api.get("/v1/journeys/unser-weg").json()
    assert [(phase["id"], len(phase["of"])) for phase in made["phases"]] == [
        ("neu", 2),
        ("prüft", 2),
        ("kunde", 3),
    ]
    assert "Prüft" in browser.get("/console?journey=unser-weg").body.text()
    browser.send("/console/settings/journeys/delete", id="unser-weg")
    assert api.get("/v1/journeys/unser-weg").status_code == 404
    assert browser.send("/console/settings/journeys", name="X", awareness="A").status_code == 422


def test_a_fresh_service_teaches_what_to_do(running_service):
    with at_the_console(running_service) as browser:
        assert "expert tables answer" in browser.get("/console").body.text()
        assert "Nothing was trained yet" in browser.get("/console/models").body.text()
        assert "No personas yet" in browser.get("/console/personas").body.text()
