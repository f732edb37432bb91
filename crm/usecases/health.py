"""How the pipeline fares: roles, sources, lag, dead letters."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct, structs
from sqlalchemy import func, select

from crm.errors import RetryableError
from crm.policies.access import Actor, require
from crm.ports.clock import Clock
from crm.ports.dead import DeadLetter
from crm.ports.log import EventLog, Lag
from crm.records import audit, changes, dead_letters, sources
from crm.records import roles as role_records
from crm.records.database import Records
from crm.records.dead_letters import Grouped, RecordedDeadLetters
from crm.records.roles import RoleState
from crm.records.sources import AccountRow, Activity, SourceRow
from crm.records.tables import outbox, replies

STALE = timedelta(seconds=20)
LATE = timedelta(minutes=10)
BEHIND_SECONDS = 60.0
PAUSE_SECONDS = 12 * 3600.0
"""Collecting pauses while a post has waited for so long: half the time that Kafka keeps it."""
FULL = 0.05
"""The share of the disk that must stay free."""

ROLES = ("collect", "enrich", "index", "cases", "respond", "console")
"""What reports in an installation that runs, in the order in which a post meets it."""

TroubleKind = Literal[
    "silent", "missing", "disk", "paused", "failed", "account", "unknown", "retrying", "late", "behind"
]

Replay = Callable[[Collection[str]], int]
"""Append dead letters with these ids to their topics again; returns how many."""


class HealthView(Struct, frozen=True):
    """Everything on the Health page. `silent` names roles that have not reported for 20 s."""

    at: datetime
    roles: tuple[RoleState, ...]
    silent: tuple[str, ...]
    sources: tuple[SourceRow, ...]
    activity: dict[str, list[Activity]]
    lag: tuple[Lag, ...]
    dead: tuple[Grouped, ...]
    dead_total: int
    collected_today: int
    replies_waiting: int
    replies_unknown: int
    disk_used: int
    disk_free: int
    accounts: tuple[AccountRow, ...] = ()

    def role(self, name: str) -> RoleState | None:
        """The last word of a role; None where it never reported."""
        return next((role for role in self.roles if role.name == name), None)

    def behind(self, group: str) -> Lag:
        """How far a group is behind; nothing waits for one that is not known yet."""
        return next((lag for lag in self.lag if lag.group == group), Lag(group, "", 0, 0.0))

    @property
    def to_searchable(self) -> float:
        """Seconds from the stream to the index, as its oldest waiting posts show."""
        return self.behind("enrich").seconds + self.behind("index").seconds


class Trouble(Struct, frozen=True):
    """Something that a person should know or mend: what `kind`, of which `name`, since when, and why.

    `id` is that of the source or the account that it is about.
    """

    kind: TroubleKind
    name: str = ""
    since: datetime | None = None
    reason: str = ""
    id: str = ""


def troubles(view: HealthView) -> Iterator[Trouble]:
    """What is wrong, the worst first."""
    yield from (Trouble("silent", name, role.at) for name in ROLES if name in view.silent and (role := view.role(name)))
    if view.roles:
        yield from (Trouble("missing", name) for name in ROLES if view.role(name) is None)
    if view.disk_free < FULL * (view.disk_free + view.disk_used):
        yield Trouble("disk")
    if any(lag.seconds >= PAUSE_SECONDS for lag in view.lag if lag.group in ROLES):
        yield Trouble("paused")
    yield from (
        Trouble("failed", one.name, one.last_success, one.error or "", one.id)
        for one in view.sources
        if one.enabled and one.state == "failed"
    )
    yield from (
        Trouble("account", one.handle, one.checked_at, one.error or "", one.id)
        for one in view.accounts
        if one.state == "failed"
    )
    if view.replies_unknown:
        yield Trouble("unknown")
    yield from (
        Trouble("retrying", role.name, role.at, str(role.stats["error"])) for role in view.roles
        if role.name not in view.silent and role.stats.get("error")
    )  # fmt: skip
    yield from (
        Trouble("late", one.name, one.last_success, one.error or "", one.id)
        for one in view.sources
        if one.enabled and one.state == "waiting" and (one.last_success or one.created_at) < view.at - LATE
    )
    if view.to_searchable > BEHIND_SECONDS:
        yield Trouble("behind")


class Health:
    """The Health page and the replay of dead letters."""

    def __init__(
        self, records: Records, log: EventLog, replay: Replay, disk: Callable[[], tuple[int, int]], clock: Clock
    ) -> None:
        """`disk` gives the bytes used by the data folder and those still free beside it."""
        self._records, self._log, self._clock = records, log, clock
        self._replay, self._disk = replay, disk
        self._letters = RecordedDeadLetters(records)

    def view(self, actor: Actor) -> HealthView:
        """The state of everything, now."""
        require(actor, "read_health")
        now = self._clock.now()
        lag = self._lag()
        used, free = self._disk()
        with self._records.read() as tx:
            found = role_records.every(tx)
            activity = sources.activity(tx, actor.workspace, now - timedelta(days=1))
            unsent = select(func.count()).where(outbox.c.workspace == actor.workspace, outbox.c.done_at.is_(None))
            unknown = select(func.count()).where(replies.c.workspace == actor.workspace, replies.c.status == "unknown")
            return HealthView(
                at=now,
                roles=tuple(found),
                silent=tuple(role.name for role in found if role.at < now - STALE),
                sources=tuple(sources.of_workspace(tx, actor.workspace)),
                activity=activity,
                lag=lag,
                dead=tuple(dead_letters.waiting(tx, actor.workspace)),
                dead_total=dead_letters.count_waiting(tx, actor.workspace),
                collected_today=sum(one.posts for rows in activity.values() for one in rows),
                replies_waiting=int(tx.execute(unsent).scalar_one()),
                replies_unknown=int(tx.execute(unknown).scalar_one()),
                disk_used=used,
                disk_free=free,
                accounts=tuple(sources.accounts_of(tx, actor.workspace)),
            )

    def _lag(self) -> tuple[Lag, ...]:
        """Nothing where the stream can't say: the page shows why, by what its roles report."""
        try:
            return tuple(self._log.lag())
        except RetryableError:
            return ()

    def letters(self, actor: Actor, ids: Collection[str]) -> list[DeadLetter]:
        """Dead letters to be read, those of other workspaces left out.

        A letter may hold any post of the workspace, so whoever is limited to some monitors or to public
        posts sees where and why it failed, and not its value.
        """
        require(actor, "replay")
        own = [one for one in self._letters.take(ids) if one.workspace in {None, actor.workspace}]
        if actor.monitors is None and actor.private:
            return own
        return [structs.replace(one, key="", value=b"") for one in own]

    def replay(self, actor: Actor, ids: Collection[str]) -> int:
        """Send dead letters that wait through the pipeline again; returns how many."""
        chosen = [letter.id for letter in self.letters(actor, ids) if letter.replayed_at is None]
        count, now = self._replay(chosen), self._clock.now()
        with self._records.write() as tx:
            audit.append(tx, actor.workspace, actor.user_id, "replay", "dead_letters", now, count=count)
            changes.note(tx, actor.workspace, "health", "dead", now)
        return count

    def discard(self, actor: Actor, ids: Collection[str]) -> int:
        """Throw dead letters away for good; returns how many."""
        require(actor, "replay")
        now = self._clock.now()
        with self._records.write() as tx:
            count = dead_letters.discard(tx, actor.workspace, ids)
            audit.append(tx, actor.workspace, actor.user_id, "discard", "dead_letters", now, count=count)
            changes.note(tx, actor.workspace, "health", "dead", now)
        return count
