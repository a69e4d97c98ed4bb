"""Our own example titles and openings of each type of content, filled in with many subjects."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from personas.entities import CONTENT_TYPES

EXAMPLES = Path(__file__).with_name("tagger_examples.md")
OTHER_TRADES = 0.25  # share of the examples that are not about software
NUMBERS = ("3", "4", "5", "6", "7", "8", "10", "12")
VERSIONS = ("1.4", "2.0", "3.2.1", "6.0", "14.3", "0.9.2", "v2")
Fillings = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ExampleText:
    """What the beginning of a document of a type may sound like."""

    type: str
    title: str
    description: str  # often empty
    opening: str


def examples(count: int, seed: int) -> list[ExampleText]:
    """`count` documents of each type; each title stands at least once if there are as many."""
    titles, openings, trades = _read()
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    return [
        _example(kind, titles[kind][number % len(titles[kind])], openings[kind], trades, chance)
        for kind in CONTENT_TYPES
        for number in range(count)
    ]


def _example(
    kind: str,
    title: str,
    openings: Sequence[str],
    trades: tuple[Fillings, Fillings],
    chance: random.Random,
) -> ExampleText:
    words = trades[chance.random() < OTHER_TRADES]
    said = {slot: chance.choice(choices) for slot, choices in words.items()}
    said |= {"N": chance.choice(NUMBERS), "V": chance.choice(VERSIONS)}
    texts = [_filled(text, said) for text in chance.sample(openings, min(3, len(openings)))]
    description = texts[-1] if chance.random() < 0.5 else ""
    return ExampleText(kind, _filled(title, said), description, " ".join(texts[:2]))


def _filled(template: str, said: dict[str, str]) -> str:
    text = template.format(**said)
    return text[0].upper() + text[1:]


@lru_cache(maxsize=1)
def _read() -> tuple[dict[str, list[str]], dict[str, list[str]], tuple[Fillings, Fillings]]:
    """Titles and openings by type, and the fillings of both trades."""
    text = EXAMPLES.read_text(encoding="utf-8")
    kinds, *trades = re.split(r"^# Fillings.*$", text, flags=re.M)
    titles: dict[str, list[str]] = {}
    openings: dict[str, list[str]] = {}
    for part in re.split(r"^## ", kinds, flags=re.M)[1:]:
        kind = part.split("\n", 1)[0].strip()
        titles[kind] = re.findall(r"^- (.+)$", part, re.M)
        openings[kind] = re.findall(r"^> (.+)$", part, re.M)
    software, others = (
        {
            slot: tuple(words.split(", "))
            for slot, words in re.findall(r"^\* (\w): (.+)$", trade, re.M)
        }
        for trade in trades
    )
    return titles, openings, (software, others)
