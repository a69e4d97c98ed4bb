"""Do lists that aim at progress bring more conversions than lists that aim at clicks?

    python benchmarks/policies_simulated.py --visitors 1500 --seeds 0-2

A simulated business's visitors come, read and buy by themselves; each visit shows them a list, and
what they follow may take them further (`training/simulate.py: accepts`). First a log is gathered
with lists drawn at random around the expert's weights, and all is learned from it. Then the same
visitors come again, once for each policy, and the conversions are counted.
"""

from __future__ import annotations

import argparse
import heapq
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from personas.entities import (
    CONTENT_TYPES,
    LADDER,
    ContentItem,
    History,
    Tag,
    Touchpoint,
    VisitorKey,
)
from personas.phase_model import expert_model, ladder_of
from personas.phases import belief_at
from personas.popularity import ROWS, Popularity
from personas.ranker import Ranker
from personas.ranking import Taste, draw
from personas.ranking_features import PRIOR, Situation, features_of, weights_for
from training.dataset import SiteData, VisitorData, facts_of
from training.fit_ranker import fit_ranker
from training.ranker_cases import contents_of
from training.ranker_views import Items
from training.simulate import SimulatedVisitor, accepts, attraction
from training.simulate_businesses import B2B_SOFTWARE, HOME_ENERGY
from training.simulate_tables import Business

DAY, NOW = 86_400.0, 1_795_600_000.0
ITEMS, LISTED, DAYS = 120, 4, 60
SURE_OF_TAG = 0.75  # of the true rung in an item's tag, where it is right
WRONG_TAG = 0.2  # share of items that are tagged for a neighbouring rung
LOOK_FADE = 0.7
BUSINESSES = {"home-energy": HOME_ENERGY, "b2b-software": B2B_SOFTWARE}


@dataclass(frozen=True)
class World:
    """A business with content, as it is and as it is tagged."""

    business: Business
    catalogue: tuple[Mapping[str, object], ...]
    data: SiteData
    items: Items
    natural: Mapping[tuple[str, str], NDArray]  # persona, rung → added-up attraction


@dataclass
class Person:
    """A visitor under way."""

    who: SimulatedVisitor
    random: np.random.Generator
    rung: int
    moves_at: float
    touchpoints: list[Touchpoint] = field(default_factory=list)
    seen: dict[int, None] = field(default_factory=dict)
    converted: bool = False

    def moved(self, to: int, at: float, business: Business) -> None:
        self.rung = to
        stay = business.stay_days[to] / self.who.persona.pace
        self.moves_at = at + float(self.random.exponential(stay)) * DAY
        self.converted = self.converted or to >= LADDER.index("conversion")


@dataclass
class Outcome:
    """What a policy brought, and its log."""

    conversions: int = 0
    clicks: int = 0
    lists: int = 0
    people: list[Person] = field(default_factory=list)
    impressions: list[dict] = field(default_factory=list)
    outcomes: list[dict] = field(default_factory=list)


def world_of(business: Business, seed: int) -> World:
    random = np.random.default_rng(seed)
    topics = sorted({topic for persona in business.personas for topic in persona.topics})
    places = random.normal(size=(len(topics), 24))
    catalogue, contents, vectors = [], {}, []
    for number in range(ITEMS):
        rung = int(random.integers(len(LADDER)))
        tags = random.choice(topics, int(random.integers(1, 3)), replace=False).tolist()
        kind = str(random.choice(CONTENT_TYPES))
        name = f"c{number:03d}"
        catalogue.append({"id": name, "type": kind, "phase": LADDER[rung], "tags": tags})
        told = rung
        if random.random() < WRONG_TAG:
            told = int(np.clip(rung + random.choice([-1, 1]), 0, len(LADDER) - 1))
        rest = (1 - SURE_OF_TAG) / (len(LADDER) - 1)
        shares = {each: SURE_OF_TAG if k == told else rest for k, each in enumerate(LADDER)}
        contents[name] = ContentItem(
            id=name, title=name, type=Tag(kind, {kind: 1.0}), phase=Tag(LADDER[told], shares)
        )
        vector = sum(places[topics.index(tag)] for tag in tags) + random.normal(0, 0.5, 24)
        vectors.append(vector / np.linalg.norm(vector))
    data = SiteData([], contents, facts_of(contents.values()), {}, [], NOW)
    ids = tuple(sorted(contents))
    items = Items(
        ids,
        np.asarray(vectors, np.float32),
        np.asarray([[contents[n].phase.distribution[r] for r in LADDER] for n in ids]),
        np.asarray([CONTENT_TYPES.index(contents[name].type.id) for name in ids]),
        np.full(ITEMS, np.nan),
        np.full(ITEMS, -np.inf),
    )
    natural = {
        (persona.id, rung): np.cumsum([attraction(persona, item, rung) for item in catalogue])
        for persona in business.personas
        for rung in LADDER
    }
    return World(business, tuple(catalogue), replace(data, vectors={}), items, natural)


