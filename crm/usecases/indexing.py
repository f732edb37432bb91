"""The index sink: the one writer of the index, with the last word for deletions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from crm.ports.clock import Clock
from crm.ports.index import PostIndex, Scope
from crm.records import changes, tombstones
from crm.records.database import Records
from crm.words import EnrichedEvent, EnrichedPost, RemovedPost

NEVER_HAD = timedelta(hours=72)


class IndexSink:
    """Writes documents and carries out removals. See :class:`crm.ports.sink.Sink`."""

    def __init__(self, records: Records, index: PostIndex, clock: Clock) -> None:
        self._records, self._index, self._clock = records, index, clock

    def write(self, batch: Sequence[EnrichedEvent]) -> None:
        """Store what may be stored, in the order given; what a tombstone covers is left out."""
        for workspace in dict.fromkeys(event.workspace for event in batch):
            mine = [event for event in batch if event.workspace == workspace]
            removals = [event for event in mine if isinstance(event, RemovedPost)]
            posts = [event for event in mine if isinstance(event, EnrichedPost)]
            if removals:
                self._remove(workspace, removals, posts)
            self._store(workspace, posts)

    def _remove(self, workspace: str, removals: list[RemovedPost], posts: list[EnrichedPost]) -> None:
        keys = {event.post_key for event in removals if event.post_key}
        authors = {event.author_key for event in removals if event.author_key}
        scope, now = Scope(workspace, None, private=True), self._clock.now()
        had = {hit.post.key for hit in self._index.get(scope, list(keys))} | {post.post.key for post in posts}
        with self._records.write() as tx:
            tombstones.bury(tx, workspace, keys & had, "post", "platform", now)
            tombstones.bury(tx, workspace, keys - had, "post", "platform", now, now + NEVER_HAD)
            tombstones.bury(tx, workspace, authors, "author", "platform", now)
        if self._index.delete(workspace, list(keys), list(authors)):
            self._say(workspace, "removed")

    def _store(self, workspace: str, posts: list[EnrichedPost]) -> None:
        keys = {post.post.key for post in posts} | {post.post.author.key for post in posts}
        with self._records.read() as tx:
            buried = tombstones.buried(tx, workspace, keys)
        kept = [post for post in posts if not {post.post.key, post.post.author.key} & buried]
        if kept:
            self._index.write(kept)
            self._say(workspace, kept[-1].post.key)

    def _say(self, workspace: str, subject: str) -> None:
        with self._records.write() as tx:
            changes.note(tx, workspace, "post", subject, self._clock.now())
