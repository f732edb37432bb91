"""Posts from an address that answers in JSON, looked at every few minutes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from random import Random
from threading import Event

import httpx
import msgspec
from msgspec import Struct

from collectors.addresses import host_of, is_address
from collectors.errors import NormaliseError, NothingSaidError, OtherServerError, WrongAddressError
from collectors.json import options as said
from collectors.json.api import Door, bare, fetch, quota
from collectors.json.mapping import decoded, guessed, items_of, next_of
from collectors.json.normalise import Rules, to_post
from collectors.pace import Pace, every_problem
from collectors.seen import Seen
from crm.ports.clock import Clock
from crm.ports.source import Batch, Job, Option, Preview, Problem, Rejected
from crm.ports.transport import Transport
from crm.words import Collected, CollectedEvent, Post, Removed, content_id

EVERY_MINUTES = 10
REMEMBERED = 2000
PAGES_A_LOOK = 20
SHOWN = 5
UNKNOWN_PAGE = frozenset({400, 404, 410})
"""How a server says that it no longer knows the page it named."""
DEFAULT = "matching"
BOM = b"\xef\xbb\xbf"
_HERE = frozenset(("localhost", "127.0.0.1", "::1"))


class Cursor(Struct, frozen=True, omit_defaults=True):
    """Versions of items by id, what the server said for asking again, the page to go on with, and when to look next.

    `deep` says that pages without news are passed, since a look broke off behind them.
    """

    etag: str = ""
    modified: str = ""
    next: float = 0.0
    page: str = ""
    deep: bool = False
    seen: dict[str, str] = {}


class JsonSource:
    """See :class:`crm.ports.source.Source`. `random` spreads the looks of many sources."""

    kind = "json"
    platform = ""
    options: tuple[Option, ...] = (
        Option("url", "url", required=True),
        said.PLATFORM,
        said.kept(DEFAULT),
        Option("token", "secret"),
        Option("header", "text", default="Authorization"),
        said.MAP,
        said.ITEMS,
        Option("next", "text"),
        Option("parameter", "text", default="cursor"),
        said.ZONE,
        Option("every", "number", default=str(EVERY_MINUTES)),
    )

    def __init__(self, random: Random) -> None:
        self._random = random

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        problems, url = [], options.get("url", "").strip()
        example = "https://example.org/api/posts"
        if not url:
            problems.append(Problem("url", "required", "url is missing."))
        elif not is_address(url):
            message = f"{url!r} is no web address; it begins with https:// or http://."
            problems.append(Problem("url", "bad_url", message, {"value": url, "example": example}))
        elif options.get("token") and not url.lower().startswith("https:") and host_of(url) not in _HERE:
            message = "A token is only sent to an address that begins with https://."
            problems.append(Problem("url", "token_in_clear", message))
        header = options.get("header", "").strip()
        if header and not (header.isascii() and all(part.isalnum() for part in header.split("-"))):
            problems.append(Problem("header", "bad_header", f"{header!r} is no name of a header.", {"value": header}))
        token = options.get("token", "").strip()
        if not (token.isascii() and token.isprintable()):  # a header holds nothing else
            problems.append(Problem("token", "bad_token", "A token holds Latin letters, digits and signs alone."))
        return problems + said.problems(options) + every_problem(options.get("every", ""))

    def preview(self, job: Job, transport: Transport, clock: Clock) -> Preview:
        """See :class:`crm.ports.source.Previewing`."""
        door, rules = _door(job), _rules(job)
        document, items = _read(door.url, fetch(door, door.url, {}, transport, clock), rules, known=False)
        posts: list[Post] = []
        rejected: list[Rejected] = []
        for number, item in enumerate(items[:SHOWN], 1):
            try:
                posts.append(to_post(item, rules, clock.now()).post)
            except NormaliseError as error:
                rejected.append(error.at(f"item {number}"))
        further = bool(next_of(document, rules.paths))
        return Preview(guessed(items, rules.paths), tuple(posts), tuple(rejected), len(items), further)

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        pace = Pace(60.0 * int(job.options.get("every", "").strip() or EVERY_MINUTES), self._random)
        cursor = msgspec.json.decode(job.cursor, type=Cursor) if job.cursor else Cursor()
        while not stop.is_set():
            if clock.sleep(max(0.0, cursor.next - clock.now().timestamp()), stop):
                return
            due = (clock.now() + timedelta(seconds=pace.next())).timestamp()
            for batch in _look(job, cursor, due, transport, clock):
                yield batch
                cursor = msgspec.json.decode(batch.cursor, type=Cursor)
                if stop.is_set():
                    return


def _look(job: Job, cursor: Cursor, due: float, transport: Transport, clock: Clock) -> Iterator[Batch]:
    """Pages until one brings nothing new; where there are too many, the next look goes on with them.

    Until the last page the cursor's `next` stays as it was, so that a restart goes on at once.
    """
    door, rules = _door(job), _rules(job)
    for number in range(1, PAGES_A_LOOK + 1):
        url = cursor.page or door.url
        try:
            answer = fetch(door, url, {} if cursor.page else _conditions(cursor), transport, clock)
        except WrongAddressError as error:
            if not cursor.page or error.status not in UNKNOWN_PAGE:
                raise
            yield _from_the_top(cursor, due, error)
            return
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            yield Batch((), _saved(msgspec.structs.replace(cursor, next=due)), idle=True)
            return
        document, items = _read(url, answer, rules, known=bool(cursor.seen))
        seen = Seen(len(cursor.seen) + len(items), cursor.seen)
        events, rejected, fresh = _news(job, items, rules, seen, clock)
        page = _next_page(door, answer, document, rules, job) if fresh or cursor.deep else ""
        page = "" if page == url else page
        etag, modified = cursor.etag, cursor.modified
        if not cursor.page:
            etag = answer.headers.get("etag", "")[:1000]
            modified = answer.headers.get("last-modified", "")[:100]
        over = not page or number == PAGES_A_LOOK
        kept = _kept(cursor, seen.saved(), max(REMEMBERED, 2 * len(items)))
        deep = cursor.deep and bool(page) and not fresh
        cursor = Cursor(etag, modified, due if over else cursor.next, page, deep, kept)
        left = quota(answer.headers, clock)
        idle = not events and not rejected
        yield Batch(tuple(events), _saved(cursor), tuple(rejected), idle=idle, quota=left)
        if over:
            return


def _from_the_top(cursor: Cursor, due: float, error: WrongAddressError) -> Batch:
    """The page we were at is known no longer: the next look passes what is known on its way down there."""
    again = msgspec.structs.replace(cursor, etag="", modified="", next=due, page="", deep=True)
    return Batch((), _saved(again), (Rejected("next page", str(error)),))


def _kept(cursor: Cursor, seen: dict[str, str], limit: int) -> dict[str, str]:
    """The last `limit` items; those of a further page are forgotten before the newest, by which a look ends."""
    if cursor.page:
        older = {key: version for key, version in seen.items() if key not in cursor.seen}
        seen = older | {key: seen[key] for key in cursor.seen}
    return dict(list(seen.items())[-limit:])


def _news(
    job: Job, items: list[object], rules: Rules, seen: Seen, clock: Clock
) -> tuple[list[CollectedEvent], list[Rejected], bool]:
    """What is new or changed, the last item first as most servers put the newest first; and whether anything is new."""
    events: list[CollectedEvent] = []
    rejected: list[Rejected] = []
    fresh, now = False, clock.now()
    for number, item in reversed(list(enumerate(items, 1))):
        try:
            found = to_post(item, rules, now)
        except NormaliseError as error:
            rejected.append(error.at(f"item {number}"))
            continue
        post, key = found.post, content_id(found.post.native_id)[:16]
        known = key in seen
        version = content_id(post.title, post.text, post.url, str(post.edited_at), str(found.deleted))[:8]
        if not seen.take(key, version):
            continue
        fresh = True
        if found.deleted:
            events.append(Removed(job.source, now, post.key, workspace=job.workspace))
            continue
        # a change that the server doesn't date would lose against the version we have
        changed = known and post.edited_at is None
        post = msgspec.structs.replace(post, edited_at=now) if changed else post
        events.append(Collected(job.source, post, now, rules.origin, job.workspace))
    return events, rejected, fresh


def _next_page(door: Door, answer: httpx.Response, document: object, rules: Rules, job: Job) -> str:
    linked = answer.links.get("next", {}).get("url", "")
    found = linked if linked and not rules.paths.next else next_of(document, rules.paths)
    return door.at(found, job.options.get("parameter", "").strip() or "cursor") if found else ""


def _read(url: str, answer: httpx.Response, rules: Rules, *, known: bool) -> tuple[object, list[object]]:
    """The document and its items. A server that is `known` to give posts has trouble where it gives none."""
    try:
        document = decoded(answer.content)
    except NormaliseError as error:
        if known or answer.content.removeprefix(BOM).strip()[:1] in (b"", b"{", b"["):
            raise NothingSaidError(f"The answer of {bare(url)} breaks off or is broken: {error}") from error
        raise OtherServerError(f"{bare(url)} does not answer in JSON: {error}") from error
    try:
        return document, items_of(document, rules.paths)
    except NormaliseError as error:
        kind = NothingSaidError if known else OtherServerError
        raise kind(f"{bare(url)} answers without posts: {error}") from error


def _conditions(cursor: Cursor) -> dict[str, str]:
    said = {"If-None-Match": cursor.etag, "If-Modified-Since": cursor.modified}
    return {name: value for name, value in said.items() if value}


def _door(job: Job) -> Door:
    return Door(job.options["url"].strip(), job.options.get("header", "").strip() or "Authorization", job.secret)


def _rules(job: Job) -> Rules:
    return said.rules_of(job.options, job.options["url"].strip(), DEFAULT)


def _saved(cursor: Cursor) -> str:
    return msgspec.json.encode(cursor).decode()
