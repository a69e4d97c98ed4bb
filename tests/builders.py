"""Plain functions that make what tests need: messages, touchpoints, histories, content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personas.entities import History, Link, Touchpoint, TraitChange, VisitorKey
from personas.messages import Accepted, message_hash, read_message
from training.eventlog import Kind, Record, message_record

NOW = 1_795_600_000.0  # 25 November 2026
DAY = 86_400.0
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148 Safari/604.1"


def anonymous(name: str = "a1") -> VisitorKey:
    return VisitorKey("anonymous_id", name)


def user(name: str = "u1") -> VisitorKey:
    return VisitorKey("user_id", name)


def page(message_id: str = "m1", at: object = None, **fields: Any) -> dict[str, Any]:
    """A page call of an anonymous visitor; `at` is its timestamp."""
    return call("page", message_id, at, **fields)


def track(event: str, message_id: str = "m1", at: object = None, **fields: Any) -> dict[str, Any]:
    return call("track", message_id, at, event=event, **fields)


def identify(
    message_id: str = "m1",
    at: object = None,
    traits: Mapping[str, Any] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    return call("identify", message_id, at, traits=dict(traits or {}), **fields)


def call(kind: str, message_id: str, at: object = None, **fields: Any) -> dict[str, Any]:
    """A message; of visitor `a1` where no id is given, and without a time where none is."""
    message = {"type": kind, "messageId": message_id, **fields}
    if "userId" not in message and "anonymousId" not in message:
        message["anonymousId"] = "a1"
    if at is not None:
        message["timestamp"] = at
    return message


def accepted(raw: object, received_at: float = NOW, sent_at: float | None = None) -> Accepted:
    """What a message that must be accepted says."""
    result = read_message(raw, received_at, sent_at)
    assert isinstance(result, Accepted), result
    return result


def record_of(raw: Mapping[str, Any], site: str = "default", received_at: float = NOW) -> Record:
    """The log's record of a message that must be accepted."""
    return message_record(site, raw, received_at, None, accepted(raw, received_at))


def record(
    kind: Kind = Kind.SETTING, body: bytes = b"{}", site: str = "default", time: float = NOW
) -> Record:
    return Record(kind, site, time, 0, body)


def touchpoint(name: str = "page", days: float = 0.0, **fields: Any) -> Touchpoint:
    """A touchpoint, `days` after `NOW`."""
    moment = NOW + days * DAY
    message = fields.pop("message", None) or message_hash(f"{name} {days}")
    return Touchpoint(moment, message, name, **fields)


def trait(name: str, value: Any, days: float = 0.0) -> TraitChange:
    return TraitChange(NOW + days * DAY, message_hash(f"{name} {days}"), name, value)


def link(other: VisitorKey, days: float = 0.0, cut: bool = False) -> Link:
    return Link(NOW + days * DAY, 0 if cut else message_hash(f"{other} {days}"), other, cut)


def history(*items: Touchpoint | TraitChange | Link) -> History:
    """A history of these, sorted as it must be."""
    ordered = sorted(items, key=lambda item: (item.time, item.message))
    return History(
        tuple(item for item in ordered if isinstance(item, Touchpoint)),
        tuple(item for item in ordered if isinstance(item, TraitChange)),
        tuple(item for item in ordered if isinstance(item, Link)),
    )


def document(content_id: str = "/guides/heat-pump", **fields: Any) -> dict[str, Any]:
    """A content document, as a site sends it."""
    return {
        "id": content_id,
        "url": f"https://shop.example{content_id}",
        "title": "How a heat pump works",
        "description": "What it needs, what it saves, and how to begin.",
        "body": "A heat pump moves warmth from outside into the house, step by step.",
        "type": "guide",
        "locale": "en",
        "tags": ["heating"],
        "publishedAt": "2026-01-02T03:04:05Z",
        **fields,
    }


def tag_of(name: str, probability: float = 1.0, source: str = "model") -> dict[str, Any]:
    """A tag as documents keep it."""
    return {"id": name, "distribution": {name: probability}, "source": source}
