"""What is observed of a visitor: absent where unknown, never who it is by name."""

from __future__ import annotations

import numpy as np
import pytest

from personas.entities import ContentFacts, History, Touchpoint, TraitChange
from personas.features import Average, features_of, identifies, sensitive_kind, visits_of
from personas.mixture import NEVER_FITTED

DAY = 86_400.0


def touch(time, **fields):
    return Touchpoint(time=time, message=int(time), name="page", **fields)


def history(*touchpoints, **traits):
    changes = [TraitChange(0.0, n, name, value) for n, (name, value) in enumerate(traits.items())]
    return History(touchpoints=touchpoints, traits=tuple(changes))


def test_nothing_observed_is_nothing_known():
    assert features_of(History(), {}) == {}


def test_traits_are_features():
    features = features_of(history(role=" buyer ", seats=12, premium=True), {})
    assert features == {"trait:role": "buyer", "trait:seats": 12.0, "trait:premium": "yes"}


def test_the_latest_told_wins_and_a_withdrawn_trait_is_gone():
    told = History(
        traits=(
            TraitChange(1.0, 1, "role", "buyer"),
            TraitChange(2.0, 2, "role", "owner"),
            TraitChange(3.0, 3, "role", None),
        )
    )
    assert features_of(told, {}, at=1.5) == {"trait:role": "buyer"}
    assert features_of(told, {}, at=2.5) == {"trait:role": "owner"}
    assert features_of(told, {}) == {}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Year_Birth", "age"),
        ("senior_citizen", "age"),
        ("gender", "sex"),
        ("female", "sex"),
        ("Marital_Status", "family"),
        ("ethnicity", "origin"),
        ("health_status", "health"),
        ("language", None),
        ("accountAge", None),
        ("Seniority", None),
        ("Education", None),
    ],
)
def test_sensitive_traits_are_known_by_name(name, kind):
    assert sensitive_kind(name) == kind


def test_sensitive_traits_stay_out_unless_a_site_asks_for_them():
    told = history(gender="f", role="buyer")
    assert features_of(told, {}) == {"trait:role": "buyer"}
    asked = features_of(told, {}, allow_sensitive=True)
    assert asked == {"trait:gender": "f", "trait:role": "buyer"}


@pytest.mark.parametrize(
    ("name", "text"),
    [("email", True), ("firstName", True), ("customer_id", False), ("createdAt", True),
     ("zip", False), ("Lead Number", False), ("website", True)],
)  # fmt: skip
def test_what_names_one_person_never_becomes_a_feature(name, text):
    assert identifies(name, text)


@pytest.mark.parametrize("name", ["Total Time Spent on Website", "Do Not Email", "phone_calls"])
def test_numbers_and_answers_about_such_things_may(name):
    assert not identifies(name, text=False)


def test_a_mail_address_under_any_name_stays_out():
    assert features_of(history(contact="a@b.example"), {}) == {}


def test_half_an_hour_without_a_touchpoint_ends_a_visit():
    visits = visits_of([touch(0.0), touch(1800.0), touch(3601.0)])
    assert [len(visit) for visit in visits] == [2, 1]


def test_the_first_channel_that_says_more_than_direct_speaks_for_the_visit():
    features = features_of(history(touch(0.0), touch(5.0, channel="search"), touch(DAY)), {})
    assert features["channel"] == {"search": 1.0, "direct": 1.0}


def test_the_pace_is_that_of_visits_that_ended():
    alone = features_of(history(touch(0.0), touch(5.0)), {})
    assert "pace" not in alone
    two = features_of(history(touch(0.0), touch(5.0), touch(DAY)), {})
    assert two["pace"] == Average(2.0, 1.0)


def test_reading_time_comes_with_the_number_of_pages():
    read = features_of(history(touch(0.0, dwell=1.0), touch(9.0, dwell=1.0)), {})
    assert read["dwell"] == Average(0.0, 2.0)


def test_topics_and_types_come_from_the_content():
    facts = {"/a": ContentFacts("guide", np.full(7, 1 / 7), ("x",))}
    features = features_of(history(touch(0.0, content="/a"), touch(1.0, content="/b")), facts)
    assert (features["topic"], features["content type"]) == ({"x": 1.0}, {"guide": 1.0})


def test_only_what_was_known_then_counts():
    told = history(touch(0.0, channel="search"), touch(DAY, channel="email"))
    assert features_of(told, {}, at=1.0)["channel"] == {"search": 1.0}


def test_how_often_they_come_and_what_they_spend_describes_them():
    visits = history(
        touch(1.0),
        Touchpoint(2.0 * DAY, 2, "Order Completed", value=30.0),
        Touchpoint(2.0 * DAY + 60, 3, "Product Viewed", value=999.0),
        Touchpoint(4.0 * DAY + 1, 4, "Subscription Renewed", value=50.0),
    )
    features = features_of(visits, {})
    assert features["days between visits"] == Average(2.0, 2.0)
    assert features["order value"] == Average(40.0, 2.0)
    assert {"days between visits", "order value"} <= set(NEVER_FITTED)
