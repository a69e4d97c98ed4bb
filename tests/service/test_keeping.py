"""What tells of visitors leaves when it was kept long enough, from the log and from the store."""

from __future__ import annotations

import time

import pytest

from tests.builders import DAY, page, record, record_of
from tests.conftest import Service
from tests.training.logs import opened, run
from training.eventlog import Kind

OLD, NEW = "canary-of-long-ago", "canary-of-today"
WITHIN_S = 20.0


@pytest.fixture(scope="module")
def aged(tmp_path_factory):
    """A service whose log was begun a hundred days ago."""
    service = Service(tmp_path_factory.mktemp("aged") / "data")

    async def begun():
        async with opened(service.data_dir / "log") as log:
            for name, days in ((OLD, 100), (NEW, 0)):
                came = time.time() - days * DAY
                raw = page(name, userId=name, anonymousId=None)
                await log.append([record_of(raw, received_at=came)])
                await log.append([record(Kind.CONTENT, f'{{"id":"/{name}"}}'.encode(), time=came)])

    run(begun())
    service.start()
    yield service
    service.stop()


def written(service: Service, words: str) -> bool:
    """Whether words stand anywhere on the disk."""
    files = [path for path in service.data_dir.rglob("*") if path.is_file()]
    return any(words.encode() in path.read_bytes() for path in files)


def touchpoints(client, name: str) -> int:
    told = client.get(f"/v1/visitors/user_id:{name}", params={"include": "touchpoints"})
    return len(told.json()["touchpoints"])


def until(client, expected: tuple[int, int]) -> None:
    """Touchpoints of the old and of the new one; a log is folded, and expires, beside requests."""
    deadline = time.monotonic() + WITHIN_S
    while (told := (touchpoints(client, OLD), touchpoints(client, NEW))) != expected:
        assert time.monotonic() < deadline, told
        time.sleep(0.05)


def test_nobody_without_a_key_chooses_how_long_visitors_are_known(aged):
    with aged.client(None) as nobody:
        assert nobody.patch("/v1/site", json={"keptDays": 1}).status_code == 401


@pytest.mark.parametrize("days", [0, -1, 396, 1.5, "long", True])
def test_a_time_that_cannot_be_chosen_is_refused(aged, days):
    with aged.client() as client:
        answer = client.patch("/v1/site", json={"keptDays": days})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/keptDays")
        assert client.get("/v1/site").json()["keptDays"] is None


def test_what_is_older_than_a_site_keeps_leaves_and_stays_away(aged):
    with aged.client() as client:
        until(client, (1, 1))
        assert client.patch("/v1/site", json={"keptDays": 101}).json()["keptDays"] == 101
        time.sleep(0.5)
        until(client, (1, 1))
        client.patch("/v1/site", json={"keptDays": 99})
        until(client, (0, 1))
    aged.stop()
    assert written(aged, f'"userId":"{NEW}"')
    assert not written(aged, f'"userId":"{OLD}"')
    aged.start()
    with aged.client() as client:
        assert client.get("/v1/site").json()["keptDays"] == 99
        until(client, (0, 1))
        assert client.get(f"/v1/content/%2F{OLD}").status_code == 200
