"""Dates as platforms and spreadsheets write them, Gregorian or Jalali, as moments in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_tz
from functools import lru_cache

import jdatetime

FIRST_JALALI, LAST_JALALI = 1200, 1700
TURN = 70
"""Years of two digits below this one are of the 21st century."""
LONGEST = 100
_TIME = r"(?:[T\s,،_-]*(?:ساعت\s*)?(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,20}))?)?\s*([AaPp]\.?[Mm]\.?)?)?"
_ZONE = r"\s*(Z|z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + _TIME + _ZONE)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})" + _TIME + _ZONE)
_TWITTER = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{1,2}) (\d{2}):(\d{2}):(\d{2}) ([+-]\d{4}) (\d{4})")
_NAMED = re.compile(r"(?:[\w\u200c ]+[،,]?\s+)?(\d{1,2})\s+([آ-ی]+)(?:\s+ماه)?\s+(\d{4})" + _TIME + _ZONE)
_ZONED = re.compile(r"([+-]\d{4}|[A-Z]{1,5})(\s*\(.*\))?$")
_NUMBER = re.compile(r"\d{9,19}(?:\.\d+)?")
_MONTHS = {
    "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6, "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11,
    "Dec": 12,
}  # fmt: skip
_JALALI_MONTHS = {
    "فروردین": 1, "اردیبهشت": 2, "خرداد": 3, "تیر": 4, "مرداد": 5, "شهریور": 6,
    "مهر": 7, "آبان": 8, "آذر": 9, "دی": 10, "بهمن": 11, "اسفند": 12,
}  # fmt: skip
_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩٫يك", "01234567890123456789.یک")
_START = datetime(1970, 1, 1, tzinfo=UTC)


class DateError(ValueError):
    """A value is no date that we can read; `ambiguous` where day and month could be swapped."""

    def __init__(self, value: str, *, ambiguous: bool = False) -> None:
        self.ambiguous = ambiguous
        why = "could mean two days, so write the year first" if ambiguous else "is no date that we can read"
        super().__init__(f"{value[:60]!r} {why}")


def moment(value: object, zone: tzinfo = UTC, day_first: bool | None = None) -> datetime:
    """The moment that `value` names, in UTC.

    Understands ISO 8601 and its looser forms, RFC 822, the older X interface's form, Jalali dates
    (years 1200 to 1699, also with the month's name), and seconds, milliseconds, microseconds or
    nanoseconds since 1970, in Latin, Persian or Arabic digits. A date without a zone is in `zone`.
    `day_first` says how to read 03/04/2026; None: only where one reading makes sense.
    Raises: DateError.
    """
    text = str(value).strip()
    if len(text) > LONGEST:
        raise DateError(text)
    if not text.isascii():
        text = text.translate(_DIGITS)
    try:
        found = _read(text, zone, day_first)
    except (ValueError, OverflowError) as error:
        raise error if isinstance(error, DateError) else DateError(text) from error
    if found is None:
        raise DateError(text)
    return found


def day_comes_first(values: list[str]) -> bool | None:
    """How a column writes dates such as 25/12/2026, judged by the values that can be read in one way only."""
    for value in values:
        found = _YEAR_LAST.fullmatch(value.strip().translate(_DIGITS))
        if found and (int(found[1]) > 12) != (int(found[3]) > 12):
            return int(found[1]) > 12
    return None


def _read(text: str, zone: tzinfo, day_first: bool | None) -> datetime | None:
    if found := _YEAR_FIRST.fullmatch(text):
        return _built(int(found[1]), int(found[3]), int(found[4]), found.groups()[4:], zone)
    if found := _TWITTER.fullmatch(text):
        clock = (found[3], found[4], found[5], None, None, found[6])
        return _built(int(found[7]), _MONTHS.get(found[1], 0), int(found[2]), clock, zone)
    if _NUMBER.fullmatch(text):
        return _since_1970(text)
    if found := _YEAR_LAST.fullmatch(text):
        return _year_last(found, zone, day_first)
    if found := _NAMED.fullmatch(text):
        month = _JALALI_MONTHS.get(found[2], 0)
        return _built(int(found[3]), month, int(found[1]), found.groups()[3:], zone)
    return _mail(text, zone)


def _built(year: int, month: int, day: int, clock: tuple[str | None, ...], zone: tzinfo) -> datetime:
    hour, minute, second, part, half, offset = clock
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half[0] in "pP" else 0)
    if FIRST_JALALI <= year < LAST_JALALI:
        jalali_day = jdatetime.date(year, month, day).togregorian()
        year, month, day = jalali_day.year, jalali_day.month, jalali_day.day
    micro = int((part or "0")[:6].ljust(6, "0"))
    here = _offset(offset) if offset else zone
    # a leap second has no place in datetime: it counts as the second before
    found = datetime(year, month, day, hours, int(minute or 0), min(int(second or 0), 59), micro, here)
    return found if here is UTC else found.astimezone(UTC)


@lru_cache(maxsize=256)
def _offset(text: str) -> tzinfo:
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-span if text[0] == "-" else span)


def _year_last(found: re.Match[str], zone: tzinfo, day_first: bool | None) -> datetime:
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    if len(found[4]) == 2:
        year += 2000 if year < TURN else 1900
    if first > 12 or second > 12 or first == second:
        day_first = first > 12
    elif found[2] == ".":
        day_first = True
    if day_first is None:
        raise DateError(found[0], ambiguous=True)
    day, month = (first, second) if day_first else (second, first)
    return _built(year, month, day, found.groups()[4:], zone)


def _since_1970(text: str) -> datetime:
    whole = len(text.partition(".")[0])
    power = 0 if whole <= 11 else 3 if whole <= 14 else 6 if whole <= 17 else 9
    return _START + timedelta(seconds=float(text) / 10**power)


def _mail(text: str, zone: tzinfo) -> datetime | None:
    parts = parsedate_tz(text)
    if parts is None or parts[0] < FIRST_JALALI:
        return None
    # the library reads a date without a zone as one in UTC
    named = timezone(timedelta(seconds=parts[9] or 0)) if _ZONED.search(text) else zone
    return datetime(*parts[:5], min(parts[5], 59), tzinfo=named).astimezone(UTC)
