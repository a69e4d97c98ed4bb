"""What came of what was shown: outcomes joined to answers, and what content moves visitors on.

The answer is the log of exposure: a click is known by its recommendation's id, or by a view of the
shown content by the same visitor soon after.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personas.entities import LADDER, Array, Touchpoint
from personas.vocabulary import plain

CLICKED, DISMISSED = "recommendation clicked", "recommendation dismissed"
SOON = 24 * 3600.0  # seconds in which a view of what was shown counts as its outcome
DOUBT = 40.0  # views of a type in a phase before its own rate counts half
LEAST_RATE = 1e-4
A_LOOK = 10.0  # seconds on a page that make a view worth half
LEAST_WORTH = 0.05


@dataclass(frozen=True, slots=True)
class Shown:
    """One answer, and what came of it.

    Attributes:
        contents: ids in the order shown.
        propensities: chance of each at its place, given those above.
        taken: places of the items that were clicked, or viewed soon after.
        worth: of each of these, 0-1: who left at once got little of it.
        dismissed: places of the items that were dismissed.
        answer: the record itself.
    """

    recommendation: str
    visitor: str
    time: float
    contents: tuple[str, ...]
    propensities: tuple[float, ...]
    taken: tuple[int, ...]
    worth: tuple[float, ...]
    dismissed: tuple[int, ...]
    answer: Mapping[str, Any]


Viewed = Mapping[tuple[str, str], Sequence[tuple[float, float | None]]]
"""Visitor, content → time and worth, if measured, of each view, sorted by time."""


def joined(
    answers: Iterable[Mapping[str, Any]], outcomes: Iterable[Mapping[str, Any]], views: Viewed
) -> list[Shown]:
    """Answers with their outcomes, in the order of time.

    Args:
        answers: bodies of impression records.
        outcomes: responses: {recommendationId, name, contentId}.
        views: of all visitors; a view within a day of the answer is an outcome, too.
    """
    told: defaultdict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for outcome in outcomes:
        told[outcome["recommendationId"]][plain(outcome["name"])].add(outcome["contentId"])
    found = []
    for answer in answers:
        name, visitor = answer["recommendationId"], answer.get("visitor") or ""
        contents = tuple(item["contentId"] for item in answer["items"])
        clicked = told[name][CLICKED] if name in told else set()
        away = told[name][DISMISSED] if name in told else set()
        soon = [_soon(views.get((visitor, content), ()), answer["at"]) for content in contents]
        taken = tuple(
            place
            for place, content in enumerate(contents)
            if content in clicked or soon[place] is not None
        )
        found.append(
            Shown(
                name,
                visitor,
                answer["at"],
                contents,
                tuple(item["propensity"] for item in answer["items"]),
                taken,
                tuple(1.0 if (worth := soon[place]) is None else worth for place in taken),
                tuple(place for place, content in enumerate(contents) if content in away),
                answer,
            )
        )
    return sorted(found, key=lambda each: each.time)


def _soon(views: Sequence[tuple[float, float | None]], shown_at: float) -> float | None:
    """Worth of the best view soon after, 1 where none was measured; None where there is none."""
    place = bisect_right(views, shown_at, key=itemgetter(0))
    soon = [worth for time, worth in views[place:] if time <= shown_at + SOON]
    measured = [worth for worth in soon if worth is not None]
    return max(measured, default=1.0) if soon else None


def worth_of(touchpoint: Touchpoint) -> float | None:
    """How much a view was worth to who looked, 0-1; None where nothing was measured of it."""
    told = [share for share in (touchpoint.completion, touchpoint.scroll) if share is not None]
    if touchpoint.dwell is not None:
        told.append(touchpoint.dwell / (touchpoint.dwell + A_LOOK))
    return max(LEAST_WORTH, *told) if told else None


def fit_progress(
    types: NDArray[np.intp], ladders: Array, moved: NDArray[np.bool_], kinds: int
) -> Array:
    """How much more often visitors move on after content of a type, than others in their phase.

    Args:
        types: of the viewed content [views].
        ladders: belief just before each view [views, 7].
        moved: did the visitor reach the goal within the horizon [views]?
        kinds: number of content types.

    Returns:
        Log of the ratio of rates [7, kinds], shrunk to 0 where few views tell.
    """
    exposed = np.zeros((len(LADDER), kinds))
    reached = np.zeros((len(LADDER), kinds))
    np.add.at(exposed.T, types, ladders)
    np.add.at(reached.T, types[moved], ladders[moved])
    usual = reached.sum(axis=1) / np.maximum(exposed.sum(axis=1), 1e-9)
    usual = np.maximum(usual, LEAST_RATE)[:, None]
    rates = (reached + DOUBT * usual) / (exposed + DOUBT)
    gains: Array = np.log(rates / usual)
    return gains
