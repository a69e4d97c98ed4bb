"""Two kinds of things against each other: the darker the more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from service.console.charts.svg import Box, Say, cut, drawing, group, text, titled

LIGHT_ON = 0.55  # of the greatest: from here on, letters are light


@dataclass(frozen=True, slots=True)
class Matrix:
    """Values by row, then by column."""

    rows: Sequence[str]
    columns: Sequence[str]
    values: Sequence[Sequence[float]]


def heat_map(
    name: str,
    matrix: Matrix,
    say: Say,
    *,
    width: float = 880,
    line: float = 40,
    css: str = "heat",
    titles: Sequence[Sequence[str]] | None = None,
) -> Markup:
    """A cell for each value; of negative ones the colour is the other one.

    Args:
        titles: of the cells, instead of row, column and value.
    """
    rows, columns, values = matrix.rows, matrix.columns, matrix.values
    left = min(max(0.22 * width, 90.0), 190.0)
    box = Box(width, 26 + line * len(rows), left=left, top=26)
    across = box.inner_width / max(len(columns), 1)
    most = max((abs(value) for row in values for value in row), default=0.0) or 1.0
    parts = [
        text(box.left + across * (place + 0.5), 16, cut(column, across - 4), "head", "middle")
        for place, column in enumerate(columns)
    ]
    for number, (row, told) in enumerate(zip(rows, values, strict=True)):
        y = box.top + line * number
        parts.append(text(box.left - 10, y + line / 2 + 4, cut(row, left - 12), "head", "end"))
        for place, value in enumerate(told):
            strength = abs(value) / most
            title = f"{row}, {columns[place]}: {say(value)}"
            x = box.left + across * place
            parts.append(
                titled(
                    "rect",
                    titles[number][place] if titles is not None else title,
                    x=x + 1,
                    y=y + 1,
                    width=across - 2,
                    height=line - 2,
                    rx=4,
                    fill_opacity=0.06 + 0.94 * strength,
                    class_=css if value >= 0 else f"{css} less",
                )
            )
            tone = "value light" if strength >= LIGHT_ON else "value"
            parts.append(text(x + across / 2, y + line / 2 + 4, say(value), tone, "middle"))
    return drawing(box, name, [group(parts)], "heat-map")
