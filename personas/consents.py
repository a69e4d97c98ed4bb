"""What visitors allow: which words mean what, which word counts, and what is denied.

Two things can be denied here: to be remembered (`ANALYTICS`), and to get content chosen by what is
remembered (`PERSONALIZATION`). Consent managers call them by many names; what else they ask about
is kept and told, and changes nothing here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from personas.entities import Consent

ANALYTICS, PERSONALIZATION = "analytics", "personalization"
NAMES = {
    ANALYTICS: frozenset({
        *("analytics", "analytical", "tracking", "statistics", "statistical", "performance"),
        *("measurement", "c0002"),
    }),
    PERSONALIZATION: frozenset({
        *("personalization", "personalisation", "functional", "functionality", "preferences"),
        "c0003",
    }),
}  # fmt: skip
MOST_CONSENTS = 100  # changes of one id


def denied_by_message(told: Iterable[tuple[str, bool]]) -> frozenset[str]:
    """What a message's own consents deny, of `ANALYTICS` and `PERSONALIZATION`."""
    return _denied(dict(told).items())


def denied_by(consents: Sequence[Consent]) -> frozenset[str]:
    """What is denied by the latest words, of `ANALYTICS` and `PERSONALIZATION`."""
    return _denied((each.type, each.granted) for each in latest(consents).values())


def latest(consents: Iterable[Consent]) -> dict[str, Consent]:
    """The word that counts, of each type; they are sorted by time."""
    return {each.type: each for each in consents}


def _denied(told: Iterable[tuple[str, bool]]) -> frozenset[str]:
    refused = {name.strip().casefold() for name, granted in told if not granted}
    return frozenset(thing for thing, names in NAMES.items() if refused & names)


def with_consents(before: tuple[Consent, ...], new: Iterable[Consent]) -> tuple[Consent, ...]:
    """Both together, in the order of time.

    Websites tell the same with each message: of a row of equal words the first and the last are
    kept, so that the latest counts in whichever order they come.
    """
    rows: defaultdict[str, list[Consent]] = defaultdict(list)
    for each in sorted({*before, *new}, key=_order):
        row = rows[each.type]
        if len(row) > 1 and row[-1].granted == row[-2].granted == each.granted:
            row.pop()
        row.append(each)
    kept = sorted((each for row in rows.values() for each in row), key=_order)
    return tuple(kept[-MOST_CONSENTS:])


def strictest(parts: Sequence[tuple[Consent, ...]]) -> tuple[Consent, ...]:
    """What holds for several ids that are one visitor: what any of them denies is denied."""
    words = sorted(
        ((each, number) for number, part in enumerate(parts) for each in part),
        key=lambda word: (*_order(word[0]), word[1]),
    )
    held: defaultdict[str, dict[int, bool]] = defaultdict(dict)
    together = []
    for each, number in words:
        held[each.type][number] = each.granted
        granted = all(held[each.type].values())
        together.append(Consent(each.time, each.message, each.type, granted))
    return tuple(together)


def _order(consent: Consent) -> tuple[float, int, str, bool]:
    # Of two words of one moment the denial counts.
    return consent.time, consent.message, consent.type, not consent.granted
