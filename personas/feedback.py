"""What came of what was shown: outcomes joined to answers, and what content moves visitors on.

The answer is the log of exposure: a click is known by its recommendation's id, or by a view of the
shown content by the same visitor soon after.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personas.entities import LADDER, Array
from personas.vocabulary import plain

CLICKED, DISMISSED = "recommendation clicked", "recommendation dismissed"
SOON = 24 * 3600.0  # seconds in which a view of what was shown counts as its outcome
DOUBT = 40.0  # views of a type in a phase before its own rate counts half
LEAST_RATE = 1e-4


@dataclass(frozen=True, slots=True)
class Shown:
    """One answer, and what came of it.

    Attributes:
        contents: ids in the order shown.
        propensities: chance of each at its place, given those above.
        taken: places of the items that were clicked, or viewed soon after.
        dismissed: places of the items that were dismissed.
        answer: the record itself.
    """

    recommendation: str
    visitor: str
    time: float
    contents: tuple[str, ...]
    propensities: tuple[float, ...]
    taken: tuple[int, ...]
    dismissed: tuple[int, ...]
    answer: Mapping[str, Any]


Viewed = Mapping[tuple[str, str], Sequence[float]]  # visitor, content → times of views, sorted


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
        taken = tuple(
            place
            for place, content in enumerate(contents)
            if content in clicked or _soon(views.get((visitor, content), ()), answer["at"])
        )
        found.append(
            Shown(
                name,
                visitor,
                answer["at"],
                contents,
                tuple(item["propensity"] for item in answer["items"]),
                taken,
                tuple(place for place, content in enumerate(contents) if content in away),
                answer,
            )
        )
    return sorted(found, key=lambda each: each.time)


def _soon(times: Sequence[float], shown_at: float) -> bool:
    place = bisect_right(times, shown_at)
    return place < len(times) and times[place] <= shown_at + SOON


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
