from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from crm import envelope
from crm.errors import InvalidInputError, RetryableError
from crm.policies.access import ForbiddenError
from crm.ports.dead import DeadLetter
from crm.records import audit, tombstones
from crm.records import kept_posts as kept_posts_of
from crm.records.columns import metadata
from crm.records.dead_letters import RecordedDeadLetters
from crm.records.tables import audit_details, cases, customers, identities, kept_posts, outbox, replies
from crm.usecases.customers import CustomerDraft
from crm.usecases.indexing import IndexSink
from crm.usecases.privacy import Privacy, read_receipts
from crm.usecases.sending import Sender
from crm.words import COLLECTED, ENRICHED, EnrichedPost, RemovedPost
from stream.sqlite import SQLiteLog
from tests.crm.usecases.test_inbox import case_id
from tests.doubles.memory_index import MemoryIndex
from tests.doubles.office import START, WORKSPACE, Office, actor, said

BOSS, LENA = actor("ines", "administrator"), actor()


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


def words_in(office: Office) -> str:
    """Everything that stands in any column of any table of the records, as one text."""
    found = []
    with office.records.read() as tx:
        for table in metadata.sorted_tables:
            for row in tx.execute(select(table)):
                found += [cell.decode(errors="replace") if isinstance(cell, bytes) else str(cell) for cell in row]
    return "\n".join(found).lower()


def thread_of_kian(office: Office) -> str:
    """A case of Kian's, in which Mina spoke last and was answered; returns its id."""
    office.hear(
        said("p1", "heron is late", at=0, who="did:kian"),
        said("p2", "zebra too", at=1, who="did:mina", parent="p1", root="p1"),
    )
    return case_id(office, "p2")


def test_the_post_that_opened_a_case_leaves_no_title(office: Office, privacy: Privacy) -> None:
    office.hear(
        said("p2", "zebra is late", at=0, parent="p1", root="p1"),
        said("p3", "and heron too", at=1, parent="p1", root="p1"),
    )
    assert "zebra" in words_in(office)
    privacy.erase_post(BOSS, "bluesky:p2")
    assert "zebra" not in words_in(office)
    with office.records.read() as tx:
        (title,) = tx.execute(select(cases.c.title)).scalars()
    assert title == "and heron too"


def test_somebody_elses_case_is_theirs_again(office: Office, privacy: Privacy) -> None:
    there = thread_of_kian(office)
    (receipt,) = privacy.erase_author(BOSS, "bluesky:did:mina")
    assert receipt.cases == 0
    with office.records.read() as tx:
        row = tx.execute(select(cases)).one()
    assert (row.id, row.title, row.preview) == (there, "heron is late", "heron is late")
    assert (row.author_key, row.author_name, row.post_key) == ("bluesky:did:kian", "Kian", "bluesky:p1")
    left = words_in(office)
    assert "zebra" not in left
    assert "mina" not in left


def test_a_case_of_somebody_else_outlives_the_root_of_its_thread(office: Office, privacy: Privacy) -> None:
    office.hear(said("p2", "heron is late", who="did:kian", parent="p1", root="p1"))
    privacy.erase_post(BOSS, "bluesky:p1")
    with office.records.read() as tx:
        assert tx.execute(select(cases.c.title)).scalars().all() == ["heron is late"]


def test_a_case_goes_with_its_last_post(office: Office, privacy: Privacy) -> None:
    office.hear(said("p2", "zebra", parent="p1", root="p1"))
    (receipt,) = privacy.erase_post(BOSS, "bluesky:p2")
    assert receipt.cases == 1
    with office.records.read() as tx:
        assert tx.execute(select(cases.c.id)).all() == []


def test_an_answer_to_an_erased_post_is_neither_read_nor_sent(office: Office, privacy: Privacy) -> None:
    there = thread_of_kian(office)
    office.replies.approve_and_send(LENA, there, "reply", "Dear Mina, sorry about the zebra", "en")
    privacy.erase_author(BOSS, "bluesky:did:mina")
    with office.records.read() as tx:
        assert [(row.text, row.status) for row in tx.execute(select(replies))] == [("", "cancelled")]
        assert tx.execute(select(outbox.c.key)).all() == []
        (erased,) = [row for row in audit.newest(tx, WORKSPACE) if row.action == "reply_approved"]
    assert erased.detail is None
    assert "dear mina" not in words_in(office)


