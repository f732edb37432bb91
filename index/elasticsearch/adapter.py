"""The port of the index, kept by Elasticsearch."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import datetime

from elasticsearch import Elasticsearch

from crm.ports.index import Bucket, Dimension, Order, Page, Scope
from crm.query.tree import Node
from crm.words import EnrichedPost
from index.cursor import fingerprint, read_cursor, write_cursor
from index.elasticsearch.address import Address
from index.elasticsearch.count import count_posts
from index.elasticsearch.erase import erase, expire, purge
from index.elasticsearch.rows import term
from index.elasticsearch.search import Mark, by_terms, page
from index.elasticsearch.server import Server
from index.elasticsearch.template import prepare
from index.elasticsearch.unseen import Unseen, refresh
from index.elasticsearch.write import Sleep, write
from index.limits import check_dimensions, check_limit
from index.order import in_order

_AT_ONCE = 1000


class ElasticsearchIndex:
    """:class:`crm.ports.index.PostIndex` over a cluster; what it needs there is made before the first write.

    Reads of this object see what its `write` returned from; those of other processes do within a second.
    """

    def __init__(self, client: Elasticsearch, address: Address, sleep: Sleep = time.sleep) -> None:
        self._server = Server(client, address)
        self._unseen = Unseen(self._server)
        self._sleep = sleep
        self._preparing = threading.Lock()
        self._prepared = False

    def write(self, documents: Sequence[EnrichedPost]) -> None:
        """Store documents; each is acknowledged when its shard and the copies of it have it on disk."""
        if not documents:
            return
        self._prepare()
        write(self._server, self._unseen, documents, self._sleep)

    def delete(self, workspace: str, post_keys: Sequence[str] = (), author_keys: Sequence[str] = ()) -> int:
        """Remove posts and everything of authors; their bytes leave the disk with `purge`."""
        refresh(self._server)
        gone = erase(self._server, workspace, list(dict.fromkeys(post_keys)), list(dict.fromkeys(author_keys)))
        self._unseen.forget(gone)
        return len(set(gone))

    def search(
        self, scope: Scope, query: Node, order: Order = "newest", limit: int = 50, cursor: str | None = None
    ) -> Page:
        """A page of hits; `relevance` is BM25 over all of them, with the statistics of every month together."""
        check_limit(limit)
        search = fingerprint(scope, query, order)
        after = read_cursor(cursor, search, Mark)
        self._unseen.refresh()
        documents, mark = page(self._server, scope, query, order, limit, search, after)
        return Page(tuple(documents), write_cursor(mark) if mark else None)

    def count(
        self, scope: Scope, query: Node, by: Sequence[Dimension] = (), zone: str = "UTC", limit: int | None = None
    ) -> list[Bucket]:
        """Counts, exact however many posts and shards there are."""
        check_dimensions(by)
        self._unseen.refresh()
        return in_order(count_posts(self._server, scope, query, by, zone, limit), by)

    def get(self, scope: Scope, post_keys: Sequence[str]) -> list[EnrichedPost]:
        """Posts by key."""
        self._unseen.refresh()
        keys = list(dict.fromkeys(post_keys))
        found: dict[str, EnrichedPost] = {}
        for start in range(0, len(keys), _AT_ONCE):
            wanted = [term(key) for key in keys[start : start + _AT_ONCE]]
            found |= {one.post.key: one for one in by_terms(self._server, scope, "key", wanted, _AT_ONCE)}
        return [found[key] for key in keys if key in found]

    def thread(self, scope: Scope, thread_keys: Sequence[str], limit: int = 500) -> list[EnrichedPost]:
        """Conversations, oldest first."""
        check_limit(limit)
        self._unseen.refresh()
        everyone = Scope(scope.workspace, None, scope.private)
        return by_terms(self._server, everyone, "thread", [term(key) for key in thread_keys], limit)

    def purge(self) -> None:
        """Merge the months that posts were deleted from, until nothing of these is on the disk."""
        purge(self._server)

    def expire(self, before: datetime) -> int:
        """Drop the months that ended by then."""
        refresh(self._server)
        return expire(self._server, before)

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    def _prepare(self) -> None:
        with self._preparing:
            if not self._prepared:
                prepare(self._server)
                # What another process wrote just before it ended must be found, lest it be written to a second month.
                refresh(self._server)
                self._prepared = True
