"""The periods of Trends: presets in the workspace's zone, one's own dates, and the period before."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from crm.calendar import day_of, day_start, jalali_month, jalali_month_of
from crm.errors import InvalidInputError
from crm.ports.index import Span
from crm.query.dates import moment

Preset = Literal["today", "7d", "30d", "month", "last_month", "nowruz"]
PRESETS: tuple[Preset, ...] = get_args(Preset)
LONGEST_DAYS = 400
_DIGITS = {ord(digit): str(at % 10) for at, digit in enumerate("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩")}
_MESSAGES = {
    "bad_since": "The first day {found!r} is no date; write it like 1405/07/01 or 2026-09-23.",
    "bad_until": "The last day {found!r} is no date; write it like 1405/07/30 or 2026-10-22.",
    "swapped": "The last day {found!r} comes before the first; swap them.",
    "in_future": "The period would begin in the future; choose an earlier first day.",
    "too_long": f"A period has at most {LONGEST_DAYS} days; choose a later first day.",
}


class PeriodError(InvalidInputError):
    """Dates that make no period; `code` names the fault for the catalogue of messages, `found` what was written."""

    def __init__(self, code: str, found: str = "") -> None:
        self.code, self.found = code, found
        super().__init__(_MESSAGES[code].format(found=found))


def preset(name: Preset, now: datetime, zone: str) -> Span:
    """The period `name` up to `now`: whole days of `zone`, months of the Solar Hijri calendar."""
    today = day_of(now, zone)
    year, month = jalali_month_of(today)
    if name == "last_month":
        first, end = jalali_month(*((year - 1, 12) if month == 1 else (year, month - 1)))
        return Span(day_start(first, zone), day_start(end, zone))
    firsts = {
        "today": today,
        "7d": today - timedelta(days=6),
        "30d": today - timedelta(days=29),
        "month": jalali_month(year, month)[0],
        "nowruz": jalali_month(year, 1)[0],
    }
    return Span(day_start(firsts[name], zone), quarter_after(now))


def custom(since: str, until: str, now: datetime, zone: str) -> Span:
    """From the first to the last day, both included, as a person wrote them in either calendar and any digits.

    An empty `until` is today; a last day after today ends now. Raises PeriodError.
    """
    first, last = _day("bad_since", since, zone), _day("bad_until", until or "today", zone, now)
    if last < first:
        raise PeriodError("swapped", until)
    if first > day_of(now, zone):
        raise PeriodError("in_future", since)
    if (last - first).days >= LONGEST_DAYS:
        raise PeriodError("too_long", since)
    return Span(day_start(first, zone), min(day_start(last + timedelta(days=1), zone), quarter_after(now)))


def before(span: Span, zone: str) -> Span:
    """The period of as many days right before; an unfinished day is compared up to the same hour."""
    shift = timedelta(days=days_in(span, zone))
    return Span(_moved(span.since, shift, zone), _moved(span.until, shift, zone))


def days_in(span: Span, zone: str) -> int:
    """How many days of `zone` the period touches."""
    return (day_of(span.until - timedelta(microseconds=1), zone) - day_of(span.since, zone)).days + 1


def _moved(when: datetime, shift: timedelta, zone: str) -> datetime:
    # On the clock of the zone, so that a change of summer time in between moves no boundary.
    here = when.astimezone(ZoneInfo(zone)).replace(tzinfo=None) - shift
    return here.replace(tzinfo=ZoneInfo(zone)).astimezone(when.tzinfo)


def quarter_after(now: datetime) -> datetime:
    """The next quarter of an hour: what was just said counts, and an index has whole quarters to count."""
    return now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0) + timedelta(minutes=15)


def _day(fault: str, written: str, zone: str, now: datetime | None = None) -> date:
    text = written.strip().translate(_DIGITS)
    try:
        found = moment(text, zone, now)
    except ValueError:
        found = None
    if found is None:
        raise PeriodError(fault, written.strip())
    return day_of(datetime.fromisoformat(found), zone)
