"""Personas in a marketer's words: distinct, without jargon, from what sets them apart."""

from __future__ import annotations

import re

import numpy as np
import pytest

from personas.describe import Telling, composed, is_telling, tellings, traits_of, worded
from personas.features import Average
from personas.mixture import PersonaMixture
from personas.mixture_schema import Parameters
from personas.wording import (
    Piece,
    humanised,
    number_piece,
    observed,
    plural,
    singular,
    value_piece,
)
from tests.personas.populations import drawn


@pytest.fixture(scope="module")
def said():
    mixture = PersonaMixture(count=3, random_state=0).fit(drawn(900, 0.0, seed=3).rows)
    own = mixture.persona_parameters()
    everyone = Parameters(own.sums.sum(1, keepdims=True), own.sizes.sum(keepdims=True))
    return tellings(mixture.schema_, own, everyone, mixture.prior)


def test_each_persona_has_a_name_of_its_own(said):
    names = [wording.name.casefold() for wording in worded(said, [0.5, 0.3, 0.2])]
    assert len(set(names)) == 3


def test_a_name_in_use_is_not_given_again(said):
    first = worded(said, [0.5, 0.3, 0.2])[0].name
    assert worded(said, [0.5, 0.3, 0.2], taken=[first])[0].name != first


def test_no_name_is_a_number_of_a_cluster(said):
    for wording in worded(said, [0.5, 0.3, 0.2]):
        assert not re.search(r"cluster|component|persona \d|trait:", wording.name, re.IGNORECASE)


def test_each_description_has_two_sentences(said):
    for wording in worded(said, [0.5, 0.3, 0.2]):
        assert wording.description.count(".") == 2


def test_each_persona_has_at_least_three_telling_traits(said):
    for told in said:
        lifts = [trait["lift"] for trait in traits_of(told)]
        assert sum(is_telling(lift) for lift in lifts) >= 3


def test_the_lift_of_a_category_is_the_ratio_of_shares():
    population = drawn(1500, 0.0, seed=4)
    mixture = PersonaMixture(count=3, random_state=0).fit(population.rows)
    labels = mixture.predict(population.rows)
    own = mixture.persona_parameters()
    everyone = Parameters(own.sums.sum(1, keepdims=True), own.sizes.sum(keepdims=True))
    told = tellings(mixture.schema_, own, everyone, mixture.prior)
    roles = np.array([row["trait:role"] for row in population.rows])
    for persona, each in enumerate(told):
        found = next(t for t in each if t.feature == "role" and t.lift > 1)
        expected = np.mean(roles[labels == persona] == found.value) / np.mean(roles == found.value)
        assert found.lift == pytest.approx(expected, rel=0.1)


def test_the_lift_of_a_number_is_the_ratio_of_means():
    population = drawn(1500, 0.0, seed=4)
    mixture = PersonaMixture(count=3, random_state=0).fit(population.rows)
    labels = mixture.predict(population.rows)
    own = mixture.persona_parameters()
    everyone = Parameters(own.sums.sum(1, keepdims=True), own.sizes.sum(keepdims=True))
    told = tellings(mixture.schema_, own, everyone, mixture.prior)
    incomes = np.array([row["trait:income"] for row in population.rows])
    for persona, each in enumerate(told):
        found = next(t for t in each if t.feature == "income")
        expected = incomes[labels == persona].mean() / incomes.mean()
        assert found.lift == pytest.approx(expected, rel=0.25)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("MntWines", "wine spending"),
        ("NumWebVisitsMonth", "web visits a month"),
        ("companySize", "company size"),
        ("avg_order_value", "average order value"),
        ("trait:Income", "income"),
    ],
)
def test_features_are_called_as_people_call_them(name, words):
    assert humanised(name) == words


def test_singular_and_plural():
    assert [singular(word) for word in ("wines", "categories", "glass")] == [
        "wine",
        "category",
        "glass",
    ]
    assert [plural(word) for word in ("buyer", "agency", "box")] == ["buyers", "agencies", "boxes"]


