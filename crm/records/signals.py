"""Waking at once when another process changed something: PostgreSQL's LISTEN."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from crm.records.changes import CHANNEL

GATHER_SECONDS = 0.05
"""What follows shortly after a first signal belongs to it: a busy hour is not one query per change."""


class Signals:
    """Waits for changes on a connection of its own, which is made at first use. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._lock = engine, Lock()
        self._connection: Any = None

    def wait(self, seconds: float) -> bool:
        """Wait for a change, at most `seconds`. False at once where the database tells nobody or can't be reached."""
        if self._engine.dialect.name != "postgresql":
            return False
        from psycopg import Error

        with self._lock:
            try:
                connection = self._connection or self._listen()
                if any(True for _ in connection.notifies(timeout=seconds, stop_after=1)):
                    deque(connection.notifies(timeout=GATHER_SECONDS), maxlen=0)
            except (Error, SQLAlchemyError):
                self._drop()
                return False
            return True

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            self._drop()

    def _listen(self) -> Any:
        pooled = self._engine.raw_connection()
        pooled.detach()
        self._connection = pooled.dbapi_connection
        self._connection.autocommit = True
        self._connection.execute(f"LISTEN {CHANNEL}")
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
