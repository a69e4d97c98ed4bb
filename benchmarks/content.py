"""What content costs: tagging one article, taking in a batch, and a search beside it.

    python benchmarks/content.py [documents]

Starts the service in a folder of its own. Articles have 1,000 words (1,500 where one is tagged).
Processor time is of the service and its encoder together; so it says what an idle machine would do.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import numpy as np

SECRET = "sk_benchmark_0123456789abcdef"  # noqa: S105 - of a service that lives for a minute
WORDS = """
the a of and to in for with on heat pump house energy price solar roof storage battery gas boiler
grid power cost year winter summer supplier contract meter tariff plan advice offer install repair
service customer compare choose save warm cold water floor radiator noise
""".split()  # noqa: SIM905 - readable


def article(words: int, seed: int) -> dict[str, str]:
    rng = random.Random(seed)
    sentences, left = [], words
    while left > 0:
        length = min(rng.randint(6, 20), left)
        left -= length
        sentences.append(" ".join(rng.choices(WORDS, k=length)).capitalize() + ".")
    paragraphs = [" ".join(sentences[k : k + 6]) for k in range(0, len(sentences), 6)]
    title = " ".join(rng.choices(WORDS, k=7)).capitalize()
    return {"title": title, "body": "".join(f"<p>{each}</p>" for each in paragraphs)}


def computing(pid: int) -> float:
    """Processor seconds of a process and its children."""
    total = 0.0
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            total += computing(int(child))
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return total + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(client: httpx.Client, pid: int, documents: int) -> None:
    client.post("/v1/content:tag", json=article(50, 0)).raise_for_status()  # waits for the encoder
    walls, begun = [], computing(pid)
    for k in range(20):
        wall = time.perf_counter()
        client.post("/v1/content:tag", json=article(1_500, k)).raise_for_status()
        walls.append(time.perf_counter() - wall)
    work = (computing(pid) - begun) / 20
    p50 = np.percentile(np.array(walls) * 1e3, 50)
    print(f"tag an article of 1,500 words: p50 {p50:.0f} ms ({work * 1e3:.0f} ms of processor)")

    items = [{"id": f"/{k}", **article(1_000, k)} for k in range(documents)]
    searches: list[float] = []
    running = threading.Event()
    running.set()

    def search() -> None:
        with httpx.Client(base_url=client.base_url, headers=client.headers, timeout=60) as other:
            while running.is_set():
                wall = time.perf_counter()
                other.post("/v1/content:tag", json={"title": "a short text"}).raise_for_status()
                searches.append(time.perf_counter() - wall)
                time.sleep(0.2)

    beside = threading.Thread(target=search)
    beside.start()
    wall, begun = time.perf_counter(), computing(pid)
    for start in range(0, documents, 500):
        told = client.post("/v1/content:batch", json={"items": items[start : start + 500]})
        told.raise_for_status()
    wall, work = time.perf_counter() - wall, computing(pid) - begun
    running.clear()
    beside.join()
    print(f"batches of 1,000 words: {documents / wall:.0f} documents/s"
          f" ({documents / work:.0f} a second of processor)")  # fmt: skip
    slow = np.percentile(np.array(searches) * 1e3, [50, 99])
    print(f"a short text tagged beside them: p50 {slow[0]:.0f} ms, p99 {slow[1]:.0f} ms")


def main() -> None:
    documents = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with TemporaryDirectory() as folder:
        port = random.Random().randint(20_000, 60_000)
        command = [sys.executable, "-m", "service.cli", "serve", "--port", str(port)]
        service = subprocess.Popen(
            [*command, "--data-dir", folder],
            env=os.environ | {"FINGERPOST_SECRET_KEY": SECRET, "FINGERPOST_ACCESS_LOG": "false"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        headers = {"Authorization": f"Bearer {SECRET}"}
        try:
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=600
            ) as client:
                for _ in range(600):
                    try:
                        client.get("/health/live").raise_for_status()
                        break
                    except httpx.TransportError:
                        time.sleep(0.1)
                measure(client, service.pid, documents)
        finally:
            service.terminate()
            service.wait()


if __name__ == "__main__":
    main()