def test_the_words_with_which_we_answered_go_too(office: Office, privacy: Privacy) -> None:
    there = thread_of_kian(office)
    office.replies.approve_and_send(LENA, there, "reply", "Dear Mina, sorry about the zebra", "en")
    office.clock.advance(8)
    Sender(office.records, {"bluesky": office.platform}, office.tokens, office.clock, "w1", lambda: 0.0).step()
    assert "dear mina" in words_in(office)
    privacy.erase_author(BOSS, "bluesky:did:mina")
    assert "dear mina" not in words_in(office)


def test_an_erased_customer_leaves_no_name(office: Office, privacy: Privacy) -> None:
    mina = office.customers.save(LENA, CustomerDraft("Zebra Mina", "mina@example.org"))
    office.customers.save(LENA, CustomerDraft("Zebra Mina II", "mina@example.org"), mina.id)
    office.customers.tie(LENA, "bluesky:did:mina", mina.id)
    office.hear(said("p1", "zebra"))
    office.replies.approve_and_send(LENA, case_id(office, "p1"), "reply", "Sorry about the zebra", "en")
    privacy.erase_customer(BOSS, mina.id)
    left = words_in(office)
    assert "zebra" not in left
    assert "mina" not in left
    with office.records.read() as tx:
        for table in (customers, identities, replies):
            assert tx.execute(select(table)).all() == []
        assert {row.action for row in audit.newest(tx, WORKSPACE)} >= {"reply_approved", "erase"}
        kept = {row.audit_id for row in tx.execute(select(audit_details))}
        assert kept == {row.id for row in audit.newest(tx, WORKSPACE) if row.action == "erase"}


def test_a_post_that_died_before_the_index_goes_with_its_author(office: Office, privacy: Privacy) -> None:
    died = said("p1", "zebra")
    letter = DeadLetter("d1", COLLECTED, "enrich", 0, 1, died.post.key, envelope.encode(died), "E", "no", START, 1)
    RecordedDeadLetters(office.records).add([letter])
    (receipt,) = privacy.erase_author(BOSS, "bluesky:did:mina")
    assert receipt.dead_letters == 1
    assert "zebra" not in words_in(office)


class Interrupted(MemoryIndex):
    """An index during whose next write somebody else finishes an erasure."""

    meanwhile: Callable[[], object] = list

    def write(self, documents: Sequence[EnrichedPost]) -> None:
        self.meanwhile()
        super().write(documents)


@pytest.mark.parametrize("erased", ["bluesky:p1", "bluesky:did:mina"])
def test_an_erasure_between_looking_and_writing_wins(office: Office, log: SQLiteLog, erased: str) -> None:
    index = Interrupted()
    privacy = Privacy(office.records, index, log, office.vault, office.clock)
    erase = privacy.erase_post if erased == "bluesky:p1" else privacy.erase_author
    index.meanwhile = lambda: erase(BOSS, erased)
    IndexSink(office.records, index, office.clock).write([said("p1", "zebra"), said("p2", who="did:kian")])
    assert [one.post.key for one in index.get(BOSS.scope, ["bluesky:p1", "bluesky:p2"])] == ["bluesky:p2"]


@pytest.mark.parametrize("sinks", ["both", "index"])
def test_only_authors_whom_we_had_stay_on_the_stop_list(office: Office, sink: IndexSink, sinks: str) -> None:
    sink.write([said("p1")])
    with office.records.write() as tx:
        kept_posts_of.keep(tx, [(said("p3", who="did:bita"), "bluesky:p3")])
    people = ["bluesky:did:mina", "bluesky:did:bita", "bluesky:did:stranger"]
    removed = [RemovedPost(WORKSPACE, START, author_key=key) for key in people]
    if sinks == "both":
        office.sink.write(removed)
    sink.write(removed)
    with office.records.write() as tx:
        assert tombstones.buried(tx, WORKSPACE, people) == set(people)
        tombstones.expire(tx, START + timedelta(hours=73))
        assert tombstones.buried(tx, WORKSPACE, people) == set(people[:2])


