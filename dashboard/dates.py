"""Times as people say them: Jalali months in Persian, Gregorian ones in English, in the workspace's zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import jdatetime
from babel.dates import format_date, format_timedelta

from dashboard.context import Language, language, viewer
from dashboard.numbers import digits
from dashboard.text import t

JALALI_MONTHS: tuple[str, ...] = tuple(jdatetime.date.j_months_fa)
_PERSIAN_DAYS = ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه")


def local(when: datetime) -> datetime:
    """`when` (aware) in the workspace's zone."""
    return when.astimezone(viewer().zone)


def clock(when: datetime) -> str:
    """``9:58`` or ``۹:۵۸``."""
    here = local(when)
    return digits(f"{here.hour}:{here.minute:02}")


def day(when: datetime | date, lang: Language | None = None) -> str:
    """Day and month, ``24 Nov`` or ``۳ آذر``; a date is taken as it is, a time in the workspace's zone."""
    lang = lang or language()
    on = _date(when)
    if lang == "fa":
        jalali = jdatetime.date.fromgregorian(date=on)
        return digits(f"{jalali.day} {JALALI_MONTHS[jalali.month - 1]}", lang)
    return format_date(on, "MMM d", locale="en")


def full_day(when: datetime | date, lang: Language | None = None) -> str:
    """Day, month and year, ``Nov 24, 2026`` or ``۳ آذر ۱۴۰۵``."""
    lang = lang or language()
    on = _date(when)
    if lang == "fa":
        return f"{day(on, lang)} {digits(str(jdatetime.date.fromgregorian(date=on).year), lang)}"
    return format_date(on, "MMM d, y", locale="en")


def month(when: datetime | date, lang: Language | None = None) -> str:
    """Month and year, ``November 2026`` or ``آبان ۱۴۰۵``."""
    lang = lang or language()
    on = _date(when)
    if lang == "fa":
        jalali = jdatetime.date.fromgregorian(date=on)
        return digits(f"{JALALI_MONTHS[jalali.month - 1]} {jalali.year}", lang)
    return format_date(on, "MMMM y", locale="en")


def weekday(when: datetime | date, lang: Language | None = None) -> str:
    """The day's name, ``Saturday`` or ``شنبه``."""
    on = _date(when)
    return _PERSIAN_DAYS[on.weekday()] if (lang or language()) == "fa" else format_date(on, "EEEE", locale="en")


def stamp(when: datetime) -> str:
    """The short time of a list: the clock today, else the day, with the year when it is another one."""
    here, today = local(when), local(viewer().now)
    if here.date() == today.date():
        return clock(when)
    return day(here.date()) if abs(today - here) < timedelta(days=300) else full_day(here.date())


def full(when: datetime) -> str:
    """Day, year and clock, for tooltips and the audit trail."""
    return f"{full_day(when)}{t('common.comma')} {clock(when)}"


def duration(seconds: float, lang: Language | None = None) -> str:
    """A span in its largest unit, ``12 min`` or ``۱۲ دقیقه``."""
    lang = lang or language()
    return digits(format_timedelta(timedelta(seconds=abs(seconds)), locale=lang, format="short", threshold=0.95), lang)


def relative(when: datetime) -> str:
    """``5 minutes ago`` or ``۵ دقیقه پیش``; also the future."""
    span = when - viewer().now
    lang = language()
    if abs(span) < timedelta(minutes=1):
        return t("common.just_now")
    return digits(format_timedelta(span, locale=lang, add_direction=True, threshold=0.95), lang)


def _date(when: datetime | date) -> date:
    return local(when).date() if isinstance(when, datetime) else when
