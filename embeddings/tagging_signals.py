"""Wording and structure that betray what content is: the readable half of the tagger's prior.

Each row of `wording` says where to look, for what, and how strongly it speaks for a class, in log
odds. A row's value lies in 0-1: how often it occurs, up to the number that counts as "full".
Weights are an expert's; fitting and people's corrections start from them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from embeddings.tagging_wording import WORDING
from embeddings.text import Text, is_code, is_list_item
from personas.entities import CONTENT_TYPES, LADDER

OPENING_CHARACTERS = 700
BODY_CHARACTERS = 20_000
QUOTED = 120  # characters
LEAST_WORDS = 150  # rates in shorter bodies are counted as if they had so many


@dataclass(frozen=True, slots=True)
class Signal:
    """One row: `phrases` (normalised words, `*` = any ending) or a `pattern` of the raw text."""

    name: str
    says: str  # for people
    where: str  # title, opening, headings, body, or structure
    full: float  # hits (in a body: per 1,000 words) that count as 1
    types: Mapping[str, float] = field(default_factory=dict)
    phases: Mapping[str, float] = field(default_factory=dict)
    phrases: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None


_CONTENT = {"title", "opening", "headings", "body", "structure"}


def read_table(table: str) -> tuple[Signal, ...]:
    """The signals of a table in the form that `wording` explains.

    >>> (signal,) = read_table("[title 1] “vs”\n  = vs, versus\n  : comparison 2 / consideration 1")
    >>> signal.phrases, dict(signal.phases)
    ((' vs ', ' versus '), {'consideration': 1.0})

    Raises:
        ValueError: of a class or place that does not exist, or a row without weights.
    """
    blocks = re.split(r"^(?=\[)", table.strip(), flags=re.M)
    return tuple(_signal(block.strip().splitlines()) for block in blocks if block.strip())


def _signal(lines: list[str]) -> Signal:
    place, says = lines[0].removeprefix("[").split("] ", 1)
    where, full = place.split()
    if where not in _CONTENT:
        raise ValueError(f"no such place: {where}")
    parts: dict[str, list[str]] = {"=": [], "~": [], ":": []}
    for line in lines[1:]:
        parts[line.strip()[0]].append(line.removeprefix("  ")[2:])
    types, _, phases = " ".join(parts[":"]).partition(" / ")
    pattern = "".join(parts["~"])
    return Signal(
        f"{where}: {says}",
        says,
        where,
        float(full),
        _weights(types, CONTENT_TYPES),
        _weights(phases, LADDER),
        tuple(map(_phrase, ", ".join(parts["="]).split(", "))) if parts["="] else (),
        re.compile(pattern) if pattern else None,
    )


def _phrase(words: str) -> str:
    return f" {words.removesuffix('*')}" + ("" if words.endswith("*") else " ")


def _weights(table: str, classes: tuple[str, ...]) -> dict[str, float]:
    words = [] if table.strip() == "-" else table.split()
    weights = {name: float(number) for name, number in zip(words[::2], words[1::2], strict=True)}
    if unknown := weights.keys() - set(classes):
        raise ValueError(f"no such class: {sorted(unknown)}")
    return weights


SIGNALS = read_table(WORDING)
NAMES = tuple(signal.name for signal in SIGNALS)


def measure(text: Text) -> NDArray[np.float64]:
    """How strongly each signal is present, each in 0-1. Shape [len(SIGNALS)]."""
    raw = _places(text)
    body = raw["body"]
    plain = {where: _normal(words) for where, words in raw.items()}
    words = plain["body"].count(" ") - 1
    per_thousand = 1000 / max(words, LEAST_WORDS)
    structure = _structure(text, body, words)
    values = np.zeros(len(SIGNALS))
    for k, signal in enumerate(SIGNALS):
        if signal.where == "structure":
            values[k] = structure[signal.name]
            continue
        hits = _hits(signal, raw[signal.where], plain[signal.where])
        rate = hits * per_thousand if signal.where == "body" else hits
        values[k] = min(rate / signal.full, 1.0)
    return values


def prior_weights(classes: tuple[str, ...]) -> NDArray[np.float64]:
    """The expert's weights of all signals for the types or the phases, [classes, signals]."""
    tables = [signal.types if classes == CONTENT_TYPES else signal.phases for signal in SIGNALS]
    return np.array([[table.get(name, 0.0) for table in tables] for name in classes])


