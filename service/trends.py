"""What a site's visitors do now: which content rises, and what was shown to whom lately.

In memory, in event time; rebuilt from the event log beside the requests when the service starts.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import structlog

from personas.covisits import REACH, WORTH, CoVisits
from personas.entities import Array, VisitorKey
from personas.messages import Accepted
from personas.popularity import ROWS, Popularity
from personas.ranking_features import Rows
from personas.seen import NOT_A_VIEW
from personas.vocabulary import plain
from service.recommend_beliefs import Beliefs
from training.eventlog import Kind, Record, message_of

if TYPE_CHECKING:
    from embeddings.catalogue import CatalogueArrays
    from service.recommend_contents import Prepared
    from service.state import State
    from training.registry import Artefact

MOST_NAMES = 300_000  # contents counted of one site
MOST_PAIRS = 500_000  # of visitor and content, so that who comes again counts once
MOST_SHOWN = 50_000  # visitors of whom is known what was shown
MOST_WALKING = 20_000  # visitors of whom is known what they saw just before
MOST_STEPS = 2_000  # latest steps from item to item
SHOWN_EACH = 200  # items shown to one visitor that are remembered
CHUNK = 300  # records taken in at a time, so that nobody waits for it
logger = structlog.get_logger(__name__)


class Trends:
    """One site's views of content, as they fade, and what was shown to visitors."""

    def __init__(self) -> None:
        self._popularity = Popularity()
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []
        self._pairs: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._shown: OrderedDict[str, deque[tuple[float, str]]] = OrderedDict()
        self._last: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._steps: deque[tuple[int, int]] = deque(maxlen=MOST_STEPS)
        self._covisits = CoVisits()
        self._before: OrderedDict[str, tuple[int, ...]] = OrderedDict()
        self._numbers_of: dict[int, list[int]] = {}  # row → its numbers
        self.steps = 0
        self.trust: tuple[int, float] | None = None  # in orders, and at which step it was found
        self._rows: np.ndarray = np.zeros(0, np.intp)
        self._rows_of: CatalogueArrays | None = None
        self._by_url: list[int] = []  # numbers of names that are no item's id
        self.beliefs = Beliefs()
        self.views = 0
        self.prepared: Prepared | None = None
        self.others: dict[str, Prepared] = {}  # version → with its ranker, for experiments
        self.artefact: Artefact | None = None  # of the ranker that it was prepared for

    @property
    def latest(self) -> float:
        """When the last view was; -inf before any."""
        return self._popularity.latest

    def saw(self, content: str, time: float, visitor: VisitorKey, name: str = "page") -> None:
        """A touchpoint with content; only a visitor's first with it counts.

        Args:
            content: an id, or a URL.
            name: of the event; to be shown something is not to view it.
        """
        if plain(name) in NOT_A_VIEW:
            return
        number = self._numbers.get(content)
        if number is None:
            if len(self._numbers) >= MOST_NAMES:
                return
            number = self._numbers[content] = len(self._numbers)
            self._names.append(content)
        pair = (str(visitor), number)
        if pair in self._pairs:
            self._pairs.move_to_end(pair)
            return
        self._pairs[pair] = None
        if len(self._pairs) > MOST_PAIRS:
            self._pairs.popitem(last=False)
        self._popularity.add(number, time)
        self.views += 1
        self._step(pair[0], number, time)
        self._accompany(pair[0], number)

    def _step(self, visitor: str, number: int, time: float) -> None:
        """From what this visitor saw before to what is seen now."""
        last = self._last.get(visitor)
        if last is not None and time >= last[0]:
            self._steps.append((last[1], number))
            self.steps += 1
        if last is None or time >= last[0]:
            self._last[visitor] = (time, number)
            self._last.move_to_end(visitor)
            if len(self._last) > MOST_SHOWN:
                self._last.popitem(last=False)

    def _accompany(self, visitor: str, number: int) -> None:
        """What this visitor saw before, and what is seen now, go together."""
        before = self._before.get(visitor, ())
        self._covisits.add(before, number)
        self._before[visitor] = (*before[1 - REACH :], number)
        self._before.move_to_end(visitor)
        if len(self._before) > MOST_WALKING:
            self._before.popitem(last=False)

    def lately(
        self, arrays: CatalogueArrays, row_of: Callable[[str], int | None], seen: Rows, rows: int
    ) -> Array:
        """How much companions of what was seen stand out [rows], by what is counted so far.

        Args:
            arrays, row_of: as of `counts`.
            seen: rows, the latest last.
        """
        self._place(arrays, row_of)
        found = np.zeros(rows)
        for row, worth in zip(reversed(seen.tolist()), WORTH, strict=False):
            for number in self._numbers_of.get(row, ()):
                numbers, shares = self._covisits.of(number)
                places = self._rows[numbers]
                known = places >= 0
                np.add.at(found, places[known], worth * shares[known])
        return found

    def latest_steps(self, number_of: Mapping[str, int]) -> tuple[Rows, Rows]:
        """What visitors lately saw, and what next, numbered as `number_of` says."""
        names = self._names
        pairs = [
            (before, after)
            for one, other in self._steps
            if (before := number_of.get(names[one])) is not None
            and (after := number_of.get(names[other])) is not None
        ]
        both = np.asarray(pairs, np.intp).reshape(-1, 2)
        return both[:, 0], both[:, 1]

    def counts(
        self, arrays: CatalogueArrays, row_of: Callable[[str], int | None], rows: int, at: float
    ) -> Array:
        """Faded counts of views [ROWS, rows], at a moment.

        Args:
            arrays: the same object as long as `row_of` stays the same.
            row_of: content id or URL → row, None where unknown.
        """
        self._place(arrays, row_of)
        counts = self._popularity.at(at)
        places = self._rows[: counts.shape[1]]
        known = places >= 0
        placed = np.zeros((ROWS, rows))
        for row, counted in zip(placed, counts[:, known], strict=True):
            row[:] = np.bincount(places[known], counted, rows)
        return placed

    def _place(self, arrays: CatalogueArrays, row_of: Callable[[str], int | None]) -> None:
        before, self._rows_of = self._rows_of, arrays
        if before is not None and before is not arrays:
            if arrays.ids[: len(before.ids)] == before.ids:
                self._place_again(arrays, row_of)
            else:
                self._rows, self._numbers_of, self._by_url = np.zeros(0, np.intp), {}, []
        if len(self._rows) < len(self._numbers):
            begin = len(self._rows)
            names = list(islice(self._names, begin, None))
            found = [-1 if (row := row_of(name)) is None else row for name in names]
            for number, (name, row) in enumerate(zip(names, found, strict=True), begin):
                self._numbers_of.setdefault(row, []).append(number)
                if name not in arrays.row:
                    self._by_url.append(number)
            self._rows = np.concatenate([self._rows, np.asarray(found, np.intp)])

    def _place_again(self, arrays: CatalogueArrays, row_of: Callable[[str], int | None]) -> None:
        """Where all items stay in their rows: only what is no item's id may stand elsewhere now."""
        kept = []
        for number in self._by_url:
            name, old = self._names[number], int(self._rows[number])
            row = -1 if (found := row_of(name)) is None else found
            if row != old:
                self._numbers_of[old].remove(number)
                self._numbers_of.setdefault(row, []).append(number)
                self._rows[number] = row
            if name not in arrays.row:
                kept.append(number)
        self._by_url = kept

    # --- what was shown -----------------------------------------------------------------------

    def showed(self, visitor: str, contents: Iterable[str], time: float) -> None:
        """These items were shown to a visitor."""
        shown = self._shown.get(visitor)
        if shown is None:
            shown = self._shown[visitor] = deque(maxlen=SHOWN_EACH)
        shown.extend((time, content) for content in contents)
        self._shown.move_to_end(visitor)
        if len(self._shown) > MOST_SHOWN:
            self._shown.popitem(last=False)

    def shown(self, visitor: str, since: float, at: float) -> dict[str, int]:
        """How often each item was shown to a visitor from `since` up to `at`."""
        counts: defaultdict[str, int] = defaultdict(int)
        for time, content in self._shown.get(visitor, ()):
            if since <= time <= at:
                counts[content] += 1
        return counts

    def forget(self, visitors: Iterable[VisitorKey]) -> None:
        """Nothing that is kept tells of these visitors any more; counts of all stay."""
        names = {str(visitor) for visitor in visitors}
        for name in names:
            self._shown.pop(name, None)
            self._last.pop(name, None)
            self._before.pop(name, None)
        self.beliefs = Beliefs()
        for pair in [pair for pair in self._pairs if pair[0] in names]:
            del self._pairs[pair]


