"""Insights: are today's visitors still those of the fit?"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from starlette.responses import Response

from service.auth import Caller, needs
from service.drift import drift
from service.routes.bodies import Schema, answer, written_moment
from service.state import State, state_of

router = APIRouter(prefix="/v1/insights", tags=["Insights"])
Verdict = Literal["steady", "shifting", "shifted", "too-little-known"]
MOMENTS = ("learnedUntil", "newestMessageAt", "takenAt")


class Visitors(Schema):
    """How many visitors were compared."""

    then: int
    now: int


class Persona(Schema):
    """A persona's share of the visitors: as expected since the fit, and now."""

    id: str
    name: str | None
    expected_share: float
    share: float
    difference: float


class Bin(Schema):
    """Some of a feature's values, and the shares of visitors who have them."""

    label: str
    then: float
    now: float


class Feature(Schema):
    """A feature that forms personas. Its population stability index is called a shift where it is
    beyond what chance makes of it (`noise`) and at least 0.1, clearly so from 0.25 on."""

    feature: str
    verdict: Verdict
    text: str
    index: float
    noise: float
    bins: list[Bin]


class Drift(Schema):
    """Today's visitors against those whom the personas were learned from.

    Both are the visitors seen within `windowDays`, or all where that is null, up to the newest
    message then and now. They come from a census of all visitors, whose age is told.
    """

    verdict: Verdict
    text: str
    model_version: str | None
    learned_until: str | None
    newest_message_at: str | None
    window_days: int | None
    visitors: Visitors | None
    index: float | None
    noise: float | None
    personas: list[Persona]
    features: list[Feature]
    taken_at: str | None
    age_seconds: float | None
    current: bool


@router.get("/drift", responses={200: {"model": Drift}})
async def read_drift(
    caller: Annotated[Caller, Depends(needs("secret", "console"))],
    state: Annotated[State, Depends(state_of)],
) -> Response:
    """How far visitors have moved away from those whom the personas were learned from.

    The features that changed most come first. Where too few visitors came, the answer says so
    instead of guessing.
    """
    told = await drift(state, caller.site)
    moments = {
        name: None if told[name] is None else written_moment(float(told[name])) for name in MOMENTS
    }
    return answer(told | moments)
