"""The marketer's hand: names, locks, unions, splits, retirements and personas drawn by hand.

What people decide about personas is kept apart from what was learned. It holds at once, over the
model in use, and binds every later fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from personas.mixture_bonds import Drawing, feature_named

STATUSES = ("draft", "active", "retired")


@dataclass(frozen=True)
class Edit:
    """What people decided about one persona; None where they left it open.

    Args:
        merged_into: the persona that it is part of now.
        split_into: the persona that shall take one half of it.
        drawn: what its visitors are like, where it was drawn by hand.
    """

    name: str | None = None
    description: str | None = None
    status: str | None = None
    locked: bool | None = None
    merged_into: str | None = None
    split_into: str | None = None
    drawn: Drawing = field(default_factory=dict)


Edits = Mapping[str, Edit]
NO_EDITS: Edits = {}


def edits_of(raw: Mapping[str, Any]) -> dict[str, Edit]:
    """Edits by persona, from what was written down; what cannot be read is left out."""
    return {
        identity: _edit(body) for identity, body in sorted(raw.items()) if isinstance(body, Mapping)
    }


def _edit(body: Mapping[str, Any]) -> Edit:
    status = _text(body, "status")
    locked = body.get("locked")
    return Edit(
        name=_text(body, "name"),
        description=_text(body, "description"),
        status=status if status in STATUSES else None,
        locked=locked if isinstance(locked, bool) else None,
        merged_into=_text(body, "mergedInto"),
        split_into=_text(body, "splitInto"),
        drawn=drawing_of(body.get("drawn") or ()),
    )


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) and value.strip() else None


def drawing_of(traits: Iterable[Any]) -> Drawing:
    """Values by feature, of [{feature, value}]."""
    drawn: dict[str, tuple[object, ...]] = {}
    for trait in traits:
        if not isinstance(trait, Mapping) or not isinstance(trait.get("feature"), str):
            continue
        value = trait.get("value")
        values = value if isinstance(value, list) else [value]
        known = tuple(v for v in values if isinstance(v, str | float | int) and v != "")
        if known:
            name = feature_named(trait["feature"])
            drawn[name] = drawn.get(name, ()) + known
    return drawn


def goal(identity: str, edits: Edits) -> str:
    """The persona that stands for this one after all unions."""
    seen = {identity}
    while (edit := edits.get(identity)) is not None and edit.merged_into is not None:
        if edit.merged_into in seen:
            break
        identity = edit.merged_into
        seen.add(identity)
    return identity


def is_retired(identity: str, edits: Edits) -> bool:
    edit = edits.get(identity)
    return edit is not None and edit.status == "retired"


def bound_by_people(identity: str, edits: Edits, siblings: Sequence[str]) -> bool:
    """Whether a fit may not cut, join or drop the components of this persona.

    Args:
        siblings: personas that people merged into it.
    """
    edit = edits.get(identity)
    split = any(each.split_into == identity for each in edits.values())
    if edit is None:
        return split or bool(siblings)
    return bool(edit.locked or edit.drawn or edit.split_into or split or siblings)
