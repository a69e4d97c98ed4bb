"""Charts: geometry worked out by hand, and what holds for any data."""

from __future__ import annotations

import re
from itertools import pairwise
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from service.console.charts.area import Moment, Series, stacked_area
from service.console.charts.bars import Bar, Part, bars, effect_bar, lift, meter, split_bar
from service.console.charts.calibration import Bin, calibration
from service.console.charts.heat import Matrix, heat_map
from service.console.charts.radar import Shape, radar
from service.console.charts.sankey import Flow, Node, sankey
from service.console.charts.scatter import Point, scatter
from service.console.charts.svg import Box, spread, ticks
from service.console.charts.trend import Figure, trend
from service.console.models import Quality, trends_of
from service.console.texts import Words

HOSTILE = '"><script>alert(1)</script><b onload=x>'
NUMBER = re.compile(r"-?\d+\.?\d*")


def say(value: float) -> str:
    return f"{value:g}"


def parsed(markup: object) -> LexborHTMLParser:
    return LexborHTMLParser(str(markup))


def numbers(path: str) -> list[float]:
    return [float(number) for number in NUMBER.findall(path)]


def titles(markup: object) -> list[str]:
    return [node.text() for node in parsed(markup).css("svg svg title, svg g title, svg > title")]


def area(series: list[Series], width: float = 400, **more: object) -> LexborHTMLParser:
    moments = [Moment(float(place), f"day {place}") for place in range(len(series[0].values))]
    return parsed(stacked_area("Over time", moments, series, say, width=width, height=200, **more))


def test_bands_are_stacked_from_the_bottom():
    page = area([Series("a", "r0", [1, 1]), Series("b", "r1", [1, 3])])
    low, high = (numbers(path.attributes["d"]) for path in page.css(".bands path"))
    # 200 high, 8 free above, 22 below: 170 for 4; 1 is 42.5 high. 400 wide, 38 free left, 8 right.
    assert low == [38, 135.5, 392, 135.5, 392, 178, 38, 178]
    assert high == [38, 93, 392, 8, 392, 135.5, 38, 135.5]


def test_in_steps_a_value_holds_until_the_next():
    page = area([Series("a", "r0", [1, 3])], steps=True)
    upper = numbers(page.css_first(".bands path").attributes["d"])[:6]
    scale = 170 / 3
    assert upper[0] == 38
    assert upper[2] == upper[4] == 392
    assert upper[1] == upper[3]
    assert isclose(upper[3] - upper[5], 2 * scale, abs_tol=0.02)


def test_every_value_of_a_moment_is_told_where_one_points():
    page = area([Series("a", "r0", [1, 1]), Series("b", "r1", [1, 3])])
    assert [node.text() for node in page.css(".fields title")] == [
        "day 0\nb: 1\na: 1",
        "day 1\nb: 3\na: 1",
    ]


@given(
    st.integers(1, 12).flatmap(
        lambda count: st.lists(
            st.lists(st.floats(0, 1e6), min_size=count, max_size=count), min_size=1, max_size=7
        )
    ),
    st.sampled_from([320.0, 880.0]),
)
def test_bands_touch_and_stay_within_the_drawing(rows, width):
    series = [Series(f"n{number}", f"r{number}", row) for number, row in enumerate(rows)]
    page = area(series, width)
    count = len(rows[0])
    edges = []
    for path in page.css(".bands path"):
        places = numbers(path.attributes["d"])
        points = list(zip(places[::2], places[1::2], strict=True))
        assert len(points) == 2 * count
        assert all(0 <= x <= width and 0 <= y <= 200 for x, y in points)
        edges.append((points[:count], points[count:][::-1]))
    for (upper, _), (_, lower) in pairwise(edges):
        assert upper == lower, "the upper edge of one is the lower edge of the next"


def test_a_meter_is_filled_to_its_share_and_marks_another():
    page = parsed(meter(0.375, "Share: 37.5%", "s1", 0.5))
    assert [rect.attributes["width"] for rect in page.css("rect")] == ["100%", "37.50%"]
    assert page.css_first("line").attributes["x1"] == "50.00%"
    assert page.css_first("svg").attributes["aria-label"] == "Share: 37.5%"
    assert parsed(meter(7, "x")).css("rect")[1].attributes["width"] == "100.00%"


