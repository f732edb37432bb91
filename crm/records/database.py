"""Opening the records and running transactions on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from crm.records import changes, checksums
from crm.records.engines import open_engine
from crm.records.faults import damaged, sentences
from crm.records.signals import Signals


class Records:
    """The records behind one database URL. Safe to share between threads.

    ``with records.write() as tx`` commits at the end and rolls back on an error; ``read`` never
    writes. `tx` is a SQLAlchemy connection, handed to the functions of this package. Both raise what
    goes wrong below as errors of ours: RetryableError, AuthorisationError, StoreError, InvalidInputError.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.signals = Signals(engine)

    @classmethod
    def connect(cls, url: str, password: str = "") -> Records:
        """Open `url` (``sqlite:///path`` or ``postgresql+psycopg://user@host/database``) without migrating it.

        Raises InvalidInputError for another address.
        """
        return cls(open_engine(url, password))

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write.

        It takes SQLite's write lock at its start, so it never fails half-way. On PostgreSQL it runs beside others
        and sees what they committed: whoever decides by what it reads locks that first, see :mod:`crm.records.sql`.
        """
        with sentences(self.engine), self.engine.connect() as tx:
            if tx.dialect.name == "sqlite":
                tx.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                changes.collect(tx)
            yield tx
            changes.publish(tx)
            tx.commit()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view for reading; writing in it is undone (SQLite) or refused (PostgreSQL)."""
        with sentences(self.engine), self.engine.connect() as tx:
            if tx.dialect.name == "sqlite":
                tx.exec_driver_sql("BEGIN")
            else:
                tx.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield tx
            tx.rollback()

    def check(self) -> None:
        """See :class:`crm.ports.checked.Checkable`; a server checks its own files."""
        if self.engine.dialect.name != "sqlite":
            return
        with self.read() as tx:
            fault = tx.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
            if fault != "ok":
                raise damaged(self.engine, fault)
            if rows := checksums.broken(tx):
                raise damaged(self.engine, rows)

    def close(self) -> None:
        """Close all connections."""
        self.signals.close()
        self.engine.dispose()
