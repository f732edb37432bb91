"""What the records promise on a real PostgreSQL server beyond what they promise anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import event, inspect, text
from sqlalchemy.engine import make_url

from crm.errors import (
    AuthorisationError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    RetryableError,
    StoreError,
)
from crm.records import changes, customers, desk, migrate, roles, sources, tables, tombstones, workspaces
from crm.records.customers import Customer
from crm.records.database import Records
from crm.records.desk import Note
from crm.records.engines import BUSY_SECONDS
from crm.records.sources import SourceRow
from crm.records.sql import lock
from crm.records.workspaces import Workspace
from crm.usecases.live import Live
from tests.conformance.doubles import ManualClock
from tests.doubles.collision import collide
from tests.doubles.fixtures import Drawer
from tests.services import free_port
from tests.services.postgresql import PASSWORD, PostgreSQL

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.sqlite, pytest.mark.xdist_group("postgresql")]

OURS = {"id", "workspace", "actor", "code", "error_kind"}
"""Columns that only ever hold words of ours."""

NOW = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)


@pytest.fixture
def records(postgresql_drawer: Drawer, tmp_path: Path) -> Iterator[Records]:
    with postgresql_drawer.records(tmp_path) as one:
        yield one


@pytest.fixture
def blank(postgresql: PostgreSQL) -> Iterator[str]:
    with postgresql.database() as url:
        yield url


# --- migrations ----------------------------------------------------------------------------------------------


def test_of_two_that_migrate_at_once_one_waits(blank: str) -> None:
    ready = Barrier(2)

    def migrate_one() -> bool:
        records = Records.connect(blank)
        ready.wait()
        try:
            return migrate.upgrade(records, lambda: None)
        finally:
            records.close()

    with ThreadPoolExecutor(2) as both:
        changed = [one.result() for one in [both.submit(migrate_one) for _ in range(2)]]
    assert sorted(changed) == [False, True]


def test_text_may_be_as_long_as_in_sqlite(records: Records) -> None:
    with records.write() as tx:
        workspaces.add(tx, Workspace("w1", "ن" * 1_000, "Asia/Tehran", "fa", NOW))
        assert len(workspaces.get(tx, "w1").name) == 1_000
        limited = [
            f"{table}.{column['name']}"
            for table in inspect(tx).get_table_names()
            for column in inspect(tx).get_columns(table)
            if getattr(column["type"], "length", None) and table != "alembic_version"
            if column["name"] not in OURS
        ]
    assert limited == []


# --- changes -------------------------------------------------------------------------------------------------


def subjects(found: list[changes.Change]) -> list[str]:
    return [change.subject for change in found]


def test_a_change_that_commits_late_is_not_missed(records: Records) -> None:
    live = Live(records, ManualClock())
    with records.write() as early:
        changes.note(early, "w1", "case", "noted first", NOW)
        with records.write() as late:
            changes.note(late, "w1", "case", "committed first", NOW)
        before = live.since(0)
        cursor = live.cursor()
    assert subjects(before) == ["committed first"]
    assert subjects(live.since(cursor)) == ["noted first"]


def test_what_is_rolled_back_is_not_told(records: Records) -> None:
    with suppress(NotFoundError), records.write() as tx:
        changes.note(tx, "w1", "case", "c1", NOW)
        workspaces.get(tx, "none")
    with records.write() as tx:
        changes.note(tx, "w1", "case", "c2", NOW)
    assert subjects(Live(records, ManualClock()).since(0)) == ["c2"]


def test_who_waits_is_woken_by_another_connection(records: Records) -> None:
    live, other = Live(records, ManualClock()), Records.connect(records.engine.url.render_as_string(False))
    assert live.wait(0.01)  # listens from now on
    with ThreadPoolExecutor(1) as waiting:
        woken = waiting.submit(live.wait, 100.0)
        with other.write() as tx:
            changes.note(tx, "w1", "case", "c1", NOW)
        assert woken.result(timeout=90)
    other.close()
    assert subjects(live.since(0)) == ["c1"]


def test_a_listener_whose_connection_was_cut_says_so_and_listens_again(records: Records) -> None:
    live = Live(records, ManualClock())
    assert live.wait(0.01)
    with records.write() as tx:
        tx.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                        " AND datname = current_database() AND query LIKE 'LISTEN%'"))  # fmt: skip
    assert not live.wait(30.0)
    assert live.wait(0.01)


# --- transactions --------------------------------------------------------------------------------------------


def test_reading_is_one_view(records: Records) -> None:
    with records.read() as tx:
        assert changes.newest(tx) == 0
        with records.write() as other:
            changes.note(other, "w1", "case", "c1", NOW)
        assert changes.newest(tx) == 0
    with records.read() as tx:
        assert changes.newest(tx) == 1


def test_nothing_is_written_while_reading(records: Records) -> None:
    with pytest.raises(StoreError, match="only be read"), records.read() as tx:
        tombstones.salt(tx)


def test_nul_is_left_out_and_the_rest_is_kept(records: Records) -> None:
    with records.write() as tx:
        customers.put(tx, Customer("k1", "w1", "Sa\0ra", NOW, NOW, fields={"note": "a\0b"}))
        found = customers.get(tx, "w1", "k1")
    assert found.name == "Sara"


def test_what_looks_like_a_pattern_is_searched_as_it_is(records: Records) -> None:
    with records.write() as tx:
        for number, name in enumerate(("100% Sara", "1000 Sara", "back\\slash", "ÉLAN", "under_score")):
            customers.put(tx, Customer(f"k{number}", "w1", name, NOW, NOW))
        found = {part: [one.name for one, _ in customers.page(tx, "w1", part, None, 9)]
                 for part in ("0% s", "K\\S", "élan", "r_s")}  # fmt: skip
    assert found == {"0% s": ["100% Sara"], "K\\S": ["back\\slash"], "élan": ["ÉLAN"], "r_s": ["under_score"]}


# --- sentences -----------------------------------------------------------------------------------------------


def opening(url: str, password: str = "") -> str:
    """What is said when the records are opened."""
    records = Records.connect(url, password)
    try:
        migrate.current(records)
    finally:
        records.close()
    return "fine"


def test_the_password_may_come_apart_from_the_url(blank: str) -> None:
    bare = make_url(blank)._replace(password=None).render_as_string()
    assert opening(bare, PASSWORD) == "fine"
    assert opening(blank.replace("+psycopg", ""), "not needed") == "fine"


def test_a_wrong_password_is_said_and_not_shown(blank: str) -> None:
    bare = make_url(blank)._replace(password=None).render_as_string()
    for url, password in ((bare, "wrong-secret"), (bare, ""), (bare.replace("shenava@", "nobody@"), "wrong-secret")):
        with pytest.raises(AuthorisationError, match="SHENAVA_RECORDS_PASSWORD") as caught:
            opening(url, password)
        assert "wrong-secret" not in str(caught.value)


def test_a_missing_database_and_a_missing_server_are_said(blank: str) -> None:
    with pytest.raises(StoreError, match="createdb nowhere"):
        opening(make_url(blank).set(database="nowhere").render_as_string(False))
    with pytest.raises(RetryableError, match="can't be reached") as caught:
        opening(make_url(blank).set(port=free_port()).render_as_string(False))
    assert PASSWORD not in str(caught.value)


def test_an_address_that_is_none_is_refused_without_repeating_it() -> None:
    for url in ("mysql://me:secret@host/db", "secret", "postgresql+psycopg2://me:secret@host/db"):
        with pytest.raises(InvalidInputError, match="postgresql\\+psycopg://") as caught:
            Records.connect(url)
        assert "secret" not in str(caught.value)


def test_waiting_for_somebody_too_long_may_be_tried_again(records: Records) -> None:
    def wait() -> None:
        with records.write() as other:
            other.execute(text("SET LOCAL lock_timeout = '10ms'"))
            lock(other, "a name")

    with records.write() as one:
        lock(one, "a name")
        with pytest.raises(RetryableError, match="holds these records"):
            wait()


def test_of_two_that_wait_for_each_other_one_may_try_again(records: Records) -> None:
    ready = Barrier(2)

    def hold(first: str, second: str) -> str:
        try:
            with records.write() as tx:
                lock(tx, first)
                ready.wait()
                lock(tx, second)
        except RetryableError as error:
            return str(error)
        return "done"

    with ThreadPoolExecutor(2) as both:
        said = [one.result() for one in [both.submit(hold, "a", "b"), both.submit(hold, "b", "a")]]
    assert sorted(said) == ["Somebody else changed the same records at the same moment; try again.", "done"]


def test_two_collectors_count_in_one_half_hour(records: Records) -> None:
    source = SourceRow("s1", "w1", "feed", "News", {}, NOW)
    with records.write() as tx:
        sources.put(tx, source)

    def count() -> None:
        with records.write() as tx:
            sources.succeeded(tx, source, "c", 2, (), NOW)

    assert collide(records, count, count) == (None, None)
    with records.read() as tx:
        (half_hour,) = sources.activity(tx, "w1", NOW)["s1"]
        found = sources.get(tx, "w1", "s1")
    assert half_hour.posts == 4
    assert found
    assert found.collected == 4


def test_two_processes_of_a_role_report_for_the_first_time(records: Records) -> None:
    def report() -> None:
        with records.write() as tx:
            roles.report(tx, "enrich", "running", {}, NOW)

    assert collide(records, report, report) == (None, None)
    with records.read() as tx:
        assert [one.name for one in roles.every(tx)] == ["enrich"]


def test_a_server_that_goes_away_is_said_and_found_again(records: Records) -> None:
    def be_cut_off() -> None:
        with records.write() as tx:
            mine = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with records.write() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
            changes.newest(tx)

    with pytest.raises(RetryableError, match="can't be reached"):
        be_cut_off()
    with records.read() as tx:
        assert changes.newest(tx) == 0


def test_what_belongs_to_nothing_and_what_is_too_large_are_said(records: Records) -> None:
    with pytest.raises(ConflictError, match="removed meanwhile"), records.write() as tx:
        desk.add_note(tx, Note("n1", "w1", "no case", "lena", "x", NOW))
    with pytest.raises(InvalidInputError, match="do not take a value"), records.write() as tx:
        tx.execute(tables.workspaces.insert().values(id="w2", name="", zone="", language="", week_start=1 << 40,
                   weekend=[], business_hours={}, revision=1, next_case=1, created_at=NOW))  # fmt: skip


def test_tables_of_another_version_are_no_fault_of_a_value(records: Records) -> None:
    with pytest.raises(StoreError, match=r"can't be used: column .* does not exist"), records.write() as tx:
        tx.execute(text("SELECT of_tomorrow FROM workspaces"))
    with pytest.raises(InvalidInputError, match="null value") as caught, records.write() as tx:
        tx.execute(text("INSERT INTO tags (id, workspace, name) VALUES ('t1', NULL, 'a secret word')"))
    assert "a secret word" not in str(caught.value)


def test_a_connection_begins_without_options_and_waits_for_a_bounded_time(blank: str) -> None:
    begun: list[object] = []
    records = Records.connect(blank)

    def note(*said: Any) -> None:
        begun.append(said[-1].get("options"))

    event.listen(records.engine, "do_connect", note)
    for _ in range(2):  # the end of a transaction does not undo it
        with records.read() as tx:
            assert tx.execute(text("SHOW lock_timeout")).scalar() == f"{BUSY_SECONDS}s"
    with records.write() as tx:
        assert tx.execute(text("SHOW lock_timeout")).scalar() == f"{BUSY_SECONDS}s"
    records.close()
    assert begun == [None]


def test_parameters_are_in_no_error(records: Records) -> None:
    tag = tables.tags.insert().values(id="t1", workspace="w1", name="a secret word")
    with records.write() as tx:
        tx.execute(tag)
    with pytest.raises(RetryableError) as caught, records.write() as tx:
        tx.execute(tag)
    assert "a secret word" not in f"{caught.value} {caught.value.__cause__}"
