"""How long what tells of visitors is kept, and its leaving.

A visitor is known until some days after the last message, and messages stay in the log for some
days after they came. A site may choose fewer days for both.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import structlog

from personas.errors import InvalidInput, LogUnavailable, StoreUnavailable
from service.store import KEEP_SECONDS
from training.eventlog import Expiry

if TYPE_CHECKING:
    from service.state import State

DAY = 86_400
MOST_DAYS = KEEP_SECONDS // DAY  # that a visitor is known
LOG_DAYS = 760  # that messages stay, where the site chose none: 25 months
LOOK_EVERY = 6 * 3_600.0
LOOK_FIRST = 60.0  # after the start
OPTION = "keptDays"
logger = structlog.get_logger(__name__)


async def keep(state: State) -> None:
    """Runs beside the service: what was kept long enough leaves."""
    await asyncio.sleep(LOOK_FIRST)
    while True:
        try:
            await expire(state, time.time())
        except (LogUnavailable, StoreUnavailable) as error:
            logger.warning("expiry-failed", reason=str(error))
        await asyncio.sleep(LOOK_EVERY)


async def expire(state: State, now: float) -> None:
    """Take out what was kept long enough, from the log and from the store.

    Raises:
        LogUnavailable, StoreUnavailable: what is gone stays gone; try again.
    """
    chosen = {site: days for site in state.sites.all() if (days := state.sites.of(site).kept_days)}
    expiry = Expiry(now - LOG_DAYS * DAY, {site: now - days * DAY for site, days in chosen.items()})
    async with state.folding.from_log:
        gone = await asyncio.to_thread(state.log.expire, expiry)
        visitors = await _expired(state, chosen)
    if gone or visitors:
        logger.info("expired", records=gone, visitors=visitors)


async def _expired(state: State, chosen: Mapping[str, int]) -> int:
    """Visitors of sites that chose fewer days; the others' leave the store by themselves."""
    return sum(
        [
            await state.store.expire(site, days * DAY)
            for site, days in chosen.items()
            if days < MOST_DAYS
        ]
    )


async def choose_days(state: State, site: str, days: int, now: float) -> None:
    """How many days a site keeps what tells of visitors; what is older begins to leave.

    Raises:
        InvalidInput: fewer than one, or more than allowed.
        LogUnavailable: it cannot be noted.
    """
    if not 1 <= days <= MOST_DAYS:
        detail = f"Choose 1 to {MOST_DAYS} days."
        raise InvalidInput(detail, "no-such-time", f"/{OPTION}")
    await state.sites.set(site, "option", OPTION, {"value": days}, now)
    state.beside(expire(state, now), "expiry")
