"""The network: the one way out of the house, guarded against being turned on the inside."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from crm.errors import PermanentError, RetryableError

if TYPE_CHECKING:
    import httpx
    import requests
    from websockets.sync.client import ClientConnection


class ForbiddenAddressError(PermanentError):
    """The address is private, or not one of the web, and no administrator has permitted it."""

    def __init__(self, target: str, reason: str) -> None:
        self.target, self.reason = target, reason
        super().__init__(
            f"{target} may not be called because {reason}; an administrator can permit host and port with the setting "
            "allow_addresses."
        )


class UnreachableError(RetryableError):
    """No connection came about, so certainly nothing was sent."""

    def __init__(self, target: str, reason: str) -> None:
        self.target, self.reason = target, reason
        super().__init__(f"{target} can't be reached: {reason}.")


class BrokenConnectionError(RetryableError):
    """The connection broke or took too long after the request may have been sent."""

    def __init__(self, target: str, reason: str) -> None:
        self.target, self.reason = target, reason
        super().__init__(f"The connection to {target} broke: {reason}.")


class UnreadableAnswerError(PermanentError):
    """The answer is larger than allowed, or packed in a way that we don't unpack."""

    def __init__(self, target: str, reason: str) -> None:
        self.target, self.reason = target, reason
        super().__init__(f"The answer of {target} was not read: {reason}.")


class Limits(Struct, frozen=True):
    """How long a call may take, in seconds, and how large its unpacked answer may be, in bytes.

    `connect` and `read` bound one wait each, `total` the whole connection. None means no bound.
    """

    connect: float = 10.0
    read: float = 30.0
    total: float | None = 120.0
    size: int | None = 10_000_000


PAGE = Limits()
"""For pages, feeds and API calls."""

STREAM = Limits(read=90.0, total=None, size=None)
"""For answers that go on as long as the connection lives."""

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Transport(Protocol):
    """Clients of the usual libraries, all behind one guard. Safe to share between threads.

    Every connection, those of redirects too, is refused when its address is private,
    loopback, link-local, multicast or reserved, in whatever spelling, or its scheme is not
    http, https, ws or wss. A name is resolved once, checked and connected to as checked.
    What the clients raise: ForbiddenAddressError, UnreachableError, BrokenConnectionError,
    UnreadableAnswerError; statuses such as 401 are the caller's to read. The caller closes the client.
    """

    def http(self, limits: Limits = PAGE) -> httpx.Client:
        """A client that follows at most five redirects."""
        ...

    def session(self, limits: Limits = PAGE) -> requests.Session:
        """The same for libraries built on requests. A call's own timeout replaces `connect` and `read`."""
        ...

    def websocket(self, url: str, headers: Mapping[str, str] = NO_HEADERS, limits: Limits = STREAM) -> ClientConnection:
        """An open connection; `limits.size` bounds one message (None: 1 MiB), redirects are not followed.

        Raises besides: websockets.InvalidStatus where the server answers with another status than 101.
        """
        ...
