"""What reading costs, in units of the project's day. Source: developers.google.com/youtube/v3/determine_quota_cost.

YouTube tells nobody what is left, so what we used ourselves is counted, refused calls too, as YouTube does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from collectors.youtube.cursor import Cursor
from crm.errors import RetryableError
from crm.platforms.youtube import DAILY, SEARCH_COST, day_of, midnight
from crm.ports.clock import Clock
from crm.ports.source import Quota


class NoRoomError(RetryableError):
    """A call would cost more than may still be spent."""

    def __init__(self, units: int) -> None:
        super().__init__(f"A call of {units} units was not made, since the budget allows no more.")


class Ledger:
    """How much may still be spent, and what was spent since the last batch, by the monitor it was spent for."""

    def __init__(self, cursor: Cursor, allowance: Callable[[str], int], clock: Clock) -> None:
        self.cursor, self._allowance, self._clock = cursor, allowance, clock
        self._spent: Counter[str] = Counter()
        self._below: int | None = None

    def charge(self, monitor: str, units: int, least: int = 0) -> None:
        """Note a call that is about to be made; `least` must be left in all. Raises: NoRoomError."""
        if self._allowance(monitor) - self._spent.total() < max(units, least):
            raise NoRoomError(units)
        if self._below is not None:
            if self.cursor.below + units > self._below:
                raise NoRoomError(units)
            self.cursor.below += units
        self._begin()
        self._spent[monitor] += units
        self.cursor.used += units
        self.cursor.searches += units == SEARCH_COST

    @contextmanager
    def below(self, most: int, seconds: int) -> Iterator[None]:
        """What is charged in the block is at most `most` units in so many seconds, also over several blocks."""
        now = int(self._clock.now().timestamp())
        if now - self.cursor.below_since >= seconds:
            self.cursor.below, self.cursor.below_since = 0, now
        self._below = most
        try:
            yield
        finally:
            self._below = None

    def searches(self) -> int:
        """How many searches were made today."""
        self._begin()
        return self.cursor.searches

    def quota(self) -> Quota:
        """What is left of the day, as far as we used it ourselves."""
        self._begin()
        return Quota(max(0, DAILY - self.cursor.used), DAILY, midnight(self._clock.now()))

    def take(self) -> dict[str, int]:
        """What was spent since the last time."""
        spent = dict(self._spent)
        self._spent.clear()
        return spent

    def _begin(self) -> None:
        if (today := day_of(self._clock.now())) != self.cursor.day:
            self.cursor.day, self.cursor.used, self.cursor.searches = today, 0, 0
