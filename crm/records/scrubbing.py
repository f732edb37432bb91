"""After an erasure: nothing of deleted rows stays in the database's files.

SQLite overwrites what it deletes (``secure_delete``), but not the copies that stay in a page when rows move to
another one, nor the old pages in the write-ahead log. So the file is written anew and the log is emptied.
PostgreSQL gives the space of deleted rows free.
"""

from __future__ import annotations

from sqlalchemy.exc import OperationalError

from crm.errors import RetryableError, StoreError
from crm.records.columns import metadata
from crm.records.database import Records

LEFT_ALONE = frozenset({"audit", "audit_seals", "tombstones", "receipts", "secrets", "sessions", "users"})
"""Tables of which an erasure deletes nothing."""


def scrub(records: Records) -> None:
    """Clear what deleted rows left behind.

    Raises: RetryableError where others hold on to the old pages, StoreError where the disk is full; the rows
    themselves are gone then, and the next erasure clears the rest.
    """
    try:
        with records.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if connection.dialect.name != "sqlite":
                tables = sorted(set(metadata.tables) - LEFT_ALONE)
                connection.exec_driver_sql(f"VACUUM {', '.join(tables)}")
                return
            connection.exec_driver_sql("VACUUM")
            busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
    except OperationalError as error:
        if "full" in str(error.orig):
            raise StoreError(
                "The erased rows are deleted, but the disk is too full to write the records anew; "
                "free some space and erase again."
            ) from error
        raise RetryableError(
            f"The erased rows are deleted, but the records' file could not be written anew ({error.orig}); erase again."
        ) from error
    if busy:
        raise RetryableError("The erased rows are deleted, but another program still reads the old pages; erase again.")
