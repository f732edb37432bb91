"""Moments in a zone: which day, hour and hour of the week they fall in there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from crm.errors import InvalidInputError
from index.sqlite.schema import EPOCH, QUARTER

Numbers = NDArray[np.int64]
_DAY = 86_400
HOUR = 3600
_WIDE = 1 << 22
"""Quarters of an hour in about 120 years: up to here, a table of all of them is faster than sorting."""

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_THURSDAY = 5
"""1970-01-01 in a week from Saturday."""


def zone_named(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises InvalidInputError for a name that is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInputError(f"There is no time zone {name!r}; write one like Asia/Tehran.") from error


def offset_at(zone: ZoneInfo, second: int) -> int:
    """Seconds east of UTC at this second since 1970."""
    moment = EPOCH + timedelta(seconds=second)
    if not datetime(1, 1, 3, tzinfo=UTC) <= moment < datetime(9999, 12, 29, tzinfo=UTC):
        return 0
    offset = moment.astimezone(zone).utcoffset()
    return 0 if offset is None else offset // timedelta(seconds=1)


def quarter_offsets(zone: ZoneInfo, quarters: Numbers) -> Numbers | None:
    """The offset of each quarter of an hour (rising), None where one of them isn't all of one local quarter.

    A day whose first and last quarter have one offset is taken to have it throughout.
    """
    offsets = np.zeros(len(quarters), np.int64)
    days = quarters // (_DAY // QUARTER)
    starts = np.unique(days, return_index=True)[1]
    for start, end in pairwise([*starts.tolist(), len(quarters)]):
        first = int(days[start]) * _DAY
        one, other = offset_at(zone, first), offset_at(zone, first + _DAY)
        if one == other:
            offsets[start:end] = one
            continue
        for place in range(start, end):
            second = int(quarters[place]) * QUARTER
            offsets[place] = offset_at(zone, second)
            if offsets[place] != offset_at(zone, second + QUARTER - 1):
                return None
    return None if np.any(offsets % QUARTER) else offsets


def in_zone(zone: ZoneInfo, seconds: Numbers, of_hours: Callable[[Numbers], Numbers]) -> Numbers:
    """What `of_hours` makes of the hour, since 1970 on the clocks of the zone, of each second; exact for all."""
    quarters = seconds // QUARTER
    low = int(quarters.min())
    places = quarters - low
    if int(places.max()) < _WIDE:
        present = np.flatnonzero(np.bincount(places))
        offsets = quarter_offsets(zone, present + low)
        if offsets is not None:
            table = np.zeros(int(places.max()) + 1, np.int64)
            table[present] = of_hours(((present + low) * QUARTER + offsets) // HOUR)
            return table[places]
    exact, back = np.unique(seconds, return_inverse=True)
    offsets = np.array([offset_at(zone, int(second)) for second in exact], np.int64)
    return of_hours((exact + offsets) // HOUR)[back]


def day_name(day: int) -> str:
    """``YYYY-MM-DD`` of a day counted from 1970-01-01."""
    ordinal = min(max(day + _EPOCH_ORDINAL, 1), date.max.toordinal())
    return date.fromordinal(ordinal).isoformat()


def hour_name(hour: int) -> str:
    """``YYYY-MM-DDTHH`` of an hour counted from the beginning of 1970."""
    day, of_day = divmod(hour, 24)
    return f"{day_name(day)}T{of_day:02d}"


def hour_of_week(hours: Numbers) -> Numbers:
    """The hour of the week, from Saturday's first, of hours counted from the beginning of 1970."""
    return (hours // 24 + _THURSDAY) % 7 * 24 + hours % 24


def hour_of_week_name(hour: int) -> str:
    """``D-HH``."""
    return f"{hour // 24}-{hour % 24:02d}"
