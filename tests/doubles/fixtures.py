"""Doubles that every test may ask for by name.

The records of a test stand in SQLite. With ``--records=postgresql`` the tests that ask for records, and no others,
run on a real server, empty for each of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crm.records import migrate
from crm.records.columns import metadata
from crm.records.database import Records
from tests.doubles.office import Office, new_records, open_office
from tests.services.postgresql import PostgreSQL


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--records", choices=["sqlite", "postgresql"], default="sqlite", help="where the records of tests stand"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("records") == "sqlite":
        return
    asking = [item for item in items if "drawer" in getattr(item, "fixturenames", ())]
    staying = [item for item in asking if not item.get_closest_marker("sqlite")]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(staying)])
    items[:] = staying


class Drawer:
    """Makes records for a test: on `server` where one is given, and there in its database `shared`, emptied before."""

    def __init__(self, server: PostgreSQL | None = None, shared: str = "") -> None:
        self._server, self._shared = server, shared

    @contextmanager
    def url(self, folder: Path) -> Iterator[str]:
        """A database with nothing in it, not even tables."""
        if self._server is None:
            yield f"sqlite:///{folder / 'records.sqlite'}"
            return
        with self._server.database() as url:
            yield url

    @contextmanager
    def records(self, folder: Path) -> Iterator[Records]:
        """Records with every table and no row."""
        if self._server is None:
            records = new_records(folder)
            yield records
            records.close()
            return
        records = Records.connect(self._shared)
        _empty(records)
        yield records
        records.close()


def _empty(records: Records) -> None:
    """Much quicker than a new database."""
    gone = "; ".join(f"DELETE FROM {table}" for table in metadata.tables)
    with records.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # in any order
        connection.exec_driver_sql(gone)
        connection.exec_driver_sql("SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'")


@pytest.fixture(scope="session")
def drawer(request: pytest.FixtureRequest) -> Iterator[Drawer]:
    """Where records for a test come from."""
    if request.config.getoption("records") == "sqlite":
        yield Drawer()
    else:
        yield request.getfixturevalue("postgresql_drawer")


@pytest.fixture(scope="session")
def postgresql_drawer(postgresql: PostgreSQL) -> Iterator[Drawer]:
    """Records on a real PostgreSQL server, whatever ``--records`` says."""
    with postgresql.database() as url:
        records = Records.connect(url)
        migrate.upgrade(records, lambda: None)
        records.close()
        yield Drawer(postgresql, url)


@pytest.fixture
def empty_records(drawer: Drawer, tmp_path: Path) -> Iterator[Records]:
    """Records with every table and no row."""
    with drawer.records(tmp_path) as records:
        yield records


@pytest.fixture
def office(empty_records: Records) -> Office:
    """A team at work."""
    return open_office(empty_records)
