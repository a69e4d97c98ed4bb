"""One site's content as the ranking reads it.

Made anew when content or models change, not for each request.

What speaks for items whoever looks (popularity, news) is computed once for a moment and kept for a
second.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from embeddings.catalogue import Catalogue, CatalogueArrays
from embeddings.columns import Columns
from personas.entities import Array
from personas.order import order_shares, order_trust
from personas.popularity import ROWS
from personas.ranker import Ranker, learned_scores
from personas.ranking_features import Contents, Rows, Situation, standing
from service.recommend_candidates import SMALL, STANDING_BEST, Candidates, Nearest, best_of
from service.trends import Trends

if TYPE_CHECKING:
    from service.state import State

A_WHILE = 60.0  # seconds that clocks may differ
FRESH_FOR = 1.0  # seconds that a live view of what rises is kept
LOOK_EVERY = 1.0  # seconds between looks at what changed
FOUND_AT_ONCE = 64  # items of which the nearest are found in one go
STEPS_BETWEEN = 100  # steps of visitors after which their order is looked at again


@dataclass(frozen=True, slots=True)
class Moment:
    """What speaks for each item at a moment, whoever looks.

    Attributes:
        weights: of the features now [FEATURES].
        features: [STANDING, n]; utility: their weighted sum [n].
        best: rows with the highest of it.
    """

    at: float
    views: int
    weights: Array
    features: Array
    utility: Array
    best: Rows


class Prepared:
    """One site's content, ready to be ranked."""

    def __init__(
        self,
        catalogue: Catalogue,
        arrays: CatalogueArrays,
        ranker: Ranker,
        before: Prepared | None = None,
    ) -> None:
        self.catalogue, self.arrays, self.ranker = catalogue, arrays, ranker
        self.items = [catalogue.items[name] for name in arrays.ids]
        self.columns = Columns(self.items)
        size = len(arrays.ids)
        self.contents = Contents(
            vectors=np.asarray(arrays.vectors, np.float32),
            phases=np.asarray(arrays.phases, np.float64),
            types=np.asarray(arrays.types, np.intp),
            published=np.asarray(arrays.published, np.float64),
            popularity=np.zeros((ROWS, size)),
            learned=learned_scores(ranker, arrays.row, size),
            progress=ranker.progress,
        )
        vectors = self.contents.vectors
        self.nearest = Nearest(vectors)
        if before is not None:
            ids = before.arrays.ids
            self.nearest = before.nearest.grown(vectors, lambda: arrays.ids[: len(ids)] == ids)
        self.candidates = Candidates(self.contents, self.nearest)
        self._number_of = {item: number for number, item in enumerate(ranker.items)}
        self._moment: Moment | None = None

    def watching(self, trends: Trends) -> Prepared:
        """The same, with what visitors see together now; an event counts at once."""

        def lately(situation: Situation) -> Array:
            if situation.at < trends.latest - A_WHILE:
                return np.zeros(len(self.items))  # as of then, which was not kept
            return trends.lately(self.arrays, self.row_of, situation.seen, len(self.items))

        learned = {**self.contents.learned, "lately": lately}
        once = {name: _once(score) for name, score in learned.items()}
        self.contents = replace(self.contents, learned=once)
        self.candidates = Candidates(self.contents, self.nearest)
        return self

    def row_of(self, name: str) -> int | None:
        """Of a content id or a known URL."""
        row = self.arrays.row.get(name)
        if row is None and (item := self.catalogue.find(name)) is not None:
            row = self.arrays.row.get(item.id)
        return row

    def moment(self, state: State, site: str, at: float, *, live: bool) -> Moment:
        """What speaks for items at a moment; a live one may be a second old."""
        trends = state.trends.of(site)
        kept = self._moment
        if kept is not None and (kept.views == trends.views or len(self.contents) > SMALL):
            age = at - kept.at
            if age == 0 or (live and 0 <= age < FRESH_FOR):
                return kept
        counts = trends.counts(self.arrays, self.row_of, len(self.contents), at)
        features = standing(replace(self.contents, popularity=counts), at)
        weights = self.ranker.blended(self._order_trust(trends))
        utility = weights[: len(features)] @ features
        best = best_of(utility, STANDING_BEST)
        self._moment = Moment(at, trends.views, weights, features, utility, best)
        return self._moment

    def best_first(self) -> list[int]:
        """All rows, as they stood at the last moment that was looked at."""
        if self._moment is None:
            return list(range(len(self.items)))
        order: list[int] = np.argsort(-self._moment.utility, kind="stable").tolist()
        return order

    def _order_trust(self, trends: Trends) -> float:
        """How far visitors walk in the order that was learned; looked at now and then."""
        sequence = self.ranker.sequence
        if sequence is None:
            return 1.0
        if trends.trust is None or trends.steps - trends.trust[0] >= STEPS_BETWEEN:
            before, after = trends.latest_steps(self._number_of)
            trust = order_trust(order_shares(sequence, before, after))
            trends.trust = (trends.steps, trust)
        return trends.trust[1]


def _once(score: Callable[[Situation], Array]) -> Callable[[Situation], Array]:
    """The same, worked out once for a list, which asks for candidates and then ranks them."""
    last: tuple[Situation, Array] | None = None

    def told(situation: Situation) -> Array:
        nonlocal last
        if last is None or last[0] is not situation:
            last = situation, score(situation)
        return last[1]

    return told


def prepared(state: State, site: str) -> Prepared:
    """The site's content as it is now, with the ranker in use."""
    trends = state.trends.of(site)
    catalogue = state.catalogues.of(site)
    arrays, artefact = catalogue.arrays(), state.active.models(site).ranker
    kept: Prepared | None = trends.prepared
    if kept is None or kept.arrays is not arrays or trends.artefact is not artefact:
        same = kept is not None and trends.artefact is artefact
        ranker = kept.ranker if same and kept is not None else Ranker.of(artefact)
        if trends.artefact is not artefact:
            trends.artefact, trends.trust = artefact, None
        kept = trends.prepared = Prepared(catalogue, arrays, ranker, kept).watching(trends)
        if len(kept.contents) > SMALL:
            state.beside(_made_ready(trends, kept), "nearest-content")
    return kept


async def keep_ready(state: State) -> None:
    """Runs beside the service: what large catalogues need is prepared once they rest for a while,
    so that the first request after a change finds it."""
    before: dict[str, CatalogueArrays] = {}
    while True:
        await asyncio.sleep(LOOK_EVERY)
        for site, catalogue in state.catalogues.all().items():
            if len(catalogue) <= SMALL:
                continue
            arrays = catalogue.arrays()
            if arrays is before.get(site):
                prepared(state, site)
            before[site] = arrays


async def _made_ready(trends: Trends, kept: Prepared) -> None:
    """The nearest of each item, what is viewed most first, before somebody waits for them.

    At most half the time of one processor, and no longer than the content stays as it is.
    """
    due = kept.nearest.missing(kept.best_first())
    for begin in range(0, len(due), FOUND_AT_ONCE):
        if trends.prepared is not kept:
            return
        begun = time.perf_counter()
        await asyncio.to_thread(kept.nearest.find, due[begin : begin + FOUND_AT_ONCE])
        await asyncio.sleep(time.perf_counter() - begun)
