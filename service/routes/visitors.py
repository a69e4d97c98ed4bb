"""Visitors: who they are and where they stand, and what may be done with what is known of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.responses import Response

from personas.consents import latest
from personas.entities import LADDER, Consent, Evidence, PersonaBelief, PhaseBelief, VisitorKey
from personas.errors import InvalidInput
from personas.journeys import DEFAULT
from service.auth import Caller, needs
from service.consenting import set_consent
from service.linking import erase, link
from service.routes.bodies import Body, Moment, Schema, answer, written_moment
from service.routes.paths import PathId
from service.state import State, state_of
from service.visitors import (
    Beliefs,
    Visitor,
    believe_aside,
    just_now,
    load_patiently,
    parse_key,
)

router = APIRouter(prefix="/v1/visitors", tags=["Visitors"])
PARTS = ("traits", "touchpoints", "interests", "consents")
MOST_INTERESTS = 10
Reader = Annotated[Caller, Depends(needs("secret", "console"))]
Owner = Annotated[Caller, Depends(needs("secret"))]
TheState = Annotated[State, Depends(state_of)]


class With(Schema):
    """The other id, as `user_id:ID` or `anonymous_id:ID`."""

    with_: str = Field(alias="with")


class ConsentBody(Schema):
    """What the visitor decided."""

    status: Literal["GRANTED", "DENIED"]


class Apart(Schema):
    """The id that does not belong to this visitor."""

    id: str


@router.get("/{visitor_id}")
async def read_visitor(
    caller: Reader,
    state: TheState,
    visitor_id: PathId,
    journey: str = DEFAULT,
    include: Annotated[str, Query(description=f"Some of {', '.join(PARTS)}, with commas.")] = "",
    at: Annotated[Moment | None, Query(description="As of then; now without it.")] = None,
) -> Response:
    """Who a visitor is and where, with evidence that adds up. An unknown visitor gets the prior."""
    chosen = state.sites.of(caller.site).journey(journey)
    parts = _parts(include)
    moment = just_now(time.time()) if at is None else at
    visitor = await load_patiently(state, caller.site, parse_key(visitor_id), at)
    beliefs = await believe_aside(state, caller.site, visitor, moment, chosen)
    versions = state.active.models(caller.site).versions
    told = described(visitor, beliefs, versions)
    return answer(told | {part: _PARTS[part](state, caller.site, visitor) for part in parts})


@router.delete("/{visitor_id}", status_code=204)
async def erase_visitor(caller: Owner, state: TheState, visitor_id: PathId) -> Response:
    """Erase everything that is known of a visitor, from the event log too. Irreversible."""
    visitor = await load_patiently(state, caller.site, parse_key(visitor_id))
    await erase(state, caller.site, visitor.keys)
    return Response(status_code=204)


@router.get("/{visitor_id}/export")
async def export_visitor(caller: Owner, state: TheState, visitor_id: PathId) -> Response:
    """Everything that is known of a visitor, for the visitor."""
    now = time.time()
    visitor = await load_patiently(state, caller.site, parse_key(visitor_id))
    journey = state.sites.of(caller.site).journey("lifecycle-7")
    beliefs = await believe_aside(state, caller.site, visitor, now, journey)
    versions = state.active.models(caller.site).versions
    told = described(visitor, beliefs, versions)
    told |= {part: _PARTS[part](state, caller.site, visitor) for part in PARTS}
    return answer(told | {"exportedAt": written_moment(now)})


@router.post("/{visitor_id}/merge")
async def merge_visitors(
    caller: Owner, state: TheState, visitor_id: PathId, body: Annotated[With, Body(With)]
) -> Response:
    """These two ids are one visitor."""
    return await _linked(state, caller.site, parse_key(visitor_id), parse_key(body.with_), False)


@router.post("/{visitor_id}/unmerge")
async def unmerge_visitor(
    caller: Owner, state: TheState, visitor_id: PathId, body: Annotated[Apart, Body(Apart)]
) -> Response:
    """This id is somebody else: each has again what it was alone."""
    key, other = parse_key(visitor_id), parse_key(body.id)
    if key == other:
        raise InvalidInput("name the id that is to leave, not the visitor's own", pointer="/id")
    return await _linked(state, caller.site, key, other, True)


@router.put("/{visitor_id}/consents/{consent_type}")
async def put_consent(
    caller: Owner,
    state: TheState,
    visitor_id: PathId,
    consent_type: PathId,
    body: Annotated[ConsentBody, Body(ConsentBody)],
) -> Response:
    """What this visitor allows or not. Who denies `analytics` is not remembered from now on; for
    who denies `personalization`, nothing is chosen by what is known."""
    visitor = await load_patiently(state, caller.site, parse_key(visitor_id))
    consent = await set_consent(
        state,
        caller.site,
        visitor.keys,
        consent_type,
        granted=body.status == "GRANTED",
        now=time.time(),
    )
    return answer({"type": consent.type, **_consent(consent)})


async def _linked(
    state: State, site: str, key: VisitorKey, other: VisitorKey, cut: bool
) -> Response:
    await link(state, site, key, other, cut=cut, now=time.time())
    visitor = await load_patiently(state, site, key)
    return answer({"visitorId": visitor.id, "ids": _ids(visitor)})


def _parts(include: str) -> list[str]:
    parts = [part.strip() for part in include.split(",") if part.strip()]
    for part in parts:
        if part not in PARTS:
            detail = f"ask for some of {', '.join(PARTS)}"
            raise InvalidInput(detail, "unknown-include", "/include")
    return parts


# --- in JSON ----------------------------------------------------------------------------------


def described(visitor: Visitor, beliefs: Beliefs, versions: Mapping[str, str]) -> dict[str, Any]:
    """A visitor as the contract has it."""
    touchpoints, older = visitor.history.touchpoints, visitor.history.older
    last = touchpoints[-1].time if touchpoints else older.last if older else None
    return {
        "visitorId": visitor.id,
        "ids": _ids(visitor),
        "persona": persona_of(beliefs.persona),
        "phase": phase_of(beliefs.phase),
        "evidenceCount": len(touchpoints) + (older.count if older else 0),
        "lastSeenAt": None if last is None else written_moment(last),
        "modelVersions": {name: versions[name] for name in ("personas", "phases")},
        "warnings": [
            {"code": code, "id": {"type": key.kind, "id": key.id}, "detail": detail}
            for code, detail, key in visitor.warnings
        ],
    }


def persona_of(belief: PersonaBelief) -> dict[str, Any]:
    """A belief over personas, with its evidence."""
    return {
        "id": belief.id,
        "name": belief.name,
        "probability": belief.probability,
        "priorLogOdds": belief.prior_log_odds,
        "distribution": dict(belief.distribution),
        "evidence": [_evidence("feature", item) for item in belief.evidence],
    }


def phase_of(belief: PhaseBelief) -> dict[str, Any]:
    """A belief over phases, with its evidence."""
    return {
        "journey": belief.journey,
        "id": belief.id,
        "probability": belief.probability,
        "priorLogOdds": belief.prior_log_odds,
        "distribution": dict(belief.distribution),
        "ladder": dict(zip(LADDER, belief.ladder.tolist(), strict=True)),
        "evidence": [_evidence("event", item) for item in belief.evidence],
    }


def _evidence(kind: str, item: Evidence) -> dict[str, Any]:
    told: dict[str, Any] = {kind: item.what, "text": item.text, "logOdds": item.log_odds}
    return told if item.time is None else told | {"at": written_moment(item.time)}


def _ids(visitor: Visitor) -> list[dict[str, str]]:
    return [{"type": key.kind, "id": key.id} for key in visitor.keys]


def _traits(_state: State, _site: str, visitor: Visitor) -> dict[str, Any]:
    told = {change.name: change.value for change in visitor.history.traits}
    return {name: value for name, value in told.items() if value is not None}


def _touchpoints(_state: State, _site: str, visitor: Visitor) -> list[dict[str, Any]]:
    return [
        {
            name: written_moment(value) if name == "time" else value
            for name, value in asdict(touchpoint).items()
            if name != "message" and value is not None
        }
        for touchpoint in visitor.history.touchpoints
    ]


def _interests(state: State, site: str, visitor: Visitor) -> list[dict[str, Any]]:
    """The tags of the content that was touched, the more the oftener."""
    facts = state.catalogues.of(site).facts
    counts: dict[str, int] = {}
    for touchpoint in visitor.history.touchpoints:
        fact = facts.get(touchpoint.content) if touchpoint.content is not None else None
        for tag in fact.tags if fact is not None else ():
            counts[tag] = counts.get(tag, 0) + 1
    total = sum(counts.values())
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_INTERESTS]
    return [{"tag": tag, "share": count / total} for tag, count in ranked]


def _consents(_state: State, _site: str, visitor: Visitor) -> dict[str, dict[str, str]]:
    """The word that counts, of each type."""
    return {name: _consent(each) for name, each in latest(visitor.history.consents).items()}


def _consent(consent: Consent) -> dict[str, str]:
    status = "GRANTED" if consent.granted else "DENIED"
    return {"status": status, "at": written_moment(consent.time)}


_PARTS = {
    "traits": _traits,
    "touchpoints": _touchpoints,
    "interests": _interests,
    "consents": _consents,
}
