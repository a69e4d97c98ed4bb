"""Markdown of our own cards as HTML; whatever looks like HTML in it stays text."""

from __future__ import annotations

from functools import lru_cache

from markdown_it import MarkdownIt
from markupsafe import Markup


def prose(text: str) -> Markup:
    """Headings begin one level lower, for a page has its own."""
    return Markup(_markdown().render(_lower(text)))  # noqa: S704 - made without raw HTML


def _lower(text: str) -> str:
    return "\n".join(f"##{line}" if line.startswith("#") else line for line in text.split("\n"))


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(["link", "image"])
