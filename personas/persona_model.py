"""The personas in use: a mixture, what is told of each persona, and what people decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from personas.entities import Array, PersonaBelief
from personas.hand import NO_EDITS, Edit, Edits, goal, is_retired
from personas.mixture import EVERYONE, PersonaMixture, believe
from personas.mixture_bonds import DRAWN_SHARE, Bond, bonds_of, with_drawn
from personas.mixture_columns import Row
from personas.mixture_schema import Parameters, Schema

Persona = Mapping[str, Any]
EVERYONE_ELSE = "Everyone else"


def record(identity: str, name: str, origin: str = "discovered", **told: object) -> dict[str, Any]:
    """A persona as data."""
    empty: dict[str, Any] = {
        "description": "",
        "status": "active",
        "locked": False,
        "share": 0.0,
        "size": 0,
        "traits": [],
        "phases": {},
        "channels": [],
        "topContent": [],
        "quality": {},
    }
    return {"id": identity, "name": name, "origin": origin} | empty | told


def everyone() -> dict[str, Any]:
    """The one persona before anything is known."""
    told = (
        "All your visitors. Personas appear once enough of them have come and models are trained."
    )
    return record(*EVERYONE, description=told, share=1.0)


@dataclass(frozen=True)
class PersonaModel:
    """Personas that answer.

    Attributes:
        mixture: None where there is one persona for everyone.
        personas: those of the mixture, in its order.
        past: those that retired or became part of others.
    """

    mixture: PersonaMixture | None
    personas: tuple[Persona, ...]
    past: tuple[Persona, ...] = ()

    @cached_property
    def names(self) -> tuple[tuple[str, str], ...]:
        """(id, name) of each persona, in the mixture's order."""
        return tuple((persona["id"], persona["name"]) for persona in self.personas)

    def believe(self, features: Row) -> PersonaBelief:
        """Who a visitor is, with evidence that adds up."""
        return believe(self.mixture, features, self.names)

    def memberships(self, features: Row) -> Array:
        """Of one visitor [persona]."""
        return np.ones(1) if self.mixture is None else self.mixture.memberships(features)

    def find(self, identity: str) -> Persona | None:
        """A persona of today or of the past."""
        listed = (*self.personas, *self.past)
        return next((persona for persona in listed if persona["id"] == identity), None)

    def edited(self, edits: Edits) -> PersonaModel:
        """The same personas as people want them: renamed, merged, retired, drawn.

        What needs data, such as a split, waits for the next fit.
        """
        return _renamed(_joined(_drawn(self, edits), edits), edits) if edits else self


NOBODY_YET = PersonaModel(None, (everyone(),))


# --- unions and retirements -------------------------------------------------------------------


def _joined(model: PersonaModel, edits: Edits) -> PersonaModel:
    if model.mixture is None:
        return model
    goals = [goal(persona["id"], edits) for persona in model.personas]
    kept = [name for name in dict.fromkeys(goals) if not is_retired(name, edits)]
    mixture = model.mixture
    chosen = [c for c, owner in enumerate(mixture.owners_) if goals[owner] in kept]
    past = [_gone(p, name) for p, name in zip(model.personas, goals, strict=True)]
    gone = tuple(
        each for each in past if each["id"] not in kept and model.find(each["id"]) is not None
    )
    if not kept:
        return PersonaModel(None, (everyone(),), (*gone, *model.past))
    owners = [kept.index(goals[mixture.owners_[c]]) for c in chosen]
    fewer = PersonaMixture.of(
        mixture.schema_, mixture.parameters_.take(chosen), owners, mixture.prior
    )
    personas = tuple(_united(model, name, goals) for name in kept)
    return PersonaModel(fewer, personas, (*gone, *model.past))


def _gone(persona: Persona, name: str) -> Persona:
    merged = {} if name == persona["id"] else {"mergedInto": name}
    return {**persona, "status": "retired", "share": 0.0, "size": 0, **merged}


def _united(model: PersonaModel, name: str, goals: Sequence[str]) -> Persona:
    members = [p for p, each in zip(model.personas, goals, strict=True) if each == name]
    own = next((member for member in members if member["id"] == name), members[0])
    share = sum(member["share"] for member in members)
    return {**own, "id": name, "share": share, "size": sum(member["size"] for member in members)}


