"""What all visitors say of personas that were found among some of them.

Personas are sought among as many visitors as memory holds. One pass over all of them, some at a
time, then takes one more step of expectation-maximisation, and counts who belongs to which persona.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from personas.drift import profile, profile_to_json, scales_of
from personas.entities import Array
from personas.features import Features
from personas.mixture import PersonaMixture, bound, doubting
from personas.mixture_bonds import Bond
from personas.mixture_em import Problem, posterior
from training.dataset import SiteData
from training.everyone import last_seen
from training.fitting import Progress


@dataclass(frozen=True)
class Crowd:
    """The visitors of each persona.

    Attributes:
        visitors: how many there are in all.
        sizes: whose likeliest persona it is [persona].
        sureness: mean membership of those [persona].
    """

    visitors: int
    sizes: Array
    sureness: Array

    @property
    def shares(self) -> Array:
        """Of all of them [persona]."""
        return self.sizes / max(self.visitors, 1)


def crowd_of(memberships: Array) -> Crowd:
    """Of memberships [visitor, persona] of all visitors."""
    counted = _Counted(memberships.shape[1])
    counted.add(memberships)
    return counted.crowd()


def learn_from_all(
    mixture: PersonaMixture,
    bonds: Sequence[Bond],
    data: SiteData,
    allow_sensitive: bool,
    progress: Progress,
) -> Crowd:
    """Refine a mixture, in place, by all visitors; who they are under the mixture as it came."""
    schema, parameters = mixture.schema_, mixture.parameters_
    sums, sizes = np.zeros_like(parameters.sums), np.zeros(parameters.count)
    counted = _Counted(mixture.personas)
    count = data.everyone.count
    for part in data.everyone.parts(data.facts, allow_sensitive):
        table = schema.encode(part.rows)
        components = components_of(mixture, table)
        sums += table.T @ components
        sizes += components.sum(0)
        counted.add(personas_of(mixture, components))
        progress(0.6 + 0.2 * counted.visitors / count, "learning from all visitors")
    nothing = np.broadcast_to(np.zeros((1, schema.width)), (counted.visitors, schema.width))
    problem = bound(Problem(schema, nothing, mixture.prior), bonds)
    mixture.parameters_ = problem.held(sums, sizes)
    mixture.owned(mixture.owners_)
    return counted.crowd()


def components_of(mixture: PersonaMixture, table: Array) -> Array:
    """Memberships [visitor, component] from statistics [visitor, statistic]."""
    return posterior(table @ mixture.loadings_ + mixture.log_shares_)[0]


def personas_of(mixture: PersonaMixture, components: Array) -> Array:
    """Memberships [visitor, persona]."""
    belonging = np.zeros((len(components), mixture.personas))
    for component, persona in enumerate(mixture.owners_):
        belonging[:, persona] += components[:, component]
    return doubting(belonging, mixture.shares_)


class _Counted:
    def __init__(self, personas: int) -> None:
        self.visitors = 0
        self._won, self._sure = np.zeros(personas), np.zeros(personas)

    def add(self, memberships: Array) -> None:
        winners = memberships.argmax(1)
        self.visitors += len(memberships)
        self._won += np.bincount(winners, minlength=len(self._won))
        self._sure += np.bincount(winners, memberships.max(1), minlength=len(self._won))

    def crowd(self) -> Crowd:
        sureness = np.divide(
            self._sure, self._won, out=np.zeros_like(self._won), where=self._won > 0
        )
        return Crowd(self.visitors, self._won, sureness)


def some_of(data: SiteData, most: int, seed: int) -> SiteData:
    """The same site with so many visitors at most, drawn by chance."""
    if len(data.visitors) <= most:
        return data
    chosen = np.sort(np.random.default_rng(seed).permutation(len(data.visitors))[:most])
    population = data.everyone
    return replace(data, visitors=[data.visitors[n] for n in chosen], population=population)


def population_of(
    mixture: PersonaMixture, data: SiteData, rows: Sequence[Features]
) -> dict[str, Any]:
    """What visitors were like when personas were learned, for later ones to be compared with."""
    scales = scales_of(mixture.schema_.columns, rows)
    seen = np.array([last_seen(visitor.history) for visitor in data.visitors])
    windows = profile(scales, rows, seen, mixture.predict_proba(rows), data.until)
    return {
        "until": data.until,
        "scales": [asdict(scale) for scale in scales],
        "windows": profile_to_json(windows),
    }
