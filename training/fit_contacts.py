"""Which contacts visitors answered: sends where the site tells of them, else comings back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from personas.contacts import BY_ITSELF, NOTHING, WAYS, WITHIN, Contacts
from personas.entities import LADDER, Array, Touchpoint
from personas.phase_model import PhaseModel, ladder_of
from personas.vocabulary import plain, plain_mapping
from training.ranker_ladders import MOST_STEPS, along
from training.ranker_people import People

if TYPE_CHECKING:
    from training.dataset import SiteData

VISIT_ENDS = 1800.0  # seconds without a touchpoint
WAY = {name: number for number, name in enumerate(WAYS)}
# What tells that a contact was made. None of it is a coming of the visitor.
SENDS = {
    "email delivered": "email",
    "email sent": "email",
    "push notification received": "push",
    "push notification sent": "push",
    "sms sent": "push",
    "sms delivered": "push",
}
Step = tuple[Touchpoint, Array]  # and the belief just after it


def fit_contacts(data: SiteData, model: PhaseModel, people: People) -> Contacts:
    """What the log tells of contacts that were answered within a week, or not."""
    personas = max(len(people.ids), 1)
    tried = np.zeros((personas, len(LADDER), len(WAYS)))
    answered = np.zeros_like(tried)
    told = _told_of_sends(data)
    mapping, followed = plain_mapping(data.mapping), 0
    for visitor, each in enumerate(data.visitors):
        followed += len(each.history.touchpoints)
        if followed > MOST_STEPS:
            break
        steps = [(touched, ladder_of(belief)) for touched, _, belief in
                 along(model, each.history, data, mapping)]  # fmt: skip
        for time, ladder, ways, came in _contacts(steps, told):
            if time + WITHIN > data.until:
                continue  # the week is not over
            who = people.at(visitor, time)
            weights = np.outer(np.ones(1) if who is None else who, ladder)
            for way in ways:
                tried[:, :, WAY[way]] += weights
                answered[:, :, WAY[way]] += weights * (way in came)
    return Contacts(people.ids or ("",), tried, answered)


def _told_of_sends(data: SiteData) -> frozenset[str]:
    """Channels of which the site tells each contact."""
    found = {
        SENDS[name]
        for each in data.visitors
        for touched in each.history.touchpoints
        if (name := plain(touched.name)) in SENDS
    }
    return frozenset(found)


def _contacts(
    steps: Sequence[Step], told: frozenset[str]
) -> Iterator[tuple[float, Array, Sequence[str], set[str]]]:
    """When, the belief then, the ways that could be answered, and those that were."""
    visits = _visits(steps)
    untold = [way for way in WAYS if way not in told]
    for number, visit in enumerate(visits):
        last, ladder = visit[-1]
        following = visits[number + 1] if number + 1 < len(visits) else None
        came: set[str] = set()
        if following is not None and following[0][0].time - last.time <= WITHIN:
            channel = following[0][0].channel
            came = {channel} | ({NOTHING} if channel in BY_ITSELF else set())
        yield last.time, ladder, untold, came
    for touched, ladder in steps:
        way = SENDS.get(plain(touched.name))
        if way is not None:
            until = touched.time + WITHIN
            comings = (visit[0][0] for visit in visits)
            came = {each.channel for each in comings if touched.time < each.time <= until}
            yield touched.time, ladder, [way], came


def _visits(steps: Sequence[Step]) -> list[list[Step]]:
    """What the visitor did itself, parted where nothing happened for a while."""
    visits: list[list[Step]] = []
    for step in steps:
        if plain(step[0].name) in SENDS:
            continue
        if visits and step[0].time - visits[-1][-1][0].time <= VISIT_ENDS:
            visits[-1].append(step)
        else:
            visits.append([step])
    return visits
