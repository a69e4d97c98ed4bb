"""What the visitors of each persona do: their channels, their content, their phases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from personas.entities import LADDER, Array
from personas.features import Features
from personas.phases import expert_model, ladder_at
from training.dataset import SiteData, VisitorData

MOST_CONTENT = 5
MOST_FOR_PHASES = 1500  # visitors
DOUBT = 5.0  # visitors like everyone that each share starts with


def channels(rows: Sequence[Features], memberships: Array) -> list[list[dict[str, Any]]]:
    """Where the visits of each persona come from: [{channel, share, lift}], the largest first."""
    names: list[str] = sorted(
        {name for row in rows if isinstance(found := row.get("channel"), Mapping) for name in found}
    )
    table = np.zeros((len(rows), len(names)))
    for number, row in enumerate(rows):
        found = row.get("channel")
        if isinstance(found, Mapping):
            table[number] = [found.get(name, 0.0) for name in names]
    totals = table.sum(1, keepdims=True)
    table = np.divide(table, totals, out=np.zeros_like(table), where=totals > 0)
    known = memberships * (totals > 0)
    usual = table.sum(0) / max(float((totals > 0).sum()), 1.0)
    shares = (known.T @ table + DOUBT * usual) / (known.sum(0)[:, None] + DOUBT)
    return [
        [
            {
                "channel": names[place],
                "share": float(own[place]),
                "lift": float(own[place] / usual[place]),
            }
            for place in np.argsort(-own, kind="stable")
            if usual[place] > 0
        ]
        for own in shares
    ]


def top_content(data: SiteData, memberships: Array) -> list[list[dict[str, Any]]]:
    """What each persona reads more than everyone: [{contentId, title, share, lift}]."""
    readers: defaultdict[str, list[int]] = defaultdict(list)
    for number, visitor in enumerate(data.visitors):
        for content in {t.content for t in visitor.history.touchpoints if t.content}:
            readers[content].append(number)
    by_url = {item.url: item for item in data.contents.values() if item.url}
    sizes = memberships.sum(0)
    ranked: list[list[tuple[float, dict[str, Any]]]] = [[] for _ in sizes]
    for content, numbers in readers.items():
        item = data.contents.get(content) or by_url.get(content)
        if item is None:
            continue
        usual = len(numbers) / len(data.visitors)
        shares = (memberships[numbers].sum(0) + DOUBT * usual) / (sizes + DOUBT)
        for persona, share in enumerate(shares):
            lift = float(share / usual)
            told = {"contentId": item.id, "title": item.title, "share": float(share), "lift": lift}
            ranked[persona].append((float(share * np.log(lift)), told))
    return [_best(rows) for rows in ranked]


def _best(rows: list[tuple[float, dict[str, Any]]]) -> list[dict[str, Any]]:
    rows.sort(key=lambda row: (-row[0], str(row[1]["contentId"])))
    return [told for worth, told in rows[:MOST_CONTENT] if worth > 0]


def phases(data: SiteData, memberships: Array, rng: np.random.Generator) -> list[dict[str, float]]:
    """Over the ladder, where the visitors of each persona stood at their last touchpoint."""
    came = [n for n, visitor in enumerate(data.visitors) if visitor.history.touchpoints]
    if not came:
        return [{} for _ in range(memberships.shape[1])]
    chosen = rng.permutation(came)[:MOST_FOR_PHASES]
    model = expert_model()
    ladders = np.array(
        [
            ladder_at(model, v.history, data.facts, _last(v), data.mapping)
            for v in (data.visitors[number] for number in chosen)
        ]
    )
    weights = memberships[chosen] + 1e-9
    shares = weights.T @ ladders / weights.sum(0)[:, None]
    return [dict(zip(LADDER, map(float, row), strict=True)) for row in shares]


def _last(visitor: VisitorData) -> float:
    return max(touchpoint.time for touchpoint in visitor.history.touchpoints)
