"""Every edit of the console, done with clicks and keys in a real browser, seen through the API."""

from __future__ import annotations

import time
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.console.chromium import CHROMIUM
from tests.console.test_pages import persona

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no Chromium"),
]
WITHIN_S = 60.0


@pytest.fixture
def api(known):
    with known.client() as client:
        client.timeout = 60
        yield client


@pytest.fixture(autouse=True)
def without_complaints(page):
    yield
    assert not page.complaints


def press(page, name: str, within=None) -> None:
    (within or page).get_by_role("button", name=name, exact=True).first.click()
    page.wait_for_load_state()


def found(api, identity: str) -> dict:
    return api.get(f"/v1/personas/{quote(identity, safe='')}").json()


def card(page, heading: str):
    return page.locator("section.card").filter(has=page.get_by_role("heading", name=heading))


def until(told, expected) -> None:
    deadline = time.monotonic() + WITHIN_S
    while (now := told()) != expected:
        assert time.monotonic() < deadline, now
        time.sleep(0.1)


# --- personas -------------------------------------------------------------------------------------


def test_a_persona_is_drawn_after_a_look_at_the_effect(page, api):
    name = f"Bakers {uuid4().hex[:6]}"
    page.goto("/console/personas")
    page.get_by_role("link", name="Draw a persona by hand").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Description").fill("They bake at night.")
    page.get_by_label("Trait or behaviour").first.fill("trade")
    page.get_by_label("Mostly", exact=True).first.fill("baker")
    press(page, "See the effect")
    assert name not in {each["name"] for each in api.get("/v1/personas").json()["data"]}
    page.locator("form[action$='/personas/draw'] .main").click()
    page.wait_for_load_state()
    drawn = next(each for each in api.get("/v1/personas").json()["data"] if each["name"] == name)
    assert (drawn["origin"], drawn["status"]) == ("manual", "active")
    assert drawn["description"] == "They bake at night."


def test_a_persona_is_locked_and_unlocked(page, api):
    each = persona(api, name="Locked ones")
    page.goto(f"/console/personas/{each['id']}")
    press(page, "Lock")
    assert found(api, each["id"])["locked"] is True
    press(page, "Unlock")
    assert found(api, each["id"])["locked"] is False


def test_two_personas_are_merged_after_a_look_and_parted_again(page, api):
    one, other = persona(api, name="Left half"), persona(api, name="Right half")
    page.goto(f"/console/personas/{one['id']}")
    page.get_by_label("Merge with").select_option(label="Right half")
    press(page, "See the effect")
    assert found(api, other["id"])["status"] == "active"
    page.locator("form[action$='/merge'] .main").click()
    page.wait_for_load_state()
    merged = found(api, other["id"])
    assert (merged["status"], merged["mergedInto"]) == ("retired", one["id"])
    press(page, "Undo")
    assert found(api, other["id"])["status"] == "active"


def test_a_persona_is_retired_after_a_look_and_comes_back(page, api):
    each = persona(api, name="On leave")
    page.goto(f"/console/personas/{each['id']}")
    page.get_by_role("link", name="Retire …").click()
    page.locator("form[action$='/retire'] .main").click()
    page.wait_for_load_state()
    assert found(api, each["id"])["status"] == "retired"
    page.goto(f"/console/personas/{each['id']}")
    press(page, "Activate")
    assert found(api, each["id"])["status"] == "active"


def test_a_persona_is_marked_to_be_split(page, api):
    each = persona(api, name="Two in one")
    page.goto(f"/console/personas/{each['id']}")
    page.get_by_role("link", name="Split …").click()
    page.locator("form[action$='/split'] .main").click()
    page.wait_for_load_state()
    page.goto(f"/console/personas/{each['id']}")
    assert page.get_by_text("Is split at the next training").is_visible()


# --- journey --------------------------------------------------------------------------------------


def test_a_target_is_set_beside_what_is_so_and_taken_away(page):
    page.goto("/console/journey")
    field = page.locator("input[name^='target-']").first
    name = field.get_attribute("name")
    field.fill("42")
    press(page, "Save targets")
    page.goto("/console/journey")
    assert page.locator(f"input[name='{name}']").input_value() == "42"
    page.locator(f"input[name='{name}']").fill("")
    press(page, "Save targets")
    assert page.locator(f"input[name='{name}']").input_value() == ""


