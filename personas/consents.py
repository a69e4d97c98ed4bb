"""What visitors allow: which words mean what, which word counts, and what is denied.

The latest word counts, but what a message grants does not lift a denial that a person set through
the API. Two things can be denied here: to be remembered (`ANALYTICS`), and to get content chosen by
what is remembered (`PERSONALIZATION`). Consent managers call them by many names; what else they ask
about is kept and told, and changes nothing here.
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
BY_A_PERSON = 0  # the `message` of what a person set through the API
LONGEST_TYPE = 100
MOST_CONSENTS = 100  # changes of one id


def type_of_consent(name: str) -> str:
    """One spelling of what is asked about."""
    return name.strip().casefold()[:LONGEST_TYPE]


def denied_by_message(told: Iterable[tuple[str, bool]]) -> frozenset[str]:
    """What a message's own consents deny, of `ANALYTICS` and `PERSONALIZATION`."""
    return _denied(dict(told).items())


def denied_by(consents: Sequence[Consent]) -> frozenset[str]:
    """What is denied by the latest words, of `ANALYTICS` and `PERSONALIZATION`."""
    return _denied((each.type, each.granted) for each in latest(consents).values())


def latest(consents: Iterable[Consent]) -> dict[str, Consent]:
    """The word that counts, of each type; they are sorted by time."""
    counts: dict[str, Consent] = {}
    for each in consents:
        if not _outlasts(counts.get(each.type), each):
            counts[each.type] = each
    return counts


def _outlasts(before: Consent | None, now: Consent) -> bool:
    denied = before is not None and before.message == BY_A_PERSON and not before.granted
    return denied and now.message != BY_A_PERSON and now.granted


def _denied(told: Iterable[tuple[str, bool]]) -> frozenset[str]:
    refused = {type_of_consent(name) for name, granted in told if not granted}
    return frozenset(thing for thing, names in NAMES.items() if refused & names)


def with_consents(before: tuple[Consent, ...], new: Iterable[Consent]) -> tuple[Consent, ...]:
    """Both together, in the order of time.

    Websites tell the same with each message: of a row of equal words the first and the last are
    kept, so that the latest counts in whichever order they come.
    """
    rows: defaultdict[tuple[str, bool], list[Consent]] = defaultdict(list)
    for each in sorted({*before, *new}, key=_order):
        row = rows[each.type, each.message == BY_A_PERSON]
        if len(row) > 1 and row[-1].granted == row[-2].granted == each.granted:
            row.pop()
        row.append(each)
    kept = sorted((each for row in rows.values() for each in row), key=_order)
    return tuple(kept[-MOST_CONSENTS:])


def strictest(parts: Sequence[tuple[Consent, ...]]) -> tuple[Consent, ...]:
    """What holds for several ids that are one visitor, at each moment: what any of them denies is
    denied."""
    words = sorted(
        ((each, number) for number, part in enumerate(parts) for each in part),
        key=lambda word: (*_order(word[0]), word[1]),
    )
    held: defaultdict[str, dict[int, Consent]] = defaultdict(dict)
    together = []
    for each, number in words:
        of_type = held[each.type]
        if not _outlasts(of_type.get(number), each):
            of_type[number] = each
        granted = all(word.granted for word in of_type.values())
        together.append(Consent(each.time, BY_A_PERSON, each.type, granted))
    return tuple(together)


def _order(consent: Consent) -> tuple[float, int, str, bool]:
    # Of two words of one moment the denial counts.
    return consent.time, consent.message, consent.type, not consent.granted
