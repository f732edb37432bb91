"""Workspaces: a firm or a client of an agency, its zone, its week and its counters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field
from sqlalchemy import Connection, insert, select, update

from crm.errors import NotFoundError
from crm.records.tables import workspaces

SATURDAY = 5


class Workspace(Struct, frozen=True):
    """`week_start` and `weekend` count days as :meth:`datetime.weekday` does, Monday is 0."""

    id: str
    name: str
    zone: str
    language: str
    created_at: datetime
    week_start: int = SATURDAY
    weekend: tuple[int, ...] = (3, 4)
    business_hours: Mapping[str, object] = field(default_factory=lambda: {"from": "09:00", "until": "18:00"})
    revision: int = 1
    next_case: int = 1


def add(tx: Connection, workspace: Workspace) -> None:
    """Store a new workspace."""
    fields = {name: getattr(workspace, name) for name in Workspace.__struct_fields__}
    fields["weekend"] = list(workspace.weekend)
    tx.execute(insert(workspaces).values(**fields))


def get(tx: Connection, workspace_id: str) -> Workspace:
    """The workspace with this id. Raises NotFoundError."""
    row = tx.execute(select(workspaces).where(workspaces.c.id == workspace_id)).first()
    if row is None:
        raise NotFoundError("workspace", workspace_id)
    fields = row._asdict()
    return Workspace(**{**fields, "weekend": tuple(fields["weekend"])})


def every(tx: Connection) -> list[Workspace]:
    """All workspaces, oldest first."""
    return [get(tx, row.id) for row in tx.execute(select(workspaces.c.id).order_by(workspaces.c.created_at))]


def change(tx: Connection, workspace_id: str, **fields: object) -> None:
    """Write some columns."""
    tx.execute(update(workspaces).where(workspaces.c.id == workspace_id).values(**fields))


def next_revision(tx: Connection, workspace_id: str) -> int:
    """Count the enrichment revision up and return it: monitors, corrections or models changed."""
    tx.execute(update(workspaces).where(workspaces.c.id == workspace_id).values(revision=workspaces.c.revision + 1))
    return get(tx, workspace_id).revision


def next_case_number(tx: Connection, workspace_id: str) -> int:
    """Draw the next case number, counted up from 1."""
    drawn = update(workspaces).where(workspaces.c.id == workspace_id).values(next_case=workspaces.c.next_case + 1)
    return int(tx.execute(drawn.returning(workspaces.c.next_case)).scalar_one()) - 1
