"""How the service logs: to standard error, for people or one JSON object a line."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

STANDARD_ERROR = 2
TEXT_LINE = "%s [info     ] request  %s %s %d %.2f ms  request=%s\n"
JSON_LINE = (
    '{"timestamp":"%s","level":"info","event":"request","method":"%s","route":"%s",'
    '"status":%d,"ms":%.2f,"request":"%s"}\n'
)


def configure(level: str, form: str) -> None:
    """Set up structlog; `form` is "text" or "json"."""
    rendering: list[Any]
    factory: Any
    if form == "json":
        rendering = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_json)]
        factory = structlog.BytesLoggerFactory(sys.stderr.buffer)
    else:
        rendering = [_for_people()]
        factory = structlog.PrintLoggerFactory(sys.stderr)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *rendering,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )


def _for_people() -> structlog.dev.ConsoleRenderer:
    """Without the values of variables in tracebacks: they may be a visitor's, or a key."""
    plain = structlog.dev.plain_traceback
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)


class AccessLog:
    """A line for each request, written by hand: structlog would take longer than the request.

    Args:
        form: "text" or "json".
    """

    def __init__(self, form: str) -> None:
        self._form = JSON_LINE if form == "json" else TEXT_LINE

    def __call__(
        self, method: str, route: str, status: int, seconds: float, request_id: bytes
    ) -> None:
        """All of these are ours or checked: nothing in them needs to be escaped."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = self._form % (now, method, route, status, seconds * 1000, request_id.decode())
        with suppress(OSError):  # whoever read it may be gone
            os.write(STANDARD_ERROR, line.encode())


def _json(event: Any, **_options: Any) -> bytes:  # noqa: ANN401 - structlog's serialiser
    return orjson.dumps(event, default=repr)
