"""Our own posts of the last days, and the posts that quote them.

X's search does not find who quotes a post without naming its account, so the quotations of each of our posts are asked
for when their number has grown. A person may answer them on X, since they quote us.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from threading import Event

import msgspec

from collectors.errors import NormaliseError
from collectors.x.api import LEAST_MENTIONS, LEAST_SEARCHED, PAGE, Api, StalePageError
from collectors.x.cursor import Quoting
from collectors.x.desk import Desk
from collectors.x.normalise import SITE, id_at
from collectors.x.raw import Page, read_post
from crm.ports.clock import Clock
from crm.ports.source import Batch
from crm.words import Post

DAYS = timedelta(days=7)
MOST_PAGES = 5
"""Pages of quotations of one post and look."""
VAIN = 2
"""Pages in a row without anything new: newer ones may have come as mentions."""


class Quotes:
    """Looks at the account's newest posts and asks who quotes them."""

    def __init__(self, desk: Desk, api: Api, clock: Clock, me: str, handle: str) -> None:
        self._desk, self._api, self._clock = desk, api, clock
        self._me, self._handle = me, handle

    def look(self, stop: Event) -> Iterator[Batch]:
        """A batch of our own posts, then one for each page of new quotations."""
        size = min(PAGE, self._desk.ledger.room(""))
        if size < LEAST_MENTIONS:
            return
        page = self._api.own(self._me, size, id_at(self._clock.now() - DAYS))
        counts = dict(self._counted(page))
        self._desk.ledger.charge("", counts)
        known = self._desk.cursor.quotes
        begun = self._desk.cursor.quoting
        self._desk.cursor.quotes = {one: known[one] for one in counts if one in known}
        self._desk.cursor.quoting = {one: begun[one] for one in counts if one in begun}
        yield self._desk.batch(self._desk.posts(page, "own", ""))
        for native, count in counts.items():
            if (count > known.get(native, 0) or native in begun) and not stop.is_set():
                yield from self._of(native, count)

    def _of(self, native: str, count: int) -> Iterator[Batch]:
        """The quotations of one post, the newest first, back to those that are known, from where a sweep broke off."""
        cursor, vain = self._desk.cursor, 0
        place = cursor.quoting.get(native) or Quoting(count)
        for _ in range(MOST_PAGES):
            size = min(PAGE, self._desk.ledger.room(""))
            if size < LEAST_SEARCHED:
                return
            try:
                page = self._api.quotes(native, size, place.token)
            except StalePageError:
                cursor.quoting[native] = Quoting(count, deep=True)
                return
            self._desk.ledger.charge("", [one for one, _ in self._counted(page)])
            events = self._desk.posts(page, f"quotes of {native}", "", lambda post: self._linked(post, native),
                                      "addressed")  # fmt: skip
            place.token = page.meta.next_token or ""
            vain = 0 if events or place.deep else vain + 1
            if not place.token or vain == VAIN:
                cursor.quoting.pop(native, None)
                cursor.quotes[native] = place.count
                yield self._desk.batch(events)
                return
            cursor.quoting[native] = place
            yield self._desk.batch(events)

    def _linked(self, post: Post, native: str) -> Post:
        """The post with a link to ours, by which others see whom it quotes."""
        if any(link.partition("?")[0].endswith(f"/status/{native}") for link in post.links):
            return post
        return msgspec.structs.replace(post, links=(*post.links, f"{SITE}/{self._handle}/status/{native}"))

    def _counted(self, page: Page) -> Iterator[tuple[str, int]]:
        """The posts of a page with how often they are quoted; what can't be read is named by whoever reads it."""
        for raw in page.data:
            try:
                post = read_post(raw)
            except NormaliseError:
                continue
            yield post.id, (post.public_metrics.quote_count if post.public_metrics else None) or 0
