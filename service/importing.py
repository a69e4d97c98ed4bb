"""Content from feeds, sitemaps and tables: a job that a restart takes up where it was.

What is to be done is a document of the store; what became of each page is another, written after
its content. Ids are the pages' own, so that whatever is done twice is there once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
import structlog

from personas.errors import StoreUnavailable
from service.fetching import Fetcher
from service.jobs import IMPORT, Job, Report, new_id

if TYPE_CHECKING:
    from service.state import State

TASKS = "import-job/"
TRY_AGAIN_S = 1.0
T = TypeVar("T")
logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Task:
    """What an import is to do.

    Attributes:
        owner: the event log of the process that does it, so that a replica leaves it alone.
        url: of a feed or sitemap; None for a table, which lies in a file.
        table: ending of that file's name.
        rows: how many rows it has; `done` of them are dealt with, `refused` could not be used.
        most: pages at most.
        full: whether what did not change is read anew as well.
        defaults: fields of content for what the source does not tell.
    """

    url: str | None = None
    table: str | None = None
    rows: int = 0
    most: int = 1_000
    full: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    owner: str = ""
    created: float = 0.0
    done: int = 0
    refused: int = 0
    failures: Sequence[Mapping[str, Any]] = ()

    def written(self) -> bytes:
        """As the store keeps it."""
        return orjson.dumps(asdict(self))


Doing = Callable[["State", str, Task, Report], Awaitable[Mapping[str, Any]]]


def fetcher_of(state: State) -> Fetcher:
    """A fetcher as the settings have it."""
    settings = state.settings
    return Fetcher(settings.import_user_agent, private=settings.import_allow_private)


def table_of(state: State, task: Task) -> Path:
    """Where a table lies until it is imported."""
    return state.settings.data_dir / "imports" / f"{task.id}.{task.table}"


async def start_import(state: State, site: str, task: Task, table: bytes, now: float) -> Job:
    """Begin an import; when this returns, it survives a restart.

    Raises:
        StoreUnavailable: nothing was begun.
    """
    task = replace(task, id=new_id(), owner=state.log.id, created=now)
    if task.table is not None:
        await asyncio.to_thread(_keep_table, table_of(state, task), table)
    await state.store.put_documents(site, {TASKS + task.id: task.written()})
    return _begun(state, site, task)


def _keep_table(file: Path, table: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(table)


async def take_up_imports(state: State) -> None:
    """Begin again what was cut off; the store may need a while."""
    for site in state.sites.all():
        kept = await patiently(partial(state.store.documents, site, TASKS))
        for written in kept.values():
            task = Task(**orjson.loads(written))
            if task.owner == state.log.id:
                logger.info("import-taken-up", site=site, job=task.id)
                _begun(state, site, task)


def _begun(state: State, site: str, task: Task) -> Job:
    async def work(report: Report) -> Mapping[str, Any]:
        try:
            return await _doing(task)(state, site, task, report)
        finally:
            await _forget(state, site, task)  # not where the service ends: that cancels this, too

    return state.jobs.start(site, IMPORT, work, task.created, task.id)


def _doing(task: Task) -> Doing:
    from service.importing_rows import import_rows
    from service.importing_run import import_pages

    return import_pages if task.table is None else import_rows


async def _forget(state: State, site: str, task: Task) -> None:
    current = asyncio.current_task()
    if current is not None and current.cancelling():
        return
    await patiently(partial(state.store.put_documents, site, {TASKS + task.id: None}))
    if task.table is not None:
        table_of(state, task).unlink(missing_ok=True)


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Once the store answers: an import has time."""
    while True:
        with suppress(StoreUnavailable):
            return await work()
        await asyncio.sleep(TRY_AGAIN_S)
