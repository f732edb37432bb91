"""The outbox: approved replies on their way, each sent at most once.

A worker claims a row by a lease. A row whose lease ran out while a send may have left the
machine (`started`) says so to whoever claims it next.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, structs
from sqlalchemy import ColumnElement, Connection, Select, and_, delete, insert, or_, select, update

from crm.records.sql import as_struct
from crm.records.tables import outbox


class Parcel(Struct, frozen=True):
    """One row. `key` is what the platform is told; `first_attempt` is None where no send was tried."""

    key: str
    workspace: str
    reply_id: str
    not_before: datetime
    attempts: int
    started: bool
    created_at: datetime
    first_attempt: datetime | None = None
    leased_until: datetime | None = None
    lease_owner: str | None = None
    done_at: datetime | None = None


def add(tx: Connection, workspace: str, reply_id: str, not_before: datetime, now: datetime) -> None:
    """Put a reply into the outbox, in the transaction of its approval; its id is the key.

    A reply that a person sends again after a failure keeps its key and the time of its row, by
    which the platform recognises it, and is looked for before it is sent. One that waits there already stays.
    """
    there = of_reply(tx, reply_id)
    if there is not None and there.done_at is None:
        return
    revived = update(outbox).where(outbox.c.reply_id == reply_id, outbox.c.done_at.is_not(None))
    fields = {"done_at": None, "attempts": 0, "not_before": not_before, "first_attempt": not_before}
    if not tx.execute(revived.values(fields)).rowcount:
        tx.execute(
            insert(outbox).values(
                key=reply_id, workspace=workspace, reply_id=reply_id, not_before=not_before, attempts=0,
                started=False, created_at=now,
            )
        )  # fmt: skip


def of_reply(tx: Connection, reply_id: str) -> Parcel | None:
    """The parcel of a reply."""
    row = tx.execute(select(outbox).where(outbox.c.reply_id == reply_id)).first()
    return None if row is None else as_struct(Parcel, row)


def _due(now: datetime) -> Select[Any]:
    free = or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= now)
    waiting = select(outbox).where(outbox.c.done_at.is_(None), outbox.c.not_before <= now, free)
    return waiting.order_by(outbox.c.not_before, outbox.c.key).limit(1)


def is_due(tx: Connection, now: datetime) -> bool:
    """Whether there is anything to claim."""
    return tx.execute(_due(now)).first() is not None


def claim(tx: Connection, owner: str, now: datetime, lease: timedelta) -> Parcel | None:
    """Take the parcel that is due longest: ours from now on, else as it was before; None where nothing is due.

    From now on it counts as started: whoever finds it after a crash must look before sending.
    """
    row = tx.execute(_due(now).with_for_update(skip_locked=True)).first()
    if row is None:
        return None
    parcel = as_struct(Parcel, row)
    tx.execute(
        update(outbox)
        .where(outbox.c.key == parcel.key)
        .values(
            lease_owner=owner, leased_until=now + lease, attempts=parcel.attempts + 1, started=True,
            first_attempt=parcel.first_attempt if parcel.started else now,
        )
    )  # fmt: skip
    return structs.replace(parcel, lease_owner=owner)


def put_back(tx: Connection, parcel: Parcel, not_before: datetime, *, started: bool) -> bool:
    """Give a claimed parcel back for a later attempt; False where it is no longer ours, and then it stays as it is.

    `started` is False only when certainly nothing left this machine.
    """
    mine = update(outbox).where(_held(parcel))
    fields = {"lease_owner": None, "leased_until": None, "not_before": not_before, "started": started}
    return tx.execute(mine.values(fields)).rowcount > 0


def give_up(tx: Connection, parcel: Parcel, now: datetime) -> bool:
    """Close a claimed parcel that was not sent; False where it is no longer ours: whoever has it may yet send it."""
    mine = update(outbox).where(_held(parcel))
    return tx.execute(mine.values(done_at=now, leased_until=None, lease_owner=None)).rowcount > 0


def _held(parcel: Parcel) -> ColumnElement[bool]:
    """Whether nobody claimed the parcel since `claim` gave it out; a lease that ran out unnoticed is still held."""
    mine = (outbox.c.lease_owner == parcel.lease_owner) & (outbox.c.attempts == parcel.attempts + 1)
    return and_(outbox.c.key == parcel.key, outbox.c.done_at.is_(None), mine)


def finish(tx: Connection, key: str, now: datetime) -> bool:
    """Close a parcel that was sent, by whomever it is held; False where somebody closed it before."""
    mine = update(outbox).where(outbox.c.key == key, outbox.c.done_at.is_(None))
    return tx.execute(mine.values(done_at=now, leased_until=None, lease_owner=None)).rowcount > 0


def owners(tx: Connection) -> set[str]:
    """Who holds a lease on a parcel that is not done."""
    held = select(outbox.c.lease_owner).where(outbox.c.done_at.is_(None), outbox.c.lease_owner.is_not(None))
    return {str(name) for name in tx.execute(held.distinct()).scalars()}


def free(tx: Connection, owner: str) -> int:
    """End the leases of a worker that is known to be dead; whoever claims its parcels looks before sending."""
    held = update(outbox).where(outbox.c.lease_owner == owner, outbox.c.done_at.is_(None))
    return tx.execute(held.values(leased_until=None, lease_owner=None)).rowcount


def withdraw(tx: Connection, reply_id: str, now: datetime) -> bool:
    """Take a parcel out before any attempt since its approval; False where it is on its way or was sent.

    The row of one that was tried before an earlier failure stays, closed: by it the platform would know it again.
    """
    mine = select(outbox.c.key).where(outbox.c.reply_id == reply_id)
    if tx.execute(mine.with_for_update(skip_locked=True)).first() is None:
        return False  # a worker is claiming it at this moment
    free = and_(outbox.c.reply_id == reply_id, outbox.c.leased_until.is_(None), outbox.c.done_at.is_(None))
    if tx.execute(delete(outbox).where(free, outbox.c.started.is_(False))).rowcount:
        return True
    return tx.execute(update(outbox).where(free, outbox.c.attempts == 0).values(done_at=now)).rowcount > 0