# --- drawn by hand ----------------------------------------------------------------------------


def _is_missing(model: PersonaModel, name: str, edit: Edit) -> bool:
    """Whether a drawing is in use, alone or as part of another persona, and not learned yet."""
    in_use = bool(edit.drawn) and edit.status not in ("retired", "draft")
    learned = {persona["id"] for persona in model.personas}
    if edit.merged_into is not None:
        learned |= {persona["id"] for persona in model.past}
    return in_use and name not in learned


def _drawn(model: PersonaModel, edits: Edits) -> PersonaModel:
    fresh = {name: edit for name, edit in edits.items() if _is_missing(model, name, edit)}
    if not fresh:
        return model
    base, personas = model.mixture, list(model.personas)
    if base is None:
        base = PersonaMixture.of(Schema(()), Parameters(np.zeros((0, 1)), np.ones(1)), (0,))
        personas[0] = {**personas[0], "name": EVERYONE_ELSE}
    bonds = [Bond(drawn=edit.drawn) for edit in fresh.values()]
    schema = with_drawn(base.schema_, bonds)
    visitors = max(float(base.parameters_.sizes.sum()), 1.0)
    old = relaid(base.schema_, base.parameters_.sums, schema)
    sums = np.hstack([old, bonds_of(bonds, schema, int(visitors))])
    told = DRAWN_SHARE * visitors if model.mixture is not None else 1.0
    sizes = np.concatenate([base.parameters_.sizes, np.full(len(bonds), told)])
    count = len(personas)
    owners = [*base.owners_, *range(count, count + len(bonds))]
    mixture = PersonaMixture.of(schema, Parameters(sums, sizes), owners, base.prior)
    drawn = [drawn_record(name, edit) for name, edit in fresh.items()]
    return replace(model, mixture=mixture, personas=(*personas, *drawn))


def drawn_record(identity: str, edit: Edit) -> dict[str, Any]:
    """A persona of which only people know so far."""
    traits = [
        {"feature": name.removeprefix("trait:"), "value": value, "lift": None}
        for name, values in edit.drawn.items()
        for value in values
    ]
    told = edit.description or ""
    return record(identity, edit.name or identity, "manual", description=told, traits=traits)


def relaid(before: Schema, sums: Array, schema: Schema) -> Array:
    """Sums of a schema in the places of a wider one."""
    wider = np.zeros((schema.width, sums.shape[1]))
    for column, part in zip(schema.columns, schema.slices, strict=True):
        if column in before.columns:
            wider[part] = sums[before.slices[before.columns.index(column)]]
    return wider


# --- names ------------------------------------------------------------------------------------


def _renamed(model: PersonaModel, edits: Edits) -> PersonaModel:
    personas = tuple(_named(p, edits.get(p["id"])) for p in model.personas)
    past = tuple(_named(p, edits.get(p["id"])) for p in model.past)
    unknown = {name for name, edit in edits.items() if edit.drawn}
    unknown -= {p["id"] for p in (*personas, *past)}
    drafts = tuple(
        _not_in_use(drawn_record(name, edits[name]), edits[name], goal(name, edits))
        for name in sorted(unknown)
    )
    return replace(model, personas=personas, past=(*past, *drafts))


def _not_in_use(persona: Persona, edit: Edit, owner: str) -> Persona:
    if owner != persona["id"]:
        return {**persona, "status": "retired", "mergedInto": owner}
    return {**persona, "status": edit.status or "draft"}


def _named(persona: Persona, edit: Edit | None) -> Persona:
    if edit is None:
        return persona
    told = {"name": edit.name, "description": edit.description, "locked": edit.locked}
    if edit.status is not None and not (persona["status"] == "retired" and "mergedInto" in persona):
        told["status"] = edit.status
    return {**persona, **{name: value for name, value in told.items() if value is not None}}


__all__ = ["EVERYONE_ELSE", "NOBODY_YET", "NO_EDITS", "Persona", "PersonaModel", "everyone"]
