"""A member of a consumer group on Kafka: it polls its partitions, and commits exactly what it polled."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.errors import KafkaError

from crm.ports.clock import Clock
from crm.ports.log import Event
from stream.kafka.clients import REQUEST_MS
from stream.kafka.errors import LOST, MembershipLostError, speaking

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
QUIET_SECONDS = 3.0
"""After so much silence we ask whether the brokers are still there: the client itself would wait forever."""
PING_MS = 3_000
LEAVE_MS = 3_000


class Claims(ConsumerRebalanceListener):  # type: ignore[misc]
    """What was polled and not committed, a span of offsets for each partition.

    The client keeps its place in a partition that stays ours when the group is shared out anew, so
    our span of it stays as well; the span of one that goes to another member is forgotten, and that
    member begins at the last commit. All of this happens within a poll.
    """

    def __init__(self) -> None:
        self.spans: dict[TopicPartition, tuple[int, int]] = {}
        self.lost = False

    def add(self, partition: TopicPartition, first: int, after: int) -> None:
        """Events from `first` to before `after` were polled."""
        self.spans[partition] = (self.spans.get(partition, (first, after))[0], after)

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Nothing yet: which of them come back is told next."""

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """These are all that we have now."""
        self.spans = {partition: span for partition, span in self.spans.items() if partition in assigned}

    def on_partitions_lost(self, lost: Collection[TopicPartition]) -> None:
        """We were silent for too long, and others may have gone on already."""
        self.lost = self.lost or not self.spans.keys().isdisjoint(lost)
        self.spans = {partition: span for partition, span in self.spans.items() if partition not in lost}


class KafkaMember:
    """See :class:`crm.ports.log.Consumer`. `on_close` is told once when it leaves."""

    def __init__(
        self, open_kafka: Callable[[Claims], KafkaConsumer], where: str, names: tuple[str, str, str], clock: Clock,
        on_close: Callable[[KafkaMember], object],
    ) -> None:  # fmt: skip
        self._where, self._clock, self._on_close = where, clock, on_close
        self._outside, self._topic, self._group = names
        self._claims = Claims()
        with speaking(where):
            self._kafka = open_kafka(self._claims)
        self._heard = clock.monotonic()
        self._closed = False

    def poll(self, limit: int, timeout: float) -> list[Event]:
        with speaking(self._where):
            found = self._kafka.poll(timeout_ms=int(max(0.0, timeout) * 1000), max_records=limit)
            if not found:
                self._ask_whether_alive()
                return []
        self._heard = self._clock.monotonic()
        events: list[Event] = []
        for partition, records in found.items():
            self._claims.add(partition, records[0].offset, records[-1].offset + 1)
            events += self._events(records)
        return events

    def commit(self) -> None:
        if self._claims.lost:
            self._claims.lost = False
            raise MembershipLostError(self._topic, self._group)
        if not self._claims.spans:
            return
        done = {partition: OffsetAndMetadata(after, "", -1) for partition, (_, after) in self._claims.spans.items()}
        with speaking(self._where):
            try:
                self._kafka.commit(done, timeout_ms=REQUEST_MS)
            except LOST as error:
                raise MembershipLostError(self._topic, self._group) from error
        self._claims.spans = {}
        self._heard = self._clock.monotonic()

    def seek_committed(self) -> None:
        spans, self._claims.spans, self._claims.lost = self._claims.spans, {}, False
        with speaking(self._where):
            ours = self._kafka.assignment()
            for partition, (first, _) in spans.items():
                if partition in ours:
                    self._kafka.seek(partition, first)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._on_close(self)
        # Where the brokers don't answer, they find out by themselves that we are gone.
        with suppress(KafkaError, OSError):
            self._kafka.close(autocommit=False, timeout_ms=LEAVE_MS)

    def _ask_whether_alive(self) -> None:
        now = self._clock.monotonic()
        if now - self._heard < QUIET_SECONDS:
            return
        asked = self._kafka.assignment() or {TopicPartition(self._outside, 0)}
        self._kafka.end_offsets(asked, timeout_ms=PING_MS)
        self._heard = now

    def _events(self, records: Iterable[Any]) -> list[Event]:
        topic, moments = self._topic, {at: EPOCH + at * MILLISECOND for at in {one.timestamp for one in records}}
        return [
            Event(
                topic, one.partition, one.offset, one.key.decode(errors="replace") if one.key else "",
                one.value or b"", moments[one.timestamp],
            )
            for one in records
        ]  # fmt: skip
