"""A store that is ill costs little time, and is back in use soon after it healed."""

from __future__ import annotations

import asyncio
import inspect
import os
import random
import signal
import socket
import time
from contextlib import asynccontextmanager
from functools import partial

import pytest
import redis
from redis import exceptions

from personas.entities import VisitorKey
from personas.errors import InvalidInput, StoreUnavailable
from service import store_redis
from service.embedded_store import EmbeddedServer
from service.store_redis import RedisStore, connect, open_store
from tests.contracts.chaos import network_to
from tests.contracts.hammer import adding
from tests.service.histories import plausible_history

pytestmark = pytest.mark.anyio
KEYS = [VisitorKey("user_id", str(number)) for number in range(3)]
FIRST, AFTER, HEALED = 0.06, 0.005, 2.0  # seconds


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def server(tmp_path):
    server = EmbeddedServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def store(server):
    store = connect(f"unix://{server.socket}")
    await store.update("site", dict.fromkeys(KEYS, adding(1)))
    await store.put_documents("site", {"setting/a": b"1"})
    yield store
    await store.close()


@asynccontextmanager
async def client_of(server):
    client = redis.asyncio.Redis(unix_socket_path=str(server.socket), protocol=2)
    yield client
    await client.aclose()


def calls(store):
    return {
        "histories": lambda: store.histories("site", KEYS),
        "update": lambda: store.update("site", dict.fromkeys(KEYS, adding(2))),
        "document": lambda: store.document("site", "setting/a"),
        "documents": lambda: store.documents("site", "setting/"),
        "put_documents": lambda: store.put_documents("site", {"setting/b": b"2"}),
        "position": lambda: store.position("log"),
        "keep_position": lambda: store.keep_position("log", 1),
        "forget": lambda: store.forget("site", [VisitorKey("user_id", "nobody")]),
        "ping": store.ping,
    }


async def refusal(call) -> float:
    """How long it took to be refused."""
    begun = time.perf_counter()
    with pytest.raises(StoreUnavailable):
        await call()
    return time.perf_counter() - begun


async def recovery(call, limit: float = 10.0) -> float:
    """How long it took until the call went well again."""
    begun = time.perf_counter()
    await recovered(call, limit)
    return time.perf_counter() - begun


async def recovered(call, limit: float = 10.0):
    """What the call answers once it goes well: a busy machine may halt any program for a while."""
    begun = time.perf_counter()
    while time.perf_counter() - begun < limit:
        try:
            return await call()
        except StoreUnavailable:
            await asyncio.sleep(0.005)
    raise AssertionError("not recovered")