def test_a_receipt_stays_and_is_read_back_from_a_file(office: Office, privacy: Privacy) -> None:
    office.hear(said("p1", "zebra"))
    (receipt,) = privacy.erase_author(BOSS, "bluesky:did:mina")
    (row,) = privacy.erased(BOSS).rows
    assert (row.receipt, row.step, row.by) == (receipt, row.steps, "Ines")
    assert privacy.receipt(BOSS, row.id) == receipt
    text = msgspec.json.encode(receipt)
    for file in (text, b"[" + text + b"]", text + b"\n" + text + b"\n"):
        assert {privacy.verify(one) for one in read_receipts(file)} == {True}
    for file in (b"", b"{}", b"\xff", b'{"id": 1}'):
        with pytest.raises(InvalidInputError, match="no receipt"):
            read_receipts(file)


def test_an_erasure_that_was_cut_short_is_seen_and_finished_by_asking_again(office: Office, log: SQLiteLog) -> None:
    office.hear(said("p1", "zebra"))
    index = Stopping()
    index.write([said("p1", "zebra")])
    privacy = Privacy(office.records, index, log, office.vault, office.clock)
    with pytest.raises(RetryableError):
        privacy.erase_post(BOSS, "bluesky:p1")
    (row,) = privacy.erased(BOSS).rows
    assert (row.step, row.receipt) == (1, None)
    with pytest.raises(InvalidInputError, match="cut short"):
        privacy.receipt(BOSS, row.id)
    index.broken = False
    office.clock.advance(1)
    (receipt,) = privacy.erase_post(BOSS, "bluesky:p1")
    assert receipt.posts == 1
    assert [one.receipt is None for one in privacy.erased(BOSS).rows] == [False, True]


class Stopping(MemoryIndex):
    """An index that is busy as long as it is `broken`."""

    broken = True

    def delete(self, workspace: str, post_keys: Sequence[str] = (), author_keys: Sequence[str] = ()) -> int:
        if self.broken:
            raise RetryableError("The index is busy; try again.")
        return super().delete(workspace, post_keys, author_keys)


def test_several_go_at_once_and_nothing_named_is_said_so(office: Office, privacy: Privacy) -> None:
    office.hear(said("p1", "zebra"), said("p2", "heron", who="did:kian"))
    (receipt,) = privacy.erase(BOSS, posts=["bluesky:p1"], authors=["bluesky:did:kian"])
    assert (receipt.posts, len(receipt.subjects)) == (2, 2)
    with pytest.raises(InvalidInputError, match="Nothing was named"):
        privacy.erase(BOSS, customers=[" "])


class DayLog(SQLiteLog):
    """A log that keeps what it has for a day, as Kafka does."""

    def erase(self, keys: Collection[str]) -> int:
        return 0 * len(keys)


def test_the_receipt_says_when_the_streams_own_time_is_over(office: Office, tmp_path: Path) -> None:
    log = DayLog(tmp_path / "day.sqlite", office.clock)
    log.retention = timedelta(hours=24)
    privacy = Privacy(office.records, office.index, log, office.vault, office.clock)
    (receipt,) = privacy.erase_post(BOSS, "bluesky:p1")
    assert receipt.stream_until == office.clock.now() + timedelta(hours=24)
    assert privacy.verify(receipt)
    assert privacy.state(BOSS).kept.stream_hours == 24
    log.close()


def test_the_stop_list_in_numbers(office: Office, privacy: Privacy, sink: IndexSink) -> None:
    privacy.erase(BOSS, posts=["bluesky:p1", "bluesky:p2"], authors=["bluesky:did:mina"])
    sink.write([RemovedPost(WORKSPACE, START, post_key="bluesky:p7")])
    counted = {(one.kind, one.reason): one.count for one in privacy.state(BOSS).stopped}
    assert counted == {("post", "erased"): 2, ("author", "erased"): 1, ("post", "platform"): 1}
    office.clock.advance(73 * 3600)
    assert ("post", "platform") not in {(one.kind, one.reason) for one in privacy.state(BOSS).stopped}


def test_a_search_that_named_somebody_is_forgotten_too(office: Office, privacy: Privacy) -> None:
    with office.records.write() as tx:
        for query in ("author:bluesky:did:mina", "zebra"):
            audit.append(tx, WORKSPACE, "ines", "export", "posts", START, query=query)
    privacy.erase_author(BOSS, "bluesky:did:mina")
    with office.records.read() as tx:
        kept = [row.detail for row in audit.newest(tx, WORKSPACE) if row.action == "export"]
    assert kept == [{"query": "zebra"}, None]
