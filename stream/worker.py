"""The worker loop: poll → handle → sink durable → commit. It alone retries, flushes and commits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from threading import Event as Stop
from typing import Generic, TypeVar

from crm.envelope import head
from crm.errors import AuthorisationError, RateLimitedError, RetryableError, StoreError
from crm.ports.clock import Clock
from crm.ports.dead import DeadLetter, DeadLetters, letter_id
from crm.ports.log import Consumer, Event, EventLog
from crm.ports.sink import Sink
from stream.stats import Meter, WorkerStats

Item = TypeVar("Item")

Part = tuple[Sequence[Event], Sequence[Item]]
"""Events, and what the handler made of them."""

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 15.0
"""Seconds of back-off after the first failure, and at most; doubled each time, then jittered."""

NOT_THE_POSTS_FAULT = (RetryableError, StoreError, AuthorisationError, OSError, MemoryError)
"""Errors that say nothing against the events at hand, which must not become dead letters for them."""


@dataclass
class Worker(Generic[Item]):
    """One member of a group: turns the events of a topic into items for one sink.

    `handle` is pure: events in, items out (none, one or many an event), with PermanentError, or any
    other exception of its own, for an event that can't be handled. `random` jitters the pauses.
    `on_stats` is called about every two seconds, after failures and at the end. A batch is handled
    when it has `batch` events or `linger` seconds after its first one came.
    """

    log: EventLog
    topic: str
    group: str
    handle: Callable[[Sequence[Event]], Sequence[Item]]
    sink: Sink[Item]
    dead: DeadLetters
    clock: Clock
    random: Random
    on_stats: Callable[[WorkerStats], None] | None = None
    batch: int = 500
    linger: float = 0.2
    _consumer: Consumer | None = field(default=None, init=False)
    _rewind: bool = field(default=False, init=False)
    _failures: int = field(default=0, init=False)
    _meter: Meter = field(init=False)

    def __post_init__(self) -> None:
        self._meter = Meter(self.topic, self.group, self.clock)

    @property
    def stats(self) -> WorkerStats:
        """What this worker did so far, and how far it is behind."""
        return self._meter.read(self.log)

    def run(self, stop: Stop) -> None:
        """Work until `stop` is set. Raises StoreError where a store is broken or full: nothing is lost, start again."""
        try:
            while not stop.is_set():
                self.step(stop)
        finally:
            self._report()
            self.close()

    def step(self, stop: Stop | None = None) -> int:
        """One batch; returns how many events are done with. 0 means that nothing came, or that it is tried again."""
        try:
            events = self._gather()
            if events:
                self._finish(events)
        except RetryableError as error:
            self._pause(error, stop)
            return 0
        self._failures = 0
        self._meter.error = None
        if self._meter.due():
            self._report()
        return len(events)

    def close(self) -> None:
        """Give the group's lease back."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with suppress(RetryableError):  # then the lease just runs out
                consumer.close()

    def _gather(self) -> list[Event]:
        if self._consumer is None:
            self._consumer = self.log.consumer(self.topic, self.group)
        if self._rewind:
            self._consumer.seek_committed()
            self._rewind = False
        events = self._consumer.poll(self.batch, self.linger)
        deadline = self.clock.monotonic() + self.linger
        while 0 < len(events) < self.batch and (left := deadline - self.clock.monotonic()) > 0:
            events += self._consumer.poll(self.batch - len(events), left)
        return events

    def _finish(self, events: Sequence[Event]) -> None:
        # First the sink, then the offset. If the process dies between the two, the events come again and
        # the sink writes the same once more, which it must not mind. The other way round they would be lost.
        failed = self._settle(events)
        assert self._consumer is not None
        self._consumer.commit()
        self._meter.add(len(events) - failed, failed)

    def _settle(self, events: Sequence[Event]) -> int:
        """Handle and write all but the poisonous events, which become dead letters; returns their number.

        Both are found by halving. What is sound is written at once: one sync to the disk costs more than
        handling a hundred events twice, and nobody shall wait for others' poison.
        """
        bad: list[DeadLetter] = []
        self._write(self._handled(events, bad), bad)
        if bad:
            self.dead.add(bad)
        return len(bad)

    def _handled(self, events: Sequence[Event], bad: list[DeadLetter]) -> list[Part[Item]]:
        try:
            return [(events, self.handle(events))]
        except NOT_THE_POSTS_FAULT:
            raise
        except Exception as error:
            if len(events) == 1:
                bad.append(self._letter(events[0], error))
                return []
        middle = len(events) // 2
        return self._handled(events[:middle], bad) + self._handled(events[middle:], bad)

    def _write(self, parts: list[Part[Item]], bad: list[DeadLetter]) -> None:
        try:
            if items := [item for _, made in parts for item in made]:
                self.sink.write(items)
        except NOT_THE_POSTS_FAULT:
            raise
        except Exception as error:
            events = [event for some, _ in parts for event in some]
            if len(events) == 1:
                bad.append(self._letter(events[0], error))
                return
            middle = len(events) // 2
            for half in (events[:middle], events[middle:]):
                self._write(self._handled(half, bad), bad)

    def _letter(self, event: Event, error: Exception) -> DeadLetter:
        about = head(event.value)
        return DeadLetter(
            id=letter_id(self.group, event.topic, event.partition, event.offset, event.value),
            topic=event.topic,
            group=self.group,
            partition=event.partition,
            offset=event.offset,
            key=event.key,
            value=event.value,
            error_kind=type(error).__name__,
            error=str(error) or type(error).__name__,
            failed_at=self.clock.now(),
            schema=about.schema,
            workspace=about.workspace,
        )

    def _pause(self, error: RetryableError, stop: Stop | None) -> None:
        self._rewind = True
        self._meter.retries += 1
        self._meter.error = str(error)
        self._report()
        seconds = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._failures, 16)) * self.random.uniform(0.5, 1.0)
        self._failures += 1
        if isinstance(error, RateLimitedError) and error.retry_after is not None:
            seconds = max(seconds, error.retry_after)
        self.clock.sleep(seconds, stop)

    def _report(self) -> None:
        if self.on_stats is not None:
            stats = self._meter.read(self.log)
            self._meter.restart()
            with suppress(RetryableError):  # figures that can't be stored now are stored with the next ones
                self.on_stats(stats)
