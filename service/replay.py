"""Folding a site's visitors anew from the event log, while the service goes on answering.

Touchpoints are kept as they were sent and read when they are needed: a new model or mapping counts
at once. Only what was summed up of long histories has the old one in it, and a touchpoint that
came later than the summary reaches; these histories are folded again from their first message on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from personas.entities import History, VisitorKey
from personas.messages import Accepted
from personas.visitor import MOST_TOUCHPOINTS
from service.folding import chunks_of
from service.ingest import folded, folds_of
from service.jobs import Report
from training.eventlog import Kind, message_of, read_accepted

if TYPE_CHECKING:
    from service.state import State

VISITORS_AT_ONCE = 2000  # whose messages are held in memory together


async def replay(state: State, site: str, report: Report) -> Mapping[str, Any]:
    """Fold again what was summed up; says how many histories that were."""
    position, log = state.log.position, state.settings.event_log_folder
    counts: Counter[VisitorKey] = Counter()
    report(0.0, "counting messages")
    async for chunk in chunks_of(read_accepted(log, site, 0, position)):
        counts.update(each.owner for each in chunk if each.touchpoint is not None)
    long = [key for key, count in counts.items() if count > MOST_TOUCHPOINTS]
    for begin in range(0, len(long), VISITORS_AT_ONCE):
        report(begin / len(long), f"{begin} of {len(long)} long histories folded")
        await refold(state, site, set(long[begin : begin + VISITORS_AT_ONCE]))
    state.joint_pasts.forget(site)
    return {"messages": counts.total(), "visitors": len(counts), "refolded": len(long)}


async def refold(state: State, site: str, keys: set[VisitorKey]) -> None:
    """Fold these ids' histories again from their first message on."""
    async with state.folding.from_log:
        await _refolded(state, site, keys)


async def told_of(
    state: State, site: str, keys: set[VisitorKey], until: int | None = None
) -> dict[VisitorKey, list[Accepted]]:
    """All messages in the log that concern these ids.

    Args:
        until: a position in the log; its end without it.
    """
    told: defaultdict[VisitorKey, list[Accepted]] = defaultdict(list)
    log = state.settings.event_log_folder
    position = state.log.position if until is None else until
    async for chunk in chunks_of(read_accepted(log, site, 0, position)):
        for each in chunk:
            for key in {each.owner, *(end for link in each.links for end in link)} & keys:
                told[key].append(each)
    return told


async def _refolded(state: State, site: str, keys: set[VisitorKey]) -> None:
    position = state.log.position
    told = await told_of(state, site, keys, position)
    with state.folding.under_way(position):
        folds = {key: partial(_anew, state, site, key, of) for key, of in told.items()}
        await state.store.update(site, folds)
        await _later(state, site, keys, position)


def _anew(
    state: State, site: str, key: VisitorKey, told: Sequence[Accepted], before: History
) -> History:
    """From nothing but the log; what people set is kept."""
    kept = History(links=before.links, consents=before.consents)
    return folded(state, site, key, told, kept)


async def _later(state: State, site: str, keys: set[VisitorKey], position: int) -> None:
    """What came in for these visitors while they were folded."""
    records = state.log.read(position, kinds=(Kind.MESSAGE,), site=site)
    async for chunk in chunks_of(records):
        read = [message_of(record) for record in chunk]
        told = [each for each in read if isinstance(each, Accepted) and each.owner in keys]
        folds = folds_of(state, site, told)
        await state.store.update(site, {key: folds[key] for key in keys & folds.keys()})
