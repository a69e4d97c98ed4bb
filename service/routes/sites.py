"""What people set for a site: keys, journeys, the meaning of event names."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.responses import Response

from personas.entities import LADDER
from personas.errors import InvalidInput
from personas.journeys import BUILT_IN, Journey
from personas.vocabulary import KINDS
from service import site_settings
from service.auth import EDITOR, Caller, needs
from service.keeping import LOG_DAYS, MOST_DAYS, choose_days
from service.routes.bodies import Body, Configuration, Id, answer, written_moment
from service.routes.pages import ThePage, paged
from service.routes.paths import PathId
from service.sites import Key, Site
from service.state import State, state_of

router = APIRouter(prefix="/v1", tags=["Site"])
TheState = Annotated[State, Depends(state_of)]
Owner = Annotated[Caller, Depends(needs("secret"))]
Reader = Annotated[Caller, Depends(needs("secret", "console", "content"))]
Editor = Annotated[Caller, Depends(needs("secret", "console"))]


# --- the site -----------------------------------------------------------------------------------


class Options(Configuration):
    """What holds for the whole site; what is left out stays as it is."""

    allow_sensitive: bool | None = Field(
        None, description="May personas be formed by gender, age, ethnicity, health …?"
    )
    kept_days: int | None = Field(
        None,
        ge=1,
        le=MOST_DAYS,
        description="Days after which what tells of visitors is gone. Unset, visitors are known "
        f"until {MOST_DAYS} days after their last message, and messages stay {LOG_DAYS} days.",
    )


@router.get("/site")
async def read_site(caller: Owner, state: TheState) -> Response:
    """The site of this key, with the secret that signs user ids for publishable keys."""
    return answer(_site(state.sites.of(caller.site)))


@router.patch("/site")
async def change_site(
    caller: Owner, state: TheState, body: Annotated[Options, Body(Options)]
) -> Response:
    """Change what holds for the whole site."""
    now = time.time()
    if body.allow_sensitive is not None:
        value = {"value": body.allow_sensitive}
        await state.sites.set(caller.site, "option", "allowSensitive", value, now)
    if body.kept_days is not None:
        await choose_days(state, caller.site, body.kept_days, now)
    return answer(_site(state.sites.of(caller.site)))


def _site(site: Site) -> dict[str, Any]:
    return {
        "id": site.id,
        "identitySecret": site.identity_secret,
        "allowSensitive": site.allow_sensitive,
        "keptDays": site.kept_days,
    }


# --- keys ---------------------------------------------------------------------------------------


class NewKey(Configuration):
    """A key to be made."""

    kind: Literal["publishable", "secret", "content", "console"]
    label: str = Field("", max_length=200, description="Where it is used, for people.")
    role: Literal["editor", "viewer"] | None = Field(
        None, description="Of a console key: a viewer changes nothing. Without it an editor."
    )


@router.get("/keys")
async def list_keys(caller: Owner, state: TheState, which: ThePage) -> Response:
    """All keys of the site, revoked ones too; never the keys themselves."""
    keys = state.sites.of(caller.site).keys.values()
    return answer(paged(keys, lambda key: key.id, which, _key))


@router.post("/keys", status_code=201)
async def create_key(
    caller: Owner, state: TheState, body: Annotated[NewKey, Body(NewKey)]
) -> Response:
    """A new key; this answer is the only one that ever shows it."""
    if body.role is not None and body.kind != "console":
        raise InvalidInput("Only console keys have a role.", "no-role", "/role")
    made = state.sites.add_key(caller.site, body.kind, body.label, time.time(), body.role or EDITOR)
    kept, shown = await made
    return answer(_key(kept) | {"key": shown}, 201, {"Location": f"/v1/keys/{kept.id}"})


@router.delete("/keys/{key_id}")
async def revoke_key(caller: Owner, state: TheState, key_id: PathId) -> Response:
    """Nobody may call with this key any more."""
    return answer(_key(await state.sites.revoke_key(caller.site, key_id, time.time())))


def _key(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "kind": key.kind,
        "role": key.role if key.kind == "console" else None,
        "label": key.label,
        "createdAt": written_moment(key.created),
        "revokedAt": None if key.revoked is None else written_moment(key.revoked),
    }


# --- journeys -----------------------------------------------------------------------------------


class PhaseBody(Configuration):
    """One phase, and which rungs of the ladder it holds."""

    id: Id
    name: str = Field("", max_length=200)
    of: list[str] = Field(min_length=1, description=f"Rungs: {', '.join(LADDER)}.")


class JourneyBody(Configuration):
    """A view of the ladder: each rung belongs to exactly one phase."""

    name: str = Field("", max_length=200)
    phases: list[PhaseBody] = Field(min_length=2, max_length=len(LADDER))


@router.get("/journeys")
async def list_journeys(caller: Reader, state: TheState) -> Response:
    """The built-in journeys and the site's own."""
    journeys = {**BUILT_IN, **state.sites.of(caller.site).journeys}
    return answer({"data": [_journey(each) for each in journeys.values()], "nextCursor": None})