@pytest.mark.parametrize(
    ("value", "begin", "width"),
    [(1, 50, 0), (2, 50, 25), (4, 50, 50), (9, 50, 50), (0.5, 25, 25), (0.25, 0, 50), (0, 0, 50)],
)
def test_twice_as_often_is_as_long_as_half_as_often(value, begin, width):
    rect = parsed(lift(value, "lift")).css("rect")[1]
    assert rect.attributes["x"] == f"{begin:.2f}%"
    assert rect.attributes["width"] == f"{width:.2f}%"


def test_what_speaks_against_goes_to_the_left():
    assert parsed(effect_bar(-1, 2, "x")).css("rect")[1].attributes["class"] == "less"
    assert parsed(effect_bar(1, 2, "x")).css("rect")[1].attributes["width"] == "25.00%"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9).filter(lambda each: sum(each) > 0.01))
def test_parts_fill_the_bar_one_after_the_other(raw):
    parts = [Part(str(n), "s0", share / sum(raw)) for n, share in enumerate(raw)]
    rects = parsed(split_bar("Parts", parts, say)).css("rect")
    end = 0.0
    for rect in rects:
        assert isclose(numbers(rect.attributes["x"])[0], end, abs_tol=0.05)
        end += numbers(rect.attributes["width"])[0]
    assert isclose(end, 100, abs_tol=0.1)


def test_the_longest_bar_has_the_room_and_the_others_their_share():
    page = parsed(bars("Bars", [Bar("a", 4), Bar("b", 1), Bar("c", -1)], say, width=500))
    widths = [float(rect.attributes["width"]) for rect in page.css("rect")]
    begins = [float(rect.attributes["x"]) for rect in page.css("rect")]
    inner = 500 - 0.36 * 500 - 64
    assert widths == pytest.approx([inner * 4 / 5, inner / 5, inner / 5], abs=0.01)
    zero = 180 + inner / 5
    assert begins == pytest.approx([zero, zero, zero - inner / 5], abs=0.01)


def test_a_cell_is_the_darker_the_more():
    matrix = Matrix(["p", "q"], ["a", "b"], [[0, 1], [2, -4]])
    page = parsed(heat_map("Heat", matrix, say))
    cells = page.css("rect")
    assert [cell.attributes["fill-opacity"] for cell in cells] == ["0.06", "0.29", "0.53", "1"]
    assert [cell.css_first("title").text() for cell in cells] == [
        "p, a: 0",
        "p, b: 1",
        "q, a: 2",
        "q, b: -4",
    ]
    assert "less" in cells[3].attributes["class"]


def test_points_keep_their_distances_in_both_directions():
    points = [Point(0, 0, "a"), Point(2, 0, "b"), Point(0, 1, "c", label="C")]
    page = parsed(scatter("Map", points, width=428, height=238))
    places = {
        dot.css_first("title").text(): (float(dot.attributes["cx"]), float(dot.attributes["cy"]))
        for dot in page.css("circle")
    }
    assert places["b"][0] - places["a"][0] == pytest.approx(2 * (places["a"][1] - places["c"][1]))
    assert places["b"][0] - places["a"][0] == pytest.approx(400)
    assert page.css_first("text.label").text() == "C"


def test_labels_of_points_cover_no_other():
    points = [Point(x, 0, str(x), label="a long name for a point") for x in (0.0, 0.1, 0.2, 9.0)]
    page = parsed(scatter("Map", points))
    heights = [float(label.attributes["y"]) for label in page.css("text.label")][:3]
    assert len({round(height) for height in heights}) == 3


NODES = [Node("a", "A", 0), Node("b", "B", 0), Node("c", "C", 1), Node("d", "D", 1)]


