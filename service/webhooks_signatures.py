"""Whether a delivery comes from whom it says, and is not an old one sent again."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

TOLERANCE_S = 300.0
GHOST = "x-ghost-signature"
CONTENTFUL = "x-contentful-signature"
SIGNED_HEADERS, TIMESTAMP = "x-contentful-signed-headers", "x-contentful-timestamp"
STANDARD = "webhook-signature"  # of Standard Webhooks: WordPress, Strapi and others sign like this
HEADERS = (GHOST, CONTENTFUL, STANDARD)
MISSING, WRONG, OLD = "no-signature", "wrong-signature", "old-signature"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came, as far as signatures cover it.

    Attributes:
        path: with the query, as sent.
        headers: by name in small letters.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


def is_signed(headers: Mapping[str, str]) -> bool:
    """Whether there is any signature, right or wrong."""
    return any(name in headers for name in HEADERS)


def fault_of(system: str, secret: str, delivery: Delivery, now: float) -> str | None:
    """What is wrong with a delivery's signature; None if it is right.

    Args:
        secret: as both sides know it.
        now: seconds since 1970; what was signed more than five minutes from it is old.
    """
    told = {"ghost": _ghost, "contentful": _contentful}.get(system, _standard)(secret, delivery)
    if told is None:
        return MISSING
    given, expected, moment = told
    if not any(hmac.compare_digest(each, expected) for each in given):
        return WRONG
    return None if abs(now - moment) <= TOLERANCE_S else OLD


_Told = tuple[list[bytes], bytes, float]  # given signatures, expected one, when it was signed


def _ghost(secret: str, delivery: Delivery) -> _Told | None:
    """`sha256=HEX, t=MILLISECONDS`, over the body with the time behind it."""
    header = delivery.headers.get(GHOST, "")
    parts = dict(part.strip().partition("=")[::2] for part in header.split(","))
    moment = _seconds(parts.get("t"), 1000)
    if moment is None or "sha256" not in parts:
        return None
    told = delivery.body + parts["t"].encode()
    return [parts["sha256"].encode()], _hex(secret, told), moment


def _contentful(secret: str, delivery: Delivery) -> _Told | None:
    """Hexadecimal, over method, path, the headers it names, and the body."""
    headers = delivery.headers
    names = [name.strip().lower() for name in headers.get(SIGNED_HEADERS, "").split(",")]
    moment = _seconds(headers.get(TIMESTAMP), 1000)
    if CONTENTFUL not in headers or moment is None or TIMESTAMP not in names:
        return None
    told = ";".join(f"{name}:{headers[name].strip()}" for name in names if name in headers)
    text = f"{delivery.method}\n{delivery.path}\n{told}\n".encode() + delivery.body
    return [headers[CONTENTFUL].encode()], _hex(secret, text), moment


def _standard(secret: str, delivery: Delivery) -> _Told | None:
    """`v1,BASE64`, perhaps several, over id, time and body (standardwebhooks.com)."""
    headers = delivery.headers
    name, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    moment = _seconds(stamp, 1)
    if STANDARD not in headers or not name or moment is None:
        return None
    told = f"{name}.{stamp}.".encode() + delivery.body
    expected = base64.b64encode(hmac.new(_key(secret), told, sha256).digest())
    given = [each.partition(",") for each in headers[STANDARD].split()]
    return [digest.encode() for version, _, digest in given if version == "v1"], expected, moment


def _key(secret: str) -> bytes:
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return secret.encode()


def _hex(secret: str, told: bytes) -> bytes:
    return hmac.new(secret.encode(), told, sha256).hexdigest().encode()


def _seconds(stamp: str | None, parts: int) -> float | None:
    if stamp is None or not stamp.isascii() or not stamp.isdigit() or len(stamp) > 16:
        return None
    return int(stamp) / parts
