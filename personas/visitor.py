"""A visitor's history as a pure fold of messages: any order, any number of times, the same result.

Each id has a history of its own. A visitor is all ids that links join, and its history is theirs
merged; so to merge two visitors and to part them again are both exact.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from personas.consents import strictest, type_of_consent, with_consents
from personas.entities import (
    Consent,
    History,
    Link,
    Older,
    Touchpoint,
    TraitChange,
    VisitorKey,
)
from personas.messages import Accepted

MOST_TOUCHPOINTS = 200
MOST_TRAIT_CHANGES = 300
MOST_LINKS = 50  # of one id to others; the earliest are kept, more is absurd
MOST_USERS = 10  # that one anonymous id may stand for; beyond, it is a device that many share
MOST_IDS = 100  # of one visitor
BY_A_PERSON = 0  # the `message` of links that a person made or cut; these go before all others

Item = TypeVar("Item", Touchpoint, TraitChange)
Summary = Callable[[History], Older]


# --- one id ---------------------------------------------------------------------------------------


def fold(history: History, owner: VisitorKey, accepted: Iterable[Accepted]) -> History:
    """Add what concerns `owner`: its touchpoints and traits, links of which it is an end, and
    consents told with its id.

    The order of messages and repetitions do not matter. Touchpoints and traits are not bounded
    here (`trimmed` does that); links are, and to the same ones in whichever order they come.
    """
    touchpoints: list[Touchpoint] = []
    traits: list[TraitChange] = []
    links: list[Link] = []
    consents: list[Consent] = []
    for message in accepted:
        if message.owner == owner:
            if message.touchpoint is not None:
                touchpoints.append(message.touchpoint)
            traits.extend(message.traits)
        for one, other in message.links:
            if owner in (one, other):
                end = other if owner == one else one
                links.append(Link(message.time, message.message, end))
        if message.consents and _names(message, owner):
            told = ((type_of_consent(name), granted) for name, granted in message.consents)
            consents += [Consent(message.time, message.message, *each) for each in told]
    return with_consents_of(_with(history, touchpoints, traits, links), consents)


def _names(message: Accepted, key: VisitorKey) -> bool:
    return key == message.owner or any(key in pair for pair in message.links)


def with_consents_of(history: History, consents: Sequence[Consent]) -> History:
    """The history with these consents in it."""
    if not consents:
        return history
    return replace(history, consents=with_consents(history.consents, consents))


def linked(history: History, other: VisitorKey, time: float, cut: bool = False) -> History:
    """The history after a person joined it with `other`, or cut all that joined them."""
    return _with(history, (), (), (Link(time, BY_A_PERSON, other, cut),))


def merged(histories: Sequence[History]) -> History:
    """What several ids did together. Beliefs about older touchpoints: the latest one's counts."""
    if len(histories) == 1:
        return histories[0]
    older = _older([history.older for history in histories])
    return _with(
        History(older=older, consents=strictest([history.consents for history in histories])),
        [touchpoint for history in histories for touchpoint in history.touchpoints],
        [change for history in histories for change in history.traits],
        [link for history in histories for link in history.links],
        most_links=None,
    )


def as_of(history: History, at: float) -> History:
    """What had happened by then. What is older than the list is left out if it lasts longer."""
    older = history.older
    return History(
        tuple(touchpoint for touchpoint in history.touchpoints if touchpoint.time <= at),
        tuple(change for change in history.traits if change.time <= at),
        tuple(link for link in history.links if link.time <= at),
        older if older is not None and older.last <= at else None,
        tuple(consent for consent in history.consents if consent.time <= at),
    )


def trimmed(history: History, summarise: Summary, most: int = MOST_TOUCHPOINTS) -> History:
    """Keep the latest touchpoints and trait changes; the older touchpoints become a summary.

    Args:
        summarise: touchpoints that leave, and the summary of those before, as a summary.
        most: touchpoints to keep.
    """
    traits = _latest_traits(history.traits)
    excess = len(history.touchpoints) - most
    if excess <= 0:
        return history if traits is history.traits else replace(history, traits=traits)
    older = summarise(History(history.touchpoints[:excess], older=history.older))
    return replace(history, touchpoints=history.touchpoints[excess:], traits=traits, older=older)


# --- several ids ----------------------------------------------------------------------------------


def neighbours(history: History, at: float | None = None) -> tuple[VisitorKey, ...]:
    """The ids that links of this one join it with, at a moment or by all that is known.

    A person's word, the latest, goes before what messages say.
    """
    decided: dict[VisitorKey, bool] = {}
    told: dict[VisitorKey, bool] = {}
    for link in history.links:
        if at is not None and link.time > at:
            continue
        if link.message == BY_A_PERSON:
            decided[link.other] = not link.cut
        else:
            told[link.other] = True
    return tuple(other for other, joined in (told | decided).items() if joined)


def is_shared(owner: VisitorKey, history: History) -> bool:
    """Does this anonymous id stand for so many users that it says nothing about any?"""
    if owner.kind != "anonymous_id" or len(history.links) <= MOST_USERS:
        return False
    users = {link.other for link in history.links if link.other.kind == "user_id"}
    return len(users) > MOST_USERS


def is_full(history: History) -> bool:
    """Has this id so many links that further ones are refused?"""
    return len(history.links) >= MOST_LINKS and _others(history.links) >= MOST_LINKS


def refused_links(
    owner: VisitorKey, history: History, accepted: Iterable[Accepted]
) -> tuple[VisitorKey, ...]:
    """The ids that these messages would have joined with an id that is full already.

    Args:
        history: of `owner`, with these messages in it.
    """
    if not is_full(history):
        return ()
    held = {link.other for link in history.links}
    pairs = (pair for message in accepted for pair in message.links if owner in pair)
    told = dict.fromkeys(other if one == owner else one for one, other in pairs)
    return tuple(other for other in told if other not in held)


