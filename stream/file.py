"""The file of the SQLite log: opened, laid out, and its errors put into the house's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

import apsw

from crm.errors import ShenavaError
from stream.errors import LogBusyError, LogDamagedError, LogFullError, LogTooNewError, LogUnreachableError

APPLICATION = 0x5368534C
"""`application_id` of our files: "ShSL"."""
LAYOUT = 2
"""`user_version` of the layout below. In the first one events had no seal."""
PAGE = 8192
OF_THE_FILE = re.compile("malformed|no such|has no column|unsupported")
"""Complaints about what a statement says that come of what the file says."""
CHECKPOINT_PAGES = 2000
"""The write-ahead log is folded back at about 16 MiB: a few times a second at full speed."""

SCHEMA = f"""
CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, next INTEGER NOT NULL DEFAULT 0);
CREATE TABLE groups(
    topic INTEGER NOT NULL REFERENCES topics(id),
    name TEXT NOT NULL,
    committed INTEGER NOT NULL DEFAULT 0,
    members INTEGER NOT NULL DEFAULT 0,
    owner INTEGER,
    expires INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, name)
) WITHOUT ROWID;
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {LAYOUT};
"""
# `next` is the offset of the next event, `committed` the first offset not yet done, `owner` the number of
# the member that holds the lease, `expires` its end in microseconds since 1970.


def ours(path: Path, error: apsw.Error) -> ShenavaError | None:
    """The house's error for one of SQLite's, or None where the fault is in our own code."""
    match error:
        case apsw.BusyError() | apsw.LockedError() | apsw.ProtocolError():
            return LogBusyError(path, error)
        case apsw.FullError():
            return LogFullError(path, error)
        case apsw.CorruptError() | apsw.NotADBError() | apsw.FormatError():
            return LogDamagedError(path, error)
        case apsw.CantOpenError() | apsw.IOError() | apsw.PermissionsError() | apsw.ReadOnlyError() | apsw.AuthError():
            return LogUnreachableError(path, error)
        case apsw.SQLError() if OF_THE_FILE.search(str(error)):
            return LogDamagedError(path, error)
    return None


@contextmanager
def speaking(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into the house's."""
    try:
        yield
    except apsw.Error as error:
        translated = ours(path, error)
        if translated is None:
            raise
        raise translated from error
    except (UnicodeDecodeError, OverflowError) as error:  # a text or a time that never was one
        raise LogDamagedError(path, error) from error


def rows(
    db: apsw.Connection, sql: str, bindings: Sequence[apsw.SQLiteValue] | Mapping[str, apsw.SQLiteValue] = ()
) -> list[tuple[Any, ...]]:
    """All rows of a statement; fetching them all ends its read transaction."""
    return db.execute(sql, bindings).fetchall()


@contextmanager
def writing(db: apsw.Connection) -> Iterator[None]:
    """One write transaction: all of it or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def connect(path: Path, busy: float, max_pages: int | None) -> apsw.Connection:
    """Open the file, making it and its tables where there is none.

    `busy` is how many seconds to wait for a lock; `max_pages` caps the file's size in pages of 8 KiB.
    Raises: StoreError, RetryableError.
    """
    with speaking(path):
        db = apsw.Connection(str(path))
        try:
            db.set_busy_timeout(int(busy * 1000))
            version = _version(path, db)
            if version == 0:
                _lay_out(path, db)
            elif version < LAYOUT:
                _seal_from_now_on(path, db)
            _configure(db, max_pages)
        except BaseException:
            db.close()
            raise
    return db


def _version(path: Path, db: apsw.Connection) -> int:
    version, application = int(db.pragma("user_version")), int(db.pragma("application_id"))
    if version > LAYOUT and application == APPLICATION:
        raise LogTooNewError(path, version, LAYOUT)
    if application != APPLICATION and rows(db, "SELECT 1 FROM sqlite_schema"):
        raise LogDamagedError(path, "it is a database of another program")
    return version


def _lay_out(path: Path, db: apsw.Connection) -> None:
    # These must come before the first table; incremental vacuuming lets `trim` give disk space back.
    db.pragma("page_size", PAGE)
    db.pragma("auto_vacuum", "INCREMENTAL")
    db.pragma("journal_mode", "wal")
    with writing(db):
        if _version(path, db) == 0:  # nobody else was faster
            db.execute(SCHEMA)


def _seal_from_now_on(path: Path, db: apsw.Connection) -> None:
    with writing(db):
        if _version(path, db) < LAYOUT:  # nobody else was faster
            for (number,) in rows(db, "SELECT id FROM topics"):
                db.execute(f"ALTER TABLE events_{number} ADD COLUMN seal INTEGER")
            db.pragma("user_version", LAYOUT)


def seal(key: str, at: int, value: bytes) -> int:
    """A checksum of an event: SQLite notices a broken page, and not a changed letter."""
    return crc32(value, crc32(key.encode(), at & 0xFFFF_FFFF))


def sealed(key: object, at: object, value: object, found: object) -> bool:
    """Whether an event is as it was appended; one that was appended without a seal is believed."""
    whole = isinstance(key, str) and isinstance(at, int) and isinstance(value, bytes)
    return whole and found in (None, seal(key, at, value))  # type: ignore[arg-type]


def _configure(db: apsw.Connection, max_pages: int | None) -> None:
    db.pragma("synchronous", "FULL")
    db.pragma("secure_delete", 1)
    db.wal_autocheckpoint(CHECKPOINT_PAGES)
    if max_pages is not None:
        db.pragma("max_page_count", max_pages)


def topic_id(db: apsw.Connection, name: str) -> int:
    """The number of a topic, which is made at its first use. Call outside of a transaction."""
    if found := rows(db, "SELECT id FROM topics WHERE name = ?", (name,)):
        return int(found[0][0])
    with writing(db):
        db.execute("INSERT OR IGNORE INTO topics(name) VALUES (?)", (name,))
        number = int(rows(db, "SELECT id FROM topics WHERE name = ?", (name,))[0][0])
        # A table per topic, so that every append is at the end of its table: half again as fast as one table for all.
        db.execute(
            f"CREATE TABLE IF NOT EXISTS events_{number}"
            "(place INTEGER PRIMARY KEY, key TEXT NOT NULL, at INTEGER NOT NULL, value BLOB NOT NULL, seal INTEGER)"
        )
    return number
