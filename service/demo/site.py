"""The demo: a made-up company's site, and beside it what the service makes of who reads it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends
from jinja2 import Environment, PackageLoader, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup
from pydantic import Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from personas.entities import VisitorKey
from personas.journeys import BUILT_IN, Journey
from personas.slots import slot_of
from service.problems import not_found
from service.recommend import Ask, recommend
from service.routes.bodies import Body, Moment, Schema, answer
from service.routes.visitors import described
from service.sites import DEFAULT
from service.state import State, state_of
from service.visitors import believe_aside, load_visitor

PREFIX = "demo-"  # of the anonymous ids that the page may ask about
COUNT = 5
SLOT = "article-footer"
PATIENCE = 0.5  # seconds
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
MENU = (
    ("Heat pumps", "/guides/heat-pump-old-house"),
    ("Solar", "/guides/solar-roof-basics"),
    ("Compare", "/compare/heat-pump-vs-gas"),
    ("Prices", "/prices/heat-pumps"),
    ("Help", "/help/fjell-error-codes"),
)
SHELVES = (
    ("New here?", ("guide", "video")),
    ("From the field", ("article", "case-study")),
    ("Made by us", ("product-page", "comparison")),
)
ACTIONS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "product-page": (("Product Added", "Put on my list"), ("Quote Requested", "Ask for a quote")),
    "pricing": (("Quote Requested", "Ask for a quote"),),
    "landing-page": (("Demo Requested", "Book a survey"),),
    "comparison": (("Content Shared", "Send to my partner"),),
    "webinar": (("Webinar Attended", "Watch the recording"),),
    "documentation": (("Support Ticket Opened", "Ask our service"),),
    "newsletter": (("Referral Made", "Tell a neighbour"),),
    "article": (("Newsletter Subscribed", "Get the monthly letter"),),
    "guide": (("Newsletter Subscribed", "Get the monthly letter"),),
}
ORDERS = (("Order Completed", "Order with costs"),)
TheState = Annotated[State, Depends(state_of)]
router = APIRouter(prefix="/demo", include_in_schema=False)
static = StaticFiles(packages=[("service.demo", "static")])


class Visit(Schema):
    """What a visitor of the demo did, by its own clock."""

    anonymous_id: str
    events: list[Any] = Field(default_factory=list)
    journey: str = "classic-5"
    at: Moment
    path: str = "/"


@lru_cache(maxsize=1)
def contents() -> dict[str, dict[str, Any]]:
    """The demo site's content, by id."""
    folder = files("service.demo") / "content"
    lines = (
        line
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        for line in file.read_text(encoding="utf-8").splitlines()
    )
    return {item["id"]: item for item in map(orjson.loads, lines)}


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(loader=PackageLoader("service.demo"), autoescape=select_autoescape())


@router.get("")
async def beginning() -> Response:
    """To the front page."""
    return RedirectResponse("/demo/")


@router.get("/api/known")
async def known(state: TheState) -> Response:
    """What the page needs to know before the first click."""
    models = state.active.models(DEFAULT)
    personas = models.personas.personas if models.personas is not None else ()
    journeys = {**BUILT_IN, **state.sites.of(DEFAULT).journeys}
    return answer(
        {
            "personas": {persona["id"]: persona["name"] for persona in personas},
            "journeys": [{"id": each.id, "name": each.name} for each in journeys.values()],
        }
    )


@router.post("/api/visit")
async def visit(state: TheState, body: Annotated[Visit, Body(Visit)]) -> Response:
    """Take the visitor's events in, recommend, and tell what is believed and why."""
    if not body.anonymous_id.startswith(PREFIX):
        raise not_found("demo visitor", body.anonymous_id)
    moment = min(body.at, time.time())
    journey = state.sites.of(DEFAULT).journey(body.journey)
    key = VisitorKey("anonymous_id", body.anonymous_id)
    events = [{**event, "anonymousId": key.id} for event in body.events if isinstance(event, dict)]
    ask = Ask(
        key=key,
        slot=slot_of(SLOT, state.sites.of(DEFAULT).slots.get(SLOT) or {}),
        count=COUNT,
        events=events,
        page=body.path,
        exclude=frozenset({body.path}),
        journey=journey,
        timeout=PATIENCE,
        at=moment,
    )
    chosen = await recommend(state, DEFAULT, ask, time.time())
    visitor = await load_visitor(state, DEFAULT, key, moment)
    beliefs = await believe_aside(state, DEFAULT, visitor, moment, journey)
    versions = state.active.models(DEFAULT).versions
    return answer(
        {
            "visitor": described(visitor, beliefs, versions),
            "phaseNames": _phase_names(journey),
            "about": _about(state, beliefs.persona.id),
            "recommendations": chosen,
            "request": _as_called(body, events),
        }
    )


def _as_called(body: Visit, events: list[dict[str, Any]]) -> dict[str, Any]:
    """The request as a website would send it."""
    shown = {"anonymousId": body.anonymous_id, "slot": SLOT, "count": COUNT, "events": events}
    return shown | {"exclude": [body.path], "journey": body.journey, "explain": True}


def _phase_names(journey: Journey) -> dict[str, str]:
    return {phase.id: phase.name for phase in journey.phases}


def _about(state: State, persona: str) -> str:
    models = state.active.models(DEFAULT)
    known_personas = models.personas.personas if models.personas is not None else ()
    about = {each["id"]: str(each.get("description") or "") for each in known_personas}
    return about.get(persona, "Nobody has trained personas yet: everybody is one of all.")


@router.get("/{path:path}")
async def page(request: Request, path: str) -> Response:
    """A page of the made-up site; only its middle where the script asks for that."""
    where = f"/{path}"
    inner, title = _inner(where)
    if request.headers.get("x-fragment"):
        return _html(inner)
    menu = [{"name": name, "path": target} for name, target in MENU]
    shell = _templates().get_template("shell.html")
    middle = Markup(inner)  # noqa: S704 - made by our own templates, which escape
    return _html(shell.render(title=title, path=where, menu=menu, page=middle))


@lru_cache(maxsize=256)
def _inner(where: str) -> tuple[str, str]:
    if where == "/":
        shelves = [{"name": name, "items": _some(types)} for name, types in SHELVES]
        return _templates().get_template("home.html").render(shelves=shelves), "Home"
    item = contents().get(where)
    if item is None:
        raise not_found("page", where)
    actions = ORDERS if where.startswith("/order/") else ACTIONS.get(item["type"], ())
    shown = _shown(item) | {"html": Markup(_markdown().render(item["body"]))}  # noqa: S704 - made without raw HTML
    told = [{"event": event, "words": words} for event, words in actions]
    return _templates().get_template("item.html").render(item=shown, actions=told), item["title"]


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _some(types: Iterable[str]) -> list[dict[str, Any]]:
    picked = [
        [_shown(item) for item in contents().values() if item["type"] == kind][:2] for kind in types
    ]
    return [item for pair in picked for item in pair]


def _shown(item: Mapping[str, Any]) -> dict[str, Any]:
    about = item.get("properties") or {}
    return {
        "id": item["id"],
        "title": item["title"],
        "description": item["description"],
        "type": str(item["type"]).replace("-", " "),
        "minutes": about.get("readMinutes"),
        "image": about.get("image", "house"),
    }


def _html(text: str) -> Response:
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    return Response(text, media_type="text/html; charset=utf-8", headers=headers)
