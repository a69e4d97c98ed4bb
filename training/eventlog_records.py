"""What stands in the event log, and how messages are written into it and read out again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from unicodedata import normalize

import orjson

from personas.entities import Consent, VisitorKey
from personas.messages import Accepted, Rejected, minimised, read_message

MOST_REJECTED_BYTES = 32 << 10


class Kind(StrEnum):
    """What a record tells of. The order is part of the file format: append only."""

    MESSAGE = "message"
    REJECTED = "rejected"
    CONTENT = "content"
    CONTENT_DELETED = "content-deleted"
    TAGS = "tags"
    SETTING = "setting"
    IMPRESSION = "impression"
    ERASED = "erased"
    LINK = "link"
    CONSENT = "consent"


# What tells of visitors, and is kept for a while only.
EXPIRING = frozenset({Kind.MESSAGE, Kind.REJECTED, Kind.IMPRESSION, Kind.LINK, Kind.CONSENT})


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the log.

    Args:
        time: when it was received, seconds since 1970.
        message: hash of the messageId, or 0.
        body: JSON.
    """

    kind: Kind
    site: str
    time: float
    message: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Expiry:
    """Before which moment what tells of visitors must be gone.

    Args:
        usual: of sites that did not say.
        sites: of those that did.
    """

    usual: float
    sites: Mapping[str, float] = field(default_factory=dict)

    def of(self, site: str) -> float:
        """Of one site."""
        return self.sites.get(site, self.usual)

    @property
    def latest(self) -> float:
        """Nothing that came later is gone on any site."""
        return max(self.usual, *self.sites.values()) if self.sites else self.usual

    def takes(self, record: Record) -> bool:
        """Whether a record must be gone."""
        return record.kind in EXPIRING and record.time < self.of(record.site)


def message_record(
    site: str,
    raw: Mapping[str, Any],
    received_at: float,
    sent_at: float | None,
    message: Accepted,
) -> Record:
    """The record of an accepted message: what is needed to read it again, and no more."""
    kept = minimised(raw)
    kept["messageId"] = message.message_id
    for name in ("userId", "anonymousId", "previousId"):
        if isinstance(value := kept.get(name), str):
            kept[name] = normalize("NFC", value)  # so that `concerns` finds it
    body = orjson.dumps({"m": kept, "r": received_at, "s": sent_at})
    return Record(Kind.MESSAGE, site, received_at, message.message, body)


def message_of(record: Record) -> Accepted | Rejected:
    """The message of a MESSAGE record, read again."""
    body = orjson.loads(record.body)
    return read_message(body["m"], body["r"], body["s"])


def rejected_record(site: str, raw: object, received_at: float, rejected: Rejected) -> Record:
    """The record of a message that could not be used, with as much of it as fits.

    Args:
        raw: the message as parsed JSON, or as bytes where it could not be parsed.
    """
    told = {
        "raw": _written(raw)[:MOST_REJECTED_BYTES].decode("utf-8", "replace"),
        "code": rejected.code,
        "detail": rejected.detail,
        "messageId": rejected.message_id,
    }
    return Record(Kind.REJECTED, site, received_at, 0, orjson.dumps(told))


def _written(raw: object) -> bytes:
    if isinstance(raw, bytes):
        return raw
    try:
        return orjson.dumps(minimised(raw) if isinstance(raw, dict) else raw)
    except (TypeError, RecursionError):  # nested beyond what can be written
        return b""


def link_record(
    site: str, one: VisitorKey, other: VisitorKey, time: float, cut: bool = False
) -> Record:
    """The record of a person's word that two ids are, or with `cut` are not, one visitor."""
    told = {"ids": [str(one), str(other)], "cut": cut}
    return Record(Kind.LINK, site, time, 0, orjson.dumps(told))


def link_of(record: Record) -> tuple[VisitorKey, VisitorKey, bool]:
    """Both ids of a LINK record, and whether it cuts."""
    body = orjson.loads(record.body)
    one, other = body["ids"]
    return key_of(one), key_of(other), body["cut"]


def consent_record(
    site: str, keys: Sequence[VisitorKey], kind: str, time: float, granted: bool
) -> Record:
    """The record of a person's word that a visitor allows something or does not."""
    told = {"ids": [str(key) for key in keys], "type": kind, "granted": granted}
    return Record(Kind.CONSENT, site, time, 0, orjson.dumps(told))


def consent_of(record: Record) -> tuple[tuple[VisitorKey, ...], Consent]:
    """The ids of a CONSENT record, and what holds for them."""
    body = orjson.loads(record.body)
    consent = Consent(record.time, record.message, body["type"], body["granted"])
    return tuple(key_of(written) for written in body["ids"]), consent


def key_of(written: str) -> VisitorKey:
    """The key that `str(key)` wrote."""
    kind, _, name = written.partition(":")
    return VisitorKey(kind, name)


def concerns(record: Record, keys: Collection[VisitorKey]) -> bool:
    """Does a record tell of one of these visitors?

    In messages their ids stand in `userId`, `anonymousId` and `previousId`; in other records
    as written keys (`user_id:123`) anywhere. Of a dead letter, any mention is enough.
    """
    told = orjson.loads(record.body)
    if record.kind is Kind.REJECTED:
        return _dead_letter_mentions(told.get("raw"), {key.id for key in keys})
    written = {str(key) for key in keys}
    if record.kind is not Kind.MESSAGE:
        return _mentions(told, written)
    message = told["m"]
    ids = {f"user_id:{message.get('userId')}", f"anonymous_id:{message.get('anonymousId')}"}
    if previous := message.get("previousId"):
        ids |= {f"user_id:{previous}", f"anonymous_id:{previous}"}
    return not ids.isdisjoint(written)


def _dead_letter_mentions(raw: object, ids: set[str]) -> bool:
    if not isinstance(raw, str):
        return False
    try:
        return _mentions(orjson.loads(raw), ids)
    except orjson.JSONDecodeError:
        return any(orjson.dumps(name).decode() in raw for name in ids)


def _mentions(node: object, written: set[str]) -> bool:
    if isinstance(node, str):
        return node in written
    if isinstance(node, dict):
        return any(_mentions(value, written) for value in node.values())
    return isinstance(node, list) and any(_mentions(value, written) for value in node)
