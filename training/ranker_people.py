"""Who visitors were, as ranking is told: memberships of the personas in use, as of any moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from personas.entities import Array
from personas.features import features_of

if TYPE_CHECKING:
    from training.dataset import SiteData


class People:
    """Memberships of a site's visitors.

    Attributes:
        ids: of the personas; none where there is but one for everybody.
    """

    def __init__(self, data: SiteData) -> None:
        self._data, model = data, data.personas
        known = model is not None and len(model.names) > 1
        self._model = model if known else None
        self.ids = tuple(name for name, _ in model.names) if known and model is not None else ()
        self._last: tuple[int, float, Array] | None = None

    def at(self, visitor: int, time: float) -> Array | None:
        """By what was known up to a moment [personas]; None where there is one persona only."""
        if self._model is None:
            return None
        if self._last is not None and self._last[:2] == (visitor, time):
            return self._last[2]
        history = self._data.visitors[visitor].history
        features = features_of(history, self._data.facts, time)
        found = np.asarray(self._model.memberships(features), np.float64)
        self._last = (visitor, time, found)
        return found
