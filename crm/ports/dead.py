"""Dead letters: events that could not be handled, kept to be read and replayed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from crm.words import content_id


class DeadLetter(Struct, frozen=True):
    """One event that one group could not handle, with its place and the reason.

    `error_kind` is the class of the error, `error` its sentence. `schema` and `workspace` are
    what the envelope says, None where it can't be read or names none. Times are UTC.
    """

    id: str
    topic: str
    group: str
    partition: int
    offset: int
    key: str
    value: bytes
    error_kind: str
    error: str
    failed_at: datetime
    schema: int | None = None
    workspace: str | None = None
    replayed_at: datetime | None = None


def letter_id(group: str, topic: str, partition: int, offset: int, value: bytes) -> str:
    """The id (32 hex digits) of a dead letter: equal for redeliveries of one event to one group.

    The value is part of it because a log that was made anew counts its offsets from 0 again.
    """
    return content_id(group, topic, str(partition), str(offset), value.hex())


class DeadLetters(Protocol):
    """The store of dead letters. Errors: RetryableError (busy), StoreError (disk full, damaged)."""

    def add(self, letters: Sequence[DeadLetter]) -> None:
        """Keep letters durably. One whose id is already there is left as it is."""
        ...

    def list(self, workspace: str | None = None, limit: int = 100, after: str | None = None) -> Sequence[DeadLetter]:
        """At most `limit` letters, latest failure first, then by id; `after` is the last id of the page before.

        `workspace` limits them to letters of that workspace; None shows all.
        """
        ...

    def take(self, ids: Collection[str]) -> Sequence[DeadLetter]:
        """Those of the named letters that are there, in the order of their offsets, to be replayed."""
        ...

    def mark_replayed(self, ids: Collection[str], at: datetime) -> None:
        """Note when these letters were appended again; unknown ids are ignored."""
        ...
