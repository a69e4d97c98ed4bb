"""How often somebody may try a wrong key."""

from __future__ import annotations

from collections import OrderedDict, deque

MOST = 8  # wrong keys of one address
WITHIN = 60.0  # seconds
MOST_ADDRESSES = 10_000


class Attempts:
    """Counts wrong keys by address; the right one is not looked at either until the time is up."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, address: str, now: float) -> float:
        """Seconds until this address may try again; 0 where it may now."""
        wrong = self._wrong.get(address, deque())
        while wrong and wrong[0] <= now - WITHIN:
            wrong.popleft()
        return wrong[0] + WITHIN - now if len(wrong) >= MOST else 0.0

    def failed(self, address: str, now: float) -> None:
        """One more wrong key."""
        self._wrong.setdefault(address, deque()).append(now)
        self._wrong.move_to_end(address)
        while len(self._wrong) > MOST_ADDRESSES:
            self._wrong.popitem(last=False)
