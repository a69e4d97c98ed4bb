"""The next touchpoint: what to do with a visitor, for newsletters, campaigns and calls."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from personas.contacts import CONTACTS
from personas.errors import InvalidInput
from personas.journeys import DEFAULT
from service.auth import Caller, needs
from service.next_touchpoint import Wish, contacts_among, next_touchpoint
from service.routes.bodies import Body, Id, Moment, Schema, answer
from service.state import State, state_of
from service.visitors import parse_key

router = APIRouter(prefix="/v1", tags=["Touchpoints"])
TheState = Annotated[State, Depends(state_of)]
Asker = Annotated[Caller, Depends(needs("secret", "console"))]


class NextBody(Schema):
    """For whom, and what can be done."""

    visitor: str = Field(
        min_length=1, max_length=300, description="As `user_id:123` or `anonymous_id:abc`."
    )
    channels: list[str] | None = Field(None, min_length=1, max_length=10)
    count: int = Field(10, ge=1, le=100)
    journey: Id = DEFAULT
    at: Moment | None = None


@router.post("/touchpoints:next")
async def post_next(
    caller: Asker, state: TheState, body: Annotated[NextBody, Body(NextBody)]
) -> Response:
    """Channels with content, and "nothing now", the likeliest to be answered first."""
    unknown = contacts_among(body.channels or ())
    if unknown:
        detail = (
            f"{unknown[0]!r} is no way to contact somebody. Choose among {', '.join(CONTACTS)}."
        )
        raise InvalidInput(detail, "unknown-channel", "/channels")
    try:
        key = parse_key(body.visitor)
    except InvalidInput as error:
        raise InvalidInput(error.detail, error.code, "/visitor") from None
    wish = Wish(
        key,
        state.sites.of(caller.site).journey(body.journey),
        tuple(dict.fromkeys(body.channels or CONTACTS)),
        body.count,
        body.at,
    )
    return answer(await next_touchpoint(state, caller.site, wish, time.time()))
