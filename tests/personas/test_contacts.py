"""Chances of contacts begin with the expert's word and go over to what was seen."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from personas.contacts import (
    PERSONA_WEIGHT,
    PRIOR,
    PRIOR_WEIGHT,
    WAYS,
    Contacts,
    after_contacts,
    chances,
    for_content,
)

EMAIL = WAYS.index("email")
INTENT = np.eye(7)[3]


def seen(tried: float, answered: float, persona: int = 0) -> Contacts:
    both = np.zeros((2, 7, len(WAYS))), np.zeros((2, 7, len(WAYS)))
    both[0][persona, 3, EMAIL], both[1][persona, 3, EMAIL] = tried, answered
    return Contacts(("p", "q"), *both)


def test_before_anything_was_seen_the_expert_answers():
    found = chances(Contacts.none(), {}, INTENT)
    assert {way: found[way].probability for way in WAYS} == pytest.approx(
        dict(zip(WAYS, PRIOR[3], strict=True))
    )
    assert found["email"].seen == 0
    assert found["email"].probability == found["email"].expert


def test_a_phase_and_then_a_persona_go_over_to_what_was_seen():
    contacts = seen(60, 30)
    phase = (30 + PRIOR_WEIGHT * PRIOR[3, EMAIL]) / (60 + PRIOR_WEIGHT)
    own = (30 + PERSONA_WEIGHT * phase) / (60 + PERSONA_WEIGHT)
    assert chances(contacts, {"q": 1.0}, INTENT)["email"].probability == pytest.approx(phase)
    assert chances(contacts, {"p": 1.0}, INTENT)["email"].probability == pytest.approx(own)
    assert chances(contacts, {}, INTENT)["email"].probability == pytest.approx(phase)
    mixed = chances(contacts, {"p": 0.5, "q": 0.5}, INTENT)["email"].probability
    assert mixed == pytest.approx((phase + own) / 2)


def test_much_data_speaks_and_its_interval_is_a_betas():
    found = chances(seen(100_000, 40_000), {"p": 1.0}, INTENT)["email"]
    assert found.probability == pytest.approx(0.4, abs=0.001)
    a = found.probability * (100_000 + PERSONA_WEIGHT)
    b = (1 - found.probability) * (100_000 + PERSONA_WEIGHT)
    assert (found.low, found.high) == pytest.approx(stats.beta(a, b).interval(0.95))


def test_doubt_about_phase_and_persona_is_carried_through():
    unsure = chances(Contacts.none(), {}, np.full(7, 1 / 7))["email"].probability
    assert unsure == pytest.approx(PRIOR[:, EMAIL].mean())


def test_contacts_tire_and_worse_content_is_answered_less():
    chance = 0.3
    assert after_contacts(chance, 0) == pytest.approx(chance)
    assert after_contacts(chance, 2) < after_contacts(chance, 1) < chance
    assert for_content(chance, 0.0) == pytest.approx(chance)
    assert for_content(chance, np.log(2)) == pytest.approx(0.3 / 0.7 / 2 / (1 + 0.3 / 0.7 / 2))
