"""How much the runs of the collect role may still read, so that several at once break no cap together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from threading import Lock

from crm.policies.budget import allowance
from crm.ports.clock import Clock
from crm.ports.source import UNLIMITED
from crm.records import budget
from crm.records.database import Records

STEP = 1_000
"""The most that one run is granted at a time; it asks before each request, and no page holds more."""
_Shared = tuple[str, str]


class Allowances:
    """Grants of what the caps leave. Safe to share between threads; one process collects for an installation.

    What was granted counts as read for everybody else until the run reports what it read, asks again or ends; and
    no run is granted more than its part of what is left, so that a quiet one keeps nobody from reading. What was
    reported and could not be written down is owed: it counts as read until it is.
    """

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records, self._clock, self._lock = records, clock, Lock()
        self._granted: dict[_Shared, dict[str, Counter[str]]] = {}
        self._owed, self._writing = dict[_Shared, Counter[str]](), Lock()

    def ask(self, run: str, workspace: str, platform: str, monitor: str) -> int:
        """How many posts a run may read for a monitor now, what it has read and not yet reported included."""
        with self._lock:
            runs = self._granted.setdefault((workspace, platform), {})
            mine = runs.setdefault(run, Counter())
            with self._records.read() as tx:
                caps = budget.caps_of(tx, workspace)
                spent = Counter(budget.spent_this_month(tx, workspace, platform, self._clock.now()))
            spent.update(self._owed.get((workspace, platform), {}))
            part = allowance(caps, spent, platform, monitor)
            if part == UNLIMITED:
                return UNLIMITED
            for other, granted in runs.items():
                if other != run:
                    spent.update(granted)
            mine[monitor] = min(allowance(caps, spent, platform, monitor), -(-part // len(runs)), STEP)
            return mine[monitor]

    def pay(self, workspace: str, platform: str, spent: Mapping[str, int]) -> None:
        """Write down what a run read, by monitor, with what is owed from before.

        Raises what the records do; it is owed then, and written with the next that anybody reports.
        """
        with self._writing:
            with self._lock:
                owed = self._owed.setdefault((workspace, platform), Counter())
                owed.update(spent)
            with self._records.write() as tx:
                budget.spend(tx, workspace, platform, owed, self._clock.now())
            with self._lock:
                owed.clear()

    def release(self, run: str) -> None:
        """A run reported what it read, so nothing is on its way for it."""
        with self._lock:
            for runs in self._granted.values():
                if run in runs:
                    runs[run].clear()

    def leave(self, run: str) -> None:
        """A run ended, in whatever way; the others share what is left. Leaving twice is the same as once."""
        with self._lock:
            for runs in self._granted.values():
                runs.pop(run, None)
