"""Do estimates from logged answers hold what they promise?

    python benchmarks/policy_value.py --runs 100

A made-up site's hidden personas look at lists that one policy drew at random; what came of them
values four others. Each is then tried on many more visitors, which tells the truth. Counted: the
runs whose 95 % interval holds it.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personas.entities import CONTENT_TYPES, LADDER
from personas.errors import NotEnoughData
from personas.policy_value import METHODS, Trials, value_of
from personas.ranking import Taste, distributions
from training.simulate import attraction
from training.simulate_businesses import HOME_ENERGY

ITEMS, RANKS, FACES = 40, 4, 30  # places of a list; kinds of visitors, as features show them
LOGGED, TRIED = 3000, 40_000  # lists in a log, and to tell the truth
EACH = 3  # lists of one visitor
SHARPNESS = 0.7  # temperature of the log


@dataclass(frozen=True)
class World:
    """Visitors of some kinds, and items.

    Attributes:
        chances: of a click where the item stands first [kinds, items].
        features: of items for each kind, as a ranker knows them [kinds, items, features].
        shares: of the kinds [kinds].
    """

    chances: NDArray
    features: NDArray
    shares: NDArray

    @classmethod
    def drawn(cls, random: np.random.Generator) -> World:
        """A catalogue for the simulated business; features know rung and topic, with errors."""
        topics = sorted({topic for each in HOME_ENERGY.personas for topic in each.topics})
        items = [
            {
                "type": str(random.choice(CONTENT_TYPES)),
                "phase": LADDER[random.integers(len(LADDER))],
                "tags": [str(random.choice(topics))],
            }
            for _ in range(ITEMS)
        ]
        kinds = [
            (HOME_ENERGY.personas[k % len(HOME_ENERGY.personas)], LADDER[k % len(LADDER)])
            for k in range(FACES)
        ]
        drawn = np.array([[attraction(who, item, rung) for item in items] for who, rung in kinds])
        known = np.log(drawn) + random.normal(0, 0.5, drawn.shape)
        more = random.normal(size=(FACES, ITEMS, 2))
        features = np.concatenate([known[:, :, None], more], axis=2)
        return cls(drawn / (drawn + 4.0), features, random.dirichlet(np.full(FACES, 3.0)))


@dataclass(frozen=True)
class Way:
    """A policy: weights of features, and how lists are drawn."""

    weights: NDArray
    exploration: float

    def utility(self, world: World, kind: int) -> NDArray:
        return world.features[kind] @ self.weights


LOG = Way(np.array([0.4, 0.0, 0.0]), SHARPNESS)
WAYS = {
    "the same": LOG,
    "uniform": Way(np.zeros(3), 1.0),
    "better": Way(np.array([0.8, 0.0, 0.0]), SHARPNESS),
    "sharper": Way(np.array([0.5, 0.0, 0.0]), 0.5),
    "other": Way(np.array([0.2, 0.3, -0.2]), SHARPNESS),
}


def lists(world: World, way: Way, kinds: NDArray, random: np.random.Generator) -> NDArray:
    """Lists for visitors of these kinds [lists, RANKS], drawn by the same law as `draw`."""
    utility = np.stack([way.utility(world, kind) for kind in range(FACES)])[kinds]
    keys = utility / way.exploration + random.gumbel(size=utility.shape)
    return np.argsort(-keys, axis=1)[:, :RANKS]


def clicks(world: World, kinds: NDArray, shown: NDArray, random: np.random.Generator) -> NDArray:
    """Visitors look from the top and leave with a click more often than not (a cascade)."""
    found = np.zeros(shown.shape)
    here = np.ones(len(kinds), bool)
    for rank in range(RANKS):
        chance = world.chances[kinds, shown[:, rank]]
        clicked = here & (random.random(len(kinds)) < chance)
        found[:, rank] = clicked
        here &= np.where(clicked, random.random(len(kinds)) < 0.4, random.random(len(kinds)) < 0.9)
    return found


def truth(world: World, way: Way, places: int, random: np.random.Generator) -> float:
    """Mean clicks on the first places of a list."""
    kinds = random.choice(FACES, TRIED, p=world.shares)
    shown = lists(world, way, kinds, random)
    return float(clicks(world, kinds, shown, random)[:, :places].sum(axis=1).mean())


def chances(way: Way, world: World, kinds: NDArray, shown: NDArray) -> NDArray:
    """What `distributions` says of each list [lists, RANKS, ITEMS], for all lists at once."""
    utility = np.stack([way.utility(world, kind) for kind in range(FACES)])[kinds]
    odds = np.exp((utility - utility.max(axis=1, keepdims=True)) / way.exploration)
    found = np.zeros((*shown.shape, ITEMS))
    for rank in range(RANKS):
        found[:, rank] = odds / odds.sum(axis=1, keepdims=True)
        odds[np.arange(len(kinds)), shown[:, rank]] = 0.0
    one = distributions(utility[0], Taste(RANKS, exploration=way.exploration), shown[0].tolist())
    if not np.allclose(found[0], one):
        raise AssertionError("this is not how lists are drawn")
    return found


def trials(world: World, way: Way, kinds: NDArray, shown: NDArray, rewards: NDArray) -> Trials:
    told, asked = (chances(each, world, kinds, shown) for each in (LOG, way))
    stated, wanted = (
        np.take_along_axis(each, shown[:, :, None], axis=2)[:, :, 0] for each in (told, asked)
    )
    features = world.features[kinds]
    own = np.take_along_axis(features, shown[:, :, None], axis=1)
    return Trials(rewards, stated, wanted, own, asked @ features, np.arange(len(kinds)) // EACH)


def run(seed: int, held: Counter, widths: dict[str, list[float]]) -> None:
    random = np.random.default_rng(seed)
    world = World.drawn(random)
    kinds = np.repeat(random.choice(FACES, LOGGED // EACH, p=world.shares), EACH)
    shown = lists(world, LOG, kinds, random)
    rewards = clicks(world, kinds, shown, random)
    for name, way in WAYS.items():
        try:
            value = value_of(trials(world, way, kinds, shown, rewards))
        except NotEnoughData:
            held[name, "refused"] += 1
            continue
        right = truth(world, way, value.places, random)
        for method in METHODS:
            found = value.estimates[method]
            held[name, method] += found.low <= right <= found.high
            widths.setdefault(f"{name} {method}", []).append((found.high - found.low) / 2 / right)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    held: Counter = Counter()
    widths: dict[str, list[float]] = {}
    begun = time.process_time()
    for number in range(args.runs):
        run(args.seed + number, held, widths)
    for name in WAYS:
        valued = args.runs - held[name, "refused"]
        told = "; ".join(
            f"{method} {held[name, method]} (± {np.mean(widths[f'{name} {method}']):.0%})"
            for method in METHODS
            if f"{name} {method}" in widths
        )
        print(f"{name:10} {valued} of {args.runs} valued; the interval held the truth: {told}")
    print(f"{(time.process_time() - begun) / args.runs:.1f} s of processor a run")


if __name__ == "__main__":
    main()
