"""Moments in a zone: which day, hour and hour of the week they fall in there."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from index.moments import DAY, HOUR, THURSDAY, offset_at
from index.sqlite.schema import QUARTER

Numbers = NDArray[np.int64]
_WIDE = 1 << 22
"""Quarters of an hour in about 120 years: up to here, a table of all of them is faster than sorting."""


def quarter_offsets(zone: ZoneInfo, quarters: Numbers) -> Numbers | None:
    """The offset of each quarter of an hour (rising), None where one of them isn't all of one local quarter.

    A day whose first and last quarter have one offset is taken to have it throughout.
    """
    offsets = np.zeros(len(quarters), np.int64)
    days = quarters // (DAY // QUARTER)
    starts = np.unique(days, return_index=True)[1]
    for start, end in pairwise([*starts.tolist(), len(quarters)]):
        first = int(days[start]) * DAY
        one, other = offset_at(zone, first), offset_at(zone, first + DAY)
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


def hour_of_week(hours: Numbers) -> Numbers:
    """The hour of the week, from Saturday's first, of hours counted from the beginning of 1970."""
    return (hours // 24 + THURSDAY) % 7 * 24 + hours % 24
