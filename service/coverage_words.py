"""What to write next, in two lines that an editor can act on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from embeddings.tagging_descriptions import serves
from personas.entities import CONTENT_TYPES, LADDER, Array, ContentItem
from service.coverage_audience import Audience

STANDING = {
    "awareness": "are only beginning to look around",
    "favorability": "begin to like what they see",
    "consideration": "compare solutions",
    "intent": "are about to decide",
    "conversion": "are buying",
    "after-sales": "already use it",
    "loyalty": "come back and tell others",
}
UNCOMMON = {  # in words, where "a" and the name do not do
    "documentation": "documentation",
    "release-notes": "release notes",
    "pricing": "a pricing page",
    "other": "something",
}
LONGEST = 80  # characters of a title


class Topics:
    """What each persona reads about, and how much of that is there already.

    Args:
        for_personas: [items, personas]; phases: [items, 7].
    """

    def __init__(
        self, items: Sequence[ContentItem], for_personas: Array, phases: Array, audience: Audience
    ) -> None:
        self._items, self._phases, self._for = items, phases, for_personas
        nothing = np.zeros(len(audience.personas))
        self._views = np.array([audience.views.get(item.id, nothing) for item in items])
        self._views = self._views.reshape(len(items), len(audience.personas))
        self._rows: defaultdict[str, list[int]] = defaultdict(list)
        for row, item in enumerate(items):
            for tag in item.tags:
                self._rows[tag].append(row)

    def wanted(self, persona: int, rungs: Sequence[int]) -> str:
        """What this persona reads about most, of which least is for these rungs; "" of nothing."""
        interest = self._views[:, persona] + 1e-3 * self._for[:, persona]
        here = self._for[:, persona] * self._phases[:, list(rungs)].sum(1)
        scores = {
            tag: float(interest[rows].sum() / (1.0 + here[rows].sum()))
            for tag, rows in self._rows.items()
        }
        if scores:
            best = max(sorted(scores), key=lambda tag: scores[tag])
            return f"about “{best}”"
        if not self._items:
            return ""
        title = self._items[int(interest.argmax())].title
        return f"that takes up “{title[:LONGEST]}”" if title else ""


def brief(cell: Mapping[str, Any], topics: Topics, persona: int, rungs: Sequence[str]) -> list[str]:
    """Two lines: what to write for whom, and why."""
    places = [LADDER.index(rung) for rung in rungs]
    who = cell["persona"]["name"]
    standing = STANDING[rungs[0]]
    first = f"Write {a_piece(best_type(places))} {topics.wanted(persona, places)}".rstrip()
    visitors, pieces = cell["demand"]["visitors"], cell["supply"]["items"]
    lost = cell["gap"]["lostProgress"]
    return [
        f"{first} for “{who}”: those of them who {standing}.",
        f"About {visitors:.0f} visitors stand there, {pieces:.1f} pieces of content are for them; "
        f"{lost:.1f} more would take the next step.",
    ]


def a_piece(content_type: str) -> str:
    """One of a type, in words.

    >>> a_piece("article"), a_piece("white-paper"), a_piece("release-notes")
    ('an article', 'a white paper', 'release notes')
    """
    named = content_type.replace("-", " ")
    usual = f"an {named}" if named[0] in "aeiou" else f"a {named}"
    return UNCOMMON.get(content_type, usual)


def best_type(rungs: Sequence[int]) -> str:
    """The type of content that serves these rungs before all others."""
    shares = serves()[:, list(rungs)].sum(1)
    shares[CONTENT_TYPES.index("other")] = 0.0
    return CONTENT_TYPES[int(shares.argmax())]
