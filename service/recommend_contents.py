"""One site's content as the ranking reads it.

Made anew when content or models change, not for each request.

What speaks for items whoever looks (popularity, news) is computed once for a moment and kept for a
second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from embeddings.catalogue import Catalogue, CatalogueArrays
from embeddings.columns import Columns
from personas.entities import Array
from personas.order import order_shares, order_trust
from personas.popularity import ROWS
from personas.ranker import Ranker
from personas.ranking_features import Contents, Rows, Situation, standing
from service.recommend_candidates import SMALL, STANDING_BEST, Candidates, Nearest, best_of
from service.trends import Trends

if TYPE_CHECKING:
    from service.state import State

FRESH_FOR = 1.0  # seconds that a live view of what rises is kept
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
        kept = trends.prepared = Prepared(catalogue, arrays, ranker, kept)
    return kept


def learned_scores(
    ranker: Ranker, row_of: Mapping[str, int], size: int
) -> dict[str, Callable[[Situation], Array]]:
    """The ranker's learned scores, each for all rows of the catalogue [size].

    An item that the ranker does not know scores 0, and tells nothing of others.
    """
    rows = np.asarray([row_of.get(item, -1) for item in ranker.items], np.intp)
    known = np.flatnonzero(rows >= 0)
    number_of = np.full(size, -1, np.intp)
    number_of[rows[known]] = known

    def placed(score: Callable[[NDArray[np.intp]], Array], situation: Situation) -> Array:
        found = np.zeros(size)
        seen = number_of[situation.seen]
        seen = seen[seen >= 0]
        if len(seen):
            found[rows[known]] = score(seen)[known]
        return found

    def scorer(score: Callable[[NDArray[np.intp]], Array]) -> Callable[[Situation], Array]:
        return lambda situation: placed(score, situation)

    return {name: scorer(score) for name, score in ranker.scores.items()}
