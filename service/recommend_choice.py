"""The decision itself: which content, in which order. No waiting happens here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from embeddings.index import parse_filter
from personas.entities import LADDER, Array, History, PersonaBelief, PhaseBelief
from personas.errors import UnknownName
from personas.journeys import Journey, view
from personas.ranking import Pick, Taste, draw
from personas.ranking_features import STANDING, Array32, Rows, Situation, personal
from personas.slots import Slot
from personas.vocabulary import plain
from service.recommend_contents import Prepared
from service.recommend_filter import Mask
from service.state import State
from service.visitors import Visitor, believe

if TYPE_CHECKING:
    from service.recommend import Ask, Preview

NOT_A_VIEW = frozenset({"recommendation shown", "recommendation dismissed"})
DISMISSED = "recommendation dismissed"
HOUR = 3600.0
NOBODY = Visitor("", (), History())


@dataclass(frozen=True, slots=True)
class Known:
    """What was loaded for a request; None where it is unknown or could not be had."""

    visitor: Visitor | None
    query: Array32 | None


@dataclass(frozen=True)
class Chosen:
    """One item of the list."""

    row: int
    score: float
    propensity: float
    features: Array  # [FEATURES]
    more: tuple[tuple[str, float], ...]  # further reasons: code, weight


@dataclass(frozen=True)
class Choice:
    """A decided list, and what it was decided on.

    Attributes:
        usual: mean features of the candidates [FEATURES].
        because: row of the item seen last, for words; None where nothing was seen.
    """

    items: tuple[Chosen, ...]
    usual: Array
    situation: Situation
    prepared: Prepared
    visitor: Visitor | None
    persona: PersonaBelief
    phase: PhaseBelief
    fallback: str
    version: str


def choose(state: State, site: str, ask: Ask, known: Known, ready: Prepared, now: float) -> Choice:
    """Decide on a list."""
    at = now if ask.at is None else ask.at
    persona, phase = _beliefs(state, site, ask, known.visitor, at)
    history = known.visitor.history if known.visitor is not None else History()
    seen, dismissed = _touched(history, ready, at)
    page = [row for row in (ready.row_of(ask.page),) if row is not None] if ask.page else []
    wanted = np.asarray([row for row in seen if row not in page] + page, np.intp)
    situation = Situation(at, wanted, phase.ladder, None, known.query)
    allowed = _allowed(state, site, ask, ready, [*dismissed, *page], at)
    items, usual = _listed(state, site, ask, ready, situation, allowed)
    return Choice(
        items,
        usual,
        situation,
        ready,
        known.visitor,
        persona,
        phase,
        _fallback(state, site, history, situation, persona),
        state.active.models(site).version,
    )


# --- who and where --------------------------------------------------------------------------------


def _beliefs(
    state: State, site: str, ask: Ask, visitor: Visitor | None, at: float
) -> tuple[PersonaBelief, PhaseBelief]:
    beliefs = believe(state, site, visitor or NOBODY, at, ask.journey)
    if ask.preview is None:
        return beliefs.persona, beliefs.phase
    return _previewed(ask.preview, beliefs.persona, beliefs.phase, ask.journey)


def _previewed(
    preview: Preview,
    persona: PersonaBelief,
    phase: PhaseBelief,
    journey: Journey,
) -> tuple[PersonaBelief, PhaseBelief]:
    if preview.phase is not None:
        ladder = _ladder_of(preview.phase, journey)
        phase = PhaseBelief(journey.id, preview.phase, 1.0, ladder, view(journey, ladder), 0.0)
    if preview.persona is not None:
        if preview.persona not in persona.distribution:
            known = ", ".join(persona.distribution)
            raise UnknownName(
                f"Choose a persona among {known}.", "unknown-persona", "/preview/personaId"
            )
        alone = {preview.persona: 1.0}
        persona = PersonaBelief(preview.persona, preview.persona, 1.0, alone)
    return persona, phase


def _ladder_of(name: str, journey: Journey) -> Array:
    """The belief of somebody who certainly is in this phase, or on this rung."""
    rungs = next((phase.of for phase in journey.phases if phase.id == name), (name,))
    ladder = np.asarray([1.0 if rung in rungs else 0.0 for rung in LADDER])
    if not ladder.any():
        known = ", ".join(phase.id for phase in journey.phases)
        raise UnknownName(f"Choose a phase among {known}.", "unknown-phase", "/preview/phase")
    belief: Array = ladder / ladder.sum()
    return belief


# --- what may come --------------------------------------------------------------------------------


def _touched(history: History, ready: Prepared, at: float) -> tuple[list[int], list[int]]:
    """Rows of what was seen, the latest last, and of what was dismissed."""
    seen: dict[int, None] = {}
    dismissed: list[int] = []
    for touchpoint in history.touchpoints:
        if touchpoint.content is None or touchpoint.time > at:
            continue
        row = ready.row_of(touchpoint.content)
        if row is None:
            continue
        name = plain(touchpoint.name)
        if name == DISMISSED:
            dismissed.append(row)
        elif name not in NOT_A_VIEW:
            seen.pop(row, None)
            seen[row] = None
    return list(seen), dismissed


def _allowed(
    state: State, site: str, ask: Ask, ready: Prepared, never: Sequence[int], at: float
) -> Mask:
    """Which rows may come at all."""
    columns, slot = ready.columns, ask.slot
    mask = columns.visible(at).copy()
    for wanted in (parse_filter(slot.filter), ask.filter):
        matching = columns.matching(wanted)
        if matching is not None:
            mask &= matching
    if ask.candidates is not None:
        given = np.zeros(len(mask), bool)
        given[_rows(ready, ask.candidates)] = True
        mask &= given
    mask[_rows(ready, ask.exclude | slot.exclude)] = False
    mask[list(never)] = False
    if ask.locale is not None:
        spoken = mask & columns.in_language(ask.locale)
        mask = spoken if spoken.any() else mask
    cap = slot.frequency_cap
    if cap is not None and ask.key is not None:
        shown = state.trends.of(site).shown(str(ask.key), at - cap.hours * HOUR, at)
        worn = [name for name, count in shown.items() if count >= cap.count]
        mask[_rows(ready, worn)] = False
    return mask


def _rows(ready: Prepared, names: Iterable[str]) -> list[int]:
    found = (ready.row_of(name) for name in names)
    return [row for row in found if row is not None]


# --- the list -------------------------------------------------------------------------------------


def _listed(
    state: State, site: str, ask: Ask, ready: Prepared, situation: Situation, allowed: Mask
) -> tuple[tuple[Chosen, ...], Array]:
    """The list, filled up with what was seen before where nothing else is left."""
    unseen = allowed.copy()
    unseen[situation.seen] = False
    pins = [row for row in _rows(ready, ask.slot.pins) if unseen[row]]
    listed, usual = _ranked(state, site, ask, ready, situation, np.flatnonzero(unseen), pins)
    missing = ask.count - len(listed)
    if missing > 0:
        again = np.flatnonzero(allowed & ~unseen)
        if len(again):
            more, of_seen = _ranked(state, site, ask, ready, situation, again, [])
            usual = usual if listed else of_seen
            listed += more[:missing]
    return tuple(listed), usual


def _ranked(
    state: State,
    site: str,
    ask: Ask,
    ready: Prepared,
    situation: Situation,
    rows: Rows,
    pins: Sequence[int],
) -> tuple[list[Chosen], Array]:
    moment = ready.moment(state, site, situation.at, live=ask.at is None)
    everything = len(rows) == len(ready.contents)
    chosen = None if everything else rows
    of_visitor = personal(situation, ready.contents, chosen)
    standing = moment.features if everything else moment.features[:, rows]
    utility = (moment.utility if everything else moment.utility[rows]) + (
        ready.ranker.weights[len(STANDING) :] @ of_visitor
    )
    boosts = _boosts(ask.slot, ready, rows)
    if boosts is not None:
        utility = utility + boosts
    if len(rows):
        utility = utility - utility.mean()
    place = {int(row): number for number, row in enumerate(rows)} if pins else {}
    taste = Taste(
        ask.count,
        ask.slot.diversity,
        ask.slot.exploration,
        tuple(place[row] for row in pins if row in place),
    )
    near = ready.contents.vectors[rows] if taste.diversity > 0 else None
    picks = draw(utility, taste, np.random.default_rng(), near)
    usual = np.concatenate([standing.mean(axis=1), of_visitor.mean(axis=1)]) if len(rows) else None
    base = 0.0 if boosts is None or not len(rows) else float(boosts.mean())

    def chosen_of(pick: Pick) -> Chosen:
        features = np.concatenate([standing[:, pick.place], of_visitor[:, pick.place]])
        more: list[tuple[str, float]] = []
        if boosts is not None:
            more.append(("boost", float(boosts[pick.place]) - base))
        if pick.variety:
            more.append(("variety", pick.variety))
        score = float(utility[pick.place]) + pick.variety
        return Chosen(int(rows[pick.place]), score, pick.propensity, features, tuple(more))

    empty = np.zeros(len(ready.ranker.weights))
    return [chosen_of(pick) for pick in picks], empty if usual is None else usual


def _boosts(slot: Slot, ready: Prepared, rows: Rows) -> Array | None:
    if not slot.boosts:
        return None
    gained = np.zeros(len(rows))
    for boost in slot.boosts:
        matching = ready.columns.matching(parse_filter(boost.filter))
        gained += boost.weight * (1.0 if matching is None else matching[rows])
    return gained


def _fallback(
    state: State, site: str, history: History, situation: Situation, persona: PersonaBelief
) -> str:
    """What the list rests on, where less is known than one would wish."""
    if len(situation.seen) or situation.query is not None:
        return "none"
    if history.touchpoints or history.older is not None:
        return "phase-only"
    if history.traits and len(persona.distribution) > 1:
        return "persona-only"
    return "popular" if state.trends.of(site).views else "newest"
