"""Fields of content systems → the fields of content: names guessed, structured text as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from embeddings.documents import MOST_TITLE, MOST_URL
from service.feeds import locale_of, moment, named

TITLE = ("title", "name", "headline", "heading")
DESCRIPTION = (
    "description", "summary", "excerpt", "teaser", "subtitle", "intro", "seoDescription",
    "metaDescription",
)  # fmt: skip
BODY = ("body", "content", "text", "article", "richText", "bodyText", "blocks", "sections")
TAGS = ("tags", "categories", "topics", "keywords")
URL = ("url", "permalink", "link", "canonicalUrl")
PUBLISHED = ("publishedAt", "publishDate", "publicationDate", "date", "firstPublishedAt")
LONG = 80  # characters from which a field of an unknown name counts as text
DEEPEST = 60
_MARKS = {"bold": "**", "italic": "*", "code": "`"}
# What a node of a structured text is written with, before and after what is within.
_BLOCKS = {"blockquote": "> ", "quote": "> ", "list-item": "- "}
_OUTER = {
    "document": "\n\n",
    **dict.fromkeys(("table", "unordered-list", "ordered-list", "list"), "\n"),
}
_NO_TEXT = ("hr", "image", "embedded-asset-block", "embedded-entry-block")


def content_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Title, description, body … of an entry whose fields may be called anything.

    Only what was found is there; without a field that is called a body, every longer text is one.
    """
    title = plain_of(first(fields, TITLE))
    description = plain_of(first(fields, DESCRIPTION))
    body = text_of(first(fields, BODY)) or _rest(fields)
    tags = names_of(first(fields, TAGS))
    found = {
        "title": title[:MOST_TITLE],
        "description": description,
        "body": body,
        "tags": list(tags),
        "url": web_address(first(fields, URL)),
        "locale": locale_of(fields.get("locale")),
        "publishedAt": moment(first(fields, PUBLISHED)),
    }
    return {name: value for name, value in found.items() if value}


def first(fields: Mapping[str, Any], names: Iterable[str]) -> Any:  # noqa: ANN401 - JSON
    """The first of these fields that says something, however its name is written."""
    plain = {_plain(name): value for name, value in reversed(list(fields.items()))}
    found = (plain.get(_plain(name)) for name in names)
    return next((value for value in found if value), None)


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _rest(fields: Mapping[str, Any]) -> str:
    taken = {_plain(name) for name in (*TITLE, *DESCRIPTION, *TAGS, *URL)}
    texts = [text_of(value) for name, value in fields.items() if _plain(name) not in taken]
    return "\n\n".join(text for text in texts if len(text) >= LONG)


def web_address(value: object) -> str | None:
    """A whole web address, or None."""
    fine = isinstance(value, str) and value.startswith(("http://", "https://"))
    return str(value) if fine and len(str(value)) <= MOST_URL else None


def names_of(value: object) -> tuple[str, ...]:
    """Tags: words, objects with a name, or one text parted by commas."""
    if isinstance(value, str):
        return named(value.split(","))
    if not isinstance(value, list):
        return ()
    keys = ("name", "title", "label", "slug")
    return named(first(each, keys) if isinstance(each, Mapping) else each for each in value)


def plain_of(value: object) -> str:
    """One line of text."""
    return " ".join(text_of(value).split())


def text_of(value: object, depth: int = 0) -> str:
    """Any value as text: itself, a structured text as Markdown, parts one after the other."""
    if isinstance(value, str):
        return value.strip()
    if depth > DEEPEST:
        return ""
    if isinstance(value, list):
        return _joined(value, "\n\n", depth)
    if not isinstance(value, Mapping):
        return ""
    if kind := _kind(value):
        return _node(kind, value, depth)
    # A component: what it says, without its ids, names of files and links.
    parts = [inner for name, inner in value.items() if _is_text(name, inner)]
    return _joined(parts, "\n\n", depth)


def _is_text(name: str, value: object) -> bool:
    if isinstance(value, list | Mapping):
        return True
    silent = ("id", "documentid", "component", "slug", "url", "locale", "hash", "ext", "mime")
    plain = _plain(name).removeprefix("__")
    return isinstance(value, str) and plain not in silent and not plain.endswith("at")


def _joined(values: Sequence[object], between: str, depth: int) -> str:
    return between.join(filter(None, (text_of(value, depth + 1) for value in values)))


# --- structured text: Contentful's rich text, Strapi's blocks -------------------------------------


def _kind(node: Mapping[str, Any]) -> str:
    kind = node.get("nodeType") or node.get("type")
    has_more = any(name in node for name in ("content", "children", "value", "text"))
    return kind if isinstance(kind, str) and has_more else ""


def _within(node: Mapping[str, Any]) -> list[Any]:
    inner = node.get("content") or node.get("children") or []
    return inner if isinstance(inner, list) else [inner]


def _node(kind: str, node: Mapping[str, Any], depth: int) -> str:
    inner = _within(node)
    if kind == "text" or kind in _NO_TEXT:
        return _leaf(node) if kind == "text" else ""
    if kind in _OUTER:
        return _joined(inner, _OUTER[kind], depth)
    text = _inline(inner, depth)
    if not text:
        return ""
    if kind in ("hyperlink", "link"):
        address = web_address(node.get("url") or _data(node).get("uri"))
        return f"[{text}]({address})" if address else text
    if kind.startswith("heading"):
        return f"{'#' * _level(kind, node)} {text}"
    return f"```\n{text}\n```" if kind == "code" else _BLOCKS.get(kind, "") + text


def _inline(inner: Sequence[object], depth: int) -> str:
    """Parts of one line are put together as they are; blocks within it are parted."""
    text = ""
    for part in inner:
        kind = _kind(part) if isinstance(part, Mapping) else ""
        if kind == "text" and isinstance(part, Mapping):
            text += _leaf(part)
        elif kind in ("hyperlink", "link", "entry-hyperlink", "asset-hyperlink"):
            text += text_of(part, depth + 1)
        else:
            more = text_of(part, depth + 1)
            text += f"\n{more}" if text and more else more
    return text.strip()


def _leaf(node: Mapping[str, Any]) -> str:
    told = node.get("value") if "value" in node else node.get("text")
    text = told if isinstance(told, str) else ""
    marks = [mark.get("type") for mark in node.get("marks") or [] if isinstance(mark, Mapping)]
    marks += [name for name in _MARKS if node.get(name) is True]
    for mark in marks:
        sign = _MARKS.get(str(mark), "")
        text = f"{sign}{text}{sign}" if text.strip() else text
    return text


def _level(kind: str, node: Mapping[str, Any]) -> int:
    told = kind.rpartition("-")[2] if "-" in kind else node.get("level")
    return int(told) if str(told) in "123456" and told else 2


def _data(node: Mapping[str, Any]) -> Mapping[str, Any]:
    data = node.get("data")
    return data if isinstance(data, Mapping) else {}
