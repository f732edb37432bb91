"""The few calls of a Mastodon server that need no signing in."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import quote, urlsplit

import httpx
import msgspec
from msgspec import Struct

from collectors.errors import NormaliseError, OtherServerError
from collectors.mastodon.normalise import PLATFORM, RawStatus, read, read_list
from collectors.pace import refuse_status
from crm.errors import PermanentError, RetryableError, ShenavaError
from crm.ports.clock import Clock
from crm.ports.transport import STREAM, BrokenConnectionError, ForbiddenAddressError, Transport, UnreachableError

PAGE = 40
LOOKUPS_A_MINUTE = 20
REMEMBERED = 50_000


class _Urls(Struct):
    streaming: str | None = None


class _Configuration(Struct):
    urls: _Urls = msgspec.field(default_factory=_Urls)


class _Instance(Struct):
    configuration: _Configuration = msgspec.field(default_factory=_Configuration)


class Server:
    """A server, and what is remembered of its ids during a run: the addresses of the last `remembered`."""

    def __init__(self, base: str, transport: Transport, clock: Clock, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self.base, self.host = base.rstrip("/"), urlsplit(base).netloc
        self._transport, self._clock = transport, clock
        self._addresses: OrderedDict[str, str] = OrderedDict()
        self._lookups, self._minute = 0, clock.monotonic()

    def timeline(self, path: str, **asked: str) -> list[msgspec.Raw]:
        """A page of at most PAGE statuses, the newest first. Raises as :func:`refuse_status` does."""
        params = {"limit": str(PAGE)} | {name: value for name, value in asked.items() if value}
        try:
            return read_list(self._get(f"/api/v1/timelines/{path}", params))
        except NormaliseError as error:
            raise OtherServerError(f"{self.base} is no Mastodon server: {error}") from error

    @contextmanager
    def stream(self, path: str) -> Iterator[Iterator[bytes] | None]:
        """The pieces of a stream as they come in; None where it gives them to nobody who is not signed in."""
        url = f"{self._streaming()}/api/v1/streaming/{path}"
        with self._transport.http(STREAM) as client, self._breaking(url):
            try:
                asked = client.build_request("GET", url, headers={"Accept": "text/event-stream"})
                answer = client.send(asked, stream=True)
            except (UnreachableError, ForbiddenAddressError):
                yield None
                return
            with closing(answer):
                kind = answer.headers.get("content-type", "")
                ready = answer.status_code == httpx.codes.OK and kind.startswith("text/event-stream")
                yield answer.iter_bytes() if ready else None

    def address_of(self, status_id: str) -> str | None:
        """The address of a status that was seen in this run."""
        return self._addresses.get(status_id)

    def remember(self, status: RawStatus) -> None:
        """Keep the address of a status for what later speaks of its id alone."""
        self._keep(status.id, status.uri)

    def parent_key(self, status: RawStatus) -> str | None:
        """The key of the post that a status answers; while we may not ask so much, one made of its id."""
        parent = status.in_reply_to_id
        if not parent:
            return None
        if parent not in self._addresses and self._may_ask():
            try:
                self.remember(read(self._get(f"/api/v1/statuses/{quote(parent, safe='')}", {})))
            except ShenavaError:
                self._keep(parent, f"{self.base}/statuses/{parent}")
        return f"{PLATFORM}:{self._addresses.get(parent, f'{self.base}/statuses/{parent}')}"

    def _keep(self, status_id: str, address: str) -> None:
        self._addresses[status_id] = address
        while len(self._addresses) > self._remembered:
            self._addresses.popitem(last=False)

    def _may_ask(self) -> bool:
        now = self._clock.monotonic()
        if now - self._minute >= 60.0:
            self._lookups, self._minute = 0, now
        self._lookups += 1
        return self._lookups <= LOOKUPS_A_MINUTE

    def _streaming(self) -> str:
        """Where the server's streams are; large servers keep them on a host of their own."""
        try:
            found = msgspec.json.decode(self._get("/api/v2/instance", {}), type=_Instance)
        except (PermanentError, msgspec.DecodeError, UnicodeError):
            return self.base
        said = urlsplit(found.configuration.urls.streaming or "")
        scheme = {"wss": "https", "https": "https", "ws": "http", "http": "http"}.get(said.scheme)
        return f"{scheme}://{said.netloc}" if scheme and said.netloc else self.base

    def _get(self, path: str, params: dict[str, str]) -> bytes:
        url = self.base + path
        with self._breaking(url), self._transport.http() as client:
            answer = client.get(url, params=params)
        headers = answer.headers
        wait = {"retry-after": headers.get("retry-after") or headers.get("x-ratelimit-reset", "")}
        refuse_status(url, answer.status_code, wait, self._clock)
        return answer.content

    @contextmanager
    def _breaking(self, url: str) -> Iterator[None]:
        try:
            yield
        except httpx.TooManyRedirects as error:
            raise RetryableError(f"{url} sends us round in circles.") from error
        except httpx.HTTPError as error:
            raise BrokenConnectionError(url, str(error)) from error
