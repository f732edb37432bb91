"""Comments below the posts of the account.

Meta tells nobody who only asks what was edited or deleted. So all comments of a post are read again every 20 hours, as
long as the post is young enough; what was there before and isn't any more is asked for by its id and then removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event
from types import ModuleType

import msgspec

from collectors.meta.api import Api, ForbiddenError, GoneError
from collectors.meta.cursor import Place, Thread
from collectors.meta.desk import Desk, Listing
from collectors.meta.lists import Reader
from collectors.meta.normalise import when
from collectors.meta.raw import Listed, Ref, read
from crm.errors import PermanentError
from crm.ports.source import Batch, Rejected
from crm.words import Post

WHOLE = 20 * 3_600
"""Seconds after which all comments of a post are read again."""
FOLLOWED = 1_000
"""Posts whose comments are followed."""
MISSED = 25
"""Comments that are asked for one by one after a post's comments were read."""


class _Counted(msgspec.Struct, frozen=True):
    """What an item of the posts' list says of its comments."""

    id: str
    timestamp: str = ""
    created_time: str = ""
    permalink: str | None = None
    permalink_url: str | None = None
    comments_count: int | None = None
    comments: Listed | None = None

    @property
    def total(self) -> int:
        return self.comments_count or (self.comments.total if self.comments else 0)


class Threads:
    """Follows what is said below the account's posts, for `days` after each. `kind` is the platform's module."""

    def __init__(self, desk: Desk, api: Api, reader: Reader, kind: ModuleType, days: int) -> None:
        self._desk, self._api, self._reader, self._kind = desk, api, reader, kind
        self._window = days * 86_400
        self._counts: dict[str, int] = {}
        self._oldest = 0
        self._refused = set[str]()

    def look(self, stop: Event, *, visitors: bool, comments: bool) -> Iterator[Batch]:
        """The account's posts, those of `visitors` too, and then their `comments`."""
        place = self._desk.cursor.places.setdefault("posts", Place())
        # The list is read down to the oldest post that is followed, since it tells how many comments each has.
        place.deep, self._oldest = True, self._desk.now()
        yield from self._reader.sweep(self._listing(visitors=visitors), place, stop)
        if not comments:
            return
        self._forget()
        for native, thread in list(self._desk.cursor.threads.items()):
            if stop.is_set():
                return
            if self._is_due(native, thread):
                yield from self._read(native, thread, stop)

    def _listing(self, *, visitors: bool) -> Listing:
        listing: Listing = self._kind.own(self._desk.us)

        def followed(raw: msgspec.Raw) -> list[Post]:
            posts = listing.read(raw)
            self._follow(read(raw, _Counted, "post"))
            return [post for post in posts if visitors or self._desk.us.said(post)]

        return msgspec.structs.replace(listing, read=followed, reached=lambda: self._oldest < self._floor())

    def _floor(self) -> int:
        return min(self._desk.cursor.start, self._desk.now() - self._window)

    def _follow(self, item: _Counted) -> None:
        posted = int(when(item.timestamp or item.created_time).timestamp())
        threads, self._oldest = self._desk.cursor.threads, min(self._oldest, posted)
        if posted < self._floor() or (item.id not in threads and len(threads) >= FOLLOWED):
            return
        thread = threads.setdefault(item.id, Thread(posted))
        thread.url = item.permalink or item.permalink_url or ""
        self._counts[item.id] = item.total

    def _is_due(self, native: str, thread: Thread) -> bool:
        count = self._counts.get(native, thread.count)
        return bool(thread.place.after) or count != thread.count or self._desk.now() - thread.whole >= WHOLE

    def _forget(self) -> None:
        """Posts that were read and are too old to be followed."""
        edge = self._desk.now() - self._window
        threads = self._desk.cursor.threads
        for native in [one for one, thread in threads.items() if thread.posted < edge and thread.whole]:
            del threads[native]

    def _read(self, native: str, thread: Thread, stop: Event) -> Iterator[Batch]:
        count, place = self._counts.get(native, thread.count), thread.place
        if count == 0 and thread.count <= 0 and not thread.whole:
            thread.count, thread.whole = 0, self._desk.now()
            return
        whole = self._desk.now() - thread.whole >= WHOLE
        place.deep = place.deep or whole
        try:
            swept = yield from self._reader.sweep(self._kind.comments(native, thread, self._reader), place, stop)
        except GoneError:
            if self._is_gone(native):
                self._desk.cursor.threads.pop(native, None)
                yield self._desk.batch(self._desk.removed([native, *self._desk.known(f"{self._prefix(native)}_")]))
                return
            # it is there, and Meta shows us none of its comments
            thread.count, thread.whole, thread.place = count, self._desk.now(), Place()
            return
        except PermanentError as error:
            self._refuse(native, error)
            thread.count, thread.whole, thread.place = count, self._desk.now(), Place()
            return
        if not swept.ended:
            if not swept.whole:
                thread.count = -1  # Meta may have lost its page, and then nothing else says that it is due
            return
        # What came to the top since a sweep broke off was counted above and not read: look again.
        thread.count = count if swept.whole else -1
        if whole:
            thread.whole = self._desk.now()
            if swept.whole:
                yield from self._gone(native, swept.ids)

    def _refuse(self, native: str, error: PermanentError) -> None:
        """The comments of one post that can't be had hold up no others; they are named once in a run."""
        if native not in self._refused:
            self._refused.add(native)
            self._desk.reject(Rejected(f"comments of {native}", str(error)))

    def _gone(self, native: str, there: set[str]) -> Iterator[Batch]:
        """Comments that were there and aren't any more; each is asked for before it is taken for gone."""
        missed = [one for one in self._desk.known(f"{self._prefix(native)}_") if one not in there][-MISSED:]
        gone = [one for one in missed if self._is_gone(self._kind.comment_of(one))]
        if gone:
            yield self._desk.batch(self._desk.removed(gone))

    def _is_gone(self, number: str) -> bool:
        try:
            self._api.one(number, Ref, fields="id")
        except GoneError:
            return True
        except (PermanentError, ForbiddenError):
            return False  # only kept from us
        return False

    def _prefix(self, native: str) -> str:
        """How the ids of a post's comments begin: Facebook leaves out the Page."""
        return native.rpartition("_")[2]
