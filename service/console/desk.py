"""What a signed-in marketer has before them, and the pages they may open.

```python
pages = Pages()

@pages.show("/personas")
async def personas(desk: Desk) -> Response:
    return desk.page("personas.html", personas=…)

@pages.do("/personas/rename")
async def rename(desk: Desk, form: Form) -> Response: …
```

Every page needs a session; every form, besides, an editor and the session's token.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar
from urllib.parse import parse_qsl, quote, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from personas.errors import FingerpostError, InvalidInput, Unavailable
from personas.journeys import BUILT_IN, DEFAULT, Journey
from service.auth import VIEWER, Caller
from service.census import WAITS
from service.console import session as sessions
from service.console.frame import asset, menu_of
from service.console.naming import view_name
from service.console.session import Session
from service.console.texts import COOKIE, LANGUAGES, Words, language_of
from service.problems import of_error, refused
from service.routes.bodies import Limits, raw_bytes
from service.state import State
from service.templates import templates

PREFIX = "/console"
SIGN_IN = f"{PREFIX}/sign-in"
PATIENCE = 0.05  # seconds for a census; until it is there, the page says so
FORM = Limits(raw=256 << 10, inflated=256 << 10)
MOST_FIELDS = 2000
BROKEN_FORM = "The page was open for too long, or the form came from elsewhere. Load it again."
T = TypeVar("T")
Shown = Callable[["Desk"], Awaitable[Response]]
Done = Callable[["Desk", "Form"], Awaitable[Response]]


class Form:
    """What a form sent: names and texts, some names more than once."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    def text(self, name: str, most: int = 1000) -> str:
        """One field without spaces around it; "" where it was not sent.

        Raises:
            InvalidInput: it is too long.
        """
        value = next((text.strip() for key, text in self._pairs if key == name), "")
        if len(value) > most:
            raise InvalidInput(f"Write at most {most} characters.", "too-long", f"/{name}")
        return value

    def all(self, name: str) -> list[str]:
        """Every value of one name that is not empty."""
        return [text.strip() for key, text in self._pairs if key == name and text.strip()]


@dataclass(frozen=True)
class Desk:
    """One request of somebody who is signed in.

    Attributes:
        words: in their language.
        now: seconds since 1970.
    """

    request: Request
    state: State
    session: Session
    caller: Caller
    words: Words
    now: float

    @property
    def site(self) -> str:
        return self.caller.site

    @property
    def may_edit(self) -> bool:
        return self.caller.role != VIEWER

    @property
    def owns(self) -> bool:
        """May they change keys and what holds for the whole site? As in the API: a secret key."""
        return self.caller.kind == "secret"

    def asked(self, name: str, default: str = "", most: int = 400) -> str:
        """A part of the address."""
        return self.request.query_params.get(name, default)[:most]

    @cached_property
    def journey(self) -> Journey:
        """In which phases are shown; by `?journey=`."""
        known = {**BUILT_IN, **self.state.sites.of(self.site).journeys}
        return known.get(self.asked("journey"), BUILT_IN[DEFAULT])

    @property
    def journeys(self) -> list[Journey]:
        """Those to choose from."""
        return list({**BUILT_IN, **self.state.sites.of(self.site).journeys}.values())

    def page(self, template: str, status: int = 200, **values: object) -> Response:
        """A page of the console."""
        told = {
            "desk": self,
            "view_name": lambda journey: view_name(self.words, journey),
            "menu": menu_of(self.request.scope["path"], self.words),
            "token": sessions.token(self.state.sites, self.session),
        }
        return rendered(self.request, self.words, template, status, **told, **values)

    def there(self, path: str, **query: str) -> Response:
        """To another page, after something was done."""
        asked = "?" + urlencode(query) if query else ""
        return RedirectResponse(f"{PREFIX}{path}{asked}", 303)


