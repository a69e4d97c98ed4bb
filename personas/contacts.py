"""Which channel answers, for whom and when: Beta posteriors around an expert's table.

A contact is answered when the visitor comes by it within a week. How often, is believed for each
phase and channel from the expert's word, sharpened by what the site saw; and for each persona from
the phase's, sharpened by what that persona's visitors did (Gelman et al. 2013, chapter 5, with the
strength of each prior given).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from personas.entities import CHANNELS, LADDER, Array

NOTHING = "nothing"  # no contact: the visitor comes by itself, or not
BY_ITSELF = frozenset({"direct", "search"})  # how it then comes
WAYS = (*CHANNELS, NOTHING)
CONTACTS = ("email", "push", "paid", "social", "partner", "offline")  # what a site can do
WITHIN = 7 * 86_400.0  # seconds
SURE = 0.95
# The expert's word: how many of a hundred contacts are answered by somebody about to decide …
_USUAL = {"search": 8, "paid": 3, "email": 9, "social": 3, "partner": 3, "offline": 8, "push": 6,
          "direct": 14, NOTHING: 20}  # fmt: skip
# … and how much more or less on each rung.
_BY_RUNG = (0.4, 0.7, 1.0, 1.3, 1.3, 0.9, 1.3)
PRIOR: Array = np.clip(np.outer(_BY_RUNG, [_USUAL[way] / 100 for way in WAYS]), 0.001, 0.6)
PRIOR_WEIGHT = 30.0  # contacts that the expert's word is worth, on a rung and channel
PERSONA_WEIGHT = 30.0  # that a phase's own rate is worth for one of its personas


@dataclass(frozen=True)
class Contacts:
    """What was seen of contacts, weighed by the belief in persona and rung at that moment.

    Attributes:
        personas: ids.
        tried, answered: [personas, 7, WAYS].
    """

    personas: tuple[str, ...]
    tried: Array
    answered: Array

    @classmethod
    def none(cls) -> Contacts:
        """Before anything was seen."""
        nothing = np.zeros((0, len(LADDER), len(WAYS)))
        return cls((), nothing, nothing)


@dataclass(frozen=True, slots=True)
class Chance:
    """How likely a contact is answered, and on how much that rests.

    Attributes:
        low, high: 95 % interval.
        seen: contacts of such visitors at such a time that were seen.
        expert: what the expert's word alone would say.
    """

    probability: float
    low: float
    high: float
    seen: float
    expert: float


def chances(
    contacts: Contacts, memberships: Mapping[str, float], ladder: Array
) -> dict[str, Chance]:
    """The chance of each of `WAYS` to be answered by a visitor.

    Args:
        memberships: probability of each persona, by id; those unknown here are as the phase is.
        ladder: belief over the ladder [7].
    """
    from scipy.special import betaincinv  # half a second, which serving need not wait for

    tried, answered = contacts.tried.sum(axis=0), contacts.answered.sum(axis=0)
    of_rung = (answered + PRIOR_WEIGHT * PRIOR) / (tried + PRIOR_WEIGHT)
    known = np.asarray([memberships.get(name, 0.0) for name in contacts.personas])
    own = (contacts.answered + PERSONA_WEIGHT * of_rung) / (contacts.tried + PERSONA_WEIGHT)
    rest = max(1.0 - float(known.sum()), 0.0)
    rates = np.tensordot(known, own, 1) + rest * of_rung
    weights = np.tensordot(known, contacts.tried, 1)
    expert, rates, seen = ladder @ PRIOR, ladder @ rates, ladder @ weights
    strength = PERSONA_WEIGHT + seen
    edges = [betaincinv(rates * strength, (1 - rates) * strength, at) for at in _EDGES]
    columns = zip(rates, *edges, seen, expert, strict=True)
    return {way: Chance(*map(float, row)) for way, row in zip(WAYS, columns, strict=True)}


_EDGES = ((1 - SURE) / 2, (1 + SURE) / 2)
TIRED = 0.6  # factor on the odds for each contact of the last days
TIRED_FOR = 3 * 86_400.0  # seconds


def after_contacts(chance: float, lately: int) -> float:
    """The same after some contacts in the last days, each of which tires."""
    odds = chance / (1 - chance) * TIRED**lately
    return odds / (1 + odds)


def for_content(chance: float, below: float) -> float:
    """The same with content whose score lies `below` the best's, in log-odds."""
    odds = chance / (1 - chance) * float(np.exp(-max(below, 0.0)))
    return odds / (1 + odds)
