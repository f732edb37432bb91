"""How long to wait between two looks, and what a web server's status means."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from random import Random

from collectors.errors import BusyServerError, WrongAddressError
from collectors.moments import DateError, moment
from crm.errors import AuthorisationError, RateLimitedError
from crm.ports.clock import Clock
from crm.ports.source import Problem

JITTER = 0.1
LONGEST_MINUTES = 1440


class Pace:
    """Waits of about `seconds`, spread by a tenth, so that many sources don't call at once."""

    def __init__(self, seconds: float, random: Random) -> None:
        self._seconds, self._random = seconds, random

    def next(self) -> float:
        """The next wait, in seconds."""
        return self._seconds * self._random.uniform(1 - JITTER, 1 + JITTER)


def every_problem(every: str) -> list[Problem]:
    """What is wrong with the option `every`, minutes between two looks; empty means the default."""
    every = every.strip()
    if not every or (every.isascii() and every.isdigit() and 1 <= int(every[:9]) <= LONGEST_MINUTES):
        return []
    message = f"{every!r} is no number of minutes between 1 and {LONGEST_MINUTES}."
    return [Problem("every", "bad_number", message, {"value": every, "least": "1", "most": str(LONGEST_MINUTES)})]


def refuse_status(url: str, status: int, headers: Mapping[str, str], clock: Clock) -> None:
    """Raise the error that an answer's status stands for; nothing for 2xx and 304.

    Raises: RateLimitedError, AuthorisationError, BusyServerError, WrongAddressError.
    """
    if status < 300 or status == 304:
        return
    wait = retry_after(headers.get("retry-after", ""), clock)
    if status == 429 or (status == 503 and wait is not None):
        raise RateLimitedError(url, wait)
    if status in (401, 403, 407):
        raise AuthorisationError(f"{url} answered {status}: it lets nobody read without signing in.")
    if status >= 500 or status in (408, 425):
        raise BusyServerError(url, status)
    raise WrongAddressError(url, status)


def retry_after(value: str, clock: Clock) -> float | None:
    """Seconds to wait by a Retry-After header (seconds or a date); None where it says nothing."""
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, (moment(value).astimezone(UTC) - clock.now()).total_seconds())
    except DateError:
        return None
