"""The transport that the roles are given."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from crm.ports.clock import Clock, SystemClock
from crm.ports.transport import NO_HEADERS, PAGE, STREAM, Limits, UnreachableError
from shenava.transport.addresses import Guard
from shenava.transport.http import GuardedHTTP

if TYPE_CHECKING:
    import requests
    from websockets.sync.client import ClientConnection

USER_AGENT = "Shenava/0.1 (social CRM; answers and feeds of its users)"
MESSAGE_BYTES = 2**20


class OutboundTransport:
    """See :class:`crm.ports.transport.Transport`."""

    def __init__(self, guard: Guard, clock: Clock | None = None) -> None:
        self._guard = guard
        self._clock = clock or SystemClock()

    @cached_property
    def _certificates(self) -> ssl.SSLContext:
        return httpx.create_ssl_context()

    def http(self, limits: Limits = PAGE) -> httpx.Client:
        return httpx.Client(
            transport=GuardedHTTP(self._guard, self._clock, limits, lambda: self._certificates),
            timeout=httpx.Timeout(limits.read, connect=limits.connect),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
            follow_redirects=True,
            max_redirects=5,
            trust_env=False,
        )

    def session(self, limits: Limits = PAGE) -> requests.Session:
        from shenava.transport.sessions import guarded_session

        return guarded_session(self.http(limits), limits)

    def websocket(self, url: str, headers: Mapping[str, str] = NO_HEADERS, limits: Limits = STREAM) -> ClientConnection:
        from websockets.exceptions import InvalidStatus, WebSocketException
        from websockets.sync.client import connect

        secure = urlsplit(url).scheme in ("wss", "https")
        connection = self._socket(url, limits)
        try:
            return connect(
                url,
                sock=connection,
                ssl=self._certificates if secure else None,
                proxy=None,
                additional_headers=dict(headers),
                user_agent_header=USER_AGENT,
                open_timeout=limits.connect,
                close_timeout=limits.connect,
                max_size=limits.size or MESSAGE_BYTES,
            )
        except InvalidStatus:
            connection.close()
            raise
        except (OSError, WebSocketException, ValueError) as error:
            connection.close()
            raise UnreachableError(url, str(error) or type(error).__name__) from error

    def _socket(self, url: str, limits: Limits) -> socket.socket:
        """A connection to the first checked address that answers."""
        host, port = self._guard.target(url)
        reason: OSError = OSError("no address")
        for address in self._guard.addresses(host, port):
            try:
                return socket.create_connection((address, port), timeout=limits.connect)
            except OSError as error:
                reason = error
        raise UnreachableError(url, str(reason)) from reason
