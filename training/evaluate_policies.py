"""Policies that can be valued: a version of the ranker, a changed slot, chance, popularity."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from embeddings.index import parse_filter
from personas.entities import Array
from personas.order import order_shares, order_trust
from personas.popularity import FOREVER
from personas.ranker import Ranker, learned_scores
from personas.ranking import MOST_CONSIDERED, Taste, distributions
from personas.ranking_features import Contents, Rows, features_of, weights_for
from personas.slots import Slot
from training.evaluate_replay import Moment, Stage
from training.ranker_cases import with_lately

Kind = Literal["ranker", "uniform", "popularity"]
NO_PLACE = -1
LATEST_STEPS = 2_000


@dataclass(frozen=True)
class Policy:
    """A way of drawing lists.

    Attributes:
        name: for people.
        kind: what items are drawn by.
        slot: as which the lists are drawn.
        ranker: of kind "ranker".
    """

    name: str
    kind: Kind
    slot: Slot
    ranker: Ranker


@dataclass(frozen=True)
class Drawn:
    """How a policy would have drawn an answer.

    Attributes:
        wanted: its chance of each shown item, given those above [ranks].
        shown: features of the shown items [ranks, features].
        meant: mean features of what it would draw there [ranks, features].
    """

    wanted: Array
    shown: Array
    meant: Array


class Drawer:
    """Asks one policy how it would have drawn answers.

    Args:
        common: contents as the ranker in use sees them.
    """

    def __init__(self, policy: Policy, stage: Stage, common: Contents) -> None:
        self._policy, self._stage, self._common = policy, stage, common
        self._columns = stage.columns()
        self._own = with_scores(common, policy.ranker, stage.number)
        self._weights = weights_for(
            policy.slot.objective, policy.ranker.blended(order_trust_of(policy.ranker, stage))
        )

    def of(self, moment: Moment, common: Array) -> Drawn | None:
        """What it would have drawn; None where it could show nothing of what there was.

        Args:
            common: features of the moment's rows, which foretell what comes of items, whatever the
                policy [FEATURES, rows].
        """
        rows = self._candidates(moment)
        if not len(rows):
            return None
        place = {int(row): number for number, row in enumerate(rows)}
        shown = [place.get(row, NO_PLACE) for row in moment.shown]
        taste = self._taste(place, len(shown))
        near = self._common.vectors[rows] if taste.diversity > 0 else None
        chances = distributions(self._utility(moment, rows), taste, shown, near)
        wanted = [chances[rank, at] if at >= 0 else 0.0 for rank, at in enumerate(shown)]
        meant = chances @ common[:, np.searchsorted(moment.rows, rows)].T
        return Drawn(
            np.asarray(wanted), common[:, np.searchsorted(moment.rows, moment.shown)].T, meant
        )

    def _taste(self, place: Mapping[int, int], count: int) -> Taste:
        slot, kind = self._policy.slot, self._policy.kind
        pins = dict.fromkeys(self._stage.rows_of(slot.pins))
        return Taste(
            count,
            slot.diversity,
            slot.exploration,
            tuple(place[row] for row in pins if row in place),
            len(place) if kind == "uniform" else MOST_CONSIDERED,
        )

    def _candidates(self, moment: Moment) -> Rows:
        """Rows that could come by the policy's slot."""
        slot = self._policy.slot
        rows = moment.rows[~np.isin(moment.rows, self._stage.rows_of(slot.exclude))]
        matching = self._columns.matching(parse_filter(slot.filter))
        return rows if matching is None else rows[matching[rows]]

    def _utility(self, moment: Moment, rows: Rows) -> Array:
        policy = self._policy
        if policy.kind == "uniform":
            return np.zeros(len(rows))
        if policy.kind == "popularity":
            popular: Array = np.log1p(moment.counts[FOREVER, rows])
            return popular
        contents = with_lately(replace(self._own, popularity=moment.counts), moment.covisits)
        situation = self._stage.as_known(moment, policy.ranker)
        utility: Array = self._weights @ features_of(situation, contents, rows)
        for boost in policy.slot.boosts:
            matching = self._columns.matching(parse_filter(boost.filter))
            utility += boost.weight * (1.0 if matching is None else matching[rows])
        return utility


def with_scores(contents: Contents, ranker: Ranker, number: Mapping[str, int]) -> Contents:
    """The same contents as another ranker sees them."""
    learned = learned_scores(ranker, number, len(contents))
    return replace(contents, learned=learned, progress=ranker.progress)


def order_trust_of(ranker: Ranker, stage: Stage) -> float:
    """How far visitors walk in the order that the ranker learned, by their latest steps."""
    if ranker.sequence is None:
        return 1.0
    last: dict[int, int] = {}
    steps: deque[tuple[int, int]] = deque(maxlen=LATEST_STEPS)
    number = {name: place for place, name in enumerate(ranker.items)}
    numbers = [number.get(name, -1) for name in stage.items.ids]
    for visitor, item in zip(
        stage.views.visitors.tolist(), stage.views.items.tolist(), strict=True
    ):
        before, after = last.get(visitor, -1), numbers[item]
        last[visitor] = after
        if min(before, after) >= 0:
            steps.append((before, after))
    pairs = np.asarray(steps, np.intp).reshape(-1, 2)
    return order_trust(order_shares(ranker.sequence, pairs[:, 0], pairs[:, 1]))
