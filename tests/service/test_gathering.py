"""Nobody who asks is left without an answer, however the asking falls together."""

from __future__ import annotations

import asyncio

import pytest

from service.gathering import Gathering


async def squares(numbers: list[int]) -> list[int]:
    await asyncio.sleep(0)
    return [number * number for number in numbers]


def test_every_caller_gets_its_own_answers():
    async def story() -> None:
        gathering = Gathering(squares, lanes=2, most=8)
        asked = [list(range(number % 5)) for number in range(200)]
        told = await asyncio.gather(*(gathering.ask(numbers) for numbers in asked))
        assert told == [[number * number for number in numbers] for numbers in asked]

    asyncio.run(story())


def test_who_asks_in_the_moment_a_round_trip_ends_is_answered():
    """Callers who ask again at every turn of the loop meet each moment of a lane's end."""

    async def story() -> None:
        gathering = Gathering(squares, lanes=2)

        async def asks(turns: int) -> None:
            for number in range(300):
                for _ in range((number + turns) % 7):
                    await asyncio.sleep(0)
                assert await gathering.ask([number]) == [number * number]

        await asyncio.wait_for(asyncio.gather(*(asks(turns) for turns in range(4))), 20)

    asyncio.run(story())


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_who_asks_again_at_once_is_answered(lanes):
    """The callers wake before the lanes that served them are let go."""

    async def story() -> None:
        gathering = Gathering(squares, lanes=lanes, most=1)

        async def asks_again() -> None:
            for number in range(20):
                assert await gathering.ask([number]) == [number * number]

        await asyncio.wait_for(asyncio.gather(*(asks_again() for _ in range(lanes))), 5)

    asyncio.run(story())


def test_an_error_reaches_all_who_shared_the_round_trip():
    async def fails(_: list[int]) -> list[int]:
        raise ValueError("away")

    async def story() -> None:
        gathering = Gathering(fails)
        told = await asyncio.gather(*(gathering.ask([n]) for n in range(5)), return_exceptions=True)
        assert all(isinstance(error, ValueError) for error in told)
        with pytest.raises(ValueError, match="away"):
            await gathering.ask([1])

    asyncio.run(story())
