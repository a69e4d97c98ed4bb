"""A message of Segment's tracking API → what it says of a visitor, or why it cannot be used.

Segment, RudderStack and Jitsu send the same shapes in slightly different words; all are read here.
A bad message is a value (`Rejected`), never an exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from personas.entities import Touchpoint, TraitChange, VisitorKey
from personas.errors import InvalidInput
from personas.message_origin import (
    Json,
    channel_of,
    device_of,
    part,
    plain_url,
    url_of,
)
from personas.message_values import (
    ADDRESSES,
    LONGEST_ID,
    check_limits,
    id_of,
    moment_of,
    number_of,
    share_of,
    traits_of,
)

__all__ = ["Accepted", "Rejected", "message_hash", "minimised", "plain_url", "read_message"]

FUTURE = 600.0  # seconds that a clock may be ahead
CONTENT_NAMES = ("contentId", "itemId", "productId", "product_id", "content_id", "item_id")
_VALUE_NAMES = ("value", "revenue", "total")
COMPANY = "company."  # before the name of a trait of the visitor's company
TYPES = ("track", "page", "screen", "identify", "group", "alias")
LONGEST_DWELL = 86400.0  # seconds

Pair = tuple[VisitorKey, VisitorKey]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that cannot be used, and how to mend it."""

    code: str
    detail: str
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What one message says.

    `owner` is whose history gets touchpoint and traits: the userId where one was given, else the
    anonymousId. `links` are pairs of ids that belong to one visitor. `recommendation` is the id of
    the answer that the message responds to.
    """

    message: int  # hash of message_id
    message_id: str
    time: float
    type: str
    owner: VisitorKey
    touchpoint: Touchpoint | None = None
    traits: tuple[TraitChange, ...] = ()
    links: tuple[Pair, ...] = ()
    consents: tuple[tuple[str, bool], ...] = ()  # category, granted
    recommendation: str | None = None
    clamped: bool = False  # it came from the future


def message_hash(message_id: str) -> int:
    """A number from 1 to 2^63 - 1 that stands for a message id."""
    digest = blake2b(message_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 1) or 1


def read_message(
    raw: object, received_at: float, sent_at: float | None = None, place: int = 0
) -> Accepted | Rejected:
    """What a message says.

    Args:
        raw: parsed JSON.
        received_at: by our clock; repairs the sender's together with `sent_at`.
        sent_at: of the batch; without it the message's own `sentAt`.
        place: in the batch; tells messages without a messageId apart.
    """
    if type(raw) is not dict:
        return Rejected("not-an-object", "Each message must be a JSON object.", None)
    try:
        check_limits(raw)
        return _read(raw, received_at, sent_at, place)
    except InvalidInput as error:
        return Rejected(error.code, error.detail, _shown_id(raw))


def _shown_id(raw: Json) -> str | None:
    value = raw.get("messageId")
    if type(value) is not str or not value:
        return None
    return value.encode("utf-8", "replace").decode()[:LONGEST_ID]


def _read(raw: Json, received_at: float, sent_at: float | None, place: int) -> Accepted:
    kind = raw.get("type")
    if kind not in TYPES:
        kind = kind.strip().lower() if type(kind) is str else None
        if kind not in TYPES:
            raise InvalidInput(f"`type` must be one of {', '.join(TYPES)}.", "unknown-type")
    message_id = id_of(raw.get("messageId"), "messageId", "invalid-message-id")
    if message_id is None:
        message_id = _made_id(raw, received_at, place)
    message = message_hash(message_id)
    user = id_of(raw.get("userId"), "userId", "invalid-user-id")
    anonymous = id_of(raw.get("anonymousId"), "anonymousId", "invalid-anonymous-id")
    time, clamped = _time_of(raw, received_at, sent_at)
    owner, links = _owner_and_links(raw, kind, user, anonymous)
    context = part(raw, "context")
    properties = part(raw, "properties")
    touchpoint = None
    traits: tuple[TraitChange, ...] = ()
    if kind in ("track", "page", "screen"):
        name = _event_name(raw) if kind == "track" else kind
        touchpoint = _touchpoint(name, time, message, properties, context)
    elif kind != "alias":
        told = _told_traits(raw, kind, context)
        traits = tuple(TraitChange(time, message, *trait) for trait in told.items())
    return Accepted(
        message,
        message_id,
        time,
        kind,
        owner,
        touchpoint,
        traits,
        links,
        consents_of(context),
        _short(properties.get("recommendationId")) if properties else None,
        clamped,
    )


def _made_id(raw: Json, received_at: float, place: int) -> str:
    """An id for a message without one: of its content and when and where it came in."""
    content = repr((raw, received_at, place)).encode()
    return "made-" + blake2b(content, digest_size=16).hexdigest()


def _time_of(raw: Json, received_at: float, sent_at: float | None) -> tuple[float, bool]:
    told = moment_of(raw.get("timestamp"), "timestamp")
    original = moment_of(raw.get("originalTimestamp"), "originalTimestamp")
    if told is not None and original is not None and raw.get("receivedAt"):
        time = told  # out of an archive, where its clock was repaired already
    else:
        began = told if original is None else original
        if began is None:
            return round(received_at, 3), False
        sent = sent_at if sent_at is not None else _lenient_moment(raw.get("sentAt"))
        time = began if sent is None else max(0.0, received_at - (sent - began))
    # Whole milliseconds, as clients' clocks tell; stores may rely on it.
    clamped = time > received_at + FUTURE
    return round(received_at if clamped else time, 3), clamped


def _lenient_moment(value: object) -> float | None:
    try:
        return moment_of(value, "sentAt")
    except InvalidInput:
        return None


# --- who ------------------------------------------------------------------------------------------


def _owner_and_links(
    raw: Json, kind: str, user: str | None, anonymous: str | None
) -> tuple[VisitorKey, tuple[Pair, ...]]:
    others = []
    if user is not None:
        owner = VisitorKey("user_id", user)
        if anonymous is not None:
            others.append(VisitorKey("anonymous_id", anonymous))
    elif anonymous is not None:
        owner = VisitorKey("anonymous_id", anonymous)
    else:
        raise InvalidInput("Give a `userId` or an `anonymousId`.", "no-visitor-id")
    if kind == "alias":
        previous = id_of(raw.get("previousId"), "previousId", "invalid-previous-id")
        if previous is not None:
            # Nothing says whether it was a userId or an anonymousId: it is linked as both.
            others += [VisitorKey("anonymous_id", previous), VisitorKey("user_id", previous)]
        elif not others:
            raise InvalidInput("An alias needs a `previousId`.", "nothing-to-link")
    links = dict.fromkeys((owner, other) for other in others if other != owner)
    return owner, tuple(links)


# --- what -----------------------------------------------------------------------------------------


def _event_name(raw: Json) -> str:
    name = raw.get("event")
    if type(name) is not str or not name.strip():
        raise InvalidInput("A track call needs the name of its `event`.", "no-event-name")
    if len(name) > LONGEST_ID:
        detail = f"`event` may have {LONGEST_ID} characters."
        raise InvalidInput(detail, "event-name-too-long")
    return name.strip()


def _touchpoint(
    name: str, time: float, message: int, properties: Json, context: Json
) -> Touchpoint:
    channel, device = channel_of(properties, context), device_of(context)
    content = _content_of(properties, context)
    if not properties:
        return Touchpoint(time, message, name, channel, content, device)
    return Touchpoint(
        time,
        message,
        name,
        channel,
        content,
        device,
        _dwell_of(properties),
        share_of(properties.get("scrollDepth")),
        share_of(properties.get("completion")),
        _value_of(properties),
        _rating_of(properties),
    )


def _content_of(properties: Json, context: Json) -> str | None:
    for name in CONTENT_NAMES:
        if name in properties and (content := _short(properties[name])):
            return content
    url = url_of(properties, context)
    return plain_url(url) if url else None


def _short(value: object) -> str | None:
    try:
        return id_of(value, "", "")
    except InvalidInput:
        return None


def _dwell_of(properties: Json) -> float | None:
    dwell = number_of(properties.get("dwellMs"))
    return min(dwell / 1000, LONGEST_DWELL) if dwell is not None and dwell >= 0 else None


def _value_of(properties: Json) -> float | None:
    for name in _VALUE_NAMES:
        if name in properties and (value := number_of(properties[name])) is not None:
            return value
    return None


def _rating_of(properties: Json) -> float | None:
    for name, least, most in (("nps", 0, 10), ("csat", 1, 5), ("rating", 1, 5)):
        if name in properties:
            number = number_of(properties[name])
            if number is not None and least <= number <= most:
                return (number - least) / (most - least)
    return None


def _told_traits(raw: Json, kind: str, context: Json) -> dict[str, Any]:
    if kind == "identify":
        return traits_of(context.get("traits")) | traits_of(raw.get("traits"))
    told = traits_of(raw.get("traits"), COMPANY)
    group = id_of(raw.get("groupId"), "groupId", "invalid-group-id")
    return told if group is None else told | {COMPANY + "id": group}


def consents_of(context: Json) -> tuple[tuple[str, bool], ...]:
    """What a message's `context` allows or not: as OneTrust and its like tell Segment, or
    RudderStack."""
    if "consent" not in context and "consentManagement" not in context:
        return ()
    preferences = part(part(context, "consent"), "categoryPreferences")
    told = {name: granted for name, granted in preferences.items() if type(granted) is bool}
    managed = part(context, "consentManagement")
    for list_name, granted in (("allowedConsentIds", True), ("deniedConsentIds", False)):
        names = managed.get(list_name)
        if type(names) is list:
            told.update({name: granted for name in names if type(name) is str})
    return tuple(told.items())


# --- what may be written down ---------------------------------------------------------------------

_NOT_KEPT = {"ip", "writeKey", "integrations", "_metadata", "userAgent", "userHash", "request_ip"}
_KEPT_OF_CONTEXT = (
    *("page", "campaign", "referrer", "traits", "locale", "timezone", "consent"),
    *("consentManagement", "groupId", "sessionId", "app"),
)


def minimised(raw: Json) -> dict[str, Any]:
    """A message as it may be written down: no IP address, no key, the user agent as a device.

    It is read as the message itself is.
    """
    kept = {name: value for name, value in raw.items() if name not in _NOT_KEPT}
    for name in ("properties", "traits"):
        if name in kept:
            kept[name] = _without_addresses(kept[name])
    context = part(raw, "context")
    if "context" in kept:
        kept["context"] = _minimised_context(context)
    return kept


def _minimised_context(context: Json) -> dict[str, Any]:
    kept = {name: context[name] for name in _KEPT_OF_CONTEXT if name in context}
    if "traits" in kept:
        kept["traits"] = _without_addresses(kept["traits"])
    if device := device_of(context):
        kept["device"] = {"type": device}
    return kept


def _without_addresses(told: object) -> object:
    if type(told) is not dict:
        return told
    return {
        name: _without_addresses(value) if type(value) is dict else value
        for name, value in told.items()
        if name not in ADDRESSES
    }
