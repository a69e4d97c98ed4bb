"""Not waiting for a back end: time limits, and leaving alone one that failed until it is back.

Closed, everything passes. A failure opens the breaker: whoever asks gets an error at once, while a
probe in the background tries again and again, with growing waits, and closes the breaker when it
succeeds. So no caller pays for finding out that the back end is still away, and it is back in use
soon after it healed, however little traffic there is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain, repeat
from typing import TypeVar

from personas.errors import Unavailable

_T = TypeVar("_T")

# Seconds between probes; the last one repeats. The first is at once: it may only have been late.
WAITS = (0.0, 0.05, 0.1, 0.2, 0.4)
LAST_LOOKS = 10  # turns of the event loop


class Breaker:
    """Stands before one back end, in one event loop.

    Args:
        probe: returns if the back end answers; raises `error` if not, within a short time.
        error: what is raised while open.
        waits: seconds before the first probe, the second, and so on; the last one repeats.
    """

    def __init__(
        self,
        probe: Callable[[], Awaitable[None]],
        error: type[Unavailable],
        waits: Sequence[float] = WAITS,
    ) -> None:
        self._probe, self._error, self._waits = probe, error, waits
        self._why: str | None = None
        self._probing: asyncio.Task[None] | None = None

    @property
    def why_open(self) -> str | None:
        """What failed, or None while closed."""
        return self._why

    def check(self) -> None:
        """Raise the error at once while open."""
        if self._why is not None:
            raise self._error(self._why)

    def trip(self, why: str) -> None:
        """Open, and begin to probe."""
        if self._why is None:
            self._why = why
            self._probing = asyncio.create_task(self._close_when_healed())

    async def close(self) -> None:
        """Probe no longer; for the end of the program."""
        probing, self._probing = self._probing, None
        if probing is not None:
            probing.cancel()
            await asyncio.wait({probing})

    async def _close_when_healed(self) -> None:
        for wait in chain(self._waits, repeat(self._waits[-1])):
            await asyncio.sleep(wait)
            try:
                await self._probe()
            except self._error as error:
                self._why = str(error)
            else:
                self._why = None
                return


async def within(budget: float, doing: Awaitable[_T]) -> _T:
    """The result, or TimeoutError after `budget` seconds.

    Like `asyncio.timeout`, but an answer that came in time counts, even if this process was too
    busy to look at it until later: the event loop gets a few more turns to read what lies there.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # noqa: S101 # coroutines run in tasks
    cancelled_before, expired = task.cancelling(), False
    timer: asyncio.Handle | None = None

    def expire(looks: int) -> None:
        nonlocal expired, timer
        if looks:
            timer = loop.call_soon(expire, looks - 1)
        else:
            expired = True
            task.cancel()

    timer = loop.call_later(budget, expire, LAST_LOOKS)
    try:
        return await doing
    except asyncio.CancelledError:
        if expired and task.uncancel() <= cancelled_before:
            raise TimeoutError(f"no answer within {budget * 1000:.0f} ms") from None
        raise
    finally:
        timer.cancel()
