"""An import of the rows of a table, which lies in a file."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personas.errors import InvalidInput
from service.content_write import put_many
from service.importing_pages import FAILED, MOST_TOLD, STORED
from service.importing_task import TASKS, Task, patiently, table_of
from service.jobs import Report
from service.rows import Row, read_rows

if TYPE_CHECKING:
    from service.state import State

TOGETHER = 64  # rows that are saved together


def count_rows(file: Path) -> int:
    """How many rows a table has.

    Raises:
        InvalidInput: it cannot be read; names the line.
    """
    return sum(1 for _ in read_rows(file))


def row_document(row: Row, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """A row as a content item; one without an id is known by its URL."""
    value = row.of_kind("content").value
    given = {name: cell for name, cell in value.items() if cell not in (None, "")}
    if "id" not in given and "url" in given:
        given["id"] = given["url"]
    return {**defaults, **given}


async def import_rows(state: State, site: str, task: Task, report: Report) -> Mapping[str, Any]:
    """Import what is left of a table."""
    left = islice(read_rows(table_of(state, task)), task.done, None)
    while rows := await asyncio.to_thread(lambda: list(islice(left, TOGETHER))):
        report(task.done / max(task.rows, 1), _words(task))
        documents = [row_document(row, task.defaults) for row in rows]
        results = await put_many(state, site, documents, time.time())
        pairs = list(zip(rows, results, strict=True))
        refused = [_failure(row, bad) for row, bad in pairs if isinstance(bad, InvalidInput)]
        task = replace(
            task,
            done=task.done + len(rows),
            refused=task.refused + len(refused),
            failures=[*task.failures, *refused][:MOST_TOLD],
        )
        kept = {TASKS + task.id: task.written()}
        await patiently(partial(state.store.put_documents, site, kept))
    counts = {"total": task.done, STORED: task.done - task.refused, FAILED: task.refused}
    return {"detail": _words(task), **counts, "failures": list(task.failures)}


def _words(task: Task) -> str:
    failed = f"; {task.refused:,} failed" if task.refused else ""
    return f"{task.done:,} of {task.rows:,} rows{failed}"


def _failure(row: Row, error: InvalidInput) -> dict[str, Any]:
    told = {"pointer": error.pointer, "code": error.code, "detail": error.detail}
    return {"row": row.number, **told}
