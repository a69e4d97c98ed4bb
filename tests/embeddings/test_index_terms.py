"""Terms: how words of texts and queries meet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.index_terms import language_of, terms_of, terms_wanted


def meet(title: str, query: str, locale: str | None = None) -> bool:
    languages = [locale] if locale else ["en"]
    held = terms_of(title, "", "", locale).numbers
    return not set(held).isdisjoint(terms_wanted(query, languages).numbers)


@pytest.mark.parametrize(
    ("title", "query", "locale"),
    [
        ("Heat pumps", "a heat pump", None),
        ("Pumping water", "pumps", "en-GB"),
        ("Wärmepumpen im Altbau", "wärmepumpe", "de"),
        ("日本語のテキスト", "テキスト", "ja"),
        ("Pompa ciepła", "CIEPŁA", "pl"),
    ],
)
def test_words_meet_in_their_stems(title, query, locale):
    assert meet(title, query, locale)


def test_words_that_every_text_has_find_nothing():
    assert terms_wanted("the of and").numbers == ()
    assert not meet("Heat pumps", "cake")


def test_a_query_may_be_in_any_of_a_sites_languages():
    both = set(terms_wanted("Wärmepumpen", ["en", "de"]).numbers)
    assert both >= set(terms_wanted("Wärmepumpen", ["de"]).numbers)
    assert (language_of("pt-BR"), language_of("pl"), language_of(None)) == ("pt", "other", "en")


def test_a_word_of_the_title_weighs_more_than_one_of_the_body():
    held = terms_of("pump", "", "gasket " + "filler " * 50)
    weights = dict(zip(held.numbers, held.weights, strict=True))
    (pump,), (gasket,) = terms_wanted("pump").numbers, terms_wanted("gasket").numbers
    assert weights[pump] > weights[gasket]


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_has_terms_each_once_and_in_their_order(title, body):
    held = terms_of(title, "", body)
    assert list(held.numbers) == sorted(set(held.numbers))
    assert len(held.numbers) == len(held.weights)
