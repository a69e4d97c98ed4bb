"""Wording and structure that betray what content is: the readable half of the tagger's prior.

Each row of the `tagging_wording_…` tables says where to look, for what, and how strongly it speaks
for a class, in log odds. A row's value lies in 0-1: how often it occurs, up to the number that
counts as "full". Weights are an expert's; fitting and people's corrections start from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

from embeddings.tagging_structure import BODY_CHARACTERS, OPENING_CHARACTERS, structure
from embeddings.tagging_wording_body import BODY
from embeddings.tagging_wording_openings import OPENINGS
from embeddings.tagging_wording_titles import TITLES
from embeddings.text import Text
from personas.entities import CONTENT_TYPES, LADDER

ENDING_CHARACTERS = 500
LEAST_WORDS = 150  # rates in shorter bodies are counted as if they had so many
QUOTED = 120  # characters
PLACES = ("title", "opening", "headings", "ending", "body")


@dataclass(frozen=True, slots=True)
class Signal:
    """One row: `phrases` (of words in lower case) and a `pattern` of the raw text, or neither."""

    name: str
    says: str  # for people
    where: str  # one of PLACES, or structure
    full: float  # hits (in a body: per 1,000 words) that count as 1
    types: Mapping[str, float] = field(default_factory=dict)
    phases: Mapping[str, float] = field(default_factory=dict)
    phrases: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None


def read_table(table: str) -> tuple[Signal, ...]:
    """The signals of a table in the form that `tagging_wording_titles` explains.

    >>> (signal,) = read_table("[title 1] “vs”\n  = vs, -/being compared to\n  : comparison 2 / -")
    >>> signal.phrases, dict(signal.types)
    (('vs', 'compared to', 'being compared to'), {'comparison': 2.0})

    Raises:
        ValueError: of a class or place that does not exist, or a row without weights.
    """
    blocks = re.split(r"^(?=\[)", table.strip(), flags=re.M)
    return tuple(_signal(block.strip().splitlines()) for block in blocks if block.strip())


def _signal(lines: list[str]) -> Signal:
    place, says = lines[0].removeprefix("[").split("] ", 1)
    where, full = place.split()
    if where not in (*PLACES, "structure"):
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
        tuple(words for line in parts["="] for part in line.split(", ") for words in _spelt(part)),
        re.compile(pattern) if pattern else None,
    )


def _spelt(phrase: str) -> Iterator[str]:
    """All that a phrase with alternatives stands for."""
    for words in product(*(word.split("/") for word in phrase.split())):
        yield " ".join(word for word in words if word != "-")


def _weights(table: str, classes: tuple[str, ...]) -> dict[str, float]:
    words = [] if table.strip() == "-" else table.rstrip(" /").split()
    weights = {name: float(number) for name, number in zip(words[::2], words[1::2], strict=True)}
    if unknown := weights.keys() - set(classes):
        raise ValueError(f"no such class: {sorted(unknown)}")
    return weights


SIGNALS = (*read_table(TITLES), *read_table(OPENINGS), *read_table(BODY))
NAMES = tuple(signal.name for signal in SIGNALS)


class _Phrases:
    """The phrases of all signals of one place: a first word → the rest of its phrases."""

    def __init__(self, where: str) -> None:
        self.starts: dict[str, dict[str, list[int]]] = {}
        self.lengths: dict[str, tuple[int, ...]] = {}
        for number, signal in enumerate(SIGNALS):
            for phrase in signal.phrases if signal.where == where else ():
                first = phrase.split(" ", 1)[0]
                self.starts.setdefault(first, {}).setdefault(phrase, []).append(number)
        for first, phrases in self.starts.items():
            self.lengths[first] = tuple({phrase.count(" ") + 1 for phrase in phrases})

    def count(self, words: Sequence[str], hits: NDArray[np.float64]) -> None:
        """Adds each phrase's hits in a text to those of its signals."""
        starts = self.starts
        for position, word in enumerate(words):
            if word not in starts:
                continue
            known = starts[word]
            for length in self.lengths[word]:
                phrase = word if length == 1 else " ".join(words[position : position + length])
                for number in known.get(phrase, ()):
                    hits[number] += 1


_PHRASES = {where: _Phrases(where) for where in PLACES}
_PATTERNS = {
    where: [
        (number, signal.pattern)
        for number, signal in enumerate(SIGNALS)
        if signal.pattern is not None and signal.where == where
    ]
    for where in PLACES
}
_STRUCTURE = [(k, signal.says) for k, signal in enumerate(SIGNALS) if signal.where == "structure"]
_FULL = np.array([signal.full for signal in SIGNALS])
_IN_BODY = np.array([signal.where == "body" for signal in SIGNALS])
_WORD = re.compile(r"[^\W_]+")


def measure(text: Text) -> NDArray[np.float64]:
    """How strongly each signal is present, each in 0-1. Shape [len(SIGNALS)]."""
    hits = np.zeros(len(SIGNALS))
    count = 0
    for where, raw in places_of(text).items():
        words = _WORD.findall(raw.lower())
        _PHRASES[where].count(words, hits)
        for number, pattern in _PATTERNS[where]:
            hits[number] += len(pattern.findall(raw))
        count = len(words)
    hits[_IN_BODY] *= 1000 / max(count, LEAST_WORDS)
    measured = structure(text, count)
    for number, says in _STRUCTURE:
        hits[number] = measured[says]
    strength: NDArray[np.float64] = np.minimum(hits / _FULL, 1.0)
    return strength


def prior_weights(classes: tuple[str, ...]) -> NDArray[np.float64]:
    """The expert's weights of all signals for the types or the phases, [classes, signals]."""
    tables = [signal.types if classes == CONTENT_TYPES else signal.phases for signal in SIGNALS]
    return np.array([[table.get(name, 0.0) for table in tables] for name in classes])


def quote(signal: Signal, places: Mapping[str, str]) -> str:
    """What the signal says, with the sentence that it was first found in.

    Args:
        places: from `places_of` the document.
    """
    if signal.where in ("structure", "title"):
        return signal.says
    raw = places[signal.where]
    start = _first(signal, raw)
    if start is None:
        return signal.says
    begin = max(raw.rfind(mark, 0, start) for mark in (". ", "\n", "! ", "? ")) + 1
    words = " ".join(raw[max(begin, start - QUOTED) : start + QUOTED].split())
    short = words if len(words) <= QUOTED else words[:QUOTED].rsplit(" ", 1)[0] + " …"
    return f"{signal.says}: “{short}”"


def _first(signal: Signal, raw: str) -> int | None:
    found = signal.pattern.search(raw) if signal.pattern is not None else None
    if found is not None:
        return found.start()
    words = f" {' '.join(_WORD.findall(raw.lower()))} "
    for phrase in signal.phrases:
        if f" {phrase} " in words:
            apart = r"[\W_]+".join(map(re.escape, phrase.split()))
            found = re.search(rf"(?i)(?<![^\W_]){apart}(?![^\W_])", raw)
            return None if found is None else found.start()
    return None


def places_of(text: Text) -> dict[str, str]:
    """The raw text of each place, with straight apostrophes; the body last."""
    body = text.plain[:BODY_CHARACTERS]
    places = {
        "title": text.title,
        "opening": f"{text.description}\n{body[:OPENING_CHARACTERS]}",
        "headings": "\n".join(text.headings),
        "ending": text.plain[-ENDING_CHARACTERS:],
        "body": body,
    }
    return {where: raw.replace("\u2019", "'") for where, raw in places.items()}
