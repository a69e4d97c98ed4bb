"""What to show next, asked by websites, apps and newsletters."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from embeddings.index import parse_filter
from personas.entities import VisitorKey
from personas.errors import FingerpostError, InvalidInput
from personas.journeys import DEFAULT
from personas.slots import Slot, slot_of
from service.auth import (
    VIEWER,
    Caller,
    identified,
    is_proven,
    needs,
    presented,
    read_only,
    wrong_kind,
)
from service.consenting import is_private
from service.direct import DirectRoutes
from service.problems import Fault, refused
from service.recommend import Ask, Preview, recommend
from service.recommend_consent import heeding
from service.recommend_variants import PERSONAL, SHARED, etag_of, etags_of, variant_of
from service.routes.bodies import Body, Id, Moment, Schema, answer, raw_json, validated
from service.state import State

router = APIRouter(tags=["recommendations"])
direct = DirectRoutes()
KINDS = ("publishable", "secret", "console")
SECRET_ONLY = ("at", "preview")
MOST_EVENTS, MOST_NAMES, MOST_REQUESTS = 100, 10_000, 100
MOST_LOGGED = 200  # ids of a request that are written down


class PreviewBody(Schema):
    """Such a visitor, who does not exist; nothing is stored."""

    persona_id: str | None = None
    phase: str | None = None
    traits: dict[str, Any] = Field(default_factory=dict)


class RecommendationBody(Schema):
    """For whom, where and what kind of content."""

    anonymous_id: Id | None = None
    user_id: Id | None = None
    user_hash: str | None = None
    slot: Id | None = None
    count: int | None = Field(default=None, ge=1, le=100)
    locale: str | None = Field(default=None, max_length=35)
    events: list[dict[str, Any]] | None = Field(default=None, max_length=MOST_EVENTS)
    context: dict[str, Any] | None = None
    query: str | None = Field(default=None, max_length=1000)
    filter: dict[str, Any] | None = None
    exclude: list[str] | None = Field(default=None, max_length=MOST_NAMES)
    candidates: list[str] | None = Field(default=None, max_length=MOST_NAMES)
    journey: str | None = None
    explain: bool | None = None
    timeout_ms: float | None = Field(default=None, ge=1, le=60_000)
    preview: PreviewBody | None = None
    at: Moment | None = None


class BatchBody(Schema):
    """Several requests at once, as for a newsletter; each is answered by itself."""

    requests: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_REQUESTS)


Asker = Annotated[Caller, Depends(needs(*KINDS))]


@direct.post(
    "/v1/recommendations",
    summary="What to show to a visitor next.",
    tag="recommendations",
    kinds=KINDS,
    body=RecommendationBody,
)
async def post_recommendations(request: Request) -> Response:
    state: State = request.app.state.fingerpost
    caller = identified(state.sites, presented(request.headers))
    if caller.kind not in KINDS:
        raise wrong_kind(caller.kind, KINDS)
    body = validated(RecommendationBody, await raw_json(request))
    return answer(await _answered(state, caller, body, is_private(request.headers, caller.kind)))


@router.get("/v1/recommendations")
async def get_recommendations(
    request: Request,
    caller: Asker,
    count: int | None = None,
    explain: bool | None = None,
) -> Response:
    """The same for a plain link; with `variantKey` the list of all who share it, for caches.

    An answer with an ETag that If-None-Match names is 304 and empty.
    """
    state: State = request.app.state.fingerpost
    known = etags_of(request.headers.get("if-none-match"))
    names = ("anonymousId", "userId", "userHash", "slot", "locale", "query", "journey", "at")
    given: dict[str, Any] = {
        name: request.query_params[name] for name in names if request.query_params.get(name)
    }
    if exclude := request.query_params.getlist("exclude"):
        given["exclude"] = exclude
    given |= {"count": count, "explain": explain}
    body = validated(RecommendationBody, given)
    variant = request.query_params.get("variantKey")
    if variant is not None:
        return _cached(await _shared(state, caller, body, variant), known, SHARED)
    private = is_private(request.headers, caller.kind)
    return _cached(await _answered(state, caller, body, private, known), known, PERSONAL)


def _cached(told: dict[str, Any], known: frozenset[str], headers: Mapping[str, str]) -> Response:
    if told["degraded"]:
        return answer(told, headers={**headers, "Cache-Control": "no-store"})
    etag = etag_of(told)
    if etag in known:
        return Response(status_code=304, headers={**headers, "ETag": etag})
    return answer(told, headers={**headers, "ETag": etag})


async def _shared(
    state: State, caller: Caller, body: RecommendationBody, variant: str
) -> dict[str, Any]:
    """What all who share a variant would get; nobody's history is read, nothing is logged."""
    for name in ("anonymous_id", "user_id", "at"):
        if getattr(body, name) is not None:
            pointer = f"/{to_camel(name)}"
            raise InvalidInput("A variant is nobody's own: leave this out.", pointer=pointer)
    ask = ask_of(state, caller.site, body)
    persona, phase, locale = variant_of(state, caller.site, variant, ask.journey)
    ask = replace(ask, preview=Preview(persona, phase), locale=body.locale or locale)
    told = await recommend(state, caller.site, ask, time.time(), caller.kind)
    return told | {"variantKey": variant}


