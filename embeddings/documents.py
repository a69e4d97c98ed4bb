"""Content documents: what a site sends → what is kept → the nouns that models read.

A document is plain JSON with the names of the API: `id, url, title, description, body, type,
locale, tags, publishedAt, validFrom, validUntil, hidden, properties`, and, once it is tagged,
`tagging` with a tag `{id, distribution, source}` for each of `type` and `phase`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from personas.entities import CONTENT_TYPES, LADDER, Array, ContentFacts, ContentItem, Tag
from personas.errors import InvalidInput

Document = dict[str, Any]

MOST_ID = 256
MOST_URL = 2_048
MOST_TITLE = 2_000
MOST_DESCRIPTION = 20_000
MOST_BODY = 10_000_000
MOST_TAGS = 100
MOST_TAG = 256
MOST_PROPERTIES = 256  # keys in all
MOST_PROPERTY_TEXT = 32_768  # characters in all
DEEPEST_PROPERTY = 8
EARLIEST, LATEST = -3e10, 2.5e11  # the years 1019 to 9892
FIELDS = frozenset({
    "id", "url", "title", "description", "body", "type", "locale", "tags", "publishedAt",
    "validFrom", "validUntil", "hidden", "properties",
})  # fmt: skip
ADDED = frozenset({
    "tagging", "createdAt", "updatedAt", "embedded", "warnings", "encoder", "version", "text",
})  # by us  # fmt: skip
TYPE_NAMES = {  # what content systems call their types
    "blog": "article", "blog-post": "article", "blogposting": "article", "post": "article",
    "news": "article", "news-article": "article", "story": "article", "how-to": "guide",
    "howto": "guide", "tutorial": "guide", "whitepaper": "white-paper", "ebook": "white-paper",
    "e-book": "white-paper", "report": "white-paper", "product": "product-page",
    "casestudy": "case-study", "customer-story": "case-study", "success-story": "case-study",
    "landingpage": "landing-page", "docs": "documentation", "doc": "documentation",
    "changelog": "release-notes", "release-note": "release-notes", "price-list": "pricing",
    "prices": "pricing", "testimonial": "case-study",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """Something in the input that was passed over, and how to mend it."""

    pointer: str
    code: str
    detail: str


def read_document(
    raw: object, content_id: str | None = None
) -> tuple[Document, tuple[Notice, ...]]:
    """A document as a site sends it, checked and in one form; and what was passed over.

    Args:
        raw: parsed JSON.
        content_id: from the path; without it, the document must carry its `id`.

    Raises:
        InvalidInput: with a pointer to what is wrong.
    """
    if not isinstance(raw, dict):
        raise InvalidInput("A content item is a JSON object.", "not-an-object")
    told = raw.get("id")
    if content_id is not None and told is not None and told != content_id:
        raise InvalidInput("The id differs from the one in the path.", "id-differs", "/id")
    document: Document = {"id": read_id(told if content_id is None else content_id)}
    for name, most in (("url", MOST_URL), ("title", MOST_TITLE)):
        document[name] = _line(raw, name, most)
    for name, most in (("description", MOST_DESCRIPTION), ("body", MOST_BODY)):
        document[name] = _text(raw, name, most)
    document["type"], notices = _type(raw.get("type"))
    document["locale"] = _locale(raw.get("locale"))
    document["tags"] = _tags(raw.get("tags"))
    for name in ("publishedAt", "validFrom", "validUntil"):
        moment = read_time(raw.get(name), f"/{name}")
        document[name] = None if moment is None else write_time(moment)
    document["hidden"] = _flag(raw.get("hidden"), "/hidden")
    document["properties"] = _properties(raw.get("properties"))
    return document, (*notices, *_unknown(raw))


def read_id(raw: object, pointer: str = "/id") -> str:
    """A content id, in Unicode's composed form.

    Raises:
        InvalidInput: not a string of 1-256 printable characters.
    """
    if not isinstance(raw, str) or not 0 < len(raw) <= MOST_ID:
        detail = f"A content id is a string of 1 to {MOST_ID} characters."
        raise InvalidInput(detail, "invalid-id", pointer)
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in raw):
        detail = "Content ids must not hold control characters."
        raise InvalidInput(detail, "invalid-id", pointer)
    return unicodedata.normalize("NFC", raw)


def read_time(raw: object, pointer: str) -> float | None:
    """Seconds since 1970 of an RFC 3339 time or date; without an offset it is UTC.

    Raises:
        InvalidInput: of anything else but null.
    """
    if raw is None or raw == "":
        return None
    try:
        if not isinstance(raw, str) or len(raw) > 40:
            raise ValueError
        moment = datetime.fromisoformat(raw.strip().upper())
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        if not EARLIEST < seconds < LATEST:
            raise ValueError
        return seconds
    except (ValueError, OverflowError):
        detail = "Write times like 2026-11-25T09:30:00Z (RFC 3339)."
        raise InvalidInput(detail, "invalid-time", pointer) from None


def write_time(moment: float) -> str:
    """RFC 3339 in UTC, with milliseconds where there are any."""
    seconds, thousandths = divmod(round(moment * 1000), 1000)
    written = datetime.fromtimestamp(seconds, UTC).isoformat().removesuffix("+00:00")
    return f"{written}.{thousandths:03}Z" if thousandths else f"{written}Z"


def content_item(document: Mapping[str, Any]) -> ContentItem:
    """The noun of a document that `read_document` or the store gave."""
    tagging = document.get("tagging") or {}
    return ContentItem(
        id=document["id"],
        url=document.get("url"),
        title=document.get("title") or "",
        description=document.get("description") or "",
        type=type_of(tagging.get("type"), document.get("type")),
        phase=read_tag(tagging.get("phase"), LADDER),
        locale=document.get("locale"),
        tags=tuple(document.get("tags") or ()),
        published_at=_moment(document.get("publishedAt")),
        valid_from=_moment(document.get("validFrom")),
        valid_until=_moment(document.get("validUntil")),
        hidden=bool(document.get("hidden")),
        properties=document.get("properties") or {},
    )


def type_of(tag: object, declared: object) -> Tag | None:
    """What an item is: by a person's word, else by the site's own, else by the model's."""
    kind = read_tag(tag, CONTENT_TYPES)
    if declared in CONTENT_TYPES and (kind is None or kind.source != "human"):
        return Tag(str(declared), {str(declared): 1.0}, "site")
    return kind


