"""The index: where posts are searched, counted and compared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from crm.query.tree import Node
from crm.words import EnrichedPost

Order = Literal["newest", "oldest", "relevance"]
Dimension = Literal[
    "day", "hour", "hour_of_week", "sentiment", "platform", "language", "monitor", "urgency", "author", "text"
]


class Scope(Struct, frozen=True):
    """Whose posts may be read. Every read needs one; it is resolved on the server.

    `monitors` None means all of the workspace; a tuple limits reads to posts that match at
    least one of these monitor ids. `private` lets direct messages through.
    """

    workspace: str
    monitors: tuple[str, ...] | None = None
    private: bool = False


class Page(Struct, frozen=True):
    """Hits of a search, in order, and the cursor of the next page (None at the end)."""

    hits: tuple[EnrichedPost, ...]
    cursor: str | None


class Bucket(Struct, frozen=True):
    """One row of a count: `keys` has a string per dimension asked, in that order.

    A day is ``YYYY-MM-DD`` and an hour ``YYYY-MM-DDTHH`` in the zone asked for; hour_of_week is
    ``D-HH`` with D from 0 (Saturday) to 6 (Friday). An abstained label is the empty string.
    """

    keys: tuple[str, ...]
    posts: int


class PostIndex(Protocol):
    """Documents of all workspaces, each written whole by one writer and versioned.

    Reads see what `write` of the same object returned from; those of another object or process see it at once in an
    embedded index, and within a second on a server. Private posts and posts outside of the scope are
    never returned or counted. Safe to share between threads.
    Errors: RetryableError (busy, out of reach; RateLimitedError where a server says for how long), AuthorisationError
    (a server refuses the credentials), StoreError (disk full, damaged, made by something else).
    """

    def write(self, documents: Sequence[EnrichedPost]) -> None:
        """Store documents durably. Under the same key the greater or equal version wins.

        Redelivery and reordering change nothing. A document whose key was deleted with a
        tombstone newer than its version is the caller's business: the index keeps no tombstones.
        """
        ...

    def delete(self, workspace: str, post_keys: Sequence[str] = (), author_keys: Sequence[str] = ()) -> int:
        """Remove these posts and everything of these authors, physically; returns how many went.

        No read finds them when it returns. An embedded index has them off the disk by then, a server when
        :meth:`Upkeep.purge` was asked for it a minute later.
        """
        ...

    def search(
        self, scope: Scope, query: Node, order: Order = "newest", limit: int = 50, cursor: str | None = None
    ) -> Page:
        """At most `limit` (1 to 1000) hits. `oldest` orders by posted_at, then key; `newest` is its exact reverse.

        Follow `cursor` for more; a page never repeats a hit while nothing is written. On a server, pages of 500 and
        more are of one moment, whatever is written meanwhile, if each is asked for within two minutes of the last.
        `relevance` is BM25; how many hits are ranked, and thus who is far down the list, is the adapter's.
        Raises InvalidInputError for a cursor of another search.
        """
        ...

    def count(
        self, scope: Scope, query: Node, by: Sequence[Dimension] = (), zone: str = "UTC", limit: int | None = None
    ) -> list[Bucket]:
        """How many posts match, split by up to three dimensions; without any, one bucket with no keys.

        `monitor` puts a post in the bucket of each monitor it matches, within the scope's. `text` stands alone and
        puts near-copies together, a post in the bucket of each of its :func:`crm.ports.likeness.seeds`; buckets of a
        single post are left out, and so may be, on a server, those that are none of the 10,000 largest of a month.
        There are at most 10,000 of them. Buckets of time come in
        order of time, all others by falling count; `limit` keeps the largest. Empty buckets are left out.
        """
        ...

    def get(self, scope: Scope, post_keys: Sequence[str]) -> list[EnrichedPost]:
        """Those of the named posts that are there and in scope, in the order asked."""
        ...

    def thread(self, scope: Scope, thread_keys: Sequence[str], limit: int = 500) -> list[EnrichedPost]:
        """All posts of these threads, oldest first, without regard to the scope's monitors."""
        ...

    def close(self) -> None:
        """Release files and connections."""
        ...


class Upkeep(Protocol):
    """What an index throws away by itself; the housekeeping asks for it every hour."""

    def purge(self) -> None:
        """Take off the disk what deleted posts have left there. Cheap where nothing was deleted since.

        Errors are those of :class:`PostIndex`.
        """
        ...

    def expire(self, before: datetime) -> int:
        """Remove the posts of all months (UTC) that ended by `before`, physically; returns how many went.

        Posts of implausible dates, before 2000 and after 2099, are kept; so is what cases hold in the records.
        A post's month is that of its date; where an adapter fixes it at first sight, as Elasticsearch's does, a post
        whose date was corrected goes with the month that it was first seen in.
        Errors are those of :class:`PostIndex`.
        """
        ...


class Span(Struct, frozen=True):
    """A half-open span of time: `since` ≤ posted_at < `until`."""

    since: datetime
    until: datetime