def quote(signal: Signal, text: Text) -> str:
    """What the signal says, with the first words of the document that it was found in."""
    raw = _places(text).get(signal.where, "")
    found = signal.pattern.search(raw) if signal.pattern is not None else _first(signal, raw)
    if found is None or signal.where in ("structure", "title"):
        return signal.says
    start = max(raw.rfind(mark, 0, found.start()) for mark in (". ", "\n", "! ", "? ")) + 1
    words = " ".join(raw[start : start + 4 * QUOTED].split())
    short = words if len(words) <= QUOTED else words[:QUOTED].rsplit(" ", 1)[0] + " …"
    return f"{signal.says}: “{short}”"


def _first(signal: Signal, raw: str) -> re.Match[str] | None:
    """Where the first of a signal's phrases stands; words may be parted by anything but letters."""
    phrases = (r"[\W_]+".join(map(re.escape, phrase.split())) for phrase in signal.phrases)
    return re.search(rf"(?i)\b(?:{'|'.join(phrases)})", raw)


def _places(text: Text) -> dict[str, str]:
    body = text.plain[:BODY_CHARACTERS]
    opening = f"{text.description}\n{body[:OPENING_CHARACTERS]}"
    headings = "\n".join(text.headings)
    return {"title": text.title, "opening": opening, "headings": headings, "body": body}


_NOT_WORD = re.compile(r"[\W_]+")


def _normal(text: str) -> str:
    """Lower-case words, each between single spaces."""
    return f" {_NOT_WORD.sub(' ', text.lower()).strip()} "


def _hits(signal: Signal, raw: str, plain: str) -> float:
    if signal.pattern is not None:
        return sum(1 for _ in signal.pattern.finditer(raw))
    return sum(map(plain.count, signal.phrases))


def _ramp(value: float, none: float, full: float) -> float:
    """0 at `none`, 1 at `full`, straight between."""
    return min(max((value - none) / (full - none), 0.0), 1.0)


def _structure(text: Text, body: str, words: int) -> dict[str, float]:
    lines = [line for line in body.split("\n") if line]
    rows = max(len(lines), 1)
    code = sum(map(is_code, lines)) / rows
    items = sum(map(is_list_item, lines)) / rows
    title = len(text.title.split())
    sentence = words / (1 + sum(map(body.count, (". ", ".\n", "? ", "! ", "\n\n"))))
    short = _ramp(-words, -600, -300)
    measured = {
        "very short body": _ramp(-words, -180, -60),
        "short body": short,
        "long body": _ramp(words, 600, 1000),
        "very long body": _ramp(words, 1500, 3000),
        "title of one or two words": float(0 < title <= 2),
        "short title": float(0 < title <= 4),
        "long title": _ramp(title, 6, 9),
        "much code": _ramp(code + 0.02 * text.code_blocks, 0.15, 0.4),
        "some code": _ramp(code + 0.02 * text.code_blocks, 0.02, 0.1),
        "many list items": _ramp(items, 0.1, 0.4),
        "many headings": _ramp(len(text.headings), 4, 12),
        "no headings": float(not text.headings),
        "many links": _ramp(text.links, 10, 40),
        "tables": _ramp(text.tables, 0, 2),
        "a video player in a short page": short * _ramp(text.videos, 0, 1),
        "forms and buttons": _ramp(text.forms, 0, 2),
        "long sentences": _ramp(sentence, 12, 22),
        "short sentences": _ramp(-sentence, -11, -6),
    }
    return {f"structure: {name}": value for name, value in measured.items()}
