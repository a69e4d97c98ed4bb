"""Experiments while they run: which arm a request is in, and what that changes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from personas.experiments import Arm, Experiment
from personas.ranker import Ranker
from personas.slots import slot_of
from service.recommend_contents import Prepared, prepared
from service.state import State
from service.visitors import Visitor

if TYPE_CHECKING:
    from service.recommend import Ask


@dataclass(frozen=True, slots=True)
class Assigned:
    """The arm of a request, and by which of the visitor's names it was found."""

    experiment: str
    arm: Arm
    unit: str

    def to_json(self) -> dict[str, Any]:
        """As answers and their log tell it."""
        return {"id": self.experiment, "arm": self.arm.id}


def assigned(state: State, site: str, ask: Ask, visitor: Visitor | None) -> Ask:
    """The request as its visitor's arm of an experiment asks it; without one, as it is."""
    experiments = state.sites.of(site).experiments
    if not experiments or ask.key is None or ask.preview is not None:
        return ask
    experiment = _covering(tuple(experiments.values()), ask.slot.id)
    if experiment is None:
        return ask
    unit = str(ask.key if visitor is None else visitor.began or ask.key)
    arm = experiment.arm_of(unit)
    found = Assigned(experiment.id, arm, unit)
    if not arm.slot:
        return replace(ask, assigned=found)
    settings = state.sites.of(site).slots.get(ask.slot.id) or {}
    slot = slot_of(ask.slot.id, {**settings, **arm.slot})
    count = slot.count if ask.count == ask.slot.count else ask.count
    return replace(ask, assigned=found, slot=slot, count=count)


def _covering(experiments: tuple[Experiment, ...], slot: str) -> Experiment | None:
    """The first by name, so that a request is in one at most."""
    able = (experiment for experiment in experiments if experiment.covers(slot))
    return min(able, key=lambda experiment: experiment.id, default=None)


async def ready_for(state: State, site: str, ask: Ask) -> Prepared:
    """The site's content with the ranker in use, or with that of the request's arm."""
    now = prepared(state, site)
    version = None if ask.assigned is None else ask.assigned.arm.version
    if version is None or version == state.active.models(site).version:
        return now
    others = state.trends.of(site).others
    kept = others.get(version)
    if kept is None:  # once in the life of an arm: a file is read
        artefacts = await asyncio.to_thread(state.active.registry.load, site, version)
        ranker = Ranker.of(artefacts.get("ranker"))
        kept = Prepared(now.catalogue, now.arrays, ranker).watching(state.trends.of(site))
    elif kept.arrays is not now.arrays:
        kept = Prepared(now.catalogue, now.arrays, kept.ranker, kept)
        kept = kept.watching(state.trends.of(site))
    others[version] = kept
    return kept
