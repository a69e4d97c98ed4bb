"""Nobody waits long for a back end that is away, and nobody waits again for one that is back."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from personas.errors import StoreUnavailable
from service.breaker import Breaker, within
from service.gathering import Gathering

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Patient:
    """A back end that can be ill."""

    def __init__(self) -> None:
        self.ill, self.probed = True, 0

    async def probe(self) -> None:
        self.probed += 1
        if self.ill:
            raise StoreUnavailable("still ill")


async def test_closed_it_lets_everything_pass():
    breaker = Breaker(Patient().probe, StoreUnavailable)
    breaker.check()
    assert breaker.why_open is None


async def test_open_it_answers_at_once():
    breaker = Breaker(Patient().probe, StoreUnavailable)
    breaker.trip("it fell over")
    begun = time.perf_counter()
    for _ in range(100):
        with pytest.raises(StoreUnavailable, match="it fell over"):
            breaker.check()
    assert time.perf_counter() - begun < 0.1
    await breaker.close()


async def test_it_closes_by_itself_when_the_back_end_is_well_again():
    patient = Patient()
    breaker = Breaker(patient.probe, StoreUnavailable, waits=(0.0, 0.01))
    breaker.trip("it fell over")
    await asyncio.sleep(0.05)
    assert (breaker.why_open, patient.probed > 1) == ("still ill", True)
    patient.ill = False
    await asyncio.sleep(0.05)
    breaker.check()


async def test_a_back_end_that_was_only_late_is_back_at_once():
    patient = Patient()
    patient.ill = False
    breaker = Breaker(patient.probe, StoreUnavailable)
    breaker.trip("late")
    await asyncio.sleep(0.01)
    breaker.check()


async def test_it_can_trip_again():
    patient = Patient()
    patient.ill = False
    breaker = Breaker(patient.probe, StoreUnavailable)
    for _ in range(3):
        breaker.trip("late")
        breaker.trip("late, says another")
        assert breaker.why_open == "late"
        await asyncio.sleep(0.01)
        breaker.check()
    assert patient.probed == 3


async def test_probes_grow_rarer():
    patient = Patient()
    breaker = Breaker(patient.probe, StoreUnavailable, waits=(0.0, 0.01, 0.1))
    breaker.trip("away")
    await asyncio.sleep(0.35)
    assert 3 <= patient.probed <= 6
    await breaker.close()


async def test_after_the_end_nothing_probes():
    patient = Patient()
    breaker = Breaker(patient.probe, StoreUnavailable, waits=(0.001,))
    breaker.trip("away")
    await breaker.close()
    probed = patient.probed
    await asyncio.sleep(0.02)
    assert patient.probed == probed


async def test_an_answer_in_time_is_the_answer():
    assert await within(1.0, asyncio.sleep(0, "yes")) == "yes"


async def test_an_answer_too_late_is_none_and_nobody_works_on_it_any_more():
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            ended.set()

    begun = time.perf_counter()
    with pytest.raises(TimeoutError):
        await within(0.02, work())
    assert time.perf_counter() - begun < 1
    await asyncio.wait_for(ended.wait(), 1)


async def test_an_error_passes_through():
    async def fail() -> None:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await within(1.0, fail())


async def test_who_gives_up_takes_the_work_along():
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            ended.set()

    waiting = asyncio.create_task(within(5.0, work()))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.wait_for(ended.wait(), 1)


async def test_an_answer_counts_that_came_in_time_while_this_process_was_busy():
    here, there = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=here)
    waiting = asyncio.create_task(within(0.03, reader.readexactly(2)))
    await asyncio.sleep(0)
    there.sendall(b"ok")
    time.sleep(0.1)  # the event loop is held up on purpose
    assert await waiting == b"ok"
    writer.close()
    await writer.wait_closed()
    there.close()


class Echo:
    """Answers each question with itself, and counts the round trips."""

    def __init__(self) -> None:
        self.trips: list[list[int]] = []

    async def carry(self, questions: list[int]) -> list[int]:
        self.trips.append(questions)
        await asyncio.sleep(0.001)
        if -1 in questions:
            raise StoreUnavailable("away")
        return questions


async def test_questions_of_one_moment_travel_together():
    echo = Echo()
    gathering = Gathering(echo.carry)
    asked = [[number, number + 1000] for number in range(50)]
    assert await asyncio.gather(*map(gathering.ask, asked)) == asked
    assert len(echo.trips) == 1


async def test_a_round_trip_has_a_most():
    echo = Echo()
    gathering = Gathering(echo.carry, most=10)
    asked = [list(range(number)) for number in (3, 4, 5, 30, 1, 9)]
    assert await asyncio.gather(*map(gathering.ask, asked)) == asked
    assert [len(trip) for trip in echo.trips] == [7, 5, 30, 10]


async def test_while_the_lanes_are_full_questions_wait_and_share_the_next_trip():
    echo = Echo()
    gathering = Gathering(echo.carry, lanes=1)
    first = asyncio.create_task(gathering.ask([0]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await asyncio.gather(*(gathering.ask([number]) for number in range(1, 9))) == [
        [number] for number in range(1, 9)
    ]
    assert await first == [0]
    assert [len(trip) for trip in echo.trips] == [1, 8]


async def test_an_error_reaches_each_who_asked_and_no_one_after():
    gathering = Gathering(Echo().carry)
    ends = await asyncio.gather(*map(gathering.ask, [[1], [-1], [2]]), return_exceptions=True)
    assert all(isinstance(end, StoreUnavailable) for end in ends)
    assert await gathering.ask([3]) == [3]


async def test_who_gives_up_disturbs_nobody():
    echo = Echo()
    gathering = Gathering(echo.carry, lanes=1)
    askers = [asyncio.create_task(gathering.ask([number])) for number in range(20)]
    await asyncio.sleep(0)
    for asker in askers[::2]:
        asker.cancel()
    ends = await asyncio.gather(*askers, return_exceptions=True)
    assert ends[1::2] == [[number] for number in range(1, 20, 2)]
    assert echo.trips == [list(range(1, 20, 2))]


async def test_a_caller_who_is_cancelled_while_time_runs_out_is_cancelled():
    async def stubborn() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(0.05)

    waiting = asyncio.create_task(within(0.01, stubborn()))
    await asyncio.sleep(0.03)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_after_time_ran_out_the_caller_goes_on_undisturbed():
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await within(0.001, asyncio.sleep(10))
        await asyncio.sleep(0.002)
        assert asyncio.current_task().cancelling() == 0
        assert await within(1, asyncio.sleep(0, "yes")) == "yes"
