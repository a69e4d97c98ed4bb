"""Work in a process of its own: the same as here, and gone with the service."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from personas.errors import InvalidInput
from service.aside import NICE, Aside
from service.content_decide import drafts_of

NESTED = 400  # deeper than copies of objects may be


def process_and_priority() -> tuple[int, int]:
    return os.getpid(), os.nice(0)


def refused(code: str) -> None:
    raise InvalidInput("no", code, "/here")


def run(work, *arguments, times: int = 1):
    async def done():
        aside = Aside()
        try:
            return [await aside.run(work, *arguments) for _ in range(times)]
        finally:
            await aside.close()

    return asyncio.run(done())


def test_it_is_one_other_process_that_lets_answers_go_first():
    (first, priority), (second, _) = run(process_and_priority, times=2)
    assert first == second != os.getpid()
    assert priority >= NICE


def test_documents_are_read_there_as_they_are_here():
    items = [
        {"id": "a", "title": "A", "body": "<h1>Guide</h1><p>Some words.</p>"},
        {"id": "", "title": "B"},
        {"id": "c", "properties": {"price": 3.5}, "tags": ["x"]},
        "no object",
    ]
    expected = [None, None, "v1", None]
    there, here = run(drafts_of, items, 5, expected)[0], drafts_of(items, 5, expected)
    told = [(each.code, each.pointer) if isinstance(each, InvalidInput) else each for each in here]
    assert told == [
        (each.code, each.pointer) if isinstance(each, InvalidInput) else each for each in there
    ]


def test_an_error_of_the_work_is_raised_as_it_was():
    with pytest.raises(InvalidInput) as raised:
        run(refused, "odd-one")
    assert (raised.value.code, raised.value.pointer) == ("odd-one", "/here")


def test_what_cannot_be_copied_is_worked_on_here():
    deep: object = "end"
    for _ in range(NESTED):
        deep = [deep]
    assert run(str, deep)[0] == str(deep)
    assert run(lambda: os.getpid()) == [os.getpid()]  # noqa: PLW0108 - a function that has no name


def test_a_process_that_was_killed_has_a_successor():
    async def done() -> list[int]:
        aside = Aside()
        first, _ = await aside.run(process_and_priority)
        os.kill(first, signal.SIGKILL)
        here, _ = await aside.run(process_and_priority)
        third, _ = await aside.run(process_and_priority)
        await aside.close()
        return [first, here, third]

    first, here, third = asyncio.run(done())
    assert here == os.getpid()
    assert third not in (first, here)
