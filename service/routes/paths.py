"""Ids in paths: any string, slashes included, as long as they come percent-encoded.

Servers decode a path before it is routed, so that `/content/%2Fguides%2Fheat` would have three more
parts. `RawPaths` routes by the path as it was sent; `PathId` decodes what stands in one part of it.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote

from fastapi import Path
from pydantic import BeforeValidator
from starlette.types import ASGIApp, Receive, Scope, Send

from service.routes.bodies import LONGEST_ID, clean_id


class RawPaths:
    """ASGI middleware: routes see the path as it was sent, nothing in it decoded."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path")
        if scope["type"] == "http" and raw and b"%" in raw:
            path = raw.partition(b"?")[0].decode("latin-1")
            scope = {**scope, "path": path}
        await self._app(scope, receive, send)


def _decoded(text: object) -> str:
    return clean_id(unquote(text, errors="strict") if isinstance(text, str) else text)


def _readable(text: object) -> str:
    try:
        return _decoded(text)
    except UnicodeDecodeError:
        return clean_id("\0")  # refused, with clean_id's words


PathId = Annotated[
    str,
    BeforeValidator(_readable),
    Path(description="Any id of 1-256 characters, percent-encoded.", max_length=LONGEST_ID),
]