def content_facts(item: ContentItem) -> ContentFacts:
    """What models need to know of an item; a phase that nobody told is evenly spread."""
    kind = item.type.id if item.type else "other"
    return ContentFacts(kind, phase_shares(item.phase), item.tags)


def phase_shares(phase: Tag | None) -> Array:
    """Probabilities over the ladder [7]; even where there is no tag."""
    shares = np.array([phase.distribution.get(rung, 0.0) if phase else 0.0 for rung in LADDER])
    total = float(shares.sum())
    return shares / total if total > 0 else np.full(len(LADDER), 1 / len(LADDER))


def read_tag(raw: object, classes: Sequence[str]) -> Tag | None:
    """A kept tag; None where there is none of these classes."""
    if not isinstance(raw, Mapping) or raw.get("id") not in classes:
        return None
    shares = {name: float(share) for name, share in raw["distribution"].items() if name in classes}
    return Tag(raw["id"], shares, raw.get("source", "model"))


def write_tag(tag: Tag) -> dict[str, Any]:
    """A tag as JSON."""
    return {"id": tag.id, "distribution": dict(tag.distribution), "source": tag.source}


def _moment(written: str | None) -> float | None:
    return datetime.fromisoformat(written).timestamp() if written else None


# --- the fields -----------------------------------------------------------------------------------


def _text(raw: Mapping[str, Any], name: str, most: int) -> str:
    value = raw.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(f"The {name} is text.", "not-a-string", f"/{name}")
    if len(value) > most:
        detail = f"The {name} has more than {most:,} characters."
        raise InvalidInput(detail, "too-long", f"/{name}")
    return value


