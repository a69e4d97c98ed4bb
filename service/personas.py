"""The personas in use on each site: what was learned, with what people decided laid over it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personas.features import features_of
from personas.hand import Edits
from personas.persona_model import NOBODY_YET, Persona, PersonaModel
from service.visitors import visitor_id
from training.dataset import load_site

if TYPE_CHECKING:
    from service.state import State

SECTION = "persona"  # of the settings
FEWEST_LISTED = 5  # visitors of a persona: a smaller group is not shown


@dataclass
class EditedPersonas:
    """Each site's personas as people want them, worked out once for every change."""

    _known: dict[str, tuple[PersonaModel, Edits, PersonaModel]] = field(default_factory=dict)

    def of(self, state: State, site: str) -> PersonaModel:
        """The personas that answer now."""
        learned = state.active.models(site).personas or NOBODY_YET
        edits = state.sites.of(site).personas
        known = self._known.get(site)
        if known is not None and known[0] is learned and known[1] is edits:
            return known[2]
        edited = learned.edited(edits)
        self._known[site] = (learned, edits, edited)
        return edited


def listed(model: PersonaModel) -> list[Persona]:
    """Personas of today, then those of the past, each once."""
    found: dict[str, Persona] = {}
    for persona in (*model.personas, *model.past):
        found.setdefault(persona["id"], persona)
    return list(found.values())


async def decided(
    state: State, site: str, identity: str, changes: Mapping[str, Any], now: float
) -> None:
    """Write down what people decided about a persona, beside what they decided before."""
    before = state.sites.of(site).decisions.get(identity, {})
    value = {**before, **changes}
    await state.sites.set(site, SECTION, identity, value, now)


@dataclass(frozen=True, slots=True)
class Member:
    """A visitor of a persona."""

    id: str
    ids: tuple[str, ...]
    probability: float


async def members(state: State, site: str, identity: str) -> list[Member]:
    """The visitors whose likeliest persona this is, the surest first; none where they are few.

    Read from the event log, which for a large one takes a while.
    """
    model = state.personas.of(state, site)
    folder, sensitive = state.settings.event_log_folder, state.sites.of(site).allow_sensitive
    found = await asyncio.to_thread(_members, model, folder, site, identity, sensitive)
    return found if len(found) >= FEWEST_LISTED else []


def _members(
    model: PersonaModel, folder: Path, site: str, identity: str, sensitive: bool
) -> list[Member]:
    data = load_site(folder, site)
    place = next((n for n, (name, _) in enumerate(model.names) if name == identity), None)
    if place is None:
        return []
    found = []
    for visitor in data.visitors:
        features = features_of(visitor.history, data.facts, None, sensitive)
        memberships = model.memberships(features)
        if int(memberships.argmax()) == place:
            keys = tuple(str(key) for key in visitor.ids)
            found.append(Member(visitor_id(visitor.ids), keys, float(memberships[place])))
    return sorted(found, key=lambda member: (-member.probability, member.id))
