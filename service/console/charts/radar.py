"""Several measures of a few things, around a centre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

from markupsafe import Markup

from service.console.charts.svg import Box, Say, cut, drawing, element, group, text, titled, written

RINGS = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Shape:
    """The measures of one thing, each 0-1."""

    name: str
    css: str
    values: Sequence[float]


def radar(
    name: str, axes: Sequence[str], shapes: Sequence[Shape], say: Say, *, size: float = 360
) -> Markup:
    """Axes from the top clockwise; the outermost ring is 1."""
    box = Box(size, 0.86 * size)
    centre, radius = (box.width / 2, box.height / 2), 0.31 * size
    parts = [
        element("path", d=_closed(_corners(centre, radius, [ring] * len(axes))), class_="ring")
        for ring in RINGS
    ]
    ends = _corners(centre, radius, [1.0] * len(axes))
    for place, (x, y) in enumerate(ends):
        parts.append(element("line", x1=centre[0], y1=centre[1], x2=x, y2=y, class_="spoke"))
        lx, ly = _corners(centre, radius + 14, [1.0] * len(axes))[place]
        side = lx - centre[0]
        anchor = "middle" if abs(side) < 8 else "start" if side > 0 else "end"
        room = box.width - lx if anchor == "start" else lx if anchor == "end" else box.width
        parts.append(text(lx, ly + 4, cut(axes[place], room), "head", anchor))
    for shape in shapes:
        told = ", ".join(f"{a} {say(v)}" for a, v in zip(axes, shape.values, strict=True))
        corners = _corners(centre, radius, shape.values)
        path = titled("path", f"{shape.name}: {told}", d=_closed(corners), class_=shape.css)
        dots = [
            titled("circle", f"{shape.name}, {a}: {say(v)}", cx=x, cy=y, r=3.0, class_=shape.css)
            for a, v, (x, y) in zip(axes, shape.values, corners, strict=True)
        ]
        parts.append(group([path, *dots], class_="shape"))
    return drawing(box, name, parts, "radar")


def _corners(
    centre: tuple[float, float], radius: float, values: Sequence[float]
) -> list[tuple[float, float]]:
    count = len(values)
    angles = [2 * pi * number / count - pi / 2 for number in range(count)]
    return [
        (
            centre[0] + radius * min(max(value, 0.0), 1.0) * cos(angle),
            centre[1] + radius * min(max(value, 0.0), 1.0) * sin(angle),
        )
        for angle, value in zip(angles, values, strict=True)
    ]


def _closed(corners: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{written(x)} {written(y)}" for x, y in corners) + "Z"
