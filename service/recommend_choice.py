"""The decision itself: which content, in which order. No waiting happens here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from personas.entities import LADDER, Array, History, TraitChange
from personas.errors import UnknownName
from personas.journeys import Journey
from personas.messages import message_hash
from personas.ranking_features import Situation
from personas.seen import last_here, touched
from service.recommend_beliefs import Stand
from service.recommend_contents import Prepared
from service.recommend_list import Listed, listed
from service.state import State
from service.visitors import Visitor

if TYPE_CHECKING:
    from service.recommend import Ask, Preview

EMPTY = History()


@dataclass(frozen=True, slots=True)
class Known:
    """What was loaded for a request; None where it is unknown or could not be had."""

    visitor: Visitor | None
    query: Mapping[str, float] | None  # how well content answers the search, 0-1, by id


@dataclass(frozen=True, slots=True)
class Who:
    """Who and where the list is for, as the answer tells it."""

    persona: tuple[str, str, float]  # id, name, probability
    phase: tuple[str, float]  # id, probability


@dataclass(frozen=True)
class Choice:
    """A decided list, and what it was decided on."""

    listed: Listed
    situation: Situation
    prepared: Prepared
    visitor: Visitor | None
    who: Who
    fallback: str
    version: str


def choose(state: State, site: str, ask: Ask, known: Known, ready: Prepared, now: float) -> Choice:
    """Decide on a list."""
    at = now if ask.at is None else ask.at
    visitor = known.visitor
    name, history = ("", EMPTY) if visitor is None else (visitor.id, visitor.history)
    if ask.preview is not None and ask.preview.traits:
        history = _with_traits(ask.preview.traits, at)
    stand = state.trends.of(site).beliefs.of(state, site, name, history, at)
    who, ladder = Who(stand.persona(), stand.phase(ask.journey)), stand.ladder
    names, memberships = [name for name, _ in stand.personas.names], stand.memberships
    if ask.preview is not None:
        who, ladder = _previewed(ask.preview, stand, ask.journey)
        if ask.preview.persona is not None:
            memberships = np.asarray([float(name == ask.preview.persona) for name in names])
    seen, dismissed = touched(history, ready.row_of, at)
    page = [row for row in (ready.row_of(ask.page),) if row is not None] if ask.page else []
    query = None if known.query is None else _by_row(known.query, ready)
    latest = np.asarray([row for row in seen if row not in page] + page, np.intp)
    people = ready.ranker.who(names, memberships)
    situation = Situation(at, latest, ladder, people, query, last_here(history, at))
    if ask.assigned is not None and ask.assigned.arm.hold_out:  # the same list for all
        start = state.active.models(site).phases.start
        situation = Situation(at, latest[:0], start, None, query)
    return Choice(
        listed(state, site, ask, ready, situation, [*dismissed, *page]),
        situation,
        ready,
        visitor,
        who,
        _fallback(state, site, history, situation, len(stand.memberships)),
        state.active.models(site).version,
    )


def _by_row(scores: Mapping[str, float], ready: Prepared) -> Array:
    found = np.zeros(len(ready.contents))
    for name, score in scores.items():
        if (row := ready.row_of(name)) is not None:
            found[row] = score
    return found


# --- who and where --------------------------------------------------------------------------------


def _with_traits(traits: Mapping[str, Any], at: float) -> History:
    """Of somebody of whom only these traits are known."""
    told = (
        TraitChange(at, message_hash(f"{name}={value}"), name, value)
        for name, value in sorted(traits.items())
        if isinstance(value, str | int | float)
    )
    return History(traits=tuple(told))


def _previewed(preview: Preview, stand: Stand, journey: Journey) -> tuple[Who, Array]:
    persona, phase, ladder = stand.persona(), stand.phase(journey), stand.ladder
    if preview.phase is not None:
        ladder = _ladder_of(preview.phase, journey)
        phase = (preview.phase, 1.0)
    if preview.persona is not None:
        names = dict(stand.personas.names)
        if preview.persona not in names:
            detail = f"Choose a persona among {', '.join(names)}."
            raise UnknownName(detail, "unknown-persona", "/preview/personaId")
        persona = (preview.persona, names[preview.persona], 1.0)
    return Who(persona, phase), ladder


def _ladder_of(name: str, journey: Journey) -> Array:
    """The belief of somebody who certainly is in this phase, or on this rung."""
    rungs = next((phase.of for phase in journey.phases if phase.id == name), (name,))
    ladder = np.asarray([1.0 if rung in rungs else 0.0 for rung in LADDER])
    if not ladder.any():
        known = ", ".join(phase.id for phase in journey.phases)
        raise UnknownName(f"Choose a phase among {known}.", "unknown-phase", "/preview/phase")
    belief: Array = ladder / ladder.sum()
    return belief


# --- what it rests on -----------------------------------------------------------------------------


def _fallback(
    state: State, site: str, history: History, situation: Situation, personas: int
) -> str:
    """What the list rests on, where less is known than one would wish."""
    if len(situation.seen) or situation.query is not None:
        return "none"
    if history.touchpoints or history.older is not None:
        return "phase-only"
    if history.traits and personas > 1:
        return "persona-only"
    return "popular" if state.trends.of(site).views else "newest"
