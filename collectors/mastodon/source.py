"""Public posts and hashtags of a Mastodon server, streamed where it lets strangers, else looked up."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from random import Random
from threading import Event
from urllib.parse import quote, urlsplit

import msgspec

from collectors.addresses import is_address
from collectors.errors import NormaliseError, WrongAddressError
from collectors.mastodon.api import PAGE, Server
from collectors.mastodon.normalise import PLATFORM, RawStatus, read, to_post
from collectors.mastodon.signals import Signal, signals
from collectors.pace import Pace
from collectors.refusals import Refusals
from collectors.seen import Seen
from crm.ports.clock import Clock
from crm.ports.source import Batch, Job, Option, Problem, Rejected
from crm.ports.transport import BrokenConnectionError, Transport
from crm.words import Collected, CollectedEvent, Removed

PUBLIC, LOCAL, TAG = STREAMS = ("public", "public:local", "tag")
LOOK_SECONDS = 30.0
PAGES_A_LOOK = 20
"""Pages with news, so that other timelines are looked at too."""
OVERLAP = 120_000 << 16
"""Two minutes in ids, whose upper bits are milliseconds: posts of other servers come in late."""
REMEMBERED = 5000
_TAG = re.compile(r"\w{1,100}")


class MastodonSource:
    """See :class:`crm.ports.source.Source`. The cursor holds the newest id of each timeline."""

    kind = "mastodon"
    platform = PLATFORM
    options: tuple[Option, ...] = (
        Option("server", "url", required=True),
        Option("stream", "choice", default=PUBLIC, choices=STREAMS),
        Option("tags", "list"),
    )

    def __init__(self, random: Random) -> None:
        self._random = random

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        problems, said = [], options.get("server", "").strip()
        if not said:
            problems.append(Problem("server", "required", "server is missing."))
        elif not _is_server(_base(said)):
            message = f"{said!r} is no server; write it as https://mastodon.example."
            problems.append(
                Problem("server", "bad_url", message, {"value": said, "example": "https://mastodon.example"})
            )
        stream = options.get("stream", "").strip() or PUBLIC
        if stream not in STREAMS:
            message = f"{stream!r} is no stream; choose one of {', '.join(STREAMS)}."
            problems.append(Problem("stream", "bad_choice", message, {"value": stream, "choices": ", ".join(STREAMS)}))
        problems += _tag_problems(stream, tags_of(options))
        return problems

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        server = Server(_base(job.options["server"]), transport, clock)
        timelines = _timelines(job.options)
        run = _Run(job, server, clock, len(timelines))
        if len(timelines) == 1:
            with server.stream(_stream_path(job.options)) as pieces:
                if pieces is not None:
                    # The stream says nothing of what was missed, and following it moves the cursor beyond that.
                    yield from run.look(timelines, stop, math.inf)
                    if not stop.is_set():
                        yield from run.follow(pieces, timelines[0], stop)
                    return
        pace = Pace(LOOK_SECONDS, self._random)
        while not stop.is_set():
            yield from run.look(timelines, stop)
            clock.sleep(pace.next(), stop)


class _Run:
    """What a run knows: the newest id by timeline, and which versions were handed over."""

    def __init__(self, job: Job, server: Server, clock: Clock, timelines: int) -> None:
        self._rejected: list[Rejected] = []
        self._refusals = Refusals(self._rejected.append, timelines)
        self._job, self._server, self._clock = job, server, clock
        self._newest: dict[str, str] = msgspec.json.decode(job.cursor, type=dict[str, str]) if job.cursor else {}
        self._seen = Seen(REMEMBERED)

    def look(self, timelines: Iterable[str], stop: Event, pages: float = PAGES_A_LOOK) -> Iterator[Batch]:
        """What is new on the timelines, a batch a page, at most `pages` of each; always at least one batch."""
        for timeline in timelines:
            try:
                yield from self._look_at(timeline, stop, pages)
            except WrongAddressError as error:
                self._refusals.note(timeline, error)  # one hashtag holds up no other
            else:
                self._refusals.lift(timeline)
        rejected = tuple(self._rejected)
        self._rejected.clear()
        yield Batch((), self._cursor(), rejected, idle=not rejected)

    def _look_at(self, timeline: str, stop: Event, pages: float) -> Iterator[Batch]:
        path, _, local = timeline.partition("?")
        since = _before(self._newest.get(timeline, ""))
        while pages > 0 and not stop.is_set():
            page = self._server.timeline(path, min_id=since, local="true" if local else "")
            batch = self._batch(reversed(page), timeline)
            if batch.events or batch.rejected:
                # Pages without news are the overlap, which must not use the look up on a busy server.
                pages -= 1
                yield batch
            newest = _newest_of(page)
            if len(page) < PAGE or not since or newest in ("", since):
                return
            since = newest

    def follow(self, pieces: Iterator[bytes], timeline: str, stop: Event) -> Iterator[Batch]:
        """What the stream says, a batch a piece. Raises BrokenConnectionError when it ends."""
        for group in signals(pieces):
            yield self._signalled(group, timeline)
            if stop.is_set():
                return
        raise BrokenConnectionError(self._server.base, "the stream has ended")

    def _batch(self, page: Iterable[msgspec.Raw], timeline: str) -> Batch:
        return self._signalled([Signal("update", bytes(one)) for one in page], timeline)

    def _signalled(self, group: Iterable[Signal], timeline: str) -> Batch:
        events: list[CollectedEvent] = []
        rejected: list[Rejected] = []
        for signal in group:
            try:
                events += self._event(signal, timeline)
            except NormaliseError as error:
                rejected.append(error.at(f"after id {self._newest.get(timeline, '0')}"))
        return Batch(tuple(events), self._cursor(), tuple(rejected), idle=not events and not rejected)

    def _event(self, signal: Signal, timeline: str) -> Iterator[CollectedEvent]:
        source, workspace, now = self._job.source, self._job.workspace, self._clock.now()
        if signal.event == "delete":
            if address := self._server.address_of(signal.data.decode(errors="replace").strip()):
                yield Removed(source, now, post_key=f"{PLATFORM}:{address}", workspace=workspace)
        elif signal.event in ("update", "status.update"):
            status = read(signal.data)
            self._note(status, timeline)
            if status.reblog is None and self._seen.take(status.id, status.edited_at or status.created_at):
                post = to_post(status, self._server.host, self._server.parent_key(status))
                yield Collected(source, post, now, workspace=workspace)

    def _note(self, status: RawStatus, timeline: str) -> None:
        self._server.remember(status)
        known = self._newest.get(timeline, "")
        if (len(status.id), status.id) > (len(known), known):
            self._newest[timeline] = status.id

    def _cursor(self) -> str:
        return msgspec.json.encode(self._newest).decode()


def tags_of(options: Mapping[str, str]) -> list[str]:
    """The hashtags of an option's list, without their sign."""
    return [tag.strip().removeprefix("#") for tag in re.split(r"[,،\s]+", options.get("tags", "")) if tag.strip()]


