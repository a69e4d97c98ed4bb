"""What visitors deny is heeded: nothing is kept of them, or nothing chosen by what is known.

A word through the API is a record of the event log, is folded into the visitor's histories, and is
known here in memory to whoever takes messages in. A denial inside a message, or by the browser's
`Sec-GPC: 1`, holds for that message and needs no memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from personas.consents import (
    ANALYTICS,
    LONGEST_TYPE,
    denied_by,
    denied_by_message,
    type_of_consent,
)
from personas.entities import Consent, History, VisitorKey
from personas.errors import InvalidInput, StoreUnavailable
from personas.messages import Accepted, Rejected
from personas.visitor import with_consents_of
from service.store import Fold
from training.eventlog import EventLog, Kind, Record, consent_of, consent_record

if TYPE_CHECKING:
    from service.state import State

NO_CONSENT = "no-consent"
_WHY = "The visitor denies being remembered: nothing of this message was kept."


class Consents:
    """What visitors of each site set through the API, in memory."""

    def __init__(self) -> None:
        self._told: defaultdict[str, dict[VisitorKey, tuple[Consent, ...]]] = defaultdict(dict)

    def read(self, log: EventLog) -> None:
        """All that the log tells."""
        for _, record in log.read(0, kinds=(Kind.CONSENT,)):
            self.told(record)

    def told(self, record: Record) -> None:
        """One more word; only visitors who deny something are remembered."""
        keys, consent = consent_of(record)
        of_site = self._told[record.site]
        for key in keys:
            others = (each for each in of_site.get(key, ()) if each.type != consent.type)
            kept = (*others, *(() if consent.granted else (consent,)))
            of_site[key] = kept
            if not kept:
                del of_site[key]

    def forget(self, site: str, keys: Iterable[VisitorKey]) -> None:
        """These visitors are erased."""
        for key in keys:
            self._told[site].pop(key, None)

    def denied(self, site: str, key: VisitorKey) -> frozenset[str]:
        """What a visitor denies."""
        told = self._told[site].get(key)
        return frozenset() if told is None else denied_by(told)

    def heeded(
        self, site: str, read: Sequence[Accepted | Rejected], denied: bool
    ) -> Sequence[Accepted | Rejected]:
        """Messages of those who deny being remembered are refused.

        Args:
            denied: all of these are.
        """
        known = self._told[site]
        return [
            _refusal(each)
            if isinstance(each, Accepted)
            and (denied or _denies(each) or (known and self._any_denies(site, each)))
            else each
            for each in read
        ]

    def _any_denies(self, site: str, message: Accepted) -> bool:
        ends = {message.owner, *(key for pair in message.links for key in pair)}
        return any(ANALYTICS in self.denied(site, key) for key in ends)


def _denies(message: Accepted) -> bool:
    return bool(message.consents) and ANALYTICS in denied_by_message(message.consents)


def _refusal(message: Accepted) -> Rejected:
    return Rejected(NO_CONSENT, _WHY, message.message_id)


# --- a person's word ------------------------------------------------------------------------------


async def set_consent(
    state: State,
    site: str,
    keys: Sequence[VisitorKey],
    name: str,
    *,
    granted: bool,
    now: float,
) -> Consent:
    """A visitor, whose ids these are, allows something or does not; durable when this returns."""
    kind = type_of_consent(name)
    if not kind or len(name) > LONGEST_TYPE or not kind.isprintable():
        detail = f"name what is allowed or denied in 1-{LONGEST_TYPE} printable characters"
        raise InvalidInput(detail, "invalid-consent-type", "/type")
    record = consent_record(site, keys, kind, round(now, 3), granted)  # as messages tell time
    with state.folding.under_way(state.log.position):
        await state.log.append([record])
        state.consents.told(record)
        try:
            await state.store.update(site, consent_folds(record))
        except StoreUnavailable:
            state.folding.missed()
    return consent_of(record)[1]


def consent_folds(record: Record) -> Mapping[VisitorKey, Fold]:
    """What such a word does to the histories of the visitor's ids."""
    keys, consent = consent_of(record)
    return {key: partial(_with_consent, consent) for key in keys}


def _with_consent(consent: Consent, history: History) -> History:
    return with_consents_of(history, [consent])


def is_private(headers: Mapping[str, str], caller_kind: str) -> bool:
    """Does a browser wish for privacy? What servers send on with a secret key was decided there."""
    return caller_kind == "publishable" and headers.get("sec-gpc", "").strip() == "1"
