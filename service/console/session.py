"""Who is signed in: a cookie that only this service can have written.

It is signed with the site's identity secret and the digest of the key it came of, so that it ends
when that key is revoked or replaced. What the key may do is looked up anew with every request.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import orjson

from service.auth import Caller

if TYPE_CHECKING:
    from service.sites import Sites

COOKIE = "fingerpost_console"
KINDS = ("console", "secret")  # of keys that open the console
LASTS = 12 * 3600  # seconds
LONGEST = 1024  # characters of a cookie


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in.

    Attributes:
        until: seconds since 1970.
        nonce: of this sign-in alone; what its forms carry comes of it.
    """

    site: str
    key_id: str
    until: float
    nonce: str


def begun(caller: Caller, now: float) -> Session:
    """A session of somebody who showed a key just now."""
    return Session(caller.site, caller.key_id, now + LASTS, secrets.token_urlsafe(16))


def sealed(sites: Sites, session: Session) -> str:
    """As a cookie's value."""
    body = _to_text(orjson.dumps(asdict(session)))
    return f"{body}.{_signature(sites, session, body)}"


def opened(sites: Sites, cookie: str | None, now: float) -> tuple[Session, Caller] | None:
    """The session of a cookie and whose it is; None where it is none, over, or its key is gone."""
    body, _, signature = (cookie or "")[:LONGEST].partition(".")
    session = _read(body)
    if session is None or session.until <= now:
        return None
    held = sites.holder(session.site, session.key_id)
    if held is None or held[0].kind not in KINDS:
        return None
    expected = _signature(sites, session, body)
    return (
        (session, held[0]) if hmac.compare_digest(signature.encode(), expected.encode()) else None
    )


def token(sites: Sites, session: Session) -> str:
    """What every form of this session carries, and no other site can know."""
    return _signature(sites, session, f"form:{session.nonce}")


def is_token(sites: Sites, session: Session, given: str) -> bool:
    """Does a form come from a page of this session?"""
    return hmac.compare_digest(given.encode(), token(sites, session).encode())


def _read(body: str) -> Session | None:
    try:
        told = orjson.loads(base64.urlsafe_b64decode(body.encode() + b"=="))
        return Session(
            str(told["site"]), str(told["key_id"]), float(told["until"]), str(told["nonce"])
        )
    except (binascii.Error, UnicodeError, ValueError, KeyError, TypeError):
        return None


def _signature(sites: Sites, session: Session, text: str) -> str:
    held = sites.holder(session.site, session.key_id)
    digest = "" if held is None else held[1]
    secret = f"console:{digest}:{sites.of(session.site).identity_secret}".encode()
    return _to_text(hmac.new(secret, text.encode(), sha256).digest())


def _to_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
