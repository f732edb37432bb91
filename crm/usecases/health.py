"""How the pipeline fares: roles, sources, lag, dead letters."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import func, select

from crm.policies.access import Actor, require
from crm.ports.clock import Clock
from crm.ports.dead import DeadLetter
from crm.ports.log import EventLog, Lag
from crm.records import audit, changes, dead_letters, sources
from crm.records import roles as role_records
from crm.records.database import Records
from crm.records.dead_letters import Grouped, RecordedDeadLetters
from crm.records.roles import RoleState
from crm.records.sources import Activity, SourceRow
from crm.records.tables import outbox, replies

STALE = timedelta(seconds=20)

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
        lag = tuple(self._log.lag())
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
            )

    def letters(self, actor: Actor, ids: Collection[str]) -> list[DeadLetter]:
        """Dead letters to be read, those of other workspaces left out."""
        require(actor, "replay")
        return [one for one in self._letters.take(ids) if one.workspace in {None, actor.workspace}]

    def replay(self, actor: Actor, ids: Collection[str]) -> int:
        """Send dead letters through the pipeline again; returns how many."""
        chosen = [letter.id for letter in self.letters(actor, ids)]
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