def component(
    start: VisitorKey, histories: Mapping[VisitorKey, History], at: float | None = None
) -> tuple[tuple[VisitorKey, ...], tuple[VisitorKey, ...]]:
    """The ids of one visitor, and those that must be loaded before more can be said.

    Args:
        start: one id of the visitor; it comes first in the answer.
        histories: of the ids loaded so far.
        at: only links up to this moment.

    Ids are one visitor's where both ends hold the link. Load the second part of the answer and
    ask again until it is empty.
    """
    found, missing, waiting = {start: None}, dict[VisitorKey, None](), [start]
    while waiting:
        here = waiting.pop()
        history = histories.get(here)
        if history is None:
            missing[here] = None
            continue
        for other in _believed(here, history, at):
            if other in found or len(found) >= MOST_IDS:
                continue
            theirs = histories.get(other)
            if theirs is None:
                missing[other] = None
            elif here in _believed(other, theirs, at):
                found[other] = None
                waiting.append(other)
    return tuple(found), tuple(missing)


def _believed(owner: VisitorKey, history: History, at: float | None) -> tuple[VisitorKey, ...]:
    if is_shared(owner, history):
        history = replace(
            history, links=tuple(link for link in history.links if link.message == BY_A_PERSON)
        )
    return neighbours(history, at)


# --- sets in the order of time --------------------------------------------------------------------


def _with(
    history: History,
    touchpoints: Sequence[Touchpoint],
    traits: Sequence[TraitChange],
    links: Sequence[Link],
    most_links: int | None = MOST_LINKS,
) -> History:
    return History(
        _with_touchpoints(history.touchpoints, touchpoints),
        _with_traits(history.traits, traits),
        _with_links(history.links, links, most_links) if links else history.links,
        history.older,
        history.consents,
    )


def _with_touchpoints(
    before: tuple[Touchpoint, ...], new: Sequence[Touchpoint]
) -> tuple[Touchpoint, ...]:
    if not new:
        return before
    known = {touchpoint.message: touchpoint for touchpoint in before}
    known_before = len(known)
    for touchpoint in new:
        other = known.get(touchpoint.message)
        if other is None or _goes_before(touchpoint, other):
            known[touchpoint.message] = touchpoint
    if len(known) == known_before + 1 == len(before) + len(new):
        return _inserted(before, new[0])
    return tuple(sorted(known.values(), key=_by_time))


def _inserted(before: tuple[Touchpoint, ...], new: Touchpoint) -> tuple[Touchpoint, ...]:
    place = bisect_left(before, _by_time(new), key=_by_time)
    return (*before[:place], new, *before[place:])


def _by_time(item: Touchpoint | TraitChange) -> tuple[float, int]:
    return item.time, item.message


def _goes_before(one: Item, other: Item) -> bool:
    """Which of two that claim the same message is believed: the earlier; then any, but always."""
    if one.time != other.time:
        return one.time < other.time
    return one != other and repr(one) < repr(other)


def _with_traits(
    before: tuple[TraitChange, ...], new: Sequence[TraitChange]
) -> tuple[TraitChange, ...]:
    if not new:
        return before
    known = {(change.message, change.name): change for change in before}
    for change in new:
        key = change.message, change.name
        other = known.get(key)
        if other is None or _goes_before(change, other):
            known[key] = change
    return tuple(sorted(known.values(), key=lambda change: (*_by_time(change), change.name)))


def _latest_traits(traits: tuple[TraitChange, ...]) -> tuple[TraitChange, ...]:
    """The latest change of each name, and of the others as many as there is room for."""
    if len(traits) <= MOST_TRAIT_CHANGES:
        return traits
    latest = {change.name: place for place, change in enumerate(traits)}
    kept = sorted(latest.values())[-MOST_TRAIT_CHANGES:]
    chosen = set(kept)
    for place in range(len(traits) - 1, -1, -1):
        if len(chosen) >= MOST_TRAIT_CHANGES:
            break
        chosen.add(place)
    return tuple(traits[place] for place in sorted(chosen))


def _link_order(link: Link) -> tuple[float, int, VisitorKey, bool]:
    return link.time, link.message, link.other, link.cut


def _with_links(
    before: tuple[Link, ...], new: Sequence[Link], most: int | None
) -> tuple[Link, ...]:
    """Of each other id the earliest link that messages told, and all that a person did."""
    earliest: dict[VisitorKey, Link] = {}
    by_a_person: set[Link] = set()
    for link in (*before, *new):
        if link.message == BY_A_PERSON:
            by_a_person.add(link)
        elif link.other not in earliest or _link_order(link) < _link_order(earliest[link.other]):
            earliest[link.other] = link
    told = sorted(earliest.values(), key=_link_order)[:most]
    if not by_a_person and len(told) == len(before) and all(map(_same, told, before)):
        return before
    return tuple(sorted((*told, *by_a_person), key=_link_order))


def _same(one: Link, other: Link) -> bool:
    return one is other


def _others(links: Iterable[Link]) -> int:
    return len({link.other for link in links if link.message != BY_A_PERSON})


def _older(parts: Iterable[Older | None]) -> Older | None:
    known = [part for part in parts if part is not None]
    if not known:
        return None
    return replace(
        max(known, key=lambda part: (part.last, part.count, part.phases)),
        count=sum(part.count for part in known),
        first=min(part.first for part in known),
        orders=sum(part.orders for part in known),
    )
