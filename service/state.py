"""What a running service holds: opened and closed in one lifespan."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import structlog
from starlette.requests import Request

from embeddings.encoder import Encoder, open_encoder
from embeddings.index_open import open_index
from embeddings.index_spaces import SpacedIndex
from personas.errors import StoreUnavailable
from service.active import ActiveModels
from service.aside import Aside
from service.census import Censuses
from service.consenting import Consents
from service.content import Catalogues
from service.content_mending import mend
from service.content_teaching import teach
from service.coverage_audience import Audiences
from service.folding import Folding, catch_up, note_position, restore_settings
from service.following import follow
from service.identity import Refusals
from service.importing import take_up_imports
from service.jobs import Jobs
from service.joint import JointPasts
from service.keeping import keep
from service.metrics import Metrics
from service.persona_sample import Samples
from service.personas import EditedPersonas
from service.recommend_contents import keep_ready
from service.settings import Settings
from service.sites import Sites
from service.store import Store
from service.store_redis import open_store
from service.trends import AllTrends
from service.webhooks import Turns, take_up_deliveries
from training.eventlog import EventLog
from training.registry import Registry

BEGIN_AGAIN_S = 5.0  # after a failure of what runs as long as the service
TRIES, TRY_AGAIN_S = 20, 0.25  # of the store when the service starts
logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class State:
    """The parts of one running service."""

    settings: Settings
    log: EventLog
    store: Store
    index: SpacedIndex
    encoder: Encoder
    active: ActiveModels
    jobs: Jobs
    sites: Sites
    catalogues: Catalogues
    trends: AllTrends
    metrics: Metrics
    identity: Refusals
    folding: Folding = field(default_factory=Folding)
    consents: Consents = field(default_factory=Consents)
    joint_pasts: JointPasts = field(default_factory=JointPasts)
    personas: EditedPersonas = field(default_factory=EditedPersonas)
    censuses: Censuses = field(default_factory=Censuses)
    samples: Samples = field(default_factory=Samples)
    audiences: Audiences = field(default_factory=Audiences)
    turns: Turns = field(default_factory=Turns)
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    aside: Aside = field(default_factory=Aside)
    random: np.random.Generator = field(default_factory=np.random.default_rng)

    def beside(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        """Runs beside the requests; a failure is logged, and ends nothing else."""
        task = asyncio.create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self._done)

    def always(self, work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        """Runs beside the requests as long as the service; after a failure it begins again."""
        self.beside(kept_going(work, name), name)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("background-work-failed", work=task.get_name(), exc_info=task.exception())


async def kept_going(
    work: Callable[[], Coroutine[Any, Any, None]], name: str, pause: float = BEGIN_AGAIN_S
) -> None:
    """Work that begins again, some seconds after an error that nobody foresaw."""
    while True:
        try:
            return await work()
        except Exception:
            logger.exception("background-work-failed", work=name)
            await asyncio.sleep(pause)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[State]:
    """A service's parts, opened in their order and closed in reverse.

    The store catches up with the log before this returns, unless it was emptied: then sites and
    content are restored first, and visitors beside the requests.
    """
    folder = settings.data_dir
    folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as closing:
        log = await asyncio.to_thread(EventLog.open, settings.event_log_folder)
        closing.push_async_callback(log.close)
        store = await open_store(settings.store_url, folder / "store")
        closing.push_async_callback(store.close)
        spaces = await asyncio.to_thread(open_index, settings.index_url, folder / "index")
        index = SpacedIndex(spaces, settings.encoder)
        closing.callback(index.close)
        encoder = open_encoder(settings.encoder)
        closing.push_async_callback(encoder.close)
        metrics, sites = Metrics(), Sites(store, log)
        jobs = Jobs(settings.event_log_folder, folder / "models", store)
        closing.push_async_callback(jobs.close)
        state = State(
            settings=settings,
            log=log,
            store=store,
            index=index,
            encoder=encoder,
            active=ActiveModels(
                Registry(folder / "models"), metrics.version_refused, settings.encoder
            ),
            jobs=jobs,
            sites=sites,
            catalogues=Catalogues(),
            trends=AllTrends(),
            metrics=metrics,
            identity=Refusals(metrics, sites.pseudonym),
        )
        closing.push_async_callback(state.aside.close)
        closing.push_async_callback(_cancelled, state)
        await _brought_up(state)
        yield state
        with suppress(StoreUnavailable):
            await note_position(state)


async def _brought_up(state: State) -> None:
    await state.sites.open(state.settings, time.time())
    await asyncio.to_thread(state.consents.read, state.log)
    try:
        position = await _position(state)
        if position is None:
            await restore_settings(state)
            state.folding.missed(0)  # `follow` fills the store from the whole log
        else:
            await catch_up(state, position)
    except StoreUnavailable:
        state.folding.missed(0)  # answers are degraded until it is there; then it is filled
    await state.catalogues.open(state)
    state.beside(take_up_imports(state), "imports")
    state.beside(take_up_deliveries(state), "webhooks")
    state.beside(state.trends.rebuilt(state), "trends")
    for loop, name in (
        (mend, "content-mending"),
        (teach, "content-teaching"),
        (follow, "follow"),
        (keep_ready, "recommendations-ready"),
        (keep, "keeping"),
    ):
        state.always(partial(loop, state), name)


async def _position(state: State) -> int | None:
    """A store that has just begun, on a busy machine, is given some time for its first answer."""
    for _ in range(TRIES):
        with suppress(StoreUnavailable):
            return await state.store.position(state.log.id)
        await asyncio.sleep(TRY_AGAIN_S)
    return await state.store.position(state.log.id)


async def _cancelled(state: State) -> None:
    tasks = list(state.tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def state_of(request: Request) -> State:
    """Dependency: the parts of the service that answers."""
    state: State = request.app.state.fingerpost
    return state
