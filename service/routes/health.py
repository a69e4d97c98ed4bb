"""Is it alive, is it ready, how much does it do."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from personas.errors import Unavailable
from service.auth import Caller, needs
from service.metrics import MEDIA_TYPE
from service.routes.bodies import answer
from service.state import State, state_of

router = APIRouter(tags=["Operations"])
TheState = Annotated[State, Depends(state_of)]
WITHIN_S = 1.0  # a part that takes longer counts as down
OFTEN = 10  # an unmapped event name that came less often may be a slip
MOST_NAMES = 20  # of those that are told


@router.get("/health/live")
async def live() -> Response:
    """It runs. Needs no key."""
    return answer({"status": "alive"})


@router.get("/health/ready")
async def ready(state: TheState) -> Response:
    """Does it answer fully? Names what is down. Needs no key.

    It is ready as long as messages can be made durable: a store or an index that is down makes
    answers poorer, not wrong.
    """
    down = await _down(state)
    able = "log" not in down
    unmapped = [
        {"site": site, "name": name, "count": count}
        for site in state.sites.all()
        for name, count in state.sites.unmapped(site).items()
        if count >= OFTEN
    ]
    told = {
        "status": "ready" if not down else "degraded" if able else "down",
        "down": down,
        "starting": [] if state.encoder.ready else ["encoder"],
        "unmappedEventNames": unmapped[:MOST_NAMES],
        "refusedLinks": [
            {"site": site, "count": count} for site, count in state.identity.counts.items()
        ],
    }
    return answer(told, 200 if able else 503)


@router.get("/metrics")
async def metrics(
    _caller: Annotated[Caller, Depends(needs("secret", "console"))], state: TheState
) -> Response:
    """Counters and times in Prometheus' text format."""
    return Response(state.metrics.written(), media_type=MEDIA_TYPE)


async def _down(state: State) -> list[str]:
    down = []
    try:
        await asyncio.wait_for(state.store.ping(), WITHIN_S)
    except (Unavailable, TimeoutError):
        down.append("store")
    if state.log.trouble is not None:
        down.append("log")
    return down
