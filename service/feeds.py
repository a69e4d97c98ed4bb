"""What a site says that it has: RSS, Atom, JSON Feed, sitemaps and indexes of them.

All of it is other people's: XML is read without entities, and what is missing stays missing.
"""

from __future__ import annotations

import calendar
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from urllib.parse import urljoin

import orjson

from embeddings.documents import MOST_ID, MOST_TITLE, MOST_URL, read_time, write_time
from embeddings.text import read_text
from personas.errors import InvalidInput

MOST_PIECES = 50_000  # of one list; sitemaps may hold no more
WHOLE = 2_000  # characters of a summary that is taken for the whole text
MOST_TAGS = 30
_ENTITY = re.compile(rb"<!ENTITY", re.I)
_ADDRESS = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that a list names.

    Attributes:
        id: under which it is kept.
        changed: what the list says of its last change; as written, to be compared only.
        published: RFC 3339.
        whole: whether `body` is all of its text.
    """

    id: str
    url: str | None
    title: str = ""
    description: str = ""
    body: str = ""
    published: str | None = None
    changed: str = ""
    tags: tuple[str, ...] = ()
    locale: str | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """A list, read.

    Attributes:
        more: further lists that belong to it: of an index, or the next page of a feed.
        complete: whether it names everything there is, as sitemaps do and feeds do not.
    """

    pieces: tuple[Piece, ...] = ()
    more: tuple[str, ...] = ()
    complete: bool = False


def read_listing(body: bytes, url: str, kind: str = "") -> Listing:
    """A list in any of the formats, which is told from the list itself.

    Args:
        kind: media type, as declared.

    Raises:
        InvalidInput: it is none of them, or is not safe to be read.
    """
    start = body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"{"):
        return _json_feed(body, url)
    root = _root_of(body)
    if root in ("urlset", "sitemapindex"):
        return _sitemap(body, url)
    if root in ("rss", "RDF", "feed", ""):
        found = _feed(body, url, kind)
        if found is not None:
            return found
    lines = [line.strip() for line in body.decode("utf-8-sig", "replace").splitlines()]
    lines = [line for line in lines if line]
    if lines and all(map(_ADDRESS.fullmatch, lines)):
        return Listing(tuple(map(piece_of, lines[:MOST_PIECES])), complete=True)
    return _page_with_feed(body, url)


def content_id(url: str) -> str:
    """The id of a page: its URL, as that is what visitors' touchpoints name."""
    if len(url) <= MOST_ID:
        return url
    told = blake2b(url.encode("utf-8", "replace"), digest_size=8).hexdigest()
    return f"{url[: MOST_ID - len(told) - 1]}~{told}"


def piece_of(url: str, changed: str = "") -> Piece:
    """A page of which nothing but the address is known."""
    return Piece(content_id(url), url, changed=changed)


def address(base: str, link: object) -> str | None:
    """A link as a web address without its fragment; None for everything else."""
    if not isinstance(link, str) or not link.strip():
        return None
    try:
        found = urljoin(base, link.strip()).partition("#")[0]
    except ValueError:
        return None
    fine = found.startswith(("http://", "https://")) and len(found) <= MOST_URL
    return found if fine and found.isprintable() else None


# --- XML ------------------------------------------------------------------------------------------


def _root_of(body: bytes) -> str:
    """The name of the first element; "" where this is no XML.

    Raises:
        InvalidInput: it declares entities, with which a few lines can fill a memory, or a disk
            be read.
    """
    for element in _elements(body, ("start",)):
        return _local(element)
    if _ENTITY.search(body.replace(b"\0", b"")):  # also in UTF-16
        raise _entities()
    return ""


def _elements(body: bytes, events: tuple[str, ...]) -> Iterator[Any]:
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    try:
        for _, element in iterparse(io.BytesIO(body), events):
            yield element
    except (ParseError, ValueError, LookupError):  # what is read before it counts
        return
    except DefusedXmlException:
        raise _entities() from None


def _entities() -> InvalidInput:
    detail = "The XML declares entities of its own, which are not read. Take its DTD out."
    return InvalidInput(detail, "unsafe-xml")


def _local(element: Any) -> str:  # noqa: ANN401 - an XML element
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _sitemap(body: bytes, url: str) -> Listing:
    pieces: dict[str, Piece] = {}
    more: dict[str, None] = {}
    name = ""
    for element in _elements(body, ("end",)):
        name = _local(element)
        if name not in ("url", "sitemap"):
            continue
        told = {_local(child): (child.text or "").strip() for child in element}
        element.clear()
        found = address(url, told.get("loc"))
        if found is None or len(pieces) + len(more) >= MOST_PIECES:
            continue
        if name == "sitemap":
            more[found] = None
        else:
            pieces[found] = piece_of(found, told.get("lastmod", "")[:40])
    whole = name in ("urlset", "sitemapindex")  # what was cut off ends with something else
    return Listing(tuple(pieces.values()), tuple(more), complete=whole)


# --- feeds ----------------------------------------------------------------------------------------