def test_flows_are_as_thick_as_they_are_strong():
    flows = [Flow("a", "c", 3), Flow("a", "d", 1), Flow("b", "d", 2)]
    page = parsed(sankey("Flows", NODES, flows, say, width=400, height=138))
    # 138 high, 20 above, 4 below, 14 between two nodes: 100 for 6.
    unit = 100 / 6
    blocks = {r.css_first("title").text(): r.attributes for r in page.css(".nodes rect")}
    assert float(blocks["A: 4"]["height"]) == pytest.approx(4 * unit, abs=0.01)
    assert float(blocks["D: 3"]["height"]) == pytest.approx(3 * unit, abs=0.01)
    assert (float(blocks["A: 4"]["x"]), float(blocks["D: 3"]["x"])) == (2, 386)
    found = {
        p.css_first("title").text(): numbers(p.attributes["d"]) for p in page.css(".flows path")
    }
    assert found.keys() == {"A → C: 3", "A → D: 1", "B → D: 2"}
    for title, places in found.items():
        thick = float(title.rpartition(" ")[2]) * unit
        assert places[-1] - places[1] == pytest.approx(thick, abs=0.02)
    assert found["A → D: 1"][1] == pytest.approx(found["A → C: 3"][1] + 3 * unit, abs=0.02)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("cd"), st.floats(0, 1e6))))
def test_blocks_of_a_column_never_overlap(told):
    flows = [Flow(*each) for each in told]
    page = parsed(sankey("Flows", NODES, flows, say))
    columns: dict[str, list[tuple[float, float]]] = {}
    for rect in page.css(".nodes rect"):
        top, height = float(rect.attributes["y"]), float(rect.attributes["height"])
        assert top >= -0.01
        assert top + height <= 341
        columns.setdefault(rect.attributes["x"], []).append((top, top + height))
    for spans in columns.values():
        for (_, end), (begin, _) in pairwise(sorted(spans)):
            assert end <= begin + 0.02


def test_a_radar_begins_at_the_top_and_goes_clockwise():
    shape = Shape("One", "s0", [1.0, 0.5, 0.0, 0.25])
    page = parsed(radar("Radar", ["n", "e", "s", "w"], [shape], say, size=400))
    places = numbers(page.css_first(".shape path").attributes["d"])
    x, y, reach = 200, 172, 124
    assert places == pytest.approx(
        [x, y - reach, x + reach / 2, y, x, y, x - reach / 4, y], abs=0.02
    )
    assert "One, w: 0.25" in titles(radar("Radar", ["n", "e", "s", "w"], [shape], say))


def test_what_holds_lies_on_the_diagonal():
    bins = [Bin(0.25, 0.25, 100), Bin(0.5, 0.75, 25)]
    page = parsed(calibration("Calibration", bins, ("said", "was"), say, size=270))
    # 200 wide: 270 less 56 and 14; 216 high: 270 less 14 and 40.
    places = numbers(page.css_first("path.curve").attributes["d"])
    assert places == [106, 176, 156, 68]
    radii = [float(dot.attributes["r"]) for dot in page.css(".dots circle")]
    assert radii == [7, 5]
    assert titles(calibration("C", bins, ("said", "was"), say))[-1] == "said 0.5, was 0.75 (25)"


EVERY = {
    "area": lambda name: stacked_area(
        name, [Moment(0, name, name)], [Series(name, "r0", [1])], say
    ),
    "bars": lambda name: bars(name, [Bar(name, 1)], say),
    "meter": lambda name: meter(0.5, name),
    "split": lambda name: split_bar(name, [Part(name, "s0", 1)], say),
    "heat": lambda name: heat_map(name, Matrix([name], [name], [[1]]), say),
    "scatter": lambda name: scatter(name, [Point(0, 0, name, label=name)]),
    "sankey": lambda name: sankey(
        name, [Node("a", name, 0), Node("b", name, 1)], [Flow("a", "b", 1)], say
    ),
    "radar": lambda name: radar(name, [name] * 3, [Shape(name, "s0", [1, 1, 1])], say),
    "calibration": lambda name: calibration(name, [Bin(0.5, 0.5, 1)], (name, name), say),
}


