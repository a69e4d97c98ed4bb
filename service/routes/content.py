"""Content: created, read, changed, deleted, tagged, found."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from embeddings.documents import Document, Notice, read_document
from embeddings.tagging import texts_to_embed
from embeddings.text import read_text
from personas.errors import EncoderUnavailable, InvalidInput
from personas.journeys import DEFAULT, Journey
from service import problems
from service.auth import Caller, needs
from service.content import etag_of
from service.content_decide import tagged, tagging_of
from service.content_tags import read_human, shown, tags_of
from service.content_write import (
    PATIENCE,
    Written,
    delete_content,
    load_document,
    patch_content,
    put_content,
    put_many,
    release_tags,
    set_tags,
)
from service.coverage_audience import persona_tag
from service.routes.bodies import (
    USUAL,
    BodyOf,
    Limits,
    Moment,
    Schema,
    answer,
    check_shape,
    raw_json,
)
from service.routes.paths import PathId
from service.state import State, state_of

router = APIRouter(prefix="/v1", tags=["Content"])
TheState = Annotated[State, Depends(state_of)]
Editor = Annotated[Caller, Depends(needs("secret", "content"))]
Tagger = Annotated[Caller, Depends(needs("secret", "content", "console"))]
Reader = Tagger
IfMatch = Annotated[str | None, Header(max_length=200, description="ETag that must still hold.")]
AnyOf = Annotated[list[str] | None, Query(description="Any of these.")]
Words = Annotated[str, Query(max_length=100, description="In the words of this journey.")]

MOST_ITEMS = 1_000
CHANGED: dict[int | str, dict[str, Any]] = {
    412: {
        "description": "It was changed since it was read.",
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
BATCH = Limits(raw=8 << 20, inflated=16 << 20, keys=500_000)


class Content(Schema):
    """An item of content."""

    url: str | None = Field(None, max_length=2048)
    title: str | None = Field(None, max_length=2000)
    description: str | None = Field(None, max_length=20_000)
    body: str | None = Field(None, description="Plain text, HTML or Markdown.")
    type: str | None = Field(None, description="A content type; told from the text without it.")
    locale: str | None = Field(None, description="As in `en` or `en-GB`.")
    tags: list[str] | None = None
    published_at: Moment | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    hidden: bool | None = None
    properties: dict[str, Any] | None = None


class IdentifiedContent(Content):
    """An item of content with its id."""

    id: str = Field(min_length=1, max_length=256)


class Batch(Schema):
    """Items to create or replace; one that is wrong never fails its neighbours."""

    items: list[IdentifiedContent] = Field(max_length=MOST_ITEMS)


class TextToTag(Schema):
    """A text to be tagged, and not kept."""

    title: str | None = None
    description: str | None = None
    body: str | None = None
    url: str | None = None
    locale: str | None = None
    journey: str | None = None


class Shares(Schema):
    """Probabilities by name; they are scaled to add up to 1."""

    distribution: dict[str, float]


class HumanTags(Schema):
    """A person's word on what content is."""

    type: str | Shares | None = None
    phase: str | Shares | None = None
    personas: str | Shares | None = None
    locked: bool = Field(True, description="No model may overwrite it; false alone undoes it.")
    journey: str | None = None


class Raw(BodyOf):
    """The body as it is, for our own checks; the model is what /openapi.json says of it."""

    async def __call__(self, request: Request) -> Any:  # noqa: ANN401 - JSON
        raw = await raw_json(request, self.limits)
        check_shape(raw, self.limits)
        return raw


def raw(model: type[BaseModel], limits: Limits = USUAL) -> Any:  # noqa: ANN401 - FastAPI's
    """Dependency: the body as parsed JSON."""
    return Depends(Raw(model, limits))


# --- in -------------------------------------------------------------------------------------------


@router.put("/content/{content_id}", responses=CHANGED)
async def put_one(
    caller: Editor,
    state: TheState,
    content_id: PathId,
    body: Annotated[object, raw(Content)],
    if_match: IfMatch = None,
    journey: Words = DEFAULT,
) -> Response:
    """Create or replace an item. It is tagged, embedded and searchable when this returns."""
    words = journey_named(state, caller, journey)
    expected = _expected(if_match)
    put = put_content(state, caller.site, body, time.time(), content_id, expected)
    return _written(state, caller, await _unchanged(put), words)


@router.patch("/content/{content_id}", responses=CHANGED)
async def patch_one(
    caller: Editor,
    state: TheState,
    content_id: PathId,
    body: Annotated[object, raw(Content)],
    if_match: IfMatch = None,
    journey: Words = DEFAULT,
) -> Response:
    """Change some fields (JSON Merge Patch): null takes a field away."""
    words = journey_named(state, caller, journey)
    expected = _expected(if_match)
    patch = patch_content(state, caller.site, content_id, body, time.time(), expected)
    return _written(state, caller, await _unchanged(patch), words)


