"""How much may be read on platforms that count or sell it, how much was read, and of when posts are missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select

from crm.policies.budget import Cap
from crm.ports.source import Gap
from crm.records.sql import insert_for
from crm.records.tables import caps, gaps, spending

KEPT = timedelta(days=396)
"""Thirteen months: a month can be held against the one of a year before."""


class Missing(Struct, frozen=True):
    """A gap, and the source that has it."""

    source_id: str
    gap: Gap


def caps_of(tx: Connection, workspace: str) -> list[Cap]:
    """Every cap of a workspace."""
    query = select(caps.c.platform, caps.c.monitor, caps.c.posts).where(caps.c.workspace == workspace)
    return [Cap(*row) for row in tx.execute(query.order_by(caps.c.platform, caps.c.monitor))]


def set_cap(tx: Connection, workspace: str, platform: str, monitor: str, posts: int | None) -> None:
    """Keep a cap; None lifts it."""
    key = {"workspace": workspace, "platform": platform, "monitor": monitor}
    if posts is None:
        tx.execute(delete(caps).where(*(caps.c[name] == value for name, value in key.items())))
        return
    one = insert_for(tx)(caps).values(**key, posts=posts)
    tx.execute(one.on_conflict_do_update(index_elements=list(key), set_={"posts": posts}))


def forget_monitor(tx: Connection, workspace: str, monitor: str) -> None:
    """Lift the caps of a monitor that is gone. What it read stays: the caps of the platforms count it."""
    tx.execute(delete(caps).where(caps.c.workspace == workspace, caps.c.monitor == monitor))


def expire(tx: Connection, now: datetime) -> None:
    """Forget what was read, and what was missed, more than thirteen months ago."""
    tx.execute(delete(spending).where(spending.c.day < _day(now - KEPT)))
    tx.execute(delete(gaps).where(gaps.c.until < now - KEPT))


def spend(tx: Connection, workspace: str, platform: str, spent: Mapping[str, int], now: datetime) -> None:
    """Add what was read just now, by monitor."""
    for monitor, posts in sorted(spent.items()):  # in one order everywhere, or two would wait for each other
        key = {"workspace": workspace, "platform": platform, "monitor": monitor, "day": _day(now)}
        one = insert_for(tx)(spending).values(**key, posts=posts)
        tx.execute(one.on_conflict_do_update(index_elements=list(key), set_={"posts": spending.c.posts + posts}))


def spent_this_month(tx: Connection, workspace: str, platform: str, now: datetime) -> dict[str, int]:
    """How many posts were read on a platform since the month of UTC began, by monitor."""
    mine = spending.c.workspace == workspace, spending.c.platform == platform, spending.c.day >= _day(now)[:8]
    query = select(spending.c.monitor, func.sum(spending.c.posts)).where(*mine).group_by(spending.c.monitor)
    return {monitor: int(posts) for monitor, posts in tx.execute(query)}


def miss(tx: Connection, workspace: str, source_id: str, found: Iterable[Gap]) -> None:
    """Remember that posts may be missing; what touches the newest gap of the source makes that one longer."""
    for gap in found:
        mine = gaps.c.workspace == workspace, gaps.c.source_id == source_id, gaps.c.reason == gap.reason
        newest = tx.execute(select(gaps).where(*mine).order_by(gaps.c.until.desc()).limit(1)).first()
        if newest is not None and newest.since <= gap.until and gap.since <= newest.until:
            joined = {"since": min(newest.since, gap.since), "until": max(newest.until, gap.until)}
            tx.execute(gaps.update().where(gaps.c.id == newest.id).values(**joined))
        else:
            values = {"workspace": workspace, "source_id": source_id, "since": gap.since, "until": gap.until}
            tx.execute(insert(gaps).values(**values, reason=gap.reason))


def missing(tx: Connection, workspace: str, since: datetime, until: datetime) -> list[Missing]:
    """Gaps that touch a span, oldest first."""
    mine = gaps.c.workspace == workspace, gaps.c.until > since, gaps.c.since < until
    query = select(gaps).where(*mine).order_by(gaps.c.since, gaps.c.id)
    return [Missing(row.source_id, Gap(row.since, row.until, row.reason)) for row in tx.execute(query)]


def _day(now: datetime) -> str:
    return now.astimezone(UTC).date().isoformat()
