"""The personas in use on each site: what was learned, with what people decided laid over it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from personas.entities import History
from personas.hand import Edits
from personas.persona_model import NOBODY_YET, Persona, PersonaModel
from service.census import Taken
from training.census_file import Member
from training.eventlog import key_of

if TYPE_CHECKING:
    from service.state import State

SECTION = "persona"  # of the settings
FEWEST_LISTED = 5  # visitors of a persona: a smaller group is not shown
LOOKED_AT = 100  # of a group, to see whether so many are left
NOTHING = History()


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


@dataclass(frozen=True)
class Listing:
    """A page of a persona's visitors, the surest first.

    Attributes:
        cursor: rank of the last of the page, where more follow.
        taken: of which census; None where the first is still being taken.
    """

    members: list[Member]
    cursor: str | None
    taken: Taken | None


async def members(state: State, site: str, identity: str, after: str | None, limit: int) -> Listing:
    """The visitors whose likeliest persona this is; none where they are few.

    Whoever was erased since the census is left out.
    """
    taken = await state.censuses.latest(state, site)
    if taken is None:
        return Listing([], None, None)
    read = taken.census.members
    first = await asyncio.to_thread(read, identity, None, LOOKED_AT)
    if len(await _known(state, site, first)) < FEWEST_LISTED:
        return Listing([], None, taken)
    rows = await asyncio.to_thread(read, identity, after, limit + 1)
    kept = rows[:limit]
    cursor = kept[-1].rank if len(rows) > limit else None
    return Listing(await _known(state, site, kept), cursor, taken)


async def _known(state: State, site: str, rows: list[Member]) -> list[Member]:
    """Those of whom anything is known still."""
    keys = [key_of(written) for row in rows for written in row.ids]
    found = await state.store.histories(site, keys) if keys else []
    known = {str(key) for key, each in zip(keys, found, strict=True) if each != NOTHING}
    return [row for row in rows if not known.isdisjoint(row.ids)]
