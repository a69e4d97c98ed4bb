"""Insights: which content is missing, and for whom."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from personas.journeys import DEFAULT
from service.auth import Caller, needs
from service.coverage import coverage
from service.routes.bodies import Schema, answer, written_moment
from service.routes.content import Words
from service.state import State, state_of

router = APIRouter(prefix="/v1/insights", tags=["Insights"])


class Named(Schema):
    """A persona or a phase."""

    id: str
    name: str


class Demand(Schema):
    """Visitors who are expected to stand there; null where there are fewer than 5."""

    visitors: float | None


class Supply(Schema):
    """Pieces of content that are for them: each counts by its probability."""

    items: float


class Performance(Schema):
    """What those who stand there do: views of content, their mean dwell, clicks on
    recommendations, and the chance that a step from there leads on."""

    views: float
    dwell_seconds: float | None
    clicks: float
    click_rate: float | None
    onward: float | None


class Gap(Schema):
    """Visitors who would take the next step if there were content enough for them."""

    lost_progress: float
    rank: int | None


class Cell(Schema):
    """A persona in a phase. `blurred`: too few visitors, of whom nothing is told."""

    persona: Named
    phase: Named
    blurred: bool
    demand: Demand
    supply: Supply
    performance: Performance | None
    gap: Gap | None


class Missing(Cell):
    """A gap, with two lines on what to write next."""

    brief: list[str]


class Idle(Schema):
    """Content that hardly anybody is there for."""

    content_id: str
    title: str
    url: str | None
    expected_visitors: float


class Coverage(Schema):
    """Who stands where, and what is there for them.

    `demand` over all cells, the blurred ones too, adds up to `visitors`, and `supply` to `items`.
    It comes from a census of all visitors, whose time is told.
    """

    journey: str
    taken_at: str | None
    visitors: float
    items: int
    cells: list[Cell]
    gaps: list[Missing]
    for_nobody: list[Idle]
    degraded: list[str]


@router.get("/coverage", responses={200: {"model": Coverage}})
async def read_coverage(
    caller: Annotated[Caller, Depends(needs("secret", "console"))],
    state: Annotated[State, Depends(state_of)],
    journey: Words = DEFAULT,
) -> Response:
    """Which content is missing: personas by phases, the gaps by lost progress, and what to write.

    While the first census of the site is being taken, `degraded` says so, and nobody is counted.
    """
    words = state.sites.of(caller.site).journey(journey)
    told = await coverage(state, caller.site, words, time.time())
    taken = told["takenAt"]
    return answer(told | {"takenAt": None if taken is None else written_moment(taken)})
