"""Look at all visitors once: who belongs to which persona, and are they still those of the fit?

`python -m training.census --log DIR --registry DIR --out FILE` writes a file for the service to
answer from. Visitors are read some thousand at a time.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from personas.drift import Profile, Scale, added, profile, report, scales_from_json
from personas.entities import Array
from personas.features import Features
from personas.hand import edits_of
from personas.persona_model import NOBODY_YET, PersonaModel
from personas.phases import PhaseModel, expert_model
from training.census_file import CensusWriter, Member, mark_of, written
from training.dataset import facts_of, load_told, sampled_site
from training.everyone import Part
from training.fit_personas import persona_model
from training.fitting import Progress
from training.journey_census import MOST_TOUCHPOINTS, journeys_of
from training.population import Population
from training.population_open import opened
from training.process import ran, tell
from training.registry import Artefact, Registry


def take_census(
    log: Path, registry: Registry, site: str, out: Path, progress: Progress, now: float
) -> dict[str, Any]:
    """Write a census of a site.

    Args:
        out: the file; what does not fit into memory is kept beside it meanwhile.

    Returns:
        What the census was taken of.
    """
    progress(0.0, "reading the event log")
    artefacts = registry.in_use(site)
    artefact, phases = artefacts.get("personas"), artefacts.get("phases")
    told = load_told(log, site)
    decisions = told.settings.get("persona", {})
    sensitive = bool(told.settings.get("option", {}).get("allowSensitive", {}).get("value"))
    learned = NOBODY_YET if artefact is None else persona_model(artefact)
    version = None if artefact is None else artefact.version
    facts = facts_of(told.contents.values())
    with opened(log, site, out.parent) as population, written(out) as writer:
        count, newest = population.count, population.newest
        taking = _Taking(learned, learned.edited(edits_of(decisions)), _scales(artefact), newest)
        for part in population.parts(facts, sensitive):
            taking.add(part, population, writer)
            progress(0.2 + 0.5 * taking.visitors / max(count, 1), "looking at visitors")
        about = {
            "mark": mark_of(
                version, decisions, sensitive, None if phases is None else phases.version
            ),
            "version": version,
            "takenAt": now,
            "newest": newest,
            "visitors": taking.visitors,
        }
        data = sampled_site(log, site, population, 0, MOST_TOUCHPOINTS)
        journeys = journeys_of(data, _phases(phases), taking.edited, sensitive, progress)
        drift = _drift(artefact, learned, taking.profile)
        writer.finish(about | {"drift": drift, "journeys": journeys})
    return about


class _Taking:
    """What was counted so far."""

    def __init__(
        self, learned: PersonaModel, edited: PersonaModel, scales: list[Scale], newest: float
    ) -> None:
        self._learned, self.edited = learned, edited
        self._scales, self._newest = scales, newest
        self.visitors = 0
        self.profile: Profile | None = None

    def add(self, part: Part, population: Population, writer: CensusWriter) -> None:
        own = _memberships(self._learned, part.rows)
        if self._scales:
            fresh = profile(self._scales, part.rows, part.seen, own, self._newest)
            self.profile = added(self.profile, fresh)
        shown = own if self.edited is self._learned else _memberships(self.edited, part.rows)
        winners = shown.argmax(1)
        names = [identity for identity, _ in self.edited.names]
        writer.add(
            Member(names[winner], tuple(map(str, ids)), float(belonging[winner]))
            for winner, ids, belonging in zip(
                winners.tolist(), population.ids(part.visitors), shown, strict=True
            )
        )
        self.visitors += len(part.rows)


def _drift(
    artefact: Artefact | None, learned: PersonaModel, now: Profile | None
) -> dict[str, Any] | None:
    """What changed since the fit; None before any training, or where too little is known."""
    population = {} if artefact is None else artefact.settings.get("population", {})
    found = report(population, now) if population and now is not None else None
    if found is None:
        return None
    ids = [identity for identity, _ in learned.names]
    return found | {"ids": ids, "until": population["until"]}


def _memberships(model: PersonaModel, rows: Sequence[Features]) -> Array:
    """Memberships [visitor, persona]."""
    if model.mixture is None:
        return np.ones((len(rows), len(model.personas)))
    return model.mixture.predict_proba(rows)


def _phases(artefact: Artefact | None) -> PhaseModel:
    return expert_model() if artefact is None else PhaseModel.from_arrays(artefact.arrays)


def _scales(artefact: Artefact | None) -> list[Scale]:
    told = {} if artefact is None else artefact.settings.get("population", {})
    return scales_from_json(told.get("scales", ()))


def main(arguments: Sequence[str] | None = None) -> int:
    """The program; ends with 1, and a sentence on standard error, where it failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--registry", type=Path, required=True)
    parser.add_argument("--site", default="default")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(arguments)
    registry, now = Registry(args.registry), time.time()
    return ran(lambda: take_census(args.log, registry, args.site, args.out, tell, now))


if __name__ == "__main__":
    sys.exit(main())
