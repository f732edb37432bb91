"""What becomes of the posts of a page: told apart, remembered, counted against the allowance and handed over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from collectors.errors import NormaliseError
from collectors.meta import cursor as cursors
from collectors.meta.api import Api
from collectors.meta.cursor import Cursor
from collectors.seen import Seen
from crm.ports.clock import Clock
from crm.ports.source import Batch, Gap, Job, Rejected
from crm.words import Collected, CollectedEvent, Origin, Post, Removed, content_id

REMEMBERED = 3_000
GONE = "gone"


class Us(Struct, frozen=True):
    """Our account: the Page behind the token, and what it is on the platform."""

    platform: str
    page: str
    number: str
    handle: str = ""

    def said(self, post: Post) -> bool:
        """Whether the post is ours."""
        author = post.author
        ours = self.handle.casefold()
        return author.native_id in (self.number, self.page) or bool(ours and author.handle.casefold() == ours)


class Listing(Struct, frozen=True):
    """A list of Meta: how it is asked, the posts that an item of it holds, at most `weight` of them, and whose it is.

    `bare` lists name their next page by a cursor alone. In a `late` list old posts turn up anew. What is `found` in a
    search says less of a post than any other list. `reached` says whether the list was read as far down as wanted.
    """

    key: str
    path: str
    params: dict[str, str]
    read: Callable[[msgspec.Raw], list[Post]]
    monitor: str = ""
    size: int = 50
    weight: int = 1
    bare: bool = False
    late: bool = False
    found: bool = False
    reached: Callable[[], bool] | None = None


class Desk:
    """Turns posts into batches, and keeps what the cursor holds."""

    def __init__(self, job: Job, api: Api, clock: Clock, us: Us, start: int) -> None:
        self._job, self._api, self._clock, self.us = job, api, clock, us
        self.cursor: Cursor = cursors.load(job.cursor)
        self._begin(start)
        self._seen = Seen(REMEMBERED, self.cursor.seen)
        self._spent: Counter[str] = Counter()
        self._gaps: list[Gap] = []
        self._rejected: list[Rejected] = []

    def now(self) -> int:
        """The second it is."""
        return int(self._clock.now().timestamp())

    def batch(self, events: Iterable[CollectedEvent] = ()) -> Batch:
        """Everything since the last batch, with where to go on."""
        found = tuple(events)
        self.cursor.seen = self._seen.saved()
        rejected, gaps, spent = tuple(self._rejected), tuple(self._gaps), dict(self._spent)
        self._rejected, self._gaps = [], []
        self._spent.clear()
        return Batch(
            found, cursors.store(self.cursor), rejected, idle=not (found or rejected or gaps),
            spent=spent, quota=self._api.quota, gaps=gaps,
        )  # fmt: skip

    def room(self, monitor: str) -> int:
        """How many posts may still be read for the monitor, those of this batch taken off."""
        return max(0, self._job.allowance(monitor) - self._spent.total())

    def gap(self, since: int, until: int, reason: str) -> None:
        """Say with the next batch that posts may be missing."""
        if since < until:
            self._gaps.append(Gap(datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(until, UTC), reason))

    def lost(self, posts: list[Post], key: str, reason: str) -> None:
        """Say that what was said in a list between its last look and the oldest of these posts may be missing."""
        place = self.cursor.places.get(key)
        since = place.done if place and place.done else self.cursor.start
        self.gap(since, min(int(post.posted_at.timestamp()) for post in posts), reason)

    def reject(self, rejected: Rejected) -> None:
        """Say with the next batch that something could not be used."""
        self._rejected.append(rejected)

    def posts(self, items: Iterable[msgspec.Raw], listing: Listing) -> list[Post]:
        """The posts of a page; what can't be read is reported and left out."""
        found: list[Post] = []
        for raw in items:
            try:
                found += listing.read(raw)
            except NormaliseError as error:
                self.reject(error.at(listing.key))
        return found

    def handed(self, posts: Sequence[Post], listing: Listing, *, again: bool) -> list[CollectedEvent]:
        """Those of the posts that are news, the oldest first. `again`: the list was read to its end before."""
        known = {post.native_id for post in posts if self._seen.version(post.native_id) not in ("", GONE)}
        new = [post for post in posts if self._news(post, listing, again=again)]
        now = self._clock.now()
        # a change that Meta doesn't date would lose against the version we have
        new = [
            msgspec.structs.replace(post, edited_at=now) if post.native_id in known and not post.edited_at else post
            for post in new
        ]
        self._spent[listing.monitor] += len(new)
        return [self._told(post, listing) for post in sorted(new, key=lambda post: post.posted_at)]

    def known(self, prefix: str) -> list[str]:
        """The ids of remembered posts that begin so and are not known to be gone."""
        return [one for one, version in self._seen.saved().items() if one.startswith(prefix) and version != GONE]

    def removed(self, natives: Iterable[str]) -> list[CollectedEvent]:
        """What the platform no longer shows us. It does not say why, so what comes back is heard again."""
        gone = [native for native in natives if self._seen.take(native, GONE)]
        source, workspace, now = self._job.source, self._job.workspace, self._clock.now()
        return [
            Removed(source, now, post_key=f"{self.us.platform}:{one}", workspace=workspace, for_good=False)
            for one in gone
        ]

    def once(self, mark: str) -> bool:
        """Whether this is the first time that something is done."""
        return self._seen.take(f"once:{mark}", "")

    def is_known(self, post: Post) -> bool:
        """Whether a post need not be looked for: it is remembered, or from before the time that is wanted."""
        return post.native_id in self._seen or self.is_old(post)

    def is_old(self, post: Post) -> bool:
        """Whether a post is from before the time that is wanted."""
        return post.posted_at.timestamp() < self.cursor.start

    def _begin(self, start: int) -> None:
        """An earlier start than before means that everything is read again."""
        if start < (self.cursor.start or start):
            self.cursor.places, self.cursor.threads, self.cursor.seen = {}, {}, {}
        self.cursor.start = start

    def _news(self, post: Post, listing: Listing, *, again: bool) -> bool:
        if listing.found and post.native_id in self._seen:
            return False
        news = self._seen.take(post.native_id, content_id(post.text, post.author.handle)[:8])
        root = post.parent_key is None and not post.private and self.us.said(post)
        return news and (root or not self.is_old(post) or (listing.late and again))

    def _told(self, post: Post, listing: Listing) -> Collected:
        origin: Origin = "own" if self.us.said(post) else "stream" if listing.found else "addressed"
        return Collected(self._job.source, post, self._clock.now(), origin, self._job.workspace)
