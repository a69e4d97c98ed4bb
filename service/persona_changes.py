"""The latest changes to personas, each with what was decided before it, so that it can be undone.

They are kept in the store. The event log stays the truth about what holds; this is only the way
back.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import orjson

from personas.errors import InvalidInput, UnknownName
from service.personas import SECTION, decided

if TYPE_CHECKING:
    from service.state import State

DOCUMENT = "console/persona-changes"
MOST_KEPT = 30


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that somebody did.

    Attributes:
        what: `rename`, `merge` …
        about: names of the personas, as they were.
        before, after: persona → all that is decided about it; None for nothing.
    """

    id: str
    at: float
    by: str
    what: str
    about: tuple[str, ...]
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    def still_holds(self, decisions: Mapping[str, Any]) -> bool:
        """Was nothing decided about these personas since?"""
        return all(decisions.get(name) == value for name, value in self.after.items())


async def latest(state: State, site: str) -> list[Change]:
    """The latest first.

    Raises:
        StoreUnavailable: what it is kept in is down.
    """
    kept = await state.store.document(site, DOCUMENT)
    told = orjson.loads(kept) if kept else []
    return [Change(**{**each, "about": tuple(each["about"])}) for each in told]


async def change(
    state: State,
    site: str,
    what: str,
    changes: Mapping[str, Mapping[str, Any]],
    *,
    by: str,
    now: float,
) -> Change:
    """Decide something, and remember how it was."""
    before = {name: state.sites.of(site).decisions.get(name) for name in changes}
    known = state.personas.of(state, site)
    found = ((name, known.find(name)) for name in changes)
    about = tuple(str(persona["name"]) if persona else name for name, persona in found)
    for name, each in changes.items():
        await decided(state, site, name, each, now)
    after = {name: state.sites.of(site).decisions.get(name) for name in changes}
    done = Change(secrets.token_hex(6), now, by, what, about, before, after)
    await _keep(state, site, [done, *await latest(state, site)])
    return done


async def undo(state: State, site: str, change_id: str, now: float) -> Change:
    """Everything as it was before that change.

    Raises:
        UnknownName: it is too long ago.
        InvalidInput: something else was decided about the same personas since.
    """
    known = await latest(state, site)
    wanted = next((each for each in known if each.id == change_id), None)
    if wanted is None:
        raise UnknownName("That was too long ago to be undone.", "unknown-change")
    if not wanted.still_holds(state.sites.of(site).decisions):
        detail = "Something else was decided about this persona since; undo that first."
        raise InvalidInput(detail, "changed-since")
    for name, value in wanted.before.items():
        await state.sites.set(site, SECTION, name, value, now)
    await _keep(state, site, [each for each in known if each.id != change_id])
    return wanted


async def _keep(state: State, site: str, changes: list[Change]) -> None:
    kept = [asdict(each) for each in changes[:MOST_KEPT]]
    await state.store.put_documents(site, {DOCUMENT: orjson.dumps(kept)})
