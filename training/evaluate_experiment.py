"""What came of an experiment: visitors by arm, what they did, and whether the parting was sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from personas.entities import Array
from personas.errors import NotEnoughData, UnknownName
from personas.experiments import (
    LEAST_VISITORS,
    UNLIKELY,
    ArmResult,
    Experiment,
    compared,
    experiment_of,
    sample_ratio,
)
from personas.feedback import Shown
from training.dataset import SiteData
from training.ranker_ladders import HORIZON, goals_of
from training.ranker_shown import answers_given

METHOD = (
    "Mean of visitors, counted in the arm of their first answer. Intervals: 95 %, Student's t; of "
    "differences Welch's. Clicks: taken items of all answers in the experiment. Conversions: share "
    "of visitors who bought, renewed or recommended within 14 days of their first answer."
)
METRICS = ("clicks", "conversions")


@dataclass
class _Person:
    """One visitor in an experiment, by the answers in their order."""

    arm: str
    since: float
    clicks: float = 0.0
    converted: bool = False
    arms: set[str] = field(default_factory=set)


def evaluate_experiment(data: SiteData, name: str) -> dict[str, Any]:
    """Results of an experiment from the log.

    Raises:
        UnknownName: the site has none of this name.
        NotEnoughData: no answer was given in it yet.
    """
    value = data.set_by_people.get("experiment", {}).get(name)
    if value is None:
        raise UnknownName(f"There is no experiment {name!r}.", "unknown-experiment")
    experiment = experiment_of(name, value)
    people = _people(data, name)
    if not people:
        raise NotEnoughData(f"No answer was given in experiment {name!r} yet.")
    arms = [arm.id for arm in experiment.arms]
    told = [person for person in people.values() if person.arm in arms]
    counts = [sum(person.arm == arm for person in told) for arm in arms]
    chance = sample_ratio(counts, [arm.weight for arm in experiment.arms])
    found: dict[str, Any] = {
        "experiment": name,
        "method": METHOD,
        "visitors": len(told),
        "changedArm": sum(len(person.arms) > 1 for person in told),
        "sampleRatio": {"pValue": chance, "isSound": chance >= UNLIKELY},
    }
    for metric in METRICS:
        rewards = [_rewards(told, arm, metric) for arm in arms]
        found[metric] = _told(experiment, compared(rewards))
    found["words"] = _words(experiment, found)
    return found


def _people(data: SiteData, name: str) -> dict[str, _Person]:
    """By a name of each visitor."""
    found: dict[str, _Person] = {}
    goals = goals_of(data)
    for shown, visitor in answers_given(data):
        told = shown.answer.get("experiment") or {}
        if told.get("id") != name:
            continue
        who = str(visitor) if visitor is not None else shown.visitor
        person = found.get(who)
        if person is None:
            person = found[who] = _Person(told["arm"], shown.time)
            person.converted = _converts(goals, visitor, shown)
        person.arms.add(told["arm"])
        person.clicks += len(shown.taken)
    return found


def _converts(goals: Mapping[int, Array], visitor: int | None, shown: Shown) -> bool:
    times = goals.get(visitor) if visitor is not None else None
    if times is None:
        return False
    return bool(((times > shown.time) & (times <= shown.time + HORIZON)).any())


def _rewards(people: list[_Person], arm: str, metric: str) -> Array:
    own = (person for person in people if person.arm == arm)
    values = [person.clicks if metric == "clicks" else float(person.converted) for person in own]
    return np.asarray(values, np.float64)


def _told(experiment: Experiment, results: list[ArmResult]) -> list[dict[str, Any]]:
    return [
        {
            "arm": arm.id,
            "visitors": result.visitors,
            "mean": _finite(asdict(result.mean)),
            "gain": None if result.gain is None else _finite(asdict(result.gain)),
        }
        for arm, result in zip(experiment.arms, results, strict=True)
    ]


def _finite(interval: dict[str, float]) -> dict[str, float | None]:
    """JSON knows no infinity: an end that is unknown is null."""
    return {name: value if np.isfinite(value) else None for name, value in interval.items()}


def _words(experiment: Experiment, found: Mapping[str, Any]) -> list[str]:
    if not found["sampleRatio"]["isSound"]:
        return [
            "The visitors are not parted as the weights say, which chance does not do "
            f"(p = {found['sampleRatio']['pValue']:.1g}): find out why before reading on."
        ]
    first = experiment.arms[0].id
    words = []
    for metric in METRICS:
        for told in found[metric][1:]:
            gain = told["gain"]
            if gain is None:
                words.append(f"{told['arm']}: wait for {LEAST_VISITORS} visitors of each arm.")
            elif gain["low"] <= 0 <= gain["high"]:
                words.append(f"{told['arm']} and {first} cannot be told apart by {metric} yet.")
            else:
                more = "more" if gain["value"] > 0 else "fewer"
                words.append(
                    f"{told['arm']} brings {abs(gain['value']):.3g} {metric} a visitor {more} than "
                    f"{first} ({gain['low']:.3g} to {gain['high']:.3g})."
                )
    return words
