"""When things are said: days and hours of the Iranian week, a crisis on a Saturday, answers in office hours."""

from __future__ import annotations

from bisect import bisect
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

import jdatetime

from shenava.demo.words import Text

ZONE = ZoneInfo("Asia/Tehran")
DAYS = 60
CRISIS_DAYS_AGO = 15
CRISIS_HOURS = 72
SATURDAY = 5
HOLIDAY_DAYS_AGO = 32

# Monday to Sunday as datetime counts them: Thursday is half a working day, Friday none.
_WEEK = (1.0, 1.0, 0.95, 0.7, 0.5, 1.2, 1.1)
_DAY = (
    0.35, 0.2, 0.12, 0.08, 0.06, 0.1, 0.25, 0.5, 0.8, 1.0, 1.15, 1.2,
    1.15, 0.95, 0.8, 0.8, 0.9, 1.0, 1.1, 1.15, 1.25, 1.3, 1.1, 0.7,
)  # fmt: skip
_PAYDAY = 1.35
_HOLIDAY = 0.35
_OPENS, _CLOSES = 8, 22
_FRIDAY_OPENS, _FRIDAY_CLOSES = 10, 16
_FRIDAY = 4


class Times:
    """Draws times between `since` and `now`. All given and returned times are in UTC."""

    def __init__(self, now: datetime, rng: Random) -> None:
        self.now = now.astimezone(UTC)
        self.since = self.now - timedelta(days=DAYS)
        self.crisis = _crisis_midnight(self.now)
        self._rng = rng
        hours = [self.since + timedelta(hours=hour) for hour in range(DAYS * 24)]
        self._hours = hours
        self._sums = list(accumulate(_weight(hour, self.now) for hour in hours))

    @property
    def crisis_end(self) -> datetime:
        """The end of the third day of the crisis."""
        return self.crisis + timedelta(hours=CRISIS_HOURS)

    def of_root(self, text: Text) -> datetime:
        """When a conversation begins, by what its text asks for."""
        if text.hours:
            return self._clamped(self.crisis + timedelta(hours=self._rng.uniform(*text.hours)))
        if text.days:
            return self._clamped(self._on_day(self._rng.uniform(min(text.days), max(text.days))))
        return self._anywhere()

    def lately(self, hours: tuple[float, float]) -> datetime:
        """A moment some hours ago."""
        return self.now - timedelta(hours=self._rng.uniform(*hours))

    def of_answer(self, asked: datetime) -> datetime:
        """When the team answers: within the hour as a rule, later in the crisis, and only while the desk is open."""
        hard = self.crisis <= asked < self.crisis_end
        minutes = self._rng.uniform(35, 130) if hard else min(300.0, self._rng.lognormvariate(3.4, 0.8))
        at = asked + timedelta(minutes=minutes, seconds=self._rng.randrange(60))
        return at if hard else self._when_open(at)

    def of_customer(self, asked: datetime, *, settled: bool) -> datetime:
        """When the customer writes again: soon with a question, some hours later once it is `settled`."""
        minutes = self._rng.lognormvariate(5.4 if settled else 3.0, 0.9)
        return asked + timedelta(minutes=2 + min(minutes, 2880), seconds=self._rng.randrange(60))

    def _anywhere(self) -> datetime:
        place = bisect(self._sums, self._rng.uniform(0, self._sums[-1]))
        return self._clamped(self._hours[min(place, len(self._hours) - 1)] + self._within_hour())

    def _on_day(self, days: float) -> datetime:
        local = (self.now - timedelta(days=days)).astimezone(ZONE)
        hour = self._rng.choices(range(8, 23), weights=_DAY[8:23])[0]
        return local.replace(hour=hour, minute=0, second=0, microsecond=0).astimezone(UTC) + self._within_hour()

    def _within_hour(self) -> timedelta:
        return timedelta(seconds=self._rng.randrange(3600))

    def _clamped(self, at: datetime) -> datetime:
        latest = self.now - timedelta(seconds=self._rng.randrange(60, 5400))
        earliest = self.since + timedelta(seconds=self._rng.randrange(60, 5400))
        return max(earliest, min(at, latest)).replace(microsecond=0)

    def _when_open(self, at: datetime) -> datetime:
        local = at.astimezone(ZONE)
        opens, closes = (_FRIDAY_OPENS, _FRIDAY_CLOSES) if local.weekday() == _FRIDAY else (_OPENS, _CLOSES)
        if opens <= local.hour < closes:
            return at
        day = local if local.hour < opens else local + timedelta(days=1)
        morning = _FRIDAY_OPENS if day.weekday() == _FRIDAY else _OPENS
        minute = self._rng.randrange(5, 60)
        return day.replace(hour=morning, minute=minute, second=self._rng.randrange(60)).astimezone(UTC)


def _crisis_midnight(now: datetime) -> datetime:
    """The first moment, in Tehran, of the last Saturday at least 15 days ago."""
    local = now.astimezone(ZONE) - timedelta(days=CRISIS_DAYS_AGO)
    back = (local.weekday() - SATURDAY) % 7
    return (local - timedelta(days=back)).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _weight(at: datetime, now: datetime) -> float:
    local = at.astimezone(ZONE)
    weight = _WEEK[local.weekday()] * _DAY[local.hour]
    if (now - at).days == HOLIDAY_DAYS_AGO:
        weight *= _HOLIDAY
    month_day = jdatetime.date.fromgregorian(date=local.date()).day
    return weight * _PAYDAY if month_day >= 28 or month_day == 1 else weight
