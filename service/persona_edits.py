"""What people decide about personas: each decision as the changes that it makes, by persona."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from personas.errors import InvalidInput
from personas.persona_model import Persona

if TYPE_CHECKING:
    from service.state import State

Changes = Mapping[str, Mapping[str, Any]]


def new_id() -> str:
    """An id that a person's drawing or a split gets."""
    return f"p_{secrets.token_hex(4)}"


def union(state: State, site: str, ids: Sequence[str], pointer: str = "/ids") -> Changes:
    """Several personas as one: the first, which keeps its id and name.

    Raises:
        InvalidInput: one of them is not in use, or there are fewer than two.
    """
    known = dict(state.personas.of(state, site).names)
    for number, identity in enumerate(ids):
        if identity not in known:
            detail = f"There is no active persona {identity!r}; GET /v1/personas lists them."
            raise InvalidInput(detail, "unknown-persona", f"{pointer}/{number}")
    different = list(dict.fromkeys(ids))
    if len(different) < 2:
        raise InvalidInput("Name at least two different personas.", "too-few", pointer)
    return {identity: {"mergedInto": different[0]} for identity in different[1:]}


def cut(state: State, site: str, identity: str) -> tuple[str, Changes]:
    """A persona in two, at the next training: the other half's id; no changes where it waits."""
    other = state.sites.of(site).decisions.get(identity, {}).get("splitInto")
    if other is not None and state.personas.of(state, site).find(other) is None:
        return str(other), {}
    fresh = new_id()
    return fresh, {identity: {"splitInto": fresh}}


def can_return(state: State, site: str, persona: Persona) -> bool:
    """Is it a draft, or did people retire it? What a training dropped has nothing to say."""
    decided = state.sites.of(site).decisions.get(persona["id"], {})
    by_people = persona["status"] == "retired" and decided.get("status") == "retired"
    return "mergedInto" not in persona and (persona["status"] == "draft" or by_people)


def returned(state: State, site: str, persona: Persona) -> None:
    """See that a persona that is not in use can be again.

    Raises:
        InvalidInput: it became part of another one, or a training no longer found it.
    """
    if not can_return(state, site, persona):
        detail = (
            "Only a draft, or a persona that people retired, can be activated. Draw it by hand "
            "(POST /v1/personas) to have visitors like that again."
        )
        raise InvalidInput(detail, "cannot-return", "/status")