@pytest.mark.parametrize("chart", EVERY)
def test_a_chart_has_a_name_and_nothing_in_it_is_markup(chart):
    markup = str(EVERY[chart](HOSTILE))
    page = parsed(markup)
    assert page.css_first("svg").attributes["role"] == "img"
    assert page.css_first("svg").attributes["aria-label"] == HOSTILE
    assert "<script" not in markup
    assert "<b" not in markup
    assert "style=" not in markup


EMPTY = {
    "area": lambda: stacked_area("x", [], [], say),
    "bars": lambda: bars("x", [], say),
    "split": lambda: split_bar("x", [], say),
    "heat": lambda: heat_map("x", Matrix([], [], []), say),
    "scatter": lambda: scatter("x", []),
    "sankey": lambda: sankey("x", [], [], say),
    "calibration": lambda: calibration("x", [], ("a", "b"), say),
}


@pytest.mark.parametrize("chart", EMPTY)
def test_a_chart_of_nothing_is_drawn_without_fault(chart):
    assert "nan" not in str(EMPTY[chart]())


@given(st.floats(1e-6, 1e9), st.integers(2, 8))
def test_ticks_begin_at_nothing_and_reach_the_top(top, most):
    marks = ticks(top, most)
    assert marks[0] == 0
    assert marks[-1] >= top * 0.999
    assert 2 <= len(marks) <= most + 2


@given(st.lists(st.floats(-100, 400), max_size=12), st.floats(1, 30))
def test_labels_are_spread_in_their_order(wanted, gap):
    placed = spread(wanted, gap, 0, 300)
    gap = min(gap, 300 / max(len(wanted) - 1, 1))
    order = sorted(range(len(wanted)), key=lambda number: wanted[number])
    ordered = [placed[number] for number in order]
    for one, other in pairwise(ordered):
        assert other - one >= gap - 1e-6


def test_a_share_of_a_box_lies_within_its_margins():
    box = Box(100, 50, left=10, right=20, top=5, bottom=15)
    assert (box.x(0), box.x(1), box.y(0), box.y(1)) == (10, 80, 35, 5)


# --- a figure from version to version -------------------------------------------------------------


def test_a_trend_goes_from_version_to_version_and_marks_the_one_in_use():
    figures = [Figure("1 May", 0.5), Figure("2 May", 1.0, chosen=True), Figure("3 May", 0.0)]
    page = parsed(trend("Found again", figures, say, width=266, height=146))
    # 266 wide, 46 free left, 20 right; 146 high, 20 free above, 26 below; the axis goes to 1.
    assert numbers(page.css_first("path.curve").attributes["d"]) == [46, 70, 146, 20, 246, 120]
    assert [node.attributes["cx"] for node in page.css(".chosen")] == ["146"]
    assert [node.text() for node in page.css("text.value")] == ["1"]


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=12))
def test_each_value_of_a_trend_is_told_and_lies_inside(values):
    figures = [Figure(f"version {number}", value) for number, value in enumerate(values)]
    page = parsed(trend("Any", figures, say))
    dots = page.css(".dots circle")
    told = [dot.text() for dot in dots]
    assert told == [f"{each.label}: {say(each.value)}" for each in figures]
    assert all(20 <= float(dot.attributes["cy"]) <= 144 for dot in dots)
    heights = [-float(dot.attributes["cy"]) for dot in dots]
    assert all(
        (a <= b + 0.01) for (_, a), (_, b) in pairwise(sorted(zip(values, heights, strict=True)))
    )


def test_the_quality_of_models_is_drawn_once_there_are_two_versions_of_them():
    def version(number: int, stability: float | None, error: float | None) -> Quality:
        return Quality(f"v{number}", 86_400.0 * number, number == 2, 5, stability, error, None)

    newest_first = [version(2, 0.9, None), version(1, 0.5, 0.02)]
    charts = trends_of(Words("en"), newest_first, {"personas": "v1"})
    assert [name for name, _ in charts] == ["Personas: Found again"]
    dots = parsed(charts[0][1]).css("circle")
    assert [dot.text().rpartition(" ")[2] for dot in dots] == ["0.50", "0.90"]
    assert ["chosen" in dot.attributes.get("class", "") for dot in dots] == [True, False]
