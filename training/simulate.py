"""Visitors with known truth: a hidden persona, a hidden way along the ladder, and their messages.

The phase is a Markov chain in continuous time; visits come in bursts, and what is read and done in
a visit follows persona and phase. Everything is drawn from a seed; a visitor's messages do not
depend on which other visitors were asked for before.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np

from personas.entities import LADDER, Array, TraitValue
from training.simulate_businesses import HOME_ENERGY
from training.simulate_tables import (
    AHEAD,
    DWELL,
    FAR,
    NPS,
    TYPES_OF_ACTION,
    UNNAMED,
    WHIM,
    WITHOUT_CONTENT,
    Business,
    HiddenPersona,
    Number,
)

DAY = 86400.0
BURST, BURST_DAYS = 0.35, 1.0  # chance that a visit brings another one soon, and how soon
MEASURED = 0.6  # share of views whose dwell time the site could measure
MOST_TOLD = 4  # traits
OTHER_DEVICE = 0.3  # share of visitors with a second device, and of their visits on it
SIGNS_IN = 0.8  # share of buyers who have an account
CONTEXTS: Mapping[str, dict[str, Any]] = {
    "search": {"page": {"referrer": "https://www.google.com/"}},
    "paid": {"campaign": {"medium": "cpc", "source": "google"}},
    "email": {"campaign": {"medium": "email", "source": "newsletter"}},
    "social": {"page": {"referrer": "https://www.facebook.com/"}},
    "partner": {"campaign": {"medium": "partner", "source": "portal"}},
    "offline": {"campaign": {"medium": "offline", "source": "fair"}},
    "push": {"campaign": {"medium": "push"}},
    "direct": {},
}
Message = dict[str, Any]
Item = Mapping[str, Any]  # of a catalogue: id, type, phase, tags
Random = np.random.Generator


@dataclass(frozen=True)
class SimulatedVisitor:
    """A visitor and the truth about it.

    Attributes:
        way: (since when, rung), in the order of time; the first is the arrival.
        traits: all that is true of the visitor; `tells` are those that it will tell.
        signs_in: whether it has an account once it has bought.
        second: device of a second anonymous id, None where there is one device only.
    """

    id: str
    number: int
    persona: HiddenPersona
    way: tuple[tuple[float, str], ...]
    traits: Mapping[str, TraitValue]
    tells: tuple[str, ...]
    signs_in: bool
    second: str | None

    @property
    def arrived(self) -> float:
        return self.way[0][0]

    def phase_at(self, moment: float) -> str:
        """The true rung; before the arrival that of the arrival."""
        place = bisect_right(self.way, moment, key=lambda step: step[0])
        return self.way[max(place - 1, 0)][1]


@dataclass(frozen=True)
class Visit:
    """One visit as it begins."""

    time: float
    channel: str
    device: str
    anonymous: str
    user: str | None
    tells: bool


@dataclass(frozen=True)
class Simulation:
    """Visitors of one business who read a catalogue up to `now`."""

    business: Business
    catalogue: tuple[Item, ...]
    visitors: tuple[SimulatedVisitor, ...]
    now: float
    seed: int

    @classmethod
    def drawn(
        cls,
        business: Business,
        catalogue: Sequence[Item],
        count: int,
        *,
        now: float,
        span_days: float,
        seed: int,
    ) -> Simulation:
        """Visitors who arrive within the last `span_days`.

        Args:
            catalogue: content, each with id, type, phase (a rung) and tags.
        """
        visitors = tuple(
            _visitor(business, number, now, span_days, seed) for number in range(count)
        )
        return cls(business, tuple(catalogue), visitors, now, seed)

    def messages(self, visitor: SimulatedVisitor) -> list[Message]:
        """What the visitor sent up to now, as Segment messages in the order of time."""
        random = np.random.default_rng([self.seed, visitor.number, 1])
        sent: list[tuple[float, Message]] = []
        for visit in self._visits(visitor, random):
            sent += self._sent_in(visitor, visit, random)
        sent = sorted((each for each in sent if each[0] <= self.now), key=lambda each: each[0])
        return [
            message | {"messageId": f"{visitor.id}-{number}", "timestamp": _written(time)}
            for number, (time, message) in enumerate(sent)
        ]

    # --- visits -------------------------------------------------------------------------------

    def _visits(self, visitor: SimulatedVisitor, random: Random) -> Iterator[Visit]:
        persona = visitor.persona
        telling = int(random.geometric(0.4))
        bought = False
        for number, time in enumerate(self._times(visitor, random), 1):
            rung = LADDER.index(visitor.phase_at(time))
            elsewhere = visitor.second is not None and random.random() < OTHER_DEVICE
            bought = bought or rung >= LADDER.index("conversion")
            yield Visit(
                time=time,
                channel=_one_of(persona.channels, random),
                device=visitor.second
                if elsewhere and visitor.second
                else _one_of(persona.devices, random),
                anonymous=f"{visitor.id}-b" if elsewhere else visitor.id,
                user=f"user-{visitor.id}" if bought and visitor.signs_in else None,
                tells=number == telling,
            )
            if random.random() < self.business.lost[rung]:
                return

    def _times(self, visitor: SimulatedVisitor, random: Random) -> list[float]:
        """When visits begin: at the arrival, then at random on each rung, some soon again."""
        often, times = visitor.persona.visits, [visitor.arrived]
        ends = [since for since, _ in visitor.way[1:]] + [self.now]
        for (since, rung), until in zip(visitor.way, ends, strict=True):
            expected = self.business.visits_a_week[LADDER.index(rung)] * (until - since) / DAY / 7
            times += random.uniform(since, until, random.poisson(often * expected)).tolist()
        again = [time for time in times if random.random() < BURST]
        times += [time + random.exponential(BURST_DAYS) * DAY for time in again]
        usual = [_at_usual_hour(time, visitor.persona, random) for time in sorted(times)[1:]]
        later = [time for time in usual if visitor.arrived < time <= self.now]
        return [visitor.arrived, *sorted(later)]

    def _sent_in(
        self, visitor: SimulatedVisitor, visit: Visit, random: Random
    ) -> Iterator[tuple[float, Message]]:
        who: Message = {"anonymousId": visit.anonymous}
        if visit.user is not None:
            who["userId"] = visit.user
        device = {"device": {"type": visit.device}}
        context = CONTEXTS[visit.channel] | device
        time, rung = visit.time, visitor.phase_at(visit.time)
        for _ in range(1 + random.poisson(visitor.persona.pages - 1)):
            properties, stayed = self._viewed(visitor, rung, random)
            yield time, {"type": "page", "properties": properties, "context": context, **who}
            time, context = time + stayed + random.uniform(1, 15), device
        for event, chance in self.business.actions[rung].items():
            if random.random() < chance:
                properties = self._did(visitor, event, rung, random)
                told = {"type": "track", "event": event, "properties": properties}
                yield time, {**told, "context": context, **who}
                time += random.uniform(5, 60)
        traits = {name: visitor.traits[name] for name in visitor.tells if visit.tells}
        if traits or visit.user is not None:
            yield time, {"type": "identify", "traits": traits, "context": context, **who}

    # --- what happens in a visit --------------------------------------------------------------

    def _viewed(
        self, visitor: SimulatedVisitor, rung: str, random: Random
    ) -> tuple[dict[str, Any], float]:
        """A view's properties, and how long it lasted."""
        if random.random() < WHIM:
            item = self.catalogue[random.integers(len(self.catalogue))]
        else:
            item = self._item(visitor.persona, rung, random)
        usual = DWELL.get(item["type"], DWELL["other"]) * visitor.persona.dwell
        stayed = float(usual * np.exp(random.normal(0.0, 0.7)))
        properties: dict[str, Any] = {"contentId": item["id"]}
        if random.random() < MEASURED:
            depth = random.beta(2 * min(stayed / usual, 4), 1.5)
            properties |= {"dwellMs": round(1000 * stayed), "scrollDepth": round(depth, 2)}
        return properties, stayed

    def _did(
        self, visitor: SimulatedVisitor, event: str, rung: str, random: Random
    ) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        if event not in WITHOUT_CONTENT:
            item = self._item(visitor.persona, rung, random, TYPES_OF_ACTION.get(event))
            properties["contentId"] = item["id"]
        if event in ("Order Completed", "Subscription Started"):
            middle, spread = self.business.order_value
            properties["revenue"] = round(middle * float(np.exp(random.normal(0, spread))))
        if event == "Survey Answered":
            properties["nps"] = int(np.clip(round(random.normal(*NPS[rung])), 0, 10))
        return properties

    def _item(
        self,
        persona: HiddenPersona,
        rung: str,
        random: Random,
        types: tuple[str, ...] | None = None,
    ) -> Item:
        sums = self._tables[persona.id, rung, types or ()]
        return self.catalogue[int(np.searchsorted(sums, random.random() * sums[-1], "right"))]

    @cached_property
    def _tables(self) -> dict[tuple[str, str, tuple[str, ...]], Array]:
        """(persona, rung, types) → added-up weights of the items."""
        kinds = {(), *TYPES_OF_ACTION.values()}
        weights = {
            (persona.id, rung): [attraction(persona, item, rung) for item in self.catalogue]
            for persona in self.business.personas
            for rung in LADDER
        }
        found = {}
        for (name, rung), own in weights.items():
            for types in kinds:
                of_type = [not types or item["type"] in types for item in self.catalogue]
                chosen = np.where(of_type, own, 0.0) if any(of_type) else np.array(own)
                found[name, rung, types] = np.cumsum(chosen)
        return found


