"""Deliveries of content systems: kept first, then done, once and in the order of their changes.

Of each entry the store remembers which content it became and what was done last, so that what
comes twice, or too late, changes nothing.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from weakref import WeakValueDictionary

import orjson
import structlog

from embeddings.documents import FIELDS
from personas.errors import FingerpostError, InvalidInput, Unavailable, UnknownName
from service.content_write import delete_content, load_document, patch_content, put_content
from service.importing_task import patiently
from service.store import MOST_BYTES
from service.webhooks_systems import DELETE, HIDE, NOTHING, PUT, Change

if TYPE_CHECKING:
    from service.state import State

ENTRIES, WAITING = "webhook-entry/", "webhook-waiting/"
ANSWER_WITHIN_S = 1.5  # Ghost hangs up after two seconds
TRY_AGAIN_S = 1.0
MOST_SEEN = 16  # deliveries remembered of one entry
logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Mark:
    """What is remembered of an entry.

    Attributes:
        contents: the content ids that it became, by those that it would have got.
        action, moment: what was done last.
        seen: deliveries that were done.
    """

    contents: Mapping[str, str] = field(default_factory=dict)
    action: str = NOTHING
    moment: float | None = None
    seen: tuple[str, ...] = ()

    def written(self) -> bytes:
        """As the store keeps it."""
        return orjson.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a delivery."""

    action: str
    contents: tuple[str, ...] = ()
    detail: str = ""

    def to_json(self) -> dict[str, Any]:
        """As answered."""
        return {"action": self.action, "contentIds": list(self.contents), "detail": self.detail}


class Turns:
    """One delivery of an entry after the other."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def of(self, site: str, entry: str) -> asyncio.Lock:
        """Held while a delivery of this entry is decided and saved."""
        return self._locks.setdefault((site, entry), asyncio.Lock())


def too_late(mark: Mark, change: Change, delivery: str) -> str | None:
    """Why a change is passed over; None if it is not.

    Args:
        delivery: a name of the delivery, or a digest of it.
    """
    if delivery in mark.seen and change.moment is not None:
        return "this was done already"
    if change.moment is None or mark.moment is None:
        return None
    if change.moment < mark.moment:
        return "something newer was done already"
    # What is deleted stays so: systems do not give an id twice.
    if change.moment == mark.moment and mark.action == DELETE and change.action != DELETE:
        return "it was deleted"
    return None


def delivery_name(body: bytes, headers: Mapping[str, str]) -> str:
    """The system's own name of a delivery, or else a digest of what it says."""
    topic = headers.get("x-contentful-topic", "") + headers.get("x-strapi-event", "")
    return blake2b(topic.encode() + b"\0" + body, digest_size=12).hexdigest()


async def deliver(
    state: State, site: str, change: Change, delivery: str, now: float
) -> Done | None:
    """Do what a delivery says.

    Returns:
        What became of it; None where it takes longer: then it is done all the same, also after a
        restart.

    Raises:
        StoreUnavailable: nothing was taken.
        InvalidInput: the content cannot be used.
    """
    if change.action == NOTHING:
        return Done(NOTHING, detail=change.why)
    kept = {"change": asdict(change), "delivery": delivery, "at": now}
    packed = zlib.compress(orjson.dumps(kept), 1)
    if len(packed) > MOST_BYTES:  # too long to wait where it would be safe
        return await apply(state, site, change, delivery, now)
    name = f"{WAITING}{round(now * 1000):015d}-{uuid4().hex[:8]}"
    await state.store.put_documents(site, {name: packed})
    result: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
    state.beside(_until_done(state, site, name, kept, result), "webhook")
    await asyncio.wait({result}, timeout=ANSWER_WITHIN_S)
    return result.result() if result.done() else None


async def take_up_deliveries(state: State) -> None:
    """Do what was taken and not done when the service ended."""
    for site in state.sites.all():
        waiting = await patiently(partial(state.store.documents, site, WAITING))
        for name in sorted(waiting):
            kept = orjson.loads(zlib.decompress(waiting[name]))
            result: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
            await _until_done(state, site, name, kept, result)


