"""Manners at other people's servers: robots.txt is obeyed, and nobody is asked too often."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from protego import Protego

from service.fetching import Fetched, Fetcher, Wish
from service.fetching_addresses import NotFetched, Target

ROBOTS_BYTES = 512 << 10  # RFC 9309 asks for 500 KiB at least
LONGEST_DELAY_S = 60.0  # of a Crawl-delay
AGAIN_S = (2.0, 10.0)  # after these seconds a server that was too busy is asked again
BUSY = ("status-429", "status-502", "status-503", "status-504")


@dataclass
class _Host:
    """What is known of one origin."""

    robots: Protego | None = None
    refuses: bool = False  # its robots.txt cannot be read just now, which RFC 9309 takes for a no
    next_at: float = 0.0
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class Manners:
    """A fetcher that behaves.

    Args:
        agent: the User-Agent; what robots.txt may name is its part before the first `/`.
        pause: seconds between the beginnings of two requests to one origin.
        again: seconds to wait before each further try of a server that is too busy.
    """

    def __init__(
        self, fetcher: Fetcher, agent: str, pause: float, again: tuple[float, ...] = AGAIN_S
    ) -> None:
        self._fetcher, self._pause, self._again = fetcher, pause, again
        self._agent = agent
        self._hosts: dict[str, _Host] = {}

    async def fetch(self, wish: Wish) -> Fetched:
        """Fetch something as a good guest does.

        Raises:
            NotFetched: says why; with code "robots": robots.txt asks not to.
        """
        for seconds in self._again:
            try:
                return await self._fetcher.fetch(wish, self._before)
            except NotFetched as error:
                if error.code not in BUSY:
                    raise
            await asyncio.sleep(seconds)
        return await self._fetcher.fetch(wish, self._before)

    async def _before(self, target: Target) -> None:
        host = self._hosts.setdefault(target.origin, _Host())
        async with host.reading:
            if host.robots is None and not host.refuses:
                await self._read_robots(target, host)
        if host.refuses:
            raise NotFetched("The host's robots.txt cannot be read now.", "robots")
        if host.robots is not None and not host.robots.can_fetch(target.url, self._agent):
            raise NotFetched("The host's robots.txt asks not to fetch it.", "robots")
        await self._take_turn(host)

    async def _take_turn(self, host: _Host) -> None:
        told = host.robots.crawl_delay(self._agent) if host.robots is not None else None
        pause = max(self._pause, min(float(told or 0.0), LONGEST_DELAY_S))
        now = time.monotonic()
        turn = max(now, host.next_at)
        host.next_at = turn + pause
        await asyncio.sleep(turn - now)

    async def _read_robots(self, target: Target, host: _Host) -> None:
        try:
            answer = await self._fetcher.fetch(Wish(f"{target.origin}/robots.txt", ROBOTS_BYTES))
            rules = answer.body.decode("utf-8", "replace")
        except NotFetched as error:
            if error.code in ("address-refused", "unknown-host", "unreachable"):
                raise  # the page itself would say the same
            host.refuses = not error.code.startswith("status-4") and error.code != "too-large"
            rules = ""
        host.robots = await asyncio.to_thread(Protego.parse, rules)
