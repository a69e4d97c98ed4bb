"""What to do next with a visitor: by which channel, with which content, or nothing now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personas.consents import PERSONALIZATION, denied_by
from personas.contacts import (
    CONTACTS,
    NOTHING,
    TIRED_FOR,
    Chance,
    after_contacts,
    chances,
    for_content,
)
from personas.entities import History, VisitorKey
from personas.journeys import Journey
from personas.ranker import Ranker
from personas.vocabulary import plain
from service.experiments import ready_for
from service.recommend import Ask
from service.recommend_choice import Choice, Known, choose
from service.state import State
from service.visitors import Visitor, load_patiently
from training.fit_contacts import SENDS

CONTENTS_EACH = 3  # of a channel
WORDS = {
    "email": "By email",
    "push": "By push message",
    "paid": "By an advertisement",
    "social": "On social media",
    "partner": "Through a partner",
    "offline": "In person or by call",
}


@dataclass(frozen=True)
class Wish:
    """A question for the next touchpoint.

    Attributes:
        channels: that can be used.
        count: of suggestions.
    """

    key: VisitorKey
    journey: Journey
    channels: tuple[str, ...] = CONTACTS
    count: int = 10
    at: float | None = None


async def next_touchpoint(state: State, site: str, wish: Wish, now: float) -> dict[str, Any]:
    """Suggestions, the likeliest to be answered first; "nothing now" is one of them.

    Raises:
        StoreUnavailable: nothing is known of anybody now.
    """
    visitor = await load_patiently(state, site, wish.key, wish.at)
    ask = Ask(wish.key, count=CONTENTS_EACH, journey=wish.journey, explain=False, at=wish.at)
    choice = choose(state, site, ask, Known(visitor, None), await ready_for(state, site, ask), now)
    at = now if wish.at is None else wish.at
    # In a thread: the first one loads what takes half a second to load.
    told = await asyncio.to_thread(_suggested, wish, visitor, choice, at)
    persona, phase = choice.who.persona, choice.who.phase
    return {
        "visitorId": visitor.id,
        "persona": dict(zip(("id", "name", "probability"), persona, strict=True)),
        "phase": {"journey": wish.journey.id, "id": phase[0], "probability": phase[1]},
        "data": told[: wish.count],
        "modelVersion": choice.version,
    }


def _suggested(wish: Wish, visitor: Visitor, choice: Choice, at: float) -> list[dict[str, Any]]:
    ranker = choice.prepared.ranker
    found = chances(ranker.contacts, _memberships(choice, ranker), choice.situation.ladder)
    rows = [_nothing(found[NOTHING])]
    lately = _lately(visitor.history, at)
    for channel in () if _denied(visitor.history) else wish.channels:
        if channel == "email" and not _has_address(visitor):
            continue
        rows += _by(channel, found[channel], lately.get(channel, 0), choice)
    rows.sort(key=lambda row: -row["probability"])
    return [{"rank": rank, **row} for rank, row in enumerate(rows, 1)]


def _memberships(choice: Choice, ranker: Ranker) -> Mapping[str, float]:
    who = choice.situation.personas
    return {} if who is None else dict(zip(ranker.personas, who.tolist(), strict=True))


def _nothing(chance: Chance) -> dict[str, Any]:
    text = (
        f"Nothing now: {chance.probability:.0%} of such visitors come back by themselves in a week"
    )
    return _row(None, None, None, chance, chance.probability, text)


def _by(channel: str, chance: Chance, lately: int, choice: Choice) -> list[dict[str, Any]]:
    rows, usual = [], after_contacts(chance.probability, lately)
    best = max((item.score for item in choice.listed.items), default=0.0)
    for item in choice.listed.items:
        content = choice.prepared.items[item.row]
        probability = for_content(usual, best - item.score)
        text = f"{WORDS[channel]}: {probability:.0%} of such visitors answer within a week"
        if lately:
            text += f", {lately} contact{'s' if lately > 1 else ''} in the last days counted"
        rows.append(_row(channel, content.id, content.title, chance, probability, text))
    return rows


def _row(
    channel: str | None,
    content: str | None,
    title: str | None,
    chance: Chance,
    probability: float,
    text: str,
) -> dict[str, Any]:
    source = f"{chance.seen:.0f} contacts of such visitors were seen"
    if chance.seen < 1:
        source = "nothing was seen of such visitors yet: an expert's estimate"
    return {
        "action": "nothing-now" if channel is None else "contact",
        "channel": channel,
        "contentId": content,
        "title": title,
        "probability": probability,
        "explanation": {
            "text": f"{text}; {source}.",
            "ofChannel": {
                "probability": chance.probability,
                "low": chance.low,
                "high": chance.high,
            },
            "seen": chance.seen,
            "expert": chance.expert,
        },
    }


def _denied(history: History) -> bool:
    return PERSONALIZATION in denied_by(history.consents)


def _has_address(visitor: Visitor) -> bool:
    """Who has an account, or told an address, can be written to."""
    told = any(change.name.lower() == "email" for change in visitor.history.traits)
    return told or any(key.kind == "user_id" for key in visitor.keys)


def _lately(history: History, at: float) -> dict[str, int]:
    """Contacts of the last days, by channel."""
    counts: dict[str, int] = {}
    for touched in history.touchpoints:
        channel = SENDS.get(plain(touched.name))
        if channel is not None and at - TIRED_FOR <= touched.time <= at:
            counts[channel] = counts.get(channel, 0) + 1
    return counts


def contacts_among(channels: Sequence[str]) -> list[str]:
    """Those that a site cannot use, as people come by them only."""
    return [channel for channel in channels if channel not in CONTACTS]
