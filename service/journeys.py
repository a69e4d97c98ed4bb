"""What visitors do on their journeys: the census's counts in the words of a journey.

Counts are expected ones, of so many visitors as the census looked at, brought to all of them. They
add up: every touchpoint is an entry or the end of a move, and the phases hold all visitors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from personas.entities import Array
from personas.errors import InvalidInput, UnknownName
from personas.journeys import RUNG, Journey, matrix
from personas.vocabulary import is_known, kind_of

if TYPE_CHECKING:
    from service.state import State

FEWEST = 5  # visitors of whom anything is told
MOST_ROWS = 12  # of a phase's channels, events, types and contents
TARGETS = "journeyTargets."  # options of a site, by journey
ROWS = {"channels": "channel", "events": "event", "types": "type", "contents": "content"}


@dataclass(frozen=True)
class Counts:
    """Of all visitors or of one persona's, brought to a journey's n phases.

    Attributes:
        visitors: how many.
        now, entered: of each phase [n]; reached: that far or further [n]; moves [n, n].
        tables: dimension → name → touchpoints [n]; measures: name → [n].
        weeks: start of each → visitors who came in it [n].
    """

    journey: Journey
    visitors: float
    now: Array
    entered: Array
    reached: Array
    moves: Array
    tables: Mapping[str, Mapping[str, Array]]
    measures: Mapping[str, Array]
    weeks: Mapping[float, Array]

    @property
    def touchpoints(self) -> Array:
        """Of each phase [n]."""
        touchpoints: Array = self.entered + self.moves.sum(0)
        return touchpoints


@dataclass(frozen=True)
class Told:
    """Counts, and what they are of.

    Attributes:
        counts: None where fewer than FEWEST visitors are known.
        taken: when, seconds since 1970; None while the first census is being taken.
        share: of the visitors that were looked at.
    """

    counts: Counts | None
    taken: float | None = None
    current: bool = False
    share: float = 1.0


async def counted(state: State, site: str, journey: Journey, persona: str | None) -> Told:
    """The latest counts.

    Args:
        persona: id of one in use; None for everybody.

    Raises:
        UnknownName: there is no such persona.
    """
    names = dict(state.personas.of(state, site).names)
    if persona is not None and persona not in names:
        detail = f"Choose a persona in use: {', '.join(names)}."
        raise UnknownName(detail, "unknown-persona", "/personaId")
    taken = await state.censuses.latest(state, site)
    if taken is None:
        return Told(None)
    found = taken.about["journeys"]
    share = found["counted"] / max(found["of"], 1)
    counts = counts_of(found, journey, persona)
    told = counts if counts.visitors >= FEWEST else None
    return Told(told, float(taken.about["takenAt"]), taken.current, share)


def counts_of(found: Mapping[str, Any], journey: Journey, persona: str | None) -> Counts:
    """The counts of a census in the words of a journey."""
    view = matrix(journey)
    chosen = [persona is None or identity == persona for identity in found["personas"]]
    scale = found["of"] / max(found["counted"], 1)

    def whole(told: Any) -> Array:  # noqa: ANN401 - nested lists of numbers
        summed: Array = np.asarray(told, np.float64)[chosen].sum(0) * scale
        return summed

    reached = whole(found["reached"])
    return Counts(
        journey,
        float(whole(found["visitors"])),
        whole(found["now"]) @ view,
        whole(found["entered"]) @ view,
        np.array([reached[first_rung(journey, place)] for place in range(view.shape[1])]),
        view.T @ whole(found["moves"]) @ view,
        {
            dimension: {name: whole(told) @ view for name, told in rows}
            for dimension, rows in found["tables"].items()
        },
        {name: whole(told) @ view for name, told in found["measures"].items()},
        {week: whole(told) @ view for week, told in found["weeks"]},
    )


def first_rung(journey: Journey, place: int) -> int:
    """The first rung of a phase."""
    return min(RUNG[rung] for rung in journey.phases[place].of)


# --- what a marketer aims at ----------------------------------------------------------------------


def targets_of(state: State, site: str, journey: Journey) -> Mapping[str, float]:
    """Phase → share of those who came as far as the phase before who should come as far as it."""
    kept = state.sites.of(site).options.get(f"{TARGETS}{journey.id}", {})
    known = {phase.id for phase in journey.phases}
    return {phase: share for phase, share in kept.items() if phase in known}


async def aim(
    state: State, site: str, journey: Journey, targets: Mapping[str, float], now: float
) -> None:
    """Set a journey's targets; none for a phase takes its target away.

    Raises:
        InvalidInput: a phase that the journey has not.
    """
    known = [phase.id for phase in journey.phases]
    for phase in targets:
        if phase not in known:
            detail = f"Choose a phase among {', '.join(known)}."
            raise InvalidInput(detail, "unknown-phase", f"/targets/{phase}")
    value = {"value": dict(targets)} if targets else None
    await state.sites.set(site, "option", f"{TARGETS}{journey.id}", value, now)


# --- the map --------------------------------------------------------------------------------------


def map_of(state: State, site: str, counts: Counts) -> dict[str, Any]:
    """Phases with what visitors meet in them, the moves between them, and the weeks."""
    phases = counts.journey.phases
    aims = targets_of(state, site, counts.journey)
    passed = {step["id"]: step["ofStepBefore"] for step in funnel_of(counts, None, None)}
    return {
        "visitors": counts.visitors,
        "phases": [
            {
                "id": phase.id,
                "name": phase.name,
                **_phase(state, site, counts, place),
                "ofStepBefore": passed[phase.id],
                "target": aims.get(phase.id),
            }
            for place, phase in enumerate(phases)
        ],
        "transitions": [
            {
                "from": one.id,
                "to": other.id,
                "count": float(counts.moves[i, j]),
                "probability": _ratio(counts.moves[i, j], counts.moves[i].sum()),
            }
            for i, one in enumerate(phases)
            for j, other in enumerate(phases)
        ],
        "weeks": [
            {"from": week, "visitors": dict(zip([p.id for p in phases], told, strict=True))}
            for week, told in ((week, each.tolist()) for week, each in counts.weeks.items())
            if sum(told) >= FEWEST
        ],
    }


def _phase(state: State, site: str, counts: Counts, place: int) -> dict[str, Any]:
    rows = {name: _rows(counts.tables[dimension], place) for name, dimension in ROWS.items()}
    names = state.sites.of(site).event_names
    catalogue = state.catalogues.of(site)
    return {
        "visitors": float(counts.now[place]),
        "share": _ratio(counts.now[place], counts.visitors),
        "entered": float(counts.entered[place]),
        "reached": float(counts.reached[place]),
        "touchpoints": float(counts.touchpoints[place]),
        "channels": [{"channel": name, "visits": told} for name, told in rows["channels"]],
        "events": [
            {
                "event": name,
                "kind": kind_of(name, None, names) if is_known(name, names) else None,
                "touchpoints": told,
            }
            for name, told in rows["events"]
        ],
        "contentTypes": [{"type": name, "touchpoints": told} for name, told in rows["types"]],
        "topContent": [
            {"contentId": item.id, "title": item.title, "touchpoints": told}
            for name, told in rows["contents"]
            if (item := catalogue.find(name)) is not None
        ],
        "experience": _experience(counts, place),
    }


def _rows(table: Mapping[str, Array], place: int) -> list[tuple[str, float]]:
    rows = sorted(((name, float(told[place])) for name, told in table.items()), key=_by_count)
    return [row for row in rows if row[1] > 0][:MOST_ROWS]


def _by_count(row: tuple[str, float]) -> tuple[float, str]:
    return -row[1], row[0]


def _experience(counts: Counts, place: int) -> dict[str, float | None]:
    """How it was; answers to the NPS and the CSAT question count on one scale."""
    measured = {name: float(told[place]) for name, told in counts.measures.items()}
    rated, dwelt = measured["rated"], measured["dwelt"]
    enough = rated >= FEWEST
    balance = measured["promoters"] - measured["detractors"]
    return {
        "ratings": rated,
        "nps": 100 * balance / rated if enough else None,
        "csat": 1 + 4 * measured["rating"] / rated if enough else None,
        "dwellSeconds": measured["dwell"] / dwelt if dwelt >= FEWEST else None,
        "friction": measured["friction"],
        "frictionShare": _ratio(measured["friction"], counts.touchpoints[place]),
    }


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None


# --- the funnel -----------------------------------------------------------------------------------


def funnel_of(counts: Counts, start: str | None, end: str | None) -> list[dict[str, Any]]:
    """How many came how far: steps in the order of the ladder.

    Args:
        start, end: phases; None for the first and the last.

    Raises:
        InvalidInput: unknown phases, or none that comes after the other.
    """
    phases = counts.journey.phases
    order = sorted(range(len(phases)), key=lambda place: first_rung(counts.journey, place))
    ids = [phases[place].id for place in order]
    begin = _place(ids, start, 0, "/from")
    last = _place(ids, end, len(ids) - 1, "/to")
    if begin >= last:
        raise InvalidInput("`to` must be a later phase than `from`.", "no-way", "/to")
    steps, chosen = [], order[begin : last + 1]
    for number, place in enumerate(chosen):
        came = float(counts.reached[place])
        before = counts.reached[chosen[max(number - 1, 0)]]
        steps.append(
            {
                "id": phases[place].id,
                "name": phases[place].name,
                "visitors": came,
                "ofFirst": _ratio(came, counts.reached[chosen[0]]),
                "ofStepBefore": _ratio(came, before),
            }
        )
    return steps


def _place(ids: list[str], wanted: str | None, usual: int, pointer: str) -> int:
    if wanted is None:
        return usual
    if wanted not in ids:
        raise InvalidInput(f"Choose a phase among {', '.join(ids)}.", "unknown-phase", pointer)
    return ids.index(wanted)
