"""Bringing the records' tables up to date, with a back-up before anything changes.

Alembic takes half a second to import, which every process would pay, so that is left until something has to change.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from crm.errors import StoreError
from crm.records import checksums
from crm.records.database import Records
from crm.records.sql import lock

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).parent / "migrations"


class NewerDataError(StoreError):
    """The data were written by a newer version of Shenava."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"The records have version {revision}, which this version of Shenava does not know; install the newer one."
        )


def configuration() -> Config:
    """Alembic's settings, without any file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return config


def current(records: Records) -> str | None:
    """The version of the tables that are there; None for an empty database."""
    with records.read() as tx:
        return _version(tx)


def _version(tx: Connection) -> str | None:
    if not inspect(tx).has_table("alembic_version"):
        return None
    version: str | None = tx.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return version


def versions() -> list[str]:
    """Every version this code knows, rising: migrations are numbered in their files' names."""
    return sorted(path.name.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*.py"))


def newest() -> str:
    """The version this code works with."""
    known = versions()
    if not known:
        raise StoreError(f"There are no migrations in {FOLDER}; install Shenava again.")
    return known[-1]


def upgrade(records: Records, before: Callable[[], None]) -> bool:
    """Migrate to the newest version; True where something changed.

    `before` is called first where there are data to lose (it makes a back-up). The migration
    runs in one transaction: after a failure the tables are as they were. Of several processes that
    begin at once one migrates, the others wait for it.
    Raises: NewerDataError, RetryableError (another program holds the records).
    """
    found = current(records)
    if found == newest():
        return False
    if found is not None:
        if found not in versions():
            raise NewerDataError(found)
        before()
    with records.write() as tx:
        if tx.dialect.name == "postgresql":
            tx.execute(text("SET LOCAL lock_timeout = 0"))  # another migrator may need minutes; we wait for it
        lock(tx, "migration")
        return _migrate(tx)


def _migrate(tx: Connection) -> bool:
    if _version(tx) == newest():
        return False
    from alembic import command

    config = configuration()
    config.attributes["connection"] = tx
    command.upgrade(config, "head")
    checksums.install(tx)
    return True
