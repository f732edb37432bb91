"""An index in a dict, with the in-memory matcher as its judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from crm.ports.index import Bucket, Dimension, Order, Page, Scope
from crm.query import Subject, compile_matcher
from crm.query.tree import Node
from crm.words import EnrichedPost


class MemoryIndex:
    """Everything a use case asks of an index, for a handful of posts."""

    def __init__(self, documents: Sequence[EnrichedPost] = ()) -> None:
        self._documents: dict[str, EnrichedPost] = {}
        self.write(documents)

    def write(self, documents: Sequence[EnrichedPost]) -> None:
        for document in documents:
            there = self._documents.get(document.key)
            if there is None or document.version >= there.version:
                self._documents[document.key] = document

    def delete(self, workspace: str, post_keys: Sequence[str] = (), author_keys: Sequence[str] = ()) -> int:
        gone = [
            key
            for key, document in self._documents.items()
            if document.workspace == workspace
            and (document.post.key in post_keys or document.post.author.key in author_keys)
        ]
        for key in gone:
            del self._documents[key]
        return len(gone)

    def search(
        self, scope: Scope, query: Node, order: Order = "newest", limit: int = 50, cursor: str | None = None
    ) -> Page:
        matches = compile_matcher(query)
        hits = [one for one in self._visible(scope) if matches(Subject.of(one))]
        hits.sort(key=lambda one: (one.post.posted_at, one.post.key), reverse=order != "oldest")
        start = int(cursor or 0)
        return Page(tuple(hits[start : start + limit]), str(start + limit) if len(hits) > start + limit else None)

    def count(
        self, scope: Scope, query: Node, by: Sequence[Dimension] = (), zone: str = "UTC", limit: int | None = None
    ) -> list[Bucket]:
        matches = compile_matcher(query)
        hits = [one for one in self._visible(scope) if matches(Subject.of(one))]
        counted = Counter(tuple(_value(one, dimension, zone) for dimension in by) for one in hits)
        return [Bucket(keys, posts) for keys, posts in sorted(counted.items())][:limit]

    def get(self, scope: Scope, post_keys: Sequence[str]) -> list[EnrichedPost]:
        there = {one.post.key: one for one in self._visible(scope)}
        return [there[key] for key in post_keys if key in there]

    def thread(self, scope: Scope, thread_keys: Sequence[str], limit: int = 500) -> list[EnrichedPost]:
        wide = Scope(scope.workspace, None, scope.private)
        found = [one for one in self._visible(wide) if one.thread_key in thread_keys]
        return sorted(found, key=lambda one: (one.post.posted_at, one.post.key))[:limit]

    def close(self) -> None:
        self._documents.clear()

    def _visible(self, scope: Scope) -> list[EnrichedPost]:
        return [
            one
            for one in self._documents.values()
            if one.workspace == scope.workspace
            and (scope.private or not one.post.private)
            and (scope.monitors is None or set(scope.monitors) & set(one.monitors))
        ]


def _value(document: EnrichedPost, dimension: Dimension, zone: str) -> str:
    if dimension == "day":
        return document.post.posted_at.astimezone(ZoneInfo(zone)).date().isoformat()
    if dimension == "sentiment":
        return document.sentiment.value or ""
    if dimension == "platform":
        return document.post.platform
    raise NotImplementedError(dimension)
