"""Flows from column to column: as thick as they are strong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from service.console.charts.svg import Box, Say, cut, drawing, element, group, text, titled, written

GAP, THICK = 14.0, 12.0  # between nodes of a column, and of a node
LABEL_GAP, LEAST_ROOM = 12.0, 90.0  # between labels of two columns, and for one of them


@dataclass(frozen=True, slots=True)
class Node:
    """A place that flows come from or go to.

    Attributes:
        value: how much it is, where more than what is known to flow.
    """

    id: str
    name: str
    column: int
    css: str = "s0"
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class Flow:
    """From one node to a node of a later column."""

    source: str
    target: str
    value: float


@dataclass(slots=True)
class _Place:
    """Where a node is drawn, and how much of each side is taken."""

    x: float
    y: float
    height: float
    came: float = 0.0
    went: float = 0.0


def sankey(
    name: str,
    nodes: Sequence[Node],
    flows: Sequence[Flow],
    say: Say,
    *,
    width: float = 880,
    height: float = 340,
) -> Markup:
    """Nodes in columns, in the order given, each as high as what comes in or goes out, if more."""
    box = Box(width, height, left=2, right=2, top=20, bottom=4)
    sizes = {node.id: max(node.value, _size(node.id, flows)) for node in nodes}
    columns = max([node.column for node in nodes], default=0) or 1
    room = max(box.inner_width / columns - LABEL_GAP, LEAST_ROOM)
    places = _placed(box, nodes, sizes)
    css = {node.id: node.css for node in nodes}
    names = {node.id: node.name for node in nodes}
    whole = max((place.height for place in places.values()), default=0.0)
    unit = _unit(box, nodes, sizes)
    bands = []
    for flow in flows:
        if flow.value <= 0:
            continue
        title = f"{names[flow.source]} → {names[flow.target]}: {say(flow.value)}"
        path = _band(places[flow.source], places[flow.target], flow.value * unit)
        bands.append(titled("path", title, d=path, class_=css[flow.source]))
    blocks = [
        _block(box, node, places[node.id], f"{node.name}: {say(sizes[node.id])}", room)
        for node in nodes
    ]
    parts = [group(bands, class_="flows"), group(blocks, class_="nodes")]
    return drawing(box, name, parts, "sankey") if whole else drawing(box, name, [], "sankey")


def _size(node: str, flows: Sequence[Flow]) -> float:
    came = sum(flow.value for flow in flows if flow.target == node)
    went = sum(flow.value for flow in flows if flow.source == node)
    return max(came, went)


def _unit(box: Box, nodes: Sequence[Node], sizes: Mapping[str, float]) -> float:
    """Height of one unit of flow, so that the fullest column fits."""
    units = []
    for column in {node.column for node in nodes}:
        inside = [sizes[node.id] for node in nodes if node.column == column]
        free = box.inner_height - GAP * (len(inside) - 1)
        units.append(free / sum(inside) if sum(inside) > 0 else float("inf"))
    least = min(units, default=0.0)
    return 0.0 if least == float("inf") else least


def _placed(box: Box, nodes: Sequence[Node], sizes: Mapping[str, float]) -> dict[str, _Place]:
    unit = _unit(box, nodes, sizes)
    last = max((node.column for node in nodes), default=0) or 1
    places = {}
    for column in sorted({node.column for node in nodes}):
        inside = [node for node in nodes if node.column == column]
        full = sum(sizes[node.id] for node in inside) * unit + GAP * (len(inside) - 1)
        y = box.top + (box.inner_height - full) / 2
        for node in inside:
            x = box.left + (box.inner_width - THICK) * column / last
            places[node.id] = _Place(x, y, sizes[node.id] * unit)
            y += sizes[node.id] * unit + GAP
    return places


def _band(source: _Place, target: _Place, thick: float) -> str:
    """From right of the one to left of the other, below what is drawn there already."""
    x1, x2 = source.x + THICK, target.x
    y1, y2 = source.y + source.went, target.y + target.came
    source.went += thick
    target.came += thick
    middle = (x1 + x2) / 2
    points = [x1, y1, middle, y1, middle, y2, x2, y2, x2, y2 + thick]
    back = [middle, y2 + thick, middle, y1 + thick, x1, y1 + thick]
    a, b, c, d, e, f, g, h, i, j = map(written, points)
    k, m, n, o, p, q = map(written, back)
    return f"M{a} {b}C{c} {d} {e} {f} {g} {h}L{i} {j}C{k} {m} {n} {o} {p} {q}Z"


def _block(box: Box, node: Node, place: _Place, title: str, room: float) -> Markup:
    block = titled(
        "rect",
        title,
        x=place.x,
        y=place.y,
        width=THICK,
        height=max(place.height, 1.0),
        rx=2,
        class_=node.css,
    )
    on_the_right = place.x + THICK > box.width - 4
    x = place.x + THICK if on_the_right else place.x
    label = text(x, place.y - 5, cut(title, room), "label", "end" if on_the_right else None)
    return element("g", block, label)