def test_the_journey_map_is_saved_as_a_picture(page, tmp_path):
    page.goto("/console/journey")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as PNG").click()
    picture = tmp_path / "map.png"
    download.value.save_as(picture)
    assert download.value.suggested_filename == "journey-map.png"
    data = picture.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(data[place : place + 4]) for place in (16, 20))
    assert (width, height > 1000) == (2560, True)
    assert len(data) > 100_000, "a blank picture is much smaller"


# --- content --------------------------------------------------------------------------------------


def put(api, **fields) -> str:
    identity = f"/edits-{uuid4().hex[:8]}"
    item = {"title": "Prices and plans", "body": "Choose a plan: $9 or $29 a month.", **fields}
    assert api.put(f"/v1/content/{quote(identity, safe='')}", json=item).status_code in (200, 201)
    return identity


def tagging(api, identity: str) -> dict:
    return api.get(f"/v1/content/{quote(identity, safe='')}").json()["tagging"]


def test_a_tag_is_confirmed_passed_over_and_changed_with_one_key_each(page, api):
    identity, other = put(api), put(api)
    page.goto("/console/content/review")
    first = under_review(page)
    keyed(page, "c")
    assert tagging(api, first)["type"]["source"] in ("human", "site")
    assert tagging(api, first)["phase"]["source"] == "human"
    wanted = identity if first != identity else other
    page.goto("/console/content/review")
    while under_review(page) != wanted:
        keyed(page, "n")
    page.locator("select[name=type]").select_option("webinar")
    page.locator("article").click()
    keyed(page, "s")
    said = tagging(api, wanted)["type"]
    assert (said["id"], said["source"]) == ("webinar", "human")


def under_review(page) -> str:
    return page.locator("input[name=id]").get_attribute("value", timeout=5000)


def keyed(page, key: str) -> None:
    with page.expect_navigation():
        page.keyboard.press(key)


def test_many_are_changed_at_once(page, api):
    two = [put(api, title=f"Bulk {uuid4().hex[:6]}") for _ in range(2)]
    for action, told in (
        ("type:pricing", lambda each: tagging(api, each)["type"]["id"] == "pricing"),
        ("phase:intent", lambda each: tagging(api, each)["phase"]["id"] == "intent"),
        ("hide", lambda each: is_hidden(api, each)),
        ("show", lambda each: not is_hidden(api, each)),
    ):
        page.goto("/console/content")
        for each in two:
            page.locator(f"input[name=id][value='{each}']").check()
        page.locator("select[name=action]").select_option(action)
        press(page, "Do it")
        assert all(told(each) for each in two), action


def is_hidden(api, identity: str) -> bool:
    return bool(api.get(f"/v1/content/{quote(identity, safe='')}").json().get("hidden"))


def test_a_table_is_imported(page, api):
    identity = f"/imported-{uuid4().hex[:8]}"
    page.goto("/console/content/import")
    form = page.locator("form").filter(has=page.locator("textarea[name=table]"))
    form.locator("textarea").fill(f"id,title,body\n{identity},A table,What a table holds")
    form.get_by_role("button").click()
    page.wait_for_load_state()

    def there() -> int:
        return api.get(f"/v1/content/{quote(identity, safe='')}").status_code

    until(there, 200)


# --- recommendations ------------------------------------------------------------------------------


def test_a_slot_is_set_and_set_back(page, api):
    slot, pinned = f"slot-{uuid4().hex[:6]}", put(api)
    page.goto(f"/console/recommendations?slot={slot}")
    page.get_by_label("How many items").fill("3")
    page.get_by_label("What they are for").select_option("progress")
    page.get_by_label("Pinned to the first places").fill(pinned)
    page.get_by_label("Lifted or pushed down").fill("type=guide +0.7")
    page.get_by_label("At most so many times").fill("4")
    page.get_by_label("in so many hours").fill("24")
    press(page, "Save")
    told = api.get(f"/v1/slots/{slot}").json()
    assert (told["count"], told["objective"], told["pins"]) == (3, "progress", [pinned])
    assert told["frequencyCap"]["count"] == 4
    assert len(told["boosts"]) == 1
    first = page.locator("section").filter(has_text="The list now").locator("li b").first
    assert first.inner_text() == "Prices and plans"
    press(page, "Back to the usual")
    assert page.get_by_label("How many items").input_value() == "5"


