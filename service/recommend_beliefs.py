"""Who and where a visitor is, without the evidence, which a list needs not; remembered.

What a visitor did changes less often than lists are asked for: the belief just after the last
touchpoint is kept, and time is let pass from there.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from operator import is_
from typing import TYPE_CHECKING, Any

import numpy as np

from personas.entities import Array, History
from personas.features import features_of
from personas.journeys import Journey, view
from personas.persona_model import PersonaModel
from personas.phase_model import PhaseModel
from personas.phases import belief_at, ladder_of, predict

if TYPE_CHECKING:
    from service.state import State

MOST_KEPT = 20_000  # visitors whose beliefs are remembered


@dataclass(frozen=True, slots=True)
class Stand:
    """Who and where, in short.

    Attributes:
        ladder: belief over the ladder [7].
        memberships: of each persona, in the order of `personas.names`.
    """

    ladder: Array
    memberships: Array
    personas: PersonaModel

    def persona(self) -> tuple[str, str, float]:
        """Id, name and probability of the likeliest persona."""
        place = int(np.argmax(self.memberships))
        return *self.personas.names[place], float(self.memberships[place])

    def phase(self, journey: Journey) -> tuple[str, float]:
        """The likeliest phase of a journey, and its probability."""
        distribution = view(journey, self.ladder)
        winner = max(distribution, key=lambda phase: distribution[phase])
        return winner, distribution[winner]


@dataclass(frozen=True, slots=True)
class _Kept:
    history: tuple[object, ...]  # what tells one state of a history from another
    models: tuple[Any, ...]  # and what is known of the content that was read; by identity
    last: float
    belief: Array  # over ways and rungs
    memberships: Array


class Beliefs:
    """One site's beliefs about visitors."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def of(self, state: State, site: str, visitor: str, history: History, at: float) -> Stand:
        """What is believed of a visitor at a moment.

        Args:
            visitor: a name under which the belief is remembered; "" for nobody.
        """
        phases = state.active.models(site).phases
        personas = state.personas.of(state, site)
        if not history.touchpoints and not history.traits and history.older is None:
            return Stand(phases.start, personas.memberships({}), personas)
        last = history.touchpoints[-1].time if history.touchpoints else at
        if last > at:
            belief, memberships = _worked_out(state, site, history, at)
            return Stand(ladder_of(belief), memberships, personas)
        facts = state.catalogues.of(site).facts
        read = (facts.get(each.content) for each in history.touchpoints if each.content)
        models = (phases, personas, state.sites.of(site), *read)
        kept = self._kept.get(visitor)
        if kept is None or not _is_same(kept, _signature(history), models):
            found = _worked_out(state, site, history, last)
            kept = _Kept(_signature(history), models, last, *found)
            self._keep(visitor, kept)
        return Stand(_later(phases, kept, history, at), kept.memberships, personas)

    def _keep(self, visitor: str, kept: _Kept) -> None:
        self._kept[visitor] = kept
        self._kept.move_to_end(visitor)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)


def _later(model: PhaseModel, kept: _Kept, history: History, at: float) -> Array:
    if not history.touchpoints and history.older is None:
        return ladder_of(kept.belief)
    return ladder_of(predict(model, kept.belief, at - kept.last))


def _is_same(kept: _Kept, history: tuple[object, ...], models: tuple[Any, ...]) -> bool:
    same = len(kept.models) == len(models) and all(map(is_, kept.models, models))
    return same and kept.history == history


def _signature(history: History) -> tuple[object, ...]:
    touchpoints, traits = history.touchpoints, history.traits
    return (
        len(touchpoints),
        sum(touchpoint.message for touchpoint in touchpoints),
        len(traits),
        sum(change.message for change in traits),
        history.older,
    )


def _worked_out(state: State, site: str, history: History, at: float) -> tuple[Array, Array]:
    settings, facts = state.sites.of(site), state.catalogues.of(site).facts
    belief = belief_at(state.active.models(site).phases, history, facts, at, settings.event_names)
    features = features_of(history, facts, at, settings.allow_sensitive)
    return belief, state.personas.of(state, site).memberships(features)
