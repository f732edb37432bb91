"""What migrations do to the files of replies and to answers of several posts, forth and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import select, text, update

from crm.records import migrate, reply_files, tables
from crm.records.database import Records
from tests.crm.usecases.test_inbox import case_id
from tests.crm.usecases.test_sending import worker
from tests.doubles.fixtures import Drawer
from tests.doubles.office import Office, actor, open_office, said
from tests.doubles.pictures import png

LENA = actor()
BEFORE_PLACES, BEFORE_PARTS = "0011", "0009"
LONG = " ".join(f"Sentence {number} of what we have to say." for number in range(20))


@pytest.fixture
def records(drawer: Drawer, tmp_path: Path) -> Iterator[Records]:
    with drawer.url(tmp_path) as url:
        one = Records.connect(url)
        migrate.upgrade(one, lambda: None)
        yield one
        one.close()


@pytest.fixture
def migrated(records: Records) -> Office:
    """A team at work, with one case, on tables that the migrations made."""
    office = open_office(records)
    office.hear(said("p1"))
    return office


def move(records: Records, step: Callable[[Config, str], None], version: str) -> None:
    with records.write() as tx:
        config = migrate.configuration()
        config.attributes["connection"] = tx
        step(config, version)


def test_files_that_shared_a_place_get_one_each(migrated: Office) -> None:
    records, case = migrated.records, case_id(migrated, "p1")
    files = []
    for name in ("a", "b", "c"):
        migrated.clock.advance(1)
        files.append(migrated.files.add(LENA, case, "reply", name, png()))
    move(records, command.downgrade, BEFORE_PLACES)
    with records.write() as tx:
        tx.execute(update(tables.reply_files).where(tables.reply_files.c.id != files[0].id).values(position=1))
    assert migrate.upgrade(records, lambda: None)
    with records.read() as tx:
        found = reply_files.of_replies(tx, [files[0].reply_id])[files[0].reply_id]
    assert [(one.position, one.name) for one in found] == [(1, "a"), (2, "b"), (3, "c")]
    records.check()


@pytest.mark.parametrize(("sent", "left"), [(0, ["draft"]), (1, ["sent"]), (2, ["sent", "sent"])])
def test_no_part_is_sent_by_itself_after_going_back(migrated: Office, sent: int, left: list[str]) -> None:
    records, case = migrated.records, case_id(migrated, "p1")
    migrated.replies.approve_and_send(LENA, case, "reply", LONG, "en", as_thread=True)
    migrated.clock.advance(8)
    worker(migrated).step(sent)
    move(records, command.downgrade, BEFORE_PARTS)
    with records.read() as tx:
        found = tx.execute(text("SELECT status, text FROM replies ORDER BY id")).all()
        waiting = tx.execute(select(tables.outbox.c.reply_id).where(tables.outbox.c.done_at.is_(None))).all()
    assert [row.status for row in found] == left + ["cancelled"] * (3 - len(left))
    assert (found[0].text == LONG) == (sent == 0)
    assert waiting == []
