"""Monitors: checking a query as it is typed, showing what it would find, saving it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from crm import query
from crm.errors import InvalidInputError, NotFoundError
from crm.ids import new_id
from crm.policies.access import Actor, require
from crm.ports.clock import Clock
from crm.ports.index import Bucket, PostIndex
from crm.query import QueryError
from crm.query.tree import And, Field, Node, Or
from crm.records import audit, changes, jobs, monitors, workspaces
from crm.records.database import Records
from crm.records.monitors import Monitor
from crm.words import EnrichedPost

PREVIEW_DAYS = 7
PREVIEW_HITS = 12
RERUN = "rerun_monitor"


class MonitorDraft(Struct, frozen=True):
    """What a person filled in; `id` is empty for a new monitor."""

    name: str
    query: str
    brand: str
    own: bool = True
    id: str = ""
    platforms: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    enabled: bool = True
    opens_cases: bool = True
    made_up: bool = False


class Hit(Struct, frozen=True):
    """A post of a preview or a search, with the character spans of its text that matched."""

    post: EnrichedPost
    spans: tuple[tuple[int, int], ...]


class Preview(Struct, frozen=True):
    """What a query finds in the index in the last `days` days. Buckets as in :meth:`PostIndex.count`."""

    total: int
    days: int
    by_day: tuple[Bucket, ...]
    by_platform: tuple[Bucket, ...]
    by_language: tuple[Bucket, ...]
    by_sentiment: tuple[Bucket, ...]
    hits: tuple[Hit, ...]
    at: datetime


class Monitors:
    """The monitors of a workspace."""

    def __init__(self, records: Records, index: PostIndex, clock: Clock) -> None:
        self._records, self._index, self._clock = records, index, clock

    def all(self, actor: Actor) -> list[Monitor]:
        """The monitors that the actor may read, own brand first."""
        require(actor, "read_posts")
        with self._records.read() as tx:
            found = monitors.of_workspace(tx, actor.workspace)
        return [one for one in found if actor.monitors is None or one.id in actor.monitors]

    def get(self, actor: Actor, monitor_id: str) -> Monitor:
        """One monitor. Raises NotFoundError."""
        found = next((one for one in self.all(actor) if one.id == monitor_id), None)
        if found is None:
            raise NotFoundError("monitor", monitor_id)
        return found

    def check(self, actor: Actor, text: str) -> QueryError | None:
        """What is wrong with `text` as a monitor's query; None where nothing is."""
        try:
            query.check_monitor(self._parse(actor, text))
        except QueryError as error:
            return error
        return None

    def preview(self, actor: Actor, text: str, platforms: Sequence[str] = (), languages: Sequence[str] = ()) -> Preview:
        """What the query finds in the last week. Raises QueryError."""
        require(actor, "read_posts")
        now = self._clock.now()
        parsed = self._parse(actor, text)
        since = (now - timedelta(days=PREVIEW_DAYS)).isoformat(timespec="seconds")
        node = And((narrowed(parsed, platforms, languages), Field("since", ":", since)))
        zone, scope = self._zone(actor), actor.scope
        count = self._index.count(scope, node)
        page = self._index.search(scope, node, "newest", PREVIEW_HITS)
        return Preview(
            total=count[0].posts if count else 0,
            days=PREVIEW_DAYS,
            by_day=tuple(self._index.count(scope, node, ("day",), zone)),
            by_platform=tuple(self._index.count(scope, node, ("platform",))),
            by_language=tuple(self._index.count(scope, node, ("language",))),
            by_sentiment=tuple(self._index.count(scope, node, ("sentiment",))),
            hits=tuple(Hit(hit, tuple(query.highlight_spans(hit.post.text, parsed))) for hit in page.hits),
            at=now,
        )

    def save(self, actor: Actor, draft: MonitorDraft) -> Monitor:
        """Store a monitor and run it over the index in the background.

        Raises: ForbiddenError, QueryError (nothing is saved), InvalidInputError (no name), NotFoundError.
        """
        require(actor, "edit_monitors")
        if not draft.name.strip():
            raise InvalidInputError("A monitor needs a name.")
        query.check_monitor(self._parse(actor, draft.query))
        now = self._clock.now()
        with self._records.write() as tx:
            old = monitors.get(tx, actor.workspace, draft.id) if draft.id else None
            if draft.id and old is None:
                raise NotFoundError("monitor", draft.id)
            monitor = Monitor(
                id=old.id if old else new_id(now), workspace=actor.workspace, name=draft.name.strip(),
                query=draft.query.strip(), brand=draft.brand.strip() or draft.name.strip(), own=draft.own,
                created_at=old.created_at if old else now, updated_at=now, platforms=draft.platforms,
                languages=draft.languages, enabled=draft.enabled, opens_cases=draft.opens_cases,
                made_up=old.made_up if old else draft.made_up, version=old.version + 1 if old else 1,
            )  # fmt: skip
            monitors.put(tx, monitor)
            workspaces.next_revision(tx, actor.workspace)
            jobs.ask(tx, actor.workspace, RERUN, now, monitor=monitor.id)
            action = "change_monitor" if old else "create_monitor"
            audit.append(
                tx, actor.workspace, actor.user_id, action, monitor.id, now, name=monitor.name, query=monitor.query
            )
            changes.note(tx, actor.workspace, "monitor", monitor.id, now)
        return monitor

    def delete(self, actor: Actor, monitor_id: str) -> None:
        """Remove a monitor; its posts stay and lose its mark in the background. Raises NotFoundError."""
        require(actor, "edit_monitors")
        now = self._clock.now()
        with self._records.write() as tx:
            if not monitors.remove(tx, actor.workspace, monitor_id):
                raise NotFoundError("monitor", monitor_id)
            workspaces.next_revision(tx, actor.workspace)
            jobs.ask(tx, actor.workspace, RERUN, now, monitor=monitor_id)
            audit.append(tx, actor.workspace, actor.user_id, "delete_monitor", monitor_id, now)
            changes.note(tx, actor.workspace, "monitor", monitor_id, now)

    def run_of(self, actor: Actor, monitor_id: str) -> jobs.Work | None:
        """The background run of the newest change, for showing its progress."""
        with self._records.read() as tx:
            work = jobs.newest(tx, actor.workspace, RERUN)
        return work if work and work.arguments.get("monitor") == monitor_id else None

    def _parse(self, actor: Actor, text: str) -> Node:
        return query.parse(text, zone=self._zone(actor), now=self._clock.now())

    def _zone(self, actor: Actor) -> str:
        with self._records.read() as tx:
            return workspaces.get(tx, actor.workspace).zone


def narrowed(node: Node, platforms: Sequence[str], languages: Sequence[str]) -> Node:
    """The query limited to these platforms and languages; empty means no limit."""
    limits: list[Node] = []
    if platforms:
        limits.append(Or(tuple(Field("platform", ":", value) for value in platforms)))
    if languages:
        limits.append(Or(tuple(Field("lang", ":", value) for value in languages)))
    return And((node, *limits)) if limits else node
