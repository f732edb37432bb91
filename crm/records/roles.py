"""The last word of each running process."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, insert, select, update

from crm.records.tables import roles


class RoleState(Struct, frozen=True):
    """A role's state and the figures it reported at `at`."""

    name: str
    state: str
    stats: Mapping[str, Any]
    at: datetime


def report(tx: Connection, name: str, state: str, stats: Mapping[str, Any], now: datetime) -> None:
    """Say how a role fares."""
    fields = {"state": state, "stats": dict(stats), "at": now}
    if not tx.execute(update(roles).where(roles.c.name == name).values(**fields)).rowcount:
        tx.execute(insert(roles).values(workspace="", name=name, **fields))


def every(tx: Connection) -> list[RoleState]:
    """All roles that ever reported, by name."""
    rows = tx.execute(select(roles).order_by(roles.c.name))
    return [RoleState(row.name, row.state, row.stats, row.at) for row in rows]
