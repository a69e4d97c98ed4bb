"""Models: what is in use, how good it is, and the way to another version."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from personas.errors import InvalidInput
from service.active import MODELS, PRIOR
from service.console.charts.bars import meter
from service.console.charts.calibration import Bin, calibration
from service.console.charts.trend import Figure, trend
from service.console.desk import Desk, Form, Pages
from service.console.prose import prose
from service.console.texts import Words
from service.console.versions import Told, told_of
from service.drift import drift
from service.jobs import QUEUED, RUNNING, Job
from service.training import activate, train
from training.registry import VersionInfo

pages = Pages()
MOST_SHIFTS = 6  # features that changed
LEAST_VERSIONS = 2  # of a figure, to see how it goes
MEASURED = {  # figure → whose it is, and its name
    "stability": ("personas", "personas.stability"),
    "calibration": ("phases", "models.error"),
    "ndcg": ("ranker", "models.ndcg"),
}


@dataclass(frozen=True)
class Card:
    """A model in use.

    Attributes:
        version: in which it was learned; None for the expert's word.
        text: its card.
        curve: does what it says hold? None where that was not measured.
        error: of the calibration.
    """

    name: str
    version: str | None
    text: Markup | None
    curve: Markup | None
    error: float | None


@dataclass(frozen=True)
class Quality:
    """How good the models were that one version brought; None of what it did not bring."""

    version: str
    created: float
    active: bool
    personas: int | None
    stability: float | None
    calibration: float | None
    ndcg: float | None


@pages.show("/models")
async def models(desk: Desk) -> Response:
    """Versions, cards and how good they are."""
    state, site = desk.state, desk.site
    versions = await asyncio.to_thread(state.active.registry.versions, site)
    held = state.active.models(site)
    told = await asyncio.to_thread(_all_told, desk, versions)
    jobs = [job for job in state.jobs.listed(site) if job.kind == "train"]
    running = next((job for job in jobs if job.status in (QUEUED, RUNNING)), None)
    moved = await drift(state, site)
    quality = [each for info in versions if (each := _quality(info, told)) is not None]
    return desk.page(
        "models.html",
        versions=versions,
        held=held,
        cards=[_card(desk, name, held.versions.get(name, PRIOR), told) for name in MODELS],
        quality=quality,
        trends=trends_of(desk.words, quality, held.versions),
        running=running,
        last=None if running is not None else next(iter(jobs), None),
        outcome=_outcome,
        moved=moved,
        shifts=[each for each in moved["features"] if each["verdict"] != "steady"][:MOST_SHIFTS],
        bar=meter,
        names=MODELS,
    )


def _all_told(desk: Desk, versions: Sequence[VersionInfo]) -> dict[str, Mapping[str, Told]]:
    registry = desk.state.active.registry
    return {each.version: told_of(registry, desk.site, each.version) for each in versions}


def _card(desk: Desk, name: str, version: str, told: Mapping[str, Mapping[str, Told]]) -> Card:
    found = next(
        (each[name] for each in told.values() if name in each and each[name].version == version),
        None,
    )
    if found is None:
        return Card(name, None, None, None, None)
    measured = found.settings.get("calibration", {})
    bins = [
        Bin(each["confidence"], each["hits"], each["touchpoints"])
        for each in measured.get("reliability", ())
    ]
    axes = desk.words("models.said"), desk.words("models.held")
    title = desk.words("models.calibration")
    curve = calibration(title, bins, axes, desk.words.percent) if bins else None
    return Card(name, version, prose(found.card), curve, measured.get("error"))


def _quality(info: VersionInfo, told: Mapping[str, Mapping[str, Told]]) -> Quality | None:
    own = {
        name: each.settings
        for name, each in told.get(info.version, {}).items()
        if each.version == info.version
    }
    if not own:
        return None
    people = own.get("personas", {}).get("personas")
    stability = people[0].get("quality", {}).get("stability") if people else None
    return Quality(
        info.version,
        info.created,
        info.active,
        None if people is None else len(people),
        stability,
        own.get("phases", {}).get("calibration", {}).get("error"),
        own.get("ranker", {}).get("figures", {}).get("ndcg"),
    )


def trends_of(
    words: Words, quality: Sequence[Quality], used: Mapping[str, str]
) -> list[tuple[str, Markup]]:
    """Name and chart of each figure that was measured more than once."""
    told = []
    for figure, (model, called) in MEASURED.items():
        figures = [
            Figure(
                words.moment(each.created),
                getattr(each, figure),
                each.version == used.get(model),
            )
            for each in sorted(quality, key=lambda each: each.created)
            if getattr(each, figure) is not None
        ]
        if len(figures) >= LEAST_VERSIONS:
            name = f"{words(f'models.name-{model}')}: {words(called)}"
            told.append((name, trend(name, figures, lambda value: words.number(value, 2))))
    return told


def _outcome(job: Job) -> list[tuple[str, bool, str]]:
    """What a training did with each model: name, whether it is used, why."""
    told: Mapping[str, Any] = job.result.get("models", {})
    return [(name, bool(each["trained"]), str(each["why"])) for name, each in told.items()]


@pages.do("/models/train")
async def begin(desk: Desk, form: Form) -> Response:
    """Learn anew from everything that came in."""
    chosen = form.all("model")
    if not set(chosen) <= set(MODELS):
        raise InvalidInput(f"Choose among {', '.join(MODELS)}.", "unknown-model", "/model")
    waiting = (job for job in desk.state.jobs.listed(desk.site) if job.kind == "train")
    if not any(job.status in (QUEUED, RUNNING) for job in waiting):
        train(desk.state, desk.site, chosen, desk.now)
    return desk.there("/models")


@pages.do("/models/activate")
async def use(desk: Desk, form: Form) -> Response:
    """Use another version, also an older one."""
    await activate(desk.state, desk.site, form.text("version", 100))
    return desk.there("/models")
