"""A member of a consumer group of the SQLite log; one member at a time is active, by lease."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw

from crm.ports.clock import Clock
from crm.ports.log import Event
from stream.errors import LeaseLostError, LogDamagedError
from stream.file import rows, sealed, speaking, writing

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
TICK = 0.03
"""Seconds between two looks at the file while a poll waits; a look costs some 10 microseconds."""

STATE = "SELECT committed, owner, expires FROM groups WHERE topic = ? AND name = ?"


def micros(moment: datetime) -> int:
    """Whole microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


class SQLiteConsumer:
    """See :class:`crm.ports.log.Consumer`. `member` is its number in the group, never given twice."""

    def __init__(
        self,
        db: apsw.Connection,
        path: Path,
        clock: Clock,
        lease: float,
        topic: tuple[str, int],
        group: str,
        member: int,
    ) -> None:
        self._db, self._path, self._clock, self._lease = db, path, clock, timedelta(seconds=lease)
        self._name, self._topic = topic
        self._group, self._member = group, member
        self._place: int | None = None  # the next offset to read; None while we don't hold the lease
        self._renew = EPOCH
        self._pending = False  # events were polled and not committed
        self._lost = False  # ... and then the lease went
        self._closed = False

    def poll(self, limit: int, timeout: float) -> list[Event]:
        deadline = self._clock.monotonic() + timeout
        with speaking(self._path):
            while True:
                if events := self._look(limit):
                    return events
                left = deadline - self._clock.monotonic()
                if left <= 0:
                    return []
                self._clock.sleep(min(TICK, left))

    def commit(self) -> None:
        if self._lost:
            self._lost = False
            raise LeaseLostError(self._name, self._group)
        if self._place is None:
            return
        now = self._clock.now()
        with speaking(self._path), writing(self._db):
            self._db.execute(
                "UPDATE groups SET committed = ?, expires = ? WHERE topic = ? AND name = ? AND owner = ?",
                (self._place, micros(now + self._lease), self._topic, self._group, self._member),
            )
            kept = self._db.changes() == 1
        if not kept:
            self._place, self._pending = None, False
            raise LeaseLostError(self._name, self._group)
        self._pending = False
        self._renew = now + self._lease / 3

    def seek_committed(self) -> None:
        self._pending = self._lost = False
        if self._place is not None:
            with speaking(self._path):
                self._place = self._state()[0]

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            with speaking(self._path), writing(self._db):
                self._db.execute(
                    "UPDATE groups SET owner = NULL WHERE topic = ? AND name = ? AND owner = ?",
                    (self._topic, self._group, self._member),
                )
        finally:
            self._db.close()

    def _look(self, limit: int) -> list[Event]:
        if not self._hold():
            return []
        found = rows(
            self._db,
            f"SELECT place, key, at, value, seal FROM events_{self._topic} WHERE place >= ? ORDER BY place LIMIT ?",
            (self._place, limit),
        )
        for place, *content in found:
            if not sealed(*content):
                raise LogDamagedError(self._path, f"event {place} of {self._name} is not as it was appended")
        if found:
            self._place, self._pending = found[-1][0] + 1, True
        moments = {at: EPOCH + at * MICROSECOND for at in {row[2] for row in found}}
        return [Event(self._name, 0, place, key, value, moments[at]) for place, key, at, value, _ in found]

    def _hold(self) -> bool:
        """Take or renew the lease; False while another member has it."""
        now = self._clock.now()
        if self._place is not None and now < self._renew:
            return True
        if not self._free(now):
            return self._let_go()
        with writing(self._db):
            # Looked at again inside of the transaction: another member may have been faster.
            if not self._free(now):
                return self._let_go()
            committed, owner, _ = self._state()
            self._db.execute(
                "UPDATE groups SET owner = ?, expires = ? WHERE topic = ? AND name = ?",
                (self._member, micros(now + self._lease), self._topic, self._group),
            )
        if owner != self._member:
            self._let_go()
        if self._place is None:
            self._place = committed
        self._renew = now + self._lease / 3
        return True

    def _let_go(self) -> bool:
        self._lost, self._pending, self._place = self._lost or self._pending, False, None
        return False

    def _free(self, now: datetime) -> bool:
        _, owner, expires = self._state()
        return owner in (None, self._member) or expires <= micros(now)

    def _state(self) -> tuple[int, int | None, int]:
        ((committed, owner, expires),) = rows(self._db, STATE, (self._topic, self._group))
        return int(committed), owner, int(expires)
