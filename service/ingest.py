"""Events in: read, made durable, then folded into the visitors they concern.

The event log is the truth: what it has, is acknowledged; the store follows. Where the store does
not answer, messages stay acknowledged and are folded from the log as soon as it does.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from personas.entities import History, Older, VisitorKey
from personas.errors import StoreUnavailable
from personas.messages import Accepted, Rejected, read_message
from personas.phases import summary_of
from personas.visitor import MOST_LINKS, fold, trimmed
from personas.vocabulary import is_known
from service.auth import is_proven
from service.consenting import NO_CONSENT
from service.store import Fold
from training.eventlog import Record, message_record, rejected_record

if TYPE_CHECKING:
    from service.state import State

PUBLISHABLE = "publishable"
CLAIMS = ("userId", "previousId", "userHash")


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of messages; received = accepted + duplicates + rejected."""

    accepted: int
    duplicates: int
    rejected: tuple[tuple[int, Rejected], ...]


async def ingest(
    state: State,
    site: str,
    raw_messages: Sequence[object],
    *,
    received_at: float,
    sent_at: float | None = None,
    caller_kind: str = "secret",
    denied: bool = False,
) -> Ingested:
    """Take messages in; they are durable when this returns.

    Args:
        caller_kind: with a publishable key, a user id counts only with its `userHash`.
        denied: nothing may be kept of who sends this.

    Raises:
        LogUnavailable: nothing was acknowledged, nothing is lost if the sender tries again.
    """
    if caller_kind == PUBLISHABLE:
        secret = state.sites.of(site).identity_secret
        raw_messages = [without_unproven_claim(raw, secret) for raw in raw_messages]
    read = [
        read_message(raw, received_at, sent_at, place) for place, raw in enumerate(raw_messages)
    ]
    heeded = state.consents.heeded(site, read, denied)
    fresh, rejected, duplicates = _sorted_out(state, site, heeded)
    records = [
        message_record(site, _fields(raw_messages[index]), received_at, sent_at, accepted)
        for index, accepted in fresh
    ]
    records += [
        _dead_letter(site, raw_messages[index], received_at, refusal) for index, refusal in rejected
    ]
    if records or duplicates:
        # The sender may hang up; what was appended is folded all the same.
        await asyncio.shield(_taken_in(state, site, records, [each for _, each in fresh]))
    state.metrics.ingested(site, len(fresh), duplicates, [refusal.code for _, refusal in rejected])
    return Ingested(len(fresh), duplicates, tuple(rejected))


def _dead_letter(site: str, raw: object, received_at: float, refusal: Rejected) -> Record:
    """Of what may not be kept it tells only that it came."""
    if refusal.code == NO_CONSENT:
        raw, refusal = {}, replace(refusal, message_id=None)
    return rejected_record(site, raw, received_at, refusal)


async def _taken_in(
    state: State, site: str, records: Sequence[Record], accepted: Sequence[Accepted]
) -> None:
    with state.folding.under_way(state.log.position):
        await state.log.append(records)
        await fold_in(state, site, accepted)


def without_unproven_claim(raw: object, secret: str) -> object:
    """Anybody can read a publishable key, so with it a user id must be signed to count.

    Without a right `userHash` (at the top, or in `context`) a message stays with its anonymous id,
    and what it would link stays apart. The `previousId` of an alias has no hash of its own: it
    counts as an anonymous id, never as another user's.
    """
    message = _fields(raw)
    user, previous = message.get("userId"), message.get("previousId")
    if not user and not previous:
        return raw
    given = message.get("userHash") or _fields(message.get("context")).get("userHash")
    if user and is_proven(str(user), given, secret):
        if not previous:
            return raw
        rest = {name: value for name, value in message.items() if name != "previousId"}
        return rest | {"type": "identify", "anonymousId": previous}
    kept = {name: value for name, value in message.items() if name not in CLAIMS}
    return kept | {"type": "identify"} if kept.get("type") == "alias" else kept


def _fields(raw: object) -> Mapping[str, Any]:
    return raw if isinstance(raw, dict) else {}


def _sorted_out(
    state: State, site: str, read: Sequence[Accepted | Rejected]
) -> tuple[list[tuple[int, Accepted]], list[tuple[int, Rejected]], int]:
    accepted = [(index, each) for index, each in enumerate(read) if isinstance(each, Accepted)]
    rejected = [(index, each) for index, each in enumerate(read) if isinstance(each, Rejected)]
    seen = state.log.seen(site, [each.message for _, each in accepted])
    fresh: list[tuple[int, Accepted]] = []
    here: set[int] = set()
    for (index, each), known in zip(accepted, seen, strict=True):
        if not known and each.message not in here:
            fresh.append((index, each))
            here.add(each.message)
    return fresh, rejected, len(accepted) - len(fresh)


# --- folding ----------------------------------------------------------------------------------


async def fold_in(state: State, site: str, accepted: Sequence[Accepted]) -> None:
    """Fold messages into their visitors, and into what the site's visitors do now."""
    if not accepted:
        return
    try:
        await state.store.update(site, folds_of(state, site, accepted))
    except StoreUnavailable:
        state.folding.missed()
    trends, event_names = state.trends.of(site), state.sites.of(site).event_names
    for each in accepted:
        touchpoint = each.touchpoint
        if touchpoint is None:
            continue
        if touchpoint.content is not None:
            trends.saw(touchpoint.content, touchpoint.time, each.owner, touchpoint.name)
        if not is_known(touchpoint.name, event_names):
            state.sites.saw_unmapped(site, touchpoint.name)


def folds_of(state: State, site: str, accepted: Iterable[Accepted]) -> dict[VisitorKey, Fold]:
    """What is to be done to each id's history."""
    concerned: defaultdict[VisitorKey, list[Accepted]] = defaultdict(list)
    for each in accepted:
        ends = {each.owner, *(key for link in each.links for key in link)}
        for key in ends:
            concerned[key].append(each)
    return {key: partial(folded, state, site, key, tuple(of)) for key, of in concerned.items()}


def folded(
    state: State, site: str, key: VisitorKey, accepted: Sequence[Accepted], history: History
) -> History:
    """One id's history with these messages in it, its oldest part summed up where it is long.

    What reaches into the summed-up part cannot be put there, nor be told from what is in there
    already: such a history is folded again from the log.
    """
    older = history.older
    if older is not None and any(_reaches(each, key, older.last) for each in accepted):
        state.folding.came_late(site, key)
        accepted = [
            replace(each, touchpoint=None) if _reaches(each, key, older.last) else each
            for each in accepted
        ]
    grown = fold(history, key, accepted)
    if len(grown.links) > len(history.links) or len(grown.links) >= MOST_LINKS:
        state.identity.look(site, key, history, grown, accepted)
    return trimmed(grown, partial(summary, state, site))


def _reaches(message: Accepted, key: VisitorKey, until: float) -> bool:
    touchpoint = message.touchpoint
    return touchpoint is not None and message.owner == key and touchpoint.time <= until


def summary(state: State, site: str, history: History) -> Older:
    """What the site keeps of touchpoints that leave the list."""
    facts = state.catalogues.of(site).facts
    model = state.active.models(site).phases
    return summary_of(model, history, facts, state.sites.of(site).event_names)
