"""Posts from a feed, looked at every few minutes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from random import Random
from threading import Event

import httpx
import msgspec
from msgspec import Struct

from collectors.addresses import is_address
from collectors.errors import NormaliseError
from collectors.feed.document import Feed, parse
from collectors.feed.normalise import PLATFORM, to_post
from collectors.pace import Pace, every_problem, refuse_status
from collectors.seen import Seen
from crm.ports.clock import Clock
from crm.ports.source import Batch, Job, Option, Problem, Rejected
from crm.ports.transport import BrokenConnectionError, Transport
from crm.words import Collected, Post, content_id

EVERY_MINUTES = 10
REMEMBERED = 1000


class Cursor(Struct, frozen=True, omit_defaults=True):
    """What the server said for asking again, when to look next (seconds since 1970), and versions of entries by id."""

    etag: str = ""
    modified: str = ""
    next: float = 0.0
    seen: dict[str, str] = {}


class FeedSource:
    """See :class:`crm.ports.source.Source`. `random` spreads the looks of many feeds."""

    kind = "feed"
    platform = PLATFORM
    options: tuple[Option, ...] = (
        Option("url", "url", required=True),
        Option("every", "number", default=str(EVERY_MINUTES)),
    )

    def __init__(self, random: Random) -> None:
        self._random = random

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        problems, url = [], options.get("url", "").strip()
        if not url:
            problems.append(Problem("url", "required", "url is missing."))
        elif not is_address(url):
            message = f"{url!r} is no web address; it begins with https:// or http://."
            problems.append(Problem("url", "bad_url", message, {"value": url, "example": "https://example.org/feed"}))
        return problems + every_problem(options.get("every", ""))

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        url = job.options["url"].strip()
        pace = Pace(60.0 * int(job.options.get("every", "").strip() or EVERY_MINUTES), self._random)
        cursor = msgspec.json.decode(job.cursor, type=Cursor) if job.cursor else Cursor()
        while not stop.is_set():
            if clock.sleep(max(0.0, cursor.next - clock.now().timestamp()), stop):
                return
            due = (clock.now() + timedelta(seconds=pace.next())).timestamp()
            yield (batch := _look(url, job, cursor, due, transport, clock))
            cursor = msgspec.json.decode(batch.cursor, type=Cursor)


def _look(url: str, job: Job, cursor: Cursor, due: float, transport: Transport, clock: Clock) -> Batch:
    """One look at the feed."""
    answer = _fetch(url, cursor, transport)
    refuse_status(url, answer.status_code, answer.headers, clock)
    if answer.status_code == httpx.codes.NOT_MODIFIED:
        return Batch((), _saved(msgspec.structs.replace(cursor, next=due)), idle=True)
    feed = parse(str(answer.url), answer.content, answer.headers.get("content-type", ""))
    seen = Seen(max(REMEMBERED, 2 * len(feed.entries)), cursor.seen)
    posts, rejected = _news(feed, seen, clock)
    now = clock.now()
    events = tuple(Collected(job.source, post, now, workspace=job.workspace) for post in posts)
    headers = answer.headers
    after = Cursor(headers.get("etag", "")[:1000], headers.get("last-modified", "")[:100], due, seen.saved())
    return Batch(events, _saved(after), tuple(rejected), idle=not events and not rejected)


def _fetch(url: str, cursor: Cursor, transport: Transport) -> httpx.Response:
    headers = {
        "Accept": "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
    }
    if cursor.etag:
        headers["If-None-Match"] = cursor.etag
    if cursor.modified:
        headers["If-Modified-Since"] = cursor.modified
    try:
        with transport.http() as client:
            return client.get(url, headers=headers)
    except httpx.HTTPError as error:
        raise BrokenConnectionError(url, str(error) or type(error).__name__) from error


def _news(feed: Feed, seen: Seen, clock: Clock) -> tuple[list[Post], list[Rejected]]:
    """Entries that are new or changed, the oldest first as feeds put the newest first."""
    posts: list[Post] = []
    rejected: list[Rejected] = []
    for number, entry in reversed(list(enumerate(feed.read(), 1))):
        try:
            if isinstance(entry, NormaliseError):
                raise entry
            post = to_post(entry, feed, clock.now())
        except NormaliseError as error:
            rejected.append(error.at(f"{feed.address} entry {number}"))
            continue
        item = content_id(post.native_id)[:16]
        known = item in seen
        if seen.take(item, content_id(post.title, post.text, post.url)[:8]):
            # a change that the feed doesn't date would lose against the version we have
            changed = known and post.edited_at is None
            posts.append(msgspec.structs.replace(post, edited_at=clock.now()) if changed else post)
    return posts, rejected


def _saved(cursor: Cursor) -> str:
    return msgspec.json.encode(cursor).decode()
