"""Lengths: in a table's cell, and one beside the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from markupsafe import Markup

from service.console.charts.svg import Box, Say, cut, drawing, element, group, text, titled


def meter(share: float, title: str, css: str = "s0", mark: float | None = None) -> Markup:
    """A bar as wide as its place, filled to a share.

    Args:
        mark: another share to compare with, drawn as a line.
    """
    kept = min(max(share, 0.0), 1.0)
    parts = [
        element("title", title),
        element("rect", width="100%", height="100%", rx=4, class_="track"),
        element("rect", width=f"{100 * kept:.2f}%", height="100%", rx=4, class_=css),
    ]
    if mark is not None:
        place = f"{100 * min(max(mark, 0.0), 1.0):.2f}%"
        parts.append(element("line", x1=place, x2=place, y1=0, y2="100%", class_="mark"))
    return element("svg", *parts, class_="meter", role="img", aria_label=title)


def lift(value: float, title: str, most: float = 4.0) -> Markup:
    """How many times more or less than everyone: by doubling, so that 2 is as long as a half.

    A lift of `most` fills the half; 1 is no length at all.
    """
    return effect_bar(log(value) if value > 0 else -log(most), log(most), title)


def effect_bar(value: float, most: float, title: str) -> Markup:
    """What something speaks for, to the right, or against, to the left; `most` fills the half."""
    length = max(-1.0, min(1.0, value / most)) if most else 0.0
    begin, width = (50.0, 50 * length) if length >= 0 else (50 + 50 * length, -50 * length)
    parts = [
        element("title", title),
        element("rect", width="100%", height="100%", rx=4, class_="track"),
        element(
            "rect",
            x=f"{begin:.2f}%",
            width=f"{width:.2f}%",
            height="100%",
            class_="more" if length >= 0 else "less",
        ),
        element("line", x1="50%", x2="50%", y1=0, y2="100%", class_="mark"),
    ]
    return element("svg", *parts, class_="meter lift", role="img", aria_label=title)


@dataclass(frozen=True, slots=True)
class Part:
    """A share of a whole, and the class of its colour."""

    name: str
    css: str
    share: float


def split_bar(name: str, parts: Sequence[Part], say: Say) -> Markup:
    """Shares of a whole, one after the other, as wide as its place."""
    drawn: list[Markup] = [element("title", name)]
    begin = 0.0
    for part in parts:
        title = f"{part.name}: {say(part.share)}"
        drawn.append(
            titled(
                "rect",
                title,
                x=f"{100 * begin:.2f}%",
                width=f"{100 * part.share:.2f}%",
                height="100%",
                class_=part.css,
            )
        )
        begin += part.share
    return element("svg", *drawn, class_="split", role="img", aria_label=name)


@dataclass(frozen=True, slots=True)
class Bar:
    """A length with a name."""

    name: str
    value: float
    css: str = "s0"


def bars(
    name: str, rows: Sequence[Bar], say: Say, *, width: float = 420, line: float = 26
) -> Markup:
    """One beside the other, the longest as long as there is room; negative ones to the left."""
    box = Box(width, line * len(rows) + 4, left=0.36 * width, right=64)
    low = min([0.0, *(row.value for row in rows)])
    high = max([0.0, *(row.value for row in rows)])
    whole = (high - low) or 1.0
    zero = box.x(-low / whole)
    parts = []
    for number, row in enumerate(rows):
        y = 2 + line * number
        length = abs(row.value) / whole * box.inner_width
        begin = zero if row.value >= 0 else zero - length
        parts.append(
            text(box.left - 10, y + line / 2 + 4, cut(row.name, box.left - 10), anchor="end")
        )
        parts.append(
            titled(
                "rect",
                f"{row.name}: {say(row.value)}",
                x=begin,
                y=y + 5,
                width=length,
                height=line - 10,
                rx=3,
                class_=row.css,
            )
        )
        end = box.x(1) if row.value < 0 else begin + length
        parts.append(text(end + 8, y + line / 2 + 4, say(row.value), "value"))
    axis = element("line", x1=zero, x2=zero, y1=0, y2=box.height, class_="axis")
    return drawing(box, name, [axis, group(parts)], "bars")
