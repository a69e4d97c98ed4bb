"""What charts are made of: elements, scales, and the places of labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import floor, log10

from markupsafe import Markup, escape

Say = Callable[[float], str]  # a value in words
LEAST = 1e-9  # what is smaller is nothing to draw
_LETTER = 6.4  # usual width of a letter, in units of the drawing


@dataclass(frozen=True, slots=True)
class Box:
    """Width and height of a drawing, and how much of it is kept free for labels."""

    width: float
    height: float
    left: float = 0.0
    right: float = 0.0
    top: float = 0.0
    bottom: float = 0.0

    @property
    def inner_width(self) -> float:
        return self.width - self.left - self.right

    @property
    def inner_height(self) -> float:
        return self.height - self.top - self.bottom

    def x(self, share: float) -> float:
        """Where a share of the inner width lies."""
        return self.left + share * self.inner_width

    def y(self, share: float) -> float:
        """Where a share of the inner height lies; 0 is at the bottom."""
        return self.top + (1 - share) * self.inner_height


def written(value: float) -> str:
    """A coordinate, no longer than it must be.

    >>> written(1.50), written(2.0), written(-0.001)
    ('1.5', '2', '0')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def element(name: str, *inside: object, **attributes: object) -> Markup:
    """An element; texts are escaped, `class_` is `class`, `text_anchor` is `text-anchor`.

    >>> str(element("text", "a < b", x=1.5, class_="tick"))
    '<text x="1.5" class="tick">a &lt; b</text>'
    """
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    content = Markup("").join(escape(each) for each in inside)
    return Markup(f"<{name}{told}>{content}</{name}>")  # noqa: S704 - its parts were escaped


def _attribute(value: object) -> str:
    if isinstance(value, float):
        return written(value)
    return str(escape(value))


def group(parts: Iterable[Markup], **attributes: object) -> Markup:
    """Elements together."""
    return element("g", *parts, **attributes)


def text(x: float, y: float, words: str, css: str = "", anchor: str | None = None) -> Markup:
    """A label."""
    return element("text", words, x=float(x), y=float(y), class_=css or None, text_anchor=anchor)


def titled(name: str, title: str, **attributes: object) -> Markup:
    """A mark that tells what it stands for."""
    return element(name, element("title", title), **attributes)


def drawing(box: Box, name: str, parts: Iterable[object], css: str = "") -> Markup:
    """The whole, with its name for those who do not see it."""
    return element(
        "svg",
        *parts,
        viewBox=f"0 0 {written(box.width)} {written(box.height)}",
        class_=f"chart {css}".strip(),
        role="img",
        aria_label=name,
    )


def ticks(top: float, most: int = 5) -> list[float]:
    """Round numbers from 0 to `top` or just above, `most` of them at most besides 0.

    >>> ticks(0.87)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    >>> ticks(42, 4)
    [0.0, 20.0, 40.0, 60.0]
    """
    if top < LEAST:
        return [0.0, 1.0]
    rough = top / most
    size = 10.0 ** floor(log10(rough))
    step = next(size * each for each in (1, 2, 2.5, 5, 10) if size * each >= rough * 0.999)
    places = max(0, 2 - floor(log10(step)))
    steps = int(-(-top // step)) if top / step - top // step > 1e-9 else round(top / step)
    return [round(number * step, places) for number in range(steps + 1)]


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places as near as may be to those wanted, in their order, at least `gap` apart.

    Where they do not fit between `low` and `high`, they stand closer.
    """
    if not wanted:
        return []
    gap = min(gap, (high - low) / max(len(wanted) - 1, 1))
    order = sorted(range(len(wanted)), key=lambda number: wanted[number])
    placed: list[float] = []
    for number in order:
        least = placed[-1] + gap if placed else low
        placed.append(max(wanted[number], least))
    limit = high
    for place in range(len(placed) - 1, -1, -1):
        placed[place] = min(placed[place], limit)
        limit = placed[place] - gap
    result = [0.0] * len(wanted)
    for place, number in enumerate(order):
        result[number] = placed[place]
    return result


def cut(words: str, width: float) -> str:
    """Words that fit into so many units, as far as letters are of usual width."""
    most = max(int(width / _LETTER), 1)
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"
