"""What migrations do to the files of replies and to answers of several posts, forth and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import update

from crm.records import migrate, reply_files, tables
from crm.records.database import Records
from tests.crm.usecases.test_inbox import case_id
from tests.doubles.fixtures import Drawer
from tests.doubles.office import Office, actor, open_office, said
from tests.doubles.pictures import png

LENA = actor()
BEFORE_PLACES = "0011"


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
