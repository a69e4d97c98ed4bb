"""Imports of content: feeds, sitemaps, tables."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from personas.entities import CONTENT_TYPES
from personas.errors import InvalidInput
from service.auth import Caller, needs
from service.fetching_addresses import LONGEST_URL, NotFetched
from service.importing import start_import
from service.importing_rows import count_rows
from service.importing_task import Task, fetcher_of
from service.jobs import Job
from service.routes.bodies import Body, Configuration, Limits, answer
from service.routes.jobs import shown_job
from service.state import State, state_of

router = APIRouter(prefix="/v1", tags=["Content"])
TheState = Annotated[State, Depends(state_of)]
Editor = Annotated[Caller, Depends(needs("secret", "content"))]
Source = Literal["feedUrl", "sitemapUrl", "csv", "jsonl"]
TABLES = Limits(raw=8 << 20, inflated=32 << 20)
CHECK_S = 3.0  # for a first look at the host; a slow resolver is waited for by the job


class NewImport(Configuration):
    """Where content comes from: one of `feedUrl`, `sitemapUrl`, `csv` and `jsonl`."""

    feed_url: str | None = Field(
        None, max_length=LONGEST_URL, description="Of an RSS or Atom feed, or a JSON Feed."
    )
    sitemap_url: str | None = Field(
        None, max_length=LONGEST_URL, description="Of a sitemap or an index of sitemaps."
    )
    csv: str | None = Field(
        None,
        min_length=1,
        description="A table with a head of fields, as in `id,url,title,body,properties.price`.",
    )
    jsonl: str | None = Field(None, min_length=1, description="One item a line.")
    type: str | None = Field(None, description="Content type of what the source tells none of.")
    locale: str | None = Field(None, max_length=35, description="Likewise, as in `en-GB`.")
    most_pages: int | None = Field(None, ge=1, description="Pages at most.")
    full: bool = Field(False, description="Read again what seems not to have changed.")

    def source(self) -> tuple[Source, str]:
        """Which source was named, and what was said of it.

        Raises:
            InvalidInput: none, or several.
        """
        told = self.model_dump(by_alias=True)
        named = [(name, told[name]) for name in get_args(Source) if told[name] is not None]
        if len(named) != 1:
            detail = "Name one source: feedUrl, sitemapUrl, csv or jsonl."
            raise InvalidInput(detail, "one-source", f"/{named[1][0]}" if named else "")
        return named[0]

    def defaults(self) -> dict[str, Any]:
        """Fields for what the source does not tell."""
        if self.type is not None and self.type not in CONTENT_TYPES:
            detail = f"There is no such type. Known: {', '.join(CONTENT_TYPES)}."
            raise InvalidInput(detail, "unknown-type", "/type")
        told = {"type": self.type, "locale": self.locale}
        return {name: value for name, value in told.items() if value is not None}


@router.post("/content:import", status_code=202)
async def import_content(
    caller: Editor, state: TheState, body: Annotated[NewImport, Body(NewImport, TABLES)]
) -> Response:
    """Import content from a feed, a sitemap or a table. Location says where to ask how far it is.

    What did not change since the last import is not fetched again, robots.txt is obeyed, and a
    restart of the service takes the import up where it was.
    """
    job = await begun(state, caller.site, body, time.time())
    return answer(shown_job(job), 202, {"Location": f"/v1/jobs/{job.id}"})


async def begun(state: State, site: str, body: NewImport, now: float) -> Job:
    """An import that was asked for, under way.

    Raises:
        InvalidInput: from there nothing can be imported.
    """
    name, value = body.source()
    most = min(
        body.most_pages or state.settings.import_most_pages, state.settings.import_most_pages
    )
    if name in ("feedUrl", "sitemapUrl"):
        url = await _checked(state, value, f"/{name}")
        task, table = Task(url=url, most=most, full=body.full, defaults=body.defaults()), b""
    else:
        table = value.encode("utf-8", "replace")
        rows = await asyncio.to_thread(_rows, name, table)
        task = Task(table=name, rows=rows, defaults=body.defaults())
    return await start_import(state, site, task, table, now)


async def _checked(state: State, url: str, pointer: str) -> str:
    """The URL, if it may be fetched as far as can be told at once."""
    try:
        async with asyncio.timeout(CHECK_S):
            return (await fetcher_of(state).check(url)).url
    except TimeoutError:
        return url
    except NotFetched as error:
        if error.code == "unknown-host":  # it may be back when the job begins
            return url
        raise InvalidInput(error.detail, error.code, pointer) from None


def _rows(name: str, table: bytes) -> int:
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"{name}.{name}"
        file.write_bytes(table)
        try:
            return count_rows(file)
        except InvalidInput as error:
            raise InvalidInput(error.detail, "invalid-table", f"/{name}") from None