@router.post("/content:batch")
async def put_batch(
    caller: Editor, state: TheState, body: Annotated[object, raw(Batch, BATCH)]
) -> Response:
    """Create or replace up to 1,000 items. One that is wrong never fails its neighbours."""
    items = body.get("items") if isinstance(body, Mapping) else None
    if not isinstance(items, list) or len(items) > MOST_ITEMS:
        detail = f"Send {{items: […]}} with at most {MOST_ITEMS:,} items."
        raise InvalidInput(detail, "invalid-batch", "/items")
    results = await put_many(state, caller.site, items, time.time())
    pairs = list(enumerate(results))
    written = [(index, each) for index, each in pairs if isinstance(each, Written)]
    told = {
        "accepted": len(written),
        "embedded": sum(each.embedded for _, each in written),
        "rejected": [
            {"index": index, "id": _id_in(items[index]), **_fault(each)}
            for index, each in pairs
            if isinstance(each, InvalidInput)
        ],
        "warnings": [
            {"index": index, "id": each.document["id"], **_notice(notice)}
            for index, each in written
            for notice in each.notices
        ],
    }
    return answer(told)


@router.delete("/content/{content_id}", status_code=204)
async def delete_one(caller: Editor, state: TheState, content_id: PathId) -> Response:
    """Delete an item; it leaves every answer at once."""
    await delete_content(state, caller.site, content_id, time.time())
    return Response(status_code=204)


# --- tags -----------------------------------------------------------------------------------------


@router.post("/content:tag")
async def tag_text(
    caller: Tagger, state: TheState, body: Annotated[object, raw(TextToTag)]
) -> Response:
    """Tag a text without keeping it."""
    fields = body if isinstance(body, Mapping) else {}
    words = journey_named(state, caller, fields.get("journey") or DEFAULT)
    names = ("title", "description", "body", "url", "locale")
    if not isinstance(body, Mapping):
        raise InvalidInput("Send an object with title, description or body.", "not-an-object")
    document, _ = read_document({name: fields.get(name) for name in names}, "-")
    parts = document["title"], document["description"], document["body"]
    text = await asyncio.to_thread(read_text, *parts)
    degraded = []
    try:
        vectors = await state.encoder.encode(texts_to_embed(text), PATIENCE)
    except EncoderUnavailable:
        vectors, degraded = None, ["encoder"]
    tagger = state.active.models(caller.site).tagger
    tags = await asyncio.to_thread(tagged, tagger, text, vectors)
    tagging = tagging_of(tags)
    personas = persona_tag(state, caller.site, tagging, "")
    return answer({**tags_of(tagging, words, personas), "degraded": degraded})


@router.put("/content/{content_id}/tags")
async def put_tags(
    caller: Tagger, state: TheState, content_id: PathId, body: Annotated[object, raw(HumanTags)]
) -> Response:
    """A person's word: no model overwrites it, and it teaches the tagger."""
    told = body.get("journey") if isinstance(body, Mapping) else None
    words = journey_named(state, caller, told or DEFAULT)
    human = read_human(body, words)
    if human:
        document = await set_tags(state, caller.site, content_id, human, time.time())
    else:
        document = await release_tags(state, caller.site, content_id, time.time())
    tag = {"ETag": etag_of(document)}
    tags = tags_of(
        document["tagging"], words, personas_of(state, caller, document), document.get("type")
    )
    return answer({"id": content_id, **tags}, headers=tag)


# --- out ------------------------------------------------------------------------------------------


@router.get("/content/{content_id}")
async def read_one(
    caller: Reader, state: TheState, content_id: PathId, request: Request, journey: Words = DEFAULT
) -> Response:
    """An item with its tags, hidden or not."""
    words = journey_named(state, caller, journey)
    document = await load_document(state, caller.site, content_id)
    tag = etag_of(document)
    if tag in _tags_in(request.headers.get("if-none-match")):
        return Response(status_code=304, headers={"ETag": tag})
    told = shown(document, words, personas_of(state, caller, document))
    return answer(told, headers={"ETag": tag})


# --- small change ---------------------------------------------------------------------------------


def journey_named(state: State, caller: Caller, name: object) -> Journey:
    if not isinstance(name, str):
        raise InvalidInput("A journey is named by its id.", "not-a-string", "/journey")
    return state.sites.of(caller.site).journey(name)


def personas_of(state: State, caller: Caller, document: Document) -> dict[str, float]:
    """Whom a document is for, as far as the site's visitors tell."""
    return persona_tag(state, caller.site, document.get("tagging") or {}, document["id"])


async def _unchanged(work: Coroutine[Any, Any, Written]) -> Written:
    """412 where somebody else was faster."""
    try:
        return await work
    except InvalidInput as error:
        if error.code == "changed":
            raise problems.refused(412, error.code, error.detail) from None
        raise


def _written(state: State, caller: Caller, written: Written, words: Journey) -> Response:
    document = written.document
    told = {
        **shown(document, words, personas_of(state, caller, document), body=False),
        "embedded": written.embedded,
        "warnings": [_notice(notice) for notice in written.notices],
    }
    return answer(told, headers={"ETag": etag_of(document)})


def _notice(notice: Notice) -> dict[str, str]:
    return {"pointer": notice.pointer, "code": notice.code, "detail": notice.detail}


def _fault(error: InvalidInput) -> dict[str, str]:
    return {"pointer": error.pointer, "code": error.code, "detail": error.detail}


def _id_in(raw: object) -> str | None:
    told = raw.get("id") if isinstance(raw, Mapping) else None
    return problems.short(told) if isinstance(told, str) else None


def _expected(if_match: str | None) -> str | None:
    """The version that must still hold; "*" is any. Tags by a model are nobody's edit."""
    if if_match is None:
        return None
    return if_match.strip().removeprefix("W/").strip('"').partition("-")[0]


def _tags_in(if_none_match: str | None) -> Iterator[str]:
    return (tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(","))
