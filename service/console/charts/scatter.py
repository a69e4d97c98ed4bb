"""Things as points in a plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from service.console.charts.svg import Box, cut, drawing, group, text, titled

EDGE, LINE = 14.0, 15.0


@dataclass(frozen=True, slots=True)
class Point:
    """A place, what it stands for, and the class of its colour."""

    x: float
    y: float
    title: str
    css: str = "s0"
    radius: float = 4.0
    label: str = ""


def scatter(
    name: str, points: Sequence[Point], *, width: float = 880, height: float = 420
) -> Markup:
    """Points with one scale for both directions, so that distances can be compared.

    Points with a label are drawn last, with it above.
    """
    box = Box(width, height, EDGE, EDGE, EDGE + 10, EDGE)
    xs, ys = [each.x for each in points], [each.y for each in points]
    low_x, low_y = min(xs, default=0.0), min(ys, default=0.0)
    wide = (max(xs, default=1.0) - low_x) or 1.0
    high = (max(ys, default=1.0) - low_y) or 1.0
    scale = min(box.inner_width / wide, box.inner_height / high)
    left = box.left + (box.inner_width - scale * wide) / 2
    bottom = box.height - box.bottom - (box.inner_height - scale * high) / 2
    dots: list[Markup] = []
    labels: list[Markup] = []
    taken: list[tuple[float, float, float]] = []  # middle, half a width, height
    for each in sorted(points, key=lambda point: bool(point.label)):
        x, y = left + scale * (each.x - low_x), bottom - scale * (each.y - low_y)
        dots.append(
            titled(
                "circle",
                each.title,
                cx=float(x),
                cy=float(y),
                r=float(each.radius),
                class_=each.css,
            )
        )
        if each.label:
            half = 3.4 * len(each.label)
            middle = min(max(x, half), box.width - half) if 2 * half < box.width else box.width / 2
            place = _free(middle, half, y, each.radius, taken)
            labels.append(text(middle, place, cut(each.label, box.width), "label", "middle"))
    return drawing(box, name, [group(dots, class_="dots"), group(labels)], "scatter")


def _free(
    middle: float, half: float, y: float, radius: float, taken: list[tuple[float, float, float]]
) -> float:
    """Where a label covers no other: above its point or below, as near as may be."""
    tries = [y - radius - 6, y + radius + LINE - 2]
    tries += [y + side * LINE * step for step in range(2, 9) for side in (-1, 1)]
    for place in tries:
        clear = all(
            abs(place - other) >= LINE or abs(middle - where) >= half + wide
            for where, wide, other in taken
        )
        if clear and place > LINE:
            break
    taken.append((middle, half, place))
    return place
