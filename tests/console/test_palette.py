"""Colours: letters can be read; what differs looks different to whoever sees fewer colours, too.

Colour vision deficiencies after Machado, Oliveira, Fernandes 2009, "A Physiologically-based Model
for Simulation of Color Vision Deficiency", of full strength; distances in OKLab (times 100).
"""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

import service.console

CSS = (Path(service.console.__file__).parent / "static" / "console.css").read_text(encoding="utf-8")
SEEN = {
    "everything": np.eye(3),
    "no red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.793617785, -0.0040720468],
        [1.9779984951, -2.428592205, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.808675766],
    ]
)
READABLE, VISIBLE = 4.5, 2.2  # contrast of letters (WCAG AA), and of areas
TOLD_APART, BESIDE_EACH_OTHER = 9.5, 8.5


def variables(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{3,8})\b", css))


LIGHT = variables(CSS.partition("@media")[0])
DARK = LIGHT | variables(
    CSS.partition("@media (prefers-color-scheme: dark)")[2].partition("\n}\n")[0]
)
MODES = {"light": LIGHT, "dark": DARK}


def linear(colour: str) -> np.ndarray:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    channels = np.array([int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    bright, dim = sorted(
        (float(linear(each) @ [0.2126, 0.7152, 0.0722]) for each in (one, other)), reverse=True
    )
    return (bright + 0.05) / (dim + 0.05)


def distance(one: str, other: str, seen: str) -> float:
    matrix = np.asarray(SEEN[seen])
    places = [
        TO_LAB @ np.cbrt(TO_CONES @ np.clip(matrix @ linear(each), 0, 1)) for each in (one, other)
    ]
    return 100 * float(np.linalg.norm(places[0] - places[1]))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("letters", "grounds"),
    [
        ("ink", ("paper", "ground", "sunk", "accent-soft", "warn-soft", "bad-soft")),
        ("soft", ("paper", "ground", "sunk")),
        ("accent", ("paper", "ground", "accent-soft")),
        ("on-accent", ("accent",)),
        ("warn", ("warn-soft", "paper")),
        ("bad", ("bad-soft", "paper")),
        ("good", ("good-soft", "paper")),
    ],
)
def test_letters_can_be_read(mode, letters, grounds):
    colours = MODES[mode]
    for ground in grounds:
        assert contrast(colours[letters], colours[ground]) >= READABLE, ground


@pytest.mark.parametrize("mode", MODES)
def test_areas_stand_out_from_the_paper(mode):
    colours = MODES[mode]
    for name in (f"s{number}" for number in range(8)):
        assert contrast(colours[name], colours["paper"]) >= VISIBLE, name


@pytest.mark.parametrize("seen", SEEN)
def test_personas_are_told_apart_by_whoever_sees_fewer_colours(seen):
    names = [f"s{number}" for number in range(8)]
    for one, other in combinations(names, 2):
        assert distance(LIGHT[one], LIGHT[other], seen) >= TOLD_APART, (one, other)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seen", SEEN)
def test_phases_beside_each_other_are_told_apart(mode, seen):
    colours = MODES[mode]
    for one, other in pairwise(f"r{number}" for number in range(7)):
        assert distance(colours[one], colours[other], seen) >= BESIDE_EACH_OTHER, (one, other)
