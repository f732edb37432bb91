"""What the console watches: one row in the transaction of every visible change."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select

from crm.records.tables import changes


class Change(Struct, frozen=True):
    """Something that a page may have to draw anew. `kind` is case, reply, post, monitor, source, health, …"""

    id: int
    workspace: str
    kind: str
    subject: str


def note(tx: Connection, workspace: str, kind: str, subject: str, now: datetime) -> None:
    """Say that `subject` of this `kind` changed."""
    tx.execute(insert(changes), [{"workspace": workspace, "kind": kind, "subject": subject, "at": now}])


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
