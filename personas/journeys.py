"""Journeys: views of the one ladder. Every rung belongs to exactly one phase of a journey."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from personas.entities import LADDER, Array
from personas.errors import InvalidInput

RUNG = {rung: index for index, rung in enumerate(LADDER)}
DEFAULT = "classic-5"


@dataclass(frozen=True, slots=True)
class JourneyPhase:
    """One phase of a journey, and the rungs that it holds."""

    id: str
    name: str
    of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Journey:
    """A partition of the ladder into named phases."""

    id: str
    name: str
    phases: tuple[JourneyPhase, ...]


def make_journey(id: str, name: str, phases: Iterable[JourneyPhase]) -> Journey:  # noqa: A002 - the contract's word
    """A journey of one's own, checked.

    Raises:
        InvalidInput: fewer than two phases, a phase without id or rungs or with an id taken, an
            unknown rung, or a rung that belongs to no phase or to two.
    """
    kept = tuple(phases)
    _require(bool(id), "a journey needs an id", "/id")
    _require(len(kept) >= 2, "a journey needs at least two phases", "/phases")
    taken: dict[str, str] = {}
    ids: set[str] = set()
    for number, phase in enumerate(kept):
        _check_phase(phase, f"/phases/{number}", ids, taken)
    missing = [rung for rung in LADDER if rung not in taken]
    _require(not missing, f"put these rungs into a phase, too: {', '.join(missing)}", "/phases")
    return Journey(id, name or id, kept)


def _check_phase(phase: JourneyPhase, at: str, ids: set[str], taken: dict[str, str]) -> None:
    _require(bool(phase.id), "a phase needs an id", f"{at}/id")
    _require(phase.id not in ids, f"the id '{phase.id}' stands twice", f"{at}/id")
    _require(bool(phase.of), "a phase needs at least one rung", f"{at}/of")
    ids.add(phase.id)
    for place, rung in enumerate(phase.of):
        pointer = f"{at}/of/{place}"
        _require(rung in RUNG, f"'{rung}' is none of: {', '.join(LADDER)}", pointer)
        _require(rung not in taken, f"'{rung}' is already in '{taken.get(rung)}'", pointer)
        taken[rung] = phase.id


def _require(holds: bool, detail: str, pointer: str) -> None:
    if not holds:
        raise InvalidInput(detail, "invalid-journey", pointer)


def view(journey: Journey, ladder: Array) -> dict[str, float]:
    """The belief over the ladder [7] in the words of a journey: phase id → probability."""
    return {
        phase.id: float(sum(ladder[RUNG[rung]] for rung in phase.of)) for phase in journey.phases
    }


def matrix(journey: Journey) -> Array:
    """The journey as a matrix [rung, phase] of zeros and ones: `ladder @ matrix` is the view."""
    chosen = np.zeros((len(LADDER), len(journey.phases)))
    for column, phase in enumerate(journey.phases):
        chosen[[RUNG[rung] for rung in phase.of], column] = 1.0
    return chosen


def _journey(key: str, name: str, *phases: tuple[str, tuple[str, ...]]) -> Journey:
    named = (
        JourneyPhase(title.lower().replace(" ", "-"), title.replace(" sales", "-sales"), of)
        for title, of in phases
    )
    return make_journey(key, name, named)


_AFTER = ("after-sales", "loyalty")
_BOUGHT = ("conversion", *_AFTER)

BUILT_IN: Mapping[str, Journey] = {
    journey.id: journey
    for journey in (
        _journey(
            "aida",
            "AIDA",
            ("Attention", ("awareness",)),
            ("Interest", ("favorability",)),
            ("Desire", ("consideration", "intent")),
            ("Action", _BOUGHT),
        ),
        _journey(
            "favorability-4",
            "Four phases with favorability",
            ("Awareness", ("awareness",)),
            ("Favorability", ("favorability",)),
            ("Consideration", ("consideration",)),
            ("Intent", ("intent", *_BOUGHT)),
        ),
        _journey(
            "buyer-3",
            "Buyer's journey",
            ("Awareness", ("awareness",)),
            ("Consideration", ("favorability", "consideration")),
            ("Decision", ("intent", *_BOUGHT)),
        ),
        _journey(
            "purchase-4",
            "Four phases to the purchase and after it",
            ("Awareness", ("awareness",)),
            ("Consideration", ("favorability", "consideration", "intent")),
            ("Purchase", ("conversion",)),
            ("After sales", _AFTER),
        ),
        _journey(
            "classic-5",
            "Five phases and after-sales",
            ("Awareness", ("awareness",)),
            ("Favorability", ("favorability",)),
            ("Consideration", ("consideration",)),
            ("Intent", ("intent",)),
            ("Conversion", ("conversion",)),
            ("After sales", _AFTER),
        ),
        _journey(
            "satisfaction-5",
            "Five phases to satisfaction",
            ("Awareness", ("awareness",)),
            ("Interest", ("favorability",)),
            ("Evaluation", ("consideration", "intent")),
            ("Purchase", ("conversion",)),
            ("Satisfaction", _AFTER),
        ),
        _journey(
            "lifecycle-7",
            "The whole ladder",
            *((rung.capitalize().replace("-", " "), (rung,)) for rung in LADDER),
        ),
    )
}
