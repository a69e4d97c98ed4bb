"""`fingerpost demo`: a made-up company's site with content, visitors and models, running."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import orjson
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from personas.errors import InvalidInput, Unavailable
from service.demo.pages import contents

VISITORS = 600
SPAN_DAYS = 120.0
SEED = 7
BATCH = 400  # messages in a request
CONTENT_BATCH = 27
READY_WITHIN_S = 60.0
TRAINED_WITHIN_S = 900.0
STOP_WITHIN_S = 10.0
MODELS = ("phases", "personas", "ranker")
FILLED = "demo-filled"  # a file that says that the first start came to its end
console = Console(stderr=True)


def demo(data_dir: Path, host: str, port: int, visitors: int = VISITORS) -> int:
    """Start the demo, fill it if it is empty, and stay until it is stopped."""
    _refuse_taken(host, port)
    # However it is told to end, the service must not outlive it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    data_dir.mkdir(parents=True, exist_ok=True)
    key = "sk_" + secrets.token_urlsafe(24)
    begun = time.perf_counter()
    with _service(data_dir, host, port, key) as process:
        with httpx.Client(
            base_url=f"http://{host}:{port}",
            headers={"Authorization": f"Bearer {key}"},
            timeout=120,
        ) as client:
            _wait_until_ready(client, process)
            if not (data_dir / FILLED).exists():
                _fill(client, visitors, time.time())
                (data_dir / FILLED).touch()
        _show(f"http://{host}:{port}", key, time.perf_counter() - begun)
        return process.wait()


def _refuse_taken(host: str, port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex((host, port)) == 0:
            raise InvalidInput(
                f"something already listens on port {port}; choose another with "
                f"`make demo PORT={port + 1}` or `fingerpost demo --port {port + 1}`"
            )


@contextmanager
def _service(data_dir: Path, host: str, port: int, key: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "service.cli", "serve", "--host", host, "--port", str(port)]
    command += ["--data-dir", str(data_dir)]
    environment = {
        "FINGERPOST_DEMO": "true",
        "FINGERPOST_SECRET_KEY": key,
        "FINGERPOST_PUBLISHABLE_KEY": "pk_" + secrets.token_urlsafe(24),
        "FINGERPOST_ACCESS_LOG": "false",
        "FINGERPOST_LOG_LEVEL": "warning",
    }
    process = subprocess.Popen(command, env=os.environ | environment)  # noqa: S603 - our own program
    try:
        yield process
    except KeyboardInterrupt:
        console.print("\nStopping the demo. `make demo` goes on where it was.")
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Unavailable("the service ended at once; its words above say why")
        try:
            if client.get("/health/ready", timeout=2).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise Unavailable(f"the service was not ready within {READY_WITHIN_S:.0f} seconds")


# --- filling --------------------------------------------------------------------------------------


def _fill(client: httpx.Client, visitors: int, now: float) -> None:
    from training.simulate import demo_messages

    with Progress(
        TextColumn("{task.description:32}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        items = list(contents().values())
        task = progress.add_task("Reading and tagging content", total=len(items))
        for chunk in _chunks(items, CONTENT_BATCH):
            _post(client, "/v1/content:batch", {"items": [_as_sent(item) for item in chunk]})
            progress.advance(task, len(chunk))
        task = progress.add_task("Visitors of four months", total=visitors)
        catalogue = [{**item, "phase": item["expectedPhase"]} for item in items]
        for messages, done in demo_messages(catalogue, visitors, now, SPAN_DAYS, SEED, BATCH):
            _post(client, "/v1/batch", {"batch": messages})
            progress.update(task, completed=done)
        task = progress.add_task("Learning personas and phases", total=1.0)
        job = _post(client, "/v1/jobs", {"kind": "train", "models": list(MODELS)})
        _follow(client, str(job["id"]), lambda share: progress.update(task, completed=share))


def _as_sent(item: Mapping[str, Any]) -> dict[str, Any]:
    """As a CMS sends it: what phase it is for, the service finds out."""
    return {name: value for name, value in item.items() if name != "expectedPhase"}


def _chunks(items: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    remaining = iter(items)
    while chunk := list(islice(remaining, size)):
        yield chunk


def _post(client: httpx.Client, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    answer = client.post(path, content=orjson.dumps(body))
    if answer.is_error:
        raise Unavailable(f"{path} answered {answer.status_code}: {answer.text[:300]}")
    told: dict[str, Any] = answer.json()
    if told.get("rejected"):
        raise InvalidInput(f"{path} refused something of the demo: {told['rejected'][:2]}")
    return told


def _follow(client: httpx.Client, job_id: str, show: Callable[[float], None]) -> None:
    deadline = time.monotonic() + TRAINED_WITHIN_S
    while time.monotonic() < deadline:
        job = client.get(f"/v1/jobs/{job_id}").json()
        show(job["progress"])
        if job["status"] == "succeeded":
            return
        if job["status"] == "failed":
            raise Unavailable(f"training failed: {job['detail']}")
        time.sleep(0.3)
    raise Unavailable("training took too long; start the demo again to go on")


def _show(address: str, key: str, seconds: float) -> None:
    words = f"[bold]{address}/demo/[/bold]\nClick through the site on the left and watch the right."
    words += f"\n\n[bold]{address}/console[/bold]\nThe marketer's pages. Sign in with {key}\n"
    words += f"\nReady after {seconds:.0f} s. Ctrl-C stops it; the next start is quick."
    console.print(Panel(words, title="The demo is running", border_style="green", expand=False))
