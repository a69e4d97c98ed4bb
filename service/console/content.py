"""Content: what there is, with its tags, and what people do with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from starlette.responses import Response

from embeddings.index import ContentFilter, parse_filter
from personas.entities import CONTENT_TYPES
from service.console.charts.bars import meter
from service.console.colours import phase_css
from service.console.desk import Desk, Form, Pages
from service.console.overview import phase_name
from service.content_find import Question, documents, search_text
from service.content_review import open_tags, views_lately, waiting
from service.content_tags import read_human, shown
from service.content_write import patch_content, set_tags
from service.coverage_audience import persona_tag

pages = Pages()
A_PAGE = 50
MOST_FOUND = 50
PATIENCE = 2.0  # seconds for a text search
MOST_AT_ONCE = 200  # items of one bulk action


@dataclass(frozen=True)
class Row:
    """An item of the list.

    Attributes:
        told: of the API's answer.
        views: lately, fading with a half-life of 45 days.
    """

    told: Mapping[str, Any]
    phase: str
    css: str
    views: float
    is_open: bool


class Shelf:
    """A site's content, as the pages tell it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @cached_property
    def _views(self) -> Callable[[str], float]:
        return views_lately(self._desk.state, self._desk.site, self._desk.now)

    async def rows(self, names: Sequence[str]) -> list[Row]:
        """These items, in this order."""
        desk = self._desk
        read = await documents(desk.state, desk.site, names)
        entries = desk.state.catalogues.of(desk.site).entries
        there = [document for document in read if document["id"] in entries]
        return [self.row(document) for document in there]

    def row(self, document: Mapping[str, Any], *, body: bool = False) -> Row:
        """One item."""
        desk = self._desk
        tagging = document.get("tagging") or {}
        personas = persona_tag(desk.state, desk.site, tagging, document["id"])
        told = shown(dict(document), desk.journey, personas, body=body)
        phase = told["tagging"]["phase"]
        places = {each.id: place for place, each in enumerate(desk.journey.phases)}
        place = None if phase is None else places[phase["id"]]
        entry = desk.state.catalogues.of(desk.site).entries[document["id"]]
        return Row(
            told,
            "" if place is None else phase_name(desk, desk.journey, place),
            "" if place is None else phase_css(desk.journey, place),
            self._views(document["id"]),
            bool(open_tags(entry)),
        )


@pages.show("/content")
async def listed(desk: Desk) -> Response:
    """All content, or what answers a question, some at a time."""
    question, kind, after = desk.asked("q"), desk.asked("type"), desk.asked("after", most=300)
    where = ContentFilter()
    if kind in CONTENT_TYPES:
        where = parse_filter({"type": [kind]}, "")
    if question:
        hits, _ = await search_text(
            desk.state,
            desk.site,
            Question(question),
            MOST_FOUND,
            replace(where, visible_at=desk.now),
            PATIENCE,
        )
        names, more = [hit.id for hit in hits], None
    else:
        names, more = _page_of(desk, where, after)
    personas = dict(desk.state.personas.of(desk.state, desk.site).names)
    return desk.page(
        "content.html",
        rows=await Shelf(desk).rows(names),
        more=more,
        question=question,
        kind=kind,
        types=CONTENT_TYPES,
        personas=personas,
        bar=meter,
        count=len(desk.state.catalogues.of(desk.site).entries),
        waiting=waiting(desk.state, desk.site),
        done=desk.asked("done"),
    )


def _page_of(desk: Desk, where: ContentFilter, after: str) -> tuple[list[str], str | None]:
    """Ids of a page, and where the next one begins."""
    items = desk.state.catalogues.of(desk.site).items.values()
    names = sorted(item.id for item in items if where.allows(item) and item.id > after)
    return names[:A_PAGE], names[A_PAGE - 1] if len(names) > A_PAGE else None


@pages.do("/content/bulk")
async def bulk(desk: Desk, form: Form) -> Response:
    """The same for many items: confirm their tags, hide or show them, or set type or phase."""
    names, action = form.all("id")[:MOST_AT_ONCE], form.text("action")
    catalogue = desk.state.catalogues.of(desk.site)
    chosen = [name for name in names if name in catalogue.entries]
    for name in chosen:
        if action in ("hide", "show"):
            await patch_content(
                desk.state, desk.site, name, {"hidden": action == "hide"}, desk.now, None
            )
        elif human := _said(desk, name, action):
            await set_tags(desk.state, desk.site, name, human, desk.now)
    return desk.there("/content", done=str(len(chosen)), journey=desk.journey.id)


def _said(desk: Desk, name: str, action: str) -> dict[str, Any]:
    """What an action says of an item's tags; nothing where it cannot."""
    kind, _, value = action.partition(":")
    if kind in ("type", "phase") and value:
        return read_human({kind: value}, desk.journey)
    if action == "confirm":
        return confirmed(desk, name)
    return {}


def confirmed(desk: Desk, name: str) -> dict[str, Any]:
    """The model's likeliest tags as a person's word, of those that no person said."""
    entry = desk.state.catalogues.of(desk.site).entries[name]
    said = {tag: found.id for tag, found in open_tags(entry).items() if found is not None}
    return read_human(said, desk.journey) if said else {}
