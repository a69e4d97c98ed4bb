"""Choices among what was shown: of an answer's items, which was taken."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from personas.feedback import joined
from personas.vocabulary import plain
from training.ranker_cases import Offer
from training.ranker_views import NOT_A_VIEW, Items

if TYPE_CHECKING:
    from training.dataset import SiteData


def choices_shown(data: SiteData, items: Items) -> tuple[Offer, ...]:
    """The answers of which something was taken, in the order of time; one for each thing taken."""
    number = {name: place for place, name in enumerate(items.ids)}
    visitor_of: dict[str, int] = {}
    views: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    answered = {answer.get("visitor") for answer in data.impressions}
    for place, each in enumerate(data.visitors):
        names = [str(key) for key in each.ids if str(key) in answered]
        for name in names:
            visitor_of[name] = place
        for touchpoint in each.history.touchpoints if names else ():
            if touchpoint.content is not None and plain(touchpoint.name) not in NOT_A_VIEW:
                for name in names:
                    views[name, touchpoint.content].append(touchpoint.time)
    offers: list[Offer] = []
    for shown in joined(data.impressions, data.outcomes, views):
        visitor = visitor_of.get(shown.visitor)
        rows = [number.get(content, -1) for content in shown.contents]
        if visitor is None or len(rows) < 2:
            continue
        offers += [
            Offer(shown.time, visitor, tuple(rows), place)
            for place in shown.taken
            if rows[place] >= 0
        ]
    return tuple(offers)
