"""Several ids as one visitor, exactly, also beyond the lists of their touchpoints.

Ids are folded together when they are read, which is exact as far back as their lists reach. Of
what was summed up before, each id knows only its own part; of such visitors the joint past is
folded once from the log, and held here.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from personas.entities import History, Older, Touchpoint, VisitorKey
from personas.visitor import MOST_TOUCHPOINTS, fold, merged
from service.ingest import summary
from service.replay import told_of

if TYPE_CHECKING:
    from service.state import State

MOST_HELD = 10_000  # visitors whose joint past is remembered
LISTED = MOST_TOUCHPOINTS // 2  # touchpoints after it; the lists of the ids reach as far at least
Ids = tuple[VisitorKey, ...]


class JointPasts:
    """What visitors of several ids did before the touchpoints that their ids list.

    Attributes:
        wanted: visitors whose joint past is to be folded from the log, by site.
    """

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, Ids], Older] = OrderedDict()
        self._asked: dict[tuple[str, Ids], int] = {}  # with how many touchpoints
        self.wanted: defaultdict[str, set[Ids]] = defaultdict(set)

    def merged(
        self, site: str, keys: Ids, histories: Sequence[History], at: float | None
    ) -> History:
        """The histories of these ids as one. Where their joint past is not known yet, that of the
        id that is ahead stands for it, and it is folded soon."""
        whole = merged(histories)
        if whole.older is None or len(keys) == 1:
            return whole
        past = self._held.get((site, keys))
        count = whole.older.count + len(whole.touchpoints)
        if past is None or not _fits(past, whole, whole.older.last, count):
            if self._asked.get((site, keys)) != count:  # the log may know less than the store
                self._asked[site, keys] = count
                self.wanted[site].add(keys)
            return whole
        if at is not None and at < past.last:
            return whole
        return replace(whole, touchpoints=_after(whole, past.last), older=past)

    def hold(self, site: str, keys: Ids, past: Older) -> None:
        """This is the joint past of these ids."""
        self._held[site, keys] = past
        if len(self._held) > MOST_HELD:
            self._asked.pop(self._held.popitem(last=False)[0], None)

    def forget(self, site: str, keys: Sequence[VisitorKey] | None = None) -> None:
        """These ids are erased; or all that is held of a site is to be folded anew."""
        gone = None if keys is None else set(keys)
        for held in [each for each in self._held if each[0] == site]:
            if gone is None or gone.intersection(held[1]):
                del self._held[held]
        self._asked = {each: count for each, count in self._asked.items() if each[0] != site}
        if gone is not None:
            self.wanted[site] = {ids for ids in self.wanted[site] if not gone.intersection(ids)}


def _after(history: History, moment: float) -> tuple[Touchpoint, ...]:
    return tuple(each for each in history.touchpoints if each.time > moment)


def _fits(past: Older, whole: History, summed_up: float, count: int) -> bool:
    """Is nothing missing between the joint past and the lists, and nothing new in it?"""
    return past.last >= summed_up and past.count + len(_after(whole, past.last)) == count


async def fold_joint_pasts(state: State, site: str) -> None:
    """Fold from the log what is wanted."""
    wanted = state.joint_pasts.wanted.pop(site, set())
    try:
        async with state.folding.from_log:
            told = await told_of(state, site, {key for ids in wanted for key in ids})
        for ids in wanted:
            histories = [fold(History(), key, told.get(key, ())) for key in ids]
            past = past_of(state, site, histories)
            if past is not None:
                state.joint_pasts.hold(site, ids, past)
    except BaseException:
        state.joint_pasts.wanted[site] |= wanted
        raise


def past_of(state: State, site: str, histories: Sequence[History]) -> Older | None:
    """The joint past of several ids' whole histories; None where their lists hold everything."""
    touchpoints = merged(histories).touchpoints
    if len(touchpoints) <= LISTED:
        return None
    last = touchpoints[-LISTED - 1].time
    past = tuple(each for each in touchpoints if each.time <= last)
    return summary(state, site, History(past))
