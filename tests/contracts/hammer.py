"""A second writer, for tests of what happens between processes: python -m tests.contracts.hammer"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace

from personas.entities import History, Touchpoint, VisitorKey
from service.store_redis import connect


def adding(message: int):
    """A fold that adds one touchpoint."""

    def fold(history: History) -> History:
        added = (*history.touchpoints, Touchpoint(float(message), message, "page"))
        return replace(history, touchpoints=tuple(sorted(added, key=lambda each: each.message)))

    return fold


async def hammer(url: str, site: str, first: int, count: int, visitors: int) -> None:
    """`count` concurrent folds, each of one touchpoint, spread over a few visitors."""
    store = connect(url, hot=5.0, bulk=5.0)
    await asyncio.gather(
        *(
            store.update(site, {VisitorKey("user_id", str(number % visitors)): adding(number)})
            for number in range(first, first + count)
        )
    )
    await store.close()


if __name__ == "__main__":
    url, site, *numbers = sys.argv[1:]
    asyncio.run(hammer(url, site, *map(int, numbers)))
