"""Long work: done in a process of its own, followed by its progress."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import structlog

from personas.errors import StoreUnavailable, UnknownName
from service.store import Store

QUEUED, RUNNING, SUCCEEDED, FAILED = "queued", "running", "succeeded", "failed"
IMPORT = "import"
DOCUMENT = "jobs/"
MOST_REMEMBERED = 200
MOST_KEPT = 100  # in the store, of one site
PATIENCE = 5.0  # seconds for a process to end by itself
logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of long work of a site."""

    id: str
    site: str
    kind: str
    status: str = QUEUED
    progress: float = 0.0
    detail: str = "waiting for its turn"
    result: Mapping[str, Any] = field(default_factory=dict)
    created: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As answered: without the site, whose key asked."""
        return {name: value for name, value in asdict(self).items() if name != "site"}


def new_id() -> str:
    """An id of a job."""
    return f"j_{uuid4().hex[:16]}"


Report = Callable[[float, str], None]
Work = Callable[[Report], Awaitable[Mapping[str, Any]]]


class Jobs:
    """Runs jobs one after the other; each site's imports beside, for they mostly wait for servers.

    What became of them is kept in the store.

    Args:
        log, models: folders of the event log and the registry.
    """

    def __init__(self, log: Path, models: Path, store: Store) -> None:
        self._log, self._models, self._store = log, models, store
        self._jobs: dict[str, Job] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[None]] = set()

    def start(
        self,
        site: str,
        kind: str,
        work: Work,
        now: float,
        job_id: str | None = None,
        then: Callable[[], Awaitable[None]] | None = None,
    ) -> Job:
        """Queue some work.

        Args:
            job_id: of a job that a restart cut off: it is that job.
            then: awaited when its end, not the service's, is written down.
        """
        job = Job(job_id or new_id(), site, kind, created=now)
        self._keep(job)
        task = asyncio.create_task(self._run(job.id, work, then), name=f"job {job.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    async def get(self, site: str, job_id: str) -> Job:
        """One job of a site.

        Raises:
            UnknownName: the site has none of this id.
        """
        job = self._jobs.get(job_id)
        if job is None:
            kept = await self._store.document(site, DOCUMENT + job_id)
            job = Job(**orjson.loads(kept), site=site) if kept else None
        if job is None or job.site != site:
            raise UnknownName("there is no job of this id; POST /v1/jobs starts one", "unknown-job")
        return job

    def listed(self, site: str) -> list[Job]:
        """The site's jobs since this process began, the youngest first."""
        return [job for job in reversed(self._jobs.values()) if job.site == site]

    async def _run(
        self, job_id: str, work: Work, then: Callable[[], Awaitable[None]] | None
    ) -> None:
        job = self._jobs[job_id]
        async with self._turns[f"imports of {job.site}" if job.kind == IMPORT else "all else"]:
            self._change(job_id, status=RUNNING, detail="starting")
            try:
                result = await work(lambda share, what: self._report(job_id, share, what))
                detail = str(result.get("detail") or "done")
                self._change(job_id, status=SUCCEEDED, progress=1.0, detail=detail, result=result)
            except asyncio.CancelledError:
                self._stopped(job_id)
                raise
            except Exception as error:  # noqa: BLE001 - whatever went wrong is told to who asked
                logger.warning("job-failed", job=job_id, reason=str(error))
                self._change(job_id, status=FAILED, detail=str(error) or type(error).__name__)
            finally:
                await self._write_down(job_id)
            if then is not None:
                await then()

    def _stopped(self, job_id: str) -> None:
        if self._jobs[job_id].kind == IMPORT:
            self._change(job_id, status=QUEUED, detail="goes on when the service runs again")
        else:
            self._change(job_id, status=FAILED, detail="the service was stopped; start it again")

    def _report(self, job_id: str, share: float, what: str) -> None:
        self._change(job_id, progress=min(max(share, 0.0), 1.0), detail=what)

    def _change(self, job_id: str, **changes: object) -> None:
        self._jobs[job_id] = replace(self._jobs[job_id], **changes)  # type: ignore[arg-type]  # names of Job's own fields

    def _keep(self, job: Job) -> None:
        self._jobs[job.id] = job
        while len(self._jobs) > MOST_REMEMBERED:
            ended = (key for key, each in self._jobs.items() if each.status in (SUCCEEDED, FAILED))
            oldest = next(ended, None)
            if oldest is None:
                return
            del self._jobs[oldest]

    async def _write_down(self, job_id: str) -> None:
        job = self._jobs[job_id]
        with suppress(StoreUnavailable):
            kept = await self._store.documents(job.site, DOCUMENT)
            oldest = sorted(kept, key=lambda name: float(orjson.loads(kept[name])["created"]))
            changes: dict[str, bytes | None] = dict.fromkeys(oldest[: -MOST_KEPT + 1])
            changes[DOCUMENT + job_id] = orjson.dumps(job.to_json())
            await self._store.put_documents(job.site, changes)

    async def close(self) -> None:
        """Ends what runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- training -----------------------------------------------------------------------------

    def train(
        self,
        site: str,
        models: list[str],
        done: Callable[[], object],
        now: float,
        prepare: Callable[[Path], None] | None = None,
    ) -> Job:
        """Train models in a process of its own.

        Args:
            done: called when a version is active.
            prepare: called in a thread before, with the folder of the models.
        """

        async def work(report: Report) -> Mapping[str, Any]:
            if prepare is not None:
                await asyncio.to_thread(prepare, self._models)
            folders = ["--log", str(self._log), "--registry", str(self._models)]
            arguments = [*folders, "--site", site, "--models", *models]
            result = await run_python("training.run", arguments, report)
            done()
            return result

        return self.start(site, "train", work, now)


async def run_python(module: str, arguments: list[str], report: Report) -> Mapping[str, Any]:
    """Run a module that tells its progress, and at last its result, as lines of JSON.

    Raises:
        RuntimeError: it failed; says why.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,  # its end tells the child that we are gone
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        limit=1 << 24,
    )
    try:
        result, complaint = await asyncio.gather(_followed(process, report), _last_words(process))
        if await process.wait() or result is None:
            raise RuntimeError(complaint or f"training ended with status {process.returncode}")
        return dict(result)
    finally:
        await _ended(process)


async def _followed(
    process: asyncio.subprocess.Process, report: Report
) -> Mapping[str, Any] | None:
    result: Mapping[str, Any] | None = None
    if process.stdout is None:
        return None
    async for line in process.stdout:
        told: dict[str, Any] = orjson.loads(line)
        if "result" in told:
            result = told["result"]
        else:
            report(told["progress"], told["detail"])
    return result


async def _last_words(process: asyncio.subprocess.Process) -> str:
    if process.stderr is None:
        return ""
    last = b""
    async for line in process.stderr:
        last = line.strip() or last
    return last.decode(errors="replace")


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), PATIENCE)
    if process.returncode is None:
        process.kill()
        await process.wait()
