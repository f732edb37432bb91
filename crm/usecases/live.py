"""What changed: the signal behind every page that updates itself."""

from __future__ import annotations

from datetime import timedelta

from crm.ports.clock import Clock
from crm.records import changes
from crm.records.changes import Change
from crm.records.database import Records

KEEP = timedelta(hours=1)


class Live:
    """Changes of all workspaces; the console hands each session only those of its own."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records, self._clock = records, clock

    def cursor(self) -> int:
        """Where the newest change stands."""
        with self._records.read() as tx:
            return changes.newest(tx)

    def since(self, cursor: int) -> list[Change]:
        """Changes after `cursor`, oldest first, at most 500."""
        with self._records.read() as tx:
            return changes.since(tx, cursor)

    def wait(self, seconds: float) -> bool:
        """Wait until something may have changed, at most `seconds`.

        False at once where the records tell nobody: then the caller pauses and asks again.
        """
        return self._records.signals.wait(seconds)

    def forget_old(self) -> None:
        """Drop changes that every page has long seen."""
        with self._records.write() as tx:
            changes.forget(tx, self._clock.now() - KEEP)
