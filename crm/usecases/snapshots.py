"""What enrichment and collection need to know of every workspace, read once and refreshed by version."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock
from zoneinfo import ZoneInfo

from msgspec import Struct, structs
from sqlalchemy import Connection, func, select

from crm import query
from crm.errors import PermanentError
from crm.ids import first_id
from crm.policies.heads import Head
from crm.policies.ties import TieBook
from crm.ports.clock import Clock
from crm.ports.topics import TopicBook
from crm.query import MonitorSet
from crm.query.tree import Node
from crm.records import corrections, customers, heads, monitors, sources, threads, topics, workspaces
from crm.records.database import Records
from crm.records.tables import cases, changes
from crm.usecases.monitors import narrowed

EVERY_SECONDS = 1.0
ENCODER = "encoder-static 1"
"""The vectors that enrichment has; heads that were learned on others answer nothing."""
WATCHED_THREADS = 20_000
WATCHED = timedelta(days=30)
THREADS_SECONDS = 300.0
LATE = timedelta(minutes=1)


class WorkspaceSnapshot(Struct, frozen=True):
    """One workspace at one moment.

    `sources` holds signatures of its enabled sources, `own` keys of our accounts as authors,
    `threads` keys of the threads that the team works on, `corrections` answers of people by post and task,
    `same_words` the same by what posts of the same words share,
    `topics` what posts of each monitor are held against, `heads` what its own answers added to the models.
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
    same_words: Mapping[str, Mapping[str, str]] = {}
    topics: Mapping[str, TopicBook] = {}
    heads: Mapping[str, tuple[Head, ...]] = {}


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
    """The current snapshot; looks for changes at most once a second. Safe to share between threads.

    What changes at different paces is read apart: settings by their versions, customers when one of
    them changed, watched threads by the newest cases, so that a busy hour costs little.
    """

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records, self._clock, self._lock = records, clock, Lock()
        self._looked = float("-inf")
        self._current = Snapshot({})
        self._settings: dict[str, str] = {}
        self._customers: int | None = None
        self._threads: dict[str, _Threads] = {}

    def current(self) -> Snapshot:
        """What is known now, at most a second old."""
        with self._lock:
            if self._clock.monotonic() - self._looked >= EVERY_SECONDS:
                self._refresh()
            return self._current

    def fresh(self) -> Snapshot:
        """What is known now, read at once: for posts that come again because something was just changed."""
        with self._lock:
            self._refresh()
            return self._current

    def _refresh(self) -> None:
        with self._records.read() as tx:
            newest = tx.execute(select(func.max(changes.c.id)).where(changes.c.kind == "customer")).scalar()
            ties_stale, self._customers = newest != self._customers, newest
            found = {one.id: self._workspace(tx, one, ties_stale) for one in workspaces.every(tx)}
        if found != self._current.workspaces:
            self._current = Snapshot(found)
        self._looked = self._clock.monotonic()

    def _workspace(self, tx: Connection, workspace: workspaces.Workspace, ties_stale: bool) -> WorkspaceSnapshot:
        """The snapshot of before with the parts replaced that are stale; the same object where none is."""
        old = self._current.workspaces.get(workspace.id)
        parts: dict[str, object] = {}
        stamp = _settings_stamp(tx, workspace, self._clock.now())
        if old is None or self._settings.get(workspace.id) != stamp:
            parts |= _settings(tx, workspace, self._clock.now())
            self._settings[workspace.id] = stamp
        if old is None or ties_stale:
            parts["ties"] = customers.tie_book(tx, workspace.id)
        threads = self._threads.setdefault(workspace.id, _Threads(workspace.id)).read(tx, self._clock)
        if old is None or threads is not old.threads:
            parts["threads"] = threads
        if old is None:
            return WorkspaceSnapshot(id=workspace.id, **parts)  # type: ignore[arg-type]
        return structs.replace(old, **parts) if parts else old


class _Threads:
    """Keys of the threads that a workspace works on: all of them at times, new cases in between."""

    def __init__(self, workspace: str) -> None:
        self._workspace = workspace
        self._keys: frozenset[str] = frozenset()
        self._newest, self._read = "", float("-inf")

    def read(self, tx: Connection, clock: Clock) -> frozenset[str]:
        """The keys now; the same object where nothing is new."""
        mine = cases.c.workspace == self._workspace
        if clock.monotonic() - self._read >= THREADS_SECONDS:
            recent = select(cases.c.thread_key).where(mine, cases.c.last_post_at > clock.now() - WATCHED)
            keys = tx.execute(recent.order_by(cases.c.last_post_at.desc()).limit(WATCHED_THREADS)).scalars().all()
            self._keys = frozenset([*keys, *threads.inner_of(tx, self._workspace, keys)])
            self._read = clock.monotonic()
            self._newest = tx.execute(select(func.max(cases.c.id)).where(mine)).scalar() or ""
            return self._keys
        # A case is seen once its transaction ends, which may be after newer ones were: look back a little.
        since = min(self._newest, first_id(clock.now() - LATE))
        new = tx.execute(select(cases.c.id, cases.c.thread_key).where(mine, cases.c.id > since)).all()
        self._newest = max([self._newest, *(row.id for row in new)])
        if not self._keys.issuperset(fresh := {row.thread_key for row in new}):
            self._keys |= fresh
        return self._keys


def _settings_stamp(tx: Connection, workspace: workspaces.Workspace, now: datetime) -> str:
    used = [(one.id, one.enabled) for one in sources.of_workspace(tx, workspace.id)]
    today = now.astimezone(ZoneInfo(workspace.zone)).date()  # queries may say `since:7d`
    return f"{workspace.revision} {workspace.zone} {used} {today}"


def _settings(tx: Connection, workspace: workspaces.Workspace, now: datetime) -> dict[str, object]:
    queries = _queries(tx, workspace, now)
    used = [one for one in sources.of_workspace(tx, workspace.id) if one.enabled]
    return {
        "revision": workspace.revision,
        "monitors": MonitorSet(queries),
        "queries": queries,
        "sources": frozenset(signature(one.kind, one.options) for one in used),
        "own": frozenset(one.author_key for one in sources.accounts_of(tx, workspace.id)),
        "corrections": corrections.every(tx, workspace.id),
        "same_words": corrections.of_same_words(tx, workspace.id),
        "topics": topics.books(tx, workspace.id),
        "heads": heads.in_use(tx, workspace.id, ENCODER),
    }


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
