"""What to show next: load the visitor, decide, keep what was shown.

An answer degrades, it does not fail: without the store it knows no history, without the encoder no
search, and says so.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import uuid4

import orjson

from embeddings.index import ContentFilter
from personas.entities import History, VisitorKey
from personas.errors import LogUnavailable, StoreUnavailable
from personas.journeys import BUILT_IN, DEFAULT, Journey
from personas.messages import Accepted, read_message
from personas.slots import Slot
from personas.visitor import as_of, fold
from service.content_find import Question, search_text
from service.experiments import Assigned, assigned, ready_for
from service.ingest import ingest
from service.recommend_answer import answer_of
from service.recommend_choice import Choice, Known, choose
from service.recommend_variants import etag_of
from service.state import State
from service.visitors import Visitor, just_now, load_profile, visitor_id
from training.eventlog import Kind, Record

T = TypeVar("T")
QUERY_WITHIN = 0.25  # seconds for a text search, unless less is left
OF_QUERY = 150  # items that answer it
LEFT_FOR_RANKING = 0.008  # seconds


@dataclass(frozen=True, slots=True)
class Preview:
    """Such a visitor, who does not exist."""

    persona: str | None = None
    phase: str | None = None
    traits: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ask:
    """A request for a list.

    Attributes:
        key: the visitor's id; None for somebody unknown.
        page: id or URL of the content that is being looked at.
        filter, exclude, candidates: content ids and conditions, as in the contract.
        timeout: seconds in all, None for as long as the back ends' own limits let it take.
        at: as of this moment (seconds since 1970); None for now.
        user_hash: what proved the user id, for the events inside.
        asked: what of the request limits the choice, as it is logged.
        assigned: the arm of an experiment.
        known: ETags of answers that the caller holds; showing one again is nothing new to log.
        recorded: False where somebody only looks at what would be shown.
    """

    key: VisitorKey | None
    slot: Slot = field(default_factory=Slot)
    count: int = 5
    locale: str | None = None
    events: Sequence[Mapping[str, Any]] = ()
    page: str | None = None
    query: str | None = None
    filter: ContentFilter = field(default_factory=ContentFilter)
    exclude: frozenset[str] = frozenset()
    candidates: tuple[str, ...] | None = None
    journey: Journey = BUILT_IN[DEFAULT]
    explain: bool = True
    timeout: float | None = None
    preview: Preview | None = None
    at: float | None = None
    user_hash: str | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)
    assigned: Assigned | None = None
    known: frozenset[str] = frozenset()
    recorded: bool = True

    def named(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """An event inside a request is its visitor's, unless it says otherwise."""
        raw, key = dict(event), self.key
        if not raw.get("messageId"):
            raw["messageId"] = f"fp-{uuid4()}"
        if key is not None and not raw.get("anonymousId") and not raw.get("userId"):
            raw["userId" if key.kind == "user_id" else "anonymousId"] = key.id
        if key == VisitorKey("user_id", str(raw.get("userId"))) and self.user_hash is not None:
            raw.setdefault("userHash", self.user_hash)
        return raw


async def recommend(
    state: State, site: str, ask: Ask, now: float, caller_kind: str = "secret"
) -> dict[str, Any]:
    """The answer to one request, in the contract's words.

    Args:
        now: when the request came (seconds since 1970).
        caller_kind: of the key; with a publishable one, events' user ids need their hash.
    """
    begun = time.perf_counter()
    now = just_now(now)
    deadline = None if ask.timeout is None else begun + max(ask.timeout - LEFT_FOR_RANKING, 0.0)
    known, degraded = await _load(state, site, ask, now, caller_kind, deadline)
    ask = assigned(state, site, ask, known.visitor)
    choice = choose(state, site, ask, known, await ready_for(state, site, ask), now)
    answer = answer_of(state, site, ask, choice, "r_" + secrets.token_hex(12))
    shown_again = ask.known and etag_of(answer) in ask.known
    if ask.preview is None and ask.recorded and not shown_again:
        degraded += await _save(state, site, ask, choice, answer, now)
    for part in degraded:
        state.metrics.degraded(part)
    answer["degraded"] = list(dict.fromkeys(degraded))
    answer["tookMs"] = round(1000 * (time.perf_counter() - begun), 3)
    return answer


# --- load -----------------------------------------------------------------------------------------


