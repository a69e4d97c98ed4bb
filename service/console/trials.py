"""Experiments and their results, and what a change would be worth before it ships."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.responses import Response

from personas.errors import InvalidInput, StoreUnavailable
from service.console.desk import Desk, Form, Pages
from service.evaluating import RESULT, evaluate
from service.jobs import Job

pages = Pages()
EVALUATE = "evaluate"
AS_SET = "as-set"
AGAINST: Mapping[str, Mapping[str, Any]] = {  # what the second arm does otherwise
    "hold-out": {"holdOut": True},
    "progress": {"slot": {"objective": "progress"}},
    "clicks": {"slot": {"objective": "clicks"}},
    "explore": {"slot": {"exploration": 0.3}},
    "diverse": {"slot": {"diversity": 0.5}},
}


@dataclass(frozen=True)
class Trial:
    """An experiment, and what came of it as far as it was looked at."""

    id: str
    value: Mapping[str, Any]
    results: Mapping[str, Any] | None


@pages.show("/recommendations/experiments")
async def experiments(desk: Desk) -> Response:
    """All experiments with their results, and the last valuation of policies."""
    settings = desk.state.sites.of(desk.site).experiment_settings
    jobs = [job for job in desk.state.jobs.listed(desk.site) if job.kind == EVALUATE]
    valued = next((job for job in jobs if "policies" in job.result), None)
    return desk.page(
        "trials.html",
        trials=[Trial(name, value, await _results(desk, name)) for name, value in settings.items()],
        slots=sorted({"default", *desk.state.sites.of(desk.site).slots}),
        against=list(AGAINST),
        valued=valued,
        last=jobs[0] if jobs else None,
        is_running=any(_is_running(job) for job in jobs),
    )


def _is_running(job: Job) -> bool:
    return job.status in ("queued", "running")


async def _results(desk: Desk, name: str) -> Mapping[str, Any] | None:
    try:
        kept = await desk.state.store.document(desk.site, RESULT + name)
    except StoreUnavailable:
        return None
    found: Mapping[str, Any] | None = orjson.loads(kept) if kept else None
    return found


@pages.do("/recommendations/experiments")
async def change(desk: Desk, form: Form) -> Response:
    """Begin an experiment, stop it, forget it, or look at what came of it."""
    name, wish = form.text("id", 256), form.text("do")
    settings = desk.state.sites.of(desk.site).experiment_settings
    if wish == "begin":
        value = _begun(form)
        if not name:
            raise InvalidInput("Give the experiment a name.", "too-few", "/id")
        await desk.state.sites.set(desk.site, "experiment", name, value, desk.now)
    elif name not in settings:
        raise InvalidInput("There is no such experiment.", "unknown-experiment", "/id")
    elif wish == "evaluate":
        evaluate(desk.state, desk.site, {"experiment": name}, desk.now)
    else:
        kept = None if wish == "forget" else {**settings[name], "status": "stopped"}
        await desk.state.sites.set(desk.site, "experiment", name, kept, desk.now)
    return desk.there("/recommendations/experiments")


def _begun(form: Form) -> dict[str, Any]:
    """Two arms: as things are set, and one way otherwise, for a share of the visitors."""
    otherwise = AGAINST.get(form.text("against"))
    if otherwise is None:
        detail = f"Choose one of {', '.join(AGAINST)}."
        raise InvalidInput(detail, "unknown-arm", "/against")
    try:
        share = float(form.text("share", 12).rstrip("% ").replace(",", ".")) / 100
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise InvalidInput("The share is between 0 and 100 per cent.", "invalid-share", "/share")
    plain: dict[str, Any] = {"version": None, "slot": None, "holdOut": False}
    return {
        "arms": [
            {"id": AS_SET, "weight": 1 - share, **plain},
            {"id": form.text("against"), "weight": share, **plain, **otherwise},
        ],
        "slots": [slot] if (slot := form.text("slot", 256)) else [],
        "status": "running",
    }


@pages.do("/recommendations/value")
async def value_policies(desk: Desk, form: Form) -> Response:
    """What would other ways of choosing have been worth?"""
    asked: dict[str, Any] = {
        "reward": "conversions" if form.text("reward") == "conversions" else "clicks"
    }
    if slot := form.text("slot", 256):
        asked["slot"] = slot
    evaluate(desk.state, desk.site, asked, desk.now)
    return desk.there("/recommendations/experiments")
