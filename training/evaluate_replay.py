"""Answers played again: what was known, and what could have been shown.

Of all this only the answer itself was written down; the rest of the log tells it. So a policy that
did not exist then can be asked what it would have shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from embeddings.columns import Columns, Mask
from embeddings.index import parse_filter
from personas.covisits import CoVisits
from personas.entities import Array, History
from personas.feedback import Shown
from personas.phase_model import PhaseModel
from personas.phases import belief_at, ladder_of
from personas.popularity import ROWS, Popularity
from personas.ranker import Ranker
from personas.ranking_features import Rows, Situation
from personas.seen import last_here, touched
from personas.visitor import as_of
from personas.vocabulary import plain_mapping
from training.ranker_people import People
from training.ranker_views import Items, Views

if TYPE_CHECKING:
    from training.dataset import SiteData

NOBODY = History()
NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Moment:
    """One answer, and what it could choose from.

    Attributes:
        rows: of the items that could come, pins and what a slot excludes among them.
        shown: rows of the answer's items in their order, as far as these could come.
        counts: views of each item so far, as they fade [ROWS, items].
        group: a number for its visitor.
        who: memberships of `SiteData.personas`, None for nobody known.
        covisits: what was seen together so far, in rows; counted on with the next moment.
    """

    answer: Shown
    situation: Situation
    rows: Rows
    shown: tuple[int, ...]
    counts: Array
    group: int
    who: Array | None
    covisits: CoVisits


@dataclass(frozen=True)
class Stage:
    """What answers are played again on.

    Attributes:
        answers: in the order of time, each with its visitor's number, if any.
    """

    data: SiteData
    items: Items
    views: Views
    phases: PhaseModel
    answers: Sequence[tuple[Shown, int | None]]
    number: Mapping[str, int] = field(default_factory=dict)

    def columns(self) -> Columns:
        """The items as filters read them."""
        return Columns([self.data.contents[name] for name in self.items.ids])

    def as_known(self, moment: Moment, ranker: Ranker) -> Situation:
        """The moment's situation, with memberships of the personas that a ranker knows."""
        model = self.data.personas
        if model is None or moment.who is None:
            return moment.situation
        ids = [name for name, _ in model.names]
        return replace(moment.situation, personas=ranker.who(ids, moment.who))

    def rows_of(self, names: Sequence[str] | frozenset[str]) -> list[int]:
        """Rows of those contents that there are."""
        return [self.number[name] for name in names if name in self.number]


def moments(stage: Stage) -> Iterator[Moment]:
    """The answers in their order, but for those of which nothing was shown that there still is."""
    popularity, counted = Popularity(), 0
    covisits, seen_by = CoVisits(), defaultdict[int, list[int]](list)
    columns, views = stage.columns(), stage.views
    mapping = plain_mapping(stage.data.mapping)
    groups: dict[str, int] = {}
    people = People(stage.data)
    for answer, visitor in stage.answers:
        while counted < len(views) and views.times[counted] < answer.time:
            popularity.add(int(views.items[counted]), float(views.times[counted]))
            before = seen_by[int(views.visitors[counted])]
            covisits.add(before, int(views.items[counted]))
            before.append(int(views.items[counted]))
            counted += 1
        history = NOBODY
        if visitor is not None:
            history = as_of(stage.data.visitors[visitor].history, answer.time)
        belief = belief_at(stage.phases, history, stage.data.facts, answer.time, mapping)
        seen, never = touched(history, stage.number.get, answer.time)
        page = stage.rows_of([(answer.answer.get("asked") or NOTHING).get("page") or ""])
        seen = [row for row in seen if row not in page] + page
        allowed = _allowed(stage, columns, answer)
        allowed[[*seen, *never]] = False
        shown = _shown(stage, answer, allowed)
        if not shown:
            continue
        name = str(visitor) if visitor is not None else answer.visitor or answer.recommendation
        counts = np.zeros((ROWS, len(stage.items)))
        counts[:, : popularity.items] = popularity.at(answer.time)
        yield Moment(
            answer,
            Situation(
                answer.time,
                np.asarray(seen, np.intp),
                ladder_of(belief),
                last=last_here(history, answer.time),
            ),
            np.flatnonzero(allowed),
            shown,
            counts,
            groups.setdefault(name, len(groups)),
            None if visitor is None else people.at(visitor, answer.time),
            covisits,
        )


def _allowed(stage: Stage, columns: Columns, answer: Shown) -> Mask:
    """What was there, and what the request asked for."""
    asked = answer.answer.get("asked") or NOTHING
    items = [stage.data.contents[name] for name in stage.items.ids]
    mask = np.asarray([item.visible_at(answer.time) for item in items], bool)
    mask &= ~(stage.items.published > answer.time)
    matching = columns.matching(parse_filter(asked.get("filter") or {}))
    if matching is not None:
        mask &= matching
    if asked.get("candidates") is not None:
        given = np.zeros(len(mask), bool)
        given[stage.rows_of(asked["candidates"])] = True
        mask &= given
    mask[stage.rows_of(asked.get("exclude") or ())] = False
    if asked.get("locale") is not None:
        spoken = mask & columns.in_language(asked["locale"])
        mask = spoken if spoken.any() else mask
    return mask


def _shown(stage: Stage, answer: Shown, allowed: Mask) -> tuple[int, ...]:
    """Rows of the answer's items up to the first that could not have come, as far as we know."""
    rows = []
    for name in answer.contents:
        row = stage.number.get(name)
        if row is None or not allowed[row]:
            break
        rows.append(row)
    return tuple(rows)
