"""What a site's visitors do on their journeys, in expected counts that add up.

Nobody is put into one phase: each touchpoint counts in every rung by the belief just after it, and
each move by the joint belief before and after. Counts are kept for each persona, by membership, so
that the personas' counts add up to those of all; and on the rungs of the ladder, so that any
journey is a sum of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from scipy import sparse

from personas.entities import LADDER, Array, ContentFacts, History
from personas.phase_model import RUNGS, PhaseModel, ladder_of
from personas.phase_steps import Step, steps_of
from personas.phases import beginning, likelihood_of, predict, said_by
from personas.vocabulary import plain_mapping

Name = TypeVar("Name", str, float)

WEEK = 7 * 86400.0
MONDAY = 4 * 86400.0  # the first one after 1970 began
PROMOTER, DETRACTOR = 0.9, 0.6  # of a rating from 0 to 1: 9 and 6 of 10
DIMENSIONS = ("channel", "event", "type", "content")
MEASURES = ("rated", "rating", "promoters", "detractors", "dwelt", "dwell", "friction")
_BELOW = np.tril(np.ones((RUNGS, RUNGS)), -1)  # [r, rung]: rungs below r


@dataclass(frozen=True, slots=True)
class Walk:
    """One visitor's journey.

    Attributes:
        steps: its touchpoints.
        ladders: belief just after each [n, 7].
        moves: expected moves from touchpoint to touchpoint [7, 7].
        reached: chance that it was on each rung, or beyond it, at some touchpoint [7].
        now: belief at the moment that was asked for [7].
    """

    steps: Sequence[Step]
    ladders: Array
    moves: Array
    reached: Array
    now: Array


def walk(
    model: PhaseModel,
    history: History,
    facts: Mapping[str, ContentFacts],
    at: float,
    mapping: Mapping[str, str],
) -> Walk:
    """Follow a visitor up to a moment.

    Args:
        mapping: the site's own event names.
    """
    belief, last = beginning(model, history, at)
    steps = list(steps_of(history, facts, at, plain_mapping(mapping)))
    ladders, moves = np.zeros((len(steps), RUNGS)), np.zeros((RUNGS, RUNGS))
    ways = len(belief) // RUNGS
    still = np.tile(belief, (RUNGS, 1))  # [r, way and rung]: and below rung r up to now
    below = np.tile(_BELOW, (1, ways))
    likelihoods = likelihood_of(said_by(model, steps))
    for number, (step, likelihood) in enumerate(zip(steps, likelihoods, strict=True)):
        both = predict(model, np.diag(belief), step.gap or 0.0) * likelihood
        whole = both.sum()
        belief = both.sum(0) / whole
        ladders[number] = ladder_of(belief)
        if number:
            moves += both.reshape(ways, RUNGS, ways, RUNGS).sum((0, 2)) / whole
        still = predict(model, still, step.gap or 0.0) * likelihood / whole * below
        last = step.touchpoint.time if last is None else max(last, step.touchpoint.time)
    reached = 1.0 - still.sum(1) if steps else np.zeros(RUNGS)
    now = belief if last is None else predict(model, belief, at - last)
    return Walk(steps, ladders, moves, np.clip(reached, 0.0, 1.0), ladder_of(now))


@dataclass
class JourneyCounts:
    """Counts of P personas' visitors, each [P, 7] over the ladder unless said otherwise.

    Attributes:
        visitors: how many there are [P].
        now: where they stand; reached: how far they ever came; entered: where they began.
        moves: from touchpoint to touchpoint [P, 7, 7].
        weeks: start of a week → where those stood who came in it, when they left.
        tables: of each of DIMENSIONS, name → touchpoints; of channels, visits.
        measures: of MEASURES, by name.
    """

    personas: int
    visitors: Array = field(init=False)
    now: Array = field(init=False)
    reached: Array = field(init=False)
    entered: Array = field(init=False)
    moves: Array = field(init=False)
    weeks: dict[float, Array] = field(default_factory=dict)
    tables: dict[str, dict[str, Array]] = field(init=False)
    measures: dict[str, Array] = field(init=False)

    def __post_init__(self) -> None:
        self.visitors = np.zeros(self.personas)
        self.now, self.reached, self.entered = (self._nothing() for _ in range(3))
        self.moves = np.zeros((self.personas, RUNGS, RUNGS))
        self.tables = {dimension: {} for dimension in DIMENSIONS}
        self.measures = {measure: self._nothing() for measure in MEASURES}

    def add(self, walks: Sequence[Walk], memberships: Array) -> None:
        """Count these visitors.

        Args:
            memberships: of each in each persona [visitors, P].
        """
        self.visitors += memberships.sum(0)
        self.now += memberships.T @ np.stack([each.now for each in walks])
        self.reached += memberships.T @ np.stack([each.reached for each in walks])
        self.moves += np.tensordot(memberships, np.stack([each.moves for each in walks]), (0, 0))
        walked = [number for number, each in enumerate(walks) if each.steps]
        if walked:
            self._add_touchpoints([walks[number] for number in walked], memberships[walked])

    def _add_touchpoints(self, walks: Sequence[Walk], memberships: Array) -> None:
        self.entered += memberships.T @ np.stack([each.ladders[0] for each in walks])
        ladders = np.concatenate([each.ladders for each in walks])
        owner = np.repeat(np.arange(len(walks)), [len(each.steps) for each in walks])
        steps = [step for each in walks for step in each.steps]
        for dimension in DIMENSIONS:
            named = [_named(step, dimension) for step in steps]
            self._tabulate(self.tables[dimension], named, owner, memberships, ladders)
        self._measure(steps, memberships[owner], ladders)
        weeks = [week_of(step.touchpoint.time) for step in steps]
        lasts = [
            number
            for number in range(len(steps))
            if number + 1 == len(steps)
            or owner[number + 1] != owner[number]
            or weeks[number + 1] != weeks[number]
        ]
        left = [weeks[number] for number in lasts]
        self._tabulate(self.weeks, left, owner[lasts], memberships, ladders[lasts])

    def _tabulate(
        self,
        table: dict[Name, Array],
        names: Sequence[Name | None],
        owner: np.ndarray,
        memberships: Array,
        ladders: Array,
    ) -> None:
        known = np.array([number for number, name in enumerate(names) if name is not None], int)
        codes: dict[Name, int] = {}
        rows = [codes.setdefault(name, len(codes)) for name in names if name is not None]
        if not rows:
            return
        shape = (len(codes), len(known))
        for persona in range(self.personas):
            weights = memberships[owner[known], persona]
            chosen = sparse.csr_array((weights, (rows, np.arange(len(known)))), shape=shape)
            counted = chosen @ ladders[known]
            for name, code in codes.items():
                table.setdefault(name, self._nothing())[persona] += counted[code]

    def _measure(self, steps: Sequence[Step], memberships: Array, ladders: Array) -> None:
        for measure, told in _measured(steps).items():
            self.measures[measure] += (memberships * told[:, None]).T @ ladders

    def _nothing(self) -> Array:
        return np.zeros((self.personas, RUNGS))


def week_of(time: float) -> float:
    """When the week of a moment began: Monday, 0:00 UTC."""
    return (time - MONDAY) // WEEK * WEEK + MONDAY


def _named(step: Step, dimension: str) -> str | None:
    touchpoint = step.touchpoint
    if dimension == "channel":
        return touchpoint.channel if step.opens_visit else None
    if dimension == "event":
        return touchpoint.name
    if dimension == "type":
        return None if step.fact is None else step.fact.type or "other"
    return touchpoint.content if step.fact is not None else None


def _measured(steps: Iterable[Step]) -> dict[str, Array]:
    """Of each of MEASURES, what each touchpoint adds."""
    rows = []
    for step in steps:
        rating, dwell = step.touchpoint.rating, step.touchpoint.dwell
        rated = rating is not None
        told = rating if rating is not None else 0.0
        rows.append(
            (
                rated,
                told,
                rated and told >= PROMOTER,
                rated and told <= DETRACTOR,
                dwell is not None,
                dwell or 0.0,
                step.category[0] == "friction",
            )
        )
    return dict(zip(MEASURES, np.array(rows, float).T, strict=True))


def to_json(counts: JourneyCounts, contents: int, weeks: int) -> dict[str, object]:
    """As JSON.

    Args:
        contents: so many of the most viewed contents are kept; weeks: so many of the last weeks.
    """
    tables = {
        dimension: dict(sorted(table.items(), key=lambda row: -row[1].sum())[:contents])
        for dimension, table in counts.tables.items()
    }
    return {
        "ladder": list(LADDER),
        "visitors": counts.visitors.tolist(),
        "now": counts.now.tolist(),
        "reached": counts.reached.tolist(),
        "entered": counts.entered.tolist(),
        "moves": counts.moves.tolist(),
        "weeks": [[week, counts.weeks[week].tolist()] for week in sorted(counts.weeks)[-weeks:]],
        "tables": {
            dimension: [[name, told.tolist()] for name, told in table.items()]
            for dimension, table in tables.items()
        },
        "measures": {name: told.tolist() for name, told in counts.measures.items()},
    }
