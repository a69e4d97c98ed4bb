"""Are today's visitors still those whom the personas were learned from?

Each feature's values fall into bins that were laid when personas were learned, with one for "not
known". The shares of visitors then and now are compared by the population stability index (Siddiqi
2006), which chance alone makes larger than zero: multiplied by the numbers of visitors it is close
to chi-squared (Yurdakul & Naranjo 2020), and only what is beyond that is called a shift.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from personas.entities import Array
from personas.features import TRAIT, Average
from personas.mixture_columns import OTHER, Column, Row, label_of, number_of

Verdict = Literal["steady", "shifting", "shifted", "too-little-known"]
DAY = 86_400.0
WINDOWS = {"7": 7 * DAY, "30": 30 * DAY, "all": np.inf}  # of visitors seen so lately
FEWEST = 200  # visitors in a window
SHIFTING, SHIFTED = 0.1, 0.25  # of the index
ALPHA = 0.01  # chance of a false alarm among all features
PARTS = 10  # of numbers, with as many visitors in each
PSEUDO = 0.5  # visitors in each bin, so that none is empty
NOT_KNOWN = "(not known)"


@dataclass(frozen=True)
class Scale:
    """The bins of a feature; one more is for visitors of whom it is not known.

    Args:
        labels: of words, and of what is counted.
        edges: between the bins of numbers.
    """

    feature: str
    labels: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()

    @property
    def names(self) -> list[str]:
        """Of all bins."""
        if self.labels:
            return [*self.labels, NOT_KNOWN]
        if not self.edges:
            return ["known", NOT_KNOWN]
        between = [f"{a:g} to {b:g}" for a, b in zip(self.edges, self.edges[1:], strict=False)]
        return [f"below {self.edges[0]:g}", *between, f"{self.edges[-1]:g} or more", NOT_KNOWN]


@dataclass(frozen=True)
class Window:
    """Visitors who were seen within some time.

    Args:
        visitors: how many.
        personas: memberships, summed [persona].
        features: visitors in each bin [bin], by feature.
    """

    visitors: int
    personas: Array
    features: Mapping[str, Array]


Profile = Mapping[str, Window]  # by the names of `WINDOWS`


@dataclass(frozen=True)
class Shift:
    """How far shares of now are from those of then.

    Args:
        index: population stability index; 0 where all is the same.
        noise: what it would be below by chance.
    """

    index: float
    noise: float
    verdict: Verdict
    then: Array
    now: Array


# --- laying bins ----------------------------------------------------------------------------------


def scales_of(columns: Iterable[Column], rows: Sequence[Row]) -> list[Scale]:
    """Bins for each feature, so that numbers fall into each alike."""
    return [_scale(column, rows) for column in columns]


def _scale(column: Column, rows: Sequence[Row]) -> Scale:
    if column.labels:
        rest = () if OTHER in column.labels else (OTHER,)
        return Scale(column.name, labels=(*column.labels, *rest))
    values = [value for row in rows if (value := _number(row.get(column.name))) is not None]
    if not values:
        return Scale(column.name)
    cuts = np.unique(np.quantile(values, np.linspace(0, 1, PARTS + 1)[1:-1]))
    return Scale(column.name, edges=tuple(cuts[cuts > min(values)].tolist()))


def _number(value: object) -> float | None:
    return value.mean if isinstance(value, Average) else number_of(value)


def placed(scale: Scale, rows: Sequence[Row]) -> Array:
    """Into which bin each falls [row, bin]; who counts several is shared among theirs."""
    bins = np.zeros((len(rows), len(scale.names)))
    values = [row.get(scale.feature) for row in rows]
    if scale.labels:
        places = {label: number for number, label in enumerate(scale.labels)}
        for row, value in enumerate(values):
            if type(value) is str:
                bins[row, places.get(value, places[OTHER])] = 1.0
            else:
                for place, share in _shares(value, places):
                    bins[row, place] += share
        return bins
    numbers = np.array([_number_or_nan(value) for value in values])
    known = ~np.isnan(numbers)
    found = np.searchsorted(np.array(scale.edges), numbers, side="right")
    bins[np.arange(len(rows)), np.where(known, found, -1)] = 1.0
    return bins


def _number_or_nan(value: object) -> float:
    number = value if type(value) is float else _number(value)
    return np.nan if number is None else number


def _shares(value: object, places: Mapping[str, int]) -> list[tuple[int, float]]:
    if value is None or isinstance(value, Average):
        return [(-1, 1.0)]
    if not isinstance(value, Mapping):
        return [(places.get(label_of(value), places[OTHER]), 1.0)]
    total = sum(value.values())
    if not total > 0:
        return [(-1, 1.0)]
    return [(places.get(label, places[OTHER]), count / total) for label, count in value.items()]


# --- counting -------------------------------------------------------------------------------------


def profile(
    scales: Sequence[Scale],
    rows: Sequence[Row],
    seen: NDArray[np.float64],
    memberships: Array,
    until: float,
) -> Profile:
    """Visitors in each window.

    Args:
        seen: when each was seen last.
        memberships: [visitor, persona].
        until: the moment at which the windows end.
    """
    blocks = {scale.feature: placed(scale, rows) for scale in scales}
    found = {}
    for name, length in WINDOWS.items():
        inside = seen >= until - length
        bins = {feature: inside @ block for feature, block in blocks.items()}
        found[name] = Window(int(inside.sum()), inside @ memberships, bins)
    return found


def added(one: Profile | None, other: Profile) -> Profile:
    """Both together."""
    if one is None:
        return other
    return {
        name: Window(
            window.visitors + other[name].visitors,
            window.personas + other[name].personas,
            {each: bins + other[name].features[each] for each, bins in window.features.items()},
        )
        for name, window in one.items()
    }


# --- comparing ------------------------------------------------------------------------------------


def chosen_window(then: Profile, now: Profile) -> str | None:
    """The shortest window that tells of enough visitors, of then and of now."""
    for name in WINDOWS:
        if min(then[name].visitors, now[name].visitors) >= FEWEST:
            return name
    return None


def shift(then: Array, now: Array, tests: int = 1) -> Shift:
    """Between two counts of visitors [bin].

    Args:
        tests: how many such questions are asked together.
    """
    from scipy.stats import chi2

    used = (then + now) > 0
    bins = max(int(used.sum()), 1)
    before, after = _smoothed(then[used]), _smoothed(now[used])
    index = float(((after - before) * np.log(after / before)).sum())
    few = 1 / max(then.sum(), 1.0) + 1 / max(now.sum(), 1.0)
    noise = float(chi2.ppf(1 - ALPHA / max(tests, 1), bins - 1) * few) if bins > 1 else 0.0
    verdict: Verdict = "steady"
    if min(then.sum(), now.sum()) < FEWEST:
        verdict = "too-little-known"
    elif index > noise and index >= SHIFTING:
        verdict = "shifted" if index >= SHIFTED else "shifting"
    return Shift(index, noise, verdict, _shares_of(then), _shares_of(now))


def _smoothed(counts: Array) -> Array:
    return np.asarray((counts + PSEUDO) / (counts.sum() + PSEUDO * len(counts)))


def _shares_of(counts: Array) -> Array:
    return np.asarray(counts / max(float(counts.sum()), 1.0))


def in_words(scale: Scale, found: Shift) -> str:
    """One sentence on what changed most."""
    if found.verdict == "too-little-known":
        return "Too few visitors to tell."
    if found.verdict == "steady":
        return "As when personas were learned."
    place = int(np.abs(found.now - found.then).argmax())
    name = scale.names[place]
    what = "not known" if name == NOT_KNOWN else name
    feature = scale.feature.removeprefix(TRAIT)
    return (
        f"{feature}, {what}: {found.now[place]:.0%} of visitors now, "
        f"{found.then[place]:.0%} when personas were learned."
    )


def report(population: Mapping[str, Any], now: Profile) -> dict[str, Any] | None:
    """What changed since personas were learned; None where too few visitors came to tell.

    Args:
        population: `scales` and `windows` of then, as data.
    """
    scales = scales_from_json(population["scales"])
    then = profile_from_json(population["windows"])
    name = chosen_window(then, now)
    if name is None:
        return None
    before, after = then[name], now[name]
    tests = len(scales) + 1
    shifts = [
        (scale, shift(before.features[scale.feature], after.features[scale.feature], tests))
        for scale in scales
    ]
    shifts.sort(key=lambda pair: (-(pair[1].index - pair[1].noise), pair[0].feature))
    personas = shift(before.personas, after.personas, tests)
    verdicts = [personas.verdict, *(found.verdict for _, found in shifts)]
    return {
        "verdict": max(verdicts, key=_ORDER.index),
        "windowDays": None if name == "all" else int(name),
        "visitors": {"then": before.visitors, "now": after.visitors},
        "personas": _told(personas),
        "features": [_feature(scale, found) for scale, found in shifts],
    }


_ORDER: tuple[Verdict, ...] = ("too-little-known", "steady", "shifting", "shifted")


def _feature(scale: Scale, found: Shift) -> dict[str, Any]:
    told = _told(found)
    shares = zip(scale.names, told.pop("then"), told.pop("now"), strict=True)
    bins = [{"label": label, "then": then, "now": now} for label, then, now in shares]
    name = scale.feature.removeprefix(TRAIT)
    return {"feature": name, **told, "text": in_words(scale, found), "bins": bins}


def _told(found: Shift) -> dict[str, Any]:
    return {
        "index": found.index,
        "noise": found.noise,
        "verdict": found.verdict,
        "then": found.then.tolist(),
        "now": found.now.tolist(),
    }


# --- as data ------------------------------------------------------------------------------------


def profile_to_json(told: Profile) -> dict[str, Any]:
    return {
        name: {
            "visitors": window.visitors,
            "personas": window.personas.tolist(),
            "features": {each: bins.tolist() for each, bins in window.features.items()},
        }
        for name, window in told.items()
    }


def profile_from_json(told: Mapping[str, Any]) -> Profile:
    return {
        name: Window(
            int(window["visitors"]),
            np.array(window["personas"], float),
            {each: np.array(bins, float) for each, bins in window["features"].items()},
        )
        for name, window in told.items()
    }


def scales_from_json(told: Iterable[Mapping[str, Any]]) -> list[Scale]:
    return [Scale(each["feature"], tuple(each["labels"]), tuple(each["edges"])) for each in told]
