"""Slots: what a site wants of the lists in each place."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import Field, field_validator
from starlette.responses import Response

from personas.slots import Slot, slot_of
from service.auth import Caller, needs
from service.problems import not_found
from service.routes.bodies import Body, Configuration, Id, answer
from service.routes.paths import PathId
from service.state import State

router = APIRouter(tags=["slots"])
Share = Annotated[float, Field(ge=0, le=1)]
Editor = Annotated[Caller, Depends(needs("secret", "console"))]


class BoostBody(Configuration):
    """Items that fit gain so many log-odds: 0.7 doubles the odds, -0.7 halves them."""

    filter: dict[str, Any]
    weight: float = Field(ge=-20, le=20)


class CapBody(Configuration):
    """How often one item may be shown to one visitor."""

    count: int = Field(ge=1, le=1000)
    hours: float = Field(default=24.0, gt=0, le=24 * 366)


class SlotBody(Configuration):
    """What a site wants of the lists in one place; what is left out has its default."""

    count: int = Field(default=5, ge=1, le=100)
    filter: dict[str, Any] | None = None
    boosts: list[BoostBody] = Field(default_factory=list, max_length=50)
    pins: list[Id] = Field(default_factory=list, max_length=100)
    exclude: list[Id] = Field(default_factory=list, max_length=1000)
    diversity: Share = 0.0
    exploration: Share = 0.0
    frequency_cap: CapBody | None = None
    objective: Literal["progress", "clicks"] = "clicks"

    @field_validator("frequency_cap", mode="before")
    @classmethod
    def _a_number_is_a_day(cls, value: object) -> object:
        return {"count": value} if isinstance(value, int) else value

    @field_validator("diversity", "exploration", mode="before")
    @classmethod
    def _whole_numbers_too(cls, value: object) -> object:
        return float(value) if type(value) is int else value


@router.put("/v1/slots/{slot_id}")
async def put_slot(
    request: Request, caller: Editor, slot_id: PathId, body: Annotated[SlotBody, Body(SlotBody)]
) -> Response:
    """Set a slot; it holds from the next recommendation on."""
    value = body.model_dump(mode="json", by_alias=True)
    state: State = request.app.state.fingerpost
    _check_filters(value)
    await state.sites.set(caller.site, "slot", slot_id, value, time.time())
    return answer(shown(slot_of(slot_id, value)))


@router.get("/v1/slots")
async def list_slots(request: Request, caller: Editor) -> Response:
    """All slots that were set."""
    state: State = request.app.state.fingerpost
    slots = state.sites.of(caller.site).slots
    data = [shown(slot_of(name, value)) for name, value in sorted(slots.items())]
    return answer({"data": data, "nextCursor": None})


@router.get("/v1/slots/{slot_id}")
async def get_slot(request: Request, caller: Editor, slot_id: PathId) -> Response:
    """One slot."""
    state: State = request.app.state.fingerpost
    value = state.sites.of(caller.site).slots.get(slot_id)
    if value is None:
        raise not_found("slot", slot_id)
    return answer(shown(slot_of(slot_id, value)))


@router.delete("/v1/slots/{slot_id}", status_code=204)
async def delete_slot(request: Request, caller: Editor, slot_id: PathId) -> Response:
    """From now on the slot has its defaults."""
    state: State = request.app.state.fingerpost
    await state.sites.set(caller.site, "slot", slot_id, None, time.time())
    return Response(status_code=204)


def shown(slot: Slot) -> dict[str, Any]:
    """A slot in the contract's words."""
    cap = slot.frequency_cap
    return {
        "id": slot.id,
        "count": slot.count,
        "filter": dict(slot.filter),
        "boosts": [{"filter": each.filter, "weight": each.weight} for each in slot.boosts],
        "pins": list(slot.pins),
        "exclude": sorted(slot.exclude),
        "diversity": slot.diversity,
        "exploration": slot.exploration,
        "frequencyCap": None if cap is None else {"count": cap.count, "hours": cap.hours},
        "objective": slot.objective,
    }


def _check_filters(value: dict[str, Any]) -> None:
    from embeddings.index import parse_filter

    parse_filter(value["filter"] or {})
    for boost in value["boosts"]:
        parse_filter(boost["filter"])
