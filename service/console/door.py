"""In and out: signing in with a key, signing out, and the choice of a language."""

from __future__ import annotations

import hmac
import secrets
import time
from math import ceil

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from personas.errors import FingerpostError
from service.console import session as sessions
from service.console.attempts import Attempts
from service.console.desk import (
    PREFIX,
    SIGN_IN,
    Desk,
    Form,
    Pages,
    form_of,
    is_foreign,
    is_ours,
    rendered,
    words_of,
)
from service.console.texts import COOKIE, LANGUAGES
from service.state import State

THRESHOLD = "fingerpost_threshold"  # cookie of the sign-in form, which its token repeats
YEAR = 365 * 86_400
pages = Pages()


async def ask(request: Request) -> Response:
    """The form that asks for a key."""
    return _form(request, 200, "")


def _form(request: Request, status: int, wrong: str, wait: float = 0.0) -> Response:
    words, mark = words_of(request), secrets.token_urlsafe(16)
    wanted = request.query_params.get("next", PREFIX)
    answer = rendered(
        request, words, "sign-in.html", status, wrong=wrong, mark=mark, next=_within(wanted)
    )
    _set(request, answer, THRESHOLD, mark, 3600)
    if wait:
        answer.headers["Retry-After"] = str(ceil(wait))
    return answer


def _within(wanted: str) -> str:
    return wanted if is_ours(wanted) and not wanted.startswith(SIGN_IN) else PREFIX


async def enter(request: Request) -> Response:
    """Sign in with a console or secret key. What is wrong with another is told to nobody."""
    state: State = request.app.state.fingerpost
    attempts: Attempts = request.app.state.console_attempts
    words, now = words_of(request), time.time()
    address = request.client.host if request.client else ""
    try:
        form = await form_of(request)
    except FingerpostError:
        return _form(request, 400, words("door.again"))
    mark = request.cookies.get(THRESHOLD, "")
    if is_foreign(request) or not mark or not _same(form.text("mark"), mark):
        return _form(request, 403, words("door.again"))
    if wait := attempts.wait(address, now):
        return _form(request, 429, words("door.wait", n=ceil(wait)), wait)
    caller = state.sites.caller(form.text("key"))
    if caller is None or caller.kind not in sessions.KINDS:
        attempts.failed(address, now)
        return _form(request, 401, words("door.wrong"))
    answer = RedirectResponse(_within(form.text("next")), 303)
    session = sessions.begun(caller, now)
    _set(request, answer, sessions.COOKIE, sessions.sealed(state.sites, session), sessions.LASTS)
    answer.delete_cookie(THRESHOLD, path=PREFIX)
    return answer


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _set(request: Request, answer: Response, name: str, value: str, lasts: int) -> None:
    sent_as = request.headers.get("x-forwarded-proto", request.url.scheme)
    answer.set_cookie(
        name,
        value,
        max_age=lasts,
        path=PREFIX,
        secure=sent_as.partition(",")[0].strip() == "https",
        httponly=True,
        samesite="strict",
    )


async def leave(request: Request) -> Response:
    """Sign out; it changes nothing but the browser's own cookie, so viewers may, too."""
    if is_foreign(request):
        return RedirectResponse(PREFIX, 303)
    answer = RedirectResponse(SIGN_IN, 303)
    answer.delete_cookie(sessions.COOKIE, path=PREFIX)
    return answer


async def speak(request: Request) -> Response:
    """Another language, from now on."""
    wanted, language = request.query_params.get("back", PREFIX), request.path_params["language"]
    answer = RedirectResponse(wanted if is_ours(wanted) else PREFIX, 303)
    if language in LANGUAGES:
        _set(request, answer, COOKIE, language, YEAR)
    return answer


@pages.show("/{rest:path}")
async def nowhere(desk: Desk) -> Response:
    """There is no such page."""
    return desk.page("nowhere.html", 404)


@pages.do("/{rest:path}")
async def nothing(desk: Desk, _: Form) -> Response:
    """There is nothing to be done there."""
    return desk.page("nowhere.html", 404)


OPEN = (
    Route(SIGN_IN, ask, methods=["GET"]),
    Route(SIGN_IN, enter, methods=["POST"]),
    Route(f"{PREFIX}/sign-out", leave, methods=["POST"]),
    Route(f"{PREFIX}/language/{{language}}", speak, methods=["GET"]),
)
