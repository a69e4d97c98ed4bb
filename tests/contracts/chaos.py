"""A network between a client and a server that can be made ill."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path


class Network:
    """Passes bytes on. `mode`: well, slow (30 ms an answer), drip, cut, reset, silent."""

    def __init__(self, target: Path) -> None:
        self.mode, self.port = "well", 0
        self._target = target

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_unix_connection(str(self._target))
        asking = asyncio.create_task(self._ask(reader, forth))
        try:
            with contextlib.suppress(ConnectionError):
                await self._answer(back, writer)
                await writer.drain()
        finally:
            asking.cancel()
            writer.close()
            forth.close()

    async def _ask(self, reader: asyncio.StreamReader, forth: asyncio.StreamWriter) -> None:
        while question := await reader.read(1 << 16):
            forth.write(question)
        forth.write_eof()

    async def _answer(self, back: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while answer := await back.read(1 << 16):
            if self.mode == "reset":
                writer.transport.abort()
                return
            if self.mode == "cut":
                writer.write(answer[: len(answer) // 2])
                return
            if self.mode == "slow":
                await asyncio.sleep(0.03)
            while self.mode == "silent":
                await asyncio.sleep(0.01)
            while self.mode == "drip" and answer:
                writer.write(answer[:1])
                answer = answer[1:]
                await asyncio.sleep(0.005)
            writer.write(answer)


@contextlib.asynccontextmanager
async def network_to(target: Path) -> AsyncIterator[Network]:
    """A network to the server behind this unix socket."""
    network = Network(target)
    serving: set[asyncio.Task] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(network.serve(reader, writer))
        serving.add(task)

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    network.port = server.sockets[0].getsockname()[1]
    yield network
    server.close()
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)
    await server.wait_closed()
