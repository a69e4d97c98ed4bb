"""The console in a real browser: a marketer's walk, what its policy lets in, and axe-core.

axe-core is no part of the repository: `npm pack axe-core`, and the path of its `axe.min.js` in
FINGERPOST_TEST_AXE.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.console.browsing import HOSTILE
from tests.console.chromium import CHROMIUM, signed_in
from tests.console.test_pages import PAGES, persona

AXE = Path(os.environ.get("FINGERPOST_TEST_AXE", ""))
EVERY_PAGE = (
    *PAGES,
    "/console/journey",
    "/console/coverage",
    "/console/content",
    "/console/content/review",
    "/console/recommendations",
)
GRAVE = ("serious", "critical")
FIRST_PAINT_MS = 1500

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no Chromium"),
]


def test_every_page_is_painted_soon_and_asks_nobody_else_for_anything(page):
    slow = []
    for path in EVERY_PAGE:
        begun = time.monotonic()
        assert page.goto(path).status == 200, path
        if 1000 * (time.monotonic() - begun) > FIRST_PAINT_MS:
            slow.append(path)
        assert page.title() != "broken in"
    assert not page.complaints
    assert len(slow) <= 1, f"more than one slow page cannot be chance: {slow}"


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(chromium, known, width):
    context = chromium.new_context(
        base_url=known.url, viewport={"width": width, "height": 800}, color_scheme="dark"
    )
    page = signed_in(context)
    for path in EVERY_PAGE:
        page.goto(path)
        beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert beyond <= 0, path
    context.close()


@pytest.mark.skipif(not AXE.is_file(), reason="FINGERPOST_TEST_AXE names no axe.min.js")
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_serious(chromium, known, scheme, width):
    context = chromium.new_context(
        base_url=known.url,
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        bypass_csp=True,  # for axe itself; the policy is tested above
    )
    page = signed_in(context)
    found = []
    for path in (*EVERY_PAGE, "/console/sign-in"):
        page.goto(path)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        told = page.evaluate("axe.run({resultTypes: ['violations']})")
        found += [
            f"{path}: {each['id']} ({each['nodes'][0]['html'][:120]})"
            for each in told["violations"]
            if each["impact"] in GRAVE
        ]
    context.close()
    assert not found, "\n".join(found)


def test_a_persona_is_renamed_and_the_change_taken_back(page, known):
    with known.client() as api:
        each = persona(api, name="Quiet readers")
    page.goto(f"/console/personas/{each['id']}")
    page.get_by_label("Name", exact=True).fill("Loud readers")
    page.get_by_role("button", name="Save").click()
    assert page.get_by_role("heading", level=1).inner_text().strip() == "Loud readers"
    page.get_by_role("button", name="Undo").first.click()
    page.goto(f"/console/personas/{each['id']}")
    assert page.get_by_role("heading", level=1).inner_text().strip() == "Quiet readers"
    assert not page.complaints


def test_the_keyboard_is_enough(page):
    page.goto("/console")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.get_by_role("link", name="Personas", exact=True).first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/personas")
    assert not page.complaints


def test_a_journey_is_chosen_by_a_switch(page):
    page.goto("/console")
    page.get_by_role("combobox").first.select_option("aida")
    page.wait_for_url("**journey=aida**")
    assert page.get_by_text("Attention").first.is_visible()
    assert not page.complaints


def test_a_hostile_name_is_text(page, known):
    page.goto("/console/personas")
    assert page.get_by_text(HOSTILE).first.is_visible()
    assert page.title() != "broken in"
    assert not page.complaints
