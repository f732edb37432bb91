"""Asking an address that answers in JSON: conditional requests, a token, the next page, what is still allowed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import httpx
from msgspec import Struct

from collectors.addresses import is_address
from collectors.errors import OtherServerError
from collectors.pace import refuse_status, retry_after
from crm.errors import RateLimitedError
from crm.ports.clock import Clock
from crm.ports.source import Quota
from crm.ports.transport import BrokenConnectionError, Transport

SOON = 86_400.0
"""A reset further away than a day, in seconds, is no span but a time since 1970."""


class Door(Struct, frozen=True):
    """Where and how to ask. A token goes to `url`'s own server alone, in `header`."""

    url: str
    header: str = "Authorization"
    token: str = ""

    def headers(self) -> dict[str, str]:
        """What every request carries."""
        said = {"Accept": "application/json"}
        if self.token:
            bare = self.header.lower() == "authorization" and " " not in self.token
            said[self.header] = f"Bearer {self.token}" if bare else self.token
        return said

    def at(self, said: str, parameter: str) -> str:
        """The address of the page that `said` names: an address, a path, a query, or a cursor for `parameter`.

        Raises: OtherServerError where it is on another server.
        """
        if not (is_address(said) or said.startswith(("/", "?"))):
            return _with(self.url, parameter, said)
        found = urljoin(self.url, said)
        if urlsplit(found)[:2] != urlsplit(self.url)[:2]:
            raise OtherServerError(f"The next page of {bare(self.url)} is at {bare(found)[:200]}, on another server.")
        return found


def bare(url: str) -> str:
    """An address as it may be shown and kept: what follows the question mark may hold a key."""
    return url.partition("?")[0]


def _with(url: str, parameter: str, value: str) -> str:
    parts = urlsplit(url)
    query = [(name, said) for name, said in parse_qsl(parts.query, keep_blank_values=True) if name != parameter]
    return urlunsplit(parts._replace(query=urlencode([*query, (parameter, value)])))


def fetch(door: Door, url: str, known: Mapping[str, str], transport: Transport, clock: Clock) -> httpx.Response:
    """One answer: 2xx or 304. With a token no redirect is followed, for it could lead the token elsewhere.

    Raises: what :func:`collectors.pace.refuse_status` raises, BrokenConnectionError.
    """
    try:
        with transport.http() as client:
            answer = client.get(url, headers={**door.headers(), **known}, follow_redirects=not door.token)
    except httpx.HTTPError as error:
        raise BrokenConnectionError(bare(url), str(error) or type(error).__name__) from error
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS and not answer.headers.get("retry-after"):
        left = quota(answer.headers, clock)
        raise RateLimitedError(bare(url), _seconds(left.resets_at if left else None, clock))
    refuse_status(bare(url), answer.status_code, answer.headers, clock)
    return answer


def quota(headers: Mapping[str, str], clock: Clock) -> Quota | None:
    """What the server still lets us ask, by the headers RateLimit-* or X-RateLimit-*; None where they say nothing."""
    said = {
        name: headers.get(f"x-ratelimit-{name}") or headers.get(f"ratelimit-{name}") or ""
        for name in ("remaining", "limit", "reset")
    }
    if not _is_number(said["remaining"]):
        return None
    limit = int(said["limit"]) if _is_number(said["limit"]) else None
    return Quota(int(said["remaining"]), limit, _reset(said["reset"], clock))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 12


def _reset(said: str, clock: Clock) -> datetime | None:
    if not _is_number(said):
        span = retry_after(said, clock)
        return clock.now() + timedelta(seconds=span) if span is not None else None
    number = float(said)
    return clock.now() + timedelta(seconds=number) if number <= SOON else datetime.fromtimestamp(number, UTC)


def _seconds(moment: datetime | None, clock: Clock) -> float | None:
    return max(0.0, (moment - clock.now()).total_seconds()) if moment else None
