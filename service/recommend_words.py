"""Reasons in words that a visitor may read."""

from __future__ import annotations

from personas.entities import LADDER

LONGEST_TITLE = 80
PHASE_WORDS = dict(
    zip(
        LADDER,
        (
            "A good place to start",
            "For people who want to know more",
            "Helps people who compare solutions",
            "Helps people who are about to decide",
            "For people who are ready to buy",
            "Helps people who already use it",
            "For people who like to come back",
        ),
        strict=True,
    )
)
WORDS = {
    "interest": "Matches what you read",
    "phase-match": "Fits where you are",
    "popular": "Popular with other visitors",
    "new": "New",
    "query": "Matches your search",
    "together": "Others who read the same went on with this",
    "persona-match": "Chosen by people like you",
    "progress": "Helped others to take the next step",
    "boost": "Recommended by the editors",
    "pinned": "Chosen by the editors",
    "variety": "Adds variety",
    "other": "Further signals",
}
# Where the weight is against the item, for those who look at explanations.
AGAINST = {
    "interest": "Less like what you read",
    "phase-match": "More for another moment",
    "popular": "Not yet seen by many",
    "new": "Around for a while",
    "query": "Far from your search",
    "together": "Seldom read with what you read",
    "persona-match": "Chosen less by people like you",
    "progress": "Helped fewer to take the next step",
    "other": "Further signals",
    "boost": "Held back by the editors",
    "variety": "Much like an item above",
}


def words_of(code: str, weight: float, *, rung: str | None, because: str | None) -> str:
    """What a reason says.

    Args:
        rung: of the ladder, that the item is for.
        because: title of the item that was read and is most like it.
    """
    if weight < 0:
        return AGAINST.get(code, WORDS.get(code, code))
    if code == "phase-match" and rung is not None:
        return PHASE_WORDS[rung]
    if code == "interest" and because:
        return f"Because you read “{_short(because)}”"
    return WORDS.get(code, code)


def _short(title: str) -> str:
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1].rstrip() + "…"