def _feed(body: bytes, url: str, kind: str) -> Listing | None:
    import feedparser

    headers = {"content-location": url, "content-type": kind or "application/xml"}
    read = feedparser.parse(io.BytesIO(body), response_headers=headers)
    if not read.get("version"):
        return None
    whole = read.get("feed") or {}
    language = locale_of(whole.get("language"))
    pieces = (_entry(each, url, language) for each in read.entries[:MOST_PIECES])
    links = whole.get("links") or []
    following = {link.get("rel"): link.get("href") for link in reversed(links)}
    more = address(url, following.get("next") or following.get("prev-archive"))
    return Listing(tuple(filter(None, pieces)), (more,) if more and more != url else ())


def _entry(entry: Mapping[str, Any], url: str, language: str | None) -> Piece | None:
    link, name = address(url, entry.get("link")), entry.get("id")
    if link is None and not (isinstance(name, str) and name.strip()):
        return None
    summary, body = str(entry.get("summary") or ""), _content(entry)
    whole = bool(body) or len(summary) >= WHOLE
    return Piece(
        id=content_id(link or " ".join(str(name).split())),
        url=link,
        title=plain(entry.get("title"))[:MOST_TITLE],
        description="" if summary == body else plain(summary),
        body=body or summary,
        published=_moment(_told(entry, "published_parsed") or _told(entry, "updated_parsed")),
        changed=str(_told(entry, "updated") or _told(entry, "published") or "")[:40],
        tags=named(tag.get("term") for tag in entry.get("tags") or ()),
        locale=language,
        whole=whole,
    )


def _told(entry: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - feedparser's
    return entry[name] if name in entry else None  # noqa: SIM401 - its `get` tells other fields


def _content(entry: Mapping[str, Any]) -> str:
    parts = [str(part.get("value") or "") for part in entry.get("content") or ()]
    return max(parts, key=len, default="")


def _moment(told: Any) -> str | None:  # noqa: ANN401 - feedparser's
    """A `struct_time` in UTC as RFC 3339."""
    try:
        return write_time(calendar.timegm(told)) if told else None
    except (ValueError, OverflowError, TypeError):
        return None


def plain(markup: object) -> str:
    """Some words without their tags, in one line."""
    return read_text("", markup, "").description if isinstance(markup, str) else ""


def named(terms: Iterable[object]) -> tuple[str, ...]:
    """Tags that are words, each once."""
    words = (" ".join(term.split())[:200] for term in terms if isinstance(term, str))
    return tuple(dict.fromkeys(filter(None, words)))[:MOST_TAGS]


def locale_of(told: object) -> str | None:
    """A language as BCP 47 writes it, if it looks like one."""
    if not isinstance(told, str):
        return None
    code = told.strip().replace("_", "-")
    return code if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", code) else None


def moment(told: object) -> str | None:
    """A time as RFC 3339, if it is one."""
    try:
        seconds = read_time(told, "")
    except InvalidInput:
        return None
    return None if seconds is None else write_time(seconds)


# --- JSON Feed ------------------------------------------------------------------------------------


def _json_feed(body: bytes, url: str) -> Listing:
    try:
        feed = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _nothing() from None
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list) or "jsonfeed" not in str(feed.get("version")):
        raise _nothing()
    language = locale_of(feed.get("language"))
    pieces = (_item(each, url, language) for each in items[:MOST_PIECES] if isinstance(each, dict))
    more = address(url, feed.get("next_url"))
    return Listing(tuple(filter(None, pieces)), (more,) if more and more != url else ())


def _item(item: Mapping[str, Any], url: str, language: str | None) -> Piece | None:
    link = address(url, item.get("url"))
    name = link or " ".join(str(item.get("id") or "").split())
    if not name:
        return None
    body = _text(item, "content_html") or _text(item, "content_text")
    tags = item.get("tags")
    return Piece(
        id=content_id(name),
        url=link,
        title=plain(item.get("title"))[:MOST_TITLE],
        description=plain(item.get("summary")),
        body=body or _text(item, "summary"),
        published=moment(item.get("date_published")),
        changed=(_text(item, "date_modified") or _text(item, "date_published"))[:40],
        tags=named(tags if isinstance(tags, list) else ()),
        locale=locale_of(item.get("language")) or language,
        whole=bool(body),
    )


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


# --- pages ----------------------------------------------------------------------------------------


def _page_with_feed(body: bytes, url: str) -> Listing:
    """A web page that names its feed leads to it."""
    from selectolax.lexbor import LexborHTMLParser

    page = LexborHTMLParser(body[: 1 << 20].decode("utf-8", "replace"))
    kinds = ("application/rss+xml", "application/atom+xml", "application/feed+json")
    for link in page.css("link[rel~=alternate][href]"):
        found = address(url, link.attributes.get("href"))
        if found and found != url and (link.attributes.get("type") or "").lower() in kinds:
            return Listing(more=(found,))
    raise _nothing()


def _nothing() -> InvalidInput:
    detail = "This is no RSS, Atom or JSON Feed and no sitemap, and it names none."
    return InvalidInput(detail, "not-a-feed")
