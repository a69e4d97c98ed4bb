"""The keys of the store in Redis: their names, bounds and times to live, and how they are written.

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

import hashlib
import re
from functools import lru_cache
from typing import Any

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


def histories_pattern(site: str) -> bytes:
    """The glob pattern of all histories of a site."""
    return pattern_of(f"{_begin(site)}h:")


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


# Commands

# Writes the second argument ("" deletes) if the SHA-1 of what is there is still the first one ("":
# nothing is there). Answers 1, or else what is there.
COMPARE_AND_SET = """
local now = redis.call('GET', KEYS[1])
if (now and redis.sha1hex(now) or '') ~= ARGV[1] then return now end
if ARGV[2] == '' then redis.call('DEL', KEYS[1])
else redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
return 1
"""


def set_command(name: bytes, life: int, before: bytes | None, after: bytes) -> tuple[Any, ...]:
    """Put a history in the place of the one before, for so many seconds."""
    seen = hashlib.sha1(before, usedforsecurity=False).hexdigest() if before is not None else ""
    return ("EVAL", COMPARE_AND_SET, 1, name, seen, after, life)


def put_command(site: str, name: str, body: bytes | None) -> tuple[Any, ...]:
    """Write a document, or delete it."""
    family = family_key(site, family_of(name))
    if body is None:
        return ("HDEL", family, to_bytes(name))
    return ("HSET", family, to_bytes(name), body)
