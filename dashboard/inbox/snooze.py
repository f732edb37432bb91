"""When a case comes back, or a reply leaves: the times offered, in the workspace's zone and week."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from crm.errors import InvalidInputError
from dashboard.context import actor, services, viewer
from dashboard.dates import day, local, weekday
from dashboard.numbers import digits
from dashboard.text import t

MORNING = time(9)
DAYS = 14
HOURS = tuple(range(8, 21))


def presets() -> list[tuple[str, str, datetime]]:
    """Name, label and time of what most people want: in an hour, tomorrow, the start of next week."""
    here = local(viewer().now)
    week = services().setup.workspace(actor()).week_start
    tomorrow = here.date() + timedelta(days=1)
    ahead = (week - here.weekday() - 1) % 7 + 1
    soon = (here + timedelta(hours=1)).replace(second=0, microsecond=0)
    return [
        ("hour", t("inbox.snooze_hour"), soon),
        ("tomorrow", t("inbox.snooze_tomorrow"), _at(tomorrow, MORNING)),
        (
            "week",
            t("inbox.snooze_week", day=weekday(here.date() + timedelta(days=ahead))),
            _at(here.date() + timedelta(days=ahead), MORNING),
        ),
    ]


def days() -> Iterator[tuple[str, str, str]]:
    """The days to pick from: ISO date, the weekday (or today, tomorrow), the date as people write it."""
    today = local(viewer().now).date()
    for ahead in range(DAYS):
        on = today + timedelta(days=ahead)
        names = {0: t("inbox.today"), 1: t("inbox.tomorrow")}
        yield on.isoformat(), names.get(ahead, weekday(on)), day(on)


def hours() -> Iterator[tuple[str, str]]:
    """The hours to pick from: ``09:00`` and how it is shown."""
    for hour in HOURS:
        yield f"{hour:02}:00", digits(f"{hour}:00")


def moment(on: str, at: str) -> datetime:
    """A picked day and hour in the workspace's zone. Raises InvalidInputError."""
    try:
        return _at(date.fromisoformat(on), time.fromisoformat(at))
    except ValueError as error:
        raise InvalidInputError(f"{on} {at} is no day and hour; pick both.") from error


def moment_of(text: str) -> datetime:
    """A preset's time as it was written into the page. Raises InvalidInputError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(f"{text!r} is no time; choose one of those offered.") from error
    return found if found.tzinfo else found.replace(tzinfo=viewer().zone)


def _at(on: date, at: time) -> datetime:
    return datetime.combine(on, at, viewer().zone)
