"""How far the store has followed the event log, and catching up where it has not."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from itertools import groupby, islice
from typing import TYPE_CHECKING, TypeVar

import structlog

from personas.entities import VisitorKey
from personas.messages import Accepted
from service.consenting import consent_folds
from service.content import restore_content
from service.ingest import folds_of
from service.linking import link_folds
from training.eventlog import Kind, Record, message_of

if TYPE_CHECKING:
    from service.state import State

CHUNK = 2000  # records folded at a time when catching up
Item = TypeVar("Item")
logger = structlog.get_logger(__name__)


class Folding:
    """Up to where the store has everything; what lies behind is folded again, without harm.

    Attributes:
        behind: position from which the store lacks something, None where it has all.
        from_log: held while the log is read and folded; who erases waits for that.
        late: ids whose summed-up past was reached by a late touchpoint, to be folded from the log.
    """

    def __init__(self) -> None:
        self._under_way: dict[object, int] = {}
        self.behind: int | None = None
        self.from_log = asyncio.Lock()
        self.late: defaultdict[str, set[VisitorKey]] = defaultdict(set)
        self._late_since: int | None = None

    @contextmanager
    def under_way(self, position: int) -> Iterator[None]:
        """Guards an append and its fold; what is broken off there is folded from the log later."""
        token = object()
        self._under_way[token] = position
        try:
            yield
        except BaseException:
            self.missed(position)
            raise
        finally:
            del self._under_way[token]

    def missed(self, since: int | None = None) -> None:
        """The store did not take something that lies at or after `since` (or is under way)."""
        begun = min(self._under_way.values(), default=0) if since is None else since
        self.behind = begun if self.behind is None else min(self.behind, begun)

    def came_late(self, site: str, key: VisitorKey) -> None:
        """This id is to be folded from the log; until then the store lacks what came late."""
        self.late[site].add(key)
        begun = min(self._under_way.values(), default=0)
        self._late_since = begun if self._late_since is None else min(self._late_since, begun)

    def folded_late(self) -> None:
        """What was late when the folding began is in the store now."""
        if not any(self.late.values()):
            self._late_since = None

    def safe(self, position: int) -> int:
        """The store has everything before this; `position` is the log's end."""
        lacking = [since for since in (self.behind, self._late_since) if since is not None]
        return min([position, *self._under_way.values(), *lacking])


async def note_position(state: State) -> None:
    """So that the next start folds only what came after."""
    await state.store.keep_position(state.log.id, state.folding.safe(state.log.position))


async def catch_up(state: State, since: int) -> int:
    """Fold the log from a position on; the number of records folded.

    Raises:
        StoreUnavailable: the store went away again; what was folded stays folded.
    """
    await state.store.ping()
    async with state.folding.from_log:
        return await _caught_up(state, since)


async def _caught_up(state: State, since: int) -> int:
    with state.folding.under_way(since):
        state.folding.behind = None
        folded = 0
        async for chunk in chunks_of(state.log.read(since)):
            await _fold(state, chunk)
            folded += len(chunk)
    if folded:
        logger.info("caught-up", records=folded, since=since)
    return folded


async def _fold(state: State, records: list[Record]) -> None:
    """One chunk, in the order of the log; neighbours of one site and kind together."""
    for (site, kind), group in groupby(records, key=lambda record: (record.site, record.kind)):
        if kind is Kind.LINK:
            for record in group:
                await state.store.update(site, link_folds(record), record.time)
        elif kind is Kind.CONSENT:
            for record in group:
                await state.store.update(site, consent_folds(record), record.time)
        elif kind is Kind.MESSAGE:
            messages = list(group)
            read = [message_of(record) for record in messages]
            accepted = [each for each in read if isinstance(each, Accepted)]
            await state.store.update(site, folds_of(state, site, accepted), messages[-1].time)
        elif kind is Kind.SETTING:
            await state.sites.restore(site, list(group))
        elif kind in (Kind.CONTENT, Kind.CONTENT_DELETED, Kind.TAGS):
            await restore_content(state, site, list(group))


async def restore_settings(state: State) -> None:
    """Sites, keys and content out of the log, before visitors are rebuilt beside the requests."""
    kinds = (Kind.SETTING, Kind.CONTENT, Kind.CONTENT_DELETED, Kind.TAGS)
    async for chunk in chunks_of(state.log.read(0, kinds=kinds)):
        await _fold(state, chunk)


async def chunks_of(records: Iterator[tuple[int, Item]]) -> AsyncIterator[list[Item]]:
    """What stands in the log, many at a time, read in a thread."""
    while chunk := await asyncio.to_thread(lambda: list(islice(records, CHUNK))):
        yield [item for _, item in chunk]
