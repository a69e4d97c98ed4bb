"""Which colour stands for what; the same on every page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from personas.entities import LADDER
from personas.journeys import RUNG, Journey
from personas.persona_model import Persona

PERSONA_COLOURS = 8


def rung_css(rung: str) -> str:
    """Of a rung of the ladder."""
    return f"r{RUNG[rung]}"


def phase_css(journey: Journey, place: int) -> str:
    """Of a phase: its middle rung's, so that phases of all journeys keep the ladder's order."""
    rungs = sorted(RUNG[rung] for rung in journey.phases[place].of)
    return rung_css(LADDER[rungs[(len(rungs) - 1) // 2]])


def persona_colours(personas: Iterable[Persona]) -> Mapping[str, str]:
    """Of each persona, by id: the largest eight in use have one of their own.

    Which one goes by their ids, so that nobody changes colour because others grow.
    """
    active = [each for each in personas if each["status"] == "active"]
    largest = sorted(active, key=lambda each: (-each["share"], each["id"]))[:PERSONA_COLOURS]
    names = sorted(str(each["id"]) for each in largest)
    return {name: f"s{place}" for place, name in enumerate(names)}


def colour_of(colours: Mapping[str, str], identity: str) -> str:
    """Grey for all the others."""
    return colours.get(identity, "plain")
