"""The journey map: phases by what visitors meet in them, beside what a marketer aims at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from personas.errors import InvalidInput
from service.console.charts.bars import meter
from service.console.charts.sankey import Flow, Node, sankey
from service.console.colours import phase_css
from service.console.desk import Desk, Form, Pages
from service.console.overview import phase_name
from service.journeys import FEWEST, Counts, aim, counted, counts_of, funnel_of, map_of

pages = Pages()
LEAST_COMPARED = 2  # personas
MOST_TOLD = 4  # channels, events, types and contents of a phase
ARRIVAL = "arrival"


@dataclass(frozen=True)
class Column:
    """A phase of the map.

    Attributes:
        told: of the API's answer.
        rungs: of the ladder that it holds.
    """

    name: str
    css: str
    rungs: Sequence[str]
    told: Mapping[str, Any]


@pages.show("/journey")
async def journey_map(desk: Desk) -> Response:
    """Where visitors of one persona, or all, walk and what they meet."""
    personas = desk.state.personas.of(desk.state, desk.site).names
    persona = desk.asked("persona")
    chosen = persona if persona in dict(personas) else None
    told = await counted(desk.state, desk.site, desk.journey, chosen)
    counts = told.counts
    return desk.page(
        "journey.html",
        told=told,
        personas=personas,
        persona=chosen,
        columns=[] if counts is None else _columns(desk, counts),
        flows=None if counts is None else _flows(desk, counts),
        steps=[] if counts is None else _steps(desk, counts),
        passed=await _passed(desk, dict(personas)) if chosen is None and counts is not None else [],
        bar=meter,
        most=MOST_TOLD,
    )


@pages.do("/journey/targets")
async def set_targets(desk: Desk, form: Form) -> Response:
    """What the marketer aims at: percents, where they wrote some."""
    targets = {}
    for phase in desk.journey.phases:
        written = form.text(f"target-{phase.id}", 12).rstrip("% ").replace(",", ".")
        if written:
            targets[phase.id] = _share(written, phase.id)
    await aim(desk.state, desk.site, desk.journey, targets, desk.now)
    asked = {"journey": desk.journey.id}
    if persona := form.text("persona"):
        asked["persona"] = persona
    return desk.there("/journey", **asked)


def _share(written: str, phase: str) -> float:
    try:
        percent = float(written)
    except ValueError:
        percent = -1.0
    if not 0 <= percent <= 100:
        detail = "A target is a number from 0 to 100, in percent."
        raise InvalidInput(detail, "invalid-target", f"/target-{phase}")
    return percent / 100


def _columns(desk: Desk, counts: Counts) -> list[Column]:
    phases = map_of(desk.state, desk.site, counts)["phases"]
    return [
        Column(
            phase_name(desk, counts.journey, place),
            phase_css(counts.journey, place),
            counts.journey.phases[place].of,
            phase,
        )
        for place, phase in enumerate(phases)
    ]


def _flows(desk: Desk, counts: Counts) -> tuple[Markup, Markup]:
    """Touchpoint to touchpoint, drawn wide and narrow: where it was before, and where it led."""
    journey, words = counts.journey, desk.words
    names = [phase_name(desk, journey, place) for place in range(len(journey.phases))]
    css = [phase_css(journey, place) for place in range(len(journey.phases))]
    nodes = [Node(ARRIVAL, words("journey.arrival"), 0, "plain")]
    nodes += [Node(f"from-{k}", name, 0, css[k]) for k, name in enumerate(names)]
    nodes += [Node(f"to-{k}", name, 1, css[k]) for k, name in enumerate(names)]
    flows = [Flow(ARRIVAL, f"to-{k}", float(came)) for k, came in enumerate(counts.entered)]
    flows += [
        Flow(f"from-{one}", f"to-{other}", float(counts.moves[one, other]))
        for one in range(len(names))
        for other in range(len(names))
        if one != other  # who stays where they were would hide the others; the numbers tell it
    ]
    name = words("journey.flows")
    wide, narrow = (
        sankey(name, nodes, flows, words.number, width=width, height=height)
        for width, height in ((880, 400), (360, 420))
    )
    return wide, narrow


@dataclass(frozen=True)
class Passed:
    """Who of a persona goes on.

    Attributes:
        shares: of those who came as far as the phase before, for each phase but the first; None
            where nobody came.
        lowest: whether a share is the lowest of all personas.
    """

    persona: str
    name: str
    shares: Sequence[float | None]
    lowest: Sequence[bool]


async def _passed(desk: Desk, personas: Mapping[str, str]) -> list[Passed]:
    """Where each persona stalls, beside the others; nothing where there is only one."""
    found: dict[str, list[float | None]] = {}
    taken = await desk.state.censuses.latest(desk.state, desk.site)
    if taken is None:
        return []
    for persona in personas:
        counts = counts_of(taken.about["journeys"], desk.journey, persona)
        if counts.visitors >= FEWEST:
            steps = funnel_of(counts, None, None)[1:]
            found[persona] = [step["ofStepBefore"] for step in steps]
    if len(found) < LEAST_COMPARED:
        return []
    columns = zip(*found.values(), strict=True)
    lows = [min((s for s in shares if s is not None), default=None) for shares in columns]
    return [
        Passed(
            persona,
            personas[persona],
            shares,
            [share is not None and share == low for share, low in zip(shares, lows, strict=True)],
        )
        for persona, shares in found.items()
    ]


def _steps(desk: Desk, counts: Counts) -> list[tuple[str, str, Mapping[str, Any]]]:
    """The funnel: name and colour of each phase, and how many came that far."""
    places = {phase.id: place for place, phase in enumerate(counts.journey.phases)}
    return [
        (
            phase_name(desk, counts.journey, places[step["id"]]),
            phase_css(counts.journey, places[step["id"]]),
            step,
        )
        for step in funnel_of(counts, None, None)
    ]
