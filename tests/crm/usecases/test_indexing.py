"""The index sink: what it tells the console, and that an erasure has the last word."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from crm.errors import RetryableError
from crm.ports.index import Scope
from crm.records import changes, tombstones
from crm.usecases.indexing import IndexSink
from crm.words import EnrichedPost, RemovedPost
from tests.doubles.memory_index import MemoryIndex
from tests.doubles.office import START, WORKSPACE, Office, said


def test_a_signal_of_posts_names_none_of_them(office: Office) -> None:
    sink = IndexSink(office.records, office.index, office.clock)
    sink.write([said("secret", private=True)])
    sink.write([RemovedPost(WORKSPACE, START, "bluesky:secret", None)])
    with office.records.read() as tx:
        assert {(one.kind, one.subject) for one in changes.since(tx, 0)} == {("post", "")}


class Overtaken(MemoryIndex):
    """Somebody else comes before each write; when it is done the index can't be reached until it is back."""

    def __init__(self, first: Callable[[], None]) -> None:
        self._first, self.lost = first, False
        super().__init__()

    def write(self, documents: Sequence[EnrichedPost]) -> None:
        if documents:
            self._first()
            self.lost = True
        super().write(documents)

    def delete(self, workspace: str, post_keys: Sequence[str] = (), author_keys: Sequence[str] = ()) -> int:
        if self.lost:
            raise RetryableError("The index can't be reached.")
        return super().delete(workspace, post_keys, author_keys)


def test_what_an_erasure_overtook_is_gone_when_the_batch_comes_again(office: Office) -> None:
    def erase() -> None:  # it finds nothing in the index
        with office.records.write() as tx:
            tombstones.bury(tx, WORKSPACE, ["bluesky:secret"], "post", "erased", START)

    index = Overtaken(erase)
    sink, batch = IndexSink(office.records, index, office.clock), [said("secret"), said("other")]
    with pytest.raises(RetryableError):
        sink.write(batch)
    index.lost = False
    sink.write(batch)
    assert [one.post.key for one in index.get(Scope(WORKSPACE), [one.post.key for one in batch])] == ["bluesky:other"]


def test_a_deletion_of_what_a_batch_left_behind_is_told(office: Office) -> None:
    sink = IndexSink(office.records, office.index, office.clock)
    office.index.write([said("secret")])
    with office.records.write() as tx:
        tombstones.bury(tx, WORKSPACE, ["bluesky:secret"], "post", "erased", START)
        before = changes.newest(tx)
    for told in (1, 0):
        sink.write([said("secret")])
        with office.records.read() as tx:
            found, before = changes.since(tx, before), changes.newest(tx)
        assert len(found) == told
