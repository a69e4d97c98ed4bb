"""Which persona of today is which persona of before, so that ids and names outlive retraining.

Optimal assignment (Kuhn 1955) by what two personas share: their members, and what their parameters
make of the same visitors. What has no counterpart was born, split off, merged or retired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from personas.entities import Array

MEMBERS, PARAMETERS = 0.7, 0.3  # how much each counts
AKIN = 0.3  # two personas less alike than this are not the same
NONE_FIXED: Mapping[int, int] = {}
MOST_OF = 0.5  # of the members, to say where they came from or went


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a persona.

    Args:
        kind: "born", "split" (off another), "merged" (into another) or "retired".
        persona: number among the new ones for the first two, among the old ones for the others.
        other: the old one it split off, or the new one it merged into.
    """

    kind: Literal["born", "split", "merged", "retired"]
    persona: int
    other: int | None = None


@dataclass(frozen=True)
class Lineage:
    """How the personas of before became those of today.

    Args:
        heirs: new persona → the old one that it continues.
        events: of all others.
        moved: share of visitors whose likeliest persona is another one now.
    """

    heirs: Mapping[int, int] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    moved: float = 0.0


def trace(
    before: Array,
    after: Array,
    likeness: Array | None = None,
    fixed: Mapping[int, int] = NONE_FIXED,
) -> Lineage:
    """Match personas.

    Args:
        before: memberships of today's visitors under the personas of before [visitor, old].
        after: under those of today [visitor, new].
        likeness: of parameters [old, new], 1 where they are the same and 0 where unrelated.
        fixed: new persona → old one, where people say so.
    """
    from scipy.optimize import linear_sum_assignment  # half a second, which serving never needs

    together = before.T @ after
    old_sizes, new_sizes = before.sum(0), after.sum(0)
    alike = 2 * together / np.maximum(old_sizes[:, None] + new_sizes, 1e-9)
    if likeness is not None:
        alike = MEMBERS * alike + PARAMETERS * np.clip(likeness, 0.0, 1.0)
    for new, old in fixed.items():
        alike[old], alike[:, new] = -1.0, -1.0
        alike[old, new] = 2.0
    pairs = zip(*linear_sum_assignment(-alike), strict=True)
    heirs = {int(new): int(old) for old, new in pairs if alike[old, new] >= AKIN}
    return Lineage(heirs, _events(together, heirs), _moved(before, after, heirs))


def _events(together: Array, heirs: Mapping[int, int]) -> tuple[Event, ...]:
    olds, news = together.shape
    events = []
    for new in range(news):
        if new not in heirs:
            origin, share = _most(together[:, new])
            split = share >= MOST_OF and origin in heirs.values()
            events.append(Event("split", new, origin) if split else Event("born", new))
    for old in set(range(olds)) - set(heirs.values()):
        goal, share = _most(together[old])
        merged = share >= MOST_OF and goal in heirs
        events.append(Event("merged", old, goal) if merged else Event("retired", old))
    return tuple(events)


def _most(counts: Array) -> tuple[int, float]:
    total = float(counts.sum())
    place = int(counts.argmax())
    return place, float(counts[place]) / total if total > 0 else 0.0


def _moved(before: Array, after: Array, heirs: Mapping[int, int]) -> float:
    if not len(before):
        return 0.0
    continues = np.array([heirs.get(new, -1) for new in range(after.shape[1])])
    return float(np.mean(continues[after.argmax(1)] != before.argmax(1)))


def profile_likeness(before: Array, after: Array) -> Array:
    """Likeness [old, new] by what each persona makes of the same visitors.

    Args:
        before: log-likelihoods of visitors under the old personas [visitor, old].
        after: under the new ones [visitor, new].
    """
    if len(before) < 2:
        return np.zeros((before.shape[1], after.shape[1]))
    left, right = _standardised(before), _standardised(after)
    return np.asarray(left.T @ right / len(before))


def _standardised(table: Array) -> Array:
    against = table - table.mean(1, keepdims=True)
    against = against - against.mean(0)
    return np.asarray(against / np.maximum(against.std(0), 1e-12))


def told(lineage: Lineage, old_names: Sequence[str], new_names: Sequence[str]) -> tuple[str, ...]:
    """The events as sentences, and how many visitors moved."""
    sentences = [_sentence(event, old_names, new_names) for event in lineage.events]
    kept = len(lineage.heirs)
    if kept:
        sentences.append(f"{_count(kept, 'persona')} stayed the same.")
    sentences.append(f"{lineage.moved:.0%} of the visitors moved to another persona.")
    return tuple(sentences)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _sentence(event: Event, old: Sequence[str], new: Sequence[str]) -> str:
    if event.kind == "born":
        return f"“{new[event.persona]}” is new."
    if event.kind == "split" and event.other is not None:
        return f"“{new[event.persona]}” split off from “{old[event.other]}”."
    if event.kind == "merged" and event.other is not None:
        return f"“{old[event.persona]}” merged into “{new[event.other]}”."
    return f"“{old[event.persona]}” retired: nobody is like that any more."
