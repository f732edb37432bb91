"""The SQLite log: the conformance suite, and what only it promises."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stream.sqlite import SQLiteLog
from tests.conformance import event_log as suite
from tests.conformance import event_log_file as file_suite
from tests.conformance.doubles import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def open_log(tmp_path: Path, clock: ManualClock) -> Callable[[], SQLiteLog]:
    return lambda: SQLiteLog(tmp_path / "stream.sqlite", clock, lease=file_suite.Takeover.lease, busy=0.05)


class TestAppending(suite.Appending): ...


class TestOrdering(suite.Ordering): ...


class TestInLine(suite.InLine): ...


class TestCommitting(suite.Committing): ...


class TestGroups(suite.Groups): ...


class TestTakeover(file_suite.Takeover): ...


class TestTrimming(file_suite.Trimming): ...


class TestDurability(suite.Durability): ...


class TestErasing(file_suite.Erasing): ...
