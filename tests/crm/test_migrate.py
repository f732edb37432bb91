from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, inspect, select

from crm.policies import blocking
from crm.records import acts, cases, checksums, customer_keys, migrate, tables
from crm.records.columns import metadata
from crm.records.database import Records
from tests.doubles.fixtures import Drawer


@pytest.fixture
def records(drawer: Drawer, tmp_path: Path) -> Iterator[Records]:
    with drawer.url(tmp_path) as url:
        one = Records.connect(url)
        yield one
        one.close()


def ours(item: object, name: str | None, kind: str, *others: object) -> bool:
    """Checksums are a matter of SQLite's files, which the tables of the code do not know of."""
    del item, others
    return not (kind == "column" and name == checksums.COLUMN)


def never() -> None:
    raise AssertionError("an empty database has nothing to back up")


def test_an_empty_database_gets_every_table_of_the_code(records: Records) -> None:
    assert migrate.current(records) is None
    assert migrate.upgrade(records, never)
    assert migrate.current(records) == migrate.newest()
    with records.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False, "include_object": ours})
        assert compare_metadata(context, metadata) == []


def test_the_newest_file_is_the_newest_migration() -> None:
    script = ScriptDirectory.from_config(migrate.configuration())
    assert script.get_current_head() == migrate.newest()
    assert {one.revision for one in script.walk_revisions()} == set(migrate.versions())


def test_customers_of_before_get_the_keys_of_likeness(records: Records) -> None:
    config = migrate.configuration()
    with records.write() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, "0013")
        tx.exec_driver_sql("INSERT INTO workspaces VALUES ('w1', 'W', 'UTC', 'en', 0, '[]', '{}', 0, 1, 0)")
        tx.exec_driver_sql(
            "INSERT INTO customers (id, workspace, name, vip, fields, made_up, created_at, updated_at) VALUES "
            "('c1', 'w1', 'Sara Ahmadi', false, '{\"link\": \"https://sara.example\"}', false, 0, 0)"
        )
        tx.exec_driver_sql(
            "INSERT INTO identities (id, workspace, customer_id, author_key, handle, evidence, detail, confidence, "
            "actor, at) VALUES ('i1', 'w1', 'c1', 'x:7', 'sara_a', 'person', '', 1, 'lena', 0)"
        )
    migrate.upgrade(records, lambda: None)
    with records.read() as tx:
        (known,) = customer_keys.known(tx, "w1", ["c1"])
        kept = set(tx.execute(select(tables.customer_keys.c.key)).scalars())
    assert (known.handles, known.link) == (("sara_a",), "https://sara.example")
    assert kept == blocking.customer_keys(known)


def test_migrating_twice_changes_nothing(records: Records) -> None:
    migrate.upgrade(records, never)
    assert not migrate.upgrade(records, never)


def test_data_of_a_newer_version_are_left_alone(records: Records) -> None:
    migrate.upgrade(records, never)
    with records.write() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(migrate.NewerDataError, match="newer"):
        migrate.upgrade(records, never)


def test_every_table_has_a_workspace() -> None:
    without = [name for name, table in metadata.tables.items() if "workspace" not in table.c and name != "workspaces"]
    assert without == []
    assert tables.workspaces.c.id is not None


def test_what_was_liked_before_knows_its_account(records: Records) -> None:
    migrate.upgrade(records, never)
    move(records, command.downgrade, "0011")
    with records.write() as tx:
        tx.exec_driver_sql(
            "INSERT INTO accounts (id, workspace, platform, base_url, handle, native_id, secret, state, created_at) "
            "VALUES ('a1', 'w1', 'bluesky', '', 'nanmah', 'did:own', '', 'connected', 0)"
        )
        for post, account in (("bluesky:1", "a1"), ("bluesky:2", "gone")):
            tx.exec_driver_sql(
                "INSERT INTO acts (workspace, post_key, act, account_id, actor, at) "
                f"VALUES ('w1', '{post}', 'like', '{account}', 'lena', 0)"
            )
    assert migrate.upgrade(records, lambda: None)
    with records.read() as tx:
        found = acts.of_posts(tx, "w1", ["bluesky:1", "bluesky:2"])
    assert [(one.native_id, one.changes) for one in found] == [("did:own", 1), ("", 1)]


def move(records: Records, step: Callable[..., None], to: str) -> None:
    config = migrate.configuration()
    with records.write() as tx:
        config.attributes["connection"] = tx
        step(config, to)


@pytest.mark.sqlite
def test_looking_for_ended_snoozes_reads_no_other_case(records: Records) -> None:
    migrate.upgrade(records, never)
    asked: list[tuple[str, object]] = []
    event.listen(records.engine, "before_cursor_execute", lambda *say: asked.append((say[2], say[3])))
    with records.read() as tx:
        assert cases.sleepers(tx, datetime(2026, 3, 21, 8, 0, tzinfo=UTC)) == []
        statement, parameters = next(one for one in asked if "snoozed_until" in one[0])
        plan = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()  # type: ignore[arg-type]
    assert "USING INDEX ix_cases_snoozed_until" in str(plan)


@pytest.mark.sqlite
def test_cursors_of_changes_are_never_used_again(records: Records) -> None:
    migrate.upgrade(records, never)
    with records.write() as tx:
        assert "changes" in inspect(tx).get_table_names()
        row = "INSERT INTO changes (workspace, kind, subject, at) VALUES ('w', 'case', 'x', 0)"
        first = tx.exec_driver_sql(row).lastrowid
        tx.exec_driver_sql("DELETE FROM changes")
        assert tx.exec_driver_sql(row).lastrowid == first + 1
