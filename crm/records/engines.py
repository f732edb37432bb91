"""Opening a database by its URL, as each of the two wants it."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from crm.errors import InvalidInputError
from crm.records import checksums

BUSY_SECONDS = 15
"""How long one transaction waits for another."""

CONNECT_SECONDS = 10
IDLE_SECONDS = 1_800
CONNECTIONS = 5
MORE_WHEN_BUSY = 10
"""Of each process: PostgreSQL serves a hundred in all where nobody set another number."""


def open_engine(url: str, password: str = "") -> Engine:
    """An engine for ``sqlite:///path`` or ``postgresql+psycopg://user@host:5432/database``.

    `password` is used where the URL holds none. Nothing is connected yet. Raises InvalidInputError.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise _unknown() from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite(parsed)
    if parsed.drivername not in ("postgresql", "postgresql+psycopg"):
        raise _unknown()
    return _postgresql(parsed, password)


def _unknown() -> InvalidInputError:
    # Without the URL itself: it may hold a password.
    return InvalidInputError(
        "The address of the records can't be used; write sqlite:///path or "
        "postgresql+psycopg://user@host:5432/database."
    )


def _sqlite(url: URL) -> Engine:
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}
    )
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
    del entry
    connection.isolation_level = None  # we say BEGIN ourselves
    checksums.teach(connection)
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _postgresql(url: URL, password: str) -> Engine:
    url = url.set(drivername="postgresql+psycopg", password=url.password or password or None)
    said: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "application_name": "shenava"}
    connect_args = {name: value for name, value in said.items() if name not in url.query}
    engine = create_engine(
        url, hide_parameters=True, pool_pre_ping=True, pool_recycle=IDLE_SECONDS, pool_timeout=BUSY_SECONDS,
        pool_size=CONNECTIONS, max_overflow=MORE_WHEN_BUSY, connect_args=connect_args,
    )  # fmt: skip
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_postgresql(connection: Any, entry: ConnectionPoolEntry) -> None:
    del entry
    from psycopg.types.string import StrDumperUnknown

    class WithoutNul(StrDumperUnknown):
        """PostgreSQL has no NUL in text; the rest of what somebody wrote is not lost for it."""

        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", "") if "\0" in obj else obj)

    connection.adapters.register_dumper(str, WithoutNul)
    # Said afterwards, for PgBouncer refuses a connection that begins with options; and outside of a transaction,
    # whose end would undo it.
    connection.autocommit = True
    connection.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
    connection.autocommit = False
