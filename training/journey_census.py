"""Count a site's journeys: of all visitors, or of as many as a look at them is worth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from personas.features import features_of
from personas.journey_counts import JourneyCounts, to_json, walk
from personas.persona_model import PersonaModel
from personas.phase_model import PhaseModel
from training.dataset import SiteData
from training.everyone import VisitorData, last_seen
from training.fitting import Progress

MOST_TOUCHPOINTS = 200_000  # 0.1 ms each
AT_ONCE = 1_000  # visitors
CONTENTS, WEEKS = 300, 53  # kept


def journeys_of(
    data: SiteData,
    phases: PhaseModel,
    personas: PersonaModel,
    sensitive: bool,
    progress: Progress,
    seed: int = 0,
) -> dict[str, Any]:
    """The counts as JSON, and of how many visitors they are: `counted` of `of`.

    Args:
        sensitive: whether the site lets such traits tell personas apart.
    """
    counts = JourneyCounts(len(personas.names))
    some, newest = _sample(data.visitors, seed), _newest(data)
    for part in _parts(some):
        walks = [walk(phases, each.history, data.facts, newest, data.mapping) for each in part]
        rows = [features_of(each.history, data.facts, newest, sensitive) for each in part]
        counts.add(walks, np.stack([personas.memberships(row) for row in rows]))
        progress(float(counts.visitors.sum()) / len(some), "following journeys")
    ids = [identity for identity, _ in personas.names]
    about = {"counted": len(some), "of": data.everyone.count, "at": newest, "personas": ids}
    return about | to_json(counts, CONTENTS, WEEKS)


def _sample(visitors: Sequence[VisitorData], seed: int) -> list[VisitorData]:
    """All, or some by chance, in the order given."""
    size = sum(len(each.history.touchpoints) for each in visitors)
    if size <= MOST_TOUCHPOINTS:
        return list(visitors)
    chosen = np.random.default_rng(seed).random(len(visitors)) < MOST_TOUCHPOINTS / size
    return [each for each, wanted in zip(visitors, chosen, strict=True) if wanted]


def _newest(data: SiteData) -> float:
    return max((last_seen(each.history) for each in data.visitors), default=data.until)


def _parts(visitors: Sequence[VisitorData]) -> Iterator[Sequence[VisitorData]]:
    for start in range(0, len(visitors), AT_ONCE):
        yield visitors[start : start + AT_ONCE]
