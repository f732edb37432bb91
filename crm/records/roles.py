"""The last word of each running process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, delete, select, update

from crm.records.sql import insert_new
from crm.records.tables import roles

ADDED_UP = ("handled", "failed", "retries", "per_second")
"""Figures that processes of one role have each for themselves; all others are those of whoever spoke last."""

TOGETHER = timedelta(seconds=20)
"""Who spoke within this of the last word of the role works beside whoever said it."""

FORGET = timedelta(days=1)


class RoleState(Struct, frozen=True):
    """A role's state and the figures it reported at `at`."""

    name: str
    state: str
    stats: Mapping[str, Any]
    at: datetime


def report(tx: Connection, name: str, state: str, stats: Mapping[str, Any], now: datetime, member: str = "") -> None:
    """Say how a role fares; `member` (at most 16 characters) tells its processes apart where it has several."""
    full = f"{name}@{member}" if member else name
    fields = {"state": state, "stats": dict(stats), "at": now}
    if not tx.execute(update(roles).where(roles.c.name == full).values(**fields)).rowcount:
        tx.execute(delete(roles).where(roles.c.name.startswith(f"{name}@"), roles.c.at < now - FORGET))
        insert_new(tx, roles, [{"workspace": "", "name": full, **fields}], ("name",))


def every(tx: Connection, members: str = "") -> list[RoleState]:
    """All roles that ever reported, by name; what several processes of one do is added up.

    `members` limits them to processes whose `member` begins so.
    """
    found = select(roles).where(roles.c.name.contains(f"@{members}")) if members else select(roles)
    rows = [RoleState(row.name, row.state, row.stats, row.at) for row in tx.execute(found)]
    rows.sort(key=lambda row: (_base(row.name), row.at))
    return [_together(name, list(members)) for name, members in groupby(rows, lambda row: _base(row.name))]


def _base(name: str) -> str:
    return name.partition("@")[0]


def _together(name: str, members: list[RoleState]) -> RoleState:
    last = members[-1]
    beside = [one.stats for one in members if one.at >= last.at - TOGETHER]
    stats = dict(last.stats)
    stats.update({figure: sum(_of(beside, figure)) for figure in ADDED_UP if figure in stats})
    if errors := [one for one in _of(beside, "error") if one]:
        stats["error"] = errors[-1]
    return RoleState(name, last.state, stats, last.at)


def _of(beside: Iterable[Mapping[str, Any]], figure: str) -> list[Any]:
    return [stats[figure] for stats in beside if figure in stats]
