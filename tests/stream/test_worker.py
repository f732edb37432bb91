"""The worker loop: what it promises about order, failures, dead letters and its figures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from crm.envelope import encode
from crm.errors import AuthorisationError, InvalidInputError, RateLimitedError, RetryableError, StoreError
from crm.ports.log import Event, Record
from crm.words import SCHEMA_VERSION, Removed
from stream.sqlite import SQLiteLog
from stream.stats import WorkerStats
from stream.upkeep import LogSink, replay, trim_topics
from stream.worker import LONGEST_PAUSE, Worker
from tests.conformance import dead_letters as dead_suite
from tests.conformance.doubles import ManualClock, MemoryDeadLetters

TOPIC, GROUP = "posts.collected", "enrich"


class ListSink:
    """Keeps what is written, by key, and every batch; fails as it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[Record]] = []
        self.failures: list[Exception] = []
        self.poison: set[str] = set()

    def write(self, batch: Sequence[Record]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        if bad := self.poison & {record.key for record in batch}:
            raise InvalidInputError(f"The post {min(bad)} can't be written.")
        self.batches.append(list(batch))

    @property
    def keys(self) -> list[str]:
        return [record.key for batch in self.batches for record in batch]


def copy(events: Sequence[Event]) -> list[Record]:
    return [Record(event.key, event.value) for event in events]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def log(tmp_path: Path, clock: ManualClock) -> Iterator[SQLiteLog]:
    log = SQLiteLog(tmp_path / "stream.sqlite", clock, busy=0.05)
    yield log
    log.close()


@pytest.fixture
def sink() -> ListSink:
    return ListSink()


@pytest.fixture
def dead() -> MemoryDeadLetters:
    return MemoryDeadLetters()


@pytest.fixture
def reports() -> list[WorkerStats]:
    return []


MakeWorker = Callable[..., Worker[Record]]


@pytest.fixture
def make(
    log: SQLiteLog, sink: ListSink, dead: MemoryDeadLetters, clock: ManualClock, reports: list[WorkerStats]
) -> MakeWorker:
    def make(handle: Callable[[Sequence[Event]], Sequence[Record]] = copy, batch: int = 500) -> Worker[Record]:
        return Worker(log, TOPIC, GROUP, handle, sink, dead, clock, Random(1), on_stats=reports.append, batch=batch)

    return make


def fill(log: SQLiteLog, count: int, start: int = 0) -> None:
    log.append(TOPIC, [Record(f"k:{n}", f"پست {n}".encode()) for n in range(start, start + count)])


def keys(*numbers: int) -> list[str]:
    return [f"k:{n}" for n in numbers]


def test_a_batch_goes_to_the_sink_and_is_committed(make: MakeWorker, log: SQLiteLog, sink: ListSink) -> None:
    fill(log, 3)
    worker = make()
    assert worker.step() == 3
    assert sink.keys == keys(0, 1, 2)
    assert worker.stats.lag is not None
    assert worker.stats.lag.waiting == 0


def test_a_batch_has_its_limit(make: MakeWorker, log: SQLiteLog, sink: ListSink) -> None:
    fill(log, 25)
    worker = make(batch=10)
    assert [worker.step() for _ in range(4)] == [10, 10, 5, 0]
    assert sink.keys == keys(*range(25))


def test_a_small_batch_waits_for_more_but_not_for_long(
    make: MakeWorker, log: SQLiteLog, sink: ListSink, clock: ManualClock
) -> None:
    fill(log, 2)
    before = clock.monotonic()
    make().step()
    assert len(sink.batches) == 1
    assert 0 < clock.monotonic() - before <= 0.5


def test_nothing_is_committed_before_the_sink_has_it(make: MakeWorker, log: SQLiteLog, sink: ListSink) -> None:
    fill(log, 3)
    sink.failures = [StoreError("Disk full: the index can't grow.")]
    worker = make()
    with pytest.raises(StoreError):
        worker.step()
    worker.close()
    again = make()
    again.step()
    assert sink.keys == keys(0, 1, 2)


@pytest.mark.parametrize(
    "error", [StoreError("full"), AuthorisationError("no key"), OSError(28, "No space left"), MemoryError()]
)
def test_what_is_not_the_posts_fault_makes_no_dead_letters(
    make: MakeWorker, log: SQLiteLog, sink: ListSink, dead: MemoryDeadLetters, error: Exception
) -> None:
    fill(log, 3)
    sink.failures = [error]
    with pytest.raises(type(error)):
        make().step()
    assert dead.list() == []


def test_a_passing_failure_is_tried_again_after_growing_pauses(
    make: MakeWorker,
    log: SQLiteLog,
    sink: ListSink,
    dead: MemoryDeadLetters,
    clock: ManualClock,
    reports: list[WorkerStats],
) -> None:
    fill(log, 3)
    sink.failures = [RetryableError(f"busy {n}") for n in range(12)]
    worker = make()
    pauses = []
    for _ in range(12):
        assert worker.step() == 0
        pauses.append(clock.slept[-1])
        assert reports[-1].error is not None
    assert worker.step() == 3
    assert sink.keys == keys(0, 1, 2)
    assert dead.list() == []
    assert pauses[0] <= 0.2
    assert pauses[3] > pauses[0]
    assert max(pauses) <= LONGEST_PAUSE
    assert len(set(pauses)) > 10  # jittered, also where the pause has reached its longest
    assert (worker.stats.retries, worker.stats.error, worker.stats.handled) == (12, None, 3)


def test_a_rate_limit_is_waited_out(make: MakeWorker, log: SQLiteLog, sink: ListSink, clock: ManualClock) -> None:
    fill(log, 1)
    sink.failures = [RateLimitedError("bsky.social", 120.0)]
    worker = make()
    worker.step()
    assert clock.slept[-1] == 120.0
    assert worker.step() == 1


def test_pauses_begin_small_again_after_a_success(
    make: MakeWorker, log: SQLiteLog, sink: ListSink, clock: ManualClock
) -> None:
    worker = make()
    sink.failures = [RetryableError("busy")] * 6
    fill(log, 1)
    while not worker.step():
        pass
    sink.failures = [RetryableError("busy")]
    fill(log, 1, start=1)
    worker.step()
    assert clock.slept[-1] <= 0.2


@pytest.mark.parametrize("poison", [{0}, {7}, {19}, {3, 4, 11}, set(range(20))])
def test_only_poison_goes_to_the_dead_letters(
    make: MakeWorker, log: SQLiteLog, sink: ListSink, dead: MemoryDeadLetters, poison: set[int]
) -> None:
    fill(log, 20)
    sink.poison = set(keys(*poison))
    worker = make()
    assert worker.step() == 20
    assert sink.keys == keys(*(n for n in range(20) if n not in poison))
    assert {letter.offset for letter in dead.list()} == poison
    assert (worker.stats.handled, worker.stats.failed) == (20 - len(poison), len(poison))
    assert worker.step() == 0


def test_a_dead_letter_says_what_where_and_why(
    make: MakeWorker, log: SQLiteLog, sink: ListSink, dead: MemoryDeadLetters, clock: ManualClock
) -> None:
    value = encode(Removed("s1", clock.now(), post_key="csv:1", workspace="w1"))
    log.append(TOPIC, [Record("csv:1", value)])
    sink.poison = {"csv:1"}
    make().step()
    (letter,) = dead.list()
    assert (letter.topic, letter.group, letter.partition, letter.offset) == (TOPIC, GROUP, 0, 0)
    assert (letter.key, letter.value) == ("csv:1", value)
    assert (letter.error_kind, letter.error) == ("InvalidInputError", "The post csv:1 can't be written.")
    assert (letter.schema, letter.workspace, letter.replayed_at) == (SCHEMA_VERSION, "w1", None)
    assert letter.failed_at <= clock.now()


def test_a_mistake_in_a_handler_stops_one_post_only(
    make: MakeWorker, log: SQLiteLog, sink: ListSink, dead: MemoryDeadLetters
) -> None:
    def handle(events: Sequence[Event]) -> list[Record]:
        return [Record(event.key, str(1 // (event.offset - 5)).encode()) for event in events]

    fill(log, 10)
    make(handle).step()
    assert sink.keys == keys(0, 1, 2, 3, 4, 6, 7, 8, 9)
    assert [letter.error_kind for letter in dead.list()] == ["ZeroDivisionError"]


def test_a_handler_may_answer_with_nothing(make: MakeWorker, log: SQLiteLog, sink: ListSink) -> None:
    fill(log, 4)
    worker = make(lambda _events: [])
    assert worker.step() == 4
    assert sink.batches == []
    assert worker.step() == 0


def test_a_redelivered_poison_is_one_dead_letter(
    make: MakeWorker, log: SQLiteLog, sink: ListSink, dead: MemoryDeadLetters
) -> None:
    fill(log, 2)
    sink.poison = {"k:0"}
    tried: list[int] = []

    def handle(events: Sequence[Event]) -> list[Record]:
        tried.append(len(events))
        if len(tried) == 3:  # k:0 is a dead letter already, then k:1 meets a busy store
            raise RetryableError("busy")
        return copy(events)

    worker = make(handle)
    assert worker.step() == 0
    assert worker.step() == 2
    assert [letter.key for letter in dead.list()] == ["k:0"]
    assert sink.keys == ["k:1"]


def test_a_lost_lease_is_a_pause_and_no_loss(
    make: MakeWorker, log: SQLiteLog, sink: ListSink, clock: ManualClock
) -> None:
    other = log.consumer(TOPIC, GROUP)

    def slow(events: Sequence[Event]) -> list[Record]:
        clock.advance(60)
        other.poll(1, 0.0)
        return copy(events)

    fill(log, 2)
    worker = make(slow)
    assert worker.step() == 0
    assert "lease" in (worker.stats.error or "")
    other.close()
    worker.handle = copy
    assert worker.step() == 2
    assert sink.keys == keys(0, 1, 0, 1)


def test_replayed_letters_come_again_under_their_keys(
    make: MakeWorker, log: SQLiteLog, sink: ListSink, dead: MemoryDeadLetters, clock: ManualClock
) -> None:
    fill(log, 3)
    sink.poison = set(keys(0, 2))
    worker = make()
    worker.step()
    sink.poison = set()
    first, second = (letter.id for letter in dead.list())
    assert replay(dead, log, clock, [first, second, "unknown"]) == 2
    assert worker.step() == 2
    assert sorted(sink.keys) == keys(0, 1, 2)
    assert all(letter.replayed_at is not None for letter in dead.list())


def test_an_event_that_failed_in_several_groups_is_replayed_once(
    make: MakeWorker, log: SQLiteLog, sink: ListSink, dead: MemoryDeadLetters, clock: ManualClock
) -> None:
    fill(log, 2)
    sink.poison = set(keys(0, 1))
    first, second = make(), make()
    second.group = "second"
    for worker in (first, second):
        worker.step()
    assert replay(dead, log, clock, [letter.id for letter in dead.list()]) == 4
    sink.poison = set()
    first.step()
    assert sink.keys == keys(0, 1)


def test_outputs_are_appended_to_the_next_topic(log: SQLiteLog, dead: MemoryDeadLetters, clock: ManualClock) -> None:
    fill(log, 3)
    Worker(log, TOPIC, GROUP, copy, LogSink(log, "posts.enriched"), dead, clock, Random(1)).step()
    assert [event.key for event in log.consumer("posts.enriched", "index").poll(10, 0.0)] == keys(0, 1, 2)


def test_trimming_waits_for_every_group(make: MakeWorker, log: SQLiteLog) -> None:
    fill(log, 3)
    make().step()
    assert trim_topics(log, {TOPIC: [GROUP, "second"], "posts.enriched": ["index"]}) == 0
    assert trim_topics(log, {TOPIC: [GROUP]}) == 3


def test_figures_are_reported_every_two_seconds(
    make: MakeWorker, log: SQLiteLog, reports: list[WorkerStats], clock: ManualClock
) -> None:
    worker = make()
    fill(log, 600)
    worker.step()
    clock.advance(2.0)
    worker.step()
    (report,) = reports
    assert (report.handled, report.failed, report.topic, report.group) == (600, 0, TOPIC, GROUP)
    assert 0 < report.per_second <= 300
    assert report.last_success is not None
    assert report.lag is not None
    clock.advance(2.0)
    worker.step()
    assert reports[-1].per_second == 0.0


def test_figures_that_cannot_be_stored_stop_nothing(make: MakeWorker, log: SQLiteLog, clock: ManualClock) -> None:
    def refuse(_stats: WorkerStats) -> None:
        raise RetryableError("the records are locked")

    worker = make()
    worker.on_stats = refuse
    fill(log, 1)
    clock.advance(5)
    assert worker.step() == 1


def test_run_stops_when_told_and_gives_the_lease_back(make: MakeWorker, log: SQLiteLog, sink: ListSink) -> None:
    stop = threading.Event()

    def last(events: Sequence[Event]) -> list[Record]:
        stop.set()
        return copy(events)

    fill(log, 3)
    make(last).run(stop)
    assert sink.keys == keys(0, 1, 2)
    fill(log, 1, start=3)
    assert len(log.consumer(TOPIC, GROUP).poll(10, 0.0)) == 1


def test_run_ends_within_a_long_pause(make: MakeWorker, log: SQLiteLog, reports: list[WorkerStats]) -> None:
    stop = threading.Event()

    def busy(_events: Sequence[Event]) -> list[Record]:
        stop.set()
        raise RateLimitedError("the index", 3600)

    fill(log, 1)
    make(busy).run(stop)
    assert reports[-1].retries == 1
    assert reports[-1].handled == 0


class TestMemoryDeadLetters(dead_suite.KeepingDeadLetters): ...
