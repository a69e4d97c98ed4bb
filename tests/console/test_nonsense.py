"""Whatever is typed into an address or a form is answered, and never with a fault of ours."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import pytest

import service.console
from service.console.site import PAGES
from tests.conftest import Service
from tests.console.browsing import at_the_console

SOURCE = "\n".join(
    file.read_text(encoding="utf-8") for file in Path(service.console.__file__).parent.glob("*.py")
)
FIELDS = sorted(set(re.findall(r'form\.(?:text|all)\(\s*f?"([^"{]+)', SOURCE)))
ASKED = sorted(set(re.findall(r'desk\.asked\(\s*"([^"]+)"', SOURCE)) | {"journey"})
NONSENSE = (
    "",
    "0",
    "-1",
    "1e400",
    "nan",
    "٣",
    "p_",
    "../../etc/passwd",
    "{}",
    "[1]",
    '{"a": {"b": 1}}',
    "a" * 300,
    "\x00\x1f",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "{0.__class__}",
    "user_id:",
    "%s%n",
    "<b>",
)
ROUTES = [
    (method, route.path.replace("{rest:path}", "nowhere"))
    for pages in PAGES
    for route in pages
    for method in sorted(route.methods - {"HEAD"})
]
HARMLESS = ("/console/models/train",)  # nonsense for some fields is a training of everything


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """At a service of its own: who knows what it takes for sense."""
    service = Service(tmp_path_factory.mktemp("nonsense") / "data")
    service.start()
    with at_the_console(service) as browser:
        yield browser
    service.stop()


@pytest.mark.parametrize("path", [path for method, path in ROUTES if method == "GET"])
def test_nonsense_in_an_address_is_answered(browser, path):
    for value in NONSENSE:
        query = dict.fromkeys(ASKED, value)
        place = re.sub(r"\{[^}]+\}", lambda _, value=value: escaped(value) or "x", path)
        answer = browser.client.get(place, params=query)
        assert answer.status_code < 500, (place, value)
    for name in ASKED:  # one at a time, too, as one that is refused hides the others
        answer = browser.client.get(place, params={name: "p_\x00<b>"})
        assert answer.status_code < 500, (place, name)


@pytest.mark.parametrize("path", [path for method, path in ROUTES if method == "POST"])
def test_nonsense_in_a_form_is_answered(browser, path):
    if path in HARMLESS:
        pytest.skip("it would train")
    token = browser.token()
    for value in NONSENSE:
        place = re.sub(r"\{[^}]+\}", lambda _, value=value: escaped(value) or "x", path)
        sent = {**dict.fromkeys(FIELDS, value), "token": token}
        answer = browser.client.post(place, data=sent)
        assert answer.status_code < 500, (place, value)
        assert "Traceback" not in answer.text


def escaped(value: str) -> str:
    return quote(value, safe="")
