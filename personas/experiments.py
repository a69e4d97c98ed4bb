"""Experiments: visitors parted by chance between ways of drawing lists, and what came of each.

Which arm a visitor is in hangs on a hash alone, so it needs no store and is the same on every
replica. What is hashed is the earliest of the visitor's linked ids: linking a second device, or
signing in, changes nothing for who was here before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np

from personas.entities import Array

SURE = 0.95
UNLIKELY = 0.001  # chance of shares as far off as these, below which something is broken
LEAST_VISITORS = 30  # of an arm


@dataclass(frozen=True, slots=True)
class Arm:
    """One of the ways.

    Attributes:
        weight: its share of the visitors, against the other arms'.
        version: of the models whose ranker draws its lists; None for the active one.
        slot: what is set otherwise in the slot.
        hold_out: the same list for all: nothing personal.
    """

    id: str
    weight: float = 1.0
    version: str | None = None
    slot: Mapping[str, Any] = field(default_factory=dict)
    hold_out: bool = False


@dataclass(frozen=True, slots=True)
class Experiment:
    """Arms, the first of which is what the others are compared with.

    Attributes:
        slots: in which it runs; empty for all.
    """

    id: str
    arms: tuple[Arm, ...]
    slots: frozenset[str] = frozenset()
    running: bool = True

    def covers(self, slot: str) -> bool:
        """Does it part the visitors of this slot now?"""
        return self.running and (not self.slots or slot in self.slots)

    def arm_of(self, unit: str) -> Arm:
        """The arm of a visitor, the same each time.

        Args:
            unit: a name that the visitor keeps.
        """
        hashed = blake2b(f"{self.id}\n{unit}".encode(), digest_size=8).digest()
        place = int.from_bytes(hashed) / 2**64 * sum(arm.weight for arm in self.arms)
        for arm in self.arms:
            place -= arm.weight
            if place < 0:
                return arm
        return self.arms[-1]


def experiment_of(name: str, value: Mapping[str, Any]) -> Experiment:
    """An experiment from what was set for it, in camelCase."""
    arms = (
        Arm(
            each["id"],
            each.get("weight", 1.0),
            each.get("version"),
            each.get("slot") or {},
            bool(each.get("holdOut")),
        )
        for each in value["arms"]
    )
    slots = frozenset(value.get("slots") or ())
    return Experiment(name, tuple(arms), slots, value.get("status", "running") == "running")


# --- what came of it ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ArmResult:
    """What came of one arm.

    Attributes:
        mean: reward of a visitor.
        gain: against the first arm; None for that itself, or where an arm has too few visitors.
    """

    visitors: int
    mean: Interval
    gain: Interval | None = field(default=None)


def compared(rewards: Sequence[Array]) -> list[ArmResult]:
    """Arms compared with the first.

    Args:
        rewards: of each arm, one a visitor.

    Intervals by Student's t, of differences by Welch's approximation, as variances differ.
    """
    first = rewards[0]
    found = [ArmResult(len(first), _mean(first))]
    for own in rewards[1:]:
        enough = min(len(own), len(first)) >= LEAST_VISITORS
        gain = _difference(own, first) if enough else None
        found.append(ArmResult(len(own), _mean(own), gain))
    return found


def _mean(values: Array) -> Interval:
    if len(values) < 2:
        return Interval(float(values.sum()), -np.inf, np.inf)
    return _around(float(values.mean()), _squared_error(values), len(values) - 1)


def _difference(one: Array, other: Array) -> Interval:
    parts = _squared_error(one), _squared_error(other)
    freedom = sum(parts) ** 2 / max(
        parts[0] ** 2 / (len(one) - 1) + parts[1] ** 2 / (len(other) - 1), 1e-300
    )
    return _around(float(one.mean() - other.mean()), sum(parts), max(freedom, 1.0))


def _squared_error(values: Array) -> float:
    return float(values.var(ddof=1)) / len(values)


def _around(value: float, squared_error: float, freedom: float) -> Interval:
    from scipy.special import stdtrit  # half a second, which serving need not wait for

    reach = float(stdtrit(freedom, (1 + SURE) / 2)) * float(np.sqrt(squared_error))
    return Interval(value, value - reach, value + reach)


def sample_ratio(counts: Sequence[int], weights: Sequence[float]) -> float:
    """Chance of visitors as unevenly parted as these, if all is well (Pearson's chi-square).

    >>> sample_ratio([500, 500], [1, 1]), sample_ratio([600, 400], [1, 1]) < UNLIKELY
    (1.0, True)
    """
    from scipy.special import chdtrc  # half a second, which serving need not wait for

    total, seen = np.asarray(weights, float), np.asarray(counts, float)
    expected = total / total.sum() * seen.sum()
    if not seen.sum() or len(seen) < 2:
        return 1.0
    return float(chdtrc(len(seen) - 1, ((seen - expected) ** 2 / expected).sum()))
