"""Back-pressure: whoever fills the stream waits while enrichment is far behind."""

from __future__ import annotations

from threading import Event

from crm.ports.clock import Clock
from crm.ports.log import EventLog
from crm.words import COLLECTED

MOST_WAITING = 50_000
MOST_SECONDS = 12 * 3600.0
LOOK_SECONDS = 1.0


class Pressure:
    """Looks at the lag at most once a second."""

    def __init__(self, log: EventLog, clock: Clock) -> None:
        self._log, self._clock = log, clock
        self._looked = float("-inf")

    def wait(self, stop: Event) -> None:
        """Return once there is room on the stream, or `stop` is set."""
        while not stop.is_set() and self._clock.monotonic() - self._looked >= LOOK_SECONDS:
            if not self._full():
                self._looked = self._clock.monotonic()
                return
            self._clock.sleep(LOOK_SECONDS, stop)

    def _full(self) -> bool:
        return any(
            lag.waiting > MOST_WAITING or lag.seconds > MOST_SECONDS
            for lag in self._log.lag()
            if lag.topic == COLLECTED
        )
