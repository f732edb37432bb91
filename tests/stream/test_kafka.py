"""The Kafka log: the conformance suite on a real broker, with one partition and with six."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from crm.ports.clock import SystemClock
from crm.ports.log import EventLog
from stream import open_log as open_any
from tests.conformance import event_log as suite

pytestmark = [
    pytest.mark.server,
    pytest.mark.slow,
    pytest.mark.xdist_group("kafka"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # the client leaves sockets of failed tries to the collector
]

numbers = count()


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
def open_log(
    request: pytest.FixtureRequest, kafka: str, clock: SystemClock, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], EventLog]]:
    """A prefix of its own for each test, so that they share a broker and nothing else."""
    partitions = 1 if request.instance is None or request.instance.in_line else 6
    url = f"{kafka}/{tmp_path_factory.getbasetemp().name}-{next(numbers)}?partitions={partitions}"
    opened: list[EventLog] = []

    def opening() -> EventLog:
        opened.append(open_any(url, clock))
        return opened[-1]

    yield opening
    for log in opened:
        log.close()


class OnePartition(suite.Suite):
    patience, settle = 12.0, 0.5


class SixPartitions(OnePartition):
    in_line = False


class TestAppending(OnePartition, suite.Appending): ...


class TestOrdering(OnePartition, suite.Ordering): ...


class TestInLine(OnePartition, suite.InLine): ...


class TestCommitting(OnePartition, suite.Committing): ...


class TestGroups(OnePartition, suite.Groups): ...


class TestDurability(OnePartition, suite.Durability): ...


class TestAppendingToSix(SixPartitions, suite.Appending): ...


class TestOrderingOfSix(SixPartitions, suite.Ordering): ...


class TestCommittingSix(SixPartitions, suite.Committing): ...


class TestGroupsOfSix(SixPartitions, suite.Groups): ...


class TestDurabilityOfSix(SixPartitions, suite.Durability): ...
