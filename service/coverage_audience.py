"""Who reads what, and who would: the site's latest census, as content and its coverage need it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from personas.entities import LADDER, Array
from personas.persona_model import PersonaModel

if TYPE_CHECKING:
    from service.state import State

PRIOR_VIEWS = 5.0  # views that what is expected of an item's readers counts as
PRIOR_STEPS = 20.0  # steps that the site's mean counts as in each cell
LOOK_AGAIN = 60.0  # seconds until a newer census is asked for
UP = np.triu(np.ones((len(LADDER), len(LADDER))), 1)  # [before, after]: moves up the ladder


@dataclass(frozen=True)
class Audience:
    """A site's visitors, in expected numbers.

    Attributes:
        personas: ids.
        visitors: how many there are; counted: of how many of them the journeys were followed.
        cells: where they stand [personas, 7]; sums to `visitors`.
        views: touchpoints with each content, by persona [personas]; of the most viewed.
        seen: touchpoints with any content [personas, 7]; dwell: mean seconds, nan where unknown.
        shown, clicked: recommendations [personas, 7].
        onward: chance that a step from there leads up the ladder [personas, 7].
        taken: when (seconds since 1970).
    """

    personas: tuple[str, ...]
    visitors: float
    counted: int
    cells: Array
    views: Mapping[str, Array]
    seen: Array
    dwell: Array
    shown: Array
    clicked: Array
    onward: Array
    taken: float


def audience_of(journeys: Mapping[str, Any], taken: float) -> Audience:
    """The audience of a census's journeys, scaled up to all visitors."""
    tables = {name: _table(rows) for name, rows in journeys["tables"].items()}
    scale = journeys["of"] / max(journeys["counted"], 1)
    cells = scale * np.asarray(journeys["now"], np.float64)
    nothing = np.zeros_like(cells)
    measures = {name: np.asarray(told, np.float64) for name, told in journeys["measures"].items()}
    dwelt = measures["dwelt"]
    dwell = np.divide(measures["dwell"], dwelt, out=np.full_like(dwelt, np.nan), where=dwelt > 0)
    events = tables.get("event", {})
    return Audience(
        personas=tuple(journeys["personas"]),
        visitors=float(cells.sum()),
        counted=int(journeys["counted"]),
        cells=cells,
        views={name: scale * told.sum(1) for name, told in tables.get("content", {}).items()},
        seen=scale * sum(tables.get("type", {}).values(), nothing),
        dwell=dwell,
        shown=scale * events.get("Recommendation Shown", nothing),
        clicked=scale * events.get("Recommendation Clicked", nothing),
        onward=_onward(np.asarray(journeys["moves"], np.float64)),
        taken=taken,
    )


def _table(rows: Sequence[tuple[str, Any]]) -> dict[str, Array]:
    return {name: np.asarray(told, np.float64) for name, told in rows}


def _onward(moves: Array) -> Array:
    """Of moves [personas, 7, 7]; cells of which little is known are near the rung's mean, and
    rungs near the site's."""
    up, whole = (moves * UP).sum(2), moves.sum(2)
    mean = (up.sum() + 1.0) / (whole.sum() + 10.0)
    rung = (up.sum(0) + PRIOR_STEPS * mean) / (whole.sum(0) + PRIOR_STEPS)
    chance: Array = (up + PRIOR_STEPS * rung) / (whole + PRIOR_STEPS)
    chance[:, -1] = mean  # from the top there is no way up: to stay is what counts
    return chance


def nobody_yet(model: PersonaModel) -> Audience:
    """Before any census: nobody was counted, and personas are as common as they were learned."""
    count = len(model.names)
    nothing = np.zeros((count, len(LADDER)))
    unknown = np.full_like(nothing, np.nan)
    onward = _onward(np.zeros((count, len(LADDER), len(LADDER))))
    names = tuple(identity for identity, _ in model.names)
    return Audience(
        names, 0.0, 0, nothing, {}, nothing, unknown, nothing, nothing, onward, taken=0.0
    )


def readers(audience: Audience, phases: Array, names: Sequence[str]) -> Array:
    """Whom each item is for: a distribution over personas [items, personas].

    What was counted of an item's views, on top of what is expected of somebody of whom nothing is
    known: that those read it who stand in the phases that it is for (a Dirichlet's mean).

    Args:
        phases: of each item [items, 7].
        names: ids of the items.
    """
    standing = audience.cells + 1e-9  # without anybody, all personas alike
    expected = phases @ standing.T
    prior = expected / expected.sum(1, keepdims=True)
    nothing = np.zeros(len(audience.personas))
    views = np.array([audience.views.get(name, nothing) for name in names])
    counted = PRIOR_VIEWS * prior + views.reshape(prior.shape)
    found: Array = counted / counted.sum(1, keepdims=True)
    return found


class Audiences:
    """The audience of each site, looked up beside the requests."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Audience, tuple[str, ...]]] = {}
        self._asked: dict[str, float] = {}

    def of(self, state: State, site: str) -> Audience:
        """What is known now; what is newer is looked for beside."""
        model = state.personas.of(state, site)
        names = tuple(identity for identity, _ in model.names)
        if len(names) > 1 and time.monotonic() > self._asked.get(site, -np.inf) + LOOK_AGAIN:
            self._asked[site] = time.monotonic()
            state.beside(self.latest(state, site), "audience")
        audience, of = self._known.get(site, (None, ()))
        return audience if audience is not None and of == names else nobody_yet(model)

    async def latest(self, state: State, site: str) -> Audience | None:
        """Of the latest census; None while the first one is being taken."""
        taken = await state.censuses.latest(state, site)
        if taken is None or not taken.about.get("journeys"):
            return None
        found = audience_of(taken.about["journeys"], float(taken.about["takenAt"]))
        self._known[site] = (found, found.personas)
        return found


def persona_tag(state: State, site: str, tagging: Mapping[str, Any], name: str) -> dict[str, float]:
    """Whom a tagged item is for, by persona id.

    Args:
        name: of the item; "" for a text that is not kept.
    """
    audience = state.audiences.of(state, site)
    told = (tagging.get("phase") or {}).get("distribution") or {}
    phases = np.array([[float(told.get(rung, 0.0)) for rung in LADDER]])
    if not phases.any():
        phases[:] = 1 / len(LADDER)
    (shares,) = readers(audience, phases, [name])
    return dict(zip(audience.personas, shares.tolist(), strict=True))
