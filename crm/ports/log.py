"""The stream: how posts travel between roles."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct


class Record(Struct, frozen=True):
    """Bytes to append. Records with the same `key` keep their order."""

    key: str
    value: bytes


class Event(Struct, frozen=True):
    """A record as read back, with its place in the topic."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    appended_at: datetime


class Lag(Struct, frozen=True):
    """How far a group is behind: `waiting` events, the oldest of them `seconds` old.

    Erased events between waiting ones may still be counted.
    """

    group: str
    topic: str
    waiting: int
    seconds: float


class Consumer(Protocol):
    """One member of a consumer group on one topic. Not thread-safe."""

    def poll(self, limit: int, timeout: float) -> list[Event]:
        """Up to `limit` events after the last poll, in order per key; waits at most `timeout` seconds.

        An empty list means that nothing came, or that another member holds the group's lease.
        Starts after the last committed offset when the consumer is opened or takes the lease
        over, so events are delivered at least once.

        Raises: StoreError where the log is damaged; RetryableError where it is busy.
        """
        ...

    def commit(self) -> None:
        """Mark everything polled so far as done, durably. Raises RetryableError where the lease was lost."""
        ...

    def seek_committed(self) -> None:
        """Forget what was polled and not committed; the next poll returns it again."""
        ...

    def close(self) -> None:
        """Give the lease back. Uncommitted events go to the next member."""
        ...


class EventLog(Protocol):
    """An append-only log of topics. Safe to share between threads and processes."""

    def append(self, topic: str, records: Sequence[Record]) -> int:
        """Add records atomically and in order; returns the topic's last offset, -1 where it never had any.

        They are durable when this returns. Duplicates are kept. An empty sequence changes
        nothing. Raises: RetryableError (busy), StoreError (disk full or damaged); then none is added.
        """
        ...

    def consumer(self, topic: str, group: str) -> Consumer:
        """Join a group. Groups are independent of each other; a new one starts at the oldest event kept."""
        ...

    def lag(self) -> list[Lag]:
        """One row per known group and topic."""
        ...

    def trim(self, topic: str, groups: Sequence[str]) -> int:
        """Remove events that every one of `groups` has committed; returns how many.

        A group named here that has never joined keeps everything, and so does naming none.
        """
        ...

    def erase(self, keys: Collection[str]) -> int:
        """Remove every event with one of these keys from all topics, physically; returns how many.

        Other events keep their offsets. A log that keeps events for a fixed time (Kafka's 24 h)
        removes nothing and returns 0. Raises: RetryableError where a reader holds on to the old
        pages; then call again.
        """
        ...

    def close(self) -> None:
        """Release files and connections."""
        ...
