"""Any order of appends, polls, commits, restarts, trims and erasures does what a list in memory does."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from crm.ports.log import Consumer, Record
from stream.sqlite import SQLiteLog
from tests.conformance.doubles import ManualClock

TOPIC, GROUPS = "t", ("index", "cases")
group = st.sampled_from(GROUPS)
key = st.sampled_from(["a", "ب", "c:1", "c:12"])


class LogMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.log = self.open()
        self.kept: dict[int, tuple[str, bytes]] = {}
        self.next = 0
        self.polled = dict.fromkeys(GROUPS, 0)
        self.committed = dict.fromkeys(GROUPS, 0)
        self.consumers: dict[str, Consumer] = {name: self.log.consumer(TOPIC, name) for name in GROUPS}

    def open(self) -> SQLiteLog:
        return SQLiteLog(Path(self.folder.name) / "s", ManualClock())

    @rule(rows=st.lists(st.tuples(key, st.binary(max_size=40)), max_size=6))
    def append(self, rows: list[tuple[str, bytes]]) -> None:
        last = self.log.append(TOPIC, [Record(*row) for row in rows])
        self.kept |= dict(enumerate(rows, self.next))
        self.next += len(rows)
        assert last == self.next - 1

    @rule(name=group, limit=st.integers(1, 5))
    def poll(self, name: str, limit: int) -> None:
        expected = [(n, *row) for n, row in self.kept.items() if n >= self.polled[name]][:limit]
        events = self.consumers[name].poll(limit, 0.0)
        assert [(event.offset, event.key, event.value) for event in events] == expected
        if expected:
            self.polled[name] = expected[-1][0] + 1

    @rule(name=group)
    def commit(self, name: str) -> None:
        self.consumers[name].commit()
        self.committed[name] = self.polled[name]

    @rule(name=group)
    def seek_committed(self, name: str) -> None:
        self.consumers[name].seek_committed()
        self.polled[name] = self.committed[name]

    @rule(name=group)
    def another_member(self, name: str) -> None:
        self.consumers[name].close()
        self.consumers[name] = self.log.consumer(TOPIC, name)
        self.polled[name] = self.committed[name]

    @rule()
    def reopen(self) -> None:
        for consumer in self.consumers.values():
            consumer.close()
        self.log.close()
        self.log = self.open()
        self.consumers = {name: self.log.consumer(TOPIC, name) for name in GROUPS}
        self.polled = dict(self.committed)

    @rule(names=st.lists(group, unique=True))
    def trim(self, names: list[str]) -> None:
        bound = min((self.committed[name] for name in names), default=0)
        gone = [n for n in self.kept if n < bound]
        assert self.log.trim(TOPIC, names) == len(gone)
        for n in gone:
            del self.kept[n]

    @rule(keys=st.sets(key, max_size=2))
    def erase(self, keys: set[str]) -> None:
        gone = [n for n, row in self.kept.items() if row[0] in keys]
        assert self.log.erase(keys) == len(gone)
        for n in gone:
            del self.kept[n]

    @invariant()
    def lag_is_true_about_zero(self) -> None:
        for lag in self.log.lag():
            waiting = [n for n in self.kept if n >= self.committed[lag.group]]
            assert lag.waiting == (waiting[-1] - waiting[0] + 1 if waiting else 0)

    def teardown(self) -> None:
        for consumer in self.consumers.values():
            consumer.close()
        self.log.close()
        self.folder.cleanup()


LogMachine.TestCase.settings = settings(max_examples=15, stateful_step_count=30, deadline=None)
TestLogModel = pytest.mark.slow(LogMachine.TestCase)
