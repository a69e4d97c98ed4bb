"""A site that somebody looks at in the console."""

from __future__ import annotations

import time

import pytest

from tests.conftest import Service
from tests.console.browsing import HOSTILE, learned
from tests.console.chromium import CHROMIUM, FLAGS, signed_in
from training.simulate import demo_messages

VISITORS = 80


@pytest.fixture(scope="session")
def known(tmp_path_factory):
    """A service with visitors of a year, personas, and somebody who tries to break in."""
    service = Service(tmp_path_factory.mktemp("console") / "data")
    service.start()
    with service.client() as client:
        client.timeout = 120
        items = [
            {"id": f"/{number}", "title": HOSTILE, "body": HOSTILE, "type": "guide", "tags": ["a"]}
            for number in range(3)
        ]
        client.post("/v1/content:batch", json={"items": items})
        catalogue = [{**item, "phase": "awareness"} for item in items]
        for messages, _ in demo_messages(catalogue, VISITORS, time.time(), 120.0, 3, 400):
            client.post("/v1/batch", json={"batch": messages})
        for call, body in (
            (
                "page",
                {"properties": {"contentId": "/0"}, "context": {"campaign": {"source": HOSTILE}}},
            ),
            ("track", {"event": HOSTILE}),
            ("identify", {"traits": {HOSTILE: HOSTILE}}),
        ):
            client.post(f"/v1/{call}", json={**body, "anonymousId": "hostile"})
        learned(client)
        drawn = {"name": HOSTILE, "description": HOSTILE}
        drawn["traits"] = [{"feature": HOSTILE, "value": HOSTILE}]
        assert client.post("/v1/personas", json=drawn).status_code == 201
    yield service
    service.stop()


@pytest.fixture(scope="module")  # its event loop must not outlive the module
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, known):
    """A page of somebody who is signed in, with everything that the browser complains about."""
    context = chromium.new_context(base_url=known.url, viewport={"width": 1280, "height": 900})
    yield signed_in(context)
    context.close()
