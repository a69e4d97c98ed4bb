"""What phases cost: one step of the filter, and learning from more and more touchpoints.

    python benchmarks/phase_learning.py --touchpoints 100000 300000 1000000

Visitors are drawn from the expert tables at two paces. Each size is learned in a process of its
own, so that the memory is that size's own; it holds the histories as well.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

import numpy as np

from personas import phase_prior
from personas.entities import CHANNELS, ContentFacts, History, Touchpoint, TraitChange
from personas.phase_leanings import lean
from personas.phase_learning import PhaseEstimator
from personas.phases import PhaseModel, expert_model, ladder_at
from personas.vocabulary import KINDS, NAMES

DAY = 86_400.0
EACH = 25  # touchpoints of a visitor, on average
STEPS = 5_000
TOPICS = ("roof", "cellar", "garden", "stable")
FACTS = {
    f"/{topic}/{number}": ContentFacts("article", np.full(7, 1 / 7), (topic,))
    for topic in TOPICS
    for number in range(20)
}


def main() -> None:
    args = _arguments()
    if args.one:
        _one(args.one)
        return
    head = f"{'touchpoints':>11} {'ways':>4} {'learning':>9} {'processor':>9} {'memory':>8}"
    print(f"{head}  one step")
    for size in args.touchpoints:
        subprocess.run([sys.executable, __file__, "--one", str(size)], check=True)


def _one(size: int) -> None:
    rng = np.random.default_rng(0)
    histories = [_visitor(rng, number) for number in range(size // EACH)]
    began, computed = time.perf_counter(), time.process_time()
    model = lean(PhaseEstimator().fit(histories, FACTS, {}).model_, histories, FACTS, {})
    took, computed = time.perf_counter() - began, time.process_time() - computed
    touchpoints = sum(len(history.touchpoints) for history in histories)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    steps = [_microseconds(each, histories) for each in (expert_model(), model)]
    print(
        f"{touchpoints:>11} {model.ways:>4} {took:>7.1f} s {computed:>7.1f} s {memory:>5.0f} MB  "
        f"{steps[0]:.0f} µs by the expert's model, {steps[1]:.0f} µs by the learned one",
        flush=True,
    )


def _visitor(rng: np.random.Generator, number: int) -> History:
    kind = number % 2
    rates = phase_prior.generator() * (0.6, 1.8)[kind]
    times = np.cumsum(rng.exponential((0.002, 1.5), (1 + rng.poisson(EACH - 1), 2)).ravel()[::2])
    times += np.cumsum(rng.random(len(times)) < 0.3) * 3.0
    rung = int(rng.choice(7, p=phase_prior.START))
    leaves = rng.exponential(-1 / rates[rung, rung])
    touchpoints = []
    for place, day in enumerate(times.tolist()):
        while day > leaves:
            away = np.maximum(rates[rung], 0)
            rung = int(rng.choice(7, p=away / away.sum()))
            leaves += rng.exponential(-1 / rates[rung, rung])
        touchpoints.append(_touchpoint(rng, kind, rung, day * DAY, place))
    return History(tuple(touchpoints), (TraitChange(0.0, -1, "size", float(kind)),))


def _touchpoint(
    rng: np.random.Generator, kind: int, rung: int, moment: float, place: int
) -> Touchpoint:
    what = KINDS[int(rng.choice(len(KINDS), p=phase_prior.KINDS_IN_PHASE[rung]))]
    names = NAMES.get(what, ("Widget Used",))
    topic = TOPICS[(kind + int(rng.random() < 0.2)) % len(TOPICS)]
    return Touchpoint(
        moment,
        place,
        names[int(rng.integers(len(names)))],
        channel=CHANNELS[(kind * 3 + int(rng.integers(3))) % len(CHANNELS)],
        content=f"/{topic}/{int(rng.integers(20))}",
        dwell=float(rng.lognormal(3.5, 1.0)),
    )


def _microseconds(model: PhaseModel, histories: list[History]) -> float:
    """Of one touchpoint: what it is, the time before it, what it says; the best of three rounds."""
    ladder_at(model, histories[0], FACTS, 0.0, {})
    best = np.inf
    for _ in range(3):
        done, began = 0, time.process_time()
        for history in histories:
            ladder_at(model, history, FACTS, history.touchpoints[-1].time, {})
            done += len(history.touchpoints)
            if done >= STEPS:
                break
        best = min(best, (time.process_time() - began) / done)
    return 1e6 * float(best)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--touchpoints", type=int, nargs="+", default=[100_000, 300_000, 1_000_000])
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
