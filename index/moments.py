"""Moments as whole microseconds since 1970, and which day, hour and hour of the week they fall in in a zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crm.errors import InvalidInputError
from crm.query.tree import Field

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86_400
HOUR = 3600
THURSDAY = 5
"""1970-01-01 in a week from Saturday."""

FIRST_DAY, LAST_DAY = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""Nobody posted before, and nobody yet after: what says so has an implausible date."""

_MICROSECOND = timedelta(microseconds=1)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def microseconds(moment: datetime) -> int:
    """`moment` as whole microseconds since 1970, exact for every year."""
    return (moment - EPOCH) // _MICROSECOND


def month_start(moment: datetime) -> datetime:
    """The first moment of its month in UTC."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def moment_of(field: Field) -> int:
    """The moment of a since or until field, in microseconds since 1970."""
    moment = datetime.fromisoformat(field.value)
    return microseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


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


def day_name(day: int) -> str:
    """``YYYY-MM-DD`` of a day counted from 1970-01-01."""
    ordinal = min(max(day + _EPOCH_ORDINAL, 1), date.max.toordinal())
    return date.fromordinal(ordinal).isoformat()


def hour_name(hour: int) -> str:
    """``YYYY-MM-DDTHH`` of an hour counted from the beginning of 1970."""
    day, of_day = divmod(hour, 24)
    return f"{day_name(day)}T{of_day:02d}"


def hour_of_week_name(hour: int) -> str:
    """``D-HH`` of an hour of the week, counted from Saturday's first."""
    return f"{hour // 24}-{hour % 24:02d}"