class AllTrends:
    """The trends of each site."""

    def __init__(self) -> None:
        self._sites: defaultdict[str, Trends] = defaultdict(Trends)
        self.ready = False

    def of(self, site: str) -> Trends:
        """Of one site; empty where nothing happened."""
        return self._sites[site]

    async def rebuilt(self, state: State) -> None:
        """Reads the event log up to where it ended at the start, beside the requests.

        A view that comes in meanwhile counts once: pairs of visitor and content are remembered.
        """
        end = state.log.position
        records = state.log.read(0, kinds=(Kind.MESSAGE, Kind.IMPRESSION))
        while told := await asyncio.to_thread(_read, records, end):
            for each in told:
                self._take(each)
            await asyncio.sleep(0)
        self.ready = True

    def _take(self, told: _Told) -> None:
        trends = self.of(told.site)
        if told.name is None:
            trends.showed(str(told.visitor), told.contents, told.time)
        else:
            trends.saw(told.contents[0], told.time, told.visitor, told.name)


@dataclass(frozen=True, slots=True)
class _Told:
    """What a record of the log tells of trends; `name` None for what was shown."""

    site: str
    visitor: VisitorKey
    time: float
    name: str | None
    contents: tuple[str, ...]


def _read(records: Iterator[tuple[int, Record]], end: int) -> list[_Told]:
    """The next records that tell something; none at the end."""
    found: list[_Told] = []
    for position, record in records:
        if position > end:
            break
        told = _shown(record) if record.kind is Kind.IMPRESSION else _viewed(record)
        if told is not None:
            found.append(told)
        if len(found) >= CHUNK:
            break
    return found


def _shown(record: Record) -> _Told | None:
    body: dict[str, Any] = orjson.loads(record.body)
    kind, colon, name = (body.get("visitor") or "").partition(":")
    if not colon:
        return None
    items = tuple(item["contentId"] for item in body["items"])
    return _Told(record.site, VisitorKey(kind, name), body["at"], None, items)


def _viewed(record: Record) -> _Told | None:
    accepted = message_of(record)
    touchpoint = accepted.touchpoint if isinstance(accepted, Accepted) else None
    if not isinstance(accepted, Accepted) or touchpoint is None or touchpoint.content is None:
        return None
    contents = (touchpoint.content,)
    return _Told(record.site, accepted.owner, touchpoint.time, touchpoint.name, contents)
