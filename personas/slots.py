"""Slots: places on a page, and what a site wants of the lists there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Objective = Literal["progress", "clicks"]


@dataclass(frozen=True, slots=True)
class Boost:
    """Items that fit `filter` gain `weight` log-odds; a negative weight pushes them down."""

    filter: Mapping[str, Any]
    weight: float


@dataclass(frozen=True, slots=True)
class FrequencyCap:
    """An item is shown to one visitor no more than `count` times in `hours`."""

    count: int
    hours: float = 24.0


@dataclass(frozen=True, slots=True)
class Slot:
    """What a site wants of the lists in one place.

    Attributes:
        filter: as in a recommendation request; both must hold.
        pins: content ids for the first places.
        exclude: content ids that never come here.
        diversity: 0-1; 0 takes the best however alike they are.
        exploration: 0-1; 0 always shows the best, so that nothing new is learned of the others.
    """

    id: str = "default"
    count: int = 5
    filter: Mapping[str, Any] = field(default_factory=dict)
    boosts: tuple[Boost, ...] = ()
    pins: tuple[str, ...] = ()
    exclude: frozenset[str] = frozenset()
    diversity: float = 0.0
    exploration: float = 0.0
    frequency_cap: FrequencyCap | None = None
    objective: Objective = "clicks"


def slot_of(name: str, value: Mapping[str, Any]) -> Slot:
    """A slot from what was set for it, in the contract's camelCase."""
    cap = value.get("frequencyCap")
    return Slot(
        id=name,
        count=value.get("count") or 5,
        filter=value.get("filter") or {},
        boosts=tuple(Boost(each["filter"], each["weight"]) for each in value.get("boosts") or ()),
        pins=tuple(value.get("pins") or ()),
        exclude=frozenset(value.get("exclude") or ()),
        diversity=value.get("diversity") or 0.0,
        exploration=value.get("exploration") or 0.0,
        frequency_cap=FrequencyCap(cap["count"], cap.get("hours", 24.0)) if cap else None,
        objective=value.get("objective") or "clicks",
    )
