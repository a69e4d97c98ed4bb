"""Pure work in a process of its own.

Reading and tagging a document takes some milliseconds of Python; a thousand of them in threads of
this process would hold up its answers, for only one thread computes at a time.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

import structlog

NICE = 10  # as the encoder's
P = ParamSpec("P")
T = TypeVar("T")
logger = structlog.get_logger(__name__)


class Aside:
    """One process beside this one; it begins with the first work, and anew where it was killed."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What a function of a module gives for these arguments; both travel as copies.

        Where that fails, be it that the process died or that something cannot be copied, this one
        does the work; an error of the work itself is raised then.
        """
        ready = partial(work, *args, **kwargs)
        if self._pool is None:
            context = get_context("spawn")  # a fork would copy this process's threads' locks
            self._pool = ProcessPoolExecutor(1, context, _calm)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, ready)
        except BrokenProcessPool:
            self._pool = None
        except Exception as error:  # noqa: BLE001 - the work is done again below, and tells its own
            logger.warning("work-not-done-aside", work=work.__name__, reason=repr(error))
        return await asyncio.to_thread(ready)

    async def close(self) -> None:
        """End the process; work that waits is dropped."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)


def _calm() -> None:
    """Answers go first; and who ends the service ends this process, not the terminal's Ctrl-C."""
    os.nice(NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