def people_of(world: World, count: int, seed: int) -> list[tuple[float, Person]]:
    """The same for every policy: who comes, and when first."""
    shares = np.array([persona.share for persona in world.business.personas])
    found = []
    for number in range(count):
        random = np.random.default_rng([seed, number])
        persona = world.business.personas[random.choice(len(shares), p=shares / shares.sum())]
        who = SimulatedVisitor(
            f"v{number}", number, persona, ((0.0, LADDER[0]),), {}, (), False, None
        )
        at = NOW + float(random.uniform(0, DAYS / 2)) * DAY
        person = Person(who, random, 0, at)
        person.moved(int(random.choice(len(LADDER), p=world.business.start)), at, world.business)
        person.converted = False
        found.append((at, person))
    return found


class Run:
    """All visits of a policy, in the order of time."""

    def __init__(self, world: World, lister: Callable, count: int, seed: int) -> None:
        self.world, self.lister = world, lister
        self.popularity, self.outcome = Popularity(), Outcome()
        self.random = np.random.default_rng([seed, 7])
        self.queue = [(at, n, p) for n, (at, p) in enumerate(people_of(world, count, seed))]
        self.outcome.people = [person for _, _, person in self.queue]
        heapq.heapify(self.queue)

    def all(self) -> Outcome:
        while self.queue:
            at, number, person = heapq.heappop(self.queue)
            self._visit(person, at)
            business, rung = self.world.business, person.rung
            if person.random.random() < business.lost[rung]:
                continue
            often = business.visits_a_week[rung] * person.who.persona.visits
            again = at + float(person.random.exponential(7 / often)) * DAY
            if again < NOW + DAYS * DAY:
                heapq.heappush(self.queue, (again, number, person))
        self.outcome.conversions = sum(person.converted for person in self.outcome.people)
        return self.outcome

    def _visit(self, person: Person, at: float) -> None:
        business, start = self.world.business, LADDER.index("conversion")
        while person.moves_at < at:
            moves = business.moves[person.rung]
            person.moved(int(person.random.choice(len(LADDER), p=moves)), person.moves_at, business)
        for _ in range(1 + person.random.poisson(person.who.persona.pages - 1)):
            sums = self.world.natural[person.who.persona.id, LADDER[person.rung]]
            row = int(np.searchsorted(sums, person.random.random() * sums[-1], "right"))
            self._viewed(person, row, at, "page")
            at += 60.0
        for event, chance in business.actions[LADDER[person.rung]].items():
            if person.random.random() < chance:
                self._touched(person, event, at, None)
                at += 30.0
        before = person.rung
        self._shown(person, at)
        if before < start <= person.rung:
            self._touched(person, "Order Completed", at + 300, None)

    def _touched(self, person: Person, name: str, at: float, content: str | None) -> None:
        message = person.who.number * 10_000 + len(person.touchpoints)
        person.touchpoints.append(Touchpoint(at, message, name, content=content))

    def _viewed(self, person: Person, row: int, at: float, name: str) -> None:
        self._touched(person, name, at, self.world.items.ids[row])
        if row not in person.seen:
            self.popularity.add(row, at)
        person.seen.pop(row, None)
        person.seen[row] = None

    def _shown(self, person: Person, at: float) -> None:
        picks = self.lister(self, person, at)
        name = f"r{self.outcome.lists}"
        self.outcome.lists += 1
        items = []
        for place, (row, chance) in enumerate(picks):
            items.append({"contentId": self.world.items.ids[row], "propensity": chance})
            if person.random.random() > (place + 1) ** -LOOK_FADE:
                continue
            item = self.world.catalogue[row]
            response = accepts(person.who, item, LADDER[person.rung], person.random)
            if not response.clicked:
                continue
            self.outcome.clicks += 1
            at += 30.0
            self._viewed(person, row, at, "Recommendation Clicked")
            told = {"name": "Recommendation Clicked", "contentId": items[-1]["contentId"]}
            self.outcome.outcomes.append({"recommendationId": name, **told})
            if response.moved is not None:
                person.moved(LADDER.index(response.moved), at, self.world.business)
        key = str(VisitorKey("anonymous_id", person.who.id))
        record = {"recommendationId": name, "visitor": key, "at": at, "items": items}
        self.outcome.impressions.append(record)


