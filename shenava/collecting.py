"""The collect role: runs every source in a thread of its own and puts what matters on the stream."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from threading import Event, Thread

from msgspec import Struct

from crm import envelope
from crm.errors import RateLimitedError, RetryableError, ShenavaError, StoreError
from crm.ports.clock import Clock
from crm.ports.index import PostIndex
from crm.ports.log import EventLog
from crm.ports.source import Batch, Job, Source
from crm.ports.transport import Transport
from crm.records import changes, sources
from crm.records.database import Records
from crm.records.sources import SourceRow
from crm.usecases.snapshots import Snapshots, signature
from crm.words import COLLECTED, CollectedEvent, Removed
from shenava.pressure import Pressure
from shenava.sieve import Sieve

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
SAVE_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0
WHOLE = frozenset({"file"})
"""Kinds whose posts are all kept, for the one workspace that asked."""


class Stores(Struct, frozen=True):
    """What a run needs from outside."""

    records: Records
    log: EventLog
    index: PostIndex
    transport: Transport
    clock: Clock


@dataclass
class Run:
    """One source at work, for every workspace that set it up in the same way."""

    key: str
    kind: Source
    rows: list[SourceRow]
    stop: Event = field(default_factory=Event)
    thread: Thread | None = None
    told: float = float("-inf")


class Collecting:
    """Starts and stops runs as people set sources up, pause and remove them."""

    def __init__(self, stores: Stores, kinds: Mapping[str, Source], snapshots: Snapshots, random: Random) -> None:
        self._stores, self._kinds, self._snapshots, self._random = stores, kinds, snapshots, random
        self._runs: dict[str, Run] = {}
        self._failures: dict[str, int] = {}
        self._pressure = Pressure(stores.log, stores.clock)

    def run(self, stop: Event) -> None:
        """Look for changed sources every two seconds until `stop` is set, then end all runs."""
        while not stop.is_set():
            try:
                self.look()
            except (RetryableError, StoreError) as error:
                logger.warning("%s", error)  # what runs goes on; whoever changes a source needs the records as well
            self._stores.clock.sleep(LOOK_SECONDS, stop)
        for run in self._runs.values():
            run.stop.set()
        for run in self._runs.values():
            if run.thread is not None:
                run.thread.join(5.0)

    def look(self) -> None:
        """Start what should run and does not; stop what runs and should not."""
        wanted = self._wanted()
        for key, run in list(self._runs.items()):
            if key not in wanted:
                run.stop.set()
            if run.thread is not None and not run.thread.is_alive():
                del self._runs[key]
        for key, rows in wanted.items():
            if key not in self._runs and self._ready(rows[0]):
                run = Run(key, self._kinds[rows[0].kind], rows)
                run.thread = Thread(target=self.collect, args=(run,), name=key[:40], daemon=True)
                self._runs[key] = run
                run.thread.start()

    def collect(self, run: Run) -> None:
        """One run until its source is exhausted, stopped or fails; the outcome is written to its rows."""
        try:
            self._try(run)
        except (RetryableError, StoreError) as error:
            logger.warning("%s", error)  # the outcome can't be written either; the next look starts it again

    def _try(self, run: Run) -> None:
        try:
            self._collect(run)
        except (RetryableError, StoreError) as error:
            # A full disk or a busy store is not the source's fault: it goes on once there is room.
            self._wait(run, error)
        except ShenavaError as error:
            self._fail(run, "failed", error, None)
        except Exception as error:
            logger.exception("The source %s failed in an unexpected way.", run.key)
            self._wait(run, error)
        else:
            if not run.stop.is_set():
                self._mark(run, state="finished")

    def _wanted(self) -> dict[str, list[SourceRow]]:
        with self._stores.records.read() as tx:
            rows = [row for row in sources.every(tx) if row.enabled and row.state not in {"failed", "finished"}]
        found: dict[str, list[SourceRow]] = {}
        for row in rows:
            if row.kind in self._kinds:
                found.setdefault(_key(row), []).append(row)
        return found

    def _ready(self, row: SourceRow) -> bool:
        return row.retry_at is None or row.retry_at <= self._stores.clock.now()

    def _collect(self, run: Run) -> None:
        first, stores = run.rows[0], self._stores
        whole = first.kind in WHOLE
        sieve = None if whole else Sieve(self._snapshots, stores.index, stores.clock)
        job = Job(
            source=first.id if whole else run.key, options=first.options, cursor=first.cursor,
            workspace=first.workspace if whole else None,
        )  # fmt: skip
        saved = float("-inf")
        for batch in run.kind.collect(job, stores.transport, stores.clock, run.stop):
            events = [event for event in batch.events if sieve is None or sieve.lets_through(event)]
            if events:
                self._pressure.wait(run.stop)
                stores.log.append(COLLECTED, [envelope.record(event) for event in events])
            if events or batch.rejected or stores.clock.monotonic() - saved >= SAVE_SECONDS:
                self._save(run, batch, events)
                saved = stores.clock.monotonic()
            if run.stop.is_set():
                break

    def _save(self, run: Run, batch: Batch, events: Sequence[CollectedEvent]) -> None:
        now, posts = self._stores.clock.now(), sum(not isinstance(event, Removed) for event in events)
        with self._stores.records.write() as tx:
            for row in run.rows:
                sources.succeeded(tx, row, batch.cursor, posts, batch.rejected, now)
            if self._stores.clock.monotonic() - run.told >= SAVE_SECONDS:
                run.told = self._stores.clock.monotonic()
                for row in run.rows:
                    changes.note(tx, row.workspace, "source", row.id, now)
        self._failures.pop(run.key, None)

    def _wait(self, run: Run, error: Exception) -> None:
        failures = self._failures[run.key] = self._failures.get(run.key, 0) + 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 12)) * self._random.uniform(0.5, 1.0)
        if isinstance(error, RateLimitedError) and error.retry_after is not None:
            pause = max(pause, error.retry_after)
        self._fail(run, "waiting", error, pause)

    def _fail(self, run: Run, state: str, error: Exception, pause: float | None) -> None:
        now = self._stores.clock.now()
        retry_at = None if pause is None else now + timedelta(seconds=pause)
        with self._stores.records.write() as tx:
            for row in run.rows:
                sources.failed(tx, row, state, type(error).__name__, str(error), now, retry_at)
                changes.note(tx, row.workspace, "source", row.id, now)

    def _mark(self, run: Run, **fields: object) -> None:
        with self._stores.records.write() as tx:
            for row in run.rows:
                sources.change(tx, row.id, **fields)
                changes.note(tx, row.workspace, "source", row.id, self._stores.clock.now())


def _key(row: SourceRow) -> str:
    return row.id if row.kind in WHOLE else signature(row.kind, row.options)
