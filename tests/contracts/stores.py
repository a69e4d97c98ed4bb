"""The back ends that the store's contract is tried on."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import redis

from service.embedded_store import EmbeddedServer, find_program

SLOTS = 16_384
# Further servers' programs (Redis 6.2, 7, Valkey 8 …), parted by ":".
OTHER_PROGRAMS = os.environ.get("FINGERPOST_TEST_STORE_PROGRAMS", "").split(":")
OTHER_URL = os.environ.get("FINGERPOST_TEST_STORE_URL")
BACK_ENDS = ["embedded", "cluster", *filter(None, OTHER_PROGRAMS), *filter(None, [OTHER_URL])]

_numbers = count()


def fresh_site() -> str:
    """A site that no other test and no earlier run has used."""
    return f"test-{os.getpid()}-{time.time_ns()}-{next(_numbers)}"


@contextmanager
def running(back_end: str, folder: Path) -> Iterator[str]:
    """The URL of this back end while it runs."""
    if "://" in back_end:
        yield back_end
        return
    if back_end == "cluster":
        with cluster(folder) as url:
            yield url
        return
    program = None if back_end == "embedded" else Path(back_end)
    server = EmbeddedServer(folder, program=program)
    server.start()
    try:
        yield f"unix://{server.socket}"
    finally:
        server.stop()


@contextmanager
def cluster(folder: Path, nodes: int = 3) -> Iterator[str]:
    """A real cluster on this machine."""
    ports = [(_free_port(), _free_port()) for _ in range(nodes)]
    processes = []
    try:
        for port, bus in ports:
            place = folder / str(port)
            place.mkdir(parents=True)
            words = f"--port {port} --cluster-port {bus} --bind 127.0.0.1 --cluster-enabled yes"
            words = [*words.split(), "--save", "", "--dir", "."]
            with (place / "log").open("wb") as log:
                processes.append(
                    subprocess.Popen([str(find_program()), *words], cwd=place, stdout=log)
                )
        _join(ports)
        yield f"redis+cluster://127.0.0.1:{ports[0][0]}"
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _join(ports: list[tuple[int, int]]) -> None:
    clients = [redis.Redis(port=port, protocol=2) for port, _ in ports]
    share = SLOTS // len(ports)
    for number, client in enumerate(clients):
        _patiently(client.ping)
        end = SLOTS if number == len(ports) - 1 else (number + 1) * share
        client.execute_command("CLUSTER ADDSLOTSRANGE", number * share, end - 1)
        client.execute_command("CLUSTER MEET", "127.0.0.1", *ports[0])
    for client in clients:
        _patiently(lambda client=client: _ready(client, len(ports)))
        client.close()


def _ready(client: redis.Redis, nodes: int) -> None:
    info = client.execute_command("CLUSTER INFO")
    if info["cluster_state"] != "ok" or info["cluster_known_nodes"] != str(nodes):
        raise redis.ConnectionError("not joined yet")


def _patiently(doing, seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            doing()
        except redis.RedisError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return
