"""The encoder: texts → unit vectors, computed in a process of its own.

The service never imports torch: that would cost it half a gigabyte and its even pace.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from typing import Any, Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from embeddings.encoder_frames import LENGTH, frame, header_length
from personas.errors import EncoderUnavailable

Vectors = NDArray[np.float32]

DEFAULT = "all-MiniLM-L6-v2"  # comes with the package
PATIENCE = 60.0  # seconds that a caller without a limit waits, also for the start
FEW = 8  # texts of one document; more of them are a batch, which waits for shorter work
RESTARTS = (0.2, 1.0, 5.0, 30.0)  # seconds before each restart; a good start begins anew
ENDING = 2.0  # seconds until a worker that does not end is killed
logger = structlog.get_logger(__name__)


class Encoder(Protocol):
    """Texts → vectors.

    Attributes:
        name: of the model.
        size: of its vectors; 0 as long as it is not known.
    """

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def ready(self) -> bool:
        """Whether it would answer now."""

    async def encode(self, texts: Sequence[str], timeout: float | None = None) -> Vectors:
        """Unit vectors [texts, size].

        Args:
            timeout: seconds to wait at most, None for as long as a start takes.

        Raises:
            EncoderUnavailable: no answer in time, or these texts cannot be read.
        """

    async def close(self) -> None: ...


class WorkerEncoder:
    """The encoder in a child process, which is started in the background and when it died.

    Calls that come together are computed together; one text goes before a document, and a document
    before a batch. To be made in a running event loop.

    Args:
        name: of a sentence-transformers model, or a path to one.
        threads: for computing; None for as many as there are processors.
    """

    def __init__(self, name: str = DEFAULT, threads: int | None = None) -> None:
        self._name, self._size, self._precision = name, 0, ""
        self._threads = threads or len(os.sched_getaffinity(0))
        self._process: Process | None = None
        self._ready = asyncio.Event()
        self._failed = asyncio.Event()  # the last start was in vain
        self._failure = ""
        self._numbers = count()
        self._waiting: dict[int, asyncio.Future[Vectors]] = {}
        self._running = asyncio.create_task(self._run(), name="encoder")

    @property
    def name(self) -> str:
        return self._name

    @property
    def size(self) -> int:
        return self._size

    @property
    def precision(self) -> str:
        """`float32` or `bfloat16`; empty as long as it is not known."""
        return self._precision

    @property
    def ready(self) -> bool:
        return self._ready.is_set()

    @property
    def pid(self) -> int | None:
        """Of the process that computes."""
        return None if self._process is None else self._process.pid

    async def encode(self, texts: Sequence[str], timeout: float | None = None) -> Vectors:
        try:
            async with asyncio.timeout(PATIENCE if timeout is None else timeout):
                while (vectors := await self._attempt(texts)) is None:
                    pass  # the worker died: its successor is asked
                return vectors
        except TimeoutError:
            raise EncoderUnavailable("The encoder did not answer in time. Try again.") from None

    async def close(self) -> None:
        self._running.cancel()
        with suppress(asyncio.CancelledError):
            await self._running
        self._let_go("The service is ending.")

    async def _attempt(self, texts: Sequence[str]) -> Vectors | None:
        await self._until_ready()
        number = next(self._numbers)
        answer: asyncio.Future[Vectors] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        level = 0 if len(texts) == 1 else 1 if len(texts) <= FEW else 2
        try:
            await self._send(frame({"id": number, "level": level, "texts": list(texts)}))
            return await answer
        except (ConnectionError, _Died):
            await asyncio.sleep(0)
            return None
        finally:
            self._waiting.pop(number, None)

    async def _send(self, raw: bytes) -> None:
        if self._process is None or self._process.stdin is None:
            raise _Died
        self._process.stdin.write(raw)
        await self._process.stdin.drain()

    async def _until_ready(self) -> None:
        if self._running.done():
            raise EncoderUnavailable("The encoder was closed.")
        if self._ready.is_set():
            return
        events = [asyncio.create_task(event.wait()) for event in (self._ready, self._failed)]
        try:
            await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for event in events:
                event.cancel()
        if not self._ready.is_set():
            raise EncoderUnavailable(f"The encoder cannot start. {self._failure}")

    # --- the child process ------------------------------------------------------------------------

    async def _run(self) -> None:
        """Keeps a worker going until this is cancelled."""
        failures = 0
        while True:
            try:
                await self._serve()
            finally:
                was_ready = self._ready.is_set()
                self._ready.clear()
                self._drop(_Died())
                await self._end()
            failures = 1 if was_ready else failures + 1
            if not was_ready:
                self._failed.set()
            pause = RESTARTS[min(failures, len(RESTARTS)) - 1]
            logger.warning("encoder-ended", reason=self._failure or None, again_in=pause)
            await asyncio.sleep(pause)

    async def _serve(self) -> None:
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": str(self._threads),
            "MKL_NUM_THREADS": str(self._threads),
            "OMP_WAIT_POLICY": "PASSIVE",  # threads that spin while they wait cost two thirds
            "GOMP_SPINCOUNT": "0",  # of the speed as soon as the processors are shared
            "TOKENIZERS_PARALLELISM": "false",
        }
        command = [sys.executable, "-m", "embeddings.encoder_worker", self._name]
        self._process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=asyncio.subprocess.DEVNULL, env=environment
        )
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self._take(*await _next_frame(self._process.stdout))

    def _take(self, header: dict[str, Any], body: bytes) -> None:
        if "ready" in header:
            self._size, self._precision = header["size"], header["precision"]
            self._failure = ""
            self._failed.clear()
            self._ready.set()
            logger.info("encoder-ready", model=self._name, precision=self._precision)
        elif "fatal" in header:
            self._failure = header["fatal"]
        elif (answer := self._waiting.get(header["id"])) is not None and not answer.done():
            if "error" in header:
                answer.set_exception(EncoderUnavailable(f"No vector: {header['error']}"))
            else:
                shape = (header["count"], self._size)
                answer.set_result(np.frombuffer(body, np.float32).reshape(shape).copy())

    def _drop(self, error: Exception) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(error)

    def _let_go(self, why: str) -> None:
        self._ready.clear()
        self._failure = why
        self._failed.set()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()  # at which it ends by itself
        try:
            async with asyncio.timeout(ENDING):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


class _Died(Exception):
    """The worker died while these texts were with it."""


async def _next_frame(stream: asyncio.StreamReader) -> tuple[dict[str, Any], bytes]:
    length = header_length(await stream.readexactly(LENGTH.size))
    header: dict[str, Any] = json.loads(await stream.readexactly(length))
    return header, await stream.readexactly(header["bytes"])


def open_encoder(name: str = DEFAULT, threads: int | None = None) -> WorkerEncoder:
    """The encoder of this name; it starts in the background of the running event loop."""
    return WorkerEncoder(name, threads)
