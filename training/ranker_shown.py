"""What was shown to visitors, and which of it was taken."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from personas.feedback import Shown, joined, worth_of
from personas.seen import NOT_A_VIEW
from personas.vocabulary import plain
from training.ranker_cases import Offer
from training.ranker_views import Items

if TYPE_CHECKING:
    from training.dataset import SiteData


def choices_shown(data: SiteData, items: Items) -> tuple[Offer, ...]:
    """The answers of which something was taken, in the order of time; one for each thing taken."""
    number = {name: place for place, name in enumerate(items.ids)}
    offers: list[Offer] = []
    for shown, visitor in answers_given(data):
        rows = [number.get(content, -1) for content in shown.contents]
        if visitor is None or len(rows) < 2:
            continue
        offers += [
            Offer(shown.time, visitor, tuple(rows), place, worth)
            for place, worth in zip(shown.taken, shown.worth, strict=True)
            if rows[place] >= 0
        ]
    return tuple(offers)


def answers_given(data: SiteData) -> list[tuple[Shown, int | None]]:
    """All answers with what came of them, in the order of time; each with its visitor's number,
    None for somebody of whom nothing else is known."""
    visitor_of: dict[str, int] = {}
    views: defaultdict[tuple[str, str], list[tuple[float, float | None]]] = defaultdict(list)
    answered = {answer.get("visitor") for answer in data.impressions}
    for place, each in enumerate(data.visitors):
        names = [str(key) for key in each.ids if str(key) in answered]
        for name in names:
            visitor_of[name] = place
        for touchpoint in each.history.touchpoints if names else ():
            if touchpoint.content is not None and plain(touchpoint.name) not in NOT_A_VIEW:
                view = (touchpoint.time, worth_of(touchpoint))
                for name in names:
                    views[name, touchpoint.content].append(view)
    found = joined(data.impressions, data.outcomes, views)
    return [(each, visitor_of.get(each.visitor)) for each in found]
