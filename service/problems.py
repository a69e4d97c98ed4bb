"""What callers are told when something is wrong: RFC 9457 problem details, one shape for all.

```
HTTP                       code                 of
400                        malformed-json       Refused by service/routes/bodies.py
401, 403                   no-key, unknown-key, wrong-kind …   Refused by service/auth.py
404, 405                   not-found, method-not-allowed       starlette's router
413, 408, 429              too-large, too-slow, too-many       Refused
404 (422 with a pointer)   unknown-name …       UnknownName
422                        invalid-input …      InvalidInput, pydantic's errors
409                        corrupt-artefact, not-enough-data   CorruptArtefact, NotEnoughData
503 + Retry-After          store-unavailable …  Unavailable
500                        internal             everything else, without its internals
```
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from personas.errors import (
    CorruptArtefact,
    EncoderUnavailable,
    FingerpostError,
    IndexUnavailable,
    InvalidInput,
    LogUnavailable,
    NotEnoughData,
    StoreUnavailable,
    Unavailable,
    UnknownName,
)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1  # of a back end that is down: breakers probe about once a second
LONGEST_ECHO = 200  # characters of the caller's own words that we repeat
MOST_ERRORS = 50  # of one answer
INSTANCE: ContextVar[str | None] = ContextVar("instance", default=None)  # path of the request


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with an input: where (RFC 6901 pointer), which, how to mend it."""

    pointer: str
    code: str
    detail: str


class Refused(FingerpostError):
    """The request is answered at once with this response; raised where no return reaches."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"answered with {response.status_code}")
        self.response = response


def problem(
    status: int,
    code: str,
    detail: str,
    errors: Iterable[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem details answer.

    Args:
        status: of HTTP.
        code: stable, kebab-case, for programs.
        detail: a sentence for people that says how to mend it.
        errors: what is wrong with which part of the input.
        headers: more headers, such as Retry-After.
    """
    body: dict[str, Any] = {
        "type": f"/docs#problem-{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail[: 5 * LONGEST_ECHO],
        "instance": INSTANCE.get(),
        "code": code,
        "errors": [_fault(error) for error in errors][:MOST_ERRORS],
    }
    content = orjson.dumps(body, default=str)
    return Response(content, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def refused(status: int, code: str, detail: str, errors: Iterable[Fault] = ()) -> Refused:
    """The same to be raised: `raise refused(404, "unknown-content", …)`."""
    return Refused(problem(status, code, detail, errors))


def not_found(what: str, name: str) -> Refused:
    """`what`, such as "content item", with this name does not exist."""
    return refused(
        404,
        f"unknown-{what.replace(' ', '-')}",
        f"There is no {what} {short(name)!r} on this site.",
    )


def short(text: object) -> str:
    """A caller's own words, short and printable enough to be repeated."""
    words = str(text)
    cut = words if len(words) <= LONGEST_ECHO else words[: LONGEST_ECHO - 1] + "…"
    return cut.encode("utf-8", "replace").decode()


def of_pydantic(errors: Sequence[Mapping[str, Any]]) -> Response:
    """422 for what pydantic found; `loc` begins with the model's own fields."""
    faults = [
        Fault(pointer_of(error["loc"]), error["type"].replace("_", "-"), short(error["msg"]))
        for error in errors
    ]
    first = f"{faults[0].pointer or 'The body'}: {faults[0].detail}." if faults else ""
    more = f" {len(faults) - 1} more in `errors`." if len(faults) > 1 else ""
    return problem(422, "invalid-input", first + more, faults)


def pointer_of(loc: Iterable[str | int]) -> str:
    """A path of names and numbers as RFC 6901 pointer."""
    return "".join("/" + short(part).replace("~", "~0").replace("/", "~1") for part in loc)


def of_error(error: FingerpostError) -> Response:
    """The answer to any error of ours."""
    if isinstance(error, Refused):
        return error.response
    if isinstance(error, InvalidInput):
        missing = isinstance(error, UnknownName) and not error.pointer
        fault = Fault(error.pointer, error.code, error.detail)
        return problem(404 if missing else 422, error.code, error.detail, [fault])
    if isinstance(error, Unavailable):
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        return problem(503, _UNAVAILABLE.get(type(error), "unavailable"), str(error), (), headers)
    for kind, (status, code) in _OTHERS.items():
        if isinstance(error, kind):
            return problem(status, code, str(error))
    return internal()


def internal() -> Response:
    """500, which tells nothing of our insides; the log has the rest under the request id."""
    detail = "This is our fault, not yours. Please report it with the X-Request-Id of this answer."
    return problem(500, "internal", detail)


_UNAVAILABLE: Mapping[type[Unavailable], str] = {
    StoreUnavailable: "store-unavailable",
    IndexUnavailable: "index-unavailable",
    EncoderUnavailable: "encoder-unavailable",
    LogUnavailable: "log-unavailable",
}
_OTHERS: Mapping[type[FingerpostError], tuple[int, str]] = {
    CorruptArtefact: (409, "corrupt-artefact"),
    NotEnoughData: (409, "not-enough-data"),
}
_OF_HTTP = {
    404: ("not-found", "There is nothing at this path. See /docs for what there is."),
    405: ("method-not-allowed", "This path does not answer to this method. See the Allow header."),
    413: ("too-large", "The body is too large. Send less at once."),
}


def install(app: FastAPI) -> None:
    """Make every error that leaves a route a problem details answer."""
    for kind in (FingerpostError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _answer)


async def _answer(_request: Request, error: Exception) -> Response:
    match error:
        case FingerpostError():
            return of_error(error)
        case RequestValidationError():  # of path, query and headers; bodies are read by bodies.py
            return of_pydantic([{**one, "loc": one["loc"][1:]} for one in error.errors()])
        case HTTPException():
            return _of_http(error)
    return internal()


def _of_http(error: HTTPException) -> Response:
    phrase = HTTPStatus(error.status_code).phrase
    fallback = (phrase.lower().replace(" ", "-"), str(error.detail))
    code, detail = _OF_HTTP.get(error.status_code, fallback)
    return problem(error.status_code, code, detail, (), error.headers)


def _fault(error: Fault) -> dict[str, str]:
    return {"pointer": error.pointer, "code": error.code, "detail": error.detail}
