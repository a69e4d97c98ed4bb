"""Where visitors stood at each view, and whether they moved on afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from personas.entities import Array, History, Touchpoint
from personas.phase_model import PhaseModel, expert_model, ladder_of
from personas.phases import beginning, condition, predict, steps_said
from personas.vocabulary import kind_of_plain, plain_mapping, resolve
from training.ranker_views import Views

if TYPE_CHECKING:
    from training.dataset import SiteData

MOST_STEPS = 150_000  # touchpoints that are followed; visitors beyond count as unknown
HORIZON = 14 * 86_400.0  # seconds in which a view can have moved somebody
GOALS = frozenset({"buying", "advocating"})


def ladders_at(data: SiteData, views: Views) -> Array:
    """The belief over the ladder just before each view [views, 7], by the expert's model."""
    model, mapping = expert_model(), plain_mapping(data.mapping)
    wanted: dict[tuple[int, int], int] = {
        (visitor, message): number
        for number, (visitor, message) in enumerate(
            zip(views.visitors.tolist(), views.messages.tolist(), strict=True)
        )
    }
    ladders = np.tile(model.start, (len(views), 1))
    followed = 0
    for visitor, each in enumerate(data.visitors):
        followed += len(each.history.touchpoints)
        if followed > MOST_STEPS:
            break
        for touched, belief, _ in along(model, each.history, data, mapping):
            number = wanted.get((visitor, touched.message))
            if number is not None:
                ladders[number] = ladder_of(belief)
    return ladders


def along(
    model: PhaseModel, history: History, data: SiteData, mapping: dict[str, str]
) -> Iterator[tuple[Touchpoint, Array, Array]]:
    """Each touchpoint with the belief over ways and rungs just before it and just after it."""
    belief, _ = beginning(model, history, np.inf)
    for step, says in steps_said(model, history, data.facts, np.inf, mapping):
        if step.gap is not None:
            belief = predict(model, belief, step.gap)
        before, belief = belief, condition(belief, says)
        yield step.touchpoint, before, belief


def moved_on(data: SiteData, views: Views) -> NDArray[np.bool_]:
    """Did the visitor buy, renew or recommend within the horizon after each view [views]?"""
    moved = np.zeros(len(views), bool)
    numbers_of: dict[int, list[int]] = {}
    for number, visitor in enumerate(views.visitors.tolist()):
        numbers_of.setdefault(visitor, []).append(number)
    goals = goals_of(data)
    for visitor, numbers in numbers_of.items():
        moved[numbers] = reached_soon(goals.get(visitor), views.times[numbers])
    return moved


def goals_of(data: SiteData) -> dict[int, Array]:
    """When visitors bought, renewed or recommended: visitor's number → sorted times."""
    mapping = plain_mapping(data.mapping)
    found = {}
    for visitor, each in enumerate(data.visitors):
        told = [t.time for t in each.history.touchpoints if _kind(t.name, mapping) in GOALS]
        if told:
            found[visitor] = np.asarray(told)
    return found


def reached_soon(goals: Array | None, times: Array) -> NDArray[np.bool_]:
    """Does one of the goals follow within the horizon [times]?"""
    if goals is None:
        return np.zeros(len(times), bool)
    next_goal = np.append(goals, np.inf)[np.searchsorted(goals, times, "right")]
    reached: NDArray[np.bool_] = next_goal - times <= HORIZON
    return reached


def _kind(name: str, mapping: dict[str, str]) -> str:
    known, given = resolve(name, mapping)
    return given or kind_of_plain(known, None)
