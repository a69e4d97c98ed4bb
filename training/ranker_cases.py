"""The log played again in the order of time: what could be chosen, and what was known then."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from personas.choice import Cases
from personas.covisits import CoVisits
from personas.entities import Array
from personas.popularity import ROWS, Popularity
from personas.ranker import Ranker, learned_scores
from personas.ranking_features import INDEX, PRIOR, Contents, Situation, features_of
from training.ranker_people import People
from training.ranker_views import Items, Views

CANDIDATES_BEST, CANDIDATES_ANY = 150, 100
WINDOW = 86_400.0  # seconds within which things are seen together
LOOK_FADE = 0.7  # a place is looked at as often as its number to the power of minus this
UNKNOWN_SHARE = 0.3  # most cases of visitors of whom nothing was known


Case = tuple[NDArray[np.float32], NDArray[np.float32], float]
"""Features, offsets, and how much it counts."""
Known = tuple[Situation, int]


@dataclass(frozen=True, slots=True)
class Offer:
    """What was shown to a visitor, in this order, and the place of what was taken.

    Attributes:
        rows: numbers of the items, -1 where content is gone.
        worth: of what was taken, 0-1.
    """

    time: float
    visitor: int
    rows: tuple[int, ...]
    taken: int
    worth: float = 1.0


@dataclass(frozen=True)
class Replay:
    """A log to be played again.

    Attributes:
        ladders: belief over the ladder at each view [views, 7].
        begin: number of the first view that may be asked.
        shown: choices among what was shown, in the order of time.
        people: who visitors were; None where nobody can be told apart.
    """

    items: Items
    views: Views
    ladders: Array
    ranker: Ranker
    begin: int
    shown: tuple[Offer, ...] = ()
    people: People | None = None

    def who(self, visitor: int, time: float) -> Array | None:
        """Memberships just before a moment."""
        if self.people is None:
            return None
        return self.people.at(visitor, float(np.nextafter(time, -np.inf)))


def replay(log: Replay, most: int, seed: int) -> tuple[Cases, Cases]:
    """Choices of up to `most` views each, drawn at random from `begin` on.

    Returns:
        Cases that ask what comes next, and cases that ask what else was seen together.
    """
    random = np.random.default_rng(seed)
    asked = _asked(log, most, random)
    windows = _windows(log, most, random)
    popularity = Popularity()
    seen: dict[int, list[int]] = {}
    last: dict[int, float] = {}
    covisits = CoVisits()
    contents = with_lately(contents_of(log.items, log.ranker), covisits)
    found: tuple[list[Case], list[Case]] = ([], [])
    kept: tuple[list[int], list[int]] = ([], [])
    offers = _offers(log, most)
    for number in range(len(log.views)):
        while offers and offers[-1].time <= log.views.times[number]:
            offer = offers.pop()
            known_of = (seen.get(offer.visitor, []), last.get(offer.visitor), log.ladders[number])
            found[0].append(_offered(log, contents, popularity, offer, *known_of))
            kept[0].append(number)
        visitor, item = int(log.views.visitors[number]), int(log.views.items[number])
        before = seen.setdefault(visitor, [])
        known: list[tuple[int, Known | None]] = []
        if number in asked:
            known.append((0, _next(log, number, before, last.get(visitor))))
        if number in windows:
            window = windows[number]
            known.append((1, _together(log, number, before, last.get(visitor), window, random)))
        for kind, case in known:
            if case is not None:
                found[kind].append(_case(log, contents, popularity, *case, random))
                kept[kind].append(number)
        popularity.add(item, float(log.views.times[number]))
        covisits.add(before, item)
        before.append(item)
        last[visitor] = float(log.views.times[number])
    return _cases(log, found[0], kept[0]), _cases(log, found[1], kept[1])


def _asked(log: Replay, most: int, random: np.random.Generator) -> set[int]:
    """Numbers of views; those that were a visitor's first are a part only."""
    first: set[int] = set()
    known: set[int] = set()
    for number, visitor in enumerate(log.views.visitors.tolist()):
        if visitor not in known:
            first.add(number)
            known.add(visitor)
    able = [number for number in range(log.begin, len(log.views)) if number not in first]
    unknown = [number for number in first if number >= log.begin]
    chosen = random.permutation(able)[:most].tolist()
    few = int(min(UNKNOWN_SHARE * most, UNKNOWN_SHARE * len(chosen) + 50))
    return set(chosen) | set(random.permutation(sorted(unknown))[:few].tolist())


def _offers(log: Replay, most: int) -> list[Offer]:
    """The latest that may teach, the first of them last."""
    since = log.views.times[log.begin] if log.begin < len(log.views) else np.inf
    return [offer for offer in log.shown if offer.time >= since][-most:][::-1]


def _offered(
    log: Replay,
    contents: Contents,
    popularity: Popularity,
    offer: Offer,
    before: list[int],
    last: float | None,
    ladder: Array,
) -> Case:
    """Of what was shown, that was taken; lower places are looked at less often."""
    who = log.who(offer.visitor, offer.time)
    situation = Situation(offer.time, np.asarray(before, np.intp), ladder, who, last=last)
    counts = np.zeros((ROWS, len(log.items)))
    counts[:, : popularity.items] = popularity.at(offer.time)
    rows = np.asarray(offer.rows, np.intp)
    places = np.flatnonzero(rows >= 0)
    places = np.concatenate([[offer.taken], places[places != offer.taken]])
    features = features_of(situation, replace(contents, popularity=counts), rows[places])
    looked_at = -LOOK_FADE * np.log(places + 1.0)
    return features.T.astype(np.float32), looked_at.astype(np.float32), offer.worth


