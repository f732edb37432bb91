"""Rows of a SQLite file that are not what was written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import insert, select, update

from crm.errors import StoreError
from crm.records import checksums, migrate, tables
from crm.records.database import Records

pytestmark = pytest.mark.sqlite
BEFORE_CHECKSUMS = "0005"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "records.sqlite"


@pytest.fixture
def records(file: Path) -> Iterator[Records]:
    one = Records.connect(f"sqlite:///{file}")
    yield one
    one.close()


def move(records: Records, step: Callable[[Config, str], None]) -> None:
    """Bring the tables up or down to the version before there were checksums."""
    with records.write() as tx:
        config = migrate.configuration()
        config.attributes["connection"] = tx
        step(config, BEFORE_CHECKSUMS)


def add_tag(records: Records, name: str) -> None:
    with records.write() as tx:
        tx.execute(insert(tables.tags).values(id=name, workspace="w", name=name))


def change_behind_its_back(file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("DROP TRIGGER checksum_tags_update")
        other.execute("UPDATE tags SET name = 'ارسل' WHERE id = 'ارسال'")
        other.commit()


def test_a_changed_row_is_named(records: Records, file: Path) -> None:
    migrate.upgrade(records, lambda: None)
    add_tag(records, "ارسال")
    records.check()
    change_behind_its_back(file)
    with pytest.raises(StoreError, match=r"changed rows in tags: 1.*restore"):
        records.check()


def test_rows_that_are_changed_by_us_stay_whole(records: Records) -> None:
    migrate.upgrade(records, lambda: None)
    add_tag(records, "ارسال")
    with records.write() as tx:
        changed = tx.execute(update(tables.tags).values(name="delivery"))
        assert changed.rowcount == 1
    records.check()
    with records.read() as tx:
        assert tx.execute(select(tables.tags.c.name)).scalars().all() == ["delivery"]


def test_rows_of_an_older_version_get_their_checksums(records: Records, file: Path) -> None:
    move(records, command.upgrade)
    add_tag(records, "ارسال")
    assert migrate.upgrade(records, lambda: None)
    records.check()
    change_behind_its_back(file)
    with pytest.raises(StoreError, match="changed rows"):
        records.check()


def test_going_back_leaves_a_file_that_the_older_version_can_write(records: Records, file: Path) -> None:
    migrate.upgrade(records, lambda: None)
    add_tag(records, "ارسال")
    move(records, command.downgrade)
    with closing(sqlite3.connect(file)) as plain:
        assert checksums.COLUMN not in [column[1] for column in plain.execute("PRAGMA table_info(tags)")]
        plain.execute("UPDATE tags SET name = 'x'")
