"""Dates of since: and until:, Gregorian, Jalali or relative."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import jdatetime

LAST_JALALI_YEAR = 1700
_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T_](\d{1,2}):(\d{2})(?::(\d{2}))?)?(Z|[+-]\d{2}:\d{2})?")
_RELATIVE = re.compile(r"(\d{1,5})(\D+)")
_UNITS = {
    **dict.fromkeys(("h", "hour", "hours", "ساعت", "س"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days", "روز", "ر"), timedelta(days=1)),
    **dict.fromkeys(("w", "week", "weeks", "هفته", "ه"), timedelta(weeks=1)),
    **dict.fromkeys(("min", "minutes", "دقیقه"), timedelta(minutes=1)),
}
_DAYS_AGO = {"today": 0, "امروز": 0, "yesterday": 1, "دیروز": 1}


def _day(year: int, month: int, day: int) -> date:
    if year < LAST_JALALI_YEAR:
        gregorian: date = jdatetime.date(year, month, day).togregorian()
        return gregorian
    return date(year, month, day)


def _start_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _written(found: re.Match[str], zone: ZoneInfo) -> datetime:
    year, month, day, hour, minute, second, offset = found.groups()
    start = _start_of(_day(int(year), int(month), int(day)), zone)
    if hour is None:
        return start
    moment = start.replace(hour=int(hour), minute=int(minute), second=int(second or 0))
    return datetime.fromisoformat(moment.replace(tzinfo=None).isoformat() + offset) if offset else moment


def _ago(found: re.Match[str], now: datetime) -> datetime | None:
    unit = _UNITS.get(found[2].strip())
    return now - int(found[1]) * unit if unit else None


def moment(value: str, zone: str, now: datetime | None) -> str | None:
    """A date as the ISO moment in UTC where it begins in `zone`; None where it is no date.

    `value` has Latin digits. Understands ``2026-03-21``, ``1405/1/1`` (years before 1700 are Jalali),
    ``2026-03-21T08:30`` with or without a zone, ``7d``, ``24h``, ``2w``, ``today`` and their Persian words.
    Raises ValueError for a relative date without `now`.
    """
    value = value.strip().casefold().replace("t", "T").replace("z", "Z") if value[:1].isdigit() else value.strip()
    try:
        found = _parsed(value, ZoneInfo(zone), now)
        return found.astimezone(UTC).isoformat(timespec="seconds") if found else None
    except (ValueError, OverflowError) as error:
        if isinstance(error, _NoClockError):
            raise
        return None


class _NoClockError(ValueError):
    """A relative date was read without being told what time it is."""


def _parsed(value: str, zone: ZoneInfo, now: datetime | None) -> datetime | None:
    if written := _DATE.fullmatch(value):
        return _written(written, zone)
    relative = _RELATIVE.fullmatch(value.casefold())
    days = _DAYS_AGO.get(value.casefold())
    if relative is None and days is None:
        return None
    if now is None:
        raise _NoClockError("A relative date needs `now`.")
    if relative:
        return _ago(relative, now)
    return _start_of(now.astimezone(zone).date() - timedelta(days=days or 0), zone)
