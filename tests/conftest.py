"""The real service as a process, for tests that ask it from outside."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

SECRET, PUBLISHABLE = "sk_test_secret_0123456789", "pk_test_public_0123456789"
IMPORTS_FROM_HERE = {"FINGERPOST_IMPORT_ALLOW_PRIVATE": "true", "FINGERPOST_IMPORT_PAUSE": "0"}
READY_WITHIN_S = 30.0
STOPPED_WITHIN_S = 10.0


@dataclass
class Service:
    """`fingerpost serve` in a folder of its own; started and stopped as often as a test likes."""

    data_dir: Path
    env: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.data_dir.parent / f"{self.data_dir.name}.out"

    def start(self) -> float:
        """Returns after how many seconds it was ready."""
        self.port = self.port or free_port()
        keys = {"FINGERPOST_SECRET_KEY": SECRET, "FINGERPOST_PUBLISHABLE_KEY": PUBLISHABLE}
        command = [sys.executable, "-m", "service.cli", "serve", "--port", str(self.port)]
        begun = time.monotonic()
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [*command, "--data-dir", str(self.data_dir)],
                env=os.environ | {"FINGERPOST_LOG_LEVEL": "warning"} | keys | self.env,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_ready(begun)
        return time.monotonic() - begun

    def _wait_until_ready(self, begun: float) -> None:
        while time.monotonic() < begun + READY_WITHIN_S:
            assert self.process is not None
            assert self.process.poll() is None, f"it ended:\n{self.log.read_text()[-3000:]}"
            with suppress(httpx.TransportError):
                if httpx.get(self.url + "/health/ready", timeout=2).status_code == 200:
                    return
            time.sleep(0.02)
        raise TimeoutError(self.log.read_text()[-3000:])

    def client(self, key: str | None = SECRET) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Returns after how many seconds it was gone."""
        if self.process is None:
            return 0.0
        begun = time.monotonic()
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
        try:
            self.process.wait(STOPPED_WITHIN_S)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None
        return time.monotonic() - begun


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def running_service(tmp_path_factory) -> Iterator[Service]:
    """One running service for all tests; use visitors and content of your own."""
    service = Service(tmp_path_factory.mktemp("running") / "data", IMPORTS_FROM_HERE)
    service.start()
    yield service
    service.stop()


@pytest.fixture
def new_service(tmp_path) -> Iterator[Callable[..., Service]]:
    """Makes services of the test's own; not started yet, stopped when the test ends."""
    made: list[Service] = []

    def make(name: str = "data", **env: str) -> Service:
        made.append(Service(tmp_path / name, env))
        return made[-1]

    yield make
    for service in made:
        service.stop(signal.SIGKILL)


@pytest.fixture
def secret(running_service) -> Iterator[httpx.Client]:
    """The running service, asked with a secret key."""
    with running_service.client() as client:
        yield client


@pytest.fixture
def publishable(running_service) -> Iterator[httpx.Client]:
    """The running service, asked with a publishable key."""
    with running_service.client(PUBLISHABLE) as client:
        yield client


@pytest.fixture
def nobody(running_service) -> Iterator[httpx.Client]:
    """The running service, asked without a key."""
    with running_service.client(None) as client:
        yield client
