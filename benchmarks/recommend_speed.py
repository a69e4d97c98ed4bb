"""What a recommendation costs: the real service, from outside, one client and many.

    python benchmarks/recommend_speed.py --items 10000 --visitors 10000

Beside it, the same server's plainest answer (`/health/live`), in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np

WORDS = "heat pump gas boiler solar roof price guide compare review wall tariff grant"


@contextmanager
def service(folder: Path) -> Iterator[tuple[str, str]]:
    """URL and secret key of a service in a fresh folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    key = f"sk_{secrets.token_hex(16)}"
    keys = {"FINGERPOST_SECRET_KEY": key, "FINGERPOST_PUBLISHABLE_KEY": f"pk_{key}"}
    command = [sys.executable, "-m", "service.cli", "serve", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--data-dir", str(folder / "data")],
            env=os.environ | keys | {"FINGERPOST_LOG_LEVEL": "warning"},
            stdout=log,
            stderr=log,
        )
    try:
        _wait(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}", key
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str) -> None:
    for _ in range(600):
        try:
            if httpx.get(f"{url}/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit("the service did not become ready")


def fill(client: httpx.Client, items: int, visitors: int, touchpoints: int) -> None:
    """Content with titles of a few words, and visitors who viewed some of it."""
    draw, words = random.Random(0), WORDS.split()
    for begin in range(0, items, 500):
        batch = [
            {"id": f"c{k}", "title": " ".join(draw.choices(words, k=5)) + f" {k}"}
            for k in range(begin, min(begin + 500, items))
        ]
        client.post("/v1/content:batch", json={"items": batch}).raise_for_status()
    now = time.time()
    messages = (
        {
            "type": "track",
            "event": "Content Viewed",
            "messageId": f"m{v}-{k}",
            "anonymousId": f"v{v}",
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 86400 + k * 60)),
            "properties": {"contentId": f"c{int(items * draw.random() ** 2)}"},
        }
        for v in range(visitors)
        for k in range(touchpoints)
    )
    batch = []
    for message in messages:
        batch.append(message)
        if len(batch) == 500:
            client.post("/v1/batch", json={"batch": batch}).raise_for_status()
            batch = []
    client.post("/v1/batch", json={"batch": batch}).raise_for_status()


class Connection:
    """One kept-alive connection, with as little of its own between us and the answer as can be."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, request: bytes) -> bytes:
        """The body of the answer; anything but 200 ends the run."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        if b" 200" not in head[:15]:
            raise SystemExit(head.decode())
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        return await self._reader.readexactly(int(length[1]) if length else 0)

    def close(self) -> None:
        self._writer.close()


async def connected(url: str) -> Connection:
    _, _, address = url.partition("//")
    host, _, port = address.partition(":")
    return Connection(*await asyncio.open_connection(host, int(port)))


async def measured(
    url: str, request: Callable[[int], bytes], clients: int, seconds: float
) -> tuple[np.ndarray, float]:
    """Latencies in milliseconds, and answers a second."""
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def one(number: int) -> None:
        k, connection = number, await connected(url)
        while time.perf_counter() < end:
            begun = time.perf_counter()
            await connection.ask(request(k))
            latencies.append(1000 * (time.perf_counter() - begun))
            k += clients
        connection.close()

    begun = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(clients)))
    return np.asarray(latencies), len(latencies) / (time.perf_counter() - begun)


async def run(url: str, key: str, args: argparse.Namespace) -> None:
    def recommendation(k: int) -> bytes:
        asked = {"anonymousId": f"v{k % args.visitors}", "count": 5, "explain": args.explain}
        body = json.dumps(asked)
        return (
            f"POST /v1/recommendations HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    def constant(_: int) -> bytes:
        return b"GET /health/live HTTP/1.1\r\nHost: here\r\n\r\n"

    connection = await connected(url)
    size = len(await connection.ask(recommendation(0)))
    connection.close()
    for name, request in (("recommendation", recommendation), ("health/live", constant)):
        await measured(url, request, 1, 1.0)
        for clients in (1, args.clients):
            latencies, rate = await measured(url, request, clients, args.seconds)
            p50, p99 = np.percentile(latencies, [50, 99])
            told = f"{rate:7.0f}/s  p50 {p50:6.2f}  p99 {p99:6.2f} ms"
            print(f"{name:15} {clients:3} clients: {told}")
    print(f"an answer has {size} bytes")
    if args.tagging:
        await beside_tagging(url, key, recommendation, args)


async def beside_tagging(
    url: str, key: str, request: Callable[[int], bytes], args: argparse.Namespace
) -> None:
    """What is left of the throughput while articles are embedded and tagged."""
    _, alone = await measured(url, request, args.clients, args.seconds)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=600) as client:
        begun = time.perf_counter()
        tagging = asyncio.create_task(_tagged(client, args.tagging))
        _, beside = await measured(url, request, args.clients, args.seconds)
        was_enough = not tagging.done()
        await tagging
    took = time.perf_counter() - begun
    share = f"{1 - beside / alone:.0%} fewer than {alone:.0f}/s"
    told = f"{args.tagging} articles tagged in {took:.0f} s"
    print(f"beside tagging, {args.clients} clients: {beside:.0f}/s, {share}; {told}")
    if not was_enough:
        print("the tagging ended before the measurement: give more articles or fewer seconds")


async def _tagged(client: httpx.AsyncClient, articles: int) -> None:
    draw, words = random.Random(1), WORDS.split()
    for begin in range(0, articles, 50):
        items = [
            {
                "id": f"t{k}",
                "title": " ".join(draw.choices(words, k=6)),
                "body": ". ".join(" ".join(draw.choices(words, k=12)) for _ in range(83)),
            }
            for k in range(begin, min(begin + 50, articles))
        ]
        (await client.post("/v1/content:batch", json={"items": items})).raise_for_status()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--visitors", type=int, default=2_000)
    parser.add_argument("--touchpoints", type=int, default=25)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--explain", action="store_true")
    parser.add_argument("--tagging", type=int, default=0, help="articles tagged beside, at the end")
    parser.add_argument(
        "--wait", type=float, default=10.0, help="seconds between filling and asking"
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as (url, key):
        with httpx.Client(
            base_url=url, timeout=600, headers={"Authorization": f"Bearer {key}"}
        ) as it:
            begun = time.perf_counter()
            fill(it, args.items, args.visitors, args.touchpoints)
            print(f"filled in {time.perf_counter() - begun:.0f} s")
        time.sleep(args.wait)
        asyncio.run(run(url, key, args))


if __name__ == "__main__":
    main()
