"""The file and its connections: one that writes, a few that read, errors in the house's words."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from queue import Empty, LifoQueue

import apsw

from crm.errors import RetryableError, StoreError
from index.sqlite.documents import read_documents
from index.sqlite.schema import APPLICATION_ID, TABLES, UPGRADES, VERSION
from index.sqlite.scrub import scrubbing_vfs

READERS = 8
"""Reads that may run at once; more of them wait. Each keeps a page cache of its own."""
CHECKED_AT_ONCE = 1_000
_OF_THE_FILE = re.compile("fts5|malformed|unrecognized|no such|has no column|unsupported")
"""Complaints about what a statement says that come of what the file says."""
_LAID_OUT = """SELECT name, sql FROM sqlite_schema
               WHERE name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow') ORDER BY name"""
"""Our own words, without the tables that FTS5 makes for itself."""


class Files:
    """Connections to one index file.

    `busy_seconds` is how long to wait for another process's lock, `max_pages` a limit to the file
    in pages of 8 KiB.
    """

    def __init__(self, path: Path, busy_seconds: float, max_pages: int | None = None) -> None:
        self.path, self._busy = path, busy_seconds
        self._write_lock = threading.Lock()
        self._readers: LifoQueue[apsw.Connection] = LifoQueue()
        self._permits = threading.BoundedSemaphore(READERS)
        self._truncate_due = False
        with self.errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = self._connect(cache_kib=65536, vfs=scrubbing_vfs())
            if max_pages:
                self._writer.execute(f"PRAGMA max_page_count = {int(max_pages)}")
            try:
                self._prepare()
            except BaseException:
                self._writer.close()
                raise

    def _connect(self, cache_kib: int, vfs: apsw.VFS | None = None) -> apsw.Connection:
        db = apsw.Connection(str(self.path), vfs="shenava-scrubbing" if vfs else None)
        # Only what the writer puts into the file is scrubbed, so no reader may move pages there as it closes.
        db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, vfs is None)
        db.set_busy_timeout(int(self._busy * 1000))
        db.execute("PRAGMA page_size = 8192")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA secure_delete = ON")
        db.execute("PRAGMA temp_store = MEMORY")
        db.execute("PRAGMA wal_autocheckpoint = 12000")
        db.execute(f"PRAGMA cache_size = -{cache_kib}")
        return db

    def _prepare(self) -> None:
        db = self._writer
        db.execute("BEGIN IMMEDIATE")
        version, owner = db.pragma("user_version"), db.pragma("application_id")
        if version == 0 and owner == 0 and not db.pragma("schema_version"):
            db.execute(TABLES)
        elif owner != APPLICATION_ID:
            raise StoreError(f"The file {self.path} holds something other than an index; name another file.")
        elif not 1 <= version <= VERSION:
            raise StoreError(f"The index file {self.path} is of version {version}, not {VERSION}; update Shenava.")
        else:
            for older in range(version, VERSION):
                db.execute(UPGRADES[older])
        db.execute("COMMIT")

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn SQLite's errors into RetryableError and StoreError with the file and the mend."""
        try:
            yield
        except (apsw.BusyError, apsw.LockedError) as error:
            raise RetryableError(f"The index file {self.path} is locked by another process; try again.") from error
        except apsw.FullError as error:
            raise StoreError(f"The disk of the index file {self.path} is full; free some space.") from error
        except (apsw.CorruptError, apsw.NotADBError, UnicodeDecodeError) as error:
            raise self._damaged(error) from error
        except apsw.SQLError as error:
            if not _OF_THE_FILE.search(str(error)) and self._as_laid_out():
                raise
            raise self._damaged(error) from error
        except (apsw.IOError, apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError, OSError) as error:
            raise StoreError(
                f"The index file {self.path} can't be read or written ({error}); check its disk and permissions."
            ) from error
        except apsw.ConnectionClosedError as error:
            raise StoreError(f"The index file {self.path} was closed; open it again.") from error

    def _damaged(self, reason: object) -> StoreError:
        return StoreError(f"The index file {self.path} is damaged ({reason}); restore it from a back-up.")

    def _as_laid_out(self) -> bool:
        """Whether the file still says of its tables what we wrote."""
        with closing(apsw.Connection(":memory:")) as fresh, closing(apsw.Connection(str(self.path))) as found:
            fresh.execute(TABLES)
            try:
                return found.execute(_LAID_OUT).fetchall() == fresh.execute(_LAID_OUT).fetchall()
            except (apsw.Error, UnicodeDecodeError):
                return False

    def check(self) -> None:
        """Read the whole file. Raises StoreError where it is damaged."""
        with self.reading() as db:
            for (fault,) in db.execute("PRAGMA integrity_check(1)"):
                if fault != "ok":
                    raise self._damaged(fault)
            read = iter(db.execute("SELECT docid FROM post"))
            while some := [docid for (docid,) in islice(read, CHECKED_AT_ONCE)]:
                if len(read_documents(db, some)) < len(some):
                    raise self._damaged("a document is missing")

    @contextmanager
    def writing(self) -> Iterator[apsw.Connection]:
        """One write transaction: durable when the block ends, undone when it raises."""
        with self._write_lock, self.errors():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise
            if self._truncate_due:
                self._truncate()

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """One consistent view of the file; writers go on meanwhile."""
        with self._permits, self.errors():
            try:
                db = self._readers.get_nowait()
            except Empty:
                db = self._connect(cache_kib=16384)
            try:
                db.execute("BEGIN")
                yield db
            finally:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                self._readers.put(db)

    def scrub(self) -> None:
        """Empty the write-ahead log, which may still hold what was erased; a reader in the way delays it."""
        with self._write_lock, self.errors():
            self._truncate()

    def _truncate(self) -> None:
        busy, _, _ = next(iter(self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")))
        self._truncate_due = bool(busy)

    def close(self) -> None:
        """Close every connection; a second call does nothing."""
        with self._write_lock:
            if self._truncate_due:
                self._truncate()
            while not self._readers.empty():
                self._readers.get_nowait().close()
            self._writer.close()
