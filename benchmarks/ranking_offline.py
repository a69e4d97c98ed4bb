"""How well the ranking foretells what comes next, without the service around it.

    python benchmarks/ranking_offline.py static --data ../shared/data/msweb/anonymous-msweb.data
    python benchmarks/ranking_offline.py replay --kind news --seed 0

static: learns from training visitors, completes the histories of others (Breese et al. 1998).
replay: a made-up site's views in the order of time; learns half-way, asks from there on.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from _timed_log import HOUR, KINDS, TimedLog, timed_log
from numpy.typing import NDArray

from personas.covisits import CoVisits
from personas.entities import CONTENT_TYPES, LADDER
from personas.order import order_shares, order_trust
from personas.popularity import ROWS, Popularity
from personas.ranker import Ranker
from personas.ranking_features import FEATURES, PRIOR, Situation, features_of
from training.fit_item_item import fit_together, histories_matrix
from training.fit_ranker import Log, learn
from training.ranker_cases import contents_of, with_lately
from training.ranker_views import Items, Views

CUTOFF, HALF_LIFE, LISTED = 10, 5, 50
GAIN = 1 / np.log2(np.arange(CUTOFF) + 2)
EVEN = np.full(len(LADDER), 1 / len(LADDER))
NOW = 30 * 24 * HOUR


def progress(share: float, what: str) -> None:
    del share, what


def told(ranker: Ranker) -> None:
    pairs = zip(FEATURES, ranker.weights, PRIOR, strict=True)
    print("; ".join(f"{f.name} {w:.2f}" for f, w, p in pairs if w != p))


# --- static ---------------------------------------------------------------------------------------


def read_msweb(path: Path) -> tuple[dict[str, str], list[list[str]]]:
    """Titles of the areas, and each visitor's areas."""
    titles, histories = {}, []
    with path.open(newline="", encoding="latin-1") as file:
        for kind, *rest in csv.reader(file):
            if kind == "A":
                titles[rest[0]] = rest[2]
            elif kind == "C":
                histories.append([])
            elif kind == "V":
                histories[-1].append(rest[0])
    return titles, histories


def items_of(ids: Sequence[str], vectors: NDArray[np.float32], since: NDArray) -> Items:
    return Items(
        tuple(ids),
        vectors,
        np.tile(EVEN, (len(ids), 1)),
        np.full(len(ids), CONTENT_TYPES.index("article")),
        np.where(np.isfinite(since), since, np.nan),
        since,
    )


def views_of(histories: Sequence[Sequence[int]]) -> Views:
    pairs = [(v, item) for v, history in enumerate(histories) for item in dict.fromkeys(history)]
    visitors, items = (np.asarray(column) for column in zip(*pairs, strict=True))
    return Views(visitors, items, np.linspace(0, NOW - HOUR, len(pairs)), np.arange(len(pairs)))


def static(args: argparse.Namespace) -> None:
    titles, histories = read_msweb(args.data)
    ids = list(titles)
    number = {name: place for place, name in enumerate(ids)}
    random = np.random.default_rng(args.seed)
    held = random.random(len(histories)) < args.holdout
    train = [[number[x] for x in h] for h, out in zip(histories, held, strict=True) if not out]
    test = [[number[x] for x in h] for h, out in zip(histories, held, strict=True) if out]
    if args.hide == "random":
        test = [random.permutation(history).tolist() for history in test]
    views = views_of(train)
    vectors = np.zeros((len(ids), 0), np.float32)
    if args.vectors:
        vectors = np.load(args.vectors)["vectors"]
    items = items_of(ids, vectors, np.full(len(ids), -np.inf))
    lesson = learn(Log(items, views, np.tile(EVEN, (len(views), 1))), args.seed, progress)
    print(f"\n{dict(lesson.figures)}")
    told(lesson.ranker)
    counts = np.zeros((ROWS, len(ids)))
    counts[:] = np.bincount(views.items, minlength=len(ids))
    covisits = CoVisits()
    for history in train:
        for place, item in enumerate(history):
            covisits.add(history[:place], item)
    contents = with_lately(contents_of(items, lesson.ranker, counts), covisits)
    seen = histories_matrix(train, len(ids))
    ease, popular = fit_together(seen, 100.0), counts[-1]

    steps = np.asarray([pair for h in test for pair in pairwise(h[:-1])], np.intp)
    trust = 1.0
    if lesson.ranker.sequence is not None:
        trust = order_trust(order_shares(lesson.ranker.sequence, steps[:, 0], steps[:, 1]))
    print(f"trust in orders: {trust:.2f}")
    weights = lesson.ranker.blended(trust)

    def ours(visible: list[int]) -> NDArray:
        situation = Situation(NOW, np.asarray(visible, np.intp), EVEN)
        return weights @ features_of(situation, contents)

    scorers = {
        "popularity": lambda _visible: popular,
        "EASE": lambda visible: ease[visible].sum(axis=0) + 1e-9 * popular,
        "ours": ours,
    }
    for name, scorer in scorers.items():
        print(f"{name:12}", "  ".join(f"{k} {v:.4f}" for k, v in scored(scorer, test)))


def scored(scorer, test: list[list[int]]) -> list[tuple[str, float]]:  # noqa: ANN001 - a function
    found = []
    for name, visible in (("Given2", 2), ("Given5", 5), ("Given10", 10), ("AllBut1", -1)):
        cases = [(h[:visible], h[visible:]) for h in test if len(h) > abs(visible)]
        lists = []
        for shown, _ in cases:
            scores = np.array(scorer(shown), float)
            scores[shown] = -np.inf
            lists.append(np.argsort(-scores, kind="stable")[:LISTED].tolist())
        found.append((name, rank_score(lists, [set(hidden) for _, hidden in cases])))
        if name in ("Given2", "AllBut1"):
            gained = [ndcg(a, set(hidden)) for a, (_, hidden) in zip(lists, cases, strict=True)]
            found.append((f"NDCG@10 {name}", float(np.mean(gained))))
    return found


