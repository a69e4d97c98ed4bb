"""What the parts of a message mean: ids, times, numbers, traits; and the limits of a message."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from personas.entities import TraitValue
from personas.errors import InvalidInput

MOST_DEPTH = 32
MOST_KEYS = 256  # of one object
MOST_TEXT = 8 << 10  # bytes of one string
MOST_BYTES = 32 << 10  # of one message as JSON
LONGEST_ID = 256
LONGEST_URL = 1024
LONGEST_TRAIT = 256  # characters that are kept of a trait's text, and of its name
LAST_CLEAR_TEXT = MOST_TEXT // 4  # characters that cannot be more bytes than the limit
LARGEST_NUMBER = 1 << 63
LARGEST_AMOUNT = 1e15  # beyond, no two neighbouring cents can be told apart
# Never read, never written down.
ADDRESSES = frozenset({"ip", "$ip", "ipAddress", "ip_address", "userAgent", "user_agent"})

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# What programs send when they have no id.
_NO_ID = frozenset(
    {"null", "(null)", "undefined", "none", "nan", "[object object]"}
    | {"00000000-0000-0000-0000-000000000000"}
)
_LEAP_SECOND = re.compile(r":60(?=[.Z+-]|$)")


def check_limits(raw: dict[Any, Any]) -> None:
    """Raise InvalidInput if a message is too deep, too wide, too large, or not JSON at all."""
    size, level, depth = 2, [raw], 0
    while level:
        depth += 1
        if depth > MOST_DEPTH:
            raise InvalidInput(f"Nest at most {MOST_DEPTH} levels deep.", "too-deep")
        below: list[Any] = []
        for node in level:
            size += _size(node, below)
            if size > MOST_BYTES:
                raise InvalidInput(
                    f"A message may have {MOST_BYTES // 1024} KB; split it or send less.",
                    "message-too-large",
                )
        level = below


def _size(node: dict[Any, Any] | list[Any], below: list[Any]) -> int:
    """Bytes that a node takes as JSON without the nodes in it, which are put into `below`."""
    size = 2 + 2 * len(node)
    values: Any = node
    if type(node) is dict:
        if len(node) > MOST_KEYS:
            raise InvalidInput(f"An object may have {MOST_KEYS} keys.", "too-many-keys")
        size += _texts_size(node)
        values = node.values()
    elif size > MOST_BYTES:
        return size
    size += _texts_size([value for value in values if type(value) is str])
    for value in values:
        kind = type(value)
        if kind is str or value is None:
            continue
        if kind is dict or kind is list:
            below.append(value)
        else:
            size += _scalar_size(value)
    return size


def _texts_size(texts: Collection[Any]) -> int:
    """All together first: where that is short and plain, no single one needs a look."""
    try:
        whole = "".join(texts)
    except TypeError:
        raise InvalidInput("Keys of objects must be strings.", "not-json") from None
    if len(whole) < LAST_CLEAR_TEXT and whole.isascii():
        return len(whole) + 2 * len(texts)
    return sum(map(_text_size, texts))


def _text_size(text: str) -> int:
    try:
        size = len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError:
        raise InvalidInput("Half a surrogate pair is no character.", "invalid-text") from None
    if size > MOST_TEXT:
        raise InvalidInput(f"A string may have {MOST_TEXT // 1024} KB.", "string-too-long")
    return size + 2


def _scalar_size(value: object) -> int:
    if isinstance(value, bool):
        return 5
    if isinstance(value, int):
        if not -LARGEST_NUMBER <= value < LARGEST_NUMBER:
            raise InvalidInput("Send whole numbers beyond 64 bits as strings.", "number-too-large")
        return len(str(value))
    if isinstance(value, float) and math.isfinite(value):
        return len(repr(value))
    raise InvalidInput("NaN, Infinity and the like are not JSON.", "not-json")


def id_of(value: object, field: str, code: str) -> str | None:
    """An id in its normal form (NFC); None for what stands for no id.

    Raises:
        InvalidInput: for what can be no id: 257 characters, control characters, an object.
    """
    if value is None:
        return None
    if type(value) is int:
        return str(value)
    if type(value) is not str:
        raise InvalidInput(f"`{field}` must be a string.", code, f"/{field}")
    if not (value.isascii() and value.isprintable()):
        value = unicodedata.normalize("NFC", value)
        if _CONTROL.search(value):
            detail = f"Take the control characters out of `{field}`."
            raise InvalidInput(detail, code, f"/{field}")
    if len(value) > LONGEST_ID:
        detail = f"`{field}` may have 1 to {LONGEST_ID} characters."
        raise InvalidInput(detail, code, f"/{field}")
    return None if not value.strip() or value.lower() in _NO_ID else value


def moment_of(value: object, field: str) -> float | None:
    """Seconds since 1970 of RFC 3339 text, or of a number of seconds or milliseconds.

    Raises:
        InvalidInput: where that cannot be read, or lies before 1970.
    """
    if value is None or value == "":
        return None
    moment = None
    if type(value) is str:
        moment = _moment_of_text(value)
    elif type(value) is int or type(value) is float:
        moment = value / 1000 if value > 1e11 else float(value)
    if moment is None or not 0 <= moment < 1e11:
        raise InvalidInput(
            f"Write `{field}` as in 2026-11-25T08:30:00.000Z, from 1970 on.",
            "invalid-timestamp",
            f"/{field}",
        )
    return moment


def _moment_of_text(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(_LEAP_SECOND.sub(":59", text.strip().upper()))
        except ValueError:
            return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (OverflowError, ValueError):
        return None


def number_of(value: object) -> float | None:
    """A finite number, also of text such as "19.90"; None for anything else."""
    if isinstance(value, bool) or (isinstance(value, str) and len(value) > 32):
        return None
    if not isinstance(value, str | float | int):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) < LARGEST_AMOUNT else None


def share_of(value: object) -> float | None:
    """A share from 0 to 1; what is above 1 and at most 100 is read as per cent."""
    number = number_of(value)
    if number is None or not 0 <= number <= 100:
        return None
    return number if number <= 1 else number / 100


def traits_of(told: object, prefix: str = "") -> dict[str, TraitValue | None]:
    """Traits by name, nested ones as in `address.city`, lists as in "red, green".

    None is a trait withdrawn. Texts are cut at `LONGEST_TRAIT` characters.
    """
    return dict(_flat(told, prefix, 4)) if type(told) is dict else {}


def _flat(
    told: Mapping[str, Any], prefix: str, deeper: int
) -> Iterator[tuple[str, TraitValue | None]]:
    for name, value in told.items():
        full = (prefix + name)[:LONGEST_TRAIT]
        kind = type(value)
        if not name or name in ADDRESSES:
            continue
        if kind is str:
            yield full, value[:LONGEST_TRAIT]
        elif kind is int:
            yield full, float(value)
        elif kind is dict and deeper > 0:
            yield from _flat(value, full + ".", deeper - 1)
        elif kind is list:
            words = [str(word) for word in value if type(word) in (str, int, float)]
            if words:
                yield full, ", ".join(words)[:LONGEST_TRAIT]
        elif value is None or kind is bool or kind is float:
            yield full, value
