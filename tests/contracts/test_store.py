"""What every store does, whichever server it speaks to."""

from __future__ import annotations

import asyncio
import random
import sys
import time

import pytest

from personas.entities import History, Touchpoint, VisitorKey
from personas.errors import InvalidInput
from service.store import MOST_BYTES
from service.store_redis import connect
from tests.contracts.hammer import adding, hammer
from tests.contracts.stores import BACK_ENDS, fresh_site, running
from tests.service.histories import plausible_history

pytestmark = pytest.mark.anyio
ANNA, BEN = VisitorKey("user_id", "anna"), VisitorKey("user_id", "ben")
ODD_IDS = ["a:b", "{x}y", "}{", "/guides/a b", "ß日本🦊", "*?[a]^-\\", "x" * 256, "日" * 256, "0"]


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module", params=BACK_ENDS)
def url(request, tmp_path_factory):
    with running(request.param, tmp_path_factory.mktemp("store")) as url:
        yield url


@pytest.fixture
async def store(url):
    store = connect(url, hot=2.0, bulk=5.0)
    yield store
    await store.close()


@pytest.fixture
def site():
    return fresh_site()


def becoming(history: History):
    return lambda _: history


async def test_an_unknown_visitor_has_an_empty_history(store, site):
    assert await store.histories(site, [ANNA]) == [History()]
    assert await store.histories(site, []) == []


async def test_histories_come_in_the_order_asked_for(store, site):
    keys = [VisitorKey("anonymous_id", str(number)) for number in range(300)]
    kept = {key: plausible_history(number) for number, key in enumerate(keys)}
    assert await store.update(site, {key: becoming(kept[key]) for key in keys}) == ()
    asked = random.Random(1).choices([*keys, ANNA], k=500)
    assert await store.histories(site, asked) == [kept.get(key, History()) for key in asked]


@pytest.mark.parametrize("kind", ["user_id", "anonymous_id"])
async def test_any_id_is_an_id_of_its_own(store, site, kind):
    keys = [VisitorKey(kind, each) for each in ODD_IDS]
    await store.update(site, {key: becoming(plausible_history(i)) for i, key in enumerate(keys)})
    found = await store.histories(site, keys)
    assert found == [plausible_history(number) for number in range(len(keys))]
    other = "anonymous_id" if kind == "user_id" else "user_id"
    assert not any(
        each.touchpoints
        for each in await store.histories(site, [VisitorKey(other, each) for each in ODD_IDS])
    )


async def test_sites_do_not_see_each_other(store, site):
    await store.update(site, {ANNA: becoming(plausible_history(1))})
    await store.put_documents(site, {"setting/a": b"1"})
    for other in (f"{site}:h:u", f"{site}:", f"{site}%3A", site[:-1], f"{site}*"):
        for odd in ("anna", f"h:u:{ANNA.id}", ":anna"):
            assert await store.histories(other, [VisitorKey("user_id", odd)]) == [History()]
        assert await store.documents(other, "") == {}


async def test_a_fold_gets_what_is_there(store, site):
    await store.update(site, {ANNA: adding(1)})
    await store.update(site, {ANNA: adding(2)})
    [history] = await store.histories(site, [ANNA])
    assert [each.message for each in history.touchpoints] == [1, 2]


async def test_a_fold_to_nothing_deletes(store, site):
    await store.update(site, {ANNA: adding(1)})
    await store.update(site, {ANNA: becoming(History())})
    assert await store.histories(site, [ANNA]) == [History()]


async def test_forgotten_visitors_are_unknown_again(store, site):
    keys = [VisitorKey("user_id", str(number)) for number in range(450)]
    await store.update(site, {key: adding(1) for key in keys})
    await store.forget(site, keys[:-1])
    found = await store.histories(site, keys)
    assert [bool(each.touchpoints) for each in found] == [False] * 449 + [True]


async def test_histories_that_nobody_wrote_for_so_long_are_gone(store, site):
    some, other = plausible_history(1), VisitorKey("anonymous_id", "ann")
    await store.update(site, {ANNA: becoming(some), other: becoming(some)})
    await store.update(f"{site}-2", {ANNA: becoming(some)})
    await asyncio.sleep(1.1)
    await store.update(site, {other: becoming(plausible_history(2))})
    await store.update(site, {BEN: becoming(some)}, heard=time.time() - 500)
    assert await store.expire(site, 600) == 0
    assert await store.expire(site, 400) == 1
    assert await store.histories(site, [BEN]) == [History()]
    assert await store.expire(site, 1) == 1
    assert await store.histories(site, [ANNA, other]) == [History(), plausible_history(2)]
    assert await store.histories(f"{site}-2", [ANNA]) == [some]