def rendered(
    request: Request, words: Words, template: str, status: int = 200, **values: object
) -> Response:
    """HTML with its policy: nothing runs or is loaded that this answer does not name itself."""
    nonce = secrets.token_urlsafe(16)
    told: dict[str, object] = {
        "t": words,
        "nonce": nonce,
        "asset": asset,
        "languages": LANGUAGES,
        "here": _here(request),
    }
    text: str = templates("service.console").get_template(template).render(told | values)
    headers = {
        "Content-Security-Policy": _policy(nonce),
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
        "Vary": "Cookie, Accept-Language",
    }
    return Response(text, status, headers, "text/html; charset=utf-8")


def _policy(nonce: str) -> str:
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


async def if_there(work: Awaitable[T], otherwise: T) -> T:
    """What a back end tells, or something else where it is down: a page is more than one part."""
    try:
        return await work
    except Unavailable:
        return otherwise


def _here(request: Request) -> str:
    path, query = str(request.scope["path"]), request.url.query
    return f"{path}?{query}" if query else path


def words_of(request: Request) -> Words:
    """In the language that was chosen, or that the browser prefers."""
    accepted = request.headers.get("accept-language", "")
    return Words(language_of(accepted, request.cookies.get(COOKIE)))


def is_ours(path: str) -> bool:
    """Is this an address within the console, where a redirect may lead?"""
    ours = path == PREFIX or path.startswith((f"{PREFIX}/", f"{PREFIX}?"))
    return ours and "\\" not in path and path.isprintable()


def is_foreign(request: Request) -> bool:
    """Does the browser say that another site's page sent this?"""
    return request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")


async def form_of(request: Request) -> Form:
    """The fields of a form.

    Raises:
        Refused: it is too large or cannot be read.
    """
    raw = await raw_bytes(request, FORM)
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise refused(400, "malformed-form", "The form cannot be read. Send it again.") from None
    return Form(pairs)


class Pages:
    """Pages and what may be done on them, gathered module by module."""

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def show(self, path: str) -> Callable[[Shown], Shown]:
        """Decorator of what shows a page."""

        def made(endpoint: Shown) -> Shown:
            async def answered(request: Request) -> Response:
                return await _opened(request, endpoint)

            self._add(path, answered, "GET")
            return endpoint

        return made

    def do(self, path: str) -> Callable[[Done], Done]:
        """Decorator of what a form does."""

        def made(endpoint: Done) -> Done:
            async def checked(desk: Desk) -> Response:
                return await endpoint(desk, await _checked(desk))

            async def answered(request: Request) -> Response:
                return await _opened(request, checked)

            self._add(path, answered, "POST")
            return endpoint

        return made

    def _add(
        self, path: str, endpoint: Callable[[Request], Awaitable[Response]], method: str
    ) -> None:
        self._routes.append(Route(PREFIX + path, endpoint, methods=[method]))


async def _opened(request: Request, endpoint: Shown) -> Response:
    state: State = request.app.state.fingerpost
    now, words = time.time(), words_of(request)
    found = sessions.opened(state.sites, request.cookies.get(sessions.COOKIE), now)
    if found is None:
        wanted = _here(request) if request.method == "GET" else PREFIX
        return RedirectResponse(f"{SIGN_IN}?next={quote(wanted, safe='/')}", 303)
    desk = Desk(request, state, *found, words, now)
    WAITS.set(PATIENCE)
    try:
        return await endpoint(desk)
    except FingerpostError as error:
        return _told(desk, error)


async def _checked(desk: Desk) -> Form:
    form = await form_of(desk.request)
    sites = desk.state.sites
    if is_foreign(desk.request) or not sessions.is_token(sites, desk.session, form.text("token")):
        raise refused(403, "broken-form", BROKEN_FORM)
    if not desk.may_edit:
        raise refused(403, "read-only-key", desk.words("common.only-views"))
    return form


def _told(desk: Desk, error: FingerpostError) -> Response:
    """What went wrong, in the words that the API has for it."""
    answer = of_error(error)
    told: Mapping[str, object] = orjson.loads(bytes(answer.body))
    return desk.page("problem.html", answer.status_code, problem=told)
