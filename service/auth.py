"""Who may call: keys, their kinds, and a type in the signature that says which kinds a route takes.

```python
async def route(caller: Annotated[Caller, Depends(needs("secret", "content"))]) -> Response: …
```
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from starlette.requests import Request

from service.problems import Refused, problem, refused

if TYPE_CHECKING:
    from service.sites import Sites

PREFIXES: Mapping[str, str] = {
    "publishable": "pk_",
    "secret": "sk_",
    "content": "ck_",
    "console": "mk_",
}
KINDS = tuple(PREFIXES)
EDITOR, VIEWER = ROLES = ("editor", "viewer")  # of console keys
READING = frozenset({"GET", "HEAD"})
LONGEST_KEY = 256
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="fingerpost"'}


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key came with the request."""

    site: str
    kind: str  # of KINDS
    key_id: str
    role: str = EDITOR  # of ROLES: a viewer changes nothing


def new_key(kind: str) -> str:
    """A key that nobody can guess; only its digest is kept."""
    return PREFIXES[kind] + secrets.token_urlsafe(32)


def digest(key: str) -> str:
    """How a key is kept: SHA-256 in hexadecimal. Keys are random, so no salt is needed."""
    return sha256(key.encode()).hexdigest()


def user_hash(user_id: str, identity_secret: str) -> str:
    """What proves a user id to a publishable key: HMAC-SHA256 in hexadecimal."""
    return hmac.new(identity_secret.encode(), user_id.encode(), sha256).hexdigest()


def is_proven(user_id: str, given: object, identity_secret: str) -> bool:
    """Was this user id signed by somebody who knows the site's identity secret?"""
    if not isinstance(given, str) or not identity_secret:
        return False
    expected = user_hash(user_id, identity_secret)
    return hmac.compare_digest(given.lower().encode(), expected.encode())


class Needs:
    """The dependency that `needs` makes; `service/openapi.py` reads the kinds off it."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self.kinds = kinds

    async def __call__(self, request: Request) -> Caller:
        caller = identified(request.app.state.fingerpost.sites, presented(request.headers))
        if caller.kind not in self.kinds:
            raise wrong_kind(caller.kind, self.kinds)
        if caller.role == VIEWER and request.method not in READING:
            raise read_only()
        return caller


def needs(*kinds: str) -> Needs:
    """Dependency: the caller, who must hold a key of one of these kinds."""
    unknown = set(kinds) - set(KINDS)
    if unknown or not kinds:
        raise ValueError(f"kinds of keys are {', '.join(KINDS)}")
    return Needs(kinds)


def presented(headers: Mapping[str, str]) -> str | None:
    """The key that headers carry: Basic's user name, Bearer, or X-Write-Key."""
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        return _basic_user(credentials)
    if scheme.lower() == "bearer":
        return credentials.strip()
    return headers.get("x-write-key")


def _basic_user(credentials: str) -> str | None:
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return None


def identified(sites: Sites, key: str | None) -> Caller:
    """Whose key this is.

    Raises:
        Refused: with 401, where there is none or nobody knows it.
    """
    if not key:
        detail = "Send a key of your site as `Authorization: Bearer KEY`."
        raise _unauthorised("no-key", detail)
    caller = sites.caller(key)
    if caller is None and ":" in key:  # some clients send `id:secret`, of which the id is ours
        caller = sites.caller(key.partition(":")[0])
    if caller is None:
        detail = "No site has this key. `fingerpost keys list` shows those that are valid."
        raise _unauthorised("unknown-key", detail)
    return caller


def _unauthorised(code: str, detail: str) -> Refused:
    return Refused(problem(401, code, detail, (), CHALLENGE))


def wrong_kind(kind: str, kinds: tuple[str, ...]) -> Refused:
    """403: the key is known, and may not do this."""
    detail = f"This needs a {' or '.join(kinds)} key; the one that came is a {kind} key."
    return refused(403, "wrong-kind-of-key", detail)


def read_only() -> Refused:
    """403: the key may look at everything and change nothing."""
    detail = "This key only views. `fingerpost keys create console` makes one that may edit."
    return refused(403, "read-only-key", detail)
