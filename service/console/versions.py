"""Versions of models as pages show them: what each holds, and which persona became which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from personas.errors import CorruptArtefact, UnknownName
from service.console.charts.sankey import Flow, Node, sankey
from service.console.colours import colour_of
from service.console.texts import Words
from training.registry import Registry

if TYPE_CHECKING:
    from service.state import State

MOST = 6  # versions of the personas that are drawn
MODEL = "personas"


@dataclass(frozen=True)
class Version:
    """Personas as one training found them.

    Attributes:
        personas, past: as the version holds them.
        stories: what became of those before, in words.
    """

    version: str
    created: float
    personas: Sequence[Mapping[str, Any]]
    past: Sequence[Mapping[str, Any]]
    stories: Sequence[str]


def persona_versions(state: State, site: str) -> list[Version]:
    """The latest trainings of the personas, the oldest first. Reads the disk."""
    registry = state.active.registry
    found: list[Version] = []
    for info in registry.versions(site):
        if info.models.get(MODEL) != info.version or len(found) == MOST:
            continue
        found_here = told_of(registry, site, info.version).get(MODEL)
        if found_here is not None:
            settings = found_here.settings
            lineage = settings.get("report", {}).get("lineage", ())
            told = settings["personas"], settings["past"], lineage
            found.append(Version(info.version, info.created, *told))
    return found[::-1]


@dataclass(frozen=True, slots=True)
class Told:
    """What a model tells of itself, without its arrays."""

    version: str
    settings: Mapping[str, Any]
    card: str


@lru_cache(maxsize=64)
def told_of(registry: Registry, site: str, version: str) -> Mapping[str, Told]:
    """All models of a version, which never changes; none where it is damaged. Reads the disk."""
    try:
        found = registry.load(site, version)
    except (CorruptArtefact, UnknownName):
        return {}
    return {name: Told(each.version, each.settings, each.card) for name, each in found.items()}


def history_chart(
    words: Words, versions: Sequence[Version], colours: Mapping[str, str]
) -> tuple[Markup, Markup] | None:
    """Personas from version to version, as wide as their share; None of fewer than two."""
    if len(versions) < 2:
        return None
    nodes, flows = [], []
    for column, version in enumerate(versions):
        for persona in version.personas:
            identity = str(persona["id"])
            css = colour_of(colours, identity)
            told = str(persona["name"]), column, css, float(persona["share"])
            nodes.append(Node(f"{column} {identity}", *told))
    for column, (before, after) in enumerate(pairwise(versions)):
        present = {str(persona["id"]): float(persona["share"]) for persona in after.personas}
        goals = {str(each["id"]): str(each.get("mergedInto") or "") for each in after.past}
        for persona in before.personas:
            identity = str(persona["id"])
            goal = identity if identity in present else goals.get(identity, "")
            if goal in present:
                thick = min(float(persona["share"]), present[goal])
                flows.append(Flow(f"{column} {identity}", f"{column + 1} {goal}", thick))
    name = words("personas.history")
    wide, narrow = (
        sankey(name, nodes, flows, words.percent, width=width, height=height)
        for width, height in ((900, 420), (340, 420))
    )
    return wide, narrow