def test_numbers_are_high_or_low_and_counts_many_or_few():
    assert number_piece("Income", 1.5, counted=False).text == "high income"
    assert number_piece("NumWebVisitsMonth", 0.6, counted=True).text == "few web visits a month"


def test_values_are_said_as_people_say_them():
    def text(name, label):
        return value_piece(name, label, 0.6, over=True).text

    assert text("trait:kids", "0") == "no kids"
    assert text("trait:kids", "1") == "1 kid"
    assert text("trait:industry", "Software") == "in the software industry"
    assert text("trait:house", "modern") == "a modern house"
    assert text("trait:plan", "Pro") == "on the pro plan"
    assert text("trait:role", "Engineer") == "engineers"
    assert text("trait:country", "DE") == "in DE"
    assert text("content type", "pricing") == "who check prices"
    assert text("topic", "heat-pump") == "interested in heat pump"


def test_words_fall_into_their_places():
    pieces = [
        Piece("who", "who compare", ""),
        Piece("from", "from search", ""),
        Piece("adjective", "mobile", ""),
        Piece("adjective", "evening", ""),
    ]
    assert composed(pieces) == "Mobile evening visitors from search who compare"


def telling(feature, value, lift, weight, share=0.8):
    return Telling(
        feature,
        value,
        lift,
        weight,
        value_piece(feature, value, share, over=lift > 1),
    )


def test_a_name_tells_who_they_are_in_unlike_words():
    told = [
        telling("trait:kids", "2", 2.4, 0.9),
        telling("trait:house", "post-war", 2.0, 0.8),
        telling("channel", "search", 1.9, 0.7),
        telling("trait:role", "owner", 1.3, 0.1),
    ]
    assert worded([told], [0.3])[0].name == "Owners from search with 2 kids"


def test_nobody_is_described_by_what_has_no_name():
    rows = [{"trait:kids": str(n % 3), "trait:plan": "free"} for n in range(300)]
    rows += [{"trait:kids": f"so many as {n}", "trait:plan": "pro"} for n in range(100)]
    mixture = PersonaMixture(count=2, random_state=0).fit(rows)
    own = mixture.persona_parameters()
    everyone = Parameters(own.sums.sum(1, keepdims=True), own.sizes.sum(keepdims=True))
    for told in tellings(mixture.schema_, own, everyone, mixture.prior):
        assert "(other)" not in {trait["value"] for trait in traits_of(told)}


def test_a_description_says_each_feature_once():
    told = [
        telling("trait:house", "modern", 3.2, 0.9),
        telling("trait:house", "seventies", 0.5, 0.4),
        telling("channel", "direct", 1.9, 0.3),
        telling("device", "mobile", 0.4, 0.2),
    ]
    assert worded([told], [0.24])[0].description == (
        "About 24% of your visitors. Compared with everyone, they more often have a modern house "
        "and come directly and seldom use a mobile device."
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("pace", Average(3.52, 4.0), "sees 3.5 pages in a visit"),
        ("dwell", Average(float(np.log(42)), 9.0), "stays 42 seconds on a page"),
        ("hour", {"night": 2.0}, "comes at night"),
        ("channel", {"direct": 1.0}, "comes directly"),
        ("device", {"mobile": 2.0}, "uses a mobile device"),
        ("topic", {"heat-pump": 2.0}, "reads about heat pump"),
        ("content type", {"guide": 2.0}, "reads guides"),
        ("content type", {"video": 2.0}, "watches videos"),
        ("trait:companySize", 40.0, "company size is 40"),
    ],
)
def test_what_was_observed_of_a_visitor_is_said_in_words(name, value, words):
    assert observed(name, value) == words


def test_of_several_values_the_most_frequent_comes_first():
    seen = {"email": 1.0, "search": 3.0}
    assert observed("channel", seen) == "comes from search engines (75%) and through e-mail (25%)"
