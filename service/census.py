"""Censuses: taken beside the requests, and answered from until the next; each tells its age."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import structlog

from personas.entities import VisitorKey
from personas.errors import CorruptArtefact
from service.active import PRIOR
from service.jobs import run_python
from training.census_file import Census, mark_of

if TYPE_CHECKING:
    from service.state import State

FOLDER = "census"  # in the data folder
PATIENCE = 8.0  # seconds that a request waits for a census of what is in use now
WAITS: ContextVar[float] = ContextVar("waits", default=PATIENCE)  # whoever shows a page waits less
OLD = 3600.0  # seconds after which it is taken again where messages came since
TRY_AGAIN = 30.0  # seconds after one that failed
logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Taken:
    """A census that answers.

    Attributes:
        current: False where models or people's decisions have changed since.
    """

    census: Census
    about: Mapping[str, Any]
    current: bool


class Censuses:
    """The census of each site."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()  # one at a time, of all sites
        self._under_way: dict[str, asyncio.Event] = {}
        self._erased: dict[str, set[str]] = {}  # since the census under way began to read
        self._positions: dict[str, int] = {}  # of the log, where the last census began to read
        self._failed: dict[str, float] = {}

    async def latest(self, state: State, site: str) -> Taken | None:
        """The site's census, or None while the first one is being taken.

        Where models or decisions have changed, a new one is waited for a little; where messages
        came, one is taken beside.
        """
        taken = await self._read(state, site)
        if taken is None or not taken.current:
            done = self.take(state, site)
            try:
                await asyncio.wait_for(done.wait(), WAITS.get())
            except TimeoutError:
                return taken
            return await self._read(state, site)
        age = time.time() - float(taken.about["takenAt"])
        if age > OLD and self._positions.get(site) != state.log.position:
            self.take(state, site)
        return taken

    def take(self, state: State, site: str) -> asyncio.Event:
        """Begin to take a census, unless one is under way; the event is set when it is there."""
        done = self._under_way.get(site)
        if done is None:
            done = self._under_way[site] = asyncio.Event()
            if time.monotonic() - self._failed.get(site, -TRY_AGAIN) < TRY_AGAIN:
                del self._under_way[site]
                done.set()
            else:
                state.beside(self._take(state, site, done), "census")
        return done

    async def forget(self, state: State, site: str, keys: Sequence[VisitorKey]) -> None:
        """Take a visitor out, who is erased from the log already."""
        ids = {str(key) for key in keys}
        if site in self._erased:
            self._erased[site] |= ids
        path = _path(state, site)
        if path.exists():
            await asyncio.to_thread(Census(path).forget, ids)

    async def _read(self, state: State, site: str) -> Taken | None:
        census = Census(_path(state, site))
        try:
            about = await asyncio.to_thread(census.about)
        except CorruptArtefact:
            return None
        return Taken(census, about, about["mark"] == _mark(state, site))

    async def _take(self, state: State, site: str, done: asyncio.Event) -> None:
        path = _path(state, site)
        fresh = path.with_name("fresh.sqlite")
        try:
            async with self._turn:
                self._erased[site] = set()
                position, mark = state.log.position, _mark(state, site)
                log, models = state.settings.event_log_folder, state.active.registry.folder
                folders = ["--log", str(log), "--registry", str(models), "--out", str(fresh)]
                await run_python("training.census", [*folders, "--site", site], _unheard)
                while gone := self._erased[site]:
                    self._erased[site] = set()
                    await asyncio.to_thread(Census(fresh).forget, gone)
                fresh.replace(path)
                self._positions[site] = position
                self._failed.pop(site, None)
                taken = await self._read(state, site)
                stale = taken is None or not taken.current
                if stale and mark == _mark(state, site):  # one more would be no better
                    self._failed[site] = time.monotonic()
        except (RuntimeError, OSError, CorruptArtefact) as error:
            self._failed[site] = time.monotonic()
            logger.warning("census-failed", site=site, reason=str(error))
        finally:
            self._erased.pop(site, None)
            self._under_way.pop(site, None)
            done.set()


def _unheard(share: float, what: str) -> None:
    """Nobody follows a census."""


def _path(state: State, site: str) -> Path:
    name = quote(site, safe="").replace(".", "%2E") or "%"
    return state.settings.data_dir / FOLDER / name / "census.sqlite"


def _mark(state: State, site: str) -> str:
    versions, held = state.active.models(site).versions, state.sites.of(site)
    personas, phases = (
        None if (version := versions.get(name, PRIOR)) == PRIOR else version
        for name in ("personas", "phases")
    )
    return mark_of(personas, held.decisions, held.allow_sensitive, phases)
