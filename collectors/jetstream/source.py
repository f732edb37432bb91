"""Posts from Jetstream: every post on Bluesky within a second, without a key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from threading import Event
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlencode

from collectors.addresses import is_address
from collectors.bluesky.record import COLLECTION, PLATFORM
from collectors.errors import BusyServerError, NormaliseError, NothingSaidError, OtherServerError
from collectors.jetstream.normalise import (
    Message,
    is_for_good,
    read,
    removed_author,
    removed_post,
    to_post,
)
from crm.errors import RateLimitedError
from crm.ports.clock import Clock
from crm.ports.source import Batch, Job, Option, Problem, Rejected
from crm.ports.transport import BrokenConnectionError, Transport
from crm.words import Collected, CollectedEvent, Removed

if TYPE_CHECKING:
    from websockets import InvalidStatus
    from websockets.sync.client import ClientConnection

DEFAULT = "wss://jetstream2.us-east.bsky.network/subscribe"
BATCH, BATCH_SECONDS = 500, 1.0
WAIT_SECONDS = 1.0
SILENCE_SECONDS = 60.0
OVERLAP_US = 5_000_000
SOCKETS = ("ws", "wss")


class JetstreamSource:
    """See :class:`crm.ports.source.Source`. The cursor is the time of the last message, in microseconds."""

    kind = "jetstream"
    platform = PLATFORM
    options: tuple[Option, ...] = (Option("url", "url", default=DEFAULT),)

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        url = options.get("url", "").strip() or DEFAULT
        if is_address(url, SOCKETS):
            return []
        message = f"{url!r} is no address of a Jetstream; it begins with wss://, for example {DEFAULT}."
        return [Problem("url", "bad_url", message, {"value": url, "example": DEFAULT})]

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        url = _address(job)
        with _connect(url, transport) as connection:
            yield from _Run(url, job, clock).batches(connection, stop)


class _Run:
    """One connection: what it has read and not yet handed over."""

    def __init__(self, url: str, job: Job, clock: Clock) -> None:
        self._url, self._job, self._clock = url, job, clock
        self._cursor = job.cursor
        self._events: list[CollectedEvent] = []
        self._rejected: list[Rejected] = []
        self._began = self._heard = clock.monotonic()

    def batches(self, connection: ClientConnection, stop: Event) -> Iterator[Batch]:
        """Batches until `stop`; what was read before the connection broke is handed over first."""
        from websockets import ConnectionClosed

        while not stop.is_set():
            try:
                self._take(connection.recv(timeout=WAIT_SECONDS))
                pause = False
            except TimeoutError:
                pause = True
                self._complain_of_silence()
            except ConnectionClosed as error:
                yield from self._flush()
                raise BrokenConnectionError(self._url, str(error)) from error
            if pause or len(self._events) >= BATCH or self._clock.monotonic() - self._began >= BATCH_SECONDS:
                yield from self._flush(idle=True)
        yield from self._flush()

    def _take(self, raw: str | bytes) -> None:
        self._heard = now = self._clock.monotonic()
        if not self._events:
            self._began = now
        try:
            message = read(raw)
            self._events.extend(self._judged(message, self._clock.now()))
            self._cursor = str(message.time_us)
        except NormaliseError as error:
            self._rejected.append(error.at(f"cursor {self._cursor}"))

    def _judged(self, message: Message, now: datetime) -> Iterator[CollectedEvent]:
        source, workspace = self._job.source, self._job.workspace
        if post := to_post(message):
            yield Collected(source, post, now, workspace=workspace)
        elif key := removed_post(message):
            yield Removed(source, now, post_key=key, workspace=workspace)
        elif author := removed_author(message):
            yield Removed(source, now, author_key=author, workspace=workspace, for_good=is_for_good(message))

    def _flush(self, *, idle: bool = False) -> Iterator[Batch]:
        if self._events or self._rejected or idle:
            something = bool(self._events or self._rejected)
            yield Batch(tuple(self._events), self._cursor, tuple(self._rejected), idle=not something)
        self._events, self._rejected, self._began = [], [], self._clock.monotonic()

    def _complain_of_silence(self) -> None:
        if self._clock.monotonic() - self._heard > SILENCE_SECONDS:
            raise NothingSaidError(f"{self._url} has been silent for {SILENCE_SECONDS:.0f} s; connecting anew.")


def _address(job: Job) -> str:
    """The stream's address, a little before the cursor, because its servers' clocks differ."""
    base = job.options.get("url", "").strip() or DEFAULT
    asked = {"wantedCollections": COLLECTION}
    if job.cursor.isdigit():
        asked["cursor"] = str(max(0, int(job.cursor) - OVERLAP_US))
    return f"{base}{'&' if '?' in base else '?'}{urlencode(asked)}"


def _connect(url: str, transport: Transport) -> ClientConnection:
    from websockets import InvalidStatus

    try:
        return transport.websocket(url)
    except InvalidStatus as error:
        _refused(url, error)


def _refused(url: str, error: InvalidStatus) -> NoReturn:
    status = error.response.status_code
    if status == 429:
        wait = error.response.headers.get("Retry-After", "")
        raise RateLimitedError(url, float(wait) if wait.isdigit() else None) from error
    if status >= 500 or status == 408:
        raise BusyServerError(url, status) from error
    raise OtherServerError(f"{url} answered {status}: it is no Jetstream; check the address.") from error
