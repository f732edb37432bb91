"""The index sink: the one writer of the index, with the last word for deletions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from crm.ports.clock import Clock
from crm.ports.index import PostIndex, Scope
from crm.query.tree import Field
from crm.records import changes, erasure, tombstones
from crm.records.database import Records
from crm.usecases.removal import gone_for_good
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
        known = {post.post.author.key for post in posts} | {one for one in authors if self._has(scope, one)}
        lasting = authors & gone_for_good(removals)
        with self._records.write() as tx:
            known.update(erasure.kept_by(tx, workspace, authors).values())
            tombstones.bury(tx, workspace, keys & had, "post", "platform", now)
            tombstones.bury(tx, workspace, keys - had, "post", "platform", now, now + NEVER_HAD)
            lasting &= known
            tombstones.bury(tx, workspace, lasting, "author", "platform", now)
            tombstones.bury(tx, workspace, authors - lasting, "author", "platform", now, now + NEVER_HAD)
        if self._index.delete(workspace, list(keys), list(authors)):
            self._say(workspace)

    def _has(self, scope: Scope, author_key: str) -> bool:
        return bool(self._index.search(scope, Field("author", ":", author_key), limit=1).hits)

    def _store(self, workspace: str, posts: list[EnrichedPost]) -> None:
        gone = self._buried(workspace, posts)
        # A batch that comes again may have been written before and not cleaned, see below.
        changed = bool(gone) and self._index.delete(workspace, list(gone)) > 0
        kept = [post for post in posts if post.post.key not in gone]
        if kept:
            self._index.write(kept)
            # An erasure may have cleaned the index after we asked and before we wrote.
            late = self._buried(workspace, kept)
            if late:
                self._index.delete(workspace, list(late))
        if kept or changed:
            self._say(workspace)

    def _buried(self, workspace: str, posts: list[EnrichedPost]) -> set[str]:
        """Keys of those posts that must not be stored, for their own sake or their author's."""
        keys = {post.post.key for post in posts} | {post.post.author.key for post in posts}
        with self._records.read() as tx:
            buried = tombstones.buried(tx, workspace, keys)
        return {post.post.key for post in posts if {post.post.key, post.post.author.key} & buried}

    def _say(self, workspace: str) -> None:
        # Without a key: every session of the workspace hears this, and not everybody may know of every post.
        with self._records.write() as tx:
            changes.note(tx, workspace, "post", "", self._clock.now())