def test_an_experiment_begins_ends_and_is_forgotten(page, api):
    name = f"try-{uuid4().hex[:6]}"
    page.goto("/console/recommendations/experiments")
    page.get_by_label("Name", exact=True).fill(name)
    press(page, "Begin")
    assert api.get(f"/v1/experiments/{name}").json()["status"] == "running"
    trial = page.locator(f"section[aria-label='{name}']")
    press(page, "Stop", trial)
    assert api.get(f"/v1/experiments/{name}").json()["status"] == "stopped"
    press(page, "Forget", page.locator(f"section[aria-label='{name}']"))
    assert api.get(f"/v1/experiments/{name}").status_code == 404


# --- settings -------------------------------------------------------------------------------------


def test_a_name_is_given_a_meaning_which_is_taken_back(page, api):
    name = f"Brochure {uuid4().hex[:6]}"
    page.goto("/console/settings")
    page.get_by_text("Add a name by hand").click()
    form = page.locator("details form[action$='/settings/events']")
    form.locator("input[name=name]").fill(name)
    form.locator("select").select_option("comparing")
    press(page, "Save", form)
    assert names(api)[name] == "comparing"
    press(page, "Delete", page.locator("tr").filter(has_text=name))
    assert name not in names(api)


def names(api) -> dict[str, str]:
    listed = api.get("/v1/event-names", params={"limit": 1000}).json()["data"]
    return {each["name"]: each.get("means") for each in listed if each.get("means")}


def test_a_journey_is_made_and_deleted(page, api):
    name = f"Ours {uuid4().hex[:6]}"
    page.goto("/console/settings")
    page.get_by_text("Add one of your own").click()
    form = page.locator("form[action$='/settings/journeys']")
    form.get_by_label("Name", exact=True).fill(name)
    press(page, "Save", form)
    assert name in {each["name"] for each in api.get("/v1/journeys").json()["data"]}
    press(page, "Delete", page.locator("tr").filter(has_text=name))
    assert page.asked == ["Delete this journey?"]
    assert name not in {each["name"] for each in api.get("/v1/journeys").json()["data"]}


def test_a_key_is_made_and_revoked(page, known):
    label = f"Anna {uuid4().hex[:6]}"
    page.goto("/console/settings")
    page.get_by_label("Where it is used").fill(label)
    press(page, "Make a key")
    shown = page.locator(".key").inner_text()
    with known.client(shown) as client:
        assert client.get("/v1/personas").status_code == 200
        press(page, "Revoke", page.locator("tr").filter(has_text=label))
        assert client.get("/v1/personas").status_code == 401
    assert len(page.asked) == 1


def test_privacy_is_chosen(page, api):
    page.goto("/console/settings")
    press(page, "Allow them")
    assert api.get("/v1/site").json()["allowSensitive"] is True
    press(page, "Keep them out")
    assert api.get("/v1/site").json()["allowSensitive"] is False
    page.get_by_label("Keep both for so many days").fill("394")
    press(page, "Save", page.locator("form[action$='/settings/keeping']"))
    assert api.get("/v1/site").json()["keptDays"] == 394
    assert len(page.asked) == 2


# --- models ---------------------------------------------------------------------------------------


def test_models_are_trained_and_rolled_back(page, api):
    before = api.get("/v1/models").json()["active"]
    page.goto("/console/models")
    press(page, "Train now")

    def busy() -> bool:
        jobs = api.get("/v1/jobs").json()["data"]
        return any(job["status"] in ("queued", "running") for job in jobs)

    until(busy, False)
    page.goto("/console/models")
    press(page, "Use this", page.locator("tr").filter(has_text=before))
    assert api.get("/v1/models").json()["active"] == before
    assert page.asked == ["Use this version from now on?"]
