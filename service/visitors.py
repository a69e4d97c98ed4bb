"""A visitor: all that the linked ids did together, and what is believed of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from math import ceil, inf
from typing import TYPE_CHECKING

from personas.consents import denied_by
from personas.entities import History, PersonaBelief, PhaseBelief, VisitorKey
from personas.errors import InvalidInput, StoreUnavailable
from personas.features import features_of
from personas.journeys import Journey
from personas.phases import believe as believe_phases
from personas.visitor import as_of, component
from service.identity import warnings_of

if TYPE_CHECKING:
    from service.state import State

KINDS = ("user_id", "anonymous_id")
PATIENCE, TRY_AGAIN = 3.0, 0.05  # seconds


@dataclass(frozen=True, slots=True)
class Visitor:
    """The ids that are linked, and their histories as one.

    Attributes:
        id: `v_…`, the same for the same set's leading id.
        keys: sorted, user ids first.
        began: the one of them with which the visitor came first.
        warnings: what is odd about its ids: code, words, id.
    """

    id: str
    keys: tuple[VisitorKey, ...]
    history: History
    began: VisitorKey | None = None
    warnings: tuple[tuple[str, str, VisitorKey], ...] = ()


@dataclass(frozen=True, slots=True)
class Beliefs:
    """Who and where a visitor is, at a moment."""

    persona: PersonaBelief
    phase: PhaseBelief


def just_now(now: float) -> float:
    """Messages have milliseconds: one that came in at this moment counts."""
    return ceil(1000 * now) / 1000


def parse_key(text: str) -> VisitorKey:
    """`user_id:123` or `anonymous_id:abc`.

    Raises:
        InvalidInput: neither of these forms.
    """
    kind, colon, identity = text.partition(":")
    if kind not in KINDS or not colon or not 1 <= len(identity) <= 256:
        raise InvalidInput(
            "write the visitor as user_id:ID or anonymous_id:ID, with 1-256 characters of id",
            "invalid-visitor-id",
            "/id",
        )
    return VisitorKey(kind, identity)


async def load_visitor(
    state: State, site: str, key: VisitorKey, at: float | None = None
) -> Visitor:
    """Everything that is known of the visitor who has this id.

    Args:
        at: only what had happened, and only links that were known, by then.
    """
    found: dict[VisitorKey, History] = {}
    ids: tuple[VisitorKey, ...] = (key,)
    missing: tuple[VisitorKey, ...] = (key,)
    while missing:
        histories = await state.store.histories(site, missing)
        found.update(zip(missing, histories, strict=True))
        ids, missing = component(key, found, at)
    keys = tuple(sorted(ids, key=lambda each: (KINDS.index(each.kind), each.id)))
    together = [found[each] for each in keys]
    history = state.joint_pasts.merged(site, keys, together, at)
    began = key if len(keys) == 1 else min(keys, key=lambda each: (_begun(found[each]), each))
    warnings = warnings_of(keys, found) if history.links else ()
    known = history if at is None else as_of(history, at)
    return Visitor(visitor_id(keys), keys, known, began, warnings)


def _begun(history: History) -> float:
    """When an id was first heard of; what is kept of old touchpoints tells it, too."""
    told = [history.older.first] if history.older is not None else []
    told += [items[0].time for items in (history.touchpoints, history.traits) if items]
    return min(told, default=inf)


async def load_profile(
    state: State, site: str, key: VisitorKey, at: float | None = None
) -> Visitor:
    """The same for choosing content by it: nothing is known of who denied that."""
    visitor = await load_visitor(state, site, key, at)
    consents = visitor.history.consents
    if consents and denied_by(consents):
        return replace(visitor, history=History())
    return visitor


async def load_patiently(
    state: State, site: str, key: VisitorKey, at: float | None = None
) -> Visitor:
    """The same for who can wait: a store that is only busy is asked again for some seconds."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return await load_visitor(state, site, key, at)
        except StoreUnavailable:
            if time.monotonic() >= deadline:
                raise
        await asyncio.sleep(TRY_AGAIN)


def visitor_id(keys: Sequence[VisitorKey]) -> str:
    """Of the leading id, so that it reveals none."""
    return "v_" + blake2b(str(keys[0]).encode(), digest_size=10).hexdigest()


def believe(state: State, site: str, visitor: Visitor, at: float, journey: Journey) -> Beliefs:
    """Who this is and where, with evidence. Pure but for reading the active models."""
    models = state.active.models(site)
    facts = state.catalogues.of(site).facts
    features = features_of(visitor.history, facts, at, state.sites.of(site).allow_sensitive)
    phase = believe_phases(
        models.phases, visitor.history, facts, at, journey, state.sites.of(site).event_names
    )
    return Beliefs(state.personas.of(state, site).believe(features), phase)


async def believe_aside(
    state: State, site: str, visitor: Visitor, at: float, journey: Journey
) -> Beliefs:
    """The same in a thread where a history is long, so that nobody waits for it."""
    if len(visitor.history.touchpoints) > 60:
        return await asyncio.to_thread(believe, state, site, visitor, at, journey)
    return believe(state, site, visitor, at, journey)
