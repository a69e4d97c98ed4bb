"""One figure of each version, the oldest on the left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from service.console.charts.svg import (
    Box,
    Say,
    drawing,
    element,
    group,
    text,
    ticks,
    titled,
    written,
)


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured of one version.

    Attributes:
        label: of the version, on the axis.
        chosen: whether this is the one in use.
    """

    label: str
    value: float
    chosen: bool = False


def trend(
    name: str, figures: Sequence[Figure], say: Say, *, width: float = 340, height: float = 170
) -> Markup:
    """A line from version to version, all the same distance apart, from zero up.

    The first and the last have their label on the axis, and the one in use its value at its dot.
    """
    box = Box(width, height, left=46, right=20, top=20, bottom=26)
    marks = ticks(max((each.value for each in figures), default=1.0), 3)
    top = marks[-1]
    lines = []
    for mark in marks:
        y = box.y(mark / top)
        lines.append(element("line", x1=box.left, x2=box.x(1), y1=y, y2=y))
        lines.append(text(box.left - 6, y + 4, say(mark), anchor="end"))
    gap = max(len(figures) - 1, 1)
    shares = [number / gap if len(figures) > 1 else 0.5 for number in range(len(figures))]
    points = [
        (box.x(share), box.y(max(each.value, 0.0) / top))
        for share, each in zip(shares, figures, strict=True)
    ]
    path = "M" + "L".join(f"{written(x)} {written(y)}" for x, y in points)
    line = [element("path", d=path, class_="curve")] if len(points) > 1 else []
    dots = group([_dot(*each, say) for each in zip(figures, points, strict=True)], class_="dots")
    values = [
        text(x, y - 9, say(each.value), "value", "middle")
        for each, (x, y) in zip(figures, points, strict=True)
        if each.chosen
    ]
    ends = _ends(figures, box)
    return drawing(box, name, [group(lines, class_="grid"), *line, dots, *values, *ends], "trend")


def _dot(figure: Figure, point: tuple[float, float], say: Say) -> Markup:
    x, y = point
    title = f"{figure.label}: {say(figure.value)}"
    css = "chosen" if figure.chosen else None
    return titled("circle", title, cx=x, cy=y, r=5.0 if figure.chosen else 3.5, class_=css)


def _ends(figures: Sequence[Figure], box: Box) -> list[Markup]:
    y = box.height - 6
    if len(figures) == 1:
        return [text(box.x(0.5), y, figures[0].label, anchor="middle")]
    both = ((figures[0], 0.0, "start"), (figures[-1], 1.0, "end")) if figures else ()
    return [text(box.x(share), y, each.label, anchor=anchor) for each, share, anchor in both]
