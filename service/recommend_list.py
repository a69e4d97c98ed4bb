"""Which content may come in a list, and the list itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from embeddings.columns import Mask
from embeddings.index import parse_filter
from personas.entities import Array
from personas.ranking import Pick, Taste, draw
from personas.ranking_features import STANDING, Rows, Situation, personal, weights_for
from personas.slots import Slot
from service.recommend_candidates import SMALL
from service.recommend_contents import Moment, Prepared
from service.state import State

if TYPE_CHECKING:
    from service.recommend import Ask

HOUR = 3600.0
NOT_TOLD = np.zeros((1, 0))
ENOUGH = 50  # candidates of the short lists that a filter leaves


@dataclass(frozen=True, slots=True)
class Chosen:
    """One item of the list.

    Attributes:
        features: [FEATURES]; usual: their mean over the candidates [FEATURES]; empty where no
            explanation is wanted.
        more: further reasons: code, weight.
    """

    row: int
    score: float
    propensity: float
    features: Array
    usual: Array
    more: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Listed:
    """A list, and the weights it was made with [FEATURES]."""

    items: tuple[Chosen, ...]
    weights: Array


def listed(
    state: State, site: str, ask: Ask, ready: Prepared, situation: Situation, never: Sequence[int]
) -> Listed:
    """The list, filled up with what was seen before where nothing else is left.

    Args:
        never: rows that must not come, such as those dismissed.
    """
    moment = ready.moment(state, site, situation.at, live=ask.at is None)
    allowed = _allowed(state, site, ask, ready, never, situation.at)
    unseen = allowed.copy()
    unseen[situation.seen] = False
    pins = [row for row in _rows(ready, ask.slot.pins) if unseen[row]]
    rows = _candidates(ask, ready, moment, situation, unseen, pins)
    items = _ranked(state, ask, ready, moment, situation, rows, pins)
    missing = ask.count - len(items)
    if missing > 0:
        again = np.flatnonzero(allowed & ~unseen)
        items += _ranked(state, ask, ready, moment, situation, again, [])[:missing]
    return Listed(tuple(items), weights_for(ask.slot.objective, moment.weights))


def _allowed(
    state: State, site: str, ask: Ask, ready: Prepared, never: Sequence[int], at: float
) -> Mask:
    """Which rows may come at all."""
    columns, slot = ready.columns, ask.slot
    mask = ready.arrays.visible(at) & ~(ready.contents.published > at)
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


def _candidates(
    ask: Ask,
    ready: Prepared,
    moment: Moment,
    situation: Situation,
    eligible: Mask,
    pins: Sequence[int],
) -> Rows:
    """All eligible rows of a small catalogue, else those of the short lists, if they suffice."""
    if len(eligible) <= SMALL or ask.candidates is not None:
        return np.flatnonzero(eligible)
    short = ready.candidates.of(situation, moment.best)
    short = short[eligible[short]]
    if pins:
        short = np.union1d(short, pins)
    if len(short) >= ENOUGH + 2 * ask.count:
        return short
    return np.flatnonzero(eligible)


# --- the list -------------------------------------------------------------------------------------


def _ranked(
    state: State,
    ask: Ask,
    ready: Prepared,
    moment: Moment,
    situation: Situation,
    rows: Rows,
    pins: Sequence[int],
) -> list[Chosen]:
    if not len(rows):
        return []
    everything = len(rows) == len(ready.contents)
    of_visitor = personal(situation, ready.contents, None if everything else rows)
    weights = weights_for(ask.slot.objective, moment.weights)
    utility = weights[len(STANDING) :] @ of_visitor
    utility += moment.utility if everything else moment.utility[rows]
    boosts = _boosts(ask.slot, ready, rows)
    if boosts is not None:
        utility += boosts
    utility -= utility.mean()
    picks = _drawn(state, ask, ready, utility, rows, pins)
    features, usual = NOT_TOLD, NOT_TOLD[0]
    if ask.explain:
        places = [pick.place for pick in picks]
        standing = moment.features if everything else moment.features[:, rows]
        features = np.vstack([standing[:, places], of_visitor[:, places]]).T
        usual = np.concatenate([standing.mean(axis=1), of_visitor.mean(axis=1)])

    def chosen(number: int, pick: Pick) -> Chosen:
        more = [] if boosts is None else [("boost", float(boosts[pick.place]))]
        if pick.variety:
            more.append(("variety", pick.variety))
        score = float(utility[pick.place]) + pick.variety
        row = int(rows[pick.place])
        told = features[number] if ask.explain else usual
        return Chosen(row, score, pick.propensity, told, usual, tuple(more))

    return [chosen(number, pick) for number, pick in enumerate(picks)]


def _drawn(
    state: State, ask: Ask, ready: Prepared, utility: Array, rows: Rows, pins: Sequence[int]
) -> list[Pick]:
    place = {int(row): number for number, row in enumerate(rows)} if pins else {}
    taste = Taste(
        ask.count,
        ask.slot.diversity,
        ask.slot.exploration,
        tuple(place[row] for row in dict.fromkeys(pins)),
    )
    near = ready.contents.vectors[rows] if taste.diversity > 0 else None
    return draw(utility, taste, state.random, near)


def _boosts(slot: Slot, ready: Prepared, rows: Rows) -> Array | None:
    """What the site's boosts give, against the mean [rows]."""
    if not slot.boosts:
        return None
    gained = np.zeros(len(rows))
    for boost in slot.boosts:
        matching = ready.columns.matching(parse_filter(boost.filter))
        gained += boost.weight * (1.0 if matching is None else matching[rows])
    centred: Array = gained - gained.mean()
    return centred
