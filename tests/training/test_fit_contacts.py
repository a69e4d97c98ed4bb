"""Contacts and what personas like are learned from a log's own touchpoints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from personas.contacts import WAYS, WITHIN
from personas.entities import ContentItem, History, Touchpoint, VisitorKey
from personas.phase_model import expert_model
from training.dataset import SiteData, VisitorData, facts_of
from training.fit_affinities import DOUBT, fit_affinities
from training.fit_contacts import fit_contacts
from training.ranker_people import People
from training.ranker_views import read_views

NOW, DAY = 1_795_600_000.0, 86_400.0
CONTENTS = {f"c{k}": ContentItem(id=f"c{k}", title=f"Item {k}") for k in range(4)}


def site(*visitors: list[tuple[float, str, str]]) -> SiteData:
    """Visitors of whom each did these things: days, name of the event, channel."""
    people = [
        VisitorData(
            (VisitorKey("anonymous_id", f"v{number}"),),
            History(
                tuple(
                    Touchpoint(NOW + days * DAY, number * 100 + k, name, channel)
                    for k, (days, name, channel) in enumerate(done)
                )
            ),
        )
        for number, done in enumerate(visitors)
    ]
    until = NOW + 60 * DAY
    return SiteData(people, CONTENTS, facts_of(CONTENTS.values()), {}, [], until)


def counted(data: SiteData) -> dict[str, tuple[float, float]]:
    """Way → tried and answered, over all personas and rungs."""
    found = fit_contacts(data, expert_model(), People(data))
    sums = zip(found.tried.sum(axis=(0, 1)), found.answered.sum(axis=(0, 1)), strict=True)
    return {way: (round(a, 6), round(b, 6)) for way, (a, b) in zip(WAYS, sums, strict=True)}


def test_comings_back_within_a_week_answer_for_their_channel():
    found = counted(site([(0, "page", "search"), (3, "page", "email"), (20, "page", "direct")]))
    assert found["email"] == (3, 1)
    assert found["direct"] == (3, 0), "seventeen days later is no answer"
    assert found["nothing"] == (3, 0)


def test_who_comes_by_itself_answers_for_nothing():
    found = counted(site([(0, "page", "search"), (1, "page", "direct")]))
    assert found["nothing"] == (2, 1)
    assert found["direct"] == (2, 1)


def test_pages_of_one_visit_are_one_contact():
    minute = 1 / 1440
    found = counted(site([(k * minute, "page", "search") for k in range(10)]))
    assert found["email"] == (1, 0)


def test_where_sends_are_told_they_are_what_is_counted():
    found = counted(
        site(
            [(0, "page", "search"), (1, "Email Delivered", "direct"), (2, "page", "email")],
            [(0, "page", "search"), (1, "Email Delivered", "direct")],
        )
    )
    assert found["email"] == (2, 1)
    assert found["push"][0] == 3, "of what nobody tells, visits are counted"


def test_what_is_too_young_to_tell_is_left_out():
    data = replace(site([(0, "page", "search")]), until=NOW + WITHIN / 2)
    assert counted(data)["email"] == (0, 0)


# --- what personas like ---------------------------------------------------------------------------


class Known(People):
    """Two personas, told by the visitor's number."""

    ids = ("even", "odd")

    def __init__(self) -> None:
        pass

    def at(self, visitor: int, time: float) -> np.ndarray:
        return np.eye(2)[visitor % 2]


def test_what_a_persona_views_more_than_others_it_likes_and_few_views_say_little():
    people = []
    for number in range(200):
        content = f"c{number % 2}" if number < 196 else "c2"
        at = NOW + number
        people.append(
            VisitorData(
                (VisitorKey("anonymous_id", f"v{number}"),),
                History((Touchpoint(at, number, "page", content=content),)),
            )
        )
    data = SiteData(people, CONTENTS, facts_of(CONTENTS.values()), {}, [], NOW + 1000)
    items, views = read_views(data)
    found = fit_affinities(views, len(items), Known(), len(views), 0)
    assert found is not None
    expected = np.log((98 + DOUBT) / (49 + DOUBT))
    assert found[0, 0] == pytest.approx(expected)
    assert found[1, 0] == pytest.approx(np.log(DOUBT / (49 + DOUBT)))
    assert abs(found[:, 2]).max() < 0.1
    assert fit_affinities(views, len(items), People(data), len(views), 0) is None
