"""Opening the records and running transactions on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from crm.errors import RetryableError, ShenavaError, StoreError

BUSY_SECONDS = 15


class Records:
    """The records behind one database URL. Safe to share between threads.

    ``with records.write() as tx`` commits at the end and rolls back on an error; ``read`` never
    writes. `tx` is a SQLAlchemy connection, handed to the functions of this package.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def connect(cls, url: str) -> Records:
        """Open `url` (``sqlite:///path`` or ``postgresql+psycopg://…``) as it is, without migrating it."""
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            return cls(create_engine(parsed, pool_pre_ping=True))
        engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        return cls(engine)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write; takes SQLite's write lock at its start, so it never fails half-way."""
        with _sentences(self.engine), self.engine.connect() as tx:
            if tx.dialect.name == "sqlite":
                tx.exec_driver_sql("BEGIN IMMEDIATE")
            yield tx
            tx.commit()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view for reading; whatever is written in it is rolled back."""
        with _sentences(self.engine), self.engine.connect() as tx:
            if tx.dialect.name == "sqlite":
                tx.exec_driver_sql("BEGIN")
            yield tx
            tx.rollback()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _prepare_sqlite(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    del entry
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@contextmanager
def _sentences(engine: Engine) -> Iterator[None]:
    """Turn the database's errors into ours."""
    try:
        yield
    except ShenavaError:
        raise
    except OperationalError as error:
        raise _understood(error, engine) from error
    except DatabaseError as error:
        if "malformed" in str(error.orig) or "not a database" in str(error.orig):
            raise _damaged(engine) from error
        raise


def _understood(error: OperationalError, engine: Engine) -> ShenavaError:
    reason = str(error.orig)
    if "locked" in reason or "busy" in reason:
        return RetryableError(
            f"The records are locked by another program for more than {BUSY_SECONDS} s; close it or try again."
        )
    if "full" in reason:
        return StoreError("The disk that holds the records is full; nothing was stored. Free some space and try again.")
    if "malformed" in reason or "not a database" in reason:
        return _damaged(engine)
    return StoreError(f"The records at {engine.url.render_as_string()} can't be used: {reason}.")


def _damaged(engine: Engine) -> StoreError:
    return StoreError(f"The records file {engine.url.database} is damaged; restore it with `shenava restore`.")