@router.get("/journeys/{journey_id}")
async def read_journey(caller: Reader, state: TheState, journey_id: PathId) -> Response:
    """One journey."""
    return answer(_journey(state.sites.of(caller.site).journey(journey_id, "")))


@router.put("/journeys/{journey_id}")
async def put_journey(
    caller: Editor,
    state: TheState,
    journey_id: PathId,
    body: Annotated[JourneyBody, Body(JourneyBody)],
) -> Response:
    """Add or replace a journey of the site's own."""
    value, now = body.model_dump(mode="json"), time.time()
    made = await site_settings.put_journey(state, caller.site, journey_id, value, now)
    return answer(_journey(made))


@router.delete("/journeys/{journey_id}", status_code=204)
async def delete_journey(caller: Editor, state: TheState, journey_id: PathId) -> Response:
    """Take away a journey of the site's own."""
    await site_settings.delete_journey(state, caller.site, journey_id, time.time())
    return Response(status_code=204)


def _journey(journey: Journey) -> dict[str, Any]:
    phases = [
        {"id": phase.id, "name": phase.name, "of": list(phase.of)} for phase in journey.phases
    ]
    return {"id": journey.id, "name": journey.name, "phases": phases}


# --- event names --------------------------------------------------------------------------------


class Meaning(Configuration):
    """What an event name of the site's own means."""

    means: str = Field(
        max_length=256,
        description=f"A kind of touchpoint ({', '.join(KINDS)}), or a known event name, "
        "such as `Order Completed`.",
    )


@router.get("/event-names")
async def list_event_names(
    caller: Reader,
    state: TheState,
    which: ThePage,
    unmapped: Annotated[
        bool, Query(description="Those that came in and nothing maps, with how often.")
    ] = False,
) -> Response:
    """The site's own event names and what they mean, or those that still mean nothing."""
    if unmapped:
        counted = state.sites.unmapped(caller.site)
        rows = [{"name": name, "count": count} for name, count in counted.items()]
        return answer({"data": rows[: which.limit], "nextCursor": None})
    named = state.sites.of(caller.site).named_events
    return answer(
        paged(
            named.items(), lambda row: row[0], which, lambda row: {"name": row[0], "means": row[1]}
        )
    )


@router.put("/event-names/{name}")
async def map_event_name(
    caller: Editor, state: TheState, name: PathId, body: Annotated[Meaning, Body(Meaning)]
) -> Response:
    """Say what one of the site's event names means; it holds for the past, too."""
    await site_settings.map_event_name(state, caller.site, name, body.means, time.time())
    return answer({"name": name, "means": body.means})


@router.delete("/event-names/{name}", status_code=204)
async def unmap_event_name(caller: Editor, state: TheState, name: PathId) -> Response:
    """Take a meaning back."""
    await site_settings.unmap_event_name(state, caller.site, name, time.time())
    return Response(status_code=204)
