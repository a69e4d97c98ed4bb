"""Shares over time, one above the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from service.console.charts.svg import (
    Box,
    Say,
    cut,
    drawing,
    element,
    group,
    spread,
    text,
    ticks,
    titled,
    written,
)

LINE, FOOT = 15.0, 22.0  # height of a label, and of the axis below


@dataclass(frozen=True, slots=True)
class Moment:
    """A place on the axis, its label there, and what happened, where that is more."""

    place: float
    label: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """Values at each moment, and the class of their colour."""

    name: str
    css: str
    values: Sequence[float]


def stacked_area(
    name: str,
    moments: Sequence[Moment],
    series: Sequence[Series],
    say: Say,
    *,
    width: float = 880,
    height: float = 280,
    steps: bool = False,
) -> Markup:
    """Values stacked from the bottom up.

    Args:
        name: for those who do not see it.
        moments: their places rise.
        series: the first one at the bottom; each as long as `moments`.
        say: a value in words.
        steps: a value holds until the next moment, instead of moving there in a line.
    """
    named, labels = width >= 600, [each.label for each in moments]
    places = [each.place for each in moments]
    box = Box(width, height, left=38, right=150 if named else 8, top=8, bottom=FOOT)
    totals = [sum(each.values[place] for each in series) for place in range(len(places))]
    marks = ticks(max(totals, default=1.0), 4)
    across = [box.x(share) for share in _shares(places)]
    levels = _levels(series, len(places))
    scaled = [[box.y(value / marks[-1]) for value in level] for level in levels]
    bands = [
        titled("path", _about(each, say), d=_band(across, low, high, steps), class_=each.css)
        for each, low, high in zip(series, scaled, scaled[1:], strict=False)
    ]
    parts = [
        _grid(box, marks, say),
        group(bands, class_="bands"),
        _axis(box, across, labels),
        _columns(box, across, [each.title or each.label for each in moments], series, say),
    ]
    if named and places:
        parts.append(_names(box, series, scaled))
    return drawing(box, name, parts, "area")


def _shares(places: Sequence[float]) -> list[float]:
    if len(places) < 2:
        return [0.5] * len(places)
    low, whole = places[0], places[-1] - places[0]
    return [(place - low) / whole if whole else 0.0 for place in places]


def _levels(series: Sequence[Series], count: int) -> list[list[float]]:
    """The lower edge of the first, then the upper edge of each."""
    levels = [[0.0] * count]
    for each in series:
        levels.append([low + value for low, value in zip(levels[-1], each.values, strict=True)])
    return levels


def _band(across: Sequence[float], low: Sequence[float], high: Sequence[float], steps: bool) -> str:
    upper = _line(across, high, steps)
    lower = _line(across, low, steps)[::-1]
    return "M" + "L".join(f"{written(x)} {written(y)}" for x, y in [*upper, *lower]) + "Z"


def _line(across: Sequence[float], down: Sequence[float], steps: bool) -> list[tuple[float, float]]:
    points = list(zip(across, down, strict=True))
    if not steps:
        return points
    return [
        point
        for before, after in zip(points, [*points[1:], points[-1]], strict=True)
        for point in (before, (after[0], before[1]))
    ]


def _about(each: Series, say: Say) -> str:
    if not each.values:
        return each.name
    return f"{each.name}: {say(each.values[0])} → {say(each.values[-1])}"


def _grid(box: Box, marks: Sequence[float], say: Say) -> Markup:
    lines = []
    for mark in marks:
        y = box.y(mark / marks[-1])
        lines.append(element("line", x1=box.left, x2=box.x(1), y1=y, y2=y))
        lines.append(text(box.left - 6, y + 4, say(mark), anchor="end"))
    return group(lines, class_="grid")


def _axis(box: Box, across: Sequence[float], labels: Sequence[str]) -> Markup:
    """As many labels as have room."""
    parts: list[Markup] = []
    free = -1e9
    for number, (x, label) in enumerate(zip(across, labels, strict=True)):
        half = 3.4 * len(label)
        first, last = number == 0, number == len(across) - 1
        anchor = "start" if first else "end" if last else "middle"
        begin = x if first else x - 2 * half if last else x - half
        if begin < free or (not last and across and x + half > across[-1] - 7 * len(labels[-1])):
            continue
        parts.append(text(x, box.height - 6, label, anchor=anchor))
        free = begin + 2 * half + 14
    return group(parts, class_="axis")


def _columns(
    box: Box, across: Sequence[float], titles: Sequence[str], series: Sequence[Series], say: Say
) -> Markup:
    """Over each moment a field that tells its values."""
    edges = [box.left, *((a + b) / 2 for a, b in pairwise(across)), box.x(1)]
    fields = []
    for number, title in enumerate(titles):
        told = [f"{each.name}: {say(each.values[number])}" for each in reversed(series)]
        fields.append(
            titled(
                "rect",
                "\n".join([title, *told]),
                x=edges[number],
                y=box.top,
                width=max(edges[number + 1] - edges[number], 0.0),
                height=box.inner_height,
            )
        )
    return group(fields, class_="fields")


def _names(box: Box, series: Sequence[Series], scaled: Sequence[Sequence[float]]) -> Markup:
    """Beside the right end of each band its name."""
    middles = [(low[-1] + high[-1]) / 2 for low, high in pairwise(scaled)]
    places = spread(middles, LINE, box.top + 6, box.height - box.bottom - 2)
    parts = []
    for each, middle, place in zip(series, middles, places, strict=True):
        x = box.x(1)
        line = f"M{written(x + 2)} {written(middle)}L{written(x + 10)} {written(place)}"
        parts.append(element("path", d=line, class_="lead"))
        parts.append(element("circle", cx=x + 16, cy=place, r=4.0, class_=each.css))
        parts.append(text(x + 25, place + 4, cut(each.name, box.right - 28)))
    return group(parts, class_="names")
