"""What goes around every request: an id, limits, headers, counts and a line in the log.

One ASGI middleware instead of many, because each costs time on every request.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from personas.errors import FingerpostError
from service import problems
from service.direct import Direct, DirectRoutes
from service.problems import INSTANCE

if TYPE_CHECKING:
    from service.logs import AccessLog
    from service.state import State

ALLOWED_METHODS = b"GET, POST, PUT, PATCH, DELETE"
ALLOWED_HEADERS = (
    b"authorization, content-type, anonymousid, sentat, x-write-key, x-retry-count, "
    b"x-request-id, if-match, if-none-match"
)
EXPOSED_HEADERS = b"retry-after, x-request-id, location, etag"
PREFLIGHT_FOR = b"7200"  # seconds
WITH_COOKIES = ("/beacon/",)  # browsers send cookies to these, which we ignore
NO_CORS = ("/console",)
DRAIN_BYTES, DRAIN_S = 64 << 20, 2.0  # of a body that is not wanted
ALWAYS_LET_IN = ("/health/live", "/health/ready")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
DEFAULTS = (  # where the answer does not say otherwise
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.:-]{1,64}")
logger = structlog.get_logger(__name__)


class Envelope:
    """ASGI middleware around the whole application.

    Args:
        direct: routes that are answered here.
        origins: web origins that may call; none for every one.
        most: requests worked on at once; what comes beyond is answered 429.
        log: writes a line for each request.
    """

    def __init__(
        self,
        app: ASGIApp,
        direct: DirectRoutes,
        origins: tuple[str, ...],
        most: int,
        log: AccessLog | None,
    ) -> None:
        self._app, self._direct, self._most, self._log = app, direct, most, log
        self._origins = frozenset(origin.encode() for origin in origins)
        self._run = secrets.token_hex(6)
        self._numbers = itertools.count(1)
        self._under_way = 0
        self.waiting = 0  # of them for their client to send more

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        headers = dict(scope["headers"])  # of repeated ones the last, none of ours is a list
        status = 0
        extra = self._headers(scope["path"], headers)

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _together(message.get("headers", ()), extra)
            await send(message)

        instance = INSTANCE.set(scope["path"][: problems.LONGEST_ECHO])
        body = _Rest(receive, self)
        self._under_way += 1
        try:
            await self._answer(scope, headers, body, send_with_headers)
        except FingerpostError as error:
            await self._failed(problems.of_error(error), scope, body, send_with_headers, status)
        except Exception:
            logger.exception("internal-error", request=extra[0][1].decode())
            await self._failed(problems.internal(), scope, body, send_with_headers, status)
        finally:
            self._under_way -= 1
            INSTANCE.reset(instance)
            self._note(scope, status, time.perf_counter() - begun, extra[0][1])
        if status >= 400 and not body.ended and _has_body(headers):
            await body.drained()

    async def _answer(
        self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive, send: Send
    ) -> None:
        path, method = scope["path"], scope["method"]
        if method == "OPTIONS" and b"access-control-request-method" in headers:
            await _send_empty(send)
        elif self._under_way - self.waiting > self._most and path not in ALWAYS_LET_IN:
            _state(scope).metrics.shed()
            detail = "Too many requests are under way. Come again in a second."
            busy = problems.problem(429, "too-many-requests", detail, (), {"Retry-After": "1"})
            await busy(scope, receive, send)
        elif (direct := self._direct.find(method, path)) is not None:
            scope["route"] = direct
            response = await direct.endpoint(Request(scope, receive))
            await response(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    @staticmethod
    async def _failed(
        answer: Any,  # noqa: ANN401 - an ASGI application
        scope: Scope,
        receive: Receive,
        send: Send,
        status: int,
    ) -> None:
        if not status:  # otherwise the answer has begun, and only its connection can be cut
            await answer(scope, receive, send)

    def _headers(self, path: str, headers: Mapping[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        given = headers.get(b"x-request-id", b"")
        if not _REQUEST_ID.fullmatch(given):
            given = f"{self._run}-{next(self._numbers):x}".encode()
        extra = [(b"x-request-id", given)]
        origin = headers.get(b"origin")
        if origin is None or path.startswith(NO_CORS):
            return extra
        extra.append((b"vary", b"Origin"))
        if self._origins and origin not in self._origins:
            return extra
        extra += [
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", EXPOSED_HEADERS),
        ]
        if path.startswith(WITH_COOKIES):
            extra.append((b"access-control-allow-credentials", b"true"))
        if b"access-control-request-method" in headers:
            extra += [
                (b"access-control-allow-methods", ALLOWED_METHODS),
                (b"access-control-allow-headers", ALLOWED_HEADERS),
                (b"access-control-max-age", PREFLIGHT_FOR),
            ]
        return extra

    def _note(self, scope: Scope, status: int, seconds: float, request_id: bytes) -> None:
        route = _template(scope)
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        _state(scope).metrics.answered(method, route, status, seconds)
        if self._log is not None:
            self._log(method, route, status, seconds, request_id)


class _Rest:
    """What of a request's body was not read before it was answered.

    It is read on and thrown away for a while: a client that is cut off while it sends sees a
    broken pipe instead of our answer.
    """

    def __init__(self, receive: Receive, envelope: Envelope) -> None:
        self._receive, self._envelope = receive, envelope
        self.ended = False

    async def __call__(self) -> Message:
        self._envelope.waiting += 1  # who sends slowly takes nobody's place
        try:
            message = await self._receive()
        finally:
            self._envelope.waiting -= 1
        self.ended = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def drained(self) -> None:
        """Read the rest, but not without end."""
        size = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                while not self.ended and size < DRAIN_BYTES:
                    size += len((await self()).get("body", b""))


def _has_body(headers: Mapping[bytes, bytes]) -> bool:
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers


def _template(scope: Scope) -> str:
    """The route without what varies in it: ids are nobody's business in logs and metrics."""
    route = scope.get("route")
    if isinstance(route, Direct):
        return route.path
    path = getattr(route, "path_format", None) or getattr(route, "path", None)
    return path if isinstance(path, str) else "none"


def _state(scope: Scope) -> State:
    state: State = scope["app"].state.fingerpost
    return state


def _together(
    own: Any,  # noqa: ANN401 - ASGI's pairs of bytes
    extra: list[tuple[bytes, bytes]],
) -> list[tuple[bytes, bytes]]:
    headers = [*own, *extra]
    names = {name for name, _ in own}
    headers += [default for default in DEFAULTS if default[0] not in names]
    return headers


async def _send_empty(send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})
