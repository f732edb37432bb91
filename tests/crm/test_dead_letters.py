"""Dead letters in the records keep what every store of them must."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm.records import dead_letters
from crm.records.columns import metadata
from crm.records.database import Records
from crm.records.dead_letters import RecordedDeadLetters
from tests.conformance.dead_letters import THEN, KeepingDeadLetters, letter


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    one = Records.connect(f"sqlite:///{tmp_path / 'records.sqlite'}")
    metadata.create_all(one.engine)
    yield one
    one.close()


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


def test_letters_of_another_workspace_can_not_be_thrown_away(records: Records, dead: RecordedDeadLetters) -> None:
    dead.add([letter(1), letter(2, workspace="w2")])
    with records.write() as tx:
        assert dead_letters.discard(tx, "w1", [letter(1).id, letter(2, workspace="w2").id]) == 1
    assert [one.workspace for one in dead.list()] == ["w2"]


def test_an_erased_post_leaves_no_letter(records: Records, dead: RecordedDeadLetters) -> None:
    dead.add([letter(1), letter(2)])
    with records.write() as tx:
        assert dead_letters.erase(tx, ["csv:1", "w1/csv:1"]) == 1
    assert [one.offset for one in dead.list()] == [2]