def _timelines(options: Mapping[str, str]) -> list[str]:
    stream = options.get("stream", "").strip() or PUBLIC
    if stream == TAG:
        return [f"tag/{quote(tag, safe='')}" for tag in tags_of(options)]
    return ["public?local" if stream == LOCAL else "public"]


def _stream_path(options: Mapping[str, str]) -> str:
    stream = options.get("stream", "").strip() or PUBLIC
    if stream == TAG:
        return f"hashtag?tag={quote(tags_of(options)[0], safe='')}"
    return "public/local" if stream == LOCAL else "public"


def _before(newest: str) -> str:
    """An id a little before `newest`, where ids are times."""
    return str(max(0, int(newest) - OVERLAP)) if newest.isascii() and newest.isdigit() and len(newest) > 12 else newest


def _newest_of(page: Iterable[msgspec.Raw]) -> str:
    """The id of the newest status that can be read; empty where none can."""
    for raw in page:
        with suppress(NormaliseError):
            return read(raw).id
    return ""


def _base(said: str) -> str:
    said = said.strip().rstrip("/")
    return said if "://" in said else f"https://{said}"


def _is_server(base: str) -> bool:
    return is_address(base) and not urlsplit(base).path


def _tag_problems(stream: str, tags: list[str]) -> list[Problem]:
    if stream == TAG and not tags:
        return [Problem("tags", "required", "tags is missing: name at least one hashtag.")]
    bad = [tag for tag in tags if not _TAG.fullmatch(tag)]
    return [Problem("tags", "bad_tag", f"{tag!r} is no hashtag.", {"value": tag}) for tag in bad]
