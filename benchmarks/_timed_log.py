"""A made-up site's views in time: news that fades, visitors with interests, sessions, habits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HOUR, DAY = 3600.0, 86400.0


@dataclass(frozen=True)
class Kind:
    """What kind of site it is."""

    days: float = 120.0
    items: int = 1500
    visitors: int = 1200
    views: int = 40_000
    topics: int = 12
    fades_in: float = 8 * HOUR  # time in which the usual item's pull falls to 1/e
    evergreen: float = 0.02  # share of pull that never fades
    taste: float = 1.2  # how much interests decide
    crowd: float = 0.6  # how much what others just viewed decides
    again: float = 0.1  # views of what was viewed before


@dataclass(frozen=True)
class TimedLog:
    """Views in the order of time, and the items' vectors [items, d]."""

    visitors: NDArray[np.intp]
    items: NDArray[np.intp]
    times: NDArray[np.float64]
    vectors: NDArray[np.float32]


def timed_log(kind: Kind, seed: int) -> TimedLog:
    """Draw a site and its log. Every item is published at its first view."""
    random = np.random.default_rng(seed)
    published = np.sort(_working_hours(random, kind.items, kind.days))
    topic = random.integers(0, kind.topics, kind.items)
    quality = random.normal(0, 0.9, kind.items)
    fade = kind.fades_in * np.exp(random.normal(0, 0.6, kind.items))
    interest = np.log(random.dirichlet(np.full(kind.topics, 0.3), kind.visitors) + 0.01)
    activity = random.pareto(1.3, kind.visitors) + 0.1
    sessions = kind.views // 3
    who = random.choice(kind.visitors, sessions, p=activity / activity.sum())
    begins = np.sort(_working_hours(random, sessions, kind.days))
    crowd, crowd_at = np.zeros(kind.items), 0.0
    seen: list[set[int]] = [set() for _ in range(kind.visitors)]
    rows: list[tuple[int, int, float]] = [
        (int(random.integers(kind.visitors)), k, published[k]) for k in range(kind.items)
    ]
    for begin, visitor in zip(begins, who, strict=True):
        time = begin
        born = int(np.searchsorted(published, time))
        if born < 3:
            continue
        for _ in range(1 + random.geometric(0.45)):
            age = time - published[:born]
            crowd *= 0.5 ** ((time - crowd_at) / (2 * HOUR))
            crowd_at = time
            pull = quality[:born] + np.log(kind.evergreen + np.exp(-age / fade[:born]))
            pull = pull + kind.taste * interest[visitor, topic[:born]]
            pull = pull + kind.crowd * np.log1p(crowd[:born])
            if seen[visitor]:
                viewed = np.fromiter(seen[visitor], np.intp)
                pull[viewed[viewed < born]] += np.log(kind.again)
            item = int(np.argmax(pull + random.gumbel(size=born)))
            seen[visitor].add(item)
            crowd[item] += 1
            rows.append((int(visitor), item, time))
            time += random.exponential(90.0)
    rows.sort(key=lambda row: row[2])
    visitors, items, times = (np.asarray(column) for column in zip(*rows, strict=True))
    centres = random.normal(size=(kind.topics, 32))
    vectors = centres[topic] + 0.8 * random.normal(size=(kind.items, 32))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return TimedLog(visitors, items, times, vectors.astype(np.float32))


def _working_hours(random: np.random.Generator, count: int, days: float) -> NDArray[np.float64]:
    day = random.integers(0, int(days), count * 2)
    day = day[(day % 7 < 5) | (random.random(len(day)) < 0.2)][:count]
    hour = np.clip(random.normal(13.5, 3.5, len(day)), 0, 23.9)
    return day * DAY + hour * HOUR


KINDS = {
    "news": Kind(),
    "fast": Kind(fades_in=2 * HOUR, crowd=1.0),
    "slow": Kind(fades_in=72 * HOUR, items=500, evergreen=0.1),
    "quiet": Kind(days=365, items=1500, visitors=1000, views=30_000, fades_in=6 * HOUR),
}
