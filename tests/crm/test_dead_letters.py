"""Dead letters in the records keep what every store of them must."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec import structs
from sqlalchemy import event

from crm import envelope
from crm.ports.dead import DeadLetter
from crm.records import dead_letters, tombstones
from crm.records.database import Records
from crm.records.dead_letters import RecordedDeadLetters
from crm.words import EnrichedPost
from tests.conformance.dead_letters import THEN, KeepingDeadLetters, letter
from tests.doubles.office import said


@pytest.fixture
def records(empty_records: Records) -> Records:
    return empty_records


@pytest.fixture
def dead(records: Records) -> RecordedDeadLetters:
    return RecordedDeadLetters(records)


class TestRecordedDeadLetters(KeepingDeadLetters):
    pass


def test_those_that_wait_are_grouped_by_what_went_wrong(records: Records, dead: RecordedDeadLetters) -> None:
    dead.add([letter(n) for n in range(4)])
    dead.add([letter(9, workspace=None)])
    dead.add([letter(5, workspace="w2")])
    dead.mark_replayed([letter(0).id], THEN)
    with records.read() as tx:
        (group,) = dead_letters.waiting(tx, "w1")
        assert dead_letters.count_waiting(tx, "w1") == 4
    assert (group.posts, group.offset, group.first) == (4, 1, letter(1).failed_at)
    assert letter(5, workspace="w2").id not in group.ids


def test_grouping_reads_no_values(records: Records, dead: RecordedDeadLetters) -> None:
    dead.add([letter(1)])
    asked: list[str] = []
    event.listen(records.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    with records.read() as tx:
        assert dead_letters.waiting(tx, "w1")
    assert [text for text in asked if "dead_letters.value" in text] == []
    assert any("dead_letters.failed_at" in text for text in asked)
    assert dead.list()[0].value == letter(1).value != b""


def test_letters_of_another_workspace_can_not_be_thrown_away(records: Records, dead: RecordedDeadLetters) -> None:
    dead.add([letter(1), letter(2, workspace="w2")])
    with records.write() as tx:
        assert dead_letters.discard(tx, "w1", [letter(1).id, letter(2, workspace="w2").id]) == 1
    assert [one.workspace for one in dead.list()] == ["w2"]


def test_an_erased_post_leaves_no_letter(records: Records, dead: RecordedDeadLetters) -> None:
    dead.add([letter(1), letter(2)])
    with records.write() as tx:
        assert dead_letters.erase(tx, "w1", ["csv:1"]) == 1
    assert [one.offset for one in dead.list()] == [2]


def carrying(offset: int, post: EnrichedPost) -> DeadLetter:
    return structs.replace(letter(offset, value=envelope.encode(post)), key=post.key)


def test_an_erased_author_leaves_no_letter(records: Records, dead: RecordedDeadLetters) -> None:
    newer = envelope.encode(said("p3")).replace(b'"schema":1', b'"schema":9')
    torn = envelope.encode(said("p4"))[:-5]
    seen = carrying(5, said("p1", who="did:kian"))
    dead.add([carrying(1, said("p1")), letter(2, value=newer), letter(3, value=torn), letter(4), seen])
    with records.write() as tx:
        assert dead_letters.erase(tx, "w1", [], ["bluesky:did:mina"]) == 3
    assert [one.offset for one in dead.list()] == [5, 4]


def test_a_key_that_is_too_long_for_its_column_is_found(records: Records, dead: RecordedDeadLetters) -> None:
    long = "web:" + "a" * 500
    dead.add([structs.replace(letter(1), key=f"w1/{long}")])
    with records.write() as tx:
        assert dead_letters.erase(tx, "w1", [long]) == 1


def test_what_dies_after_its_erasure_is_not_kept(records: Records, dead: RecordedDeadLetters) -> None:
    with records.write() as tx:
        tombstones.bury(tx, "w1", ["bluesky:did:mina"], "author", "erased", THEN)
    dead.add([carrying(1, said("p1")), carrying(2, said("p2", who="did:kian"))])
    assert [one.offset for one in dead.list()] == [2]


def test_letters_that_a_tombstone_covers_go(records: Records, dead: RecordedDeadLetters) -> None:
    dead.add([carrying(1, said("p1")), carrying(2, said("p2", who="did:kian")), letter(3)])
    with records.write() as tx:
        tombstones.bury(tx, "w1", ["bluesky:did:mina"], "author", "erased", THEN)
        assert dead_letters.erase_buried(tx, "w1") == 1
    assert [one.offset for one in dead.list()] == [3, 2]


def test_replayed_letters_expire(records: Records, dead: RecordedDeadLetters) -> None:
    dead.add([letter(1), letter(2)])
    dead.mark_replayed([letter(1).id], THEN)
    with records.write() as tx:
        assert dead_letters.expire(tx, THEN + timedelta(days=30)) == 0
        assert dead_letters.expire(tx, THEN + timedelta(days=31)) == 1
    assert [one.offset for one in dead.list()] == [2]
