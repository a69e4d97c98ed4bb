"""What the demo's page asks: take in what its visitor did, and tell what is believed and why."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from personas.entities import VisitorKey
from personas.journeys import BUILT_IN, Journey
from personas.slots import slot_of
from service.demo.pages import contents
from service.problems import not_found
from service.recommend import Ask, Preview, recommend
from service.routes.bodies import Body, Id, Moment, Schema, answer
from service.routes.visitors import described
from service.sites import DEFAULT
from service.state import State, state_of
from service.visitors import believe_aside, load_patiently

PREFIX = "demo-"  # of the anonymous ids that the page may ask about
COUNT = 5
SLOT = "article-footer"
PATIENCE = 0.5  # seconds
MOST_EVENTS = 20
# The demo's visitors are nobody else's: what would link them to other ids is not taken.
TYPES = ("page", "track", "identify")
FIELDS = ("messageId", "timestamp", "type", "event", "properties", "traits", "context")
TheState = Annotated[State, Depends(state_of)]
router = APIRouter(prefix="/demo/api", include_in_schema=False)


class Visit(Schema):
    """What a visitor of the demo did, by its own clock."""

    anonymous_id: Id
    events: list[dict[str, Any]] = Field(default_factory=list, max_length=MOST_EVENTS)
    journey: str = "classic-5"
    at: Moment
    path: str = Field(default="/", max_length=256)


class Look(Schema):
    """Somebody else on the same page, who stands in another phase."""

    phase: str
    journey: str = "classic-5"
    at: Moment
    path: str = Field(default="/", max_length=256)


@router.get("/known")
async def known(state: TheState) -> Response:
    """What the page needs to know before the first click."""
    journeys = {**BUILT_IN, **state.sites.of(DEFAULT).journeys}
    return answer(
        {
            "personas": {each["id"]: _told(each) for each in _personas(state)},
            "journeys": [
                {
                    "id": each.id,
                    "name": each.name,
                    "phases": [{"id": phase.id, "name": phase.name} for phase in each.phases],
                }
                for each in journeys.values()
            ],
        }
    )


def _personas(state: State) -> tuple[Mapping[str, Any], ...]:
    models = state.active.models(DEFAULT)
    return models.personas.personas if models.personas is not None else ()


def _told(persona: Mapping[str, Any]) -> dict[str, Any]:
    return {name: persona.get(name) for name in ("name", "description", "share")}


@router.post("/visit")
async def visit(state: TheState, body: Annotated[Visit, Body(Visit)]) -> Response:
    """Take the visitor's events in, recommend, and tell what is believed and why."""
    if not body.anonymous_id.startswith(PREFIX):
        raise not_found("demo visitor", body.anonymous_id)
    journey, moment = state.sites.of(DEFAULT).journey(body.journey), min(body.at, time.time())
    key = VisitorKey("anonymous_id", body.anonymous_id)
    events = [_own(event, key) for event in body.events if event.get("type") in TYPES]
    asked = replace(_ask(state, body, journey, moment), key=key, events=events)
    chosen = await recommend(state, DEFAULT, asked, time.time())
    visitor = await load_patiently(state, DEFAULT, key, moment)
    beliefs = await believe_aside(state, DEFAULT, visitor, moment, journey)
    versions = state.active.models(DEFAULT).versions
    return answer(
        {
            "visitor": described(visitor, beliefs, versions),
            "recommendations": chosen | {"items": [_shown(item) for item in chosen["items"]]},
            "request": _as_called(body, events),
        }
    )


@router.post("/preview")
async def preview(state: TheState, body: Annotated[Look, Body(Look)]) -> Response:
    """What somebody who stands in a certain phase would be shown here; nothing is stored."""
    journey, moment = state.sites.of(DEFAULT).journey(body.journey), min(body.at, time.time())
    asked = replace(_ask(state, body, journey, moment), preview=Preview(phase=body.phase))
    chosen = await recommend(state, DEFAULT, asked, time.time())
    return answer({"items": [_shown(item) for item in chosen["items"]]})


def _ask(state: State, body: Visit | Look, journey: Journey, moment: float) -> Ask:
    return Ask(
        key=None,
        slot=slot_of(SLOT, state.sites.of(DEFAULT).slots.get(SLOT) or {}),
        count=COUNT,
        page=body.path,
        exclude=frozenset({body.path}),
        journey=journey,
        timeout=PATIENCE,
        at=moment,
    )


def _own(event: Mapping[str, Any], key: VisitorKey) -> dict[str, Any]:
    return {name: event[name] for name in FIELDS if name in event} | {"anonymousId": key.id}


def _shown(item: Mapping[str, Any]) -> dict[str, Any]:
    """With its picture, and whether the made-up site has a page for it."""
    page = contents().get(item["contentId"])
    picture = page["properties"].get("image") if page is not None else None
    return {**item, "here": page is not None, "image": picture or "house"}


def _as_called(body: Visit, events: list[dict[str, Any]]) -> dict[str, Any]:
    """The request as a website would send it."""
    shown = {"anonymousId": body.anonymous_id, "slot": SLOT, "count": COUNT, "events": events}
    return shown | {"exclude": [body.path], "journey": body.journey, "explain": True}
