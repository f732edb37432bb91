"""Monitors: saved boolean queries with their brand."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from crm.records.sql import lock
from crm.records.tables import monitors


class Monitor(Struct, frozen=True):
    """A saved query. `own` is our brand, else a competitor. Empty platforms or languages mean all."""

    id: str
    workspace: str
    name: str
    query: str
    brand: str
    own: bool
    created_at: datetime
    updated_at: datetime
    platforms: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    enabled: bool = True
    opens_cases: bool = True
    made_up: bool = False
    version: int = 1


def hold_all(tx: Connection, workspace: str) -> None:
    """Nobody else adds or changes monitors of the workspace until the transaction ends."""
    lock(tx, f"monitors {workspace}")


def put(tx: Connection, monitor: Monitor) -> None:
    """Store a monitor, new or changed."""
    fields = {name: getattr(monitor, name) for name in Monitor.__struct_fields__}
    fields["platforms"], fields["languages"] = list(monitor.platforms), list(monitor.languages)
    changed = tx.execute(update(monitors).where(monitors.c.id == monitor.id).values(**fields)).rowcount
    if not changed:
        tx.execute(insert(monitors).values(**fields))


def remove(tx: Connection, workspace: str, monitor_id: str) -> bool:
    """Delete a monitor; False where there is none."""
    query = delete(monitors).where(monitors.c.workspace == workspace, monitors.c.id == monitor_id)
    return tx.execute(query).rowcount > 0


def of_workspace(tx: Connection, workspace: str) -> list[Monitor]:
    """All monitors, own brand first, then by name."""
    query = select(monitors).where(monitors.c.workspace == workspace).order_by(monitors.c.own.desc(), monitors.c.name)
    found = [row._asdict() for row in tx.execute(query)]
    return [
        Monitor(**{**row, "platforms": tuple(row["platforms"]), "languages": tuple(row["languages"])}) for row in found
    ]


def get(tx: Connection, workspace: str, monitor_id: str) -> Monitor | None:
    """The monitor with this id."""
    return next((one for one in of_workspace(tx, workspace) if one.id == monitor_id), None)
