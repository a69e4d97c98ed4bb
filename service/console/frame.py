"""What stands around every page: the menu, and the files that a browser loads once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from service.console.texts import Words
from service.problems import not_found

# Address below /console, and the key of its name: in the order of the menu.
NAVIGATION = (
    ("", "nav.overview"),
    ("/personas", "nav.personas"),
    ("/journey", "nav.journey"),
    ("/content", "nav.content"),
    ("/coverage", "nav.coverage"),
    ("/visitors", "nav.visitors"),
    ("/recommendations", "nav.recommendations"),
    ("/models", "nav.models"),
    ("/settings", "nav.settings"),
)
KINDS = {"css": "text/css; charset=utf-8", "js": "text/javascript", "svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"  # an address holds the file's digest


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu."""

    path: str
    name: str
    icon: str
    is_here: bool


def menu_of(path: str, words: Words) -> list[Entry]:
    """The menu, with the page that is open marked."""
    inner = path.removeprefix("/console").rstrip("/")
    return [
        Entry(
            f"/console{target}",
            words(name),
            name.removeprefix("nav."),
            inner == target or (target != "" and inner.startswith(f"{target}/")),
        )
        for target, name in NAVIGATION
    ]


def has_page(path: str) -> bool:
    """Does the console have this page?"""
    return any(target == path for target, _ in NAVIGATION)


@lru_cache(maxsize=1)
def _assets() -> Mapping[str, bytes]:
    folder = files("service.console") / "static"
    return {file.name: file.read_bytes() for file in folder.iterdir() if "." in file.name}


@lru_cache(maxsize=32)
def asset(name: str) -> str:
    """The address of a file, which changes with its content."""
    return f"/console/static/{sha256(_assets()[name]).hexdigest()[:12]}/{name}"


async def static(request: Request) -> Response:
    """One of these files."""
    name = request.path_params["name"]
    content = _assets().get(name)
    if content is None:
        raise not_found("file", name)
    return Response(
        content, headers={"Cache-Control": FOR_EVER}, media_type=KINDS[name.rpartition(".")[2]]
    )
