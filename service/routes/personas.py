"""Personas: who the visitors are, and what marketers decide about that."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from personas.persona_model import Persona
from service.auth import Caller, needs
from service.census import Taken
from service.persona_edits import cut, new_id, returned, union
from service.personas import decided, listed, members
from service.problems import not_found
from service.routes.bodies import Body, Configuration, Id, answer, written_moment
from service.routes.pages import ThePage, cursor_of, paged
from service.routes.paths import PathId
from service.state import State, state_of
from service.visitors import visitor_id
from training.census_file import Member
from training.eventlog import key_of

router = APIRouter(prefix="/v1", tags=["Personas"])
TheState = Annotated[State, Depends(state_of)]
Editor = Annotated[Caller, Depends(needs("secret", "console"))]
Name = Annotated[str, Field(min_length=1, max_length=120)]
Description = Annotated[str, Field(min_length=1, max_length=1000)]
Value = str | float | int


class Trait(Configuration):
    """A feature, and the value or values that such visitors mostly have."""

    feature: Annotated[str, Field(min_length=1, max_length=256)]
    value: Value | list[Value]


class Drawing(Configuration):
    """A persona drawn by hand; it answers at once, without any data."""

    name: Name
    description: Description | None = None
    traits: list[Trait] = Field(min_length=1, max_length=50)
    status: Literal["draft", "active"] = "active"


class Change(Configuration):
    """What a person decides; what is left out stays."""

    name: Name | None = None
    description: Description | None = None
    status: Literal["draft", "active", "retired"] | None = None
    locked: bool | None = None


class Union(Configuration):
    """Personas that shall be one: the first, which keeps its id and name."""

    ids: list[Id] = Field(min_length=2, max_length=50)


@router.get("/personas")
async def list_personas(caller: Editor, state: TheState, which: ThePage) -> Response:
    """All personas, those of the past and drafts among them; `status` tells."""
    rows = listed(state.personas.of(state, caller.site))
    return answer(paged(rows, lambda persona: str(persona["id"]), which, dict))


@router.get("/personas/{persona_id}")
async def get_persona(caller: Editor, state: TheState, persona_id: PathId) -> Response:
    """One persona: what sets it apart, where it comes from, what it reads."""
    return answer(dict(_found(state, caller.site, persona_id)))


@router.post("/personas", status_code=201)
async def draw_persona(
    caller: Editor, state: TheState, body: Annotated[Drawing, Body(Drawing)]
) -> Response:
    """Draw a persona by hand."""
    identity = new_id()
    value = body.model_dump(exclude={"traits"}, exclude_none=True)
    value["drawn"] = [trait.model_dump() for trait in body.traits]
    await decided(state, caller.site, identity, value, time.time())
    found = _found(state, caller.site, identity)
    return answer(dict(found), 201, {"Location": f"/v1/personas/{identity}"})


@router.patch("/personas/{persona_id}")
async def change_persona(
    caller: Editor,
    state: TheState,
    persona_id: PathId,
    body: Annotated[Change, Body(Change)],
) -> Response:
    """Rename, describe, lock, retire. It holds at once, and binds every later fit."""
    persona = _found(state, caller.site, persona_id)
    if persona["status"] == "retired" and body.status in ("active", "draft"):
        returned(state, caller.site, persona)
    changes = body.model_dump(exclude_none=True)
    await decided(state, caller.site, persona_id, changes, time.time())
    return answer(dict(_found(state, caller.site, persona_id)))


@router.post("/personas:merge")
async def merge_personas(
    caller: Editor, state: TheState, body: Annotated[Union, Body(Union)]
) -> Response:
    """Make several personas one."""
    for identity, change in union(state, caller.site, body.ids).items():
        await decided(state, caller.site, identity, change, time.time())
    return answer(dict(_found(state, caller.site, body.ids[0])))


@router.post("/personas/{persona_id}:split", status_code=202)
async def split_persona(caller: Editor, state: TheState, persona_id: PathId) -> Response:
    """Cut a persona in two where its visitors differ most, at the next training."""
    persona = _found(state, caller.site, persona_id)
    other, changes = cut(state, caller.site, persona_id)
    for identity, change in changes.items():
        await decided(state, caller.site, identity, change, time.time())
    told = {"splitInto": other, "detail": "The next training cuts it; POST /v1/jobs starts one."}
    return answer({**persona, **told}, 202)


@router.get("/personas/{persona_id}/visitors")
async def list_visitors(
    caller: Editor, state: TheState, persona_id: PathId, which: ThePage
) -> Response:
    """Its visitors, the surest first. A group of fewer than five is not listed.

    They are those of the latest census, which is taken anew when models or personas change, and
    hourly while messages come.
    """
    _found(state, caller.site, persona_id)
    listing = await members(state, caller.site, persona_id, which.after, which.limit)
    rows = [_member(member) for member in listing.members]
    cursor = None if listing.cursor is None else cursor_of(listing.cursor)
    return answer({"data": rows, "nextCursor": cursor} | told_of(listing.taken))


def _member(member: Member) -> dict[str, Any]:
    keys = [key_of(written) for written in member.ids]
    return {
        "visitorId": visitor_id(keys),
        "ids": [{"type": key.kind, "id": key.id} for key in keys],
        "probability": member.probability,
    }


def told_of(taken: Taken | None) -> dict[str, Any]:
    """How old the census is that an answer comes from."""
    if taken is None:
        return {"takenAt": None, "detail": "Visitors are being looked at; ask again in a moment."}
    told: dict[str, Any] = {"takenAt": written_moment(float(taken.about["takenAt"]))}
    if not taken.current:
        told["detail"] = "Personas changed since; visitors are being looked at again."
    return told


def _found(state: State, site: str, identity: str) -> Persona:
    persona = state.personas.of(state, site).find(identity)
    if persona is None:
        raise not_found("persona", identity)
    return persona
