"""Insights: what visitors do on their journeys."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.responses import Response

from personas.journeys import DEFAULT
from service.auth import Caller, needs
from service.journeys import FEWEST, Told, aim, counted, funnel_of, map_of, targets_of
from service.routes.bodies import Body, Configuration, Schema, answer, written_moment
from service.routes.paths import PathId
from service.state import State, state_of

router = APIRouter(prefix="/v1", tags=["Insights"])
Editor = Annotated[Caller, Depends(needs("secret", "console"))]
Reader = Annotated[Caller, Depends(needs("secret", "console"))]
TheState = Annotated[State, Depends(state_of)]
PersonaId = Annotated[str | None, Query(alias="personaId", description="None: everybody.")]


class Channel(Schema):
    """Visits that came through a channel."""

    channel: str
    visits: float


class Event(Schema):
    """Touchpoints of a name; `kind` is null where nothing maps it."""

    event: str
    kind: str | None
    touchpoints: float


class ContentType(Schema):
    """Touchpoints with content of a type."""

    type: str
    touchpoints: float


class Content(Schema):
    """Touchpoints with a content item."""

    content_id: str
    title: str
    touchpoints: float


class Experience(Schema):
    """How it was; null where too few told. Answers to the NPS and the CSAT question count on one
    scale."""

    ratings: float
    nps: float | None
    csat: float | None
    dwell_seconds: float | None
    friction: float
    friction_share: float | None


class Phase(Schema):
    """A phase: who stands there now, began there, came that far or further, and what they met."""

    id: str
    name: str
    visitors: float
    share: float | None
    entered: float
    reached: float
    touchpoints: float
    channels: list[Channel]
    events: list[Event]
    content_types: list[ContentType]
    top_content: list[Content]
    experience: Experience
    of_step_before: float | None
    target: float | None


class Targets(Configuration):
    """Of those who came as far as the phase before, the share who should come as far as it.

    A phase that is left out has no target.
    """

    targets: dict[str, Annotated[float, Field(ge=0, le=1)]]


class Transition(Schema):
    """Moves from one touchpoint's phase to the next one's."""

    from_: str = Field(alias="from")
    to: str
    count: float
    probability: float | None


class Week(Schema):
    """Visitors who came in a week from Monday on, by the phase in which they left."""

    from_: str = Field(alias="from")
    visitors: dict[str, float]


class Counted(Schema):
    """What counts are of: they come from a census, whose age is told, of a `share` of the
    visitors."""

    journey: str
    persona_id: str | None
    text: str
    taken_at: str | None
    current: bool
    share: float


class JourneyMap(Counted):
    """A journey's phases, with expected counts: everybody counts in each phase by its probability.

    They come from a census, whose age is told; `share` of all visitors were looked at for it, and
    the counts are brought to all. Touchpoints of a phase are those that began there and the moves
    that ended there. Nothing is told of fewer than five visitors.
    """

    visitors: float | None
    phases: list[Phase]
    transitions: list[Transition]
    weeks: list[Week]


class Step(Schema):
    """Visitors who came that far or further."""

    id: str
    name: str
    visitors: float
    of_first: float | None
    of_step_before: float | None


class Funnel(Counted):
    """How many came how far."""

    steps: list[Step]


@router.get("/insights/journey-map", responses={200: {"model": JourneyMap}})
async def read_journey_map(
    caller: Reader, state: TheState, journey: str = DEFAULT, persona: PersonaId = None
) -> Response:
    """Phases by channels, events and content; the moves between them; how it was for visitors."""
    chosen = state.sites.of(caller.site).journey(journey)
    told = await counted(state, caller.site, chosen, persona)
    body: dict[str, Any] = {"visitors": None, "phases": [], "transitions": [], "weeks": []}
    if told.counts is not None:
        body = map_of(state, caller.site, told.counts)
        body["weeks"] = [each | {"from": written_moment(each["from"])} for each in body["weeks"]]
    return answer(_head(told, journey, persona) | body)


@router.get("/insights/funnel", responses={200: {"model": Funnel}})
async def read_funnel(
    caller: Reader,
    state: TheState,
    journey: str = DEFAULT,
    persona: PersonaId = None,
    start: Annotated[str | None, Query(alias="from", description="A phase; the first.")] = None,
    end: Annotated[str | None, Query(alias="to", description="A later one; the last.")] = None,
) -> Response:
    """How many visitors came from one phase as far as another, step by step."""
    chosen = state.sites.of(caller.site).journey(journey)
    told = await counted(state, caller.site, chosen, persona)
    steps = [] if told.counts is None else funnel_of(told.counts, start, end)
    return answer(_head(told, journey, persona) | {"steps": steps})


@router.put("/journeys/{journey_id}/targets")
async def put_targets(
    caller: Editor,
    state: TheState,
    journey_id: PathId,
    body: Annotated[Targets, Body(Targets)],
) -> Response:
    """What a marketer aims at; the journey map shows it beside the status quo."""
    journey = state.sites.of(caller.site).journey(journey_id, "")
    await aim(state, caller.site, journey, body.targets, time.time())
    return answer({"targets": dict(targets_of(state, caller.site, journey))})


def _head(told: Told, journey: str, persona: str | None) -> dict[str, Any]:
    return {
        "journey": journey,
        "personaId": persona,
        "text": _text(told),
        "takenAt": None if told.taken is None else written_moment(told.taken),
        "current": told.current,
        "share": told.share,
    }


def _text(told: Told) -> str:
    if told.taken is None:
        return "Visitors are being looked at; ask again in a moment."
    if told.counts is None:
        return f"Fewer than {FEWEST} such visitors came; nothing is told of so few."
    number = f"{told.counts.visitors:,.0f} visitors"
    return number if told.share >= 1 else f"{number}; {told.share:.0%} of them were looked at"
