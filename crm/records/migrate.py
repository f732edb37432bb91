"""Bringing the records' tables up to date, with a back-up before anything changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from crm.errors import StoreError
from crm.records.database import Records

FOLDER = Path(__file__).parent / "migrations"


class NewerDataError(StoreError):
    """The data were written by a newer version of Shenava."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"The records have version {revision}, which this version of Shenava does not know; install the newer one."
        )


def configuration() -> Config:
    """Alembic's settings, without any file."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return config


def current(records: Records) -> str | None:
    """The version of the tables that are there; None for an empty database."""
    with records.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The version this code works with."""
    head = ScriptDirectory.from_config(configuration()).get_current_head()
    if head is None:
        raise StoreError(f"There are no migrations in {FOLDER}; install Shenava again.")
    return head


def upgrade(records: Records, before: Callable[[], None]) -> bool:
    """Migrate to the newest version; True where something changed.

    `before` is called first where there are data to lose (it makes a back-up). The migration
    runs in one transaction: after a failure the tables are as they were.
    Raises: NewerDataError, RetryableError (another program holds the records).
    """
    found = current(records)
    if found == newest():
        return False
    known = {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}
    if found is not None:
        if found not in known:
            raise NewerDataError(found)
        before()
    config = configuration()
    with records.write() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, "head")
    return True
