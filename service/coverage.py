"""Which content is missing: who stands where, and what is there for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from personas.entities import LADDER, Array, ContentItem
from personas.journeys import Journey
from service.coverage_audience import Audience, nobody_yet, readers
from service.coverage_words import Topics, brief

if TYPE_CHECKING:
    from service.state import State

FEWEST = 5.0  # expected visitors of a cell: of fewer nothing is told
HALF_SERVED = 3.0  # pieces for a cell that serve half of those who stand there
SELDOM = 0.1  # share of the usual attention, below which an item is for nobody
MOST_GAPS, MOST_IDLE = 10, 20  # told


@dataclass(frozen=True)
class Covered:
    """Demand and supply over personas and the phases of a journey, each [personas, phases].

    Attributes:
        demand: expected visitors; sums to all that there are.
        supply: expected pieces of content; sums to all that there are.
        lost: visitors who would go on if the cell were served, and do not.
        attention: visitors whom each item may count on [items]; sums to those whom any serves.
    """

    demand: Array
    supply: Array
    lost: Array
    attention: Array


def cover(audience: Audience, for_personas: Array, phases: Array, rungs: Array) -> Covered:
    """Weigh what is there against who is there.

    Args:
        for_personas: whom each item is for [items, personas]; phases: which rungs [items, 7].
        rungs: which rungs each phase of the journey holds [7, phases].
    """
    supply = for_personas.T @ phases
    served = supply / (supply + HALF_SERVED)
    lost = audience.cells * (1.0 - served) * audience.onward
    each = np.divide(audience.cells, supply, out=np.zeros_like(supply), where=supply > 0)
    attention: Array = np.einsum("nk,nr,kr->n", for_personas, phases, each)
    return Covered(audience.cells @ rungs, supply @ rungs, lost @ rungs, attention)


async def coverage(state: State, site: str, journey: Journey, now: float) -> dict[str, Any]:
    """The answer; times in seconds since 1970."""
    found = await state.audiences.latest(state, site)
    model = state.personas.of(state, site)
    audience = nobody_yet(model) if found is None else found
    catalogue = state.catalogues.of(site)
    arrays = catalogue.arrays()
    rows = np.flatnonzero(arrays.visible(now))
    items = [catalogue.items[arrays.ids[row]] for row in rows]
    phases = arrays.phases[rows].reshape(len(rows), len(LADDER))
    for_personas = readers(audience, phases, [item.id for item in items])
    for row, item in enumerate(items):
        _obey(for_personas[row], catalogue.entries[item.id].said, audience.personas)
    told = described(audience, items, for_personas, phases, journey, dict(model.names))
    return {**told, "degraded": ["census"] if found is None else []}


def _obey(shares: Array, said: Mapping[str, Any], personas: Sequence[str]) -> None:
    """People's word on whom an item is for, as far as those personas are there."""
    told = (said.get("personas") or {}).get("distribution") or {}
    spoken = np.array([float(told.get(name, 0.0)) for name in personas])
    if spoken.sum() > 0:
        shares[:] = spoken / spoken.sum()


# --- in words -------------------------------------------------------------------------------------


def described(
    audience: Audience,
    items: Sequence[ContentItem],
    for_personas: Array,
    phases: Array,
    journey: Journey,
    names: Mapping[str, str],
) -> dict[str, Any]:
    """Demand, supply, performance and gaps as JSON; cells with few visitors are blurred.

    Args:
        names: of personas, by id.
    """
    rungs = np.array([[float(rung in phase.of) for phase in journey.phases] for rung in LADDER])
    covered = cover(audience, for_personas, phases, rungs)
    cells = _cells(audience, covered, journey, names, rungs)
    told = [cell for cell in cells if not cell["blurred"] and cell["gap"]["lostProgress"] > 0]
    ranked = sorted(told, key=lambda cell: -cell["gap"]["lostProgress"])
    for rank, cell in enumerate(ranked, 1):
        cell["gap"]["rank"] = rank
    topics = Topics(items, for_personas, phases, audience)
    gaps = []
    for cell in ranked[:MOST_GAPS]:
        k = audience.personas.index(cell["persona"]["id"])
        phase = next(each for each in journey.phases if each.id == cell["phase"]["id"])
        gaps.append({**cell, "brief": brief(cell, topics, k, phase.of)})
    return {
        "journey": journey.id,
        "takenAt": audience.taken or None,
        "visitors": audience.visitors,
        "items": len(items),
        "cells": cells,
        "gaps": gaps,
        "forNobody": _idle(items, covered.attention, audience.visitors),
    }


def _cells(
    audience: Audience,
    covered: Covered,
    journey: Journey,
    names: Mapping[str, str],
    rungs: Array,
) -> list[dict[str, Any]]:
    seen, shown, clicked = (
        each @ rungs for each in (audience.seen, audience.shown, audience.clicked)
    )
    dwell = np.nan_to_num(audience.dwell) * audience.seen @ rungs
    known = (~np.isnan(audience.dwell)) * audience.seen @ rungs
    onward = audience.cells * audience.onward @ rungs
    cells = []
    for k, persona in enumerate(audience.personas):
        for f, phase in enumerate(journey.phases):
            demand, supply = float(covered.demand[k, f]), float(covered.supply[k, f])
            blurred = demand < FEWEST
            cell: dict[str, Any] = {
                "persona": {"id": persona, "name": names.get(persona, persona)},
                "phase": {"id": phase.id, "name": phase.name},
                "blurred": blurred,
                "demand": {"visitors": None if blurred else demand},
                "supply": {"items": supply},
                "performance": None,
                "gap": None,
            }
            if not blurred:
                cell["performance"] = {
                    "views": float(seen[k, f]),
                    "dwellSeconds": _ratio(dwell[k, f], known[k, f]),
                    "clicks": float(clicked[k, f]),
                    "clickRate": _ratio(clicked[k, f], shown[k, f]),
                    "onward": _ratio(onward[k, f], demand),
                }
                cell["gap"] = {"lostProgress": float(covered.lost[k, f]), "rank": None}
            cells.append(cell)
    return cells


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None


def _idle(items: Sequence[ContentItem], attention: Array, visitors: float) -> list[dict[str, Any]]:
    """Content that hardly anybody is there for, the least wanted first."""
    if visitors < FEWEST or not items:
        return []
    usual = float(attention.sum()) / len(items)
    order = np.lexsort((np.arange(len(items)), attention))
    few = [int(row) for row in order[:MOST_IDLE] if attention[row] < SELDOM * usual]
    return [
        {
            "contentId": items[row].id,
            "title": items[row].title,
            "url": items[row].url,
            "expectedVisitors": float(attention[row]),
        }
        for row in few
    ]
