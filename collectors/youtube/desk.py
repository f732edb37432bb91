"""What becomes of the posts of a page: told apart, remembered, watched and handed over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from msgspec import Struct

from collectors.errors import NormaliseError
from collectors.seen import Seen
from collectors.youtube import cursor as cursors
from collectors.youtube.api import Api, at_once
from collectors.youtube.cursor import Watch
from collectors.youtube.ledger import NoRoomError
from collectors.youtube.normalise import CHANNEL_ID, PLATFORM, VIDEO_ID, Person, of_channel, of_video
from collectors.youtube.raw import Listed, RawChannel, RawVideo, read
from crm.ports.clock import Clock
from crm.ports.source import Batch, Gap, Job, Rejected
from crm.words import Collected, CollectedEvent, Origin, Post, Removed, content_id

T = TypeVar("T")
REMEMBERED, WATCHED, KNOWN = 5_000, 3_000, 5_000
"""Posts whose versions are remembered, posts that are looked at again, and channels that are known."""
SOON, LATER = 3_600, 20 * 3_600
"""Seconds after which a post is looked at again, first and from then on."""
GONE = "gone"


class Told(Struct, frozen=True):
    """A post that may be handed over, with how it came to us. What is only `context` may be old."""

    post: Post
    origin: Origin

    @property
    def video(self) -> str:
        """The video that it is or stands below; empty where that is unknown."""
        native = (self.post.root_key or self.post.key).partition(":")[2]
        return native if VIDEO_ID.fullmatch(native) else ""


class Desk:
    """Turns posts into batches, and keeps what the cursor holds."""

    def __init__(self, job: Job, api: Api, clock: Clock, start: int, days: int) -> None:
        self._job, self._api, self._clock, self._days = job, api, clock, days
        self.cursor = cursor = api.ledger.cursor
        if start < (cursor.start or start):
            # an earlier start than before means that everything is read again
            cursor.places, cursor.threads, cursor.seen = {}, {}, {}
        cursor.start = start
        self._seen = Seen(REMEMBERED, cursor.seen)
        self._handed_over = job.cursor
        self._people: dict[str, Person] = {}
        self._gaps: list[Gap] = []
        self._rejected: list[Rejected] = []

    def now(self) -> int:
        """The second it is."""
        return int(self._clock.now().timestamp())

    @property
    def edge(self) -> int:
        """The second before which nothing is looked at again."""
        return self.now() - self._days * 86_400

    def batch(self, events: Iterable[CollectedEvent] = ()) -> Batch:
        """Everything since the last batch, with where to go on."""
        found, quota = tuple(events), self._api.ledger.quota()
        self.cursor.seen = self._seen.saved()
        rejected, gaps = tuple(self._rejected), tuple(self._gaps)
        self._rejected, self._gaps = [], []
        self._handed_over = cursors.store(self.cursor)
        return Batch(
            found, self._handed_over, rejected, idle=not (found or rejected or gaps),
            spent=self._api.ledger.take(), quota=quota, gaps=gaps,
        )  # fmt: skip

    def unreported(self) -> Iterator[Batch]:
        """What was spent and brought nothing counts as well; what it was spent on comes again."""
        if spent := self._api.ledger.take():
            last, now = cursors.load(self._handed_over), self.cursor
            last.day, last.used, last.searches = now.day, now.used, now.searches
            last.below, last.below_since = now.below, now.below_since
            yield Batch((), cursors.store(last), idle=True, spent=spent, quota=self._api.ledger.quota())

    def gap(self, since: int, until: int, reason: str) -> None:
        """Say with the next batch that posts may be missing."""
        if since < until:
            self._gaps.append(Gap(datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(until, UTC), reason))

    def reject(self, rejected: Rejected) -> None:
        """Say with the next batch that something could not be used."""
        self._rejected.append(rejected)

    def read(self, page: Listed, kind: type[T], where: str) -> Iterator[T]:
        """The items of a page; what can't be read is reported and left out."""
        for raw in page.items:
            try:
                yield read(raw, kind, "item of YouTube")
            except NormaliseError as error:
                self.reject(error.at(where))

    def knows(self, native: str) -> bool:
        """Whether something was handed over lately."""
        return self._seen.version(native) not in ("", GONE)

    def is_old(self, post: Post) -> bool:
        """Whether a post is from before the time that is wanted."""
        return post.posted_at.timestamp() < self.cursor.start

    def is_ours(self, post: Post) -> bool:
        """Whether we said it."""
        return bool(self.cursor.me) and post.author.native_id == self.cursor.me

    def names_us(self, post: Post) -> bool:
        """Whether it is said to our handle."""
        ours = self.cursor.handle.casefold()
        return bool(ours) and ours in map(str.casefold, post.mentions)

    def videos(self, ids: Iterable[str], monitor: str = "") -> list[Post]:
        """Those of the videos that are there."""
        found: list[Post] = []
        for some in at_once(ids):
            for raw in self.read(self._api.videos(some, monitor), RawVideo, "videos"):
                try:
                    found.append(of_video(raw))
                except NormaliseError as error:
                    self.reject(error.at(f"video {raw.id}"))
        return found

    def told(self, found: Iterable[Told], monitor: str = "") -> list[CollectedEvent]:
        """Those that are news, the oldest first, their authors with followers. Asks first, remembers then."""
        wanted = [one for one in found if one.origin == "context" or not self.is_old(one.post)]
        new = {one.post.author.native_id for one in wanted if not self.knows(one.post.native_id)}
        self._meet(new, monitor)
        events: list[CollectedEvent] = []
        for one in sorted(wanted, key=lambda one: one.post.posted_at):
            known, now = self.knows(one.post.native_id), self._clock.now()
            if self._seen.take(one.post.native_id, _version(one.post)):
                self._watch(one, monitor)
                post = self._introduced(one.post)
                if known and post.edited_at is None:
                    # a change that YouTube doesn't date would lose against the version we have
                    post = msgspec.structs.replace(post, edited_at=now)
                events.append(Collected(self._job.source, post, now, one.origin, self._job.workspace))
        return events

    def missed(self, native: str) -> list[CollectedEvent]:
        """What YouTube no longer shows, once it was missed twice. It says no reason: what comes back is heard again."""
        watch = self.cursor.watched.pop(native)
        if not watch.missed:
            self.cursor.watched[native] = msgspec.structs.replace(watch, missed=True)
            return []
        if not self._seen.take(native, GONE):
            return []
        source, workspace, now = self._job.source, self._job.workspace, self._clock.now()
        return [Removed(source, now, post_key=f"{PLATFORM}:{native}", workspace=workspace, for_good=False)]

    def due(self) -> dict[str, Watch]:
        """What is to be looked at again now."""
        now = self.now()
        return {native: watch for native, watch in self.cursor.watched.items() if watch.due <= now}

    def looked(self, native: str) -> None:
        """Say that something was looked at again and is there."""
        watch, due = self.cursor.watched.pop(native), self.now() + LATER
        if due <= watch.at + self._days * 86_400:
            self.cursor.watched[native] = msgspec.structs.replace(watch, due=due, missed=False)

    def _watch(self, one: Told, monitor: str) -> None:
        at, watched = int(one.post.posted_at.timestamp()), self.cursor.watched
        if one.post.native_id in watched or at < self.edge:
            return
        watched[one.post.native_id] = Watch(at, self.now() + SOON, one.video, one.origin, monitor=monitor)
        while len(watched) > WATCHED:
            del watched[next(iter(watched))]

    def _meet(self, channels: set[str], monitor: str) -> None:
        """Learn how many follow these channels, as far as the budget goes."""
        unknown = sorted(one for one in channels if one not in self._people and CHANNEL_ID.fullmatch(one))
        for some in at_once(unknown):
            try:
                page = self._api.channels(some, monitor)
            except NoRoomError:
                return
            self._people |= dict.fromkeys(some, Person())
            self._people |= {raw.id: of_channel(raw) for raw in self.read(page, RawChannel, "channels")}
        while len(self._people) > KNOWN:
            del self._people[next(iter(self._people))]

    def _introduced(self, post: Post) -> Post:
        known, author = self._people.get(post.author.native_id), post.author
        if known is None:
            return post
        handle, place = author.handle or known.handle, author.place or known.place
        more = {"handle": handle, "place": place, "followers": known.followers, "bio": known.bio}
        return msgspec.structs.replace(post, author=msgspec.structs.replace(author, **more))


def _version(post: Post) -> str:
    return content_id(post.title, post.text)[:8]
