"""The store in Redis or Valkey: the embedded server, one by URL, or a cluster.

Which keys there are, their bounds and their times to live: `service/store_keys.py`.

No command and no script names two keys, so that any key may live on any node of a cluster.

Needs Redis 6.2 or Valkey 8 and nothing newer.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import redis.asyncio as driver
import structlog
from redis import exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from personas.entities import History, VisitorKey
from personas.errors import CorruptArtefact, InvalidInput, StoreUnavailable
from service.breaker import WAITS, Breaker, within
from service.codec import Lately
from service.embedded_store import EmbeddedServer
from service.gathering import Gathering, chunks
from service.store import KEEP_SECONDS, MOST_BYTES, Fold, Store
from service.store_keys import (
    families_key,
    family_key,
    family_of,
    histories_pattern,
    history_key,
    pattern_of,
    position_key,
    put_command,
    set_command,
    to_bytes,
    to_text,
)

HOT, BULK = 0.05, 1.0  # seconds: one read for a request, one round trip of bulk work
EMPTY = History()
AT_ONCE = 64  # round trips under way
KEYS_AT_ONCE = 32  # of one round trip of `update`: the event loop is held for a few milliseconds
TRIES = 64  # of a compare-and-set against other processes
PAGE = 200  # documents, or histories to read, of one round trip
DRIVER_ERRORS = (
    exceptions.RedisError,
    exceptions.RedisClusterException,
    exceptions.ChildDeadlockedError,
    exceptions.IncorrectPolicyType,
    OSError,  # and TimeoutError
    EOFError,
)
_T = TypeVar("_T")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Change:
    """A fold on its way into the store."""

    key: VisitorKey
    name: bytes
    fold: Fold
    life: int  # seconds


class RedisStore:
    """A `Store` in Redis or Valkey.

    Args:
        client: of redis-py, without retries and time limits of its own.
        cluster: whether it is a cluster's.
        server: an embedded server that ends with this store.
        hot: seconds for one read of a request.
        bulk: seconds for one round trip that writes, or lists documents. Before such work a short
            one is made, so that a server that is away is noticed after `hot`.
        waits: of the breaker.

    Attributes:
        unreadable: histories found that were not written by this product, or by a later version of
            it; they count as empty, for the log can tell them again.
    """

    def __init__(
        self,
        client: driver.Redis | driver.RedisCluster,
        *,
        cluster: bool = False,
        server: EmbeddedServer | None = None,
        hot: float = HOT,
        bulk: float = BULK,
        waits: Sequence[float] = WAITS,
    ) -> None:
        self._client: Any = client
        self._cluster, self._server = cluster, server
        self._hot, self._bulk = hot, bulk
        self._breaker = Breaker(self._knock, StoreUnavailable, waits)
        self._lately = Lately()
        self._reads = Gathering(self._read)
        self._writes = Gathering(self._send)
        self._places = asyncio.Semaphore(AT_ONCE)
        self._turns: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()
        self.unreadable = 0

    # Histories

    async def histories(self, site: str, keys: Sequence[VisitorKey]) -> list[History]:
        found: list[History] = []
        for some in chunks(keys, PAGE):
            self._breaker.check()
            blobs = await self._reads.ask([history_key(site, key) for key in some])
            found += map(self._decoded, blobs)
        return found

    async def update(
        self, site: str, folds: Mapping[VisitorKey, Fold], heard: float | None = None
    ) -> tuple[VisitorKey, ...]:
        refused: list[VisitorKey] = []
        age = 0.0 if heard is None else time.time() - heard
        life = max(int(KEEP_SECONDS - max(age, 0.0)), 1)
        for some in chunks(folds.items(), KEYS_AT_ONCE):
            changes = [_Change(key, history_key(site, key), fold, life) for key, fold in some]
            async with AsyncExitStack() as turns:
                for name in sorted(change.name for change in changes):
                    lock = self._turns.setdefault(name, asyncio.Lock())
                    await turns.enter_async_context(lock)
                refused += await self._write(changes)
        return tuple(refused)

    async def forget(self, site: str, keys: Sequence[VisitorKey]) -> None:
        await self.ping()
        for some in chunks(keys, PAGE):
            await self._send([("UNLINK", history_key(site, key)) for key in some])

    async def expire(self, site: str, seconds: float) -> int:
        left, gone = 1000 * (KEEP_SECONDS - seconds), 0
        async for some in self._names(histories_pattern(site)):
            lives = await self._send([("PTTL", name) for name in some])
            old = [name for name, life in zip(some, lives, strict=True) if 0 <= life <= left]
            await self._send([("UNLINK", name) for name in old])
            gone += len(old)
        return gone

    # Documents

    async def document(self, site: str, name: str) -> bytes | None:
        family = family_key(site, family_of(name))
        document: bytes | None = await self._ask(
            lambda: self._client.hget(family, to_bytes(name)), self._hot
        )
        return document

    async def documents(self, site: str, prefix: str) -> dict[str, bytes]:
        await self.ping()
        families = [family_of(prefix)]
        if not families[0]:
            known = await self._ask(lambda: self._client.smembers(families_key(site)), self._hot)
            families = [each for each in map(to_text, known) if each.startswith(prefix) or not each]
        found: dict[str, bytes] = {}
        for family in families:
            found |= await self._scan(family_key(site, family), prefix)
        return found

    async def put_documents(self, site: str, documents: Mapping[str, bytes | None]) -> None:
        for name, body in documents.items():
            if body is not None and len(body) > MOST_BYTES:
                detail = f"document {name!r} has {len(body)} bytes; {MOST_BYTES} is the most"
                raise InvalidInput(detail, "document-too-large")
        await self.ping()
        families = {family_of(name) for name, body in documents.items() if body is not None}
        if families:
            await self._send([("SADD", families_key(site), *map(to_bytes, sorted(families)))])
        for some in chunks(documents.items(), PAGE):
            await self._send([put_command(site, name, body) for name, body in some])

    # The rest

    async def position(self, log: str) -> int | None:
        kept = await self._ask(lambda: self._client.get(position_key(log)), self._hot)
        return None if kept is None else int(kept)

    async def keep_position(self, log: str, position: int) -> None:
        name = position_key(log)
        await self._ask(lambda: self._client.set(name, position, ex=KEEP_SECONDS), self._hot)

    async def ping(self) -> None:
        await self._ask(self._ping, self._hot)

    async def close(self) -> None:
        await self._breaker.close()
        await self._client.aclose()
        if self._server is not None:
            await asyncio.to_thread(self._server.stop)

    # Folding

    async def _write(self, changes: list[_Change]) -> set[VisitorKey]:
        """Fold until every change is written; which ids were refused."""
        refused: set[VisitorKey] = set()
        self._breaker.check()
        blobs = await self._reads.ask([each.name for each in changes])
        for attempt in range(TRIES):
            due = list(self._folded(changes, blobs, refused))
            if not due:
                return refused
            answers = await self._writes.ask(
                [set_command(each[0].name, each[0].life, *each[1:]) for each in due]
            )
            lost = [(each[0], now) for each, now in zip(due, answers, strict=True) if now != 1]
            if not lost:
                return refused
            changes, blobs = [change for change, _ in lost], [now for _, now in lost]
            # No secret, but a chance for the other writer to finish.
            await asyncio.sleep(random.uniform(0, min(0.001 * attempt, 0.02)))  # noqa: S311 # as said
        raise StoreUnavailable("a visitor is changed by too many writers at once; try again")

    def _folded(
        self, changes: list[_Change], blobs: list[bytes | None], refused: set[VisitorKey]
    ) -> Iterator[tuple[_Change, bytes | None, bytes]]:
        """What is to be written: each change with the bytes before and after it."""
        for change, before in zip(changes, blobs, strict=True):
            history = self._decoded(before)
            folded = change.fold(history)
            if folded is history or folded == history:
                continue
            try:
                after = self._lately.encode(folded) if folded != EMPTY else b""
            except InvalidInput as error:
                _log.warning("history not written", why=error.detail)
                refused.add(change.key)
                continue
            if len(after) > MOST_BYTES:
                refused.add(change.key)
            else:
                yield change, before, after

    def _decoded(self, blob: bytes | None) -> History:
        if not blob:
            return EMPTY
        try:
            return self._lately.decode(blob)
        except CorruptArtefact as error:
            self.unreadable += 1
            _log.error("history not readable", why=str(error))
            return EMPTY

    # Speaking with the server

    async def _ask(self, doing: Callable[[], Awaitable[_T]], budget: float) -> _T:
        """What the server answers, in time; StoreUnavailable for every other end."""
        self._breaker.check()
        async with self._places:
            self._breaker.check()
            try:
                return await within(budget, doing())
            except DRIVER_ERRORS as error:
                why = _told(error)
                if not isinstance(error, exceptions.ResponseError):
                    self._breaker.trip(why)
                raise StoreUnavailable(why) from error

    async def _read(self, names: list[bytes]) -> list[bytes | None]:
        return await self._ask(lambda: self._get(names), self._hot)

    async def _send(self, commands: list[tuple[Any, ...]]) -> list[Any]:
        """The answers of one round trip."""
        return await self._ask(lambda: self._pipeline(commands), self._bulk)

    async def _pipeline(self, commands: list[tuple[Any, ...]]) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        answers: list[Any] = await pipeline.execute()
        return answers

    async def _get(self, names: list[bytes]) -> list[bytes | None]:
        if self._cluster:
            return await self._pipeline([("GET", name) for name in names])
        blobs: list[bytes | None] = await self._client.mget(names)
        return blobs

    async def _scan(self, family: bytes, prefix: str) -> dict[str, bytes]:
        pattern = pattern_of(prefix)
        found: dict[str, bytes] = {}
        cursor = 0
        while True:
            scan = partial(self._client.hscan, family, cursor, match=pattern, count=PAGE)
            cursor, page = await self._ask(scan, self._bulk)
            found.update((to_text(name), body) for name, body in page.items())
            if not cursor:
                return found

    async def _names(self, pattern: bytes) -> AsyncIterator[list[bytes]]:
        some: list[bytes] = []
        try:
            async for name in self._client.scan_iter(match=pattern, count=PAGE):
                some.append(name)
                if len(some) == PAGE:
                    yield some
                    some = []
        except (OSError, exceptions.RedisError) as error:
            raise StoreUnavailable(_told(error)) from error
        if some:
            yield some

    async def _ping(self) -> None:
        await self._client.ping()

    async def _knock(self) -> None:
        try:
            await within(self._hot, self._ping())
        except DRIVER_ERRORS as error:
            raise StoreUnavailable(_told(error)) from error


def _told(error: BaseException) -> str:
    if isinstance(error, exceptions.MovedError):
        return "this server is part of a cluster: begin its URL with redis+cluster://"
    return f"the visitor store does not answer ({type(error).__name__}: {error})"


# Opening ------------------------------------------------------------------------------------------


async def open_store(url: str | None, folder: Path) -> Store:
    """The store at `url`, or without one an embedded server that keeps its files in `folder`.

    URLs: `redis://`, `rediss://` (TLS), `unix://`, the same with `valkey`, and
    `redis+cluster://` or `rediss+cluster://` for any node of a cluster.

    Raises:
        InvalidInput: no such URL.
        StoreUnavailable: the embedded server cannot be started. A server by URL may be away: then
            the calls raise, until it is there.
    """
    if url:
        return connect(url)
    server = EmbeddedServer(folder)
    await asyncio.to_thread(server.start)
    return RedisStore(_client(f"unix://{server.socket}"), server=server)


def connect(url: str, *, hot: float = HOT, bulk: float = BULK) -> RedisStore:
    """The store at a URL; nothing is sent yet."""
    scheme, mark, rest = url.partition("://")
    kind, _, cluster = scheme.replace("valkey", "redis").partition("+")
    if kind not in ("redis", "rediss", "unix") or cluster not in ("", "cluster") or not mark:
        raise InvalidInput(
            f"{scheme}:// is no store: begin the URL with redis://, rediss://, unix:// or"
            " redis+cluster://",
            "invalid-store-url",
        )
    try:
        client = _client(f"{kind}://{rest}", bool(cluster))
    except (ValueError, *DRIVER_ERRORS) as error:
        raise InvalidInput(
            f"the store's URL cannot be used: {error}", "invalid-store-url"
        ) from error
    return RedisStore(client, cluster=bool(cluster), hot=hot, bulk=bulk)


def _client(url: str, cluster: bool = False) -> driver.Redis | driver.RedisCluster:
    """Without time limits and retries: `within` and the breaker stand in for them."""
    plain: dict[str, Any] = {
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": None,
        "socket_connect_timeout": BULK,
        "protocol": 2,
        "driver_info": None,
        "max_connections": 2 * AT_ONCE,
    }
    if cluster:
        return driver.RedisCluster.from_url(url, **plain, require_full_coverage=False)
    return driver.Redis.from_url(url, **plain)
