"""What is denied is denied, in whichever order and under whichever name it was told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.consents import (
    ANALYTICS,
    MOST_CONSENTS,
    PERSONALIZATION,
    denied_by,
    denied_by_message,
    latest,
    strictest,
    with_consents,
)
from personas.entities import Consent, History
from personas.visitor import fold, merged
from tests.builders import accepted, anonymous, page, user

words = st.lists(
    st.builds(
        Consent,
        st.integers(0, 9).map(float),
        st.integers(0, 3),  # 0: a person's, through the API
        st.sampled_from(["analytics", "personalization", "ads"]),
        st.booleans(),
    ),
    max_size=30,
)


def held(consents) -> dict[str, bool]:
    return {name: each.granted for name, each in latest(consents).items()}


@given(words, st.randoms(use_true_random=False))
def test_the_latest_word_counts_in_whichever_order_they_come(told, chance):
    expected = held(sorted(told, key=lambda c: (c.time, c.message, c.type, not c.granted)))
    mixed = [*told, *told[:3]]
    chance.shuffle(mixed)
    kept: tuple[Consent, ...] = ()
    for each in mixed:
        kept = with_consents(kept, [each])
    assert held(kept) == expected


def test_what_is_told_with_every_page_is_kept_twice():
    same = [Consent(float(n), n, "analytics", True) for n in range(1, 501)]
    assert with_consents((), same) == (same[0], same[-1])
    changing = [Consent(float(n), n, "analytics", n % 2 == 0) for n in range(1, 501)]
    assert with_consents((), changing) == tuple(changing[-MOST_CONSENTS:])


@given(st.lists(words, min_size=1, max_size=4), st.integers(0, 9))
def test_what_any_id_denies_the_visitor_denies_at_each_moment(parts, at):
    each = [with_consents((), part) for part in parts]
    together = held(c for c in strictest(each) if c.time <= at)
    alone = [held(c for c in part if c.time <= at) for part in each]
    for name in {name for part in alone for name in part}:
        assert together[name] == all(part.get(name, True) for part in alone)


@pytest.mark.parametrize(
    ("name", "thing"),
    [("Analytics", ANALYTICS), ("C0002", ANALYTICS), ("Personalisation", PERSONALIZATION),
     ("functional", PERSONALIZATION)],
)  # fmt: skip
def test_consent_managers_words_are_understood(name, thing):
    assert denied_by_message([(name, False)]) == {thing}
    assert denied_by_message([(name, True), ("marketing", False)]) == frozenset()


def test_a_message_tells_of_every_id_that_it_names():
    context = {"consent": {"categoryPreferences": {"Personalization": False}}}
    told = accepted(page("m1", userId="u", anonymousId="a", context=context))
    for key in (user("u"), anonymous("a")):
        assert denied_by(fold(History(), key, [told]).consents) == {PERSONALIZATION}
    assert fold(History(), anonymous("b"), [told]).consents == ()


def test_what_a_message_grants_does_not_lift_a_persons_denial():
    denied, told, granted = (Consent(float(n), n % 2, "ads", n > 0) for n in range(3))
    assert not held([denied, told])["ads"]
    assert held([denied, told, granted])["ads"]


def test_of_two_that_become_one_the_stricter_word_counts():
    yes, no = (History(consents=(Consent(float(n), n, "ads", n < 2),)) for n in (1, 2))
    assert not latest(merged([yes, no]).consents)["ads"].granted
    assert not latest(merged([no, yes]).consents)["ads"].granted
