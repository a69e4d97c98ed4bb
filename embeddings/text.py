"""Content as it comes (plain text, HTML or Markdown) → what the tagger and the encoder read.

Nothing here raises: content is other people's, and a strange page is still a page. All work is
bounded by the caps below, whatever is sent.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

MARKUP_CHARACTERS = 400_000  # of HTML that are parsed
MARKDOWN_CHARACTERS = 60_000
PLAIN_CHARACTERS = 40_000  # of readable text that are kept
PASSAGE_WORDS = 180  # what MiniLM's 256 word pieces hold
HEADINGS = 100
NESTING = 500  # HTML elements within each other; parsing takes time quadratic in this

_BLOCKS = (
    "address|article|aside|blockquote|br|button|dd|div|dl|dt|figcaption|figure|footer|form|"
    "h[1-6]|header|hr|iframe|label|li|main|ol|option|p|pre|section|summary|table|td|th|tr|ul|video"
)
_BLOCK_TAG = re.compile(rf"</?(?:{_BLOCKS})\b", re.I)
_ITEM_TAG = re.compile(r"<li\b[^<>]{0,500}>", re.I)
_CLOSING = re.compile(r"</(?:p|div|h[1-6]|li|ul|ol|a|table|section|article|span|body)\s*>", re.I)
_OPENING_DOCUMENT = re.compile(r"\s*<(?:!doctype|!--|[a-z][a-z0-9]{0,12}[\s>/])", re.I)
_NESTING_TAG = re.compile(
    r"<(/?)(?!(?:p|li|td|tr|th|dt|dd|br|img|hr|input|meta|link)\b)[a-z]", re.I
)
_ANY_TAG = re.compile(r"</?[a-z!][^<>]{0,500}>", re.I)
_MARKDOWN = re.compile(
    r"^#{1,6} +\S|^ {0,3}(?:```|~~~)|\]\([^\s()]{1,500}\)|\*\*[^\s*]|^\|[^\n]{1,500}\|[ \t]*$", re.M
)
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n.{0,5000}?\n---[ \t]*\n", re.S)
_LINK = re.compile(r"(!?)\[([^\[\]\n]{0,300})\]\([^()\s]{0,500}(?:[ \t]+\"[^\"\n]{0,200}\")?\)")
_ADDRESS = re.compile(r"https?://[^\s<>()\"']{1,500}")
_EMPHASIS = re.compile(r"\*{1,3}|`+|~~|(?<!\w)_{1,2}|_{1,2}(?!\w)")
_LIST_ITEM = re.compile(r"[ \t]*(?:[-*+•\u2013]|\d{1,3}[.)])[ \t]+\S")
_CODE_LINE = re.compile(
    r"""^\s*(?:\$\s+\S|>>>|\#!|//|/\*|<\w|(?:import|from|def|const|let|var|function|class|return
    |export|public|private|static|SELECT|INSERT|CREATE|ALTER|FROM|WHERE|npm|npx|yarn|pip|docker
    |curl|git|sudo|apt|brew|kubectl|helm|cd|echo)\s+\S.{0,300}$|[\w.-]+:\s*[\w"'/{\[]*$|[}\])]+[;,]?$)
    |[;{}\\]\s*$|=>|\(\)|::|==|\w\([^()]{0,80}\)\s*[;:{]?\s*$|^\s*[\w.]+\s*=\s*\S""",
    re.X,
)
_SPACE = re.compile(r"[ \t\r\f\v\u00a0]+")
_GAPS = re.compile(r"\n[ \n]*\n")


@dataclass(frozen=True, slots=True)
class Text:
    """What can be read of a piece of content; counts are of its body."""

    title: str
    description: str
    plain: str  # paragraphs parted by an empty line, list items by "- "
    headings: tuple[str, ...] = ()
    links: int = 0
    lists: int = 0  # list items
    code_blocks: int = 0
    tables: int = 0
    images: int = 0
    videos: int = 0  # players and embedded frames
    forms: int = 0  # forms and buttons
    format: str = "plain"  # or "html", "markdown"


def read_text(title: str | None, description: str | None, body: str | None) -> Text:
    """Read content in any of the three formats; the format is detected.

    A missing title is taken from the page itself (its `<title>` or first heading). Any strings
    are accepted; at most `MARKUP_CHARACTERS` of the body are looked at.
    """
    raw = _valid((body or "")[:MARKUP_CHARACTERS])
    head = _one_line(title, 500), _one_line(description, 2000)
    if _is_html(raw):
        if _nesting(raw) > NESTING:
            return _read_plain(*head, _bare(raw))
        return _read_html(*head, raw)
    if _MARKDOWN.search(raw[:MARKDOWN_CHARACTERS]):
        return _read_markdown(*head, raw[:MARKDOWN_CHARACTERS])
    return _read_plain(*head, raw[:PLAIN_CHARACTERS])


def passages(text: Text, limit: int = 6) -> list[str]:
    """At most `limit` excerpts of ≤ `PASSAGE_WORDS` words; at least one, even of nothing.

    First what the title and description say, then the opening, then excerpts spread evenly over
    the rest of the body.
    """
    head = " ".join(f"{text.title}. {text.description}".split()[:PASSAGE_WORDS]).strip(" .")
    words = text.plain.split()
    chunks = [words[k : k + PASSAGE_WORDS] for k in range(0, len(words), PASSAGE_WORDS)]
    if len(chunks) > 1 and len(chunks[-1]) < PASSAGE_WORDS // 4:
        chunks.pop()  # a stub says little, and would weigh as much as a whole passage
    room = max(limit - bool(head), 1)
    if len(chunks) > room:
        chunks = [chunks[k * (len(chunks) - 1) // max(room - 1, 1)] for k in range(room)]
    found = ([head] if head else []) + [" ".join(chunk) for chunk in chunks]
    return found[: max(limit, 1)] or [""]


def is_code(line: str) -> bool:
    """Whether a line of plain text looks like code or a command."""
    return bool(_CODE_LINE.search(line[:400]))


def is_list_item(line: str) -> bool:
    """Whether a line of plain text is an item of a list."""
    return bool(_LIST_ITEM.match(line))


def _valid(text: str) -> str:
    """Without lone surrogates, which parsers refuse, and zero bytes, which cut text short."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").replace("\r\n", "\n")


def _one_line(text: str | None, limit: int) -> str:
    plain = html.unescape(_ANY_TAG.sub(" ", _valid((text or "")[: 4 * limit])))
    return " ".join(_valid(plain).split())[:limit]


def _tidy(text: str) -> str:
    lines = (_SPACE.sub(" ", line).strip() for line in text.split("\n"))
    return _GAPS.sub("\n\n", "\n".join(lines)).strip()[:PLAIN_CHARACTERS]


def _short(headings: Sequence[str]) -> tuple[str, ...]:
    tidy = (" ".join(heading.split())[:200] for heading in headings[:HEADINGS])
    return tuple(heading for heading in tidy if heading)


# --- HTML -----------------------------------------------------------------------------------------


def _is_html(raw: str) -> bool:
    if _OPENING_DOCUMENT.match(raw):
        return bool(_ANY_TAG.search(raw[:20_000]))
    sample = raw[:20_000]
    closings = sum(1 for _ in _CLOSING.finditer(sample))
    return closings >= 2 and not _MARKDOWN.search(sample)


def _nesting(raw: str) -> int:
    depth = deepest = 0
    for tag in _NESTING_TAG.finditer(raw):
        depth = max(depth - 1, 0) if tag[1] else depth + 1
        deepest = max(deepest, depth)
    return deepest


def _bare(raw: str) -> str:
    """Without tags, by pattern alone: for what is not worth a parser's time."""
    return html.unescape(_ANY_TAG.sub(" ", raw))[:PLAIN_CHARACTERS]


def _read_html(title: str, description: str, raw: str) -> Text:
    from selectolax.lexbor import LexborHTMLParser, SelectolaxError

    # The parser knows elements, not lines: blocks get theirs before their tags are gone.
    lined = _BLOCK_TAG.sub(r"\n\g<0>", _ITEM_TAG.sub("<li>- ", raw))
    try:
        tree = LexborHTMLParser(lined)
        body = tree.body
        if body is None:
            return _read_plain(title, description, _bare(raw))
        own = tree.css_first("title")
        name = "" if own is None else own.text(deep=True)
        for dropped in tree.css("script,style,noscript,template,svg,nav,head"):
            dropped.decompose()
        headings = _short(
            [node.text(deep=True) for node in tree.css("h1,h2,h3,h4,h5,h6")[:HEADINGS]]
        )
        count = {name: len(tree.css(query)) for name, query in _COUNTED.items()}
        plain = _tidy(body.text(deep=True))
    except (SelectolaxError, ValueError, RuntimeError):
        return _read_plain(title, description, _bare(raw))
    title = title or _one_line(name, 500) or (headings[0] if headings else "")
    return Text(title, description, plain, headings, **count, format="html")


_COUNTED = {
    "links": "a[href]",
    "lists": "li",
    "code_blocks": "pre",
    "tables": "table",
    "images": "img",
    "videos": "video,iframe,embed",
    "forms": "form,button",
}


# --- Markdown -------------------------------------------------------------------------------------


def _read_markdown(title: str, description: str, raw: str) -> Text:
    from markdown_it import MarkdownIt

    # Blocks only: inline rules are the slow and the bomb-prone half, and are not needed here.
    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    tokens = parser.parse(_FRONT_MATTER.sub("", raw, count=1))
    kinds = [token.type for token in tokens]
    lines: list[str] = []
    headings: list[str] = []
    item = False
    for kind, token in zip(["", *kinds], tokens, strict=False):
        item = item or token.type == "list_item_open"
        if token.type == "inline":
            content = _inline(token.content)
            lines.append(f"- {content}" if item else content)
            headings += [content] if kind == "heading_open" else []
            item = False
        elif token.content:
            lines.append(
                _ANY_TAG.sub(" ", token.content) if "html" in token.type else token.content
            )
    links = _LINK.findall(raw)
    return Text(
        title or (headings[0][:500] if headings else ""),
        description,
        _tidy("\n\n".join(lines)),
        _short(headings),
        links=sum(not mark for mark, _ in links),
        lists=kinds.count("list_item_open"),
        code_blocks=kinds.count("fence") + kinds.count("code_block"),
        tables=kinds.count("table_open"),
        images=sum(bool(mark) for mark, _ in links),
        format="markdown",
    )


def _inline(content: str) -> str:
    return html.unescape(_ANY_TAG.sub(" ", _EMPHASIS.sub("", _LINK.sub(r"\2", content))))


# --- plain text -----------------------------------------------------------------------------------


def _read_plain(title: str, description: str, raw: str) -> Text:
    plain = _tidy(raw)
    lines = raw[:PLAIN_CHARACTERS].split("\n")
    code = [key for key, _ in groupby(line.strip() and is_code(line) for line in lines)]
    return Text(
        title,
        description,
        plain,
        _short(_likely_headings(plain)),
        links=len(_ADDRESS.findall(plain)),
        lists=sum(map(is_list_item, lines)),
        code_blocks=sum(key is True for key in code),
    )


def _likely_headings(plain: str) -> list[str]:
    """Short lines that stand alone and end no sentence."""
    return [
        block
        for block in plain.split("\n\n")
        if "\n" not in block
        and len(block) <= 90
        and len(block.split()) <= 12
        and block[-1:] not in ".,;:!…"
        and any(map(str.isalpha, block))
        and not is_list_item(block)
        and not is_code(block)
    ]
