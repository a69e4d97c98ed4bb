"""Which content is missing: personas by phases, what to write next, and what nobody is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from service.console.charts.heat import Matrix, heat_map
from service.console.colours import phase_css
from service.console.desk import Desk, Pages
from service.console.overview import phase_name
from service.coverage import coverage

pages = Pages()
Cell = Mapping[str, Any]
VIEWS: Mapping[str, Callable[[Cell], float | None]] = {
    "gap": lambda cell: None if cell["gap"] is None else cell["gap"]["lostProgress"],
    "demand": lambda cell: cell["demand"]["visitors"],
    "supply": lambda cell: cell["supply"]["items"],
}
DIGITS = {"gap": 1, "demand": 0, "supply": 1}


@pages.show("/coverage")
async def covered(desk: Desk) -> Response:
    """Demand against supply, and the gaps by lost progress."""
    told = await coverage(desk.state, desk.site, desk.journey, desk.now)
    shown = asked if (asked := desk.asked("show")) in VIEWS else "gap"
    places = {phase.id: place for place, phase in enumerate(desk.journey.phases)}
    return desk.page(
        "coverage.html",
        told=told,
        shown=shown,
        views=list(VIEWS),
        maps=_maps(desk, told["cells"], shown) if told["items"] and told["visitors"] else None,
        name_of=lambda phase: phase_name(desk, desk.journey, places[phase["id"]]),
        css_of=lambda phase: phase_css(desk.journey, places[phase["id"]]),
    )


def _maps(desk: Desk, cells: Sequence[Cell], shown: str) -> tuple[Markup, Markup]:
    """The heat map, wide and narrow; blurred cells stay empty."""
    names = [phase_name(desk, desk.journey, place) for place in range(len(desk.journey.phases))]
    rows = [cells[start : start + len(names)] for start in range(0, len(cells), len(names))]
    values = [[VIEWS[shown](cell) or 0.0 for cell in row] for row in rows]
    titles = [
        [_title(desk, cell, name) for cell, name in zip(row, names, strict=True)] for row in rows
    ]
    matrix = Matrix([row[0]["persona"]["name"] for row in rows], names, values)
    wide, narrow = (
        heat_map(
            desk.words(f"coverage.map-{shown}"),
            matrix,
            lambda value: desk.words.number(value, DIGITS[shown]) if value else "·",
            width=width,
            line=line,
            titles=titles,
        )
        for width, line in ((880, 46), (420, 40))
    )
    return wide, narrow


def _title(desk: Desk, cell: Cell, phase: str) -> str:
    words, who = desk.words, f"{cell['persona']['name']}, {phase}"
    pieces = words("coverage.pieces", pieces=words.number(cell["supply"]["items"], 1))
    if cell["blurred"]:
        return f"{who}: {words('coverage.blurred')}; {pieces}"
    visitors = words("coverage.visitors", visitors=words.number(cell["demand"]["visitors"]))
    lost = words("coverage.lost", lost=words.number(cell["gap"]["lostProgress"], 1))
    return f"{who}: {visitors}; {pieces}; {lost}"
