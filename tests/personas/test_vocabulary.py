"""Names are understood without configuration, and a site's own mapping goes first."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.entities import CONTENT_TYPES
from personas.vocabulary import KINDS, NAMES, in_words, is_known, kind_of, plain, plain_mapping

unhurried = settings(deadline=None)
CONTRACT = [(name, kind) for kind, names in NAMES.items() for name in names]
SPELLINGS = [str.upper, str.lower, lambda name: name.replace(" ", "_").lower(), str.title]


@pytest.mark.parametrize(("name", "kind"), CONTRACT)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_name_of_the_contract_has_its_kind_however_it_is_spelt(name, kind, spelling):
    assert kind_of(spelling(name), None, {}) == kind


def test_camel_case_is_the_same_name():
    assert plain("orderCompleted") == plain("Order Completed") == "order completed"


def test_no_name_has_two_kinds():
    names = [plain(name) for name, _ in CONTRACT]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("view", ["page", "screen", "Content Viewed", "Page Viewed"])
@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("comparison", "comparing"),
        ("case-study", "comparing"),
        ("white-paper", "comparing"),
        ("pricing", "comparing"),
        ("documentation", "after"),
        ("product-page", "liking"),
        ("article", "informing"),
        (None, "informing"),
    ],
)
def test_a_view_is_named_by_what_was_viewed(view, content_type, kind):
    assert kind_of(view, content_type, {}) == kind


def test_only_views_are_named_by_content():
    assert kind_of("Product Added", "documentation", {}) == "intending"


def test_the_sites_own_mapping_goes_first():
    assert kind_of("Signed Up", None, {"signed up": "after"}) == "after"
    assert kind_of("page", "pricing", {"Page": "other"}) == "other"


def test_a_name_can_be_mapped_to_a_known_name():
    mapping = {"Artikelansicht": "Content Viewed", "Kauf": "Order Completed"}
    assert kind_of("artikelansicht", "comparison", mapping) == "comparing"
    assert kind_of("KAUF", None, mapping) == "buying"


def test_spellings_of_analytics_tools_are_known():
    names = ["add_to_cart", "purchase", "begin_checkout", "view_item"]
    kinds = ["intending", "buying", "intending", "liking"]
    assert [kind_of(name, None, {}) for name in names] == kinds


@unhurried
@given(st.text(max_size=40), st.sampled_from([None, *CONTENT_TYPES]))
def test_any_name_has_a_kind_and_words(name, content_type):
    assert kind_of(name, content_type, {}) in KINDS
    assert in_words(name, content_type)
    assert plain(plain(name)) == plain(name)


@unhurried
@given(st.dictionaries(st.text(max_size=12), st.sampled_from(KINDS), max_size=5))
def test_making_a_mapping_plain_twice_changes_nothing(mapping):
    once = plain_mapping(mapping)
    assert plain_mapping(once) == once


def test_what_nothing_maps_is_not_known():
    assert not is_known("Widget 7 Used", {})
    assert kind_of("Widget 7 Used", None, {}) == "other"
    assert is_known("Widget 7 Used", {"widget 7 used": "after"})
    assert is_known("page", {})


def test_words_name_what_was_viewed():
    assert in_words("page", "pricing") == in_words("Pricing Viewed", None) == "Viewed pricing"
    assert "Widget" in in_words("Widget 7 Used", None)