async def test_an_absurd_history_is_refused_and_its_neighbours_are_written(store, site):
    chance = random.Random(2)
    long = chance.randbytes(MOST_BYTES).hex()
    absurd = {
        VisitorKey("user_id", "long"): becoming(History((Touchpoint(1.0, 1, long),))),
        VisitorKey("user_id", "odd"): becoming(History((Touchpoint(1.0, 1 << 70, "page"),))),
    }
    await store.update(site, dict.fromkeys(absurd, adding(5)))
    refused = await store.update(site, {**absurd, ANNA: adding(7)})
    assert set(refused) == set(absurd)
    found = await store.histories(site, [*absurd, ANNA])
    assert [[each.message for each in history.touchpoints] for history in found] == [[5], [5], [7]]


async def test_no_fold_is_lost_among_concurrent_ones(url, store, site):
    await hammer(url, site, first=0, count=400, visitors=3)
    found = await store.histories(site, [VisitorKey("user_id", str(each)) for each in range(3)])
    assert [[each.message for each in history.touchpoints] for history in found] == [
        list(range(visitor, 400, 3)) for visitor in range(3)
    ]


async def test_no_fold_is_lost_between_processes(url, store, site):
    count, visitors, writers = 300, 4, 3
    programs = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.contracts.hammer", url, site),
            *map(str, (writer * count, count, visitors)),
        )
        for writer in range(writers)
    ]
    assert [await program.wait() for program in programs] == [0] * writers
    keys = [VisitorKey("user_id", str(each)) for each in range(visitors)]
    found = await store.histories(site, keys)
    assert [[each.message for each in history.touchpoints] for history in found] == [
        list(range(visitor, writers * count, visitors)) for visitor in range(visitors)
    ]


async def test_a_cancelled_reader_never_gives_its_answer_to_the_next(store, site):
    chance = random.Random(3)
    keys = [VisitorKey("user_id", str(number)) for number in range(50)]
    await store.update(site, {key: adding(number) for number, key in enumerate(keys)})

    async def read(number: int) -> None:
        [history] = await store.histories(site, [keys[number]])
        assert [each.message for each in history.touchpoints] == [number]

    for _ in range(20):
        readers = [asyncio.create_task(read(chance.randrange(50))) for _ in range(60)]
        await asyncio.sleep(chance.random() * 0.005)
        for reader in chance.sample(readers, 30):
            reader.cancel()
        ends = await asyncio.gather(*readers, return_exceptions=True)
        assert all(end is None or isinstance(end, asyncio.CancelledError) for end in ends)


async def test_documents_are_what_a_dictionary_would_hold(store, site):
    chance = random.Random(4)
    names = [f"{family}{each}" for family in ("setting/", "content:", "", "a*") for each in ODD_IDS]
    twin: dict[str, bytes] = {}
    for _ in range(30):
        change = {
            name: None if chance.random() < 0.3 else chance.randbytes(chance.choice([0, 9, 300]))
            for name in chance.sample(names, 5)
        }
        await store.put_documents(site, change)
        twin = {name: body for name, body in (twin | change).items() if body is not None}
        prefix = chance.choice(["", "setting/", "content:", "set", "a*", "content:*", "x", "}"])
        assert await store.documents(site, prefix) == {
            name: body for name, body in twin.items() if name.startswith(prefix)
        }
        name = chance.choice(names)
        assert await store.document(site, name) == twin.get(name)


async def test_thousands_of_documents_are_listed(store, site):
    documents = {f"content:{number}": b"x" * 2_000 for number in range(3_000)}
    await store.put_documents(site, documents | {"setting/a": b"1"})
    assert await store.documents(site, "content:") == documents
    assert await store.documents(site, "setting/") == {"setting/a": b"1"}


async def test_a_document_that_is_too_long_is_refused_and_nothing_is_written(store, site):
    with pytest.raises(InvalidInput, match="1048577 bytes"):
        await store.put_documents(site, {"content:a": b"1", "content:b": bytes(MOST_BYTES + 1)})
    assert await store.documents(site, "") == {}


async def test_a_position_is_kept_for_each_log(store, site):
    assert await store.position(site) is None
    await store.keep_position(site, 1 << 50)
    await store.keep_position(f"{site}-other", 3)
    await store.keep_position(site, 12)
    assert (await store.position(site), await store.position(f"{site}-other")) == (12, 3)


async def test_a_store_that_runs_answers(store):
    await store.ping()
