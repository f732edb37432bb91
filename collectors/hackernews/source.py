"""What monitors look for on Hacker News, with the stories that comments stand below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from random import Random
from threading import Event

import httpx
import msgspec
from msgspec import Struct, structs

from collectors.errors import BusyServerError, NormaliseError, WrongAddressError
from collectors.hackernews.api import ITEMS, PAGE, SEARCH, Api
from collectors.hackernews.normalise import PAGES, PLATFORM, RawPage, of_hit, of_item, read_hit
from collectors.hackernews.search import asked
from collectors.moments import DateError, moment
from collectors.pace import Pace
from collectors.seen import Seen
from crm.errors import RetryableError
from crm.ports.clock import Clock
from crm.ports.source import Asked, Batch, CantBeAskedError, Gap, Job, Option, Problem, Rejected
from crm.ports.transport import Transport
from crm.query.tree import Node
from crm.words import Collected, CollectedEvent, Post, Removed

EVERY_MINUTES, LONGEST_MINUTES = 5, 1_440
FIRST_LOOK = timedelta(days=1)
OVERLAP = 600
"""Seconds that are asked for again, since the search learns of items a little late."""
REMEMBERED, WATCHED = 20_000, 300
WATCH_FOR, WATCH_EVERY = 48 * 3_600, 3_600
"""Seconds for which an item is looked at again, and between two looks, to learn that it was deleted."""
NOT_UNDERSTOOD = frozenset({400, 413, 414, 422})
"""How the search refuses a text."""
TOGETHER = 25
"""Items that are looked at again before that is handed over, so that a run that breaks off goes on behind them."""
CLIMB = 20
"""The most ancestors that are fetched of one comment."""


class Cursor(Struct, frozen=True):
    """Until which second each text was asked for; items that are watched, with the second they were said.

    Since `looked` they are looked at again, of which those in `due` are left; `missed` are those that were not there.
    """

    places: Mapping[str, int] = {}
    watched: Mapping[str, int] = {}
    looked: int = 0
    due: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()


class HackerNewsSource:
    """See :class:`crm.ports.source.Source` and :class:`crm.ports.source.Searching`."""

    kind = "hackernews"
    platform = PLATFORM
    options: tuple[Option, ...] = (
        Option("monitors", "monitors"),
        Option("since", "date"),
        Option("every", "number", default=str(EVERY_MINUTES)),
    )

    def __init__(self, random: Random, search: str = SEARCH, items: str = ITEMS) -> None:
        self._random, self._search, self._items = random, search, items

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        problems, since = [], options.get("since", "").strip()
        every = options.get("every", "").strip() or str(EVERY_MINUTES)
        if since:
            try:
                moment(since)
            except DateError as error:
                message = f"{since!r} is no date: {error}."
                problems.append(Problem("since", "bad_date", message, {"value": since}))
        if not (every.isascii() and every.isdecimal() and 1 <= int(every) <= LONGEST_MINUTES):
            message = f"{every!r} is no number of minutes between 1 and {LONGEST_MINUTES}."
            limits = {"value": every, "least": "1", "most": str(LONGEST_MINUTES)}
            problems.append(Problem("every", "bad_number", message, limits))
        return problems

    def ask(self, query: Node) -> Asked:
        return asked(query)

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        run = _Run(job, Api(transport, clock, self._search, self._items), clock)
        pace = Pace(60.0 * int(job.options.get("every", "").strip() or EVERY_MINUTES), self._random)
        while not stop.is_set():
            yield from run.look(stop)
            clock.sleep(pace.next(), stop)


class _Run:
    """What a run knows."""

    def __init__(self, job: Job, api: Api, clock: Clock) -> None:
        self._job, self._api, self._clock = job, api, clock
        self._cursor = msgspec.json.decode(job.cursor, type=Cursor) if job.cursor else Cursor()
        self._seen, self._context = Seen(REMEMBERED), Seen(REMEMBERED)
        self._texts, self._unasked = _texts(job)
        self._refused = set[str]()

    def look(self, stop: Event) -> Iterator[Batch]:
        """What is new, a batch a window of time; always at least one batch."""
        for strand, text in self._texts.items():
            if stop.is_set():
                return
            try:
                yield from self._strand(strand, text, stop)
            except WrongAddressError as error:
                if error.status not in NOT_UNDERSTOOD:
                    raise
                self._refuse(text, error)
        yield from self._look_again(stop)
        yield Batch((), self._saved(), self._unasked, idle=not self._unasked)
        self._unasked = ()

    def _refuse(self, text: str, error: WrongAddressError) -> None:
        """One text that is not understood holds up nothing else; it is named once in a run."""
        if text not in self._refused:
            self._refused.add(text)
            self._unasked += (Rejected(text, str(error)),)

    def _strand(self, strand: str, text: str, stop: Event) -> Iterator[Batch]:
        """From where the text was asked for last until now, in windows that one answer holds."""
        now = int(self._clock.now().timestamp())
        since = self._cursor.places.get(strand, self._first(now)) - OVERLAP
        while since < now and not stop.is_set():
            until = now
            page = self._api.search(text, since, until)
            while page.nbHits > PAGE and until - since > 1:
                until = since + (until - since) // 2
                page = self._api.search(text, since, until)
            self._cursor = structs.replace(self._cursor, places={**self._cursor.places, strand: until})
            yield self._batch(page, since, until)
            since = until

    def _first(self, now: int) -> int:
        if since := self._job.options.get("since", "").strip():
            return int(moment(since).timestamp())
        return now - int(FIRST_LOOK.total_seconds())

    def _batch(self, page: RawPage, since: int, until: int) -> Batch:
        events: list[CollectedEvent] = []
        rejected: list[Rejected] = []
        for raw in reversed(page.hits):
            try:
                post = of_hit(read_hit(raw))
            except NormaliseError as error:
                rejected.append(error.at(f"{PAGES} from {_moment(since):%Y-%m-%d %H:%M} on"))
                continue
            if self._seen.take(post.native_id, f"{post.title}\n{post.text}"):
                events += [self._told(one, "context") for one in self._ancestors(post)]
                events.append(self._told(post, "stream"))
                self._watch(post)
        missed = (Gap(_moment(since), _moment(until), "too_many"),) if page.nbHits > PAGE else ()
        return Batch(tuple(events), self._saved(), tuple(rejected), gaps=missed)

    def _ancestors(self, post: Post) -> list[Post]:
        """What a comment answers, up to its story, the story first; what is deleted or can't be had is left out."""
        found: list[Post] = []
        root = int(post.root_key.partition(":")[2]) if post.root_key else None
        above = post.parent_key.partition(":")[2] if post.parent_key else ""
        while above and len(found) < CLIMB and self._context.take(above, "") and above not in self._seen:
            try:
                item = self._api.item(above)
                if item is None or item.gone:
                    break
                found.append(of_item(item, None if item.id == root else root))
            except (RetryableError, NormaliseError):
                break
            above = str(item.parent) if item.parent else ""
        return found[::-1]

    def _told(self, post: Post, origin: str) -> Collected:
        now, workspace = self._clock.now(), self._job.workspace
        return Collected(self._job.source, post, now, "context" if origin == "context" else "stream", workspace)

    def _watch(self, post: Post) -> None:
        watched = {**self._cursor.watched, post.native_id: int(post.posted_at.timestamp())}
        newest = sorted(watched.items(), key=lambda one: one[1])[-WATCHED:]
        self._cursor = structs.replace(self._cursor, watched=dict(newest))

    def _look_again(self, stop: Event) -> Iterator[Batch]:
        """Whether items of the last two days were deleted, which no search tells."""
        now = int(self._clock.now().timestamp())
        if not self._cursor.due:
            if now - self._cursor.looked < WATCH_EVERY:
                return
            watched = {number: at for number, at in self._cursor.watched.items() if now - at < WATCH_FOR}
            missed = tuple(one for one in self._cursor.missed if one in watched)
            self._cursor = structs.replace(self._cursor, watched=watched, looked=now, due=tuple(watched), missed=missed)
        while (some := self._cursor.due[:TOGETHER]) and not stop.is_set():
            events = [gone for number in some for gone in self._gone(number)]
            self._cursor = structs.replace(self._cursor, due=self._cursor.due[len(some) :])
            yield Batch(tuple(events), self._saved())

    def _gone(self, number: str) -> Iterator[Removed]:
        """The end of an item that the site shows no more; one that is only missing is asked for once more."""
        try:
            item = self._api.item(number)
        except BusyServerError as error:
            if error.status != httpx.codes.FORBIDDEN:
                raise
            return  # it alone is refused
        missed, watched = self._cursor.missed, self._cursor.watched
        if item is None and number not in missed:
            self._cursor = structs.replace(self._cursor, missed=(*missed, number))
            return
        missed = tuple(one for one in missed if one != number)
        if item is None or item.gone:
            watched = {one: at for one, at in watched.items() if one != number}
            for_good = item is not None and item.deleted
            key, workspace = f"{PLATFORM}:{number}", self._job.workspace
            yield Removed(self._job.source, self._clock.now(), post_key=key, workspace=workspace, for_good=for_good)
        self._cursor = structs.replace(self._cursor, watched=watched, missed=missed)

    def _saved(self) -> str:
        return msgspec.json.encode(self._cursor).decode()


def _texts(job: Job) -> tuple[dict[str, str], tuple[Rejected, ...]]:
    """The texts to ask for, by strand, and what is said of monitors that can't be asked for."""
    texts: dict[str, str] = {}
    unasked: list[Rejected] = []
    for search in job.searches:
        try:
            found = asked(search.query).texts
        except CantBeAskedError as error:
            unasked.append(Rejected(f"monitor {search.monitor}", str(error), error.code, error.params))
            continue
        # A text that is asked for anew is asked for from the beginning, once however many monitors look for it.
        texts |= {blake2b(text.encode(), digest_size=6).hexdigest(): text for text in found}
    return texts, tuple(unasked)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
