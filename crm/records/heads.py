"""What a workspace's own answers added to a model, version by version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from msgspec import Struct
from sqlalchemy import Connection, func, insert, select, update

from crm.errors import NotFoundError
from crm.ids import new_id
from crm.policies.heads import PILOT, Floats, Head, Judged
from crm.records.tables import heads

LIVE, PILOTED, RETIRED, REFUSED = "live", "pilot", "retired", "refused"


class HeadRow(Struct, frozen=True):
    """One version: its `number` counts up within a question; `encoder` is the name and version its vectors were of."""

    id: str
    task: str
    number: int
    labels: tuple[str, ...]
    encoder: str
    judged: Judged
    state: str
    at: datetime


def add(
    tx: Connection, workspace: str, task: str, labels: tuple[str, ...], encoder: str, weights: Floats, judged: Judged,
    state: str, now: datetime,
) -> str:  # fmt: skip
    """Keep a new version; returns its id."""
    mine = (heads.c.workspace == workspace) & (heads.c.task == task)
    number = (tx.execute(select(func.max(heads.c.number)).where(mine)).scalar() or 0) + 1
    head_id = new_id(now)
    tx.execute(
        insert(heads).values(
            id=head_id, workspace=workspace, task=task, number=number, labels=list(labels), encoder=encoder,
            weights=weights.astype("<f4").tobytes(), taught=judged.taught, kept=judged.kept, right=judged.right,
            before=judged.before, state=state, at=now,
        )
    )  # fmt: skip
    return head_id


def every(tx: Connection, workspace: str, task: str, limit: int = 20) -> list[HeadRow]:
    """The versions of one question, newest first."""
    mine = (heads.c.workspace == workspace) & (heads.c.task == task)
    return [_row(row) for row in tx.execute(select(heads).where(mine).order_by(heads.c.number.desc()).limit(limit))]


def get(tx: Connection, workspace: str, head_id: str) -> HeadRow:
    """One version. Raises NotFoundError."""
    row = tx.execute(select(heads).where(heads.c.workspace == workspace, heads.c.id == head_id)).first()
    if row is None:
        raise NotFoundError("head", head_id)
    return _row(row)


def put_in_use(tx: Connection, workspace: str, task: str, head_id: str | None, state: str = LIVE) -> None:
    """Use this version, for all posts or as a pilot; None goes back to the shipped model alone.

    A pilot leaves the version in use where it is.
    """
    mine = (heads.c.workspace == workspace) & (heads.c.task == task)
    ends = [PILOTED] if state == PILOTED else [LIVE, PILOTED]
    tx.execute(update(heads).where(mine, heads.c.state.in_(ends)).values(state=RETIRED))
    if head_id is not None:
        tx.execute(update(heads).where(mine, heads.c.id == head_id).values(state=state))


def in_use(tx: Connection, workspace: str, encoder: str) -> dict[str, tuple[Head, ...]]:
    """The heads that answer, by question, a pilot first; those of other vectors answer nothing."""
    wanted = (heads.c.workspace == workspace) & heads.c.state.in_([LIVE, PILOTED]) & (heads.c.encoder == encoder)
    found: dict[str, tuple[Head, ...]] = {}
    for row in tx.execute(select(heads).where(wanted).order_by(heads.c.state.desc())):
        found[row.task] = (*found.get(row.task, ()), _head(row))
    return found


def _head(row: Any) -> Head:
    weights = np.frombuffer(row.weights, dtype="<f4").astype(np.float64).reshape(len(row.labels), -1)
    return Head(str(row.number), tuple(row.labels), weights, PILOT if row.state == PILOTED else 1.0)


def _row(row: Any) -> HeadRow:
    judged = Judged(row.taught, row.kept, row.right, row.before)
    return HeadRow(row.id, row.task, row.number, tuple(row.labels), row.encoder, judged, row.state, row.at)
