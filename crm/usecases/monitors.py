"""Monitors: checking a query as it is typed, showing what it would find, saving it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct, structs
from sqlalchemy import Connection

from crm import query
from crm.calendar import day_of, day_start
from crm.errors import ConflictError, InvalidInputError, NotFoundError
from crm.ids import new_id
from crm.policies.access import Actor, require
from crm.ports.clock import Clock
from crm.ports.index import Bucket, PostIndex
from crm.ports.source import Asked, Searching, Source
from crm.query import QueryError
from crm.query.tree import And, Field, Node, Or
from crm.query.walk import NOTHING
from crm.query.widen import on_platform
from crm.records import audit, budget, changes, jobs, monitors, workspaces
from crm.records.database import Records
from crm.records.monitors import Monitor
from crm.usecases.reading import Reading
from crm.words import EnrichedPost

PREVIEW_DAYS = 7
PREVIEW_HITS = 12
NAME_LENGTH = 120
RERUN = "rerun_monitor"


class MonitorDraft(Struct, frozen=True):
    """What a person filled in; `id` is empty for a new monitor.

    `own` and `opens_cases` say whose brand it is and whether a hit waits in the inbox. None leaves them as they
    are; of a new monitor both are set where the workspace watches no brand of its own yet, else neither.
    `version` is the one they began from, so that nobody's change is written over unseen; None does not ask.
    """

    name: str
    query: str
    brand: str
    own: bool | None = None
    id: str = ""
    platforms: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    enabled: bool = True
    opens_cases: bool | None = None
    made_up: bool = False
    version: int | None = None


class MonitorChangedError(ConflictError):
    """Somebody else saved the monitor meanwhile."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"Somebody else changed the monitor {name!r} meanwhile; open it again and repeat your change.")


class Hit(Struct, frozen=True):
    """A post of a preview or a search, with the character spans of its text that matched."""

    post: EnrichedPost
    spans: tuple[tuple[int, int], ...]


class Preview(Struct, frozen=True):
    """What a query finds in the index in the last `days` days. Buckets as in :meth:`PostIndex.count`.

    `hits` are the newest posts, `unsure` the newest whose sentiment the model left open.
    """

    total: int
    days: int
    by_day: tuple[Bucket, ...]
    by_platform: tuple[Bucket, ...]
    by_language: tuple[Bucket, ...]
    by_sentiment: tuple[Bucket, ...]
    hits: tuple[Hit, ...]
    at: datetime
    unsure: tuple[Hit, ...] = ()


class Mentions(Struct, frozen=True):
    """The posts of one monitor in the last `PREVIEW_DAYS` days; `days` counts each day, the last one is today."""

    days: tuple[int, ...]
    negative: int = 0
    neutral: int = 0
    positive: int = 0
    unsure: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.days)


