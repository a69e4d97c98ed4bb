"""Journeys and their phases in the marketer's language; a site's own keep the names it gave."""

from __future__ import annotations

from personas.journeys import BUILT_IN, Journey
from service.console.texts import Words


def view_name(words: Words, journey: Journey) -> str:
    """The name of a journey."""
    return words(f"view.{journey.id}") if journey.id in BUILT_IN else journey.name


def phase_names(words: Words, journey: Journey) -> list[str]:
    """The names of its phases."""
    if journey.id not in BUILT_IN:
        return [phase.name for phase in journey.phases]
    return [words(f"phase.{phase.id}") for phase in journey.phases]
