"""How the service logs: to standard error, for people or one JSON object a line."""

from __future__ import annotations

import logging
import sys
from typing import Any

import orjson
import structlog


def configure(level: str, form: str) -> None:
    """Set up structlog; `form` is "text" or "json"."""
    rendering: list[Any]
    factory: Any
    if form == "json":
        rendering = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_json)]
        factory = structlog.BytesLoggerFactory(sys.stderr.buffer)
    else:
        rendering = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
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


def _json(event: Any, **_options: Any) -> bytes:  # noqa: ANN401 - structlog's serialiser
    return orjson.dumps(event, default=repr)
