"""How posts travel: the SQLite log and the worker loop."""

from __future__ import annotations

from pathlib import Path

from crm.ports.clock import Clock
from crm.ports.log import EventLog
from stream.errors import UnknownLogError
from stream.sqlite import SQLiteLog

SCHEME = "sqlite:///"


def open_log(address: str | Path, clock: Clock) -> EventLog:
    """Open the log at a file's path or at a URL, whose scheme chooses the adapter (``sqlite:///path``).

    Raises: InvalidInputError for another scheme; StoreError where the log can't be used.
    """
    if isinstance(address, str) and "://" in address:
        if not address.startswith(SCHEME) or address == SCHEME:
            raise UnknownLogError(address)
        address = address.removeprefix(SCHEME)
    return SQLiteLog(Path(address), clock)
