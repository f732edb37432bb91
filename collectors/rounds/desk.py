"""What becomes of the posts of a page: told apart, remembered, set into their threads, and looked at again later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta

import msgspec

from collectors.rounds import cursor as cursors
from collectors.rounds.cursor import Cursor
from collectors.rounds.found import Found, Network, Page, Strand
from collectors.seen import Seen
from crm.errors import PermanentError, RateLimitedError
from crm.ports.clock import Clock
from crm.ports.source import Batch, Gap, Job, Rejected
from crm.words import Collected, CollectedEvent, Origin, Post, Removed

REMEMBERED, WATCHED = 1500, 800
THREADS = 20
"""Threads that are unfolded for one page."""
SOON, AGAIN = timedelta(minutes=10), timedelta(hours=6)
PAGES_AGAIN = 20
RANKS: dict[Origin, str] = {"stream": "0", "context": "1", "own": "2", "addressed": "3"}
"""What a post is to us: one that was found and then turns out to be said to us comes again as that."""


class Desk:
    """Turns pages into batches, and keeps what the cursor holds."""

    def __init__(self, job: Job, network: Network, clock: Clock, days: int) -> None:
        self._job, self._network, self._clock = job, network, clock
        self._watched = timedelta(days=days)
        self.cursor: Cursor = cursors.read(job.cursor)
        self._seen = Seen(REMEMBERED, self.cursor.seen)
        self._spent: Counter[str] = Counter()
        self._gaps: list[Gap] = []
        self._rejected: list[Rejected] = []
        self._handed_over = job.cursor

    def batch(self, events: Iterable[CollectedEvent] = ()) -> Batch:
        """Everything since the last batch, with where to go on."""
        found = tuple(events)
        self.cursor.seen = self._seen.saved()
        rejected, gaps, spent = tuple(self._rejected), tuple(self._gaps), dict(self._spent)
        self._rejected, self._gaps, self._spent = [], [], Counter()
        idle = not found and not rejected
        self._handed_over = cursors.write(self.cursor)
        return Batch(found, self._handed_over, rejected, idle, spent, self._network.quota, gaps)

    def unreported(self) -> Iterator[Batch]:
        """What was read and never handed over counts as well; its posts come again."""
        if self._spent:
            spent, self._spent = dict(self._spent), Counter()
            yield Batch((), self._handed_over, idle=True, spent=spent, quota=self._network.quota)

    def room(self, monitor: str) -> int:
        """How many posts may still be read for the monitor, those of this batch taken off."""
        return max(0, self._job.allowance(monitor) - self._spent.total())

    def charge(self, monitor: str, count: int) -> None:
        """Note posts that were read."""
        if count:
            self._spent[monitor] += count

    def keep(self, keys: Collection[str]) -> None:
        """Forget the places of every other strand."""
        self.cursor.places = {key: place for key, place in self.cursor.places.items() if key in keys}

    def gap(self, gap: Gap) -> None:
        """Say with the next batch that posts may be missing."""
        self._gaps.append(gap)

    def reject(self, rejected: Rejected) -> None:
        """Say with the next batch that something could not be used."""
        self._rejected.append(rejected)

    def posts(self, page: Page, strand: Strand) -> list[CollectedEvent]:
        """The new posts of a page, the oldest first, after what is above them in their threads."""
        self._rejected += page.rejected
        found = sorted(page.found, key=lambda one: one.post.posted_at)
        new = [*self._new(found, strand.origin)]
        above = self._above(new, strand.monitor) if strand.unfold else []
        return [*self._handed(above, "context"), *self._handed(new, strand.origin)]

    def removed(self, native: str, *, for_good: bool) -> Iterator[Removed]:
        """The end of a post that is known, or that the platform itself tells the end of."""
        self.cursor.due.pop(native, None)
        self.cursor.missed.pop(native, None)
        self.cursor.turns.pop(native, None)
        if for_good or native in self._seen:
            yield Removed(
                self._job.source, self._clock.now(), post_key=f"{self._network.platform}:{native}",
                workspace=self._job.workspace, for_good=for_good,
            )  # fmt: skip

    def again(self) -> Iterator[Batch]:
        """Look again at posts whose turn has come: edits come as new versions, what is gone as removed."""
        for _ in range(PAGES_AGAIN):
            ids = self._turn()
            if not ids:
                return
            page = self._network.again({one: self._seen.version(one).rpartition(":")[0] for one in ids})
            self.charge("", page.read)
            there = {one.post.native_id for one in page.found}
            events: list[CollectedEvent] = list(self._gone([one for one in ids if one not in there]))
            for native in there:
                self.cursor.missed.pop(native, None)
            edited = [self._edited(one) for one in page.found if self._news(one, None)]
            yield self.batch([*events, *self._handed(edited, "stream")])

    def _new(self, found: Iterable[Found], origin: Origin) -> Iterator[Found]:
        for one in found:
            before = self._seen.version(one.post.native_id).rpartition(":")[0]
            if self._news(one, one.origin or origin):
                yield self._edited(one) if before not in ("", one.version) else one

    def _news(self, found: Found, origin: Origin | None) -> bool:
        """Whether the version, or what it is to us, is news; without an origin it stays what it was."""
        native = found.post.native_id
        version, _, rank = self._seen.version(native).rpartition(":")
        if version == found.version and (origin is None or RANKS[origin] <= rank):
            return False
        self._seen.take(native, f"{found.version}:{max(rank, RANKS[origin or 'stream'])}")
        self._watch(found.post)
        return True

    def _edited(self, found: Found) -> Found:
        """The post as what it was to us, with the time at which its change was seen where the platform names none."""
        rank = self._seen.version(found.post.native_id).rpartition(":")[2]
        origin = next(one for one, number in RANKS.items() if number == rank)
        post = found.post
        if post.edited_at is None:
            post = msgspec.structs.replace(post, edited_at=self._clock.now())
        return msgspec.structs.replace(found, post=post, origin=origin)

    def _handed(self, found: Iterable[Found], origin: Origin) -> Iterator[Collected]:
        now = self._clock.now()
        for one in found:
            yield Collected(self._job.source, one.post, now, one.origin or origin, self._job.workspace)

    def _above(self, new: list[Found], monitor: str) -> list[Found]:
        """What the posts answer, up to the roots, as far as we may ask."""
        found: list[Found] = []
        asked = 0
        for one in new:
            post, room = one.post, self.room(monitor)
            if not self._wants(post.parent_key) or asked >= THREADS or room <= 0:
                continue
            asked += 1
            try:
                page = self._network.above(one, room)
            except (RateLimitedError, PermanentError):
                break  # the posts themselves are here, and a thread holds together by its root
            self.charge(monitor, page.read)
            self._rejected += page.rejected
            if post.parent_key:
                self._seen.take(f"above:{_native(post.parent_key)}", "")
            found += [level for level in page.found if self._news(level, "context")]
        return sorted(found, key=lambda one: one.post.posted_at)

    def _wants(self, key: str | None) -> bool:
        """Whether what a post answers is neither here, as more than one that was found, nor tried before."""
        if not key:
            return False
        native = _native(key)
        known = self._seen.version(native)
        return f"above:{native}" not in self._seen and not known.endswith((":1", ":2", ":3"))

    def _watch(self, post: Post) -> None:
        """Set when the post is looked at again."""
        if post.private:
            return
        self._again_at(post.native_id, AGAIN)
        while len(self.cursor.due) > WATCHED:
            oldest = next(iter(self.cursor.due))
            del self.cursor.due[oldest]
            self.cursor.turns.pop(oldest, None)

    def _again_at(self, native: str, span: timedelta) -> None:
        self.cursor.due.pop(native, None)
        if self._watched:
            self.cursor.due[native] = int((self._clock.now() + span).timestamp())

    def _turn(self) -> list[str]:
        """The posts whose turn it is, as many as may be asked for; each has its next turn until its days are over."""
        now, most = self._clock.now(), min(self._network.together, self.room(""))
        ids = [one for one, at in self.cursor.due.items() if at <= now.timestamp()][: max(0, most)]
        for native in ids:
            turns = self.cursor.turns.pop(native, 0) + 1
            del self.cursor.due[native]
            if turns * AGAIN < self._watched:
                self.cursor.turns[native] = turns
                self._again_at(native, AGAIN)
        return ids

    def _gone(self, ids: Sequence[str]) -> Iterator[Removed]:
        """What was not there for the second time running: once may be the platform's own trouble."""
        for native in ids:
            missed = self.cursor.missed.get(native, 0) + 1
            if missed > 1:
                yield from self.removed(native, for_good=False)
            else:
                self.cursor.missed[native] = missed
                self._again_at(native, SOON)


def _native(key: str) -> str:
    return key.partition(":")[2]
