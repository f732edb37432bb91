"""What becomes of the posts of a page: told apart, remembered, set into their threads, and looked at again later."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import timedelta

from collectors.errors import NormaliseError
from collectors.seen import Seen
from collectors.x import cursor as cursors
from collectors.x.api import PAGE, Api
from collectors.x.cursor import Cursor
from collectors.x.ledger import Ledger
from collectors.x.normalise import PLATFORM, moment_of, to_message, to_post
from collectors.x.raw import Page, Trouble, read_message, read_post
from crm.errors import RateLimitedError
from crm.ports.clock import Clock
from crm.ports.source import Batch, Gap, Job, Rejected
from crm.words import Collected, CollectedEvent, Origin, Post, Removed

REMEMBERED, WATCHED = 1500, 1000
CLIMB = 5
"""Requests for the posts above those of one page, a level of the thread each."""
SETTLED = timedelta(minutes=70)
"""A post can be edited for an hour."""
AGAIN = timedelta(hours=20)
PAGES_AGAIN = 5


class Desk:
    """Turns pages into batches, and keeps what the cursor holds."""

    def __init__(self, job: Job, api: Api, clock: Clock, days: int, *, threads: bool) -> None:
        self._job, self._api, self._clock = job, api, clock
        self._watched, self._threads = timedelta(days=days), threads
        self.cursor: Cursor = cursors.read(job.cursor)
        self.ledger = Ledger(job.allowance, clock)
        self._seen, self._due = Seen(REMEMBERED, self.cursor.seen), self.cursor.due
        self._handed_over = job.cursor
        self._gaps: list[Gap] = []
        self._rejected: list[Rejected] = []

    def batch(self, events: Iterable[CollectedEvent] = ()) -> Batch:
        """Everything since the last batch, with where to go on."""
        found = tuple(events)
        self.cursor.seen = self._seen.saved()
        rejected, gaps = tuple(self._rejected), tuple(self._gaps)
        self._rejected, self._gaps = [], []
        self._handed_over = cursors.write(self.cursor)
        return Batch(
            found, self._handed_over, rejected, idle=not found and not rejected,
            spent=self.ledger.take(), quota=self._api.quota, gaps=gaps,
        )  # fmt: skip

    def unreported(self) -> Iterator[Batch]:
        """What was read and never handed over counts as well; its posts come again."""
        if spent := self.ledger.take():
            yield Batch((), self._handed_over, idle=True, spent=spent, quota=self._api.quota)

    def keep(self, keys: Collection[str]) -> None:
        """Forget the places of every other strand."""
        self.cursor.places = {key: place for key, place in self.cursor.places.items() if key in keys}

    def gap(self, gap: Gap) -> None:
        """Say with the next batch that posts may be missing."""
        self._gaps.append(gap)

    def reject(self, rejected: Rejected) -> None:
        """Say with the next batch that something could not be used."""
        self._rejected.append(rejected)

    def posts(
        self, page: Page, where: str, monitor: str, change: Callable[[Post], Post] = lambda post: post,
        origin: Origin = "stream",
    ) -> list[CollectedEvent]:  # fmt: skip
        """The new posts of a page, the oldest first and changed, after what is above them in their threads."""
        new = [change(post) for native, post in self._read(page, where) if self._news(native, post)]
        above = self._above(new, monitor) if self._threads else []
        return [*self._handed(above, "context"), *self._handed(new, origin)]

    def messages(self, page: Page, where: str) -> list[CollectedEvent]:
        """The new direct messages of a page, the oldest first."""
        found: list[Post] = []
        for raw in page.data:
            try:
                message = read_message(raw)
                if message.event_type == "MessageCreate" and self._seen.take(f"dm:{message.id}", message.id):
                    found.append(to_message(message, page.included))
            except NormaliseError as error:
                self.reject(error.at(where))
        return list(self._handed(sorted(found, key=lambda post: post.posted_at), "addressed"))

    def again(self) -> Iterator[Batch]:
        """Look again at posts whose turn has come: edits come as new versions, what is gone as removed."""
        for _ in range(PAGES_AGAIN):
            ids = self._turn()
            if not ids:
                return
            page = self._ask(list(ids.values()), "")
            events: list[CollectedEvent] = [*self._gone(page.troubles, ids)]
            edited = self._edited(page)
            if edited and len(edited) <= self.ledger.room(""):
                events += self._handed(
                    post for _, post in self._read(self._ask(edited, ""), "edited") if self._edit(post)
                )
            yield self.batch(events)

    def _read(self, page: Page, where: str) -> list[tuple[str, Post]]:
        """The posts of a page with the id of their version, the oldest first, without reposts."""
        found: list[tuple[str, Post]] = []
        for raw in page.data:
            try:
                post = read_post(raw)
                if not post.is_repost:
                    found.append((post.id, to_post(post, page.included)))
            except NormaliseError as error:
                self.reject(error.at(where))
        return sorted(found, key=lambda one: int(one[0]))

    def _news(self, version: str, post: Post) -> bool:
        if post.native_id in self._seen and int(version) < int(self._seen.saved()[post.native_id]):
            return False
        news = self._seen.take(post.native_id, version)
        if news:
            self._watch(post)
        return news

    def _edit(self, post: Post) -> bool:
        return self._news(post.url.rpartition("/")[2], post)

    def _handed(self, posts: Iterable[Post], origin: Origin = "stream") -> Iterator[Collected]:
        now = self._clock.now()
        for post in posts:
            yield Collected(self._job.source, post, now, origin, self._job.workspace)

    def _above(self, posts: list[Post], monitor: str) -> list[Post]:
        """What the posts answer, up to the roots, as far as we may ask; each is fetched once."""
        found: list[Post] = []
        wanted = self._unknown(posts)
        for _ in range(CLIMB):
            wanted = wanted[: min(PAGE, self.ledger.room(monitor))]
            if not wanted:
                break
            try:
                page = self._ask(wanted, monitor)
            except RateLimitedError:
                break  # the posts themselves are here, and a thread holds together by its root
            for one in wanted:
                self._seen.take(f"above:{one}", "")
            level = [post for _, post in self._read(page, "thread")]
            found += level
            for post in level:
                self._watch(post)
            wanted = self._unknown(level)
        return sorted(found, key=lambda post: post.posted_at)

    def _unknown(self, posts: list[Post]) -> list[str]:
        keys = dict.fromkeys(key for post in posts for key in (post.parent_key, post.root_key) if key)
        ids = [key.partition(":")[2] for key in keys]
        return [one for one in ids if one not in self._seen and f"above:{one}" not in self._seen]

    def _ask(self, ids: list[str], monitor: str) -> Page:
        page = self._api.posts(ids)
        self.ledger.charge(monitor, ids)
        return page

    def _watch(self, post: Post) -> None:
        """Set when the post is looked at again."""
        at, now = moment_of(post.native_id) or post.posted_at, self._clock.now()
        due = at + SETTLED if now < at + SETTLED else now + AGAIN
        self._due.pop(post.native_id, None)
        if due <= max(at + self._watched, at + SETTLED):
            self._due[post.native_id] = int(due.timestamp())
        while len(self._due) > WATCHED:
            del self._due[next(iter(self._due))]

    def _turn(self) -> dict[str, str]:
        """The newest versions of the posts whose turn it is, by their first, as many as may be asked for."""
        now, known = self._clock.now(), self._seen.saved()
        due = {one: known.get(one, one) for one, at in self._due.items() if at <= now.timestamp()}
        paid = self.ledger.unread(due.values())
        beyond = set(paid[self.ledger.room("") :])
        ids = {first: last for first, last in due.items() if last not in beyond}
        ids = dict(list(ids.items())[:PAGE])
        for first in ids:
            next_turn, at = now + AGAIN, moment_of(first) or now
            del self._due[first]
            if next_turn <= at + self._watched:
                self._due[first] = int(next_turn.timestamp())
        return ids

    def _edited(self, page: Page) -> list[str]:
        """The ids of newer versions than those on the page."""
        found: list[str] = []
        for raw in page.data:
            try:
                post = read_post(raw)
            except NormaliseError as error:
                self.reject(error.at("again"))
                continue
            if post.versions[-1] != post.id:
                found.append(post.versions[-1])
        return found

    def _gone(self, troubles: tuple[Trouble, ...], ids: dict[str, str]) -> Iterator[Removed]:
        """What X no longer shows: for good where it was deleted, not where its account was closed or protected."""
        firsts = {last: first for first, last in ids.items()}
        for trouble in troubles:
            first = firsts.get(trouble.resource_id or trouble.value or "")
            if first is None or not trouble.type.endswith(("resource-not-found", "not-authorized-for-resource")):
                continue
            self._due.pop(first, None)
            yield Removed(
                self._job.source, self._clock.now(), post_key=f"{PLATFORM}:{first}", workspace=self._job.workspace,
                for_good=trouble.type.endswith("resource-not-found"),
            )  # fmt: skip
