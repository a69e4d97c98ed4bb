"""What people set for a site, checked as every way in checks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from personas.errors import InvalidInput
from personas.journeys import BUILT_IN, Journey
from personas.vocabulary import KINDS, is_known
from service.problems import not_found
from service.sites import journey_of

if TYPE_CHECKING:
    from service.state import State


async def put_journey(
    state: State, site: str, name: str, value: dict[str, Any], now: float
) -> Journey:
    """Add or replace a journey of the site's own.

    Raises:
        InvalidInput: it is built in, or no view of the ladder.
    """
    if name in BUILT_IN:
        detail = "This journey is built in and stays as it is. Choose another id for your own."
        raise InvalidInput(detail, "built-in-journey", "/id")
    made = journey_of(name, value)
    await state.sites.set(site, "journey", name, value, now)
    return made


async def delete_journey(state: State, site: str, name: str, now: float) -> None:
    """Take away a journey of the site's own.

    Raises:
        Refused: with 404, where there is none.
    """
    if name not in state.sites.of(site).journeys:
        raise not_found("journey of your own", name)
    await state.sites.set(site, "journey", name, None, now)


async def map_event_name(state: State, site: str, name: str, means: str, now: float) -> None:
    """Say what one of the site's event names means; it holds for the past, too.

    Raises:
        InvalidInput: that is nothing known.
    """
    if means not in KINDS and not is_known(means, {}):
        detail = f"Name one of {', '.join(KINDS)}, or a known event name such as `Demo Requested`."
        raise InvalidInput(detail, "unknown-meaning", "/means")
    await state.sites.set(site, "event-name", name, {"means": means}, now)


async def unmap_event_name(state: State, site: str, name: str, now: float) -> None:
    """Take a meaning back.

    Raises:
        Refused: with 404, where there is none.
    """
    if name not in state.sites.of(site).named_events:
        raise not_found("event name of your own", name)
    await state.sites.set(site, "event-name", name, None, now)
