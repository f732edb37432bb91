"""Reading a list page by page, from its newest item back to what is known.

A page goes out as a batch before the next is asked for, and the place is part of it, so a run that breaks off goes on
with the next page. Where Meta no longer knows that page, the list is read anew and past what is known.
"""

from __future__ import annotations

from collections.abc import Generator
from threading import Event

from msgspec import Struct

from collectors.meta.api import Api, GoneError, StalePageError
from collectors.meta.cursor import Place
from collectors.meta.desk import Desk, Listing
from collectors.meta.raw import Listed
from crm.ports.source import Batch
from crm.words import Post

PAGES = 40
"""Of one list and look; the rest has its turn in the next look."""
VAIN = 2
"""Pages in a row without anything new after which a list counts as read, since pages may come twice."""


class Swept(Struct):
    """What a sweep found: the ids of its posts, whether it began at the top, and whether it came to its end."""

    ids: set[str]
    whole: bool = False
    ended: bool = False


class Reader:
    """Sweeps lists."""

    def __init__(self, desk: Desk, api: Api) -> None:
        self._desk, self._api = desk, api
        self._spare = 0

    def sweep(self, listing: Listing, place: Place, stop: Event) -> Generator[Batch, None, Swept]:
        """A batch a page, until the list is read, the allowance is used up or `stop` is set."""
        swept, again = Swept(set(), whole=not place.after), bool(place.done)
        deep, vain, any_news = place.deep or bool(place.after) or not again, 0, False
        for _ in range(PAGES):
            room = self._desk.room(listing.monitor)
            size = min(listing.size, room // listing.weight)
            self._spare = room - size * listing.weight
            if stop.is_set() or size < 1:
                return swept
            try:
                page = self._api.page(listing.path, place.after, limit=str(size), **listing.params)
            except StalePageError:
                place.after, place.deep, deep, swept.whole = "", True, True, False
                continue
            posts = self._desk.posts(page.data, listing)
            events = self._desk.handed(posts, listing, again=again)
            swept.ids.update(post.native_id for post in posts)
            place.after = page.after(bare=listing.bare)
            any_news = any_news or bool(events)
            vain = vain + 1 if self._is_vain(listing, posts, bool(events), deep=deep) else 0
            if not place.after or not page.data or vain >= VAIN or (vain and not deep and not any_news):
                place.after, place.deep, place.done = "", False, self._desk.now()
                swept.ended = True
                yield self._desk.batch(events)
                return swept
            yield self._desk.batch(events)
        return swept

    def rest(self, first: Listed | None, listing: Listing) -> list[Post]:
        """The posts of a list that came along in an item, and of its further pages as far as they are new.

        Further pages are read as far as the allowance goes beyond what the items themselves may hold.
        """
        if first is None:
            return []
        posts = list[Post]()
        last, after = self._desk.posts(first.data, listing), first.after()
        for _ in range(PAGES):
            posts += last
            size = min(listing.size, self._spare)
            if not after or not last or all(map(self._desk.is_known, last)):
                break
            if size < 1:
                self._desk.lost(last, listing.key, "budget")
                break
            try:
                page = self._api.page(listing.path, after, limit=str(size), **listing.params)
            except (GoneError, StalePageError):
                self._desk.lost(last, listing.key, "too_many")  # the list around it goes on
                break
            self._spare -= len(page.data)
            last, after = self._desk.posts(page.data, listing), page.after()
        else:
            posts += last
        return posts

    def _is_vain(self, listing: Listing, posts: list[Post], news: bool, *, deep: bool) -> bool:
        """Whether a page says that there is no use in going on: for a deep sweep only what is older than wanted."""
        if not deep:
            return not news
        return listing.reached() if listing.reached else not news and all(map(self._desk.is_old, posts))
