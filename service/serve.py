"""One process that serves: granian inside our own event loop, so that one signal ends everything.

Granian's supervisor would start a second interpreter (twice the start) and leave it behind when it
is killed itself. Measured: the same throughput either way.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress

import structlog
from fastapi import FastAPI

from personas.errors import InvalidInput
from service.settings import Settings

DRAIN_S = 4.0  # for requests under way when the end is asked for
HEAD_WITHIN_MS = 10_000  # a slower sender of headers is cut off
BACKLOG = 1024
COLLECT_AFTER = (10_000, 20, 20)  # objects made, and collections of the younger generation
logger = structlog.get_logger(__name__)


async def serve(app: FastAPI, settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are answered first.

    Args:
        ready: called with the address once requests are answered.

    Raises:
        InvalidInput: the address is taken or not ours.
    """
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.server.embed import Server

    check_address(settings.host, settings.port)
    async with AsyncExitStack() as closing:
        await closing.enter_async_context(app.router.lifespan_context(app))
        server = Server(
            app,
            address=settings.host,
            port=settings.port,
            interface=Interfaces.ASGINL,  # the lifespan is ours, so that its errors are told
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=HEAD_WITHIN_MS),
            websockets=False,
            backlog=BACKLOG,
            log_enabled=False,
        )
        _stop_on_signals(server.stop)
        serving = asyncio.ensure_future(server.serve())
        await _answers(settings.host, settings.port, serving)
        _calm_collector()
        ready(f"http://{settings.host}:{settings.port}")
        await serving
        logger.info("stopped-listening")


def check_address(host: str, port: int) -> None:
    """Can we listen here?

    Raises:
        InvalidInput: no; says what to do.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(found[0]) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        detail = f"Cannot listen on {host}:{port} ({error.strerror}). Choose another with --port."
        raise InvalidInput(detail, "address-taken") from None


def _stop_on_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    asked = False

    def end() -> None:
        nonlocal asked
        if asked:  # twice: somebody is in a hurry
            os._exit(1)
        asked = True
        stop()
        loop.call_later(DRAIN_S, _give_up)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    with suppress(ValueError):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _give_up() -> None:
    """What was acknowledged is on disk; children see our end and end, too."""
    logger.warning("ended-with-requests-under-way")
    os._exit(0)


def _calm_collector() -> None:
    """What the start made stays; looking through it for garbage stops all requests for 60 ms."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


async def _answers(host: str, port: int, serving: asyncio.Future[None]) -> None:
    """Return once the port takes connections."""
    target = "127.0.0.1" if host in ("0.0.0.0", "") else host  # noqa: S104 - told, not bound
    while not serving.done():
        with suppress(OSError):
            _, writer = await asyncio.open_connection(target, port)
            writer.close()
            return
        await asyncio.sleep(0.01)
    serving.result()
