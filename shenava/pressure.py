"""Back-pressure: whoever fills the stream waits while enrichment is far behind."""

from __future__ import annotations

from threading import Event

from crm.ports.clock import Clock
from crm.ports.log import EventLog
from crm.usecases.health import PAUSE_SECONDS
from shenava.pipeline import GROUPS

MOST_WAITING = 50_000
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

    def has_room(self) -> bool:
        """Whether there is room now; for whoever can't wait."""
        if self._clock.monotonic() - self._looked >= LOOK_SECONDS:
            if self._full():
                return False
            self._looked = self._clock.monotonic()
        return True

    def _full(self) -> bool:
        # A log that keeps events for a fixed time has room for any number of them, and throws away unread what
        # waits too long, whichever topic it waits on. The embedded one keeps everything, on this machine's disk.
        fixed = self._log.retention is not None
        return any(
            lag.seconds >= PAUSE_SECONDS or (lag.waiting > MOST_WAITING and not fixed)
            for lag in self._log.lag()
            if lag.group in GROUPS.get(lag.topic, ())
        )