def _windows(log: Replay, most: int, random: np.random.Generator) -> dict[int, list[int]]:
    """Numbers of views that begin a window → the items that were seen together in it."""
    of_visitor: dict[int, list[int]] = {}
    for number, visitor in enumerate(log.views.visitors.tolist()):
        of_visitor.setdefault(visitor, []).append(number)
    found: dict[int, list[int]] = {}
    for numbers in of_visitor.values():
        begun = -np.inf
        for number in numbers:
            if log.views.times[number] - begun > WINDOW:
                begun, first = log.views.times[number], number
                found[first] = []
            found[first].append(int(log.views.items[number]))
    able = [number for number, items in found.items() if number >= log.begin and len(items) > 1]
    return {number: found[number] for number in random.permutation(able)[:most].tolist()}


def contents_of(items: Items, ranker: Ranker, popularity: Array | None = None) -> Contents:
    """The items as the ranking reads them."""
    number = {name: place for place, name in enumerate(items.ids)}
    return Contents(
        vectors=items.vectors,
        phases=items.phases,
        types=items.types,
        published=items.published,
        popularity=np.zeros((ROWS, len(items))) if popularity is None else popularity,
        learned=learned_scores(ranker, number, len(items)),
    )


def with_lately(contents: Contents, covisits: CoVisits) -> Contents:
    """The same contents with what is seen together, as it is counted on; numbers are rows."""

    def lately(situation: Situation) -> Array:
        return covisits.scores(situation.seen, len(contents))

    return replace(contents, learned={**contents.learned, "lately": lately})


def _next(log: Replay, number: int, before: list[int], last: float | None) -> Known | None:
    """What was known before a view, and the item that was taken."""
    time, target = float(log.views.times[number]), int(log.views.items[number])
    if not log.items.since[target] < time:
        return None  # nobody could have shown it
    seen = np.asarray(before, np.intp)
    who = log.who(int(log.views.visitors[number]), time)
    return Situation(time, seen, log.ladders[number], who, last=last), target


def _together(
    log: Replay,
    number: int,
    before: list[int],
    last: float | None,
    window: list[int],
    random: np.random.Generator,
) -> Known | None:
    """One of the things that were seen together is hidden, some of the others are shown.

    All as of the first of these views, so that what is hidden has not been counted yet.
    """
    time = float(log.views.times[number])
    able = [item for item in window if log.items.since[item] < time]
    if len(able) < 2:
        return None
    target, *others = random.permutation(able).tolist()
    count = len(others) if random.random() < 0.5 else int(random.integers(1, len(able)))
    seen = random.permutation(before + others[:count])
    who = log.who(int(log.views.visitors[number]), time)
    return Situation(time, seen.astype(np.intp), log.ladders[number], who, last=last), target


def _case(
    log: Replay,
    contents: Contents,
    popularity: Popularity,
    situation: Situation,
    item: int,
    random: np.random.Generator,
) -> Case:
    """Features and offsets of one choice's candidates, the one taken first."""
    there = log.items.since < situation.at
    there[situation.seen] = False
    counts = np.zeros((ROWS, len(log.items)))
    counts[:, : popularity.items] = popularity.at(situation.at)
    features = features_of(situation, replace(contents, popularity=counts))
    candidates, offsets = _sampled(features, there, item, random)
    return features[:, candidates].T.astype(np.float32), offsets, 1.0


def _rough() -> Array:
    """Weights that are good enough to tell which candidates are hard to tell apart."""
    weights = PRIOR.copy()
    for name, weight in (("together", 4.0), ("pattern", 0.5), ("neighbours", 0.2), ("next", 1.0)):
        weights[INDEX[name]] = weight
    return weights


ROUGH = _rough()


def _sampled(
    features: Array, there: NDArray[np.bool_], item: int, random: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The one taken, the best others, and some of all the rest, which stand for many each."""
    others = np.flatnonzero(there)
    others = others[others != item]
    if len(others) <= CANDIDATES_BEST + CANDIDATES_ANY:
        return np.concatenate([[item], others]), np.zeros(len(others) + 1, np.float32)
    rough = ROUGH @ features[:, others]
    order = np.argsort(-rough, kind="stable")
    best, rest = others[order[:CANDIDATES_BEST]], others[order[CANDIDATES_BEST:]]
    drawn = random.choice(rest, CANDIDATES_ANY, replace=False)
    offsets = np.zeros(1 + CANDIDATES_BEST + CANDIDATES_ANY, np.float32)
    offsets[1 + CANDIDATES_BEST :] = np.log(len(rest) / CANDIDATES_ANY)
    return np.concatenate([[item], best, drawn]), offsets


def _cases(log: Replay, found: list[Case], kept: list[int]) -> Cases:
    most = max((len(offsets) for _, offsets, _ in found), default=1)
    features = np.zeros((len(found), most, len(PRIOR)), np.float32)
    offsets = np.full((len(found), most), -np.inf, np.float32)
    for place, (known, offset, _) in enumerate(found):
        features[place, : len(offset)] = known
        offsets[place, : len(offset)] = offset
    worth = np.asarray([each for _, _, each in found], np.float64)
    return Cases(features, offsets, log.views.visitors[kept], log.views.times[kept], worth)