def attraction(persona: HiddenPersona, item: Item, rung: str) -> float:
    """How much an item attracts such a visitor who stands on a rung, 1 being usual."""
    ahead = LADDER.index(item["phase"]) - LADDER.index(rung)
    topics = [persona.topics.get(tag, UNNAMED) for tag in item["tags"]] or [1.0]
    liking = persona.types.get(item["type"], 1.0)
    return AHEAD.get(ahead, FAR) * liking * sum(topics) / len(topics)


@dataclass(frozen=True)
class Response:
    """What a visitor made of an item that it was shown; `moved` is the rung it moved on to."""

    clicked: bool
    moved: str | None


def accepts(visitor: SimulatedVisitor, item: Item, phase: str, random: Random) -> Response:
    """Whether the visitor follows a recommended item, and whether that takes it further.

    Content for the rung itself or the next one helps, by how well its topics suit; what the visitor
    does not open moves nobody.
    """
    drawn = attraction(visitor.persona, item, phase)
    if random.random() >= drawn / (drawn + 4.0):
        return Response(False, None)
    place, ahead = LADDER.index(phase), LADDER.index(item["phase"]) - LADDER.index(phase)
    if place + 1 == len(LADDER):
        return Response(True, None)
    helps = {0: 0.12, 1: 0.3, 2: 0.1}.get(ahead, 0.02) * min(visitor.persona.pace, 2.0)
    return Response(True, LADDER[place + 1] if random.random() < helps else None)


