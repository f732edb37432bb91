"""What other systems handed over: which messages came, and which were not taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import Connection, delete, select

from crm.records.sources import SourceRow
from crm.records.sql import insert_for
from crm.records.tables import deliveries, refusals, sources

KEPT = timedelta(days=3)
"""How long the ids of messages are remembered: systems that try again give up before."""


class Refused(Struct, frozen=True):
    """How often a webhook refused messages for one reason, and when it last did."""

    kind: str
    times: int
    at: datetime


def to(tx: Connection, source_id: str) -> SourceRow | None:
    """The source with this id, whosever it is: only its secret tells who may hand something over."""
    row = tx.execute(select(sources).where(sources.c.id == source_id)).first()
    return None if row is None else SourceRow(**row._asdict())


def known(tx: Connection, source_id: str, marks: Sequence[str]) -> dict[str, str]:
    """Digests of the messages that came under these marks, by mark."""
    query = select(deliveries.c.mark, deliveries.c.digest)
    query = query.where(deliveries.c.source_id == source_id, deliveries.c.mark.in_(marks))
    return {row.mark: row.digest for row in tx.execute(query)}


def remember(tx: Connection, source: SourceRow, marks: Sequence[str], digest: str, now: datetime) -> None:
    """A message was taken; those of three days ago are forgotten."""
    old = deliveries.c.source_id == source.id, deliveries.c.at < now - KEPT
    tx.execute(delete(deliveries).where(*old))
    for mark in marks:
        row = {"source_id": source.id, "mark": mark, "workspace": source.workspace, "digest": digest, "at": now}
        tx.execute(insert_for(tx)(deliveries).values(**row).on_conflict_do_nothing())


def refuse(tx: Connection, source: SourceRow, kind: str, times: int, last: datetime) -> None:
    """Count messages that were not taken."""
    row = {"source_id": source.id, "kind": kind, "workspace": source.workspace, "times": times, "at": last}
    one = insert_for(tx)(refusals).values(**row)
    more = {"times": refusals.c.times + times, "at": last}
    tx.execute(one.on_conflict_do_update(index_elements=["source_id", "kind"], set_=more))


def refused(tx: Connection, workspace: str, source_id: str) -> list[Refused]:
    """What was not taken, by kind, the most frequent first."""
    query = select(refusals.c.kind, refusals.c.times, refusals.c.at)
    query = query.where(refusals.c.workspace == workspace, refusals.c.source_id == source_id)
    return [Refused(*row) for row in tx.execute(query.order_by(refusals.c.times.desc(), refusals.c.kind))]