def ranking(ranker: Ranker, objective: str, exploration: float) -> Callable:
    """Lists by a ranker."""
    model = expert_model()

    def lister(run: Run, person: Person, at: float) -> list[tuple[int, float]]:
        world = run.world
        counts = np.zeros((ROWS, ITEMS))
        counts[:, : run.popularity.items] = run.popularity.at(at)
        history = History(tuple(person.touchpoints))
        ladder = ladder_of(belief_at(model, history, world.data.facts, at, {}))
        seen = np.asarray(list(person.seen), np.intp)
        situation = Situation(at, seen, ladder, last=person.touchpoints[-1].time)
        contents = contents_of(world.items, ranker, counts)
        utility = weights_for(objective, ranker.weights) @ features_of(situation, contents)
        utility[seen] = -np.inf
        picks = draw(utility, Taste(LISTED, exploration=exploration), run.random)
        return [(pick.place, pick.propensity) for pick in picks]

    return lister


def popular(run: Run, person: Person, at: float) -> list[tuple[int, float]]:
    """The most viewed of the last days that the visitor did not see."""
    counts = np.zeros((ROWS, ITEMS))
    counts[:, : run.popularity.items] = run.popularity.at(at)
    score = counts[4] + 1e-6 * run.random.random(ITEMS)
    score[list(person.seen)] = -np.inf
    return [(int(row), 1.0) for row in np.argsort(-score)[:LISTED]]


def knowing_all(objective: str) -> Callable:
    """The best list for the next step, by the simulator's own tables: what can be reached."""

    def lister(run: Run, person: Person, _at: float) -> list[tuple[int, float]]:
        score = np.zeros(ITEMS)
        for row, item in enumerate(run.world.catalogue):
            drawn = attraction(person.who.persona, item, LADDER[person.rung])
            ahead = LADDER.index(str(item["phase"])) - person.rung
            helps = {0: 0.12, 1: 0.3, 2: 0.1}.get(ahead, 0.02) if objective == "progress" else 1.0
            score[row] = drawn / (drawn + 4.0) * helps
        score[list(person.seen)] = -np.inf
        return [(int(row), 1.0) for row in np.argsort(-score)[:LISTED]]

    return lister


def data_of(world: World, outcome: Outcome) -> SiteData:
    people = [
        VisitorData(
            (VisitorKey("anonymous_id", person.who.id),),
            History(tuple(sorted(person.touchpoints, key=lambda each: (each.time, each.message)))),
        )
        for person in outcome.people
    ]
    vectors = dict(zip(world.items.ids, world.items.vectors, strict=True))
    return replace(
        world.data,
        visitors=people,
        impressions=outcome.impressions,
        outcomes=outcome.outcomes,
        vectors=vectors,
        until=NOW + DAYS * DAY,
    )


def compared(name: str, count: int, seed: int) -> dict[str, Outcome]:
    world = world_of(BUSINESSES[name], seed)
    explored = Run(world, ranking(Ranker(PRIOR, PRIOR), "clicks", 1.0), count, seed + 100).all()
    data = data_of(world, explored)
    ranker = Ranker.of(fit_ranker(data, None, lambda *_: None, NOW, seed))
    listers = {
        "popularity": popular,
        "clicks, untaught": ranking(Ranker(PRIOR, PRIOR), "clicks", 0.0),
        "progress, untaught": ranking(Ranker(PRIOR, PRIOR), "progress", 0.0),
        "clicks": ranking(ranker, "clicks", 0.0),
        "progress": ranking(ranker, "progress", 0.0),
        "clicks, knowing all": knowing_all("clicks"),
        "progress, knowing all": knowing_all("progress"),
    }
    return {each: Run(world, lister, count, seed).all() for each, lister in listers.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--business", choices=BUSINESSES, default="home-energy")
    parser.add_argument("--visitors", type=int, default=1500)
    parser.add_argument("--seeds", default="0-2")
    args = parser.parse_args()
    first, _, last = args.seeds.partition("-")
    sums: dict[str, np.ndarray] = {}
    for seed in range(int(first), int(last or first) + 1):
        begun = time.process_time()
        for name, outcome in compared(args.business, args.visitors, seed).items():
            told = np.array([outcome.conversions, outcome.clicks, outcome.lists])
            sums[name] = sums.get(name, 0) + told
            print(f"seed {seed} {name:22} {told}", flush=True)
        print(f"{time.process_time() - begun:.0f} s of processor")
    for name, (conversions, clicks, lists) in sums.items():
        print(
            f"{name:22} conversions {conversions}: "
            f"{conversions / sums['clicks'][0]:.2f} of clicks, "
            f"{conversions / sums['popularity'][0]:.2f} of popularity; "
            f"clicks a list {clicks / lists:.2f}"
        )


if __name__ == "__main__":
    main()