def usual(took: list[float]) -> float:
    """The median, since a busy machine may halt any program for a while."""
    return sorted(took)[len(took) // 2]


@pytest.mark.parametrize("name", calls(RedisStore(redis.asyncio.Redis())))
async def test_a_stopped_server_is_noticed_at_once_and_then_costs_nothing(server, store, name):
    call = calls(store)[name]
    first, after, healed = [], [], []
    for _ in range(3):
        os.kill(server.pid, signal.SIGSTOP)
        first.append(await refusal(call))
        after += [await refusal(each) for each in calls(store).values()]
        os.kill(server.pid, signal.SIGCONT)
        healed.append(await recovery(call))
    assert min(first) <= FIRST
    assert usual(after) <= AFTER
    assert max(healed) <= HEALED


async def test_while_a_server_is_stopped_many_at_once_wait_no_longer(server, store):
    longest = []
    for _ in range(3):
        os.kill(server.pid, signal.SIGSTOP)
        took = await asyncio.gather(*(refusal(calls(store)["histories"]) for _ in range(500)))
        longest.append(max(took))
        os.kill(server.pid, signal.SIGCONT)
        await recovery(store.ping)
    assert min(longest) <= 2 * FIRST


async def killed(server) -> None:
    """Killed once it runs: after an earlier kill it is begun again within a second."""
    async with asyncio.timeout(FIRST + HEALED):
        while (pid := server.pid) is None:
            await asyncio.sleep(0.01)
    os.kill(pid, signal.SIGKILL)


async def test_a_killed_server_is_back_with_all_it_was_told(server, store):
    for count in range(2, 5):
        await store.update("site", dict.fromkeys(KEYS, adding(count)))
        await killed(server)
        assert await refusal(calls(store)["histories"]) <= FIRST
        assert await recovery(calls(store)["histories"]) <= HEALED
        [history, *_] = await store.histories("site", KEYS)
        assert len(history.touchpoints) == count


async def test_folds_go_on_through_restarts_and_none_is_lost_that_was_acknowledged(server, store):
    told = set()

    async def tell(message: int) -> None:
        while True:
            try:
                await store.update("site", {KEYS[message % 3]: adding(message)})
            except StoreUnavailable:
                await asyncio.sleep(0.01)
            else:
                told.add(message)
                return

    for start in range(100, 400, 100):
        telling = asyncio.gather(*map(tell, range(start, start + 100)))
        await asyncio.sleep(0.02)
        await killed(server)
        await telling
    await recovery(store.ping)
    kept = {
        each.message
        for history in await store.histories("site", KEYS)
        for each in history.touchpoints
    }
    assert told == set(range(100, 400))
    assert told <= kept


async def test_a_full_server_refuses_to_write_at_once_and_still_reads(server, store):
    async with client_of(server) as client:
        await client.config_set("maxmemory-policy", "noeviction")
        await client.config_set("maxmemory", 1)
        for name in ("update", "put_documents", "keep_position"):
            assert min([await refusal(calls(store)[name]) for _ in range(3)]) <= FIRST
        assert len((await store.histories("site", KEYS))[0].touchpoints) == 1
        assert await store.document("site", "setting/a") == b"1"
        await client.config_set("maxmemory", 0)
    await store.update("site", dict.fromkeys(KEYS, adding(2)))


async def test_a_full_embedded_server_drops_visitors_and_keeps_documents(server):
    store = connect(f"unix://{server.socket}", hot=2.0)
    async with client_of(server) as client:
        await client.config_set("maxmemory", 3 << 20)  # the policy is its own
    documents = {f"content:{number}": bytes(1_000) for number in range(500)}
    await store.put_documents("site", documents)
    keys = [VisitorKey("anonymous_id", str(number)) for number in range(20_000)]
    for begin in range(0, len(keys), 500):
        await store.update("site", dict.fromkeys(keys[begin : begin + 500], adding(1)))
    histories = await store.histories("site", keys)
    kept = sum(bool(history.touchpoints) for history in histories)
    assert 1_000 < kept < 19_000
    assert await store.documents("site", "content:") == documents
    await store.close()


async def test_a_server_that_is_not_there_is_refused_until_it_is(tmp_path):
    server = EmbeddedServer(tmp_path)
    store = connect(f"unix://{server.socket}")
    assert usual([await refusal(call) for call in calls(store).values()]) <= AFTER
    server.start()
    assert await recovery(calls(store)["histories"]) <= HEALED
    await store.close()
    server.stop()


async def test_a_host_that_takes_connections_and_says_nothing_is_noticed_at_once():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        store = connect(f"redis://127.0.0.1:{mute.getsockname()[1]}")
        assert await refusal(store.ping) <= 2 * FIRST
        assert usual([await refusal(call) for call in calls(store).values()]) <= AFTER
        await store.close()


@pytest.mark.parametrize("mode", ["drip", "cut", "reset", "silent"])
async def test_an_ill_network_is_noticed_at_once_and_never_mixes_answers_up(server, store, mode):
    told = {key: adding(100 + number) for number, key in enumerate(KEYS)}
    await store.update("site", told)
    kept = await store.histories("site", KEYS)
    async with network_to(server.socket) as network:
        far = connect(f"redis://127.0.0.1:{network.port}")
        first, after = [], []
        for _ in range(3):
            assert await far.histories("site", KEYS) == kept
            network.mode = mode
            first.append(await refusal(lambda: far.histories("site", KEYS)))
            after += [await refusal(lambda: far.histories("site", KEYS)) for _ in range(5)]
            network.mode = "well"
            assert await recovery(far.ping) <= HEALED
            for number in random.Random(1).choices(range(3), k=20):
                one = await recovered(partial(far.histories, "site", [KEYS[number]]))
                assert one == [kept[number]]
        assert min(first) <= FIRST
        assert usual(after) <= AFTER
        await far.close()


async def test_a_slow_network_is_slow_and_no_more(server, store):
    async with network_to(server.socket) as network:
        network.mode = "slow"
        far = connect(f"redis://127.0.0.1:{network.port}", hot=0.5)
        for _ in range(10):
            assert await far.histories("site", KEYS) == await store.histories("site", KEYS)
        assert await far.update("site", dict.fromkeys(KEYS, adding(5))) == ()
        await far.close()


async def test_a_server_that_asks_for_a_password_is_unavailable_and_says_so(server):
    async with client_of(server) as client:
        await client.config_set("requirepass", "secret")
        store = connect(f"unix://{server.socket}")
        with pytest.raises(StoreUnavailable, match="uthentication"):
            await store.ping()
        await store.close()
        store = connect(f"unix://:secret@{server.socket}")
        await store.ping()
        await store.close()


async def test_bytes_of_somebody_else_count_as_an_empty_history(server, store):
    async with client_of(server) as client:
        await client.set("fp:site:h:u:0", b"not ours")
    assert (await store.histories("site", KEYS[:1]))[0].touchpoints == ()
    assert store.unreadable == 1
    await store.update("site", {KEYS[0]: adding(9)})
    assert [each.message for each in (await store.histories("site", KEYS))[0].touchpoints] == [9]


async def test_every_key_has_a_time_to_live_or_is_a_document(server, store):
    await store.keep_position("log", 1)
    async with client_of(server) as client:
        left = {key: await client.ttl(key) async for key in client.scan_iter("*")}
    lasting = {key for key, seconds in left.items() if seconds < 0}
    assert lasting == {b"fp:site:d:setting/", b"fp:site:f"}
    assert min(left[key] for key in left.keys() - lasting) > 390 * 86_400
    assert max(left.values()) <= 395 * 86_400


async def test_a_fold_that_changes_nothing_writes_nothing(server, store):
    async with client_of(server) as client:
        writes = (await client.info("commandstats"))["cmdstat_set"]["calls"]
        await store.update("site", dict.fromkeys(KEYS, lambda history: history))
        assert (await client.info("commandstats"))["cmdstat_set"]["calls"] == writes


async def test_a_visitor_of_25_touchpoints_takes_a_kibibyte_of_the_server_all_told(server, store):
    async with client_of(server) as client:
        before = (await client.info("memory"))["used_memory"]
        made = {}
        for number in range(2_000):
            key = VisitorKey("anonymous_id", f"a-19c2-{number:08}")
            made[key] = lambda _, number=number: plausible_history(number)
        for begin in range(0, 2_000, 100):
            await store.update("site", dict(list(made.items())[begin : begin + 100]))
        used = (await client.info("memory"))["used_memory"] - before
    assert used / 2_000 <= 1_024


def every_driver_error():
    for _, kind in inspect.getmembers(exceptions, inspect.isclass):
        if issubclass(kind, Exception):
            yield kind
    yield from (OSError, ConnectionRefusedError, TimeoutError, EOFError)


class Failing:
    """A driver that raises."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    async def ping(self) -> None:
        raise self.error

    async def aclose(self) -> None:
        pass


@pytest.mark.parametrize("kind", sorted(set(every_driver_error()), key=lambda kind: kind.__name__))
async def test_every_error_of_the_driver_becomes_ours(kind):
    needed = len(inspect.signature(kind).parameters) if kind is exceptions.AskError else 0
    words = ["1 127.0.0.1:7000"] if issubclass(kind, exceptions.AskError) or needed else ["why"]
    store = RedisStore(Failing(kind(*words)))
    with pytest.raises(StoreUnavailable):
        await store.ping()
    await store.close()


@pytest.mark.parametrize(
    "url", ["http://a", "a:6379", "redis", "redis+sentinel://a", "redis://a:x"]
)
async def test_a_url_that_is_no_store_is_refused_with_what_to_write(url, tmp_path):
    with pytest.raises(InvalidInput, match="URL"):
        await open_store(url, tmp_path)


async def test_without_a_url_the_embedded_server_is_opened_and_ended(tmp_path):
    store = await open_store(None, tmp_path)
    await store.update("site", {KEYS[0]: adding(1)})
    await store.close()
    store = await open_store(None, tmp_path)
    assert len((await store.histories("site", KEYS))[0].touchpoints) == 1
    await store.close()


async def test_a_valkey_url_is_a_redis_url():
    for url in ("valkey://a:1", "valkeys://a:1", "redis+cluster://127.0.0.1:1", "rediss://a"):
        store = connect(url)
        await store.close()


async def test_the_driver_has_no_retries_and_no_time_limits_of_its_own():
    client = store_redis._client("redis://localhost")
    options = client.connection_pool.connection_kwargs
    assert (options["retry"].get_retries(), options["socket_timeout"]) == (0, None)
    await client.aclose()
