"""Does each feature of the ranking earn its place?

    python benchmarks/ranking_ablation.py --data ../shared/data/msweb/anonymous-msweb.data
    python benchmarks/ranking_ablation.py --kind news

Weights are learned from the earlier choices of a log, once with all features and once without each
group, and judged by the later ones: mean log chance of what was taken, and NDCG@10.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from _timed_log import KINDS, timed_log
from ranking_offline import EVEN, first_views, items_of, read_msweb, views_of

from personas.choice import Cases, fit_weights, log_likelihood, mean_ndcg
from personas.ranking_features import FEATURES, INDEX, PRIOR, SPREAD
from training.fit_ranker import TESTED, Log, studied

GROUPS: dict[str, Sequence[str]] = {
    "popularity, all half-lives": [f.name for f in FEATURES if f.code == "popular"],
    "popularity, one half-life only (7 d)": [
        f.name for f in FEATURES if f.code == "popular" and f.name != "popular-7d"
    ],
    "news": [f.name for f in FEATURES if f.code == "new"],
    "interests (vectors)": ["interest-last", "interest-mean", "interest-best"],
    "several interests (best, last)": ["interest-last", "interest-best"],
    "EASE": ["together", "together-many"],
    "autoencoder": ["pattern", "pattern-many"],
    "visitors with the same set": ["neighbours", "neighbours-many"],
    "transitions": ["next", "next-many"],
    "how much was seen": ["together-many", "pattern-many", "neighbours-many", "next-many"],
    "all co-consumption": [f.name for f in FEATURES if f.code == "together"],
    "phases": ["phase-now", "phase-next"],
    "companions counted live": ["lately"],
    "persona": ["persona"],
}


def log_of(args: argparse.Namespace) -> Log:
    if args.data is not None:
        titles, histories = read_msweb(args.data)
        number = {name: place for place, name in enumerate(titles)}
        views = views_of([[number[x] for x in history] for history in histories])
        vectors = np.zeros((len(titles), 0), np.float32)
        items = items_of(list(titles), vectors, np.full(len(titles), -np.inf))
    else:
        log = timed_log(KINDS[args.kind], args.seed)
        views = first_views(log, len(log.items))
        since = np.full(len(log.vectors), np.inf)
        np.minimum.at(since, log.items, log.times)
        items = items_of([f"i{k}" for k in range(len(log.vectors))], log.vectors, since)
    return Log(items, views, np.tile(EVEN, (len(views), 1)))


def judged(early: Cases, late: Cases, without: Sequence[str]) -> tuple[float, float]:
    prior, spread = PRIOR.copy(), SPREAD.copy()
    gone = [INDEX[name] for name in without]
    prior[gone], spread[gone] = 0.0, 1e-6
    weights = fit_weights(early, prior, spread)
    return log_likelihood(late, weights), mean_ndcg(late, weights)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="MSWeb's file; without it a made-up timed log")
    parser.add_argument("--kind", choices=KINDS, default="news")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    study = studied(log_of(args), args.seed, lambda *_: None)
    for name, cases in (("what comes next", study.following), ("together", study.together)):
        bound = np.quantile(cases.times, 1 - TESTED)
        early, late = cases.part(cases.times <= bound), cases.part(cases.times > bound)
        if not len(late):
            continue
        whole = judged(early, late, ())
        print(f"{name}: {len(early)} + {len(late)} choices; all features: log chance "
              f"{whole[0]:.4f}, NDCG@10 {whole[1]:.4f}")  # fmt: skip
        for group, names in GROUPS.items():
            chance, gained = judged(early, late, names)
            told = f"{chance - whole[0]:+.4f}  {gained - whole[1]:+.4f}"
            print(f"  without {group:38} {told}", flush=True)


if __name__ == "__main__":
    main()
