"""What an import is to do, and what all imports need."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from personas.errors import StoreUnavailable
from service.fetching import Fetcher

if TYPE_CHECKING:
    from service.state import State

TASKS = "import-job/"
TRY_AGAIN_S = 1.0
T = TypeVar("T")


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


def fetcher_of(state: State) -> Fetcher:
    """A fetcher as the settings have it."""
    settings = state.settings
    return Fetcher(settings.import_user_agent, private=settings.import_allow_private)


def table_of(state: State, task: Task) -> Path:
    """Where a table lies until it is imported."""
    return state.settings.data_dir / "imports" / f"{task.id}.{task.table}"


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Once the store answers: an import has time."""
    while True:
        with suppress(StoreUnavailable):
            return await work()
        await asyncio.sleep(TRY_AGAIN_S)
