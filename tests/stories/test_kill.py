"""What was acknowledged survives the end of the service, however it comes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.conftest import SECRET, Service
from training.eventlog import Kind, message_of, read_folder

KILLS = 10
SENDERS = 3
PER_BATCH = 20
VISITORS = 7  # few, so that histories grow long


class Stream:
    """Senders until the service is gone, and a ledger of what was acknowledged."""

    def __init__(self, service: Service, run: str) -> None:
        self._service, self._run = service, run
        self.acknowledged: list[str] = []
        self.refused: list[str] = []
        self._stop = threading.Event()

    @contextmanager
    def flowing(self) -> Iterator[None]:
        senders = [threading.Thread(target=self._send, args=(number,)) for number in range(SENDERS)]
        for sender in senders:
            sender.start()
        yield
        self._stop.set()
        for sender in senders:
            sender.join()

    def wait_for(self, count: int) -> None:
        """Return when so many messages were acknowledged."""
        deadline = time.monotonic() + 20
        while len(self.acknowledged) < count:
            assert time.monotonic() < deadline, "nothing is acknowledged"
            time.sleep(0.005)

    def _send(self, sender: int) -> None:
        number = 0
        with self._service.client() as client, suppress(httpx.TransportError):
            while not self._stop.is_set():
                ids = [f"{self._run}-{sender}-{number + n}" for n in range(PER_BATCH)]
                batch = [
                    {"type": "track", "event": "Zap", "messageId": each, "anonymousId": who(each)}
                    for each in ids
                ]
                number += PER_BATCH
                answer = client.post("/v1/batch", json={"batch": batch})
                if answer.status_code == 200:
                    assert answer.json()["accepted"] == PER_BATCH
                    self.acknowledged += ids
                else:
                    self.refused.append(answer.text)


def who(message_id: str) -> str:
    """Whose message this is: every visitor gets some of each run."""
    return f"k-{int(message_id.rpartition('-')[2]) % VISITORS}"


def in_the_log(data_dir: Path) -> list[str]:
    records = read_folder(data_dir / "log", kinds=(Kind.MESSAGE,))
    return [message_of(record).message_id or "" for _, record in records]


def processes_of(service: Service) -> list[str]:
    """Everything that runs in this folder or in the service's group."""
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if folder.name.isdigit() and str(service.data_dir) in line:
                found.append(line)
    return found


def gone_within(service: Service, seconds: float) -> list[str]:
    deadline = time.monotonic() + seconds
    while (left := processes_of(service)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def counted_within(client: httpx.Client, visitor: str, count: int, seconds: float) -> bool:
    """Long histories are folded from the log beside the requests."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        told = client.get(f"/v1/visitors/anonymous_id:{visitor}").json()
        if told["evidenceCount"] == count:
            return True
        time.sleep(0.2)
    return False


@pytest.mark.slow
def test_kill_9_amid_a_stream_of_batches_loses_nothing_ten_times_over(new_service):
    service = new_service()
    acknowledged: list[str] = []
    for kill in range(KILLS):
        seconds = service.start()
        stream = Stream(service, f"run-{kill}")
        with stream.flowing():
            stream.wait_for(PER_BATCH)
            time.sleep(0.05 * (kill % 5))
            service.process.kill()
        acknowledged += stream.acknowledged
        assert gone_within(service, 5.0) == [], "a child outlived the service"
        service.stop(signal.SIGKILL)
        kept = in_the_log(service.data_dir)
        lost = set(acknowledged) - set(kept)
        assert not lost, f"kill {kill}: {len(lost)} of {len(acknowledged)} acknowledged are lost"
        assert len(kept) == len(set(kept)), "counted twice"
        assert seconds < 10
    service.start()
    visitors = Counter(who(message) for message in in_the_log(service.data_dir))
    with service.client() as client:
        for visitor, count in visitors.items():
            assert counted_within(client, visitor, count, 30.0), (
                "the store has not what the log has"
            )


def test_a_resent_batch_after_a_kill_counts_once(new_service):
    service = new_service()
    service.start()
    batch = {"batch": [{"type": "track", "event": "Zap", "userId": "u", "messageId": "once"}]}
    with service.client() as client:
        assert client.post("/v1/batch", json=batch).json()["accepted"] == 1
    service.stop(signal.SIGKILL)
    service.start()
    with service.client() as client:
        assert client.post("/v1/batch", json=batch).json()["duplicates"] == 1
        assert client.get("/v1/visitors/user_id:u").json()["evidenceCount"] == 1


def test_sigterm_answers_what_is_under_way_and_ends_within_five_seconds(new_service):
    service = new_service()
    service.start()
    stream = Stream(service, "term")
    with stream.flowing():
        stream.wait_for(5 * PER_BATCH)
        seconds = service.stop(signal.SIGTERM)
    assert seconds <= 5.0
    assert not stream.refused, stream.refused[:1]
    assert gone_within(service, 1.0) == []
    assert set(stream.acknowledged) <= set(in_the_log(service.data_dir))


def test_a_connection_that_only_waits_holds_nothing_up(new_service):
    import socket

    service = new_service()
    service.start()
    with socket.create_connection(("127.0.0.1", service.port)) as idle:
        idle.sendall(b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        time.sleep(0.1)
        assert service.stop(signal.SIGTERM) <= 5.0
    assert gone_within(service, 1.0) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_to_the_group_ends_everything(new_service, number):
    service = new_service()
    service.start()
    os.killpg(service.process.pid, number)
    service.process.wait(5)
    assert gone_within(service, 5.0) == []


def test_a_service_that_lost_its_store_is_whole_again_from_the_log(new_service):
    import shutil

    service = new_service()
    service.start()
    with service.client() as client:
        made = client.post("/v1/keys", json={"kind": "console"}).json()["key"]
        client.put("/v1/event-names/Probefahrt", json={"means": "intending"})
        client.post("/v1/track", json={"event": "Probefahrt", "userId": "driver"})
        before = client.get("/v1/visitors/user_id:driver").json()
        identity = client.get("/v1/site").json()
    service.stop()
    shutil.rmtree(service.data_dir / "store")
    service.start()
    with service.client(made) as client:
        assert client.get("/v1/event-names").json()["data"] == [
            {"name": "Probefahrt", "means": "intending"}
        ]
    with service.client() as client:
        assert client.get("/v1/site").json() == identity
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            after = client.get("/v1/visitors/user_id:driver").json()
            if after["evidenceCount"]:
                break
            time.sleep(0.1)
    assert after["evidenceCount"] == before["evidenceCount"] == 1
    assert after["phase"]["id"] == before["phase"]["id"]


def test_a_second_service_in_the_same_folder_is_told_so(new_service):
    service = new_service()
    service.start()
    other = new_service()
    with pytest.raises(AssertionError, match="holds the event log"):
        other.start()
    with service.client(SECRET) as client:
        assert client.get("/v1/keys").status_code == 200
