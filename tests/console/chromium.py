"""A real browser at the console."""

from __future__ import annotations

from tests.conftest import SECRET
from tests.stories.test_demo import CHROMIUM, FLAGS

__all__ = ["CHROMIUM", "FLAGS", "signed_in"]


def signed_in(context):
    page = context.new_page()
    page.complaints = []
    page.asked = []
    page.on("dialog", lambda dialog: answered(page, dialog))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda message: heard(page, message))
    page.on("request", lambda request: asked(page, request))
    page.goto("/console/sign-in")
    page.get_by_label("Console key").fill(SECRET)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console")
    return page


def heard(page, message) -> None:
    if message.type == "error" or "Content Security Policy" in message.text:
        page.complaints.append(message.text)


def asked(page, request) -> None:
    if not request.url.startswith(page.url.split("/console")[0]) and page.url != "about:blank":
        page.complaints.append(f"asked elsewhere: {request.url}")


def answered(page, dialog) -> None:
    """What the page asks before it does something is answered with yes."""
    page.asked.append(dialog.message)
    dialog.accept()
