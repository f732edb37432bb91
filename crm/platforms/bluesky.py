"""A Bluesky server through the atproto library: signed in as an account of ours, and only by our transport.

The high-level client asks an AppView for the profile when it signs in, which a server need not have behind it; the
calls below it are enough. A session is renewed by its refresh token, which the server takes once, so each has one
owner: whoever signed in. Sources: atproto.com/specs/xrpc, docs.bsky.app/docs/advanced-guides/rate-limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from atproto_client import models
from atproto_client.client.raw import ClientRaw
from atproto_client.exceptions import RateLimitExceededError, RequestErrorBase
from atproto_client.models.base import ParamsModelBase
from atproto_client.models.common import XrpcError
from atproto_client.request import Request, RequestBase, Response

from crm.errors import AuthorisationError
from crm.ports.clock import Clock
from crm.ports.responder import Account
from crm.ports.source import Quota
from crm.ports.transport import Transport

HOME = "https://bsky.social"
CHAT = {"atproto-proxy": "did:web:api.bsky.chat#bsky_chat"}
"""Direct messages are kept by a service of their own, to which our server passes on."""
ENDED = {"ExpiredToken", "InvalidToken"}


class GuardedRequest(Request):  # type: ignore[misc]
    """The library's requests through the client of our transport. `headers` are those of the last answer."""

    def __init__(self, client: httpx.Client) -> None:
        RequestBase.__init__(self)
        self._client = client
        self.headers: dict[str, str] = {}

    def _send_request(self, method: str, url: str, **asked: Any) -> httpx.Response:
        self.headers = {}
        try:
            answer: httpx.Response = super()._send_request(method, url, **asked)
        except RequestErrorBase as error:
            self.headers = error.response.headers if error.response else {}
            raise
        self.headers = dict(answer.headers)
        return answer


class RawRequest(GuardedRequest):
    """The same, with answers left unread: one bad item must not spoil its whole page."""

    def get(self, *asked: Any, **more: Any) -> Response:
        """See :meth:`atproto_client.request.Request.get`."""
        return _unread(self._send_request("GET", *asked, **more))

    def post(self, *asked: Any, **more: Any) -> Response:
        """See :meth:`atproto_client.request.Request.post`."""
        return _unread(self._send_request("POST", *asked, **more))


class Session:
    """A signed-in account. `did` is its permanent id; errors are those of the library and of the transport."""

    def __init__(self, account: Account, client: httpx.Client) -> None:
        self._account, self._reading = account, RawRequest(client)
        self._signing = ClientRaw(base_of(account), GuardedRequest(client))
        self._client = ClientRaw(base_of(account), self._reading)
        self.did, self._access, self._refresh = "", "", ""

    def sign_in(self) -> None:
        """Open a session by the app password."""
        data = models.ComAtprotoServerCreateSession.Data(
            identifier=self._account.handle.strip().removeprefix("@"), password=self._account.secret
        )
        made = self._signing.com.atproto.server.create_session(data)
        self.did, self._access, self._refresh = made.did, made.access_jwt, made.refresh_jwt
        if base_of(self._account) == HOME:
            self._client.update_base_url(home_of(made.did_doc) or HOME)

    def query(self, name: str, params: ParamsModelBase, headers: dict[str, str] | None = None) -> bytes:
        """The answer of a query, as it came; a session that has ended is renewed once."""
        try:
            return self._asked(name, params, headers)
        except RequestErrorBase as error:
            if name_of(error) not in ENDED or not self._refresh:
                raise
        self._renew()
        return self._asked(name, params, headers)

    @property
    def quota(self) -> Quota | None:
        """What the last answer's headers leave us."""
        said = [_number(self._reading.headers.get(f"ratelimit-{name}", "")) for name in ("remaining", "limit", "reset")]
        if said[0] is None:
            return None
        return Quota(said[0], said[1], None if said[2] is None else datetime.fromtimestamp(said[2], UTC))

    def _asked(self, name: str, params: ParamsModelBase, headers: dict[str, str] | None) -> bytes:
        signed = {"Authorization": f"Bearer {self._access}", **(headers or {})}
        answer = self._client.invoke_query(name, params=params, headers=signed)
        return bytes(answer.content)

    def _renew(self) -> None:
        token, self._refresh = self._refresh, ""
        try:
            made = self._signing.com.atproto.server.refresh_session(headers={"Authorization": f"Bearer {token}"})
        except RequestErrorBase as error:
            if name_of(error) not in ENDED:
                self._refresh = token
                raise
            self.sign_in()
            return
        except ValueError:
            # the answer was cut short, and the token in it is lost
            self.sign_in()
            return
        self._access, self._refresh = made.access_jwt, made.refresh_jwt


@contextmanager
def signed_out(account: Account | None, transport: Transport) -> Iterator[Session]:
    """A session still to be opened. Raises AuthorisationError at once where there is no app password."""
    if account is None or not account.secret.strip():
        handle = account.handle if account else ""
        raise AuthorisationError(f"The Bluesky account {handle} has no app password; connect it again.")
    with transport.http() as client:
        yield Session(account, client)


def base_of(account: Account) -> str:
    """The account's server; the official one where none is named."""
    return account.base_url.strip().rstrip("/") or HOME


def home_of(document: object) -> str:
    """Where the official entrance says that the account lives; empty where it says nothing of use."""
    services = document.get("service") if isinstance(document, dict) else getattr(document, "service", None)
    for one in services if isinstance(services, list | tuple) else ():
        said = one if isinstance(one, dict) else getattr(one, "__dict__", {})
        url = str(said.get("serviceEndpoint") or said.get("service_endpoint") or "")
        if str(said.get("id", "")).endswith("#atproto_pds") and urlsplit(url).scheme == "https":
            return url.rstrip("/")
    return ""


def name_of(error: RequestErrorBase) -> str:
    """The name that the server gives an error; empty where it gives none."""
    content = error.response.content if error.response else None
    return str(content.error) if isinstance(content, XrpcError) else ""


def wait_of(error: RateLimitExceededError, clock: Clock) -> float | None:
    """Seconds until we may ask again, by the answer's headers; None where they say nothing."""
    wait: float | None = error.retry_after
    if wait is None and error.reset_at:
        wait = max(0.0, (error.reset_at - clock.now()).total_seconds())
    return wait


def _unread(answer: httpx.Response) -> Response:
    return Response(True, answer.status_code, answer.content, dict(answer.headers))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
