"""Content from feeds, sitemaps and tables: a job that a restart takes up where it was.

What is to be done is a document of the store; what became of each page is another, written after
its content. Ids are the pages' own, so that whatever is done twice is there once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from service.importing_rows import import_rows
from service.importing_run import import_pages
from service.importing_task import TASKS, Task, patiently, table_of
from service.jobs import DOCUMENT, IMPORT, Job, Report, new_id

if TYPE_CHECKING:
    from service.state import State

logger = structlog.get_logger(__name__)


async def start_import(state: State, site: str, task: Task, table: bytes, now: float) -> Job:
    """Begin an import; when this returns, it survives a restart.

    Raises:
        StoreUnavailable: nothing was begun.
    """
    task = replace(task, id=new_id(), owner=state.log.id, created=now)
    if task.table is not None:
        await asyncio.to_thread(_keep_table, table_of(state, task), table)
    job = Job(task.id, site, IMPORT, created=now)
    kept = {TASKS + task.id: task.written(), DOCUMENT + task.id: orjson.dumps(job.to_json())}
    await state.store.put_documents(site, kept)
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
    done = import_pages if task.table is None else import_rows

    async def work(report: Report) -> Mapping[str, Any]:
        return await done(state, site, task, report)

    forget = partial(_forget, state, site, task)
    return state.jobs.start(site, IMPORT, work, task.created, task.id, forget)


async def _forget(state: State, site: str, task: Task) -> None:
    await patiently(partial(state.store.put_documents, site, {TASKS + task.id: None}))
    if task.table is not None:
        table_of(state, task).unlink(missing_ok=True)
