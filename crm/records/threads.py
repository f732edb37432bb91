"""Threads that turned out to be part of other threads, when the missing piece arrived.

A row always names the outermost thread known, so that looking up takes one step.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, select, update

from crm.records.sql import chunks, upsert
from crm.records.tables import thread_joins


def joined(tx: Connection, workspace: str, thread_keys: Collection[str]) -> dict[str, str]:
    """The outermost threads of those of `thread_keys` that were joined to another."""
    found: dict[str, str] = {}
    for some in chunks(thread_keys):
        query = select(thread_joins.c.thread_key, thread_joins.c.joined_to).where(
            thread_joins.c.workspace == workspace, thread_joins.c.thread_key.in_(some)
        )
        found.update({row.thread_key: row.joined_to for row in tx.execute(query)})
    return found


def join(tx: Connection, workspace: str, joins: Mapping[str, str], now: datetime) -> None:
    """Remember that each key's thread belongs to another, and whatever was joined to it before does too."""
    rows = [{"workspace": workspace, "thread_key": key, "joined_to": to, "at": now} for key, to in joins.items()]
    upsert(tx, thread_joins, rows, ("workspace", "thread_key"))
    for some in chunks(joins):
        mine = (thread_joins.c.workspace == workspace) & thread_joins.c.joined_to.in_(some)
        for inner in tx.execute(select(thread_joins.c.joined_to).where(mine).distinct()).scalars().all():
            tx.execute(
                update(thread_joins)
                .where(thread_joins.c.workspace == workspace, thread_joins.c.joined_to == inner)
                .values(joined_to=joins[inner])
            )


def inner_of(tx: Connection, workspace: str, thread_keys: Collection[str]) -> dict[str, str]:
    """What was joined to these threads: inner key to the thread's own."""
    found: dict[str, str] = {}
    for some in chunks(thread_keys):
        query = select(thread_joins.c.thread_key, thread_joins.c.joined_to).where(
            thread_joins.c.workspace == workspace, thread_joins.c.joined_to.in_(some)
        )
        found.update({row.thread_key: row.joined_to for row in tx.execute(query)})
    return found


def members(tx: Connection, workspace: str, thread_key: str, limit: int = 500) -> list[str]:
    """The thread's own key first, then the keys that were joined to it: all that its posts may carry."""
    query = (
        select(thread_joins.c.thread_key)
        .where(thread_joins.c.workspace == workspace, thread_joins.c.joined_to == thread_key)
        .order_by(thread_joins.c.at)
        .limit(limit)
    )
    return [thread_key, *tx.execute(query).scalars()]
