"""Signs of who somebody is, as far as it bears on the journey: traits told, topics read, devices.

They say nothing of the phase itself. They tell the ways apart in which people go: who hurries, who
compares at length, who owns the product already.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite

import numpy as np

from personas.entities import ContentFacts, Touchpoint, TraitChange, TraitValue
from personas.features import TRAIT, identifies, sensitive_kind

Sign = tuple[str, str]  # family, value
Cuts = Mapping[str, Sequence[float]]  # of numeric traits: where one bin ends and the next begins

TOPIC, DEVICE, CHANNEL = "topic", "device", "channel"
MOST_TOPICS = 8  # of one content item
BINS = 6  # of a numeric trait
LONGEST_VALUE = 100
BIN = "#"  # before the number of a bin


def signs_of_touchpoint(
    touchpoint: Touchpoint, fact: ContentFacts | None, opens_visit: bool
) -> Iterator[Sign]:
    """What a touchpoint tells of who it is."""
    if fact is not None:
        for tag in fact.tags[:MOST_TOPICS]:
            yield TOPIC, tag
    if opens_visit and touchpoint.device:
        yield DEVICE, touchpoint.device


def traits_told(traits: Iterable[TraitChange], at: float) -> dict[str, TraitValue]:
    """The traits known at a moment, without those that identify or are sensitive."""
    known = {change.name: change.value for change in traits if change.time <= at}
    return {
        name: value for name, value in known.items() if value is not None and _usable(name, value)
    }


def _usable(name: str, value: TraitValue) -> bool:
    if identifies(name) or sensitive_kind(name) is not None:
        return False
    if isinstance(value, str):
        return 0 < len(value) <= LONGEST_VALUE
    return isfinite(value)


def sign_of_trait(name: str, value: TraitValue, cuts: Cuts) -> Sign:
    """A trait as a sign; numbers fall into bins."""
    if isinstance(value, bool | str):
        return TRAIT + name, str(value).strip().casefold()
    return TRAIT + name, f"{BIN}{bisect_right(cuts.get(name, ()), value)}"


def cuts_of(numbers: Sequence[float]) -> tuple[float, ...]:
    """Bins of a numeric trait, each with as many values: their inner edges."""
    shares = np.linspace(0, 1, BINS + 1)[1:-1]
    return tuple(dict.fromkeys(float(cut) for cut in np.quantile(np.array(numbers), shares)))
