"""Days, weeks, Jalali months and working time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.calendar import (
    WorkingHours,
    add_working_time,
    day_of,
    day_start,
    jalali_month,
    jalali_month_of,
    week_start,
    weeks_back,
)
from crm.errors import InvalidInputError

TEHRAN = "Asia/Tehran"
DAYS = st.dates(date(1990, 1, 1), date(2060, 1, 1))


def utc(*parts: int) -> datetime:
    year, month, day, hour, minute = (*parts, *(1, 1, 0, 0)[len(parts) - 1 :])
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def test_a_day_is_the_one_of_the_zone() -> None:
    assert day_of(utc(2026, 3, 20, 20, 30), TEHRAN) == date(2026, 3, 21)
    assert day_start(date(2026, 3, 21), TEHRAN) == utc(2026, 3, 20, 20, 30)
    assert day_start(date(2026, 3, 30), "Europe/Berlin") - day_start(date(2026, 3, 29), "Europe/Berlin") == timedelta(
        hours=23
    )


@given(DAYS, st.integers(0, 6))
def test_a_week_begins_on_its_first_day_and_holds_the_day(day: date, first: int) -> None:
    start = week_start(day, first)
    assert start.weekday() == first
    assert timedelta() <= day - start < timedelta(days=7)


def test_weeks_begin_on_saturday() -> None:
    assert week_start(date(2026, 3, 20)) == date(2026, 3, 14)
    assert weeks_back(date(2026, 3, 21), 3) == [date(2026, 3, 7), date(2026, 3, 14), date(2026, 3, 21)]


def test_jalali_months_have_their_real_lengths() -> None:
    assert jalali_month(1404, 12) == (date(2026, 2, 20), date(2026, 3, 21))
    assert jalali_month(1403, 12) == (date(2025, 2, 19), date(2025, 3, 21))
    assert jalali_month(1405, 1) == (date(2026, 3, 21), date(2026, 4, 21))


@given(DAYS)
def test_every_day_is_in_its_jalali_month(day: date) -> None:
    first, following = jalali_month(*jalali_month_of(day))
    assert first <= day < following
    assert 29 <= (following - first).days <= 31


OFFICE = WorkingHours(TEHRAN, time(9), time(18), frozenset({3, 4}), frozenset({date(2026, 3, 21)}))


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        (utc(2026, 3, 16, 6), 2, utc(2026, 3, 16, 8)),  # Monday morning
        (utc(2026, 3, 16, 13, 30), 2, utc(2026, 3, 17, 6, 30)),  # an hour before closing
        (utc(2026, 3, 16, 1), 1, utc(2026, 3, 16, 6, 30)),  # before opening
        (utc(2026, 3, 18, 14, 30), 1, utc(2026, 3, 22, 6, 30)),  # Wednesday's closing: weekend, then Nowruz
        (utc(2026, 3, 16, 5, 30), 9, utc(2026, 3, 16, 14, 30)),  # to the very end of the day
    ],
)
def test_working_time_skips_nights_weekends_and_holidays(start: datetime, hours: int, due: datetime) -> None:
    assert add_working_time(start, timedelta(hours=hours), OFFICE) == due


@given(st.integers(0, 5_000_000).map(lambda minutes: utc(2020) + timedelta(minutes=minutes)), st.integers(0, 3_000))
def test_more_time_is_never_due_earlier_and_always_in_working_time(start: datetime, minutes: int) -> None:
    due = add_working_time(start, timedelta(minutes=minutes), OFFICE)
    assert due >= start
    assert add_working_time(start, timedelta(minutes=minutes + 1), OFFICE) > due - timedelta(minutes=1)
    day = day_of(due, TEHRAN)
    opens, closes = OFFICE.span_of(day)
    assert OFFICE.works_on(day)
    assert opens <= due <= closes


def test_around_the_clock_is_plain_time() -> None:
    always = WorkingHours(TEHRAN, time(), time(), frozenset())
    assert add_working_time(utc(2026, 3, 16, 22), timedelta(hours=40), always) == utc(2026, 3, 18, 14)


def test_hours_without_any_working_time_are_refused() -> None:
    for wrong in ({"opens": time(18), "closes": time(9)}, {"weekend": frozenset(range(7))}):
        with pytest.raises(InvalidInputError):
            WorkingHours(TEHRAN, **wrong)  # type: ignore[arg-type]
