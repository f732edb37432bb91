"""What enrichment and collection need to know of every workspace, read once and refreshed by version."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock

from msgspec import Struct
from sqlalchemy import Connection, func, select

from crm import query
from crm.errors import PermanentError
from crm.policies.ties import TieBook
from crm.ports.clock import Clock
from crm.query import MonitorSet
from crm.query.tree import Node
from crm.records import corrections, customers, monitors, sources, threads, workspaces
from crm.records.database import Records
from crm.records.tables import cases, changes
from crm.usecases.monitors import narrowed

EVERY_SECONDS = 1.0
WATCHED_THREADS = 20_000
WATCHED_DAYS = 30
_KINDS = ("monitor", "source", "customer")


class WorkspaceSnapshot(Struct, frozen=True):
    """One workspace at one moment.

    `sources` holds signatures of its enabled sources, `own` keys of our accounts as authors,
    `threads` keys of the threads that the team works on, `corrections` answers of people by post and task.
    """

    id: str
    revision: int
    monitors: MonitorSet
    queries: Mapping[str, Node]
    sources: frozenset[str]
    own: frozenset[str]
    ties: TieBook
    threads: frozenset[str]
    corrections: Mapping[str, Mapping[str, str]]


class Snapshot(Struct, frozen=True):
    """All workspaces at one moment."""

    workspaces: Mapping[str, WorkspaceSnapshot]

    def of_source(self, signature: str) -> list[WorkspaceSnapshot]:
        """The workspaces that use this source."""
        return [one for one in self.workspaces.values() if signature in one.sources]


def signature(kind: str, options: Mapping[str, str]) -> str:
    """What makes two sources the same one, so that it is collected once for all workspaces."""
    return ":".join([kind, *(f"{name}={options[name]}" for name in sorted(options))])


class Snapshots:
    """The current snapshot; looks for changes at most once a second. Safe to share between threads."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records, self._clock, self._lock = records, clock, Lock()
        self._looked, self._stamp = float("-inf"), ""
        self._current = Snapshot({})

    def current(self) -> Snapshot:
        """What is known now."""
        with self._lock:
            if self._clock.monotonic() - self._looked >= EVERY_SECONDS:
                self._refresh()
                self._looked = self._clock.monotonic()
            return self._current

    def _refresh(self) -> None:
        with self._records.read() as tx:
            stamp = _stamp(tx)
            if stamp != self._stamp:
                now = self._clock.now()
                self._current = Snapshot({one.id: _load(tx, one, now) for one in workspaces.every(tx)})
                self._stamp = stamp


def _stamp(tx: Connection) -> str:
    revisions = [(one.id, one.revision) for one in workspaces.every(tx)]
    newest = tx.execute(select(func.max(changes.c.id)).where(changes.c.kind.in_(_KINDS))).scalar()
    threads = tx.execute(select(func.count(), func.max(cases.c.id))).one()
    return f"{revisions} {newest} {tuple(threads)}"


def _load(tx: Connection, workspace: workspaces.Workspace, now: datetime) -> WorkspaceSnapshot:
    queries = _queries(tx, workspace, now)
    used = [one for one in sources.of_workspace(tx, workspace.id) if one.enabled]
    return WorkspaceSnapshot(
        id=workspace.id,
        revision=workspace.revision,
        monitors=MonitorSet(queries),
        queries=queries,
        sources=frozenset(signature(one.kind, one.options) for one in used),
        own=frozenset(one.author_key for one in sources.accounts_of(tx, workspace.id)),
        ties=customers.tie_book(tx, workspace.id),
        threads=_threads(tx, workspace.id, now),
        corrections=corrections.every(tx, workspace.id),
    )


def _queries(tx: Connection, workspace: workspaces.Workspace, now: datetime) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for monitor in monitors.of_workspace(tx, workspace.id):
        if not monitor.enabled:
            continue
        try:
            parsed = query.parse(monitor.query, zone=workspace.zone, now=now)
        except PermanentError:
            continue  # a newer language rejects it: the Monitors page shows the error beside the query
        found[monitor.id] = narrowed(parsed, monitor.platforms, monitor.languages)
    return found


def _threads(tx: Connection, workspace: str, now: datetime) -> frozenset[str]:
    after = now - timedelta(days=WATCHED_DAYS)
    rows = (
        select(cases.c.thread_key)
        .where(cases.c.workspace == workspace, cases.c.last_post_at > after)
        .order_by(cases.c.last_post_at.desc())
        .limit(WATCHED_THREADS)
    )
    keys = [row.thread_key for row in tx.execute(rows)]
    return frozenset([*keys, *threads.inner_of(tx, workspace, keys)])
