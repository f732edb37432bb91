"""Long work that a person asked for: it is leased, it resumes, and it shows how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, insert, or_, select, update

from crm.ids import new_id
from crm.records.sql import lock
from crm.records.tables import jobs

CANCELLED = "cancelled"


class Work(Struct, frozen=True):
    """One piece of long work: `done` of `total` (None while unknown), resumable at `cursor`."""

    id: str
    workspace: str
    kind: str
    arguments: Mapping[str, Any]
    state: str
    cursor: str
    done: int
    total: int | None
    error: str | None
    leased_until: datetime | None
    created_at: datetime
    updated_at: datetime


def hold(tx: Connection, workspace: str, kind: str) -> None:
    """Nobody else asks whether there is such work until the transaction ends."""
    lock(tx, f"jobs {kind} {workspace}")


def ask(tx: Connection, workspace: str, kind: str, now: datetime, **arguments: object) -> str:
    """Queue work; returns its id."""
    job_id = new_id(now)
    tx.execute(
        insert(jobs).values(
            id=job_id, workspace=workspace, kind=kind, arguments=arguments, state="waiting", cursor="", done=0,
            created_at=now, updated_at=now,
        )
    )  # fmt: skip
    return job_id


def claim(tx: Connection, kind: str, now: datetime, until: datetime, asked_before: datetime) -> Work | None:
    """Lease the oldest piece of work of this kind that waits, or whose worker died; None where there is none.

    Work that was asked for after `asked_before` is left for later.
    """
    free = or_(jobs.c.leased_until.is_(None), jobs.c.leased_until < now)
    row = tx.execute(
        select(jobs)
        .where(jobs.c.kind == kind, jobs.c.state.in_(["waiting", "running"]), free, jobs.c.created_at <= asked_before)
        .order_by(jobs.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    change(tx, row.id, now, state="running", leased_until=until)
    return Work(**row._asdict())


def change(tx: Connection, job_id: str, now: datetime, **fields: object) -> bool:
    """Write progress, state, cursor or lease; False where the work was cancelled, which stays."""
    mine = (jobs.c.id == job_id) & (jobs.c.state != CANCELLED)
    return tx.execute(update(jobs).where(mine).values(updated_at=now, **fields)).rowcount > 0


def cancel(tx: Connection, workspace: str, kind: str, now: datetime) -> None:
    """Nobody wants the work of this kind any more that waits or runs; who runs it learns so by :func:`change`."""
    mine = (jobs.c.workspace == workspace) & (jobs.c.kind == kind) & jobs.c.state.in_(["waiting", "running"])
    tx.execute(update(jobs).where(mine).values(state=CANCELLED, updated_at=now))


def newest(tx: Connection, workspace: str, kind: str) -> Work | None:
    """The last piece of work of this kind that was asked for."""
    query = select(jobs).where(jobs.c.workspace == workspace, jobs.c.kind == kind).order_by(jobs.c.id.desc()).limit(1)
    row = tx.execute(query).first()
    return None if row is None else Work(**row._asdict())


def wanted_anywhere(tx: Connection, kind: str) -> bool:
    """Whether work of this kind was asked for in any workspace and neither failed nor was called off."""
    mine = (jobs.c.kind == kind) & jobs.c.state.not_in(("failed", "cancelled"))
    return tx.execute(select(jobs.c.id).where(mine).limit(1)).first() is not None


def recent(tx: Connection, workspace: str, kind: str, limit: int = 200) -> list[Work]:
    """The last `limit` pieces of work of this kind, newest first."""
    query = (
        select(jobs).where(jobs.c.workspace == workspace, jobs.c.kind == kind).order_by(jobs.c.id.desc()).limit(limit)
    )
    return [Work(**row._asdict()) for row in tx.execute(query)]
