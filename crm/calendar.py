"""Days, weeks, months and working time as a workspace counts them: its zone, its week, its calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import jdatetime
from msgspec import Struct

from crm.errors import InvalidInputError

SATURDAY = 5
FARTHEST_DAYS = 3_660


class WorkingHours(Struct, frozen=True):
    """When the team answers, on the clock of `zone`.

    `weekend` holds days as :meth:`datetime.weekday` numbers them (4 is Friday). Equal `opens` and
    `closes` mean the whole day. Raises InvalidInputError where no working time would be left.
    """

    zone: str
    opens: time = time(9)
    closes: time = time(18)
    weekend: frozenset[int] = frozenset({4})
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if self.closes < self.opens:
            raise InvalidInputError(f"Working hours end at {self.closes:%H:%M}, before {self.opens:%H:%M}.")
        if self.weekend >= set(range(7)):
            raise InvalidInputError("Every day of the week is a weekend; leave at least one working day.")

    def works_on(self, day: date) -> bool:
        """Whether `day` is neither weekend nor holiday."""
        return day.weekday() not in self.weekend and day not in self.holidays

    def span_of(self, day: date) -> tuple[datetime, datetime]:
        """The first and the last moment (exclusive, UTC) of working time on `day`."""
        whole_day = self.opens == self.closes
        end = day_start(day + timedelta(days=1), self.zone) if whole_day else moment_of(day, self.closes, self.zone)
        return moment_of(day, time() if whole_day else self.opens, self.zone), end


def day_of(moment: datetime, zone: str) -> date:
    """The day on which `moment` falls in `zone`."""
    return moment.astimezone(ZoneInfo(zone)).date()


def moment_of(day: date, at: time, zone: str) -> datetime:
    """The moment (UTC) when the clock of `zone` shows `at` on `day`."""
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


def day_start(day: date, zone: str) -> datetime:
    """The first moment (UTC) of `day` in `zone`."""
    return moment_of(day, time(), zone)


def week_start(day: date, first: int = SATURDAY) -> date:
    """The day on which the week of `day` began; `first` is the weekday (0 Monday) that weeks begin with."""
    return day - timedelta(days=(day.weekday() - first) % 7)


def weeks_back(day: date, count: int, first: int = SATURDAY) -> list[date]:
    """The starts of `count` weeks up to the one of `day`, oldest first."""
    newest = week_start(day, first)
    return [newest - timedelta(weeks=back) for back in range(count - 1, -1, -1)]


def jalali_month_of(day: date) -> tuple[int, int]:
    """Year and month of `day` in the Solar Hijri calendar."""
    jalali = jdatetime.date.fromgregorian(date=day)
    return int(jalali.year), int(jalali.month)


def jalali_month(year: int, month: int) -> tuple[date, date]:
    """The Gregorian first day of a Solar Hijri month and the day after its last."""
    following = (year + 1, 1) if month == 12 else (year, month + 1)
    return _gregorian(year, month), _gregorian(*following)


def _gregorian(year: int, month: int) -> date:
    day = jdatetime.date(year, month, 1).togregorian()
    return date(day.year, day.month, day.day)


def add_working_time(start: datetime, span: timedelta, hours: WorkingHours) -> datetime:
    """The moment (UTC) at which `span` of working time has passed since `start`.

    Raises InvalidInputError where holidays leave too little working time within ten years.
    """
    day, left = day_of(start, hours.zone), span
    for _ in range(FARTHEST_DAYS):
        if hours.works_on(day):
            opens, closes = hours.span_of(day)
            begin = max(start.astimezone(UTC), opens)
            if begin < closes and begin + left <= closes:
                return begin + left
            left -= max(timedelta(), closes - begin)
        day += timedelta(days=1)
    raise InvalidInputError("The holidays leave too little working time to set a clock; remove some of them.")
