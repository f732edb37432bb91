from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from crm import envelope
from crm.errors import InvalidInputError
from crm.policies.access import ForbiddenError
from crm.ports.dead import DeadLetter
from crm.records import audit, tombstones
from crm.records.dead_letters import RecordedDeadLetters
from crm.records.tables import cases, kept_posts
from crm.usecases.indexing import IndexSink
from crm.usecases.privacy import Privacy
from crm.words import ENRICHED, RemovedPost
from stream.sqlite import SQLiteLog
from tests.doubles.office import START, WORKSPACE, Office, actor, said

BOSS = actor("ines", "administrator")


@pytest.fixture
def log(tmp_path: Path, office: Office) -> Iterator[SQLiteLog]:
    one = SQLiteLog(tmp_path / "stream.sqlite", office.clock)
    yield one
    one.close()


@pytest.fixture
def privacy(office: Office, log: SQLiteLog) -> Privacy:
    return Privacy(office.records, office.index, log, office.vault, office.clock)


@pytest.fixture
def sink(office: Office) -> IndexSink:
    return IndexSink(office.records, office.index, office.clock)


def everywhere(office: Office, log: SQLiteLog, sink: IndexSink) -> None:
    """A thread of two people in every store: index, records, stream and dead letters."""
    posts = [
        said("p1", "zebra card does not work", at=0, who="did:mina"),
        said("p2", "same zebra here", at=1, who="did:kian", parent="p1", root="p1"),
        said("p3", "zebra still broken", at=2, who="did:mina", parent="p1", root="p1"),
    ]
    log.append(ENRICHED, [envelope.record(post) for post in posts])
    sink.write(posts)
    office.hear(*posts)
    letter = DeadLetter(
        "d1", ENRICHED, "index", 0, 1, posts[0].key, envelope.encode(posts[0]), "E", "no", START, 1, WORKSPACE
    )
    RecordedDeadLetters(office.records).add([letter])


def test_an_erased_author_is_gone_from_every_store(
    office: Office, log: SQLiteLog, privacy: Privacy, sink: IndexSink
) -> None:
    everywhere(office, log, sink)
    (receipt,) = privacy.erase_author(BOSS, "bluesky:did:mina")
    assert (receipt.posts, receipt.cases, receipt.stream_events, receipt.dead_letters) == (2, 1, 2, 1)
    left = office.index.get(BOSS.scope, ["bluesky:p1", "bluesky:p2", "bluesky:p3"])
    assert [one.post.key for one in left] == ["bluesky:p2"]
    with office.records.read() as tx:
        assert tx.execute(select(cases.c.id)).all() == []
        assert [row.author_key for row in tx.execute(select(kept_posts.c.author_key))] == ["bluesky:did:kian"]
    events = log.consumer(ENRICHED, "again").poll(10, 0)
    assert [event.key for event in events] == [f"{WORKSPACE}/bluesky:p2"]


def test_nothing_erased_comes_back_by_redelivery(
    office: Office, log: SQLiteLog, privacy: Privacy, sink: IndexSink
) -> None:
    everywhere(office, log, sink)
    privacy.erase_author(BOSS, "bluesky:did:mina")
    later = said("p9", "zebra again", at=60, who="did:mina", revision=9)
    sink.write([later, said("p1", who="did:mina", revision=9)])
    office.sink.write([later])
    assert office.index.get(BOSS.scope, ["bluesky:p1", "bluesky:p9"]) == []
    with office.records.read() as tx:
        assert tx.execute(select(cases.c.id)).all() == []


def test_one_post_can_be_erased_alone(office: Office, log: SQLiteLog, privacy: Privacy, sink: IndexSink) -> None:
    everywhere(office, log, sink)
    privacy.erase_post(BOSS, "bluesky:p2")
    left = office.index.get(BOSS.scope, ["bluesky:p1", "bluesky:p2", "bluesky:p3"])
    assert [one.post.key for one in left] == ["bluesky:p1", "bluesky:p3"]
    with office.records.read() as tx:
        assert len(tx.execute(select(cases.c.id)).all()) == 1


def test_a_receipt_is_signed(office: Office, log: SQLiteLog, privacy: Privacy, sink: IndexSink) -> None:
    everywhere(office, log, sink)
    (receipt,) = privacy.erase_post(BOSS, "bluesky:p2")
    assert privacy.verify(receipt)
    assert not privacy.verify(msgspec.structs.replace(receipt, posts=0))


def test_the_trail_names_nobody(office: Office, log: SQLiteLog, privacy: Privacy, sink: IndexSink) -> None:
    everywhere(office, log, sink)
    privacy.erase_author(BOSS, "bluesky:did:mina")
    with office.records.read() as tx:
        rows = audit.newest(tx, WORKSPACE)
        assert rows[0].action == "erase"
        assert rows[0].subject == tombstones.opaque(tx, WORKSPACE, "bluesky:did:mina")


def test_only_administrators_erase_and_keys_are_checked(privacy: Privacy) -> None:
    with pytest.raises(ForbiddenError):
        privacy.erase_post(actor("lena", "agent"), "bluesky:p1")
    with pytest.raises(InvalidInputError, match="not a key"):
        privacy.erase_author(BOSS, "mina")


def test_a_platforms_deletion_removes_and_keeps_away(office: Office, sink: IndexSink) -> None:
    post = said("p1")
    sink.write([post])
    sink.write(
        [RemovedPost(WORKSPACE, START, post_key="bluesky:p1"), RemovedPost(WORKSPACE, START, post_key="bluesky:p7")]
    )
    sink.write([said("p1", revision=5), said("p7")])
    assert office.index.get(BOSS.scope, ["bluesky:p1", "bluesky:p7"]) == []
    office.clock.advance(73 * 3600)
    with office.records.write() as tx:
        tombstones.expire(tx, office.clock.now())
    sink.write([said("p1", revision=6), said("p7", revision=6)])
    assert [one.post.key for one in office.index.get(BOSS.scope, ["bluesky:p1", "bluesky:p7"])] == ["bluesky:p7"]
