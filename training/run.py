"""Train a site's models from its event log: `python -m training.run --log DIR --registry DIR`.

Progress and result are told as `training/process.py` says.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from personas.errors import NotEnoughData
from training.content_vectors import read_vectors
from training.dataset import SiteData, opened_site
from training.fitting import Fitted, Progress
from training.process import ran, tell
from training.registry import Artefact, Registry

Fit = Callable[[SiteData, Artefact | None, Progress, float, int], Fitted]


def _phases() -> Fit:
    from training.fit_phases import fit_phases

    return fit_phases


def _personas() -> Fit:
    from training.fit_personas import fit_personas

    return fit_personas


def _tagger() -> Fit:
    from training.fit_tagger import fit_site_tagger

    return fit_site_tagger


def _ranker() -> Fit:
    from training.fit_ranker import fit_ranker

    return fit_ranker


# In the order in which they build on each other; each is imported when it is asked for.
FITS: dict[str, Callable[[], Fit]] = {
    "phases": _phases,
    "personas": _personas,
    "tagger": _tagger,
    "ranker": _ranker,
}
SCRATCH = ".scratch"  # in the registry's folder: what does not fit into memory, while it is used
LOADING = 0.1  # share of the work


def train(
    log: Path,
    registry: Registry,
    site: str,
    models: Sequence[str],
    progress: Progress,
    now: float,
    seed: int = 0,
) -> dict[str, Any]:
    """Train, write a version, and activate it.

    Models that are worse than those in use, or lack data, stay as they are; the result says so.

    Args:
        log: folder of the event log.
        models: some of `FITS`, trained in its order.

    Returns:
        {"version", "models": {name: {"trained", "why", …figures}}}; the version is None where
        nothing was learned.
    """
    progress(0.0, "reading the event log")
    vectors = read_vectors(registry.folder, site)
    with opened_site(log, site, registry.folder / SCRATCH, seed) as data:
        return _trained(replace(data, vectors=vectors), registry, site, models, progress, now, seed)


def _trained(
    data: SiteData,
    registry: Registry,
    site: str,
    models: Sequence[str],
    progress: Progress,
    now: float,
    seed: int,
) -> dict[str, Any]:
    visitors = data.everyone.count
    before = registry.in_use(site)
    chosen = [name for name in FITS if name in models]
    fitted: list[Fitted] = []
    told: dict[str, Any] = {}
    data = _with_personas(data, before.get("personas"))
    for number, name in enumerate(chosen):
        step = _step(progress, name, number, len(chosen))
        try:
            found = FITS[name]()(data, before.get(name), step, now, seed)
        except NotEnoughData as error:
            told[name] = {"trained": False, "why": str(error)}
            continue
        told[name] = {"trained": found.activate, "why": found.why, **found.report}
        if found.activate:
            fitted.append(found)
            data = _with_personas(data, found)
    version: str | None = None
    if fitted:
        version = registry.write(site, fitted, now, {"visitors": visitors})
        registry.activate(site, version)
    return {"version": version, "visitors": visitors, "models": told}


def _with_personas(data: SiteData, found: Artefact | Fitted | None) -> SiteData:
    """The same, and who visitors are, if this tells it."""
    if found is None or found.name != "personas":
        return data
    from training.fit_personas import persona_model

    return replace(data, personas=persona_model(found))


def _step(progress: Progress, name: str, number: int, count: int) -> Progress:
    def told(share: float, what: str) -> None:
        done = (number + share) / count
        progress(LOADING + (1 - LOADING) * done, f"{name}: {what}")

    return told


def main(arguments: Sequence[str] | None = None) -> int:
    """The program; ends with 1, and a sentence on standard error, where training failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--registry", type=Path, required=True)
    parser.add_argument("--site", default="default")
    parser.add_argument("--models", nargs="+", choices=FITS, default=list(FITS))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(arguments)
    registry, now = Registry(args.registry), time.time()
    return ran(lambda: train(args.log, registry, args.site, args.models, tell, now, args.seed))


if __name__ == "__main__":
    sys.exit(main())
