from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, event, update

from crm.records import audit
from crm.records.database import Records
from crm.records.tables import audit as audit_table
from crm.records.tables import audit_details
from crm.usecases.trail import Trail
from tests.conformance.doubles import ManualClock
from tests.doubles.platform import PlainVault

KEY = b"k" * 32
NOW = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)


@pytest.fixture
def records(empty_records: Records) -> Records:
    with empty_records.write() as tx:
        for number in range(5):
            audit.append(tx, "w1", "u1", "assign", f"case{number}", NOW, to=f"u{number}")
    return empty_records


def test_rows_are_chained_once_and_the_chain_holds(records: Records) -> None:
    with records.write() as tx:
        assert audit.seal(tx, KEY) == 5
        assert audit.seal(tx, KEY) == 0
        found = audit.verify(tx, KEY)
    assert (found.rows, found.broken) == (5, None)
    assert found.head != audit.GENESIS


def test_more_rows_continue_the_chain(records: Records) -> None:
    with records.write() as tx:
        audit.seal(tx, KEY, limit=2)
        before = audit.head(tx)
        assert audit.seal(tx, KEY) == 3
        assert audit.head(tx) != before
        assert audit.verify(tx, KEY).rows == 5


@pytest.mark.sqlite
def test_a_sealer_with_nothing_to_do_takes_no_write_lock(records: Records) -> None:
    trail, said = Trail(records, PlainVault(), ManualClock()), list[str]()
    assert trail.seal() == 5
    event.listen(records.engine, "before_cursor_execute", lambda *asked: said.append(asked[2]))
    assert trail.seal() == 0
    assert "BEGIN" in said
    assert "BEGIN IMMEDIATE" not in said


@pytest.mark.parametrize("column", ["actor", "action", "subject", "commitment", "workspace"])
def test_a_changed_row_is_found(records: Records, column: str) -> None:
    with records.write() as tx:
        audit.seal(tx, KEY)
        tx.execute(update(audit_table).where(audit_table.c.id == 3).values({column: "other"}))
        broken = audit.verify(tx, KEY).broken
    assert broken is not None
    assert (broken.audit_id, broken.reason) == (3, "the row, or one before it, was changed")


def test_a_missing_row_and_changed_details_are_found(records: Records) -> None:
    with records.write() as tx:
        audit.seal(tx, KEY)
        tx.execute(update(audit_details).where(audit_details.c.audit_id == 4).values(detail={"to": "someone"}))
        broken = audit.verify(tx, KEY).broken
        assert broken is not None
        assert broken.reason == "its details were changed"
        tx.execute(delete(audit_table).where(audit_table.c.id == 2))
        broken = audit.verify(tx, KEY).broken
        assert broken is not None
        assert (broken.audit_id, broken.reason) == (2, "the row is missing")


def test_another_key_does_not_verify(records: Records) -> None:
    with records.write() as tx:
        audit.seal(tx, KEY)
        assert audit.verify(tx, b"x" * 32).broken is not None


def test_details_can_be_erased_without_breaking_the_chain(records: Records) -> None:
    with records.write() as tx:
        audit.seal(tx, KEY)
        assert audit.erase_details(tx, "w1", "case1") == 1
        assert audit.verify(tx, KEY).broken is None
        rows = {row.subject: row for row in audit.newest(tx, "w1")}
    assert rows["case1"].detail is None
    assert rows["case2"].detail == {"to": "u2"}
    assert rows["case1"].sealed


def test_pages_go_back_in_time(records: Records) -> None:
    with records.read() as tx:
        first = audit.newest(tx, "w1", limit=2)
        second = audit.newest(tx, "w1", before=first[-1].id, limit=2)
        assert audit.newest(tx, "another") == []
    assert [row.subject for row in [*first, *second]] == ["case4", "case3", "case2", "case1"]
