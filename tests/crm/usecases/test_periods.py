"""Periods: presets in the zone, dates in two calendars, the period before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.ports.index import Span
from crm.usecases.periods import PRESETS, PeriodError, Preset, before, custom, days_in, preset, quarter_after

ZONE = "Asia/Tehran"
NOW = datetime(2026, 11, 22, 7, 12, tzinfo=UTC)  # 1 Azar 1405, 10:42 in Tehran


def moment(text: str) -> datetime:
    """A moment on the clock of Tehran."""
    return datetime.fromisoformat(f"{text}+03:30")


@pytest.mark.parametrize(("name", "since", "until"), [
    ("today", "2026-11-22T00:00", "2026-11-22T10:45"),
    ("7d", "2026-11-16T00:00", "2026-11-22T10:45"),
    ("30d", "2026-10-24T00:00", "2026-11-22T10:45"),
    ("month", "2026-11-22T00:00", "2026-11-22T10:45"),
    ("last_month", "2026-10-23T00:00", "2026-11-22T00:00"),
    ("nowruz", "2026-03-21T00:00", "2026-11-22T10:45"),
])  # fmt: skip
def test_presets(name: Preset, since: str, until: str) -> None:
    assert preset(name, NOW, ZONE) == Span(moment(since), moment(until))


def test_last_month_in_farvardin_is_esfand() -> None:
    found = preset("last_month", datetime(2026, 3, 25, 12, tzinfo=UTC), ZONE)
    assert found == Span(moment("2026-02-20T00:00"), moment("2026-03-21T00:00"))


@pytest.mark.parametrize(("since", "until"), [
    ("1405/07/01", "1405/07/30"), ("۱۴۰۵/۷/۱", "۱۴۰۵/۷/۳۰"), ("2026-09-23", "2026-10-22"), ("2026-09-23", "1405-7-30"),
])  # fmt: skip
def test_own_dates_in_either_calendar_include_both_days(since: str, until: str) -> None:
    assert custom(since, until, NOW, ZONE) == Span(moment("2026-09-23T00:00"), moment("2026-10-23T00:00"))


def test_an_open_end_is_now() -> None:
    assert (
        custom("1405/9/1", "", NOW, ZONE).until
        == custom("1405/9/1", "1405/12/29", NOW, ZONE).until
        == quarter_after(NOW)
    )


@pytest.mark.parametrize(("since", "until", "code"), [
    ("yesterday-ish", "", "bad_since"), ("", "", "bad_since"), ("1405/13/01", "", "bad_since"),
    ("1405/7/1", "soon", "bad_until"), ("1405/8/1", "1405/7/1", "swapped"), ("1406/1/1", "1406/2/1", "in_future"),
    ("1403/1/1", "1405/1/1", "too_long"), ("7d", "", "bad_since"),
])  # fmt: skip
def test_what_makes_no_period_is_named(since: str, until: str, code: str) -> None:
    with pytest.raises(PeriodError) as caught:
        custom(since, until, NOW, ZONE)
    assert caught.value.code == code


def test_an_unfinished_day_is_compared_up_to_the_same_hour() -> None:
    assert before(preset("7d", NOW, ZONE), ZONE) == Span(moment("2026-11-09T00:00"), moment("2026-11-15T10:45"))


def test_a_change_of_summer_time_moves_no_boundary() -> None:
    berlin = Span(datetime(2026, 3, 29, 22, tzinfo=UTC), datetime(2026, 4, 5, 22, tzinfo=UTC))  # midnights in Berlin
    assert before(berlin, "Europe/Berlin") == Span(datetime(2026, 3, 22, 23, tzinfo=UTC), berlin.since)


MOMENTS = st.integers(1_577_836_800, 1_893_456_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(MOMENTS, st.sampled_from(PRESETS))
def test_the_period_before_ends_before_and_has_as_many_days(now: datetime, name: Preset) -> None:
    span = preset(name, now, ZONE)
    past = before(span, ZONE)
    assert past.until <= span.since or name != "last_month"
    assert past.since < past.until <= span.until - timedelta(days=1)
    assert days_in(past, ZONE) == days_in(span, ZONE)
    assert span.until > now or name == "last_month"
