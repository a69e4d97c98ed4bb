"""The review queue: one item after the other, the deciding passages marked, one key an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from markupsafe import Markup, escape
from starlette.responses import Response

from embeddings.index import ContentFilter
from embeddings.text import read_text
from personas.entities import CONTENT_TYPES
from service.console.charts.bars import meter
from service.console.content import Shelf, confirmed
from service.console.desk import Desk, Form, Pages
from service.console.overview import phase_name
from service.content_review import Doubt, doubts
from service.content_tags import read_human
from service.content_write import load_document, set_tags

pages = Pages()
MOST_PARAGRAPHS = 60
QUOTED = re.compile("“(.+?)(?: …)?”", re.DOTALL)
PARAGRAPH = re.compile(r"[^\n].*?(?=\n\n|\Z)", re.DOTALL)
LEAST_QUOTE = 12  # letters of a quote that is looked for


@dataclass(frozen=True, slots=True)
class Evidence:
    """What spoke for a tag or against it: in words, with its weight."""

    text: str
    weight: float


@pages.show("/content/review")
async def review(desk: Desk) -> Response:
    """The next item that waits for a person."""
    waiting = sorted(
        doubts(desk.state, desk.site, ContentFilter(), desk.now), key=lambda each: each.place
    )
    after = desk.asked("after", most=400)
    doubt = next((each for each in waiting if each.place > after), None)
    told: dict[str, Any] = {"waiting": len(waiting), "doubt": doubt, "is_end": bool(after)}
    if doubt is not None:
        told |= await _told(desk, doubt)
    return desk.page("review.html", bar=meter, done=desk.asked("done"), **told)


async def _told(desk: Desk, doubt: Doubt) -> dict[str, Any]:
    document = await load_document(desk.state, desk.site, doubt.id)
    row = Shelf(desk).row(document)
    tagging = row.told["tagging"]
    evidence = {
        name: _evidence(tagging["evidence"], f"{name}:", told["id"] if told else "")
        for name, told in (("type", tagging["type"]), ("phase", _rung(document)))
    }
    quotes = [each.text for found in evidence.values() for each in found if each.weight > 0]
    text = read_text(document["title"], document["description"], document["body"])
    return {
        "row": row,
        "evidence": evidence,
        "paragraphs": marked(text.plain, quotes),
        "types": CONTENT_TYPES,
        "phases": [
            (phase.id, phase_name(desk, desk.journey, place))
            for place, phase in enumerate(desk.journey.phases)
        ],
    }


def _rung(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The phase tag as it was decided, on the ladder."""
    found: Mapping[str, Any] | None = (document.get("tagging") or {}).get("phase")
    return found


def _evidence(told: Sequence[Mapping[str, Any]], kind: str, winner: str) -> list[Evidence]:
    """What decided on the winner, the strongest first."""
    found = [
        Evidence(each["text"], each["weight"]) for each in told if each["for"] == kind + winner
    ]
    return sorted(found, key=lambda each: -abs(each.weight))


def marked(plain: str, told: Sequence[str]) -> list[Markup]:
    """Paragraphs of a text, with what was quoted from it marked. Nothing in it is markup.

    A quote may run over several paragraphs.

    >>> [str(each) for each in marked("a < b. Two and\\n\\na half.", ["so “Two and a half”"])]
    ['a &lt; b. <mark>Two and</mark>', '<mark>a half</mark>.']
    """
    quotes = [quote for text in told for quote in QUOTED.findall(text)]
    spans = [
        match.span()
        for quote in quotes
        if len(quote) >= LEAST_QUOTE
        for match in re.finditer(_pattern(quote), plain)
    ]
    paragraphs = [match for match in PARAGRAPH.finditer(plain) if match.group().strip()]
    return [_marked(each.group(), each.start(), spans) for each in paragraphs[:MOST_PARAGRAPHS]]


def _pattern(quote: str) -> str:
    """A quote as it may stand in the text: with line breaks and marks of lists between words."""
    return r"[\s\-]+".join(map(re.escape, quote.replace("- ", " ").split()))


def _marked(paragraph: str, start: int, spans: Sequence[tuple[int, int]]) -> Markup:
    inside = np.zeros(len(paragraph) + 2, bool)  # with nothing before and after
    for begin, end in spans:
        inside[max(begin - start, 0) + 1 : max(end - start, 0) + 1] = True
    inside[-1] = False
    edges = np.flatnonzero(inside[1:] != inside[:-1]).tolist()
    bounds = [0, *edges, len(paragraph)]
    parts = [escape(paragraph[one:other]) for one, other in pairwise(bounds)]
    told = [
        Markup("<mark>") + part + Markup("</mark>") if number % 2 else part
        for number, part in enumerate(parts)
    ]
    return Markup("").join(told)


@pages.do("/content/review")
async def answer(desk: Desk, form: Form) -> Response:
    """A person's word: what the model thought, or something else."""
    name, asked = form.text("id", 300), {"journey": desk.journey.id}
    if form.text("do") == "confirm":
        human = confirmed(desk, name)
    else:
        said = {tag: value for tag in ("type", "phase") if (value := form.text(tag))}
        human = read_human(said, desk.journey)
    if human:
        await set_tags(desk.state, desk.site, name, human, desk.now)
        asked["done"] = "1"
    if after := form.text("after", 400):
        asked["after"] = after
    return desk.there("/content/review", **asked)
