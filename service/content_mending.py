"""Beside the requests: what could not be embedded or indexed when it came is done later."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog

from personas.errors import IndexUnavailable, Unavailable
from service.content import read_kept
from service.content_embedding import begin
from service.content_spaces import is_moving
from service.content_write import SLICE, index_entries, put_many

if TYPE_CHECKING:
    from service.state import State

EVERY = 2.0  # seconds between looks
logger = structlog.get_logger(__name__)


async def mend(state: State) -> None:
    """Runs beside the service."""
    while True:
        await asyncio.sleep(EVERY)
        for site in state.catalogues.all():
            try:
                await mend_site(state, site)
            except Unavailable as error:
                logger.warning("content-waits", site=site, reason=str(error))


async def mend_site(state: State, site: str) -> int:
    """Embed and index what waits for it; the number of items embedded."""
    await _index(state, site)
    await _unindex(state, site)
    if not state.encoder.ready:
        return 0
    if is_moving(state, site):
        begin(state, site, time.time())
        return 0
    waiting = state.catalogues.of(site).missing()
    for start in range(0, len(waiting), SLICE):
        await _embed(state, site, waiting[start : start + SLICE])
    if waiting:
        logger.info("content-embedded", site=site, items=len(waiting))
    return len(waiting)


async def _embed(state: State, site: str, names: Sequence[str]) -> None:
    """Put the documents again as they are; this time they get their vectors."""
    read = await asyncio.gather(*(read_kept(state.store, site, name) for name in names))
    there = [document for document in read if document]
    versions = [document["version"] for document in there]
    await put_many(state, site, there, time.time(), versions)


async def _index(state: State, site: str) -> None:
    waiting = sorted(state.catalogues.unindexed.get(site, ()))
    if not waiting:
        return
    catalogue = state.catalogues.of(site)
    state.catalogues.unindexed[site] -= set(waiting) - catalogue.entries.keys()
    for start in range(0, len(waiting), SLICE):
        names = waiting[start : start + SLICE]
        read = await asyncio.gather(*(read_kept(state.store, site, name) for name in names))
        there = [kept for kept in read if kept is not None and kept["id"] in catalogue.entries]
        await index_entries(state, site, [catalogue.entries[k["id"]] for k in there], there)


async def _unindex(state: State, site: str) -> None:
    unremoved = state.catalogues.unremoved.get(site, set())
    gone = sorted(unremoved - state.catalogues.of(site).items.keys())
    if gone:
        try:
            await asyncio.to_thread(state.index.delete, site, gone)
        except IndexUnavailable:
            return
    unremoved.clear()
