"""Imports of content: started here, and followed until they end."""

from __future__ import annotations

from starlette.responses import Response

from personas.errors import InvalidInput
from service.console.charts.bars import meter
from service.console.desk import Desk, Form, Pages
from service.routes.imports import NewImport, begun

pages = Pages()
IMPORT = "import"
SOURCES = ("sitemapUrl", "feedUrl", "csv", "jsonl")


@pages.show("/content/import")
async def imports(desk: Desk) -> Response:
    """Where content may come from, and the imports under way."""
    jobs = [job for job in desk.state.jobs.listed(desk.site) if job.kind == IMPORT]
    running = [job for job in jobs if job.status in ("queued", "running")]
    return desk.page("imports.html", jobs=jobs, is_running=bool(running), bar=meter)


@pages.do("/content/import")
async def start(desk: Desk, form: Form) -> Response:
    """Begin an import from an address or a table."""
    source = form.text("source")
    if source not in SOURCES:
        raise InvalidInput(f"Choose a source among {', '.join(SOURCES)}.", "one-source", "/source")
    told = form.text("table", 250_000) if source in ("csv", "jsonl") else form.text("url", 2000)
    if not told:
        raise InvalidInput("Say where the content comes from.", "one-source", f"/{source}")
    await begun(desk.state, desk.site, NewImport.model_validate({source: told}), desk.now)
    return desk.there("/content/import")
