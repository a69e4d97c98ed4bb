"""What is asked for at the same time travels together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from copy import copy
from itertools import islice
from typing import Generic, TypeVar

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")
_T = TypeVar("_T")


class Gathering(Generic[_Asked, _Answer]):
    """Gathers the questions of many callers into few round trips.

    A round trip starts as soon as the event loop gets to it, with all that was asked until then.
    While `lanes` of them are under way, questions wait and share the next one: the busier, the
    fewer round trips for each question.

    Args:
        carry: one answer for each question, in their order.
        lanes: round trips at the same time.
        most: questions of one round trip, unless a single caller has more.
    """

    def __init__(
        self,
        carry: Callable[[list[_Asked]], Awaitable[list[_Answer]]],
        lanes: int = 2,
        most: int = 128,
    ) -> None:
        self._carry, self._lanes, self._most = carry, lanes, most
        self._waiting: deque[tuple[Sequence[_Asked], asyncio.Future[list[_Answer]]]] = deque()
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, questions: Sequence[_Asked]) -> list[_Answer]:
        """The answers, or the error that `carry` raised."""
        answers: asyncio.Future[list[_Answer]] = asyncio.get_running_loop().create_future()
        self._waiting.append((questions, answers))
        if self._running < self._lanes:
            self._running += 1
            task = asyncio.create_task(self._run())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answers

    async def _run(self) -> None:
        # Counted down in the very step that finds nobody waiting: a lane that has ended, but whose
        # task is not yet let go, must not keep the next caller from starting one.
        try:
            await self._carry_all()
        finally:
            self._running -= 1

    async def _carry_all(self) -> None:
        while self._waiting:
            callers = self._next()
            questions = [question for asked, _ in callers for question in asked]
            try:
                answers = await self._carry(questions)
            except Exception as error:  # noqa: BLE001 # handed on to those who asked
                for _, future in callers:
                    if not future.done():
                        future.set_exception(copy(error))  # each raises it with its own traceback
                continue
            begin = 0
            for asked, future in callers:
                end = begin + len(asked)
                if not future.done():
                    future.set_result(answers[begin:end])
                begin = end

    def _next(self) -> list[tuple[Sequence[_Asked], asyncio.Future[list[_Answer]]]]:
        """The callers of the next round trip; those who gave up are left out."""
        callers: list[tuple[Sequence[_Asked], asyncio.Future[list[_Answer]]]] = []
        room = self._most
        while self._waiting and (not callers or len(self._waiting[0][0]) <= room):
            asked, future = self._waiting.popleft()
            if not future.done():
                callers.append((asked, future))
                room -= len(asked)
        return callers


def chunks(all_of_them: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """As many at a time."""
    left = iter(all_of_them)
    while some := list(islice(left, size)):
        yield some
