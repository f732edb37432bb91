"""The collect role: runs every source in a thread of its own and puts what matters on the stream."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b
from random import Random
from threading import Event, Thread

from msgspec import Struct, json, to_builtins

from crm import envelope
from crm.errors import AuthorisationError, RateLimitedError, RetryableError, ShenavaError, StoreError
from crm.policies import tokens
from crm.ports.clock import Clock
from crm.ports.index import PostIndex
from crm.ports.log import EventLog
from crm.ports.responder import Account
from crm.ports.source import Batch, Job, Receiving, Search, Searching, Source, account_option
from crm.ports.transport import Transport
from crm.query.walk import NOTHING
from crm.query.widen import on_platform
from crm.records import budget, changes, sources
from crm.records.database import Records
from crm.records.sources import SourceRow
from crm.usecases.snapshots import Snapshots, signature
from crm.usecases.tokens import Tokens
from crm.words import COLLECTED, CollectedEvent, Removed
from shenava.allowances import Allowances
from shenava.pressure import Pressure
from shenava.sieve import Sieve

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
SAVE_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0
SHORTEST = timedelta(seconds=30)
"""How long a run lasts at least, whatever a platform says of its token."""
PATIENCE = timedelta(minutes=10)
"""How long a renewed token should be good for: who refuses sooner does not mean the token."""
MONITORS = "monitors"
"""The option that names the monitors whose queries a source asks its platform."""
WHOLE = frozenset({"file"})
"""Kinds whose posts are all kept, for the one workspace that asked."""


class Stores(Struct, frozen=True):
    """What a run needs from outside."""

    records: Records
    log: EventLog
    index: PostIndex
    transport: Transport
    clock: Clock
    tokens: Tokens


@dataclass
class Run:
    """One source at work, for every workspace that set it up in the same way.

    It ends at `until`, and starts anew from its cursor, before the token of its `account` does.
    """

    key: str
    kind: Source
    rows: list[SourceRow]
    searches: tuple[Search, ...] = ()
    stop: Event = field(default_factory=Event)
    thread: Thread | None = None
    told: float = float("-inf")
    account: Account | None = None
    until: datetime | None = None


class Collecting:
    """Starts and stops runs as people set sources up, pause and remove them."""

    def __init__(self, stores: Stores, kinds: Mapping[str, Source], snapshots: Snapshots, random: Random) -> None:
        self._stores, self._kinds, self._snapshots, self._random = stores, kinds, snapshots, random
        self._runs: dict[str, Run] = {}
        self._failures: dict[str, int] = {}
        self._renewed: dict[str, datetime] = {}
        self._pressure = Pressure(stores.log, stores.clock)
        self._allowances = Allowances(stores.records, stores.clock)

    @property
    def running(self) -> list[Run]:
        """The runs that were started and not yet cleared away."""
        return list(self._runs.values())

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
            if key not in wanted or (run.until is not None and run.until <= self._stores.clock.now()):
                run.stop.set()
            if run.thread is not None and not run.thread.is_alive():
                del self._runs[key]
        # A run that looks for something else now goes on from where the old one stopped, so after it.
        busy = {row.id for run in self._runs.values() for row in run.rows}
        for key, run in wanted.items():
            if key not in self._runs and busy.isdisjoint(row.id for row in run.rows) and self._ready(run.rows[0]):
                run.thread = Thread(target=self.collect, args=(run,), name=key[:40], daemon=True)
                self._runs[key] = run
                run.thread.start()

    def collect(self, run: Run) -> None:
        """One run until its source is exhausted, stopped or fails; the outcome is written to its rows."""
        try:
            self._try(run)
        except (RetryableError, StoreError) as error:
            logger.warning("%s", error)  # the outcome can't be written either; the next look starts it again
        finally:
            self._allowances.leave(run.key)

    def _try(self, run: Run) -> None:
        try:
            self._collect(run)
        except (RetryableError, StoreError) as error:
            # A full disk or a busy store is not the source's fault: it goes on once there is room.
            self._wait(run, error)
        except AuthorisationError as error:
            self._refused(run, error)
        except ShenavaError as error:
            self._fail(run, "failed", error, None)
        except Exception as error:
            logger.exception("The source %s failed in an unexpected way.", run.key)
            self._wait(run, error)
        else:
            if not run.stop.is_set():
                self._mark(run, state="finished")

    def _refused(self, run: Run, error: AuthorisationError) -> None:
        """Start anew with another token, once, where one can be had; else a person must act."""
        now, before = self._stores.clock.now(), self._renewed.get(run.key)
        if run.account is None or (before is not None and now - before < PATIENCE):
            self._fail(run, "failed", error, None)
            return
        try:
            other = self._stores.tokens.after_refusal(run.rows[0].workspace, _account_id(run), run.account)
        except RetryableError as later:
            self._wait(run, later)
            return
        self._renewed[run.key] = now
        if other is None:
            self._fail(run, "failed", error, None)

    def _wanted(self) -> dict[str, Run]:
        with self._stores.records.read() as tx:
            rows = [row for row in sources.every(tx) if row.enabled and row.state not in {"failed", "finished"}]
        found: dict[str, Run] = {}
        for row in rows:
            kind = self._kinds.get(row.kind)
            if kind is not None and not isinstance(kind, Receiving):
                searches = self._searches(row) if isinstance(kind, Searching) else ()
                key = f"{_run_key(row, kind)}{_digest(searches)}"
                found.setdefault(key, Run(key, kind, [], searches)).rows.append(row)
        return found

    def _searches(self, row: SourceRow) -> tuple[Search, ...]:
        """What the monitors that a source names (every one of its workspace where it names none) look for."""
        known = self._snapshots.current().workspaces.get(row.workspace)
        named = set(row.options.get(MONITORS, "").split())
        queries = known.queries if known else {}
        platform = self._kinds[row.kind].platform
        asked = {one: on_platform(node, platform) for one, node in queries.items() if not named or one in named}
        return tuple(Search(one, node) for one, node in sorted(asked.items()) if node != NOTHING)

    def _ready(self, row: SourceRow) -> bool:
        return row.retry_at is None or row.retry_at <= self._stores.clock.now()

    def _collect(self, run: Run) -> None:
        first, stores = run.rows[0], self._stores
        sieve = None if first.kind in WHOLE else Sieve(self._snapshots, stores.index, stores.clock)
        saved = float("-inf")
        for batch in run.kind.collect(self._job(run), stores.transport, stores.clock, run.stop):
            self._spend(run, batch)
            events = [event for event in batch.events if sieve is None or sieve.lets_through(event)]
            if events:
                self._pressure.wait(run.stop)
                stores.log.append(COLLECTED, [envelope.record(event) for event in events])
            told = events or batch.rejected or batch.spent or batch.gaps
            if told or stores.clock.monotonic() - saved >= SAVE_SECONDS:
                self._save(run, batch, events)
                saved = stores.clock.monotonic()
            if run.stop.is_set():
                break

    def _job(self, run: Run) -> Job:
        """What a run is told. Posts of a source with an account of ours are for its own workspace alone."""
        row, ours = run.rows[0], account_option(run.kind)
        if row.kind in WHOLE:
            return Job(row.id, row.options, row.cursor, row.workspace)
        if _has_secret(run.kind):
            return Job(row.id, row.options, row.cursor, row.workspace, searches=run.searches, secret=self._secret(row))
        if ours is None:
            return Job(_key(row, run.kind), row.options, row.cursor, searches=run.searches)
        run.account = self._stores.tokens.read_with(row, row.options.get(ours, ""))
        ends, now = tokens.read(run.account.secret).ends, self._stores.clock.now()
        run.until = None if ends is None else max(ends - tokens.EARLY, now + SHORTEST)
        return Job(
            _key(row, run.kind), row.options, row.cursor, row.workspace, run.account,
            run.searches, partial(self._allowances.ask, run.key, row.workspace, run.kind.platform),
        )  # fmt: skip

    def _secret(self, row: SourceRow) -> str:
        with self._stores.records.read() as tx:
            sealed = sources.sealed_of(tx, row.id)
        return self._stores.tokens.unseal(sealed) if sealed else ""

    def _spend(self, run: Run, batch: Batch) -> None:
        """Count what was read, before anything else can fail: it is paid for whether it is stored or not."""
        if batch.spent:
            for workspace in sorted({row.workspace for row in run.rows}):  # two sources of one are still read once
                self._allowances.pay(workspace, run.kind.platform, batch.spent)
        self._allowances.release(run.key)  # a batch reports all that was read until then

    def _save(self, run: Run, batch: Batch, events: Sequence[CollectedEvent]) -> None:
        now, posts = self._stores.clock.now(), sum(not isinstance(event, Removed) for event in events)
        with self._stores.records.write() as tx:
            for row in run.rows:
                sources.succeeded(tx, row, batch.cursor, posts, batch.rejected, now)
                if batch.quota:
                    sources.change(tx, row.id, quota=to_builtins(batch.quota))
                budget.miss(tx, row.workspace, row.id, batch.gaps)
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


def _account_id(run: Run) -> str:
    return run.rows[0].options.get(account_option(run.kind) or "", "")


def _digest(searches: tuple[Search, ...]) -> str:
    return f" for {blake2b(json.encode(searches), digest_size=8).hexdigest()}" if searches else ""


def _has_secret(kind: Source) -> bool:
    return any(option.kind == "secret" for option in kind.options)


def _run_key(row: SourceRow, kind: Source) -> str:
    """What reads with an account is a run of its workspace, even where another names the account of this one."""
    return _key(row, kind) if account_option(kind) is None else f"{row.workspace} {_key(row, kind)}"


def _key(row: SourceRow, kind: Source) -> str:
    return row.id if row.kind in WHOLE or _has_secret(kind) else signature(row.kind, row.options)
