"""What every fit gives back, and how long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Progress = Callable[[float, str], None]  # share done (0-1), what is being done


@dataclass(frozen=True)
class Fitted:
    """A model that was just learned, before a version holds it.

    Attributes:
        name: of the model: "phases", "personas", "tagger" or "ranker".
        arrays: its numbers.
        settings: all that is not an array, for JSON.
        card: Markdown for people: from what it was learned, how good it is, where it is weak.
        report: figures for the job's result.
        activate: False where the version in use is better.
        why: one sentence on that.
    """

    name: str
    arrays: Mapping[str, np.ndarray]
    settings: Mapping[str, Any]
    card: str
    report: Mapping[str, Any] = field(default_factory=dict)
    activate: bool = True
    why: str = ""


def silent(share: float, what: str) -> None:
    """Progress that nobody follows."""
