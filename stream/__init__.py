"""How posts travel: the SQLite log, the Kafka log and the worker loop."""

from __future__ import annotations

from pathlib import Path

from crm.ports.clock import Clock
from crm.ports.log import EventLog
from stream.errors import UnknownLogError
from stream.sqlite import SQLiteLog

SCHEME = "sqlite:///"
KAFKA = "kafka://"


def open_log(address: str | Path, clock: Clock, login: tuple[str, str] = ("", "")) -> EventLog:
    """Open the log at a file's path or at a URL, whose scheme chooses the adapter.

    ``sqlite:///path`` is a file; ``kafka://host:9092,host2:9092/prefix?partitions=12`` a cluster, to which
    `login` is the user's name and password where it asks for them.

    Raises: InvalidInputError for another scheme or a URL that can't be used; StoreError where the file can't be.
    """
    if isinstance(address, str) and "://" in address:
        if address.startswith(KAFKA):
            from stream import kafka  # late: the client is not imported where nobody asks for it

            return kafka.KafkaLog(kafka.parse(address), clock, kafka.Login(*login))
        if not address.startswith(SCHEME) or address == SCHEME:
            raise UnknownLogError(address)
        address = address.removeprefix(SCHEME)
    return SQLiteLog(Path(address), clock)
