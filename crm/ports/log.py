"""The stream: how posts travel between roles."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct


class Record(Struct, frozen=True):
    """Bytes to append. Records with the same `key` keep their order."""

    key: str
    value: bytes


class Event(Struct, frozen=True):
    """A record as read back, with its place in the topic: offsets count up within a partition."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    appended_at: datetime


class Lag(Struct, frozen=True):
    """How far a group is behind: `waiting` events over all partitions, the oldest of them `seconds` old.

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

        An empty list means that nothing came, or that other members hold what there is: the group's
        lease (embedded) or all of its partitions (Kafka, where the first polls of a member may pass
        until the group has shared them out). Starts after the last committed offset when the consumer
        is opened or takes over from another, so events are delivered at least once.

        Raises: StoreError where the log is damaged; RetryableError where it is busy or can't be reached.
        """
        ...

    def commit(self) -> None:
        """Mark everything polled so far as done, durably.

        What has been given to another member meanwhile is left to it. Raises RetryableError where that
        happened behind our back (the lease or the membership was lost), or where nobody answers: then
        `seek_committed` and go on.
        """
        ...

    def seek_committed(self) -> None:
        """Forget what was polled and not committed; the next poll returns it again."""
        ...

    def close(self) -> None:
        """Give the lease or the partitions back. Uncommitted events go to the next member."""
        ...


class EventLog(Protocol):
    """An append-only log of topics. Safe to share between threads and processes."""

    @property
    def retention(self) -> timedelta | None:
        """How long the log keeps events whatever happens; None where `erase` and `trim` remove them at once."""
        ...

    def append(self, topic: str, records: Sequence[Record]) -> int:
        """Add records in order; returns the topic's last offset, -1 where it never had any.

        They are durable when this returns. Duplicates are kept. An empty sequence changes nothing.
        Raises: RetryableError (busy, unreachable), StoreError (disk full or damaged), InvalidInputError
        (a record too large for the log), AuthorisationError. Embedded, none is added then: the records
        are one transaction. On Kafka some may have been, and appending them all again does no harm:
        whoever reads tells by key and version.

        Where a topic has several partitions, keys are spread over them and keep their order each; the
        offset is then the highest that one of these records got, and for an empty sequence the number
        of events ever appended, less one.
        """
        ...

    def consumer(self, topic: str, group: str) -> Consumer:
        """Join a group. Groups are independent of each other; a new one starts at the oldest event kept."""
        ...

    def lag(self) -> list[Lag]:
        """One row per known group and topic."""
        ...

    def forget(self, topic: str, group: str) -> None:
        """Remove a group that has no members left and its place in the topic; an unknown one is no error.

        Raises: RetryableError where it still has members.
        """
        ...

    def trim(self, topic: str, groups: Sequence[str]) -> int:
        """Remove events that every one of `groups` has committed; returns how many.

        A group named here that has never joined keeps everything, and so does naming none. A log with
        a `retention` removes nothing and returns 0.
        """
        ...

    def erase(self, keys: Collection[str]) -> int:
        """Remove every event with one of these keys from all topics, physically; returns how many.

        Other events keep their offsets. A log with a `retention` removes nothing and returns 0.
        Raises: RetryableError where a reader holds on to the old pages; then call again.
        """
        ...

    def close(self) -> None:
        """Release files and connections."""
        ...
