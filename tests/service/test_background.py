"""What runs beside the requests."""

from __future__ import annotations

import asyncio

from service.state import kept_going


def test_work_that_fails_begins_again_and_ends_when_it_is_done():
    begun: list[int] = []

    async def work() -> None:
        begun.append(len(begun))
        if len(begun) < 4:
            raise ZeroDivisionError

    asyncio.run(kept_going(work, "counting", pause=0.0))
    assert begun == [0, 1, 2, 3]


def test_work_that_is_stopped_does_not_begin_again():
    begun: list[int] = []

    async def work() -> None:
        begun.append(1)
        await asyncio.sleep(60)

    async def stopped_soon() -> bool:
        task = asyncio.create_task(kept_going(work, "waiting", pause=0.0))
        await asyncio.sleep(0.01)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=5)
        return bool(done) and task.cancelled()

    assert asyncio.run(stopped_soon())
    assert begun == [1]
