"""What a visitor saw and sent away, as ranking reads it from a history."""

from __future__ import annotations

from collections.abc import Callable

from personas.entities import History
from personas.vocabulary import plain

DISMISSED = "recommendation dismissed"
NOT_A_VIEW = frozenset({"recommendation shown", DISMISSED})


def touched(
    history: History, row_of: Callable[[str], int | None], at: float
) -> tuple[list[int], list[int]]:
    """Rows of what was seen up to a moment, the latest last, and of what was dismissed.

    Args:
        row_of: content id or URL → row, None where unknown.
    """
    seen: dict[int, None] = {}
    dismissed: list[int] = []
    for touchpoint in history.touchpoints:
        if touchpoint.content is None or touchpoint.time > at:
            continue
        row = row_of(touchpoint.content)
        if row is None:
            continue
        name = plain(touchpoint.name)
        if name == DISMISSED:
            dismissed.append(row)
        elif name not in NOT_A_VIEW:
            seen.pop(row, None)
            seen[row] = None
    return list(seen), dismissed


def last_here(history: History, at: float) -> float | None:
    """When the visitor looked at content before; None for never."""
    times = (each.time for each in history.touchpoints if each.content and each.time <= at)
    return max(times, default=None)