def _line(raw: Mapping[str, Any], name: str, most: int) -> str | None:
    return " ".join(_text(raw, name, most).replace("\0", " ").split()) or None


def _type(raw: object) -> tuple[str | None, tuple[Notice, ...]]:
    if raw is None or raw == "":
        return None, ()
    if not isinstance(raw, str) or len(raw) > MOST_TAG:
        raise InvalidInput("The type is one word, such as 'guide'.", "not-a-string", "/type")
    name = "-".join(raw.strip().lower().replace("_", " ").split())
    for known in (name, name.removesuffix("s")):
        if (kind := TYPE_NAMES.get(known, known)) in CONTENT_TYPES:
            return kind, ()
    detail = f"No such type; it is told from the text instead. Known: {', '.join(CONTENT_TYPES)}."
    return None, (Notice("/type", "unknown-type", detail),)


def _locale(raw: object) -> str | None:
    """As in BCP 47: `en`, `en-GB`."""
    if raw is None or raw == "":
        return None
    if isinstance(raw, str) and len(raw) <= 35:
        parts = raw.strip().replace("_", "-").split("-")
        if all(part.isascii() and part.isalnum() for part in parts) and parts[0].isalpha():
            language, *rest = parts
            named = (p.upper() if len(p) == 2 else p.lower() for p in rest)
            return "-".join([language.lower(), *named])
    raise InvalidInput("Write locales like 'en' or 'en-GB'.", "invalid-locale", "/locale")


def _tags(raw: object) -> list[str]:
    if raw is None:
        return []
    if not isinstance(raw, list) or len(raw) > MOST_TAGS:
        detail = f"The tags are a list of at most {MOST_TAGS} words."
        raise InvalidInput(detail, "invalid-tags", "/tags")
    for place, tag in enumerate(raw):
        if not isinstance(tag, str) or len(tag) > MOST_TAG:
            detail = f"A tag is text of at most {MOST_TAG} characters."
            raise InvalidInput(detail, "invalid-tag", f"/tags/{place}")
    return list(dict.fromkeys(tag for tag in map(_tidy, raw) if tag))


def _tidy(tag: str) -> str:
    return " ".join(unicodedata.normalize("NFC", tag).replace("\0", " ").split())


def _flag(raw: object, pointer: str) -> bool:
    if raw is None or isinstance(raw, bool):
        return bool(raw)
    raise InvalidInput("This is true or false.", "not-a-boolean", pointer)


def _properties(raw: object) -> dict[str, Any]:
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise InvalidInput("The properties are an object.", "not-an-object", "/properties")
    keys = characters = 0
    waiting: list[tuple[object, int]] = [(raw, 1)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, dict | list):
            keys += len(value)
            inner = value.values() if isinstance(value, dict) else value
            waiting += [(part, depth + 1) for part in inner]
            characters += sum(map(len, value)) if isinstance(value, dict) else 0
        characters += len(value) if isinstance(value, str) else 0
        if (
            keys > MOST_PROPERTIES
            or characters > MOST_PROPERTY_TEXT
            or depth > DEEPEST_PROPERTY + 1
        ):
            detail = (
                f"The properties may have {MOST_PROPERTIES} keys and {MOST_PROPERTY_TEXT:,} "
                f"characters in all, {DEEPEST_PROPERTY} levels deep."
            )
            raise InvalidInput(detail, "properties-too-large", "/properties")
    return raw


def _unknown(raw: Mapping[str, Any]) -> list[Notice]:
    detail = "Content has no such field. Put fields of your own into properties."
    names = [name for name in raw if name not in FIELDS and name not in ADDED]
    return [Notice(f"/{_escaped(name)}", "unknown-field", detail) for name in names[:20]]


def _escaped(name: str) -> str:
    return name[:100].replace("~", "~0").replace("/", "~1")
