"""What the build of content says about its kind, whatever its words."""

from __future__ import annotations

import re

from embeddings.text import Text, is_code, is_list_item

OPENING_CHARACTERS = 700
BODY_CHARACTERS = 8_000
MOST_LINES = 120

_CUSTOMER = re.compile(
    r"\b(?:[Tt]hey|[Tt]heir|[Tt]he (?:company|team|organi[sz]ation|university|students|engineers)|"
    r"said|says|customers?|employees|needed|wanted|adopted|chose|since)\b"
)
_NEWS = re.compile(
    r"\b(?:[Nn]ew|now (?!with\b|for\b|and\b)\w+|[Ww]e(?:'ve| have| added| released| shipped)|"
    r"[Ii]ntroducing|[Aa]nnouncing|[Rr]eleased?|[Uu]pdates?d?|[Ii]mproved|[Ff]ixed|[Ee]xcited)\b"
)
_CONNECTS = re.compile(r"\b(?:[Ii]ntegrat\w+|[Cc]onnect\w*|data source|self-host your)\b")
_NAME = re.compile(r"[A-Z][\w.&'-]*(?: (?:of |the |& )?[A-Z0-9][\w.&'-]*)*")
_FILES = (".yml", ".yaml", ".json", ".toml", ".env", ".conf", ".cfg", ".js", ".py", ".sh")
_SENTENCE_ENDS = (". ", ".\n", "? ", "! ", "\n\n")


def structure(text: Text, words: int) -> dict[str, float]:
    """Each measure in 0-1, by the words that the table gives it; `words` are in the body."""
    body = text.plain[:BODY_CHARACTERS].replace("\u2019", "'")
    lines = [line for line in body.split("\n") if line][:MOST_LINES]
    rows = max(len(lines), 1)
    code = sum(map(is_code, lines)) / rows + 0.02 * text.code_blocks
    items = sum(map(is_list_item, lines)) / rows
    tables = text.tables + sum(line.startswith("|") for line in lines) / 5
    title = len(text.title.split())
    sentence = words / (1 + sum(map(body.count, _SENTENCE_ENDS)))
    short = _ramp(-words, -600, -300)
    return {
        "flags, keys and requests": _ramp(_code_words(body) * 1000 / max(words, 150), 0, 6),
        **_story(text, body, words, code),
        "very short body": _ramp(-words, -180, -60),
        "short body": short,
        "long body": _ramp(words, 600, 1000),
        "very long body": _ramp(words, 1500, 3000),
        "title of one or two words": float(0 < title <= 2),
        "short title": float(0 < title <= 4),
        "long title": _ramp(title, 6, 9),
        "much code": _ramp(code, 0.15, 0.4),
        "some code": _ramp(code, 0.02, 0.1),
        "many list items": _ramp(items, 0.1, 0.4),
        "many headings": _ramp(len(text.headings), 4, 12),
        "no headings": float(not text.headings),
        "many links": _ramp(text.links, 10, 40),
        "tables": _ramp(tables, 0, 2),
        "a video player in a short page": short * _ramp(text.videos, 0, 1),
        "forms and buttons": _ramp(text.forms, 0, 2),
        "long sentences": _ramp(sentence, 12, 22),
        "short sentences": _ramp(-sentence, -11, -6),
    }


def _story(text: Text, body: str, words: int, code: float) -> dict[str, float]:
    """What two observations say only together."""
    per_thousand = 1000 / max(words, 150)
    name = _recurrences(text.title, body) * per_thousand
    customer = _ramp(len(_CUSTOMER.findall(body)) * per_thousand, 2, 10)
    opening = f"{text.title} {text.description} {body[:OPENING_CHARACTERS]}"
    connects, news = bool(_CONNECTS.search(opening)), bool(_NEWS.search(opening))
    return {
        "the title's name recurs": _ramp(name, 1, 5),
        "a name and a customer's story": _ramp(name, 1, 4) * customer,
        "a short page that connects two products": connects * _ramp(-words, -500, -150),
        "a short page of news": news * _ramp(-words, -600, -200),
        "a lecture without code": _ramp(words, 400, 700) * _ramp(-code, -0.06, -0.02),
    }


def _code_words(body: str) -> int:
    """Flags, keys, calls, requests and names of files."""
    words = body.split()
    names = sum("_" in word or "()" in word or word[:2] == "--" for word in words)
    names += sum(map(body.count, _FILES))
    return names + sum(body.count(f"{method} /") for method in ("GET", "POST", "PUT", "DELETE"))


def _recurrences(title: str, body: str) -> float:
    """How often the name that the title is, or begins with, stands in the body."""
    found = _NAME.match(title)
    name = found[0] if found is not None else ""
    return float(body.count(name)) if len(name) > 2 else 0.0


def _ramp(value: float, none: float, full: float) -> float:
    """0 at `none`, 1 at `full`, straight between."""
    return min(max((value - none) / (full - none), 0.0), 1.0)
