"""Doubles that are handed in where a test decides the time or looks into a store."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from threading import Event

import msgspec

from crm.ports.dead import DeadLetter


class ManualClock:
    """A clock that stands still until it is advanced; sleeping advances it."""

    def __init__(self, start: datetime = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)) -> None:
        self._start, self._passed = start, 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return self._passed

    def sleep(self, seconds: float, until: Event | None = None) -> bool:
        if until is not None and until.is_set():
            return True
        self.slept.append(seconds)
        self.advance(seconds)
        return False

    def advance(self, seconds: float) -> None:
        self._passed += max(0.0, seconds)


class MemoryDeadLetters:
    """Dead letters in a dict."""

    def __init__(self) -> None:
        self._letters: dict[str, DeadLetter] = {}

    def add(self, letters: Sequence[DeadLetter]) -> None:
        for letter in letters:
            self._letters.setdefault(letter.id, letter)

    def list(self, workspace: str | None = None, limit: int = 100, after: str | None = None) -> Sequence[DeadLetter]:
        rows = [row for row in self._letters.values() if workspace in (None, row.workspace)]
        rows.sort(key=lambda row: row.id)
        rows.sort(key=lambda row: row.failed_at, reverse=True)
        start = next((n for n, row in enumerate(rows, 1) if row.id == after), 0)
        return rows[start : start + limit]

    def take(self, ids: Collection[str]) -> Sequence[DeadLetter]:
        rows = [self._letters[i] for i in ids if i in self._letters]
        return sorted(rows, key=lambda row: (row.topic, row.partition, row.offset))

    def mark_replayed(self, ids: Collection[str], at: datetime) -> None:
        for i in set(ids) & self._letters.keys():
            self._letters[i] = msgspec.structs.replace(self._letters[i], replayed_at=at)
