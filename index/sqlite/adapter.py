"""The port of the index, kept by one SQLite file."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

import apsw

from crm.ports.index import Bucket, Dimension, Order, Page, Scope
from crm.query.tree import Field, Node, Or
from crm.words import EnrichedPost
from index.cursor import fingerprint, read_cursor, write_cursor
from index.limits import check_dimensions, check_limit
from index.moments import FIRST_DAY, microseconds, month_start
from index.order import in_order
from index.sqlite.compile import compile_query
from index.sqlite.copies import Asked
from index.sqlite.count import count_posts
from index.sqlite.documents import read_documents
from index.sqlite.facets import author_facet, digest
from index.sqlite.files import Files
from index.sqlite.kinds import Kind, Numbers, kinds_of, workspace_id
from index.sqlite.kindtest import in_scope
from index.sqlite.relevance import ranked
from index.sqlite.schema import first_docid
from index.sqlite.search import Mark, hits_in_time
from index.sqlite.write import COLUMNS, Stored, erase, find, store

EXPIRED_AT_ONCE = 5000


class SQLiteIndex:
    """:class:`crm.ports.index.PostIndex` over one file that is made where it is missing.

    `busy_seconds` is how long to wait while another process writes, `max_pages` a limit to the
    file's size in pages of 8 KiB.
    Raises StoreError if the file can't be opened, is damaged or belongs to something else.
    """

    def __init__(self, path: Path, busy_seconds: float = 10.0, max_pages: int | None = None) -> None:
        self._files = Files(path, busy_seconds, max_pages)
        self._numbers = Numbers()
        self._kinds: dict[int, dict[int, Kind]] = {}
        self._kinds_lock = threading.Lock()

    def write(self, documents: Sequence[EnrichedPost]) -> None:
        """Store documents in one durable transaction."""
        if not documents:
            return
        try:
            with self._files.writing() as db:
                store(db, self._numbers, documents)
        except BaseException:
            self._numbers.forget()
            raise

    def delete(self, workspace: str, post_keys: Sequence[str] = (), author_keys: Sequence[str] = ()) -> int:
        """Remove posts and everything of authors; the bytes go from the file and its log too."""
        with self._files.writing() as db:
            number = workspace_id(db, workspace)
            if number is None:
                return 0
            gone = {stored.docid: stored for stored in find(db, [(number, key) for key in post_keys]).values()}
            for author_key in author_keys:
                gone |= _posts_of(db, number, author_key)
            erase(db, list(gone.values()))
        if gone:
            self._files.scrub()
        return len(gone)

    def search(
        self, scope: Scope, query: Node, order: Order = "newest", limit: int = 50, cursor: str | None = None
    ) -> Page:
        """A page of hits; `relevance` ranks a bounded number of candidates, see :mod:`index.sqlite.relevance`."""
        check_limit(limit)
        search = fingerprint(scope, query, order)
        after = read_cursor(cursor, search, Mark)
        with self._files.reading() as db:
            workspace = workspace_id(db, scope.workspace)
            if workspace is None:
                return Page((), None)
            if order == "relevance":
                start = after.moment if after else 0
                best = ranked(db, query, lambda node: compile_query(db, node, scope, workspace))
                hits, more = best[start : start + limit], len(best) > start + limit
                mark = Mark(search, start + limit)
            else:
                found = hits_in_time(db, compile_query(db, query, scope, workspace), order == "newest", after)
                hits = list(islice(found, limit))
                more = next(found, None) is not None
                mark = Mark(search, hits[-1].moment, hits[-1].key) if hits else Mark(search, 0)
            documents = read_documents(db, [hit.docid for hit in hits])
        return Page(tuple(documents), write_cursor(mark) if more else None)

    def count(
        self, scope: Scope, query: Node, by: Sequence[Dimension] = (), zone: str = "UTC", limit: int | None = None
    ) -> list[Bucket]:
        """Counts, exact however many posts there are."""
        check_dimensions(by)
        with self._files.reading() as db:
            workspace = workspace_id(db, scope.workspace)
            if workspace is None:
                return []
            asked = Asked(scope, query, by, zone, limit, workspace)
            return in_order(count_posts(db, asked, self._kinds_of(db, workspace)), by)

    def get(self, scope: Scope, post_keys: Sequence[str]) -> list[EnrichedPost]:
        """Posts by key."""
        with self._files.reading() as db:
            workspace = workspace_id(db, scope.workspace)
            if workspace is None:
                return []
            kinds = self._kinds_of(db, workspace)
            found = find(db, [(workspace, key) for key in dict.fromkeys(post_keys)])
            return read_documents(db, [post.docid for post in found.values() if in_scope(scope, kinds[post.kind])])

    def thread(self, scope: Scope, thread_keys: Sequence[str], limit: int = 500) -> list[EnrichedPost]:
        """Conversations, oldest first."""
        check_limit(limit)
        everyone = Scope(scope.workspace, None, scope.private)
        query = Or(tuple(Field("thread", ":", key) for key in thread_keys))
        return list(self.search(everyone, query, "oldest", limit).hits)

    def purge(self) -> None:
        """Empty the write-ahead log; `delete` has cleared the file itself."""
        self._files.scrub()

    def expire(self, before: datetime) -> int:
        """Remove the months that ended by then, a few thousand posts at a time."""
        first, last = (microseconds(moment) // 1_000_000 for moment in (FIRST_DAY, month_start(before)))
        gone = 0
        while True:
            with self._files.writing() as db:
                rows = db.execute(
                    f"SELECT {COLUMNS} FROM post WHERE docid >= ? AND docid < ? LIMIT {EXPIRED_AT_ONCE}",
                    (first_docid(first), first_docid(last)),
                )
                posts = [Stored(*row) for row in rows]
                if posts:
                    erase(db, posts)
            if not posts:
                break
            gone += len(posts)
        if gone:
            self._files.scrub()
        return gone

    def check(self) -> None:
        """See :class:`crm.ports.checked.Checkable`."""
        self._files.check()

    def close(self) -> None:
        """Close the file."""
        self._files.close()

    def _kinds_of(self, db: apsw.Connection, workspace: int) -> dict[int, Kind]:
        """The kinds that this transaction sees; kinds are only ever added."""
        with self._kinds_lock:
            known = self._kinds.get(workspace, {})
            new = dict(kinds_of(db, workspace, after=max(known, default=0)))
            if new:
                known = self._kinds[workspace] = known | new
            return known


def _posts_of(db: apsw.Connection, workspace: int, author_key: str) -> dict[int, Stored]:
    author = digest(author_key)
    rows = db.execute(
        f"SELECT {COLUMNS} FROM body CROSS JOIN post ON docid = body.rowid WHERE body MATCH ? AND workspace = ?",
        (f'"{author_facet(author)}"', workspace),
    )
    found = {row[0]: Stored(*row) for row in rows}
    documents = read_documents(db, found)
    # Two keys could share a digest; what is erased for good is compared in full.
    return {d: found[d] for d, document in zip(found, documents, strict=True) if document.post.author.key == author_key}