@router.post("/v1/recommendations:batch")
async def batch(
    request: Request, caller: Asker, body: Annotated[BatchBody, Body(BatchBody)]
) -> Response:
    """Up to 100 requests; one that is wrong has a `problem` in its place and fails no other."""
    state: State = request.app.state.fingerpost
    data: list[dict[str, Any]] = []
    for each in body.requests:
        try:
            private = is_private(request.headers, caller.kind)
            asked = validated(RecommendationBody, each)
            data.append(await _answered(state, caller, asked, private))
        except FingerpostError as error:
            data.append({"problem": _told(error)})
    return answer({"data": data})


def _told(error: FingerpostError) -> Any:  # noqa: ANN401 - parsed JSON
    import orjson

    from service.problems import of_error

    return orjson.loads(bytes(of_error(error).body))


async def _answered(
    state: State,
    caller: Caller,
    body: RecommendationBody,
    private: bool,
    known: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    _check_rights(state, caller, body)
    now, site, kind = time.time(), caller.site, caller.kind
    ask = ask_of(state, site, body)
    if known:
        ask = replace(ask, known=known)
    ask = await heeding(state, site, ask, body.context, private=private, now=now, caller_kind=kind)
    return await recommend(state, site, ask, now, kind)


def _check_rights(state: State, caller: Caller, body: RecommendationBody) -> None:
    """A key that stands in web pages may ask for its own visitor and for nothing more; one that
    only looks may look at lists that nothing is kept of."""
    if caller.role == VIEWER and (body.preview is None or body.events):
        raise read_only()
    if caller.kind != "publishable":
        return
    for name in SECRET_ONLY:
        if getattr(body, name) is not None:
            detail = f"`{name}` needs a secret key."
            raise refused(
                403, "wrong-kind-of-key", detail, [Fault(f"/{name}", "secret-only", detail)]
            )
    secret = state.sites.of(caller.site).identity_secret
    if body.user_id is not None and not is_proven(body.user_id, body.user_hash, secret):
        detail = "With a publishable key, a userId needs its userHash: HMAC-SHA256 of the userId."
        raise refused(403, "unproven-user", detail, [Fault("/userHash", "unproven-user", detail)])


def ask_of(state: State, site: str, body: RecommendationBody) -> Ask:
    """A request as the use-case reads it.

    Raises:
        UnknownName, InvalidInput: of a journey or filter.
    """
    settings = state.sites.of(site)
    name = body.slot or "default"
    slot = slot_of(name, settings.slots[name]) if name in settings.slots else Slot(name)
    preview = body.preview
    return Ask(
        key=_key(body),
        slot=slot,
        count=body.count or slot.count,
        locale=body.locale,
        events=body.events or (),
        page=_page(body.context),
        query=(body.query or "").strip() or None,
        filter=parse_filter(body.filter or {}),
        exclude=frozenset(body.exclude or ()),
        candidates=None if body.candidates is None else tuple(body.candidates),
        journey=settings.journey(body.journey or DEFAULT),
        explain=body.explain is not False,
        timeout=None if body.timeout_ms is None else body.timeout_ms / 1000,
        preview=None
        if preview is None
        else Preview(preview.persona_id, preview.phase, preview.traits),
        at=body.at,
        user_hash=body.user_hash,
        asked=_asked(body),
    )


def _asked(body: RecommendationBody) -> dict[str, Any]:
    """What limits the choice, to be logged; so that the choice can be made again."""
    if body.query or len(body.exclude or ()) + len(body.candidates or ()) > MOST_LOGGED:
        return {"query": True}  # too much to write down: this choice is not made again
    limits = {
        "page": _page(body.context),
        "filter": body.filter,
        "exclude": body.exclude,
        "candidates": body.candidates,
        "locale": body.locale,
    }
    return {name: value for name, value in limits.items() if value is not None}


def _key(body: RecommendationBody) -> VisitorKey | None:
    if body.user_id is not None:
        return VisitorKey("user_id", body.user_id)
    if body.anonymous_id is not None:
        return VisitorKey("anonymous_id", body.anonymous_id)
    return None


def _page(context: dict[str, Any] | None) -> str | None:
    page = (context or {}).get("page")
    url = page.get("url") if isinstance(page, dict) else None
    return url if isinstance(url, str) else None
