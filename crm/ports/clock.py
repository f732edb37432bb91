"""Time, sleep and chance, handed in so that tests decide them."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event
from time import monotonic
from typing import Protocol


class Clock(Protocol):
    """What time it is, and waiting."""

    def now(self) -> datetime:
        """The current time, timezone-aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, for measuring spans."""
        ...

    def sleep(self, seconds: float, until: Event | None = None) -> bool:
        """Wait; returns True at once when `until` is set, False when the time has passed."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return monotonic()

    def sleep(self, seconds: float, until: Event | None = None) -> bool:
        return (until or Event()).wait(max(0.0, seconds))