def ndcg(items: list[int], hidden: set[int]) -> float:
    got = sum(GAIN[rank] for rank, item in enumerate(items[:CUTOFF]) if item in hidden)
    return got / GAIN[: min(len(hidden), CUTOFF)].sum()


def rank_score(lists: list[list[int]], hidden: list[set[int]]) -> float:
    weight = 0.5 ** (np.arange(max(map(len, [*lists, *hidden]))) / HALF_LIFE)
    pairs = list(zip(lists, hidden, strict=True))
    got = sum(weight[r] for items, wanted in pairs for r, x in enumerate(items) if x in wanted)
    return 100 * got / sum(weight[: len(wanted)].sum() for wanted in hidden)


# --- replay ---------------------------------------------------------------------------------------


def replay(args: argparse.Namespace) -> None:
    log = timed_log(KINDS[args.kind], args.seed)
    if args.without_vectors:
        log = replace(log, vectors=np.zeros((len(log.vectors), 0), np.float32))
    half = len(log.items) // 2
    known = first_views(log, half)
    since = np.full(len(log.vectors), np.inf)
    np.minimum.at(since, log.items, log.times)
    ids = [f"i{k}" for k in range(len(log.vectors))]
    begun = since <= log.times[half]
    # Items that nobody viewed yet are not there yet.
    items = items_of(ids, log.vectors, np.where(begun, since, np.inf))
    lesson = learn(Log(items, known, np.tile(EVEN, (len(known), 1))), args.seed, progress)
    print(f"\n{dict(lesson.figures)}")
    told(lesson.ranker)
    ours, theirs, took = _asked(log, items_of(ids, log.vectors, since), lesson.ranker, half, args)
    best = max(theirs, key=lambda hours: theirs[hours])
    print(
        f"{args.kind} seed {args.seed}: ours {ours:.4f}, decayed {best} h {theirs[best]:.4f}, "
        f"ratio {ours / theirs[best]:.3f}; {1000 * took:.2f} ms a list; "
        + ", ".join(f"{hours} h {value:.3f}" for hours, value in theirs.items())
    )


def first_views(log: TimedLog, until: int) -> Views:
    seen: set[tuple[int, int]] = set()
    kept = []
    for k in range(until):
        pair = (int(log.visitors[k]), int(log.items[k]))
        if pair not in seen:
            kept.append(k)
            seen.add(pair)
    return Views(log.visitors[kept], log.items[kept], log.times[kept], np.asarray(kept))


def _asked(
    log: TimedLog, items: Items, ranker: Ranker, half: int, args: argparse.Namespace
) -> tuple[float, dict[float, float], float]:
    first = []
    pairs: set[tuple[int, int]] = set()
    for k, pair in enumerate(zip(log.visitors.tolist(), log.items.tolist(), strict=True)):
        if pair not in pairs and k >= half:
            first.append(k)
        pairs.add(pair)
    asked = set(np.random.default_rng(args.seed).permutation(first)[: args.limit].tolist())
    hours = np.array([168.0, 24.0, 6.0, 2.0, 1.0])
    decayed, clock = np.zeros((len(hours), len(items))), 0.0
    popularity, covisits = Popularity(), CoVisits()
    contents = with_lately(contents_of(items, ranker), covisits)
    seen: dict[int, list[int]] = defaultdict(list)
    last: dict[int, float] = {}
    ours, theirs, took = 0.0, np.zeros(len(hours)), 0.0
    for k in range(len(log.items)):
        visitor, item, at = int(log.visitors[k]), int(log.items[k]), float(log.times[k])
        decayed *= 0.5 ** ((at - clock) / HOUR / hours)[:, None]
        clock = at
        before = seen[visitor]
        if k in asked and items.since[item] < at:
            there = items.since < at
            there[before] = False
            begun = time.perf_counter()
            counts = np.zeros((ROWS, len(items)))
            counts[:, : popularity.items] = popularity.at(at)
            seen_rows = np.asarray(before, np.intp)
            situation = Situation(at, seen_rows, EVEN, last=last.get(visitor))
            scores = ranker.weights @ features_of(situation, replace(contents, popularity=counts))
            took += time.perf_counter() - begun
            ours += _gain(scores, item, there)
            theirs += [_gain(row, item, there) for row in decayed]
        decayed[:, item] += 1
        last[visitor] = at
        if item not in before:
            popularity.add(item, at)
            covisits.add(before, item)
            before.append(item)
    size = len(asked)
    return (
        ours / size,
        dict(zip(hours.tolist(), (theirs / size).tolist(), strict=True)),
        took / size,
    )


def _gain(scores: NDArray, target: int, there: NDArray) -> float:
    """Expected NDCG@10 over all orders of items that score alike."""
    others = scores[there]
    better, tied = int((others > scores[target]).sum()), int((others == scores[target]).sum())
    return float(GAIN[better : better + tied].sum() / max(tied, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("protocol", choices=["static", "replay"])
    parser.add_argument("--data", type=Path, help="static: MSWeb's file")
    parser.add_argument("--vectors", type=Path, help="static: the areas' vectors, as npz")
    parser.add_argument("--holdout", type=float, default=0.13)
    parser.add_argument("--hide", choices=["random", "last"], default="random")
    parser.add_argument("--kind", choices=KINDS, default="news", help="replay: of site")
    parser.add_argument("--without-vectors", action="store_true")
    parser.add_argument("--limit", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    {"static": static, "replay": replay}[args.protocol](args)


if __name__ == "__main__":
    main()