class Monitors:
    """The monitors of a workspace."""

    def __init__(self, records: Records, index: PostIndex, clock: Clock) -> None:
        self._records, self._index, self._clock = records, index, clock
        self._reading = Reading(index)

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

    def watches_own(self, actor: Actor) -> bool:
        """Whether the workspace watches a brand of its own, the demo's aside; its first monitor is that one."""
        require(actor, "read_posts")
        with self._records.read() as tx:
            return _watches_own(tx, actor.workspace)

    def check(self, actor: Actor, text: str) -> QueryError | None:
        """What is wrong with `text` as a monitor's query; None where nothing is."""
        try:
            query.check_monitor(self._parse(actor, text))
        except QueryError as error:
            return error
        return None

    def preview(self, actor: Actor, text: str, platforms: Sequence[str] = (), languages: Sequence[str] = ()) -> Preview:
        """What the query finds in the last week. Raises QueryError, also where a monitor can't be that query."""
        require(actor, "read_posts")
        now, zone, scope = self._clock.now(), self._zone(actor), actor.scope
        parsed = self._parse(actor, text)
        query.check_monitor(parsed)
        node = And((narrowed(parsed, platforms, languages), _since(now - timedelta(days=PREVIEW_DAYS))))
        counted = self._index.count(scope, node, ("platform", "language", "sentiment"))
        return Preview(
            total=sum(bucket.posts for bucket in counted),
            days=PREVIEW_DAYS,
            by_day=tuple(self._index.count(scope, node, ("day",), zone)),
            by_platform=_folded(counted, 0),
            by_language=_folded(counted, 1),
            by_sentiment=_folded(counted, 2),
            hits=self._hits(actor, node, parsed),
            at=now,
            unsure=self._hits(actor, And((node, Field("sentiment", ":", query.UNKNOWN))), parsed),
        )

    def asked(self, actor: Actor, draft: MonitorDraft, source: Source) -> Asked | None:
        """How the platform of a source would be asked what a monitor looks for; None where it would not be asked.

        Raises CantBeAskedError, QueryError.
        """
        require(actor, "read_posts")
        node = narrowed(self._parse(actor, draft.query), draft.platforms, draft.languages)
        asked = on_platform(node, source.platform)
        return source.ask(asked) if isinstance(source, Searching) and asked != NOTHING else None

    def mentions(self, actor: Actor) -> dict[str, Mentions]:
        """What each monitor, by its id, heard in the last week; monitors that heard nothing are left out."""
        require(actor, "read_posts")
        now, zone = self._clock.now(), self._zone(actor)
        today = day_of(now, zone)
        week = [today - timedelta(days=back) for back in range(PREVIEW_DAYS - 1, -1, -1)]
        node = _since(day_start(week[0], zone))
        days: dict[str, dict[str, int]] = {}
        moods: dict[str, dict[str, int]] = {}
        for bucket in self._index.count(actor.scope, node, ("monitor", "day"), zone):
            days.setdefault(bucket.keys[0], {})[bucket.keys[1]] = bucket.posts
        for bucket in self._index.count(actor.scope, node, ("monitor", "sentiment")):
            moods.setdefault(bucket.keys[0], {})[bucket.keys[1] or "unsure"] = bucket.posts
        return {
            monitor: Mentions(tuple(found.get(day.isoformat(), 0) for day in week), **moods.get(monitor, {}))
            for monitor, found in days.items()
        }

    def save(self, actor: Actor, draft: MonitorDraft) -> Monitor:
        """Store a monitor; where it may match other posts than before, it is run over the index in the background.

        A paused one runs when it listens again.

        Raises: ForbiddenError, QueryError (nothing is saved), InvalidInputError (no name), NotFoundError,
        MonitorChangedError.
        """
        require(actor, "edit_monitors")
        _check_name(draft.name)
        query.check_monitor(self._parse(actor, draft.query))
        now = self._clock.now()
        with self._records.write() as tx:
            monitors.hold_all(tx, actor.workspace)
            old = monitors.get(tx, actor.workspace, draft.id) if draft.id else None
            if draft.id and old is None:
                raise NotFoundError("monitor", draft.id)
            if old and draft.version not in (None, old.version):
                raise MonitorChangedError(old.name)
            first = old is None and not _watches_own(tx, actor.workspace)
            fresh = _drafted(draft, old, actor.workspace, now, first)
            self._put(tx, actor, fresh, "change_monitor" if old else "create_monitor")
            if fresh.enabled and (old is None or _reach(old) != _reach(fresh)):
                jobs.ask(tx, actor.workspace, RERUN, now, monitor=fresh.id)
        return fresh

    def set_enabled(self, actor: Actor, monitor_id: str, enabled: bool) -> Monitor:
        """Pause a monitor, or let it listen again, which runs it over what came meanwhile. Raises NotFoundError.

        A paused monitor keeps the posts that it has.
        """
        require(actor, "edit_monitors")
        now = self._clock.now()
        with self._records.write() as tx:
            monitors.hold_all(tx, actor.workspace)
            old = monitors.get(tx, actor.workspace, monitor_id)
            if old is None:
                raise NotFoundError("monitor", monitor_id)
            if old.enabled == enabled:
                return old
            fresh = structs.replace(old, enabled=enabled, updated_at=now, version=old.version + 1)
            self._put(tx, actor, fresh, "resume_monitor" if enabled else "pause_monitor")
            if enabled:
                jobs.ask(tx, actor.workspace, RERUN, now, monitor=monitor_id)
        return fresh

    def delete(self, actor: Actor, monitor_id: str) -> None:
        """Remove a monitor; its posts stay and lose its mark in the background. Raises NotFoundError."""
        require(actor, "edit_monitors")
        now = self._clock.now()
        with self._records.write() as tx:
            monitors.hold_all(tx, actor.workspace)
            old = monitors.get(tx, actor.workspace, monitor_id)
            if old is None:
                raise NotFoundError("monitor", monitor_id)
            monitors.remove(tx, actor.workspace, monitor_id)
            budget.forget_monitor(tx, actor.workspace, monitor_id)
            workspaces.next_revision(tx, actor.workspace)
            jobs.ask(tx, actor.workspace, RERUN, now, monitor=monitor_id)
            audit.append(tx, actor.workspace, actor.user_id, "delete_monitor", monitor_id, now, name=old.name)
            changes.note(tx, actor.workspace, "monitor", monitor_id, now)

    def runs(self, actor: Actor) -> dict[str, jobs.Work]:
        """The newest background run of each monitor, by the monitor's id, for showing its progress."""
        require(actor, "read_posts")
        with self._records.read() as tx:
            found = jobs.recent(tx, actor.workspace, RERUN)
        newest: dict[str, jobs.Work] = {}
        for work in found:
            newest.setdefault(str(work.arguments.get("monitor", "")), work)
        return newest

    def run_of(self, actor: Actor, monitor_id: str) -> jobs.Work | None:
        """The newest background run of one monitor; None where there was none lately."""
        return self.runs(actor).get(monitor_id)

    def _put(self, tx: Connection, actor: Actor, monitor: Monitor, action: str) -> None:
        monitors.put(tx, monitor)
        workspaces.next_revision(tx, actor.workspace)
        now = monitor.updated_at
        audit.append(tx, actor.workspace, actor.user_id, action, monitor.id, now, name=monitor.name,
                     query=monitor.query)  # fmt: skip
        changes.note(tx, actor.workspace, "monitor", monitor.id, now)

    def _hits(self, actor: Actor, node: Node, parsed: Node) -> tuple[Hit, ...]:
        page = self._reading.search(actor, node, "newest", PREVIEW_HITS)
        return tuple(
            Hit(hit, tuple(query.highlight_spans(hit.post.text, parsed, hit.language.value))) for hit in page.hits
        )

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


