"""Traits that tell much of what is kept out because it is sensitive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personas.features import TRAIT
from personas.mixture_columns import label_of, number_of

NEAR = 0.4  # Cramér's V
LEAST_TOGETHER, MOST_ROWS = 50, 5000
MOST_GROUPS, PARTS = 24, 5
Groups = NDArray[np.intp]


def proxies(
    rows: Sequence[Mapping[str, object]], sensitive: Sequence[Mapping[str, object]]
) -> list[dict[str, object]]:
    """Used traits that go along with kept-out ones.

    Args:
        rows: features of visitors, as used.
        sensitive: the traits of the same visitors that are kept out.

    Returns:
        [{"trait", "sensitive", "association"}], Cramér's V with the bias taken off (Bergsma 2013),
        the closest first.
    """
    rows, sensitive = rows[:MOST_ROWS], sensitive[:MOST_ROWS]
    kept_out = {name: _groups(sensitive, name) for name in _names(sensitive)}
    found = []
    for name in (name for name in _names(rows) if name.startswith(TRAIT)):
        groups = _groups(rows, name)
        for hidden, others in kept_out.items():
            association = _association(groups, others)
            if association >= NEAR:
                trait = name.removeprefix(TRAIT)
                found.append({"trait": trait, "sensitive": hidden, "association": association})
    return sorted(found, key=lambda each: (-float(str(each["association"])), str(each["trait"])))


def warned(
    personas: Sequence[Mapping[str, Any]], near: Sequence[Mapping[str, object]]
) -> list[Mapping[str, Any]]:
    """Personas, each trait with `near`: the sensitive ones that it goes along with, if any."""
    told: dict[object, list[object]] = {}
    for each in near:
        told.setdefault(each["trait"], []).append(each["sensitive"])

    def marked(trait: Mapping[str, Any]) -> Mapping[str, Any]:
        sensitive = told.get(trait["feature"])
        return {**trait, "near": sensitive} if sensitive else trait

    return [{**each, "traits": [marked(trait) for trait in each["traits"]]} for each in personas]


def _names(rows: Sequence[Mapping[str, object]]) -> list[str]:
    return sorted({name for row in rows for name in row})


def _groups(rows: Sequence[Mapping[str, object]], name: str) -> Groups:
    """A group for each row; -1 where the trait is missing."""
    values = [row.get(name) for row in rows]
    known = [value for value in values if value is not None]
    numbers = [number for value in known if (number := number_of(value)) is not None]
    if len(numbers) == len(known) and len(set(numbers)) > PARTS:
        cuts = np.unique(np.quantile(numbers, np.linspace(0, 1, PARTS + 1)[1:-1]))
        return np.array(
            [-1 if v is None else int(np.searchsorted(cuts, number_of(v) or 0.0)) for v in values]
        )
    labels = sorted({label_of(value) for value in known})
    place = {label: number for number, label in enumerate(labels)}
    return np.array([-1 if value is None else place[label_of(value)] for value in values], np.intp)


def _association(left: Groups, right: Groups) -> float:
    both = (left >= 0) & (right >= 0)
    count = int(both.sum())
    if count < LEAST_TOGETHER:
        return 0.0
    rows = np.unique(left[both], return_inverse=True)[1]
    columns = np.unique(right[both], return_inverse=True)[1]
    shape = (int(rows.max()) + 1, int(columns.max()) + 1)
    if min(shape) < 2 or max(shape) > MOST_GROUPS:
        return 0.0
    table = np.zeros(shape)
    np.add.at(table, (rows, columns), 1)
    expected = np.outer(table.sum(1), table.sum(0)) / count
    squared = ((table - expected) ** 2 / expected).sum() / count
    excess = (shape[0] - 1) * (shape[1] - 1) / (count - 1)
    room = min(side - (side - 1) ** 2 / (count - 1) for side in shape) - 1
    return float(np.sqrt(max(squared - excess, 0.0) / room)) if room > 0 else 0.0