async def _load(
    state: State, site: str, ask: Ask, now: float, caller_kind: str, deadline: float | None
) -> tuple[Known, list[str]]:
    degraded: list[str] = []
    visitor: Visitor | None = None
    if ask.preview is None and ask.key is not None:
        raw = [ask.named(event) for event in ask.events]
        if raw:
            taken = ingest(state, site, raw, received_at=now, caller_kind=caller_kind)
            await _tried(state, taken, deadline, degraded)
        loading = load_profile(state, site, ask.key, ask.at)
        visitor = await _tried(state, loading, deadline, degraded)
        visitor = _with_events(visitor, ask, ask.key, raw, now)
    query = await _searched(state, site, ask, now, deadline, degraded) if ask.query else None
    return Known(visitor, query), degraded


async def _tried(
    state: State, work: Coroutine[Any, Any, T], deadline: float | None, degraded: list[str]
) -> T | None:
    """What work gives; where a back end is down or late, None, and which it was is noted."""
    try:
        return await _within(state, work, deadline)
    except LogUnavailable:
        degraded.append("log")
    except (StoreUnavailable, TimeoutError):
        degraded.append("store")
    return None


def _with_events(
    visitor: Visitor | None,
    ask: Ask,
    key: VisitorKey,
    raw: Sequence[Mapping[str, Any]],
    now: float,
) -> Visitor | None:
    """The request's own events count for its answer even where the store has not taken them yet."""
    if not raw:
        return visitor
    read = (read_message(event, now) for event in raw)
    accepted = [each for each in read if isinstance(each, Accepted)]
    known = visitor or Visitor(visitor_id([key]), (key,), History())
    history = fold(known.history, key, accepted)
    return replace(known, history=history if ask.at is None else as_of(history, ask.at))


async def _searched(
    state: State, site: str, ask: Ask, now: float, deadline: float | None, degraded: list[str]
) -> Mapping[str, float] | None:
    within = QUERY_WITHIN if deadline is None else min(QUERY_WITHIN, _left(deadline))
    where = replace(ask.filter, visible_at=now if ask.at is None else ask.at)
    spoken = () if ask.locale is None else (ask.locale,)
    question = Question(ask.query or "", spoken)
    hits, down = await search_text(state, site, question, OF_QUERY, where, within)
    degraded += down
    return {hit.id: hit.score for hit in hits} or None


def _left(deadline: float) -> float:
    return max(deadline - time.perf_counter(), 0.0)


async def _within(state: State, work: Coroutine[Any, Any, T], deadline: float | None) -> T:
    """Work that may outlive the request: at the deadline the request goes on without it."""
    if deadline is None:
        return await work
    task = asyncio.create_task(work)
    state.tasks.add(task)
    task.add_done_callback(lambda done: _finished(state, done))
    return await asyncio.wait_for(asyncio.shield(task), _left(deadline))


def _finished(state: State, task: asyncio.Task[Any]) -> None:
    state.tasks.discard(task)
    if not task.cancelled():
        task.exception()  # told to the request if it still waits; the log keeps what matters


# --- save -----------------------------------------------------------------------------------------


async def _save(
    state: State, site: str, ask: Ask, choice: Choice, answer: Mapping[str, Any], now: float
) -> list[str]:
    """The answer is the log of what was shown."""
    at = now if ask.at is None else ask.at
    items = [
        {key: item[key] for key in ("contentId", "rank", "score", "propensity")}
        for item in answer["items"]
    ]
    body = {
        "recommendationId": answer["recommendationId"],
        "slot": ask.slot.id,
        "visitor": None if ask.key is None else str(ask.key),
        "at": at,
        "items": items,
        "phase": answer["phase"]["id"],
        "persona": answer["persona"]["id"],
        "objective": ask.slot.objective,
        "exploration": ask.slot.exploration,
        "fallback": answer["fallback"],
        "version": choice.version,
    }
    if ask.asked:
        body["asked"] = ask.asked
    if ask.assigned is not None:
        body["experiment"] = ask.assigned.to_json()
    if ask.key is not None:
        shown = [item["contentId"] for item in items]
        state.trends.of(site).showed(str(ask.key), shown, at)
    try:
        await state.log.append([Record(Kind.IMPRESSION, site, now, 0, orjson.dumps(body))])
    except LogUnavailable:
        return ["log"]
    return []