# --- visitors -------------------------------------------------------------------------------------


def _visitor(
    business: Business, number: int, now: float, span_days: float, seed: int
) -> SimulatedVisitor:
    random = np.random.default_rng([seed, number, 0])
    shares = np.array([persona.share for persona in business.personas])
    persona = business.personas[random.choice(len(shares), p=shares / shares.sum())]
    arrived = now - float(random.uniform(0.0, span_days)) * DAY
    arrived = min(_at_usual_hour(arrived, persona, random), now - 1.0)
    traits = {name: _value(told, random) for name, told in persona.traits.items()}
    tells: tuple[str, ...] = ()
    if random.random() < persona.reveals:
        count = int(random.integers(1, min(MOST_TOLD, len(traits)) + 1))
        tells = tuple(random.permutation(list(traits))[:count].tolist())
    other = "mobile" if max(persona.devices, key=persona.devices.__getitem__) != "mobile" else None
    return SimulatedVisitor(
        id=f"sim-{seed}-{number:06d}",
        number=number,
        persona=persona,
        way=_way(business, persona, arrived, now, random),
        traits=traits,
        tells=tells,
        signs_in=bool(random.random() < SIGNS_IN),
        second=other if random.random() < OTHER_DEVICE else None,
    )


def _way(
    business: Business, persona: HiddenPersona, arrived: float, now: float, random: Random
) -> tuple[tuple[float, str], ...]:
    """Rungs from the arrival to now: exponential stays, moves by the table."""
    rung, time = int(random.choice(len(LADDER), p=business.start)), arrived
    way = []
    while time < now:
        way.append((time, LADDER[rung]))
        time += float(random.exponential(business.stay_days[rung] / persona.pace)) * DAY
        rung = int(random.choice(len(LADDER), p=business.moves[rung]))
    return tuple(way)


def _at_usual_hour(time: float, persona: HiddenPersona, random: Random) -> float:
    """The same day, at an hour that the persona keeps."""
    hours = np.array(list(persona.hours.values()))
    hour = list(persona.hours)[random.choice(len(hours), p=hours / hours.sum())]
    return time - time % DAY + 3600.0 * (hour + float(random.random()))


def _value(told: Mapping[str, float] | Number, random: Random) -> TraitValue:
    if isinstance(told, Number):
        return float(max(round(random.normal(told.mean, told.spread)), told.least))
    return _one_of(told, random)


def _one_of(weights: Mapping[str, float], random: Random) -> str:
    shares = np.array(list(weights.values()))
    return list(weights)[random.choice(len(shares), p=shares / shares.sum())]


def _written(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds")


# --- for the demo ---------------------------------------------------------------------------------


def demo_messages(
    catalogue: Sequence[Item], visitors: int, now: float, span_days: float, seed: int, batch: int
) -> Iterator[tuple[list[Message], int]]:
    """The demo's visitors, as batches to send and how many visitors are done with each.

    Batches hold up to `batch` messages in the order of time; all of a visitor's messages lie in
    one group of visitors.
    """
    simulation = Simulation.drawn(
        HOME_ENERGY, catalogue, visitors, now=now, span_days=span_days, seed=seed
    )
    waiting: list[Message] = []
    for done, visitor in enumerate(simulation.visitors, 1):
        waiting += simulation.messages(visitor)
        if len(waiting) >= batch or done == visitors:
            yield from _batches(waiting, batch, done)
            waiting = []


def _batches(messages: list[Message], size: int, done: int) -> Iterator[tuple[list[Message], int]]:
    ordered = iter(sorted(messages, key=lambda message: str(message["timestamp"])))
    while chunk := list(itertools.islice(ordered, size)):
        yield chunk, done