def _watches_own(tx: Connection, workspace: str) -> bool:
    return any(one.own and not one.made_up for one in monitors.of_workspace(tx, workspace))


def _drafted(draft: MonitorDraft, old: Monitor | None, workspace: str, now: datetime, first: bool) -> Monitor:
    name = draft.name.strip()
    own, opens_cases = (old.own, old.opens_cases) if old else (first, first)
    return Monitor(
        id=old.id if old else new_id(now), workspace=workspace, name=name, query=draft.query.strip(),
        brand=draft.brand.strip() or name, own=own if draft.own is None else draft.own,
        created_at=old.created_at if old else now, updated_at=now,
        platforms=draft.platforms, languages=draft.languages, enabled=draft.enabled,
        opens_cases=opens_cases if draft.opens_cases is None else draft.opens_cases,
        made_up=old.made_up if old else draft.made_up, version=old.version + 1 if old else 1,
    )  # fmt: skip


def _reach(monitor: Monitor) -> tuple[object, ...]:
    """What decides which posts a monitor matches."""
    return monitor.query, frozenset(monitor.platforms), frozenset(monitor.languages), monitor.enabled


def _check_name(name: str) -> None:
    if not name.strip():
        raise InvalidInputError("A monitor needs a name.")
    if len(name.strip()) > NAME_LENGTH:
        raise InvalidInputError(f"The monitor's name has more than {NAME_LENGTH} characters; shorten it.")


def _since(moment: datetime) -> Node:
    return Field("since", ":", moment.isoformat(timespec="seconds"))


def _folded(buckets: Iterable[Bucket], at: int) -> tuple[Bucket, ...]:
    """The buckets of one dimension of several, largest first."""
    sums: dict[str, int] = {}
    for bucket in buckets:
        sums[bucket.keys[at]] = sums.get(bucket.keys[at], 0) + bucket.posts
    return tuple(Bucket((key,), posts) for key, posts in sorted(sums.items(), key=lambda one: (-one[1], one[0])))
