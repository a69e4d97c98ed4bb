"""What people decide of a visitor: these ids are one, these are not, forget this one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from personas.entities import History, VisitorKey
from personas.errors import InvalidInput, StoreUnavailable
from personas.visitor import linked
from service.store import Fold
from training.eventlog import Record, link_of, link_record

if TYPE_CHECKING:
    from service.state import State


async def link(
    state: State, site: str, key: VisitorKey, other: VisitorKey, *, cut: bool, now: float
) -> None:
    """Join two ids, or take them apart; durable when this returns."""
    if key == other:
        raise InvalidInput("two different ids are needed", "same-id", "/with")
    record = link_record(site, key, other, now, cut)
    with state.folding.under_way(state.log.position):
        await state.log.append([record])
        try:
            await state.store.update(site, link_folds(record))
        except StoreUnavailable:
            state.folding.missed()


def link_folds(record: Record) -> Mapping[VisitorKey, Fold]:
    """What a person's word does to the histories of both ids."""
    one, other, cut = link_of(record)
    return {
        key: partial(_with_link, end, record.time, cut) for key, end in ((one, other), (other, one))
    }


def _with_link(other: VisitorKey, time: float, cut: bool, history: History) -> History:
    return linked(history, other, time, cut)


async def erase(state: State, site: str, keys: Sequence[VisitorKey]) -> None:
    """Forget a visitor: out of the log, and out of the store, when this returns.

    Nothing that was read from the log before may be folded into the store after.
    """
    async with state.folding.from_log:
        await asyncio.to_thread(state.log.erase, site, keys)
        await state.store.forget(site, keys)
    await state.censuses.forget(state, site, keys)
    state.samples.forget(site)
    state.trends.of(site).forget(keys)
    state.consents.forget(site, keys)
    state.joint_pasts.forget(site, keys)
