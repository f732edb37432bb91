"""A checksum in every row: SQLite notices that a page is damaged, but not other bytes where a row's content was.

Triggers write it, so that no statement has to think of it, and the tables of the code do not know its column.
PostgreSQL keeps checksums of its own pages.
"""

from __future__ import annotations

import sqlite3
from zlib import crc32

import msgspec
from sqlalchemy import Connection, Table, inspect

from crm.records.columns import metadata

COLUMN = "checksum"
FUNCTION = "shenava_checksum"


def checksum(*values: str | bytes | float | None) -> int:
    """The CRC-32 of a row's values, each with its type and length."""
    return crc32(msgspec.msgpack.encode(values))


def teach(connection: sqlite3.Connection) -> None:
    """Let a connection write and compare checksums."""
    connection.create_function(FUNCTION, -1, checksum, deterministic=True)
    connection.execute("PRAGMA trusted_schema=ON")  # triggers may call it, also where SQLite was built not to let them


def lift(tx: Connection) -> None:
    """Take the triggers away, as long as tables change: SQLite alters none that a trigger speaks of."""
    if tx.dialect.name == "sqlite":
        like = f"SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '{COLUMN}_%'"
        for name in tx.exec_driver_sql(like).scalars().all():
            tx.exec_driver_sql(f"DROP TRIGGER {name}")


def install(tx: Connection) -> None:
    """Have every row of every table carry its checksum; again after each migration, which may have changed columns."""
    if tx.dialect.name != "sqlite":
        return
    lift(tx)
    there = inspect(tx)
    for table in metadata.sorted_tables:
        if COLUMN not in {column["name"] for column in there.get_columns(table.name)}:
            tx.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {COLUMN} INTEGER")
        for event in ("INSERT", f"UPDATE OF {', '.join(_columns(table))}"):
            name = f"{COLUMN}_{table.name}_{event.split()[0].lower()}"
            tx.exec_driver_sql(
                f"CREATE TRIGGER {name} AFTER {event} ON {table.name} BEGIN UPDATE {table.name} "
                f"SET {COLUMN} = {_of(table, 'new.')} WHERE rowid = new.rowid; END"
            )
        tx.exec_driver_sql(f"UPDATE {table.name} SET {COLUMN} = {_of(table)}")


def broken(tx: Connection) -> str:
    """The first table with rows that are not what was written, and how many; empty where there are none."""
    for table in metadata.sorted_tables:
        query = f"SELECT count(*) FROM {table.name} WHERE {COLUMN} IS NOT {_of(table)}"
        if count := tx.exec_driver_sql(query).scalar_one():
            return f"changed rows in {table.name}: {count}"
    return ""


def _of(table: Table, row: str = "") -> str:
    return f"{FUNCTION}({', '.join(row + column for column in _columns(table))})"


def _columns(table: Table) -> list[str]:
    # In quotes of SQLite's own kind: one in double quotes that a damaged schema does not know would be read as text.
    return [f"[{column.name}]" for column in table.columns]
