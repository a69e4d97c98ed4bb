"""Whatever is done to a log in whatever order, it tells what a plain list would tell."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from personas.messages import message_hash
from tests.builders import anonymous, page, record, record_of
from training.eventlog import EventLog, Kind, Record, concerns, read_accepted, read_folder

VISITORS = [f"visitor-{number}" for number in range(4)]


class LogMachine(RuleBasedStateMachine):
    """The log beside a list of what it should hold: None where a record was erased."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.loop = asyncio.new_event_loop()
        self.log = EventLog.open(self.folder, seal_bytes=3000)
        self.expected: list[Record | None] = []
        self.ids: set[str] = set()

    def teardown(self) -> None:
        self.loop.run_until_complete(self.log.close())
        self.loop.close()
        shutil.rmtree(self.folder)

    @rule(
        visitors=st.lists(st.sampled_from(VISITORS), min_size=1, max_size=6),
        other=st.sampled_from([*Kind, None]),
    )
    def append(self, visitors, other):
        records = []
        for visitor in visitors:
            name = f"m{len(self.ids)}"
            self.ids.add(name)
            records.append(record_of(page(name, anonymousId=visitor)))
        if other not in (None, Kind.MESSAGE):
            records.append(record(other, b'{"visitor":"anonymous_id:visitor-1"}'))
        position = self.loop.run_until_complete(self.log.append(records))
        self.expected += records
        assert position == len(self.expected)

    @rule(visitor=st.sampled_from(VISITORS))
    def erase(self, visitor):
        keys = [anonymous(visitor)]
        hit = [each is not None and concerns(each, keys) for each in self.expected]
        assert self.log.erase("default", keys) == sum(hit)
        self.expected = [
            None if gone else each for each, gone in zip(self.expected, hit, strict=True)
        ]

    @rule()
    def seal(self):
        self.log.seal()

    @rule()
    def start_again(self):
        self.loop.run_until_complete(self.log.close())
        self.log = EventLog.open(self.folder, seal_bytes=3000)

    @invariant()
    def it_tells_what_the_list_tells(self):
        told = [(n, each) for n, each in enumerate(self.expected, start=1) if each is not None]
        assert list(self.log.read()) == list(read_folder(self.folder)) == told
        half = len(self.expected) // 2
        assert list(self.log.read(half)) == [item for item in told if item[0] > half]
        messages = [(n, each.message) for n, each in told if each.kind is Kind.MESSAGE]
        found = read_accepted(self.folder, "default")
        assert [(n, each.message) for n, each in found] == messages

    @invariant()
    def it_knows_all_messages_it_ever_had_and_no_others(self):
        assert all(self.log.seen("default", [message_hash(name) for name in self.ids]))
        assert not any(self.log.seen("default", [message_hash(f"x{n}") for n in range(9)]))
        assert self.log.trouble is None
        assert self.log.damaged == 0


LogMachine.TestCase.settings = settings(deadline=None, max_examples=15, stateful_step_count=15)
TestLog = LogMachine.TestCase
