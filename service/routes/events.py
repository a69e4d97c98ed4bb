"""Events in: Segment's tracking API, and the paths under which its relatives speak it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from personas.messages import Rejected
from service.auth import Caller, identified, presented, wrong_kind
from service.consenting import is_private
from service.direct import Direct, DirectRoutes
from service.ingest import Ingested, ingest
from service.problems import refused
from service.routes.bodies import USUAL, Limits, Schema, answer, clean_moment, raw_json

TYPES = ("track", "page", "screen", "identify", "group", "alias")
KINDS = ("publishable", "secret")
TAG = "Events"
SINGLE = Limits(raw=32 << 10, inflated=32 << 10)  # bytes of one message
MOST_MESSAGES = 10_000  # of one batch
AT_A_TIME = 500  # messages read between two chances for others
SETTLED = {"success": True}


class Message(Schema):
    """One message, in Segment's words."""

    model_config = ConfigDict(extra="allow")

    type: Literal["track", "page", "screen", "identify", "group", "alias"] | None = None
    message_id: str | None = Field(None, description="Makes the call idempotent.")
    anonymous_id: str | None = None
    user_id: str | None = None
    event: str | None = Field(None, description="What happened, of a track call.")
    timestamp: str | None = Field(None, description="When it happened, RFC 3339.")
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: dict[str, Any] | None = None


class Batch(Schema):
    """Many messages at once."""

    batch: list[Message]
    sent_at: str | None = Field(None, description="By the sender's clock, which is so repaired.")


class RejectedMessage(Schema):
    """A message that could not be used; it is kept in the dead-letter log."""

    index: int
    message_id: str | None
    code: str
    detail: str


class Taken(Schema):
    """What became of one message."""

    success: Literal[True]
    rejected: list[RejectedMessage] | None = None


class BatchTaken(Schema):
    """What became of the messages: received = accepted + duplicates + rejected."""

    success: Literal[True]
    accepted: int
    duplicates: int
    rejected: list[RejectedMessage]


direct = DirectRoutes()


async def take_batch(request: Request) -> Response:
    """Any number of messages; a bad one never fails its neighbours."""
    caller, body = await _read(request, USUAL)
    messages, sent_at = messages_of(body)
    if len(messages) > MOST_MESSAGES:
        detail = f"A batch holds at most {MOST_MESSAGES:,} messages. Split it."
        raise refused(413, "too-many-messages", detail)
    taken = await _ingest(request, caller, messages, sent_at)
    return answer(
        {
            "success": True,
            "accepted": taken.accepted,
            "duplicates": taken.duplicates,
            "rejected": [_rejection(index, why) for index, why in taken.rejected],
        }
    )


async def take_one(request: Request, kind: str) -> Response:
    """One message, whose type the path says."""
    caller, body = await _read(request, SINGLE)
    message = {**body, "type": kind} if isinstance(body, dict) else body
    taken = await _ingest(request, caller, [message], _sent_at(body))
    if not taken.rejected:
        return answer(SETTLED)
    return answer(SETTLED | {"rejected": [_rejection(index, why) for index, why in taken.rejected]})


async def _ingest(
    request: Request, caller: Caller, messages: list[Any], sent_at: float | None
) -> Ingested:
    """Some at a time, so that nobody waits long for somebody else's large batch."""
    if sent_at is None:
        sent_at = _moment(request.headers.get("sentat"))
    received_at, parts = time.time(), []
    for begin in range(0, max(len(messages), 1), AT_A_TIME):
        part = await ingest(
            request.app.state.fingerpost,
            caller.site,
            messages[begin : begin + AT_A_TIME],
            received_at=received_at,
            sent_at=sent_at,
            caller_kind=caller.kind,
            denied=is_private(request.headers, caller.kind),
        )
        parts.append(_moved(part, begin))
    return parts[0] if len(parts) == 1 else _together(parts)


def _moved(part: Ingested, by: int) -> Ingested:
    if not by:
        return part
    rejected = tuple((index + by, why) for index, why in part.rejected)
    return Ingested(part.accepted, part.duplicates, rejected)


def _together(parts: list[Ingested]) -> Ingested:
    return Ingested(
        sum(part.accepted for part in parts),
        sum(part.duplicates for part in parts),
        tuple(why for part in parts for why in part.rejected),
    )


def messages_of(body: object) -> tuple[list[Any], float | None]:
    """The messages in the body of a batch; what is no batch is one bad message.

    A `context` beside the batch is that of every message that does not say otherwise.
    """
    if not isinstance(body, dict) or not isinstance(body.get("batch"), list):
        return [body], None
    messages, shared = body["batch"], body.get("context")
    if isinstance(shared, dict) and shared:
        messages = [_with_context(message, shared) for message in messages]
    return messages, _sent_at(body)


def _with_context(message: object, shared: Mapping[str, Any]) -> object:
    if not isinstance(message, dict):
        return message
    own = message.get("context")
    return {**message, "context": {**shared, **own} if isinstance(own, dict) else shared}


def _sent_at(body: object) -> float | None:
    return _moment(body.get("sentAt")) if isinstance(body, dict) else None


def _moment(text: object) -> float | None:
    try:
        return clean_moment(text) if isinstance(text, str) else None
    except ValueError:
        return None


async def _read(request: Request, limits: Limits) -> tuple[Caller, Any]:
    """Who calls, and what: the body is not even read for somebody unknown, if we can tell before.

    Raises:
        Refused: 401 without a known key, 403 for one of the wrong kind or a secret one in a URL.
    """
    in_header = presented(request.headers)
    in_query = None if in_header else request.query_params.get("writeKey")
    if in_header or in_query:
        caller = _allowed(request, in_header or in_query, in_url=bool(in_query))
        return caller, await raw_json(request, limits)
    body = await raw_json(request, limits)
    in_body = body.get("writeKey") if isinstance(body, dict) else None
    return _allowed(request, in_body if isinstance(in_body, str) else None), body


def _allowed(request: Request, key: str | None, *, in_url: bool = False) -> Caller:
    caller = identified(request.app.state.fingerpost.sites, key)
    if in_url and caller.kind != "publishable":
        detail = "Secret keys do not belong into URLs, which get logged. Send it as a header."
        raise refused(403, "secret-key-in-url", detail)
    if caller.kind not in KINDS:
        raise wrong_kind(caller.kind, KINDS)
    return caller


def _rejection(index: int, why: Rejected) -> dict[str, Any]:
    return {"index": index, "messageId": why.message_id, "code": why.code, "detail": why.detail}


def _add_single(kind: str) -> None:
    async def take(request: Request) -> Response:
        return await take_one(request, kind)

    own = (f"/v1/{kind}", f"/v1/{kind[0]}", f"/api/s/{kind}", f"/api/s/s2s/{kind}")
    for path in own:
        summary = f"One {kind} message"
        direct.add(Direct("POST", path, take, summary, TAG, KINDS, Message, Taken))


def _add_all() -> None:
    for kind in TYPES:
        _add_single(kind)
    for path in ("/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch"):
        direct.add(Direct("POST", path, take_batch, "Many messages", TAG, KINDS, Batch, BatchTaken))


_add_all()
