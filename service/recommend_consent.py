"""Lists for visitors who deny being remembered, or known: of the page at hand, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from personas.consents import ANALYTICS, denied_by_message
from personas.messages import consents_of
from service.ingest import ingest

if TYPE_CHECKING:
    from service.recommend import Ask
    from service.state import State


async def heeding(
    state: State,
    site: str,
    ask: Ask,
    context: object,
    *,
    private: bool,
    now: float,
    caller_kind: str,
) -> Ask:
    """The request as it may be answered: the same, or that of somebody unknown.

    Args:
        context: of the request, in which a consent manager may speak.
        private: the visitor's browser wishes for privacy.
    """
    if ask.key is None or ask.preview is not None:
        return ask
    denied = state.consents.denied(site, ask.key) | _denied_in(ask, context)
    if not denied and not private:
        return ask
    nameless = private or ANALYTICS in denied
    if ask.events:
        named = [ask.named(event) for event in ask.events]
        await ingest(state, site, named, received_at=now, caller_kind=caller_kind, denied=nameless)
    return replace(ask, key=None, user_hash=None, events=(), page=_page(ask))


def _denied_in(ask: Ask, context: object) -> frozenset[str]:
    contexts: Iterable[object] = (context, *(event.get("context") for event in ask.events))
    told = (consents_of(each) for each in contexts if isinstance(each, dict))
    return frozenset().union(*(denied_by_message(each) for each in told if each))


def _page(ask: Ask) -> str | None:
    """What the latest event was about, else the page of the request."""
    for event in reversed(ask.events):
        properties: Any = event.get("properties")
        content = properties.get("contentId") if isinstance(properties, dict) else None
        if isinstance(content, str):
            return content
    return ask.page
