"""What is broken around the service: it says so, loses nothing, and heals by itself."""

from __future__ import annotations

import resource
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from service.embedded_store import find_program
from tests.conftest import SECRET, free_port

TRACK = {"event": "Pricing Viewed", "userId": "troubled"}


def limit_files(service, most: int) -> None:
    """From now on this process cannot write beyond so many bytes of any file: a full disk."""
    _, hard = resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (most, hard))


def test_a_full_disk_is_a_503_before_anything_is_acknowledged_and_heals_by_itself(new_service):
    service = new_service()
    service.start()
    with service.client() as client:
        assert client.post("/v1/track", json=TRACK | {"messageId": "before"}).status_code == 200
        limit_files(service, 64)
        refused = client.post("/v1/track", json=TRACK | {"messageId": "during"})
        assert refused.status_code == 503
        assert refused.json()["code"] == "log-unavailable"
        assert int(refused.headers["retry-after"]) >= 1
        ready = client.get("/health/ready")
        assert (ready.status_code, ready.json()["down"]) == (503, ["log"])
        assert client.get("/health/live").status_code == 200
        assert client.get("/v1/visitors/user_id:troubled").json()["evidenceCount"] == 1
        limit_files(service, resource.RLIM_INFINITY)
        again = client.post("/v1/track", json=TRACK | {"messageId": "during"})
        assert (again.status_code, again.json()) == (200, {"success": True})
        assert client.get("/health/ready").status_code == 200
    service.stop(signal.SIGKILL)
    service.start()
    with service.client() as client:
        assert client.get("/v1/visitors/user_id:troubled").json()["evidenceCount"] == 2


def test_a_dead_store_makes_answers_poorer_and_loses_no_event(new_service):
    port = free_port()
    service = new_service(FINGERPOST_STORE_URL=f"redis://127.0.0.1:{port}/0")
    with valkey(port) as store:
        service.start()
        with service.client() as client:
            client.post("/v1/track", json=TRACK | {"messageId": "1"})
            store.send_signal(signal.SIGSTOP)
            begun = time.monotonic()
            statuses = Counter(
                client.post("/v1/track", json=TRACK | {"messageId": f"down-{n}"}).status_code
                for n in range(20)
            )
            assert statuses == Counter({200: 20})
            assert time.monotonic() - begun < 3.0, "each waited for the dead store"
            assert client.get("/health/ready").json()["down"] == ["store"]
            assert client.put("/v1/event-names/Zap", json={"means": "liking"}).status_code == 200
            store.send_signal(signal.SIGCONT)
            deadline = time.monotonic() + 5
            count = 0
            while count < 21 and time.monotonic() < deadline:
                answer = client.get("/v1/visitors/user_id:troubled")
                count = answer.json().get("evidenceCount", 0)
                time.sleep(0.1)
            assert count == 21
            assert client.get("/health/ready").json()["down"] == []


def test_with_too_much_at_once_some_are_told_to_come_again(new_service):
    service = new_service(FINGERPOST_MOST_REQUESTS="2")
    service.start()
    statuses: Counter[int] = Counter()

    def hurry() -> None:
        with service.client() as client:
            for _ in range(20):
                answer = client.post("/v1/batch", json={"batch": [TRACK] * 200})
                statuses[answer.status_code] += 1
                if answer.status_code == 429:
                    assert int(answer.headers["retry-after"]) >= 1
                    assert answer.json()["code"] == "too-many-requests"

    crowd = [threading.Thread(target=hurry) for _ in range(8)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()
    assert set(statuses) == {200, 429}
    with service.client() as client:
        assert client.get("/health/live").status_code == 200


@pytest.mark.slow
def test_who_sends_slowly_is_cut_off_and_hinders_nobody(running_service):
    head = f"POST /v1/track HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\n".encode()
    slow = [open_with(running_service, head[:30]) for _ in range(100)]
    body = open_with(running_service, head + b"Content-Length: 100\r\n\r\n{")
    begun = time.monotonic()
    with running_service.client() as client:
        while time.monotonic() - begun < 3:
            asked = time.monotonic()
            assert client.get("/health/live").status_code == 200
            assert time.monotonic() - asked < 1.0
            time.sleep(0.05)
    body.settimeout(15)
    assert body.recv(100).startswith(b"HTTP/1.1 408")
    for wire in slow:
        wire.settimeout(max(begun + 15 - time.monotonic(), 0.1))
        assert wire.recv(100) == b"" or b"408" in wire.recv(100)
    for wire in [*slow, body]:
        wire.close()


def open_with(service, begin: bytes) -> socket.socket:
    wire = socket.create_connection(("127.0.0.1", service.port), timeout=20)
    wire.sendall(begin)
    return wire


@contextmanager
def valkey(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A store of the test's own."""
    command = [str(find_program()), "--port", str(port), "--save", "", "--bind", "127.0.0.1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
            break
        time.sleep(0.05)
    yield process
    process.send_signal(signal.SIGCONT)
    process.kill()
    process.wait()


def test_a_client_that_hangs_up_amid_its_request_hurts_nobody(running_service):
    for cut in (
        b"POST /v1/batch HTTP/1.1\r\n",
        b"",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ):
        open_with(running_service, cut).close()
    head = f"POST /v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\n".encode()
    for _ in range(20):
        open_with(running_service, head + b"Content-Length: 1000\r\n\r\n{").close()
    with running_service.client() as client:
        assert client.post("/v1/track", json=TRACK).status_code == 200
    assert "Traceback" not in running_service.log.read_text()
