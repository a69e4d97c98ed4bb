"""The acceptance task of the phases in process: the same questions, no service, many sites at once.

    python benchmarks/journeys_offline.py FOLDER --site-seeds 1-8 --shifts 0,.15,.3,.5

FOLDER holds the simulator and the scores (`journeys.py`, `_site.py`, …). Each row is one site:
the share of the gap between the industry's rules and the exact filter that is closed, with no data
and trained, and how well the answers are calibrated. What the tagger will say of the catalogue's
pages is not known here; `--tags` makes it say nothing ("uniform"), what the type says ("type") or
that with errors ("noisy").
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np

from personas.entities import LADDER, Array, ContentFacts, History, Touchpoint, TraitChange
from personas.phase_leanings import lean
from personas.phase_learning import PhaseEstimator
from personas.phases import PhaseModel, expert_model, ladder_at

DAY = 86400.0
OPENED = 1_704_067_200.0  # the site's first day
TYPE_RUNGS = {  # what a tagger would say of a page of this type, roughly
    "landing-page": 0, "article": 0, "guide": 0, "video": 0, "product-page": 1, "comparison": 2,
    "pricing": 3, "webinar": 2, "case-study": 2, "white-paper": 2, "documentation": 5,
}  # fmt: skip


def main() -> None:
    args = _arguments()
    sys.path.insert(0, str(args.folder))
    import journeys as bench

    print(f"{'site':>4} {'shift':>5}  {'zero':>5} {'ECE':>5} {'acc':>5}  "
          f"{'trained':>7} {'ECE':>5} {'acc':>5}  {'oracle acc':>10}  seconds")  # fmt: skip
    rows = [
        run_site(bench, site_seed, shift, args) for site_seed in args.site_seeds
        for shift in args.shifts
    ]  # fmt: skip
    if len(rows) > 1:
        mean, least, most = (of(rows, axis=0) for of in (np.mean, np.min, np.max))
        print(f"zero data: mean {mean[0]:.3f}, least {least[0]:.3f}; "
              f"trained: mean {mean[1]:.3f}, least {least[1]:.3f}; "
              f"ECE trained: mean {mean[2]:.3f}, most {most[2]:.3f}")  # fmt: skip


def run_site(
    bench: ModuleType, site_seed: int, shift: float, args: argparse.Namespace
) -> tuple[float, float, float]:
    settings = SimpleNamespace(train=args.train, test=args.test, events=args.events, moments=2)
    rng = np.random.default_rng(args.seed)
    task = bench.draw_task(bench.draw_site(site_seed, shift), settings, rng)
    facts = facts_of(bench, args.tags, site_seed)
    zero = answers(expert_model(), task, facts)
    began = time.perf_counter()
    histories = [history_of(task.site, visitor) for visitor in task.training]
    learned = PhaseEstimator().fit(histories, facts, {}).finish().model_
    model = lean(learned, histories, facts, {})
    took = time.perf_counter() - began
    trained = answers(model, task, facts)
    gaps = task.gap_closed(zero), task.gap_closed(trained)
    scores = bench._scores
    ece = [scores.calibration_error(given, task.truth) for given in (zero, trained)]
    accuracy = [scores.accuracy(given, task.truth) for given in (zero, trained, task.oracle)]
    print(f"{site_seed:>4} {shift:>5}  {gaps[0]:5.3f} {ece[0]:5.3f} {accuracy[0]:5.3f}  "
          f"{gaps[1]:7.3f} {ece[1]:5.3f} {accuracy[1]:5.3f}  {accuracy[2]:10.3f}  {took:7.1f}",
          flush=True)  # fmt: skip
    return gaps[0], gaps[1], ece[1]


def answers(model: PhaseModel, task: SimpleNamespace, facts: Mapping[str, ContentFacts]) -> Array:
    """The belief over the ladder at each question [questions, 7]."""
    histories = {visitor.name: history_of(task.site, visitor) for visitor in task.test}
    return np.array(
        [
            ladder_at(model, histories[q.visitor.name], facts, OPENED + q.moment * DAY, {})
            for q in task.questions
        ]
    )


def history_of(site: SimpleNamespace, visitor: SimpleNamespace) -> History:
    """What the service makes of a simulated visitor's messages."""
    touchpoints = [_touchpoint(site, number, event) for number, event in enumerate(visitor.events)]
    first = touchpoints[0].time
    traits = [TraitChange(first, -1, name, value) for name, value in visitor.traits.items()]
    return History(tuple(sorted(touchpoints, key=lambda t: (t.time, t.message))), tuple(traits))


def _touchpoint(site: SimpleNamespace, number: int, event: SimpleNamespace) -> Touchpoint:
    module = sys.modules["_site"]
    name, (_, _, content_type) = site.names[event.kind], module.KINDS[event.kind].partition(":")
    properties = sys.modules["_segment"].PROPERTIES.get(name, {})
    viewed = event.topic is not None
    return Touchpoint(
        time=OPENED + round(event.at * DAY, 3),
        message=number,
        name=name,
        channel=module.CHANNELS[event.channel],
        content=f"/{content_type}/{module.TOPICS[event.topic]}" if viewed else None,
        dwell=event.dwell_s if viewed else None,
        value=properties.get("revenue"),
        rating=properties["nps"] / 10 if "nps" in properties else None,
    )


def facts_of(bench: ModuleType, tags: str, seed: int) -> dict[str, ContentFacts]:
    """What the catalogue's tags say, by content id."""
    rng = np.random.default_rng([seed, 99])
    return {
        document["id"]: ContentFacts(
            document["type"], _tag(document["type"], tags, rng), tuple(document["tags"])
        )
        for document in bench.catalogue()
    }


def _tag(content_type: str, tags: str, rng: np.random.Generator) -> Array:
    if tags == "uniform":
        return np.full(len(LADDER), 1 / len(LADDER))
    shares = np.full(len(LADDER), 0.05)
    rung = TYPE_RUNGS[content_type]
    if tags == "noisy" and rng.random() < 0.4:
        rung = int(rng.integers(len(LADDER)))
    shares[rung] = 0.7
    drawn: Array = rng.dirichlet(20 * shares + 0.1) if tags == "noisy" else shares / shares.sum()
    return drawn


def _numbers(text: str) -> Sequence[int]:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="of the simulator")
    parser.add_argument("--site-seeds", type=_numbers, default=range(1, 5), help="as 1-8")
    parser.add_argument(
        "--shifts", type=lambda text: [float(part) for part in text.split(",")], default=[0.15]
    )
    parser.add_argument("--train", type=int, default=3000, help="training visitors")
    parser.add_argument("--test", type=int, default=800, help="test visitors")
    parser.add_argument("--events", type=float, default=25, help="of a visitor, on average")
    parser.add_argument("--seed", type=int, default=0, help="of the visitors")
    parser.add_argument("--tags", choices=("uniform", "type", "noisy"), default="uniform")
    return parser.parse_args()


if __name__ == "__main__":
    main()
