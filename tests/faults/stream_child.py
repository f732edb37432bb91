"""Run as a process of its own by test_stream_kill, which kills it: ``append FOLDER START`` or ``consume FOLDER``.

`append` writes records numbered from START in batches and tells how many are acknowledged after each.
`consume` runs a worker from posts.collected to posts.enriched.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from threading import Event as Stop

from crm.ports.clock import SystemClock
from crm.ports.log import Event, Record
from stream.sqlite import SQLiteLog
from stream.upkeep import LogSink, trim_topics
from stream.worker import Worker
from tests.conformance.doubles import MemoryDeadLetters

COLLECTED, ENRICHED, GROUP = "posts.collected", "posts.enriched", "enrich"
BATCH = 7


def append(log: SQLiteLog, number: int) -> None:
    while True:
        log.append(COLLECTED, [Record(f"k:{n}", f"پست {n}".encode()) for n in range(number, number + BATCH)])
        number += BATCH
        print(number, flush=True)


def consume(log: SQLiteLog) -> None:
    def handle(events: Sequence[Event]) -> list[Record]:
        return [Record(event.key, event.value) for event in events]

    worker = Worker(
        log, COLLECTED, GROUP, handle, LogSink(log, ENRICHED), MemoryDeadLetters(), SystemClock(), Random(), batch=50
    )
    print("ready", flush=True)
    while True:
        worker.step(Stop())
        trim_topics(log, {COLLECTED: [GROUP, "count"]})


if __name__ == "__main__":
    role, folder, *start = sys.argv[1:]
    opened = SQLiteLog(Path(folder) / "stream.sqlite", SystemClock(), lease=0.3)
    if role == "append":
        append(opened, int(start[0]))
    consume(opened)
