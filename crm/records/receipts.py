"""Erasures that were asked for: how far each one is, and its receipt. No row names anybody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, insert, select, update

from crm.errors import NotFoundError
from crm.ids import new_id
from crm.records.sql import as_struct
from crm.records.tables import receipts

STEPS = ("stop", "index", "stream", "records", "files")
"""What an erasure does, in this order: the stop list first, what deleting leaves in files last."""


class Erasure(Struct, frozen=True):
    """One erasure: `step` of STEPS are done; `receipt` is its JSON, None until it is finished."""

    id: str
    workspace: str
    actor: str
    at: datetime
    step: int
    receipt: str | None

    @property
    def finished(self) -> bool:
        """Whether everything was done."""
        return self.step >= len(STEPS)


def begin(tx: Connection, workspace: str, actor: str, now: datetime) -> str:
    """Remember that an erasure has begun and put its subjects on the stop list; returns its id."""
    made = new_id(now)
    tx.execute(insert(receipts).values(id=made, workspace=workspace, actor=actor, at=now, step=1))
    return made


def advance(tx: Connection, erasure_id: str, step: str) -> None:
    """Say that `step` is done."""
    tx.execute(update(receipts).where(receipts.c.id == erasure_id).values(step=STEPS.index(step) + 1))


def keep(tx: Connection, erasure_id: str, receipt: str) -> None:
    """Store the receipt; it is shown once the last step is done too."""
    tx.execute(update(receipts).where(receipts.c.id == erasure_id).values(receipt=receipt))


def get(tx: Connection, workspace: str, erasure_id: str) -> Erasure:
    """The erasure with this id. Raises NotFoundError."""
    mine = (receipts.c.workspace == workspace) & (receipts.c.id == erasure_id)
    row = tx.execute(select(receipts).where(mine)).first()
    if row is None:
        raise NotFoundError("erasure", erasure_id)
    return as_struct(Erasure, row)


def newest(tx: Connection) -> datetime | None:
    """When the last erasure of any workspace began; None where there was none."""
    return tx.execute(select(receipts.c.at).order_by(receipts.c.at.desc()).limit(1)).scalar()


def page(tx: Connection, workspace: str, before: str | None, limit: int) -> Sequence[Erasure]:
    """Erasures, newest first; `before` is the id of the last one of the page before."""
    query = select(receipts).where(receipts.c.workspace == workspace).order_by(receipts.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(receipts.c.id < before)
    return [as_struct(Erasure, row) for row in tx.execute(query)]
