"""What reading costs: X counts each post once a day, in UTC. Source: docs.x.com/x-api/getting-started/pricing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from crm.ports.clock import Clock

REMEMBERED = 100_000
"""Posts of a day; what is forgotten is counted again."""


class Ledger:
    """How much may still be read, and what was read since the last batch, by the monitor it was read for."""

    def __init__(self, allowance: Callable[[str], int], clock: Clock) -> None:
        self._allowance, self._clock = allowance, clock
        self._spent: Counter[str] = Counter()
        self._day, self._read = "", set[str]()

    def room(self, monitor: str) -> int:
        """How many posts may be read for the monitor, those of this batch taken off."""
        return max(0, self._allowance(monitor) - self._spent.total())

    def charge(self, monitor: str, ids: Iterable[str]) -> None:
        """Note posts that were read; those read before on the same day cost nothing."""
        new = set(self.unread(ids))
        self._spent[monitor] += len(new)
        self._read |= new

    def unread(self, ids: Iterable[str]) -> list[str]:
        """Those of the posts that would cost something today."""
        today = self._clock.now().date().isoformat()
        if today != self._day or len(self._read) > REMEMBERED:
            self._day, self._read = today, set()
        return [one for one in dict.fromkeys(ids) if one not in self._read]

    def take(self) -> dict[str, int]:
        """What was read since the last time."""
        spent = {monitor: count for monitor, count in self._spent.items() if count}
        self._spent.clear()
        return spent
