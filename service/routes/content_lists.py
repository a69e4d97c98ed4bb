"""Content out, many at a time: lists, the review queue, what is near."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from embeddings.documents import Document
from embeddings.index import ContentFilter, Scalar, parse_filter
from personas.journeys import DEFAULT
from service.content_find import Question, documents, search_text, similar
from service.content_review import Doubt, doubts
from service.content_tags import shown
from service.routes.bodies import Moment, answer
from service.routes.content import Reader, TheState, Words, journey_named, personas_of
from service.routes.pages import Page, ThePage, paged
from service.routes.paths import PathId
from service.state import State

router = APIRouter(prefix="/v1", tags=["Content"])
Tell = Callable[[Document], dict[str, Any]]
MOST_FOUND = 1_000  # hits of a text search
PATIENCE = 2.0  # seconds for one
AnyOf = Annotated[list[str] | None, Query(description="Any of these.")]


async def wanted(
    request: Request,
    type: AnyOf = None,  # noqa: A002 - the contract's word
    tags: AnyOf = None,
    locale: AnyOf = None,
    at: Annotated[Moment | None, Query(description="Visible then; now without it.")] = None,
) -> ContentFilter:
    """Dependency: which content is asked for; `properties.NAME=` filters, too."""
    given: dict[str, list[Any]] = {"type": type or [], "tags": tags or [], "locale": locale or []}
    for name, value in request.query_params.multi_items():
        if name.startswith("properties."):
            given.setdefault(name, []).extend(_readings(value))
    where = parse_filter({name: values for name, values in given.items() if values}, "")
    return replace(where, visible_at=time.time() if at is None else at)


Wanted = Annotated[ContentFilter, Depends(wanted)]


async def listed(
    where: Wanted,
    hidden: Annotated[bool, Query(description="Also what is hidden or out of date.")] = False,
) -> ContentFilter:
    """Dependency: which content is to be listed."""
    return replace(where, visible_at=None) if hidden else where


@router.get("/content")
async def list_content(
    caller: Reader,
    state: TheState,
    which: ThePage,
    where: Annotated[ContentFilter, Depends(listed)],
    review: Annotated[bool, Query(description="What a person should look at first.")] = False,
    query: Annotated[
        str | None,
        Query(min_length=1, max_length=2000, description="What answers this, best first."),
    ] = None,
    journey: Words = DEFAULT,
) -> Response:
    """Content that may be shown, without bodies.

    With `query`: what answers it by sense and by words, the best first, each with a `score`.

    With `review`: only what nobody has tagged, the least certain and most seen first, each with
    `review: {open, uncertainty, views, weight}`.
    """
    words = journey_named(state, caller, journey)

    def tell(document: Document) -> dict[str, Any]:
        return shown(document, words, personas_of(state, caller, document), body=False)

    if query is not None:
        return answer(await _searched(state, caller.site, Question(query), where, which, tell))
    if review:
        return answer(await _reviewed(state, caller.site, where, which, tell))
    items = state.catalogues.of(caller.site).items.values()
    allowed = (item.id for item in items if where.allows(item))
    found = paged(allowed, str, which, str)
    read = await documents(state, caller.site, found["data"])
    return answer({**found, "data": [tell(each) for each in read]})


async def _searched(
    state: State,
    site: str,
    question: Question,
    where: ContentFilter,
    which: Page,
    tell: Tell,
) -> dict[str, Any]:
    hits, degraded = await search_text(state, site, question, MOST_FOUND, where, PATIENCE)
    ranked = {f"{rank:06}": hit for rank, hit in enumerate(hits)}
    found = paged(ranked, str, which, str)
    scores = {ranked[rank].id: ranked[rank].score for rank in found["data"]}
    read = await documents(state, site, list(scores))
    rows = [{**tell(each), "score": scores[each["id"]]} for each in read]
    return {**found, "data": rows, "degraded": degraded}


async def _reviewed(
    state: State, site: str, where: ContentFilter, which: Page, tell: Tell
) -> dict[str, Any]:
    waiting = doubts(state, site, where, time.time())
    found = paged(waiting, lambda doubt: doubt.place, which, lambda doubt: doubt)
    of: dict[str, Doubt] = {doubt.id: doubt for doubt in found["data"]}
    read = await documents(state, site, list(of))
    rows = [{**tell(each), "review": of[each["id"]].to_json()} for each in read]
    return {**found, "data": rows}


@router.get("/content/{content_id}/similar")
async def read_similar(
    caller: Reader,
    state: TheState,
    content_id: PathId,
    where: Wanted,
    count: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Response:
    """The nearest content that may be shown."""
    return answer(await similar(state, caller.site, content_id, count, where))


def _readings(value: str) -> list[Scalar]:
    """What a word in a query may stand for: itself, or a number or truth value."""
    try:
        other = orjson.loads(value)
    except orjson.JSONDecodeError:
        return [value]
    return [value, other] if isinstance(other, int | float) else [value]
