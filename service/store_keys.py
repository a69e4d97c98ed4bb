"""The keys of the store in Redis: their names, bounds and times to live.

Keys (`SITE` without its colons):

- `fp:SITE:h:u:ID`, `fp:SITE:h:a:ID`: the history of a user id, of an anonymous id. At most
  `MOST_BYTES` long, and gone `KEEP_SECONDS` after it was last written.
- `fp:SITE:d:FAMILY`: a hash of documents, name → bytes. No time to live: settings and content stay
  until they are deleted, so that a server with a `volatile-…` policy never evicts them.
- `fp:SITE:f`: the set of these families.
- `fp-position:LOG`: up to where a log was folded in; kept like a history. On a cluster, whose
  nodes may lose different last seconds, read the log again from a little before it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from personas.entities import VisitorKey


def to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def to_text(name: bytes) -> str:
    return name.decode("utf-8", "surrogatepass")


@lru_cache(maxsize=1024)
def _begin(site: str) -> str:
    return "fp:" + site.replace("%", "%25").replace(":", "%3A") + ":"


def history_key(site: str, key: VisitorKey) -> bytes:
    """The key of an id's history."""
    kind = {"user_id": "u", "anonymous_id": "a"}.get(key.kind, f"-{key.kind}")
    return to_bytes(f"{_begin(site)}h:{kind}:{key.id}")


def family_of(name: str) -> str:
    """The part up to and with the first `:` or `/`, or "" without one."""
    found = re.match(r"[^:/]*[:/]", name)
    return found[0] if found else ""


def family_key(site: str, family: str) -> bytes:
    return to_bytes(f"{_begin(site)}d:{family}")


def families_key(site: str) -> bytes:
    return to_bytes(f"{_begin(site)}f")


def position_key(log: str) -> bytes:
    return to_bytes(f"fp-position:{log}")


def pattern_of(prefix: str) -> bytes:
    """The glob pattern of all names with this prefix."""
    return re.sub(rb"([\\*?\[\]^-])", rb"\\\1", to_bytes(prefix)) + b"*"
