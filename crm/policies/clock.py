"""When the next answer is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Literal

from msgspec import Struct, convert, field

from crm.calendar import WorkingHours, add_working_time

Priority = Literal["low", "normal", "high", "urgent"]
PRIORITIES: tuple[Priority, ...] = ("low", "normal", "high", "urgent")

DEFAULT_MINUTES: dict[Priority, int] = {"urgent": 30, "high": 60, "normal": 240, "low": 480}


class BusinessHours(Struct, frozen=True):
    """The stored form of a workspace's working day: clock times as ``HH:MM``, answer targets in working minutes."""

    opens: str = field(name="from", default="09:00")
    closes: str = field(name="until", default="18:00")
    holidays: tuple[date, ...] = ()
    minutes: dict[Priority, int] = {}


class Desk(Struct, frozen=True):
    """What a clock needs to know about a workspace. `minutes` are working minutes until an answer is due."""

    hours: WorkingHours
    week_start: int
    minutes: Mapping[Priority, int]

    @property
    def zone(self) -> str:
        """The reporting zone."""
        return self.hours.zone


def desk_of(zone: str, week_start: int, weekend: Sequence[int], business_hours: object) -> Desk:
    """A workspace's columns as a desk. Raises InvalidInputError where no working time is left."""
    stored = convert(business_hours, BusinessHours)
    hours = WorkingHours(
        zone, time.fromisoformat(stored.opens), time.fromisoformat(stored.closes),
        frozenset(weekend), frozenset(stored.holidays),
    )  # fmt: skip
    return Desk(hours, week_start, {**DEFAULT_MINUTES, **stored.minutes})


def due_at(since: datetime, priority: Priority, desk: Desk) -> datetime:
    """When the answer to what was said at `since` is due, in working time."""
    return add_working_time(since, timedelta(minutes=desk.minutes[priority]), desk.hours)