async def _until_done(
    state: State, site: str, name: str, kept: Mapping[str, Any], result: asyncio.Future[Done]
) -> None:
    change = Change(**kept["change"])
    while not result.done():
        try:
            result.set_result(await apply(state, site, change, kept["delivery"], kept["at"]))
        except Unavailable:
            await asyncio.sleep(TRY_AGAIN_S)
        except FingerpostError as error:
            logger.warning("webhook-refused", site=site, entry=change.entry, reason=str(error))
            result.set_exception(error)
            result.exception()  # it is told to whom still waits
    await patiently(partial(state.store.put_documents, site, {name: None}))


async def apply(state: State, site: str, change: Change, delivery: str, now: float) -> Done:
    """Do what a change says, unless something newer was done.

    Raises:
        Unavailable: come again.
        InvalidInput: the content cannot be used.
    """
    async with state.turns.of(site, change.entry):
        written = await state.store.document(site, ENTRIES + change.entry)
        mark = _mark(written)
        why = too_late(mark, change, delivery)
        if why is not None:
            return Done(NOTHING, tuple(mark.contents.values()), why)
        if change.action == PUT:
            contents = await _put(state, site, change, mark, now)
        else:
            contents = await _taken_away(state, site, change, mark, now)
        after = replace(
            mark,
            contents=contents,
            action=change.action,
            moment=change.moment if change.moment is not None else mark.moment,
            seen=(*mark.seen, delivery)[-MOST_SEEN:],
        )
        await state.store.put_documents(site, {ENTRIES + change.entry: after.written()})
    if not contents:
        return Done(NOTHING, detail="there is no content of this entry")
    return Done(change.action, tuple(contents.values()))


def _mark(written: bytes | None) -> Mark:
    if written is None:
        return Mark()
    told = orjson.loads(written)
    return Mark(**{**told, "seen": tuple(told["seen"])})


async def _put(state: State, site: str, change: Change, mark: Mark, now: float) -> dict[str, str]:
    catalogue, contents = state.catalogues.of(site), {}
    for own, fields in change.items.items():
        known = catalogue.find(str(fields.get("url") or ""))
        name = mark.contents.get(own) or (own if known is None else known.id)
        before: dict[str, Any] = {}
        with suppress(UnknownName):
            before = await load_document(state, site, name)
        document = {field: value for field, value in before.items() if field in FIELDS}
        properties = {**(document.get("properties") or {}), **(fields.get("properties") or {})}
        document |= {**fields, "id": name, "hidden": bool(fields.get("hidden"))}
        await put_content(state, site, document | {"properties": properties}, now)
        contents[own] = name
    for own in mark.contents.keys() - contents.keys():  # a locale that is no longer there
        with suppress(UnknownName):
            await delete_content(state, site, mark.contents[own], now)
    return contents


async def _taken_away(
    state: State, site: str, change: Change, mark: Mark, now: float
) -> dict[str, str]:
    """Hide or delete the content of an entry."""
    contents = dict(mark.contents) or _guessed(state, site, change)
    for own, name in list(contents.items()):
        try:
            if change.action == HIDE:
                await patch_content(state, site, name, {"hidden": True}, now)
            else:
                await delete_content(state, site, name, now)
        except UnknownName:
            del contents[own]
    return contents


def _guessed(state: State, site: str, change: Change) -> dict[str, str]:
    """Which content it may be, where nothing is remembered."""
    items = state.catalogues.of(site).items
    own = [*change.items, change.entry]
    found = [name for name in own if name in items]
    begin = change.entry + ":"
    found = found or [name for name in items if name.startswith(begin)]
    return {name: name for name in found}


def filled_in(change: Change, defaults: Mapping[str, Any]) -> Change:
    """With what the site says of all content from this system.

    Raises:
        InvalidInput: there is nothing to fill in.
    """
    if change.action != PUT:
        return change
    if not change.items:
        raise InvalidInput("The delivery holds no content.", "no-content")
    items = {name: {**defaults, **fields} for name, fields in change.items.items()}
    return replace(change, items=items)
