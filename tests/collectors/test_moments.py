"""Dates in all their spellings."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import jdatetime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.moments import DateError, day_comes_first, moment

TEHRAN = ZoneInfo("Asia/Tehran")
WRITTEN = {
    "Tue Oct 31 22:10:47 +0000 2017": "2017-10-31T22:10:47",
    "2015-02-24 11:35:52 -0800": "2015-02-24T19:35:52",
    "2020-05-18 16:31:28": "2020-05-18T12:01:28",
    "2026-03-21": "2026-03-20T20:30:00",
    "2026-03-21T08:00:00Z": "2026-03-21T08:00:00",
    "2026-03-21T08:00:00.123456789+03:30": "2026-03-21T04:30:00.123456",
    "2026/3/1 7:05": "2026-03-01T03:35:00",
    "2026-03-21 11:05 PM": "2026-03-21T19:35:00",
    "31/12/2025 12:00": "2025-12-31T08:30:00",
    "12/31/2025 12:00 am": "2025-12-30T20:30:00",
    "05.04.2026 10:00": "2026-04-05T06:30:00",
    "25/12/16 0:00": "2016-12-24T20:30:00",
    "25/12/98 0:00": "1998-12-24T20:30:00",
    "Sat, 21 Mar 2026 08:00:00 GMT": "2026-03-21T08:00:00",
    "21 Mar 2026 11:30:00": "2026-03-21T08:00:00",
    "1404/12/29 12:00": "2026-03-20T08:30:00",
    "۱۴۰۵/۱/۱": "2026-03-20T20:30:00",
    "١٤٠٥/١/١ ٠٨:٠٠": "2026-03-21T04:30:00",
    "29-12-1404 12:00": "2026-03-20T08:30:00",
    "۵ فروردین ۱۳۹۹ ساعت ۱۶:۳۱": "2020-03-24T12:01:00",
    "سه‌شنبه ۵ فروردین ماه ۱۳۹۹": "2020-03-23T19:30:00",
    "1509486247": "2017-10-31T21:44:07",
    "1509486247000": "2017-10-31T21:44:07",
    "1509486247.5": "2017-10-31T21:44:07.500000",
    "1509486247000000": "2017-10-31T21:44:07",
    "2026-06-30 23:59:60Z": "2026-06-30T23:59:59",
}


@pytest.mark.parametrize("written", WRITTEN)
def test_spellings(written: str) -> None:
    assert moment(written, TEHRAN) == datetime.fromisoformat(WRITTEN[written]).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    ["", "soon", "2026-13-01", "2026-02-30", "1404/12/31", "12", "2026", "9999-12-31T23:59-14:00", "0001-01-01",
     "2026-03-21 25:00", "5 نوروز ۱۳۹۹", "1e9", "nan", "-1", "2026-03/21", "99999999999999999999"],
)  # fmt: skip
def test_what_is_no_date(written: str) -> None:
    with pytest.raises(DateError):
        moment(written, TEHRAN)


def test_an_order_that_can_not_be_told_is_asked_for() -> None:
    with pytest.raises(DateError, match="could mean two days, so write the year first") as caught:
        moment("03/04/2026")
    assert caught.value.ambiguous
    assert moment("03/04/2026", day_first=True).month == 4
    assert moment("03/04/2026", day_first=False).month == 3
    assert moment("04/04/2026").day == 4


def test_a_column_tells_its_order_by_the_dates_with_one_reading() -> None:
    assert day_comes_first(["03/04/2026", "03/25/2026"]) is False
    assert day_comes_first(["۰۳/۰۴/۲۰۲۶", "۲۵/۰۳/۲۰۲۶ ۱۲:۰۰"]) is True
    assert day_comes_first(["03/04/2026", "2026-03-25", "soon"]) is None


offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=offsets)  # noqa: DTZ001


@given(moments)
def test_iso_dates_come_back(at: datetime) -> None:
    assert moment(at.isoformat()) == at
    assert moment(at.isoformat(" ")) == at


@given(moments)
def test_seconds_and_milliseconds_come_back(at: datetime) -> None:
    whole = at.replace(microsecond=0)
    seconds = int(whole.timestamp())
    if seconds >= 100_000_000:
        assert moment(seconds) == moment(seconds * 1000) == whole


@given(st.dates(datetime(1930, 1, 1).date(), datetime(2100, 1, 1).date()))  # noqa: DTZ001
def test_jalali_days_come_back(day: object) -> None:
    written = str(jdatetime.date.fromgregorian(date=day))
    assert moment(written).date() == day


@pytest.mark.slow
@given(
    st.text() | st.integers() | st.floats() | st.from_regex(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}( [0-9:]{5})?")
)
def test_only_its_own_error_escapes(value: object) -> None:
    with suppress(DateError):
        assert moment(value, TEHRAN).tzinfo is UTC
