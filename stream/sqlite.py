"""The embedded log: one SQLite file, a table per topic, one active consumer a group by lease."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from json import dumps
from pathlib import Path
from threading import Lock

import apsw

from crm.ports.clock import Clock
from crm.ports.log import Lag, Record
from stream.consumer import SQLiteConsumer, micros
from stream.errors import GroupInUseError, LogDamagedError
from stream.file import connect, rows, seal, sealed, speaking, topic_id, writing

TRIM_ROWS = 5_000
"""Rows removed in one transaction, so that nobody who appends waits long."""
SPARE_PAGES = 4_096
"""Free pages (32 MiB) that stay in the file for the next events; trimming gives the rest back to the disk."""

GROUPS = "SELECT g.name, t.name, t.id, g.committed FROM groups g JOIN topics t ON t.id = g.topic ORDER BY 2, 1"
COMMITTED = "SELECT t.id, g.name, g.committed FROM topics t JOIN groups g ON g.topic = t.id WHERE t.name = ?"
FORGET = """DELETE FROM groups WHERE name = ? AND topic = (SELECT id FROM topics WHERE name = ?)
            AND (owner IS NULL OR expires <= ?)"""
JOIN = "UPDATE groups SET members = members + 1 WHERE topic = ? AND name = ? RETURNING members"


class SQLiteLog:
    """See :class:`crm.ports.log.EventLog`. Several processes may open the same file.

    `lease` is how many seconds a silent consumer keeps its group, `busy` how many to wait for
    another process's lock, `max_pages` a limit to the file's size in pages of 8 KiB.
    Raises: StoreError where the file can't be used, with the reason and the mend.
    """

    def __init__(
        self, path: Path, clock: Clock, *, lease: float = 10.0, busy: float = 5.0, max_pages: int | None = None
    ) -> None:
        self.retention: timedelta | None = None
        self._path, self._clock, self._lease = path, clock, lease
        self._busy, self._max_pages = busy, max_pages
        self._lock = Lock()  # one connection for all threads: it serves one at a time
        self._db = self._connect()
        self._topics: dict[str, int] = {}

    def append(self, topic: str, records: Sequence[Record]) -> int:
        now = micros(self._clock.now())
        with self._lock, speaking(self._path):
            table = self._topic(topic)
            with writing(self._db):
                ((first,),) = rows(self._db, "SELECT next FROM topics WHERE id = ?", (table,))
                after = int(first) + len(records)
                self._db.executemany(
                    f"INSERT INTO events_{table} (place, key, at, value, seal) VALUES (?, ?, ?, ?, ?)",
                    [
                        (place, record.key, now, record.value, seal(record.key, now, record.value))
                        for place, record in enumerate(records, first)
                    ],
                )
                if records:
                    self._db.execute("UPDATE topics SET next = ? WHERE id = ?", (after, table))
        return after - 1

    def consumer(self, topic: str, group: str) -> SQLiteConsumer:
        db = self._connect()
        with speaking(self._path):
            table = topic_id(db, topic)
            with writing(db):
                db.execute("INSERT OR IGNORE INTO groups(topic, name) VALUES (?, ?)", (table, group))
                ((member,),) = rows(db, JOIN, (table, group))
        return SQLiteConsumer(db, self._path, self._clock, self._lease, (topic, table), group, int(member))

    def lag(self) -> list[Lag]:
        now = micros(self._clock.now())
        with self._lock, speaking(self._path):
            found = rows(self._db, GROUPS)
            return [Lag(group, topic, *self._behind(table, committed, now)) for group, topic, table, committed in found]

    def forget(self, topic: str, group: str) -> None:
        with self._lock, speaking(self._path):
            with writing(self._db):
                self._db.execute(FORGET, (group, topic, micros(self._clock.now())))
            if any(row[:2] == (group, topic) for row in rows(self._db, GROUPS)):
                raise GroupInUseError(topic, group)

    def trim(self, topic: str, groups: Sequence[str]) -> int:
        removed = 0
        with speaking(self._path):
            while groups and (step := self._trim_some(topic, groups)):
                removed += step
            if removed:
                self._give_space_back()
        return removed

    def erase(self, keys: Collection[str]) -> int:
        if not keys:
            return 0
        removed = 0
        with self._lock, speaking(self._path):
            with writing(self._db):
                for (table,) in rows(self._db, "SELECT id FROM topics"):
                    self._db.execute(
                        f"DELETE FROM events_{table} WHERE key IN (SELECT value FROM json_each(?))",
                        (dumps(list(keys)),),
                    )
                    removed += self._db.changes()
            # `secure_delete` has overwritten the rows, but not the copies that stay in a page when rows move to
            # another one, nor their old pages in the write-ahead log.
            if removed:
                self._db.execute("VACUUM")
            self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        return removed

    def check(self) -> None:
        """See :class:`crm.ports.checked.Checkable`."""
        with self._lock, speaking(self._path):
            for (fault,) in rows(self._db, "PRAGMA integrity_check(1)"):
                if fault != "ok":
                    raise LogDamagedError(self._path, fault)
            for name, table in rows(self._db, "SELECT name, id FROM topics"):
                for place, *content in self._db.execute(f"SELECT place, key, at, value, seal FROM events_{table}"):
                    if not sealed(*content):
                        raise LogDamagedError(self._path, f"event {place} of {name} is not as it was appended")

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _connect(self) -> apsw.Connection:
        return connect(self._path, self._busy, self._max_pages)

    def _topic(self, name: str) -> int:
        if name not in self._topics:
            self._topics[name] = topic_id(self._db, name)
        return self._topics[name]

    def _behind(self, table: int, committed: int, now: int) -> tuple[int, float]:
        oldest = rows(
            self._db, f"SELECT place, at FROM events_{table} WHERE place >= ? ORDER BY place LIMIT 1", (committed,)
        )
        if not oldest:
            return 0, 0.0
        ((last,),) = rows(self._db, f"SELECT max(place) FROM events_{table}")
        place, at = oldest[0]
        return int(last) - int(place) + 1, max(0.0, (now - int(at)) / 1e6)

    def _trim_some(self, topic: str, groups: Sequence[str]) -> int:
        with self._lock, writing(self._db):
            found = rows(self._db, COMMITTED, (topic,))
            committed = {name: int(done) for _, name, done in found}
            if not found or not set(groups) <= committed.keys():
                return 0
            bound, table = min(committed[group] for group in groups), int(found[0][0])
            self._db.execute(
                f"DELETE FROM events_{table} WHERE place < min(?, (SELECT min(place) FROM events_{table}) + ?)",
                (bound, TRIM_ROWS),
            )
            return int(self._db.changes())

    def _give_space_back(self) -> None:
        with self._lock:
            surplus = int(self._db.pragma("freelist_count")) - SPARE_PAGES
            if surplus > 0:
                rows(self._db, f"PRAGMA incremental_vacuum({surplus})")
