"""The ASGI application: routes, what goes around them, and one lifespan."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI

from service import problems
from service.direct import DirectRoutes
from service.envelope import Envelope
from service.logs import AccessLog
from service.openapi import describe
from service.routes import (
    content,
    content_lists,
    coverage,
    docs,
    drift,
    events,
    experiments,
    health,
    imports,
    jobs,
    journeys,
    personas,
    recommendations,
    sites,
    slots,
    stubs,
    touchpoints,
    visitors,
    webhooks,
)
from service.routes.paths import RawPaths
from service.settings import Settings
from service.state import opened

ROUTERS = (
    content.router,
    content_lists.router,
    coverage.router,
    imports.router,
    webhooks.router,
    recommendations.router,
    visitors.router,
    personas.router,
    drift.router,
    journeys.router,
    sites.router,
    slots.router,
    experiments.router,
    jobs.router,
    health.router,
    stubs.router,
    touchpoints.router,
    docs.router,
)
DIRECT = (events.direct, recommendations.direct)


class Fingerpost(FastAPI):
    """FastAPI with our own /openapi.json."""

    direct: DirectRoutes

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = describe(self, self.direct, version("fingerpost"))
        return self.openapi_schema


def create_app(settings: Settings) -> FastAPI:
    """The application; its parts are opened when it starts and closed when it ends."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opened(settings) as state:
            app.state.fingerpost = state
            shared = settings.store_url is not None
            state.always(partial(state.sites.follow, shared=shared), "sites")
            show_keys(state.sites.fresh_keys)
            yield

    app = Fingerpost(
        title="Fingerpost",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect counts as delivered with some clients
    )
    app.direct = DirectRoutes.of(*DIRECT)
    app.router.routes.extend(app.direct.routes())
    for router in ROUTERS:  # flat: `include_router` would nest them, and each request search twice
        app.router.routes.extend(router.routes)
    if settings.demo:
        from service.demo import site

        app.mount("/demo/static", site.static)
        app.router.routes.extend(site.router.routes)
    if settings.console:
        from service.console import site as console

        console.install(app)
    problems.install(app)
    logged = settings.access_log and settings.log_level in ("debug", "info")
    app.add_middleware(
        Envelope,
        direct=app.direct,
        origins=settings.allowed_origins,
        most=settings.most_requests,
        log=AccessLog(settings.log_format) if logged else None,
    )
    app.add_middleware(RawPaths)
    return app


def show_keys(keys: dict[str, str]) -> None:
    """The keys that the first start made: on the terminal this once, and never in a log."""
    if not keys:
        return
    words = {"publishable": "for web pages", "secret": "for servers: keep it to yourself"}
    lines = [f"  {kind:12} {key}   ({words[kind]})" for kind, key in keys.items()]
    print("\nKeys of site `default`, shown this once:", *lines, "", sep="\n", file=sys.stderr)  # noqa: T201 - not a log line
