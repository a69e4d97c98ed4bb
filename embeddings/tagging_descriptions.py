"""How often types occur, and which phases they serve: the expert's word, before any data."""

from __future__ import annotations

import numpy as np

from personas.entities import CONTENT_TYPES, Array

COMMON = {  # how often a type occurs, in log odds
    "guide": 0.6, "article": 0.9, "documentation": 0.8, "release-notes": 0.3, "landing-page": 0.5,
    "comparison": -0.2, "case-study": -0.2, "product-page": -0.3, "pricing": -0.5, "other": -0.6,
    "white-paper": -1.2, "newsletter": -1.2, "video": -1.4, "webinar": -1.4, "review": -1.4,
}  # fmt: skip
SERVES = {  # per cent, in the order of the ladder
    "guide": (90, 1, 2, 1, 0, 6, 0),
    "article": (87, 6, 3, 1, 0, 3, 0),
    "video": (52, 18, 14, 4, 0, 11, 1),
    "webinar": (24, 6, 62, 4, 0, 3, 1),
    "white-paper": (8, 3, 86, 2, 0, 1, 0),
    "product-page": (1, 5, 10, 82, 1, 1, 0),
    "review": (3, 6, 88, 2, 0, 1, 0),
    "comparison": (3, 1, 93, 3, 0, 0, 0),
    "case-study": (2, 13, 82, 2, 0, 1, 0),
    "landing-page": (1, 6, 1, 89, 1, 2, 0),
    "pricing": (0, 1, 7, 89, 2, 1, 0),
    "documentation": (3, 1, 1, 1, 0, 93, 1),
    "release-notes": (1, 3, 1, 1, 0, 91, 3),
    "newsletter": (7, 11, 1, 0, 0, 51, 30),
    "other": (14, 38, 8, 4, 10, 21, 5),
}
LEAST = 0.5  # per cent: nothing is ruled out


def common() -> Array:
    """Log odds of the types before anything is read, [15]."""
    return np.array([COMMON[kind] for kind in CONTENT_TYPES])


def serves() -> Array:
    """Probabilities of the phases [7] given each type [15]."""
    shares = np.array([SERVES[kind] for kind in CONTENT_TYPES], np.float64) + LEAST
    table: Array = shares / shares.sum(axis=1, keepdims=True)
    return table
