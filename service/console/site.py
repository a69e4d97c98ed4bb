"""The console within the application."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.routing import Route

from service.console import (
    content,
    coverage,
    door,
    imports,
    journey,
    models,
    overview,
    persona_edits,
    personas,
    review,
    settings,
    slots,
    trials,
    visitors,
)
from service.console.attempts import Attempts
from service.console.frame import static
from service.console.news import Idle

PAGES = (
    overview.pages,
    persona_edits.pages,  # before the page of one persona, whose address takes any name
    personas.pages,
    journey.pages,
    coverage.pages,
    content.pages,
    review.pages,
    imports.pages,
    slots.pages,
    trials.pages,
    visitors.pages,
    models.pages,
    settings.pages,
    door.pages,
)  # the last one answers what no other does


def install(app: FastAPI) -> None:
    """Serve the console at /console."""
    app.state.console_attempts = Attempts()
    app.state.console_idle = Idle()
    app.router.routes.append(Route("/console/static/{digest}/{name}", static))
    app.router.routes.extend(door.OPEN)
    for pages in PAGES:
        app.router.routes.extend(pages)
