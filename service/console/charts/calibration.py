"""Does what is said hold? What was said against how often it came true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from service.console.charts.svg import Box, Say, drawing, element, group, text, titled, written


@dataclass(frozen=True, slots=True)
class Bin:
    """Cases about which much the same was said.

    Attributes:
        said: mean probability.
        held: share that came true.
        cases: how many they were.
    """

    said: float
    held: float
    cases: int


def calibration(
    name: str, bins: Sequence[Bin], axes: tuple[str, str], say: Say, *, size: float = 340
) -> Markup:
    """A curve that lies on the diagonal where what is said holds; dots as large as there are cases.

    Args:
        axes: names of what was said, and of what came true.
    """
    box = Box(size, size, left=56, right=14, top=14, bottom=40)
    most = max((each.cases for each in bins), default=0) or 1
    parts = []
    for mark in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = box.x(mark), box.y(mark)
        parts.append(element("line", x1=box.left, x2=box.x(1), y1=y, y2=y))
        parts.append(text(box.left - 6, y + 4, say(mark), anchor="end"))
        parts.append(text(x, box.height - 22, say(mark), anchor="middle"))
    grid = group(parts, class_="grid")
    diagonal = element(
        "line", x1=box.x(0), y1=box.y(0), x2=box.x(1), y2=box.y(1), class_="diagonal"
    )
    points = [(box.x(each.said), box.y(each.held)) for each in bins]
    curve = element("path", d=_path(points), class_="curve")
    dots = [
        titled(
            "circle",
            f"{axes[0]} {say(each.said)}, {axes[1]} {say(each.held)} ({each.cases})",
            cx=x,
            cy=y,
            r=3 + 4 * (each.cases / most) ** 0.5,
        )
        for each, (x, y) in zip(bins, points, strict=True)
    ]
    names = [
        text(box.x(0.5), box.height - 4, axes[0], "head", "middle"),
        element(
            "text",
            axes[1],
            transform=f"translate(11 {written(box.y(0.5))}) rotate(-90)",
            text_anchor="middle",
            class_="head",
        ),
    ]
    return drawing(box, name, [grid, diagonal, curve, group(dots, class_="dots"), *names], "curve")


def _path(points: Sequence[tuple[float, float]]) -> str | None:
    if len(points) < 2:
        return None
    return "M" + "L".join(f"{written(x)} {written(y)}" for x, y in points)
