"""What the console watches: one row in the transaction of every visible change.

Whoever read up to a number must never miss a smaller one. SQLite has one writer at a time. On PostgreSQL a
number that is drawn in the midst of a transaction could become visible after greater ones, so what a
transaction notes is numbered at its very end, under a lock that is held until everybody sees it.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select

from crm.records.sql import lock_number
from crm.records.tables import changes

CHANNEL = "shenava_changes"
"""Where PostgreSQL says that there is something new."""

NOTED = "shenava_noted"


class Change(Struct, frozen=True):
    """Something that a page may have to draw anew. `kind` is case, reply, post, monitor, source, health, …

    `subject` is its id; empty where anything of its kind may have changed, and always for posts: every session of
    the workspace hears of a change, and a key says more than some of them may know.
    """

    id: int
    workspace: str
    kind: str
    subject: str


def note(tx: Connection, workspace: str, kind: str, subject: str, now: datetime) -> None:
    """Say that `subject` of this `kind` changed."""
    row = {"workspace": workspace, "kind": kind, "subject": subject, "at": now}
    noted = tx.get_execution_options().get(NOTED)
    if noted is None:
        tx.execute(insert(changes), [row])
    else:
        noted.append(row)


def collect(tx: Connection) -> None:
    """Let `note` keep what it is told until `publish`."""
    tx.execution_options(**{NOTED: []})


def publish(tx: Connection) -> None:
    """Number and store what was noted, and wake who listens; nothing but the commit may follow."""
    noted = tx.get_execution_options().get(NOTED)
    if noted:
        tx.execute(select(func.pg_advisory_xact_lock(lock_number(CHANNEL)), func.pg_notify(CHANNEL, "")))
        tx.execute(insert(changes), noted)


def newest(tx: Connection) -> int:
    """The cursor of the newest change, 0 when there is none."""
    return int(tx.execute(select(func.coalesce(func.max(changes.c.id), 0))).scalar_one())


def since(tx: Connection, cursor: int, limit: int = 500) -> list[Change]:
    """Changes of all workspaces after `cursor`, oldest first."""
    rows = tx.execute(
        select(changes.c.id, changes.c.workspace, changes.c.kind, changes.c.subject)
        .where(changes.c.id > cursor)
        .order_by(changes.c.id)
        .limit(limit)
    )
    return [Change(*row) for row in rows]


def forget(tx: Connection, before: datetime) -> None:
    """Drop changes older than `before`; whoever slept longer draws everything anew."""
    tx.execute(delete(changes).where(changes.c.at < before))
