"""A web page → the article on it, without what surrounds it."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import Any

from embeddings.documents import MOST_TITLE
from service.feeds import Piece, locale_of, moment, named

MARKUP_CHARACTERS = 1_000_000  # of a page that are read
DATES = {
    "extensive_search": False,  # a date that nobody declared is a guess
    "original_date": True,
    "outputformat": "%Y-%m-%dT%H:%M:%S%z",
}
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset=[\"']?([\w-]{3,20})", re.I)
_LANGUAGE = re.compile(r"<html[^>]{0,500}\slang=[\"']?([\w-]{2,20})", re.I)


def read_article(piece: Piece, body: bytes, charset: str | None) -> Piece | None:
    """A piece with what its page says; what the list said of it goes before.

    Args:
        charset: as the server declared it.

    Returns:
        None: there is no text on the page.
    """
    page = decoded(body, charset)[:MARKUP_CHARACTERS]
    found = _extracted(page, piece.url)
    if found is None or not (found.text or found.title):
        return None
    language = _LANGUAGE.search(page[:5_000])
    text = found.text or piece.body or found.description or found.title
    return replace(
        piece,
        title=piece.title or (found.title or "")[:MOST_TITLE],
        description=piece.description or found.description or "",
        body=text,
        published=piece.published or moment(found.date),
        tags=piece.tags or named([*(found.categories or ()), *(found.tags or ())]),
        locale=piece.locale or locale_of(language[1] if language else None),
        whole=True,
    )


def decoded(body: bytes, charset: str | None) -> str:
    """A page's text; the server's word on its charset goes before the page's own."""
    found = _CHARSET.search(body[:2_000])
    for name in (charset, found[1].decode() if found else None, "utf-8"):
        try:
            if name:
                return body.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return body.decode("cp1252", "replace")


def _extracted(page: str, url: str | None) -> Any:  # noqa: ANN401 - trafilatura's document
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # the job tells what failed
    try:
        return trafilatura.bare_extraction(
            page,
            url=url,
            with_metadata=True,
            include_comments=False,
            include_formatting=True,
            include_links=True,
            include_tables=True,
            output_format="python",  # its text is Markdown
            date_extraction_params=dict(DATES),
        )
    except (ValueError, TypeError, AttributeError, RecursionError):  # of pages that break it
        return None
