"""What a worker did, for the health page."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from crm.errors import RetryableError
from crm.ports.clock import Clock
from crm.ports.log import EventLog, Lag

EVERY = 2.0
"""Seconds between two reports."""


class WorkerStats(Struct, frozen=True):
    """A worker's figures since it started.

    `handled` and `failed` count events (failed ones are dead letters), `retries` pauses after a
    failure that may pass. `per_second` is the rate since the report before. `last_success` is the last
    commit. `error` is why it is pausing now, None where it is not. `lag` is None where it can't be read.
    """

    topic: str
    group: str
    at: datetime
    handled: int
    failed: int
    retries: int
    per_second: float
    last_success: datetime | None
    error: str | None
    lag: Lag | None


class Meter:
    """Counts for one worker."""

    def __init__(self, topic: str, group: str, clock: Clock) -> None:
        self._topic, self._group, self._clock = topic, group, clock
        self._handled = self._failed = self._before = 0
        self._last_success: datetime | None = None
        self._since = clock.monotonic()
        self.retries = 0
        self.error: str | None = None

    def add(self, handled: int, failed: int) -> None:
        """Count a committed batch."""
        self._handled += handled
        self._failed += failed
        self._last_success = self._clock.now()

    def due(self) -> bool:
        """Whether the next report's time has come."""
        return self._clock.monotonic() - self._since >= EVERY

    def restart(self) -> None:
        """Begin the span of the next rate."""
        self._since, self._before = self._clock.monotonic(), self._handled + self._failed

    def read(self, log: EventLog) -> WorkerStats:
        """The figures now."""
        span = self._clock.monotonic() - self._since
        return WorkerStats(
            topic=self._topic,
            group=self._group,
            at=self._clock.now(),
            handled=self._handled,
            failed=self._failed,
            retries=self.retries,
            per_second=(self._handled + self._failed - self._before) / span if span > 0 else 0.0,
            last_success=self._last_success,
            error=self.error,
            lag=self._lag(log),
        )

    def _lag(self, log: EventLog) -> Lag | None:
        try:
            lags = log.lag()
        except RetryableError:
            return None
        return next((lag for lag in lags if (lag.group, lag.topic) == (self._group, self._topic)), None)
