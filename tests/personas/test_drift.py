"""A population that changed is found; one that did not is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.drift import (
    DAY,
    FEWEST,
    Profile,
    added,
    placed,
    profile,
    profile_from_json,
    profile_to_json,
    report,
    scales_of,
    shift,
)
from personas.features import Average
from personas.mixture_schema import learn_schema

NOW = 100 * DAY


def people(visitors: int, seed: int, buyers: float = 0.3, seats: float = 3.0, known: float = 0.8):
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(visitors):
        channels = rng.multinomial(4, [0.5, 0.3, 0.2])
        row = {
            "trait:role": "buyer" if rng.random() < buyers else "engineer",
            "trait:seats": float(np.exp(rng.normal(seats, 1))),
            "channel": dict(zip(("search", "email", "direct"), map(float, channels), strict=True)),
            "pace": Average(float(rng.gamma(3, 1)), 3.0),
        }
        rows.append({name: value for name, value in row.items() if rng.random() < known})
    return rows


def counted(scales, rows, seen=None) -> Profile:
    """Of visitors who are buyers or not, which is their persona."""
    buyers = np.array([row.get("trait:role") == "buyer" for row in rows], float)
    moments = np.full(len(rows), NOW) if seen is None else seen
    return profile(scales, rows, moments, np.column_stack([buyers, 1 - buyers]), NOW)


def compared(then, now):
    scales = scales_of(learn_schema(then).columns, then)
    population = {
        "scales": [
            {"feature": s.feature, "labels": list(s.labels), "edges": list(s.edges)} for s in scales
        ],
        "windows": profile_to_json(counted(scales, then)),
    }
    return report(population, counted(scales, now))


def test_another_mix_of_visitors_is_found():
    found = compared(people(2000, 1), people(1000, 2, buyers=0.75))
    assert found["verdict"] == "shifted"
    assert found["personas"]["verdict"] == "shifted"
    first = found["features"][0]
    assert (first["feature"], first["verdict"]) == ("role", "shifted")
    assert "% of visitors now" in first["text"]
    rest = {each["feature"]: each["verdict"] for each in found["features"][1:]}
    assert set(rest.values()) == {"steady"}


@pytest.mark.parametrize("changed", [{"seats": 4.5}, {"known": 0.3}])
def test_other_amounts_and_what_is_no_longer_known_are_found(changed):
    found = compared(people(2000, 1), people(1000, 2, **changed))
    assert found["verdict"] == "shifted"


def test_the_same_visitors_never_raise_an_alarm_by_chance():
    """Twenty tries of samples as small as are looked at; 1 % of them may be wrong."""
    verdicts = [compared(people(400, n), people(FEWEST, 100 + n))["verdict"] for n in range(20)]
    assert verdicts == ["steady"] * 20


def test_few_visitors_are_too_little_to_tell():
    assert compared(people(2000, 1), people(FEWEST - 1, 2, buyers=1.0)) is None


def test_only_those_seen_lately_count():
    rows = people(1200, 1) + people(400, 2, buyers=1.0)
    scales = scales_of(learn_schema(rows).columns, rows)
    seen = np.array([NOW - 60 * DAY] * 1200 + [NOW - DAY] * 400)
    windows = counted(scales, rows, seen)
    assert {name: each.visitors for name, each in windows.items()} == {
        "7": 400,
        "30": 400,
        "all": 1600,
    }
    assert windows["7"].personas[0] > 0.75 * 400


counts = st.lists(st.integers(0, 500), min_size=2, max_size=6).map(lambda x: np.array(x, float))


@given(counts)
def test_no_change_is_zero(then):
    assert shift(then, 3 * then).index == pytest.approx(0.0, abs=0.05)
    assert shift(then, then).index == 0.0


@given(counts, st.data())
def test_the_index_is_symmetric_and_as_defined(then, data):
    now = np.array(data.draw(st.lists(st.integers(0, 500), min_size=len(then), max_size=len(then))))
    found = shift(then, now.astype(float))
    assert found.index == pytest.approx(shift(now.astype(float), then).index)
    used = (then + now) > 0
    p, q = ((each[used] + 0.5) / (each[used] + 0.5).sum() for each in (then, now))
    by_hand = sum((b - a) * np.log(b / a) for a, b in zip(p, q, strict=True))
    assert found.index == pytest.approx(float(by_hand))


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 2**16))
def test_counting_in_parts_is_counting_at_once(cut, seed):
    rows = people(60, seed)
    scales = scales_of(learn_schema(people(300, 0)).columns, people(300, 0))
    for scale in scales:
        assert placed(scale, rows).sum(1) == pytest.approx(np.ones(60))
    whole = profile_from_json(profile_to_json(counted(scales, rows)))
    parts = (
        added(counted(scales, rows[:cut]), counted(scales, rows[cut:])) if 0 < cut < 60 else whole
    )
    for name, window in whole.items():
        assert parts[name].visitors == window.visitors
        for feature, bins in window.features.items():
            assert parts[name].features[feature] == pytest.approx(bins)
