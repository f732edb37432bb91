"""Dead letters in the records: durable, readable, replayable, and erased with the person they are about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from msgspec import Struct, structs
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from crm.ports.dead import DeadLetter
from crm.records.database import Records
from crm.records.tables import dead_letters


class Grouped(Struct, frozen=True):
    """Letters that failed for the same reason and wait for a person."""

    error_kind: str
    error: str
    topic: str
    group: str
    posts: int
    first: datetime
    partition: int
    offset: int
    schema: int | None
    ids: tuple[str, ...]


class RecordedDeadLetters:
    """:class:`crm.ports.dead.DeadLetters` on the records."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def add(self, letters: Sequence[DeadLetter]) -> None:
        if not letters:
            return
        ids = [letter.id for letter in letters]
        with self._records.write() as tx:
            there = {row.id for row in tx.execute(select(dead_letters.c.id).where(dead_letters.c.id.in_(ids)))}
            new = {letter.id: structs.asdict(letter) for letter in letters if letter.id not in there}
            if new:
                rows = [{**row, "workspace": row["workspace"] or "", "key": row["key"][:400]} for row in new.values()]
                tx.execute(insert(dead_letters), rows)

    def list(self, workspace: str | None = None, limit: int = 100, after: str | None = None) -> Sequence[DeadLetter]:
        query = select(dead_letters).order_by(dead_letters.c.failed_at.desc(), dead_letters.c.id).limit(limit)
        if workspace is not None:
            query = query.where(dead_letters.c.workspace == workspace)
        with self._records.read() as tx:
            if after is not None:
                last = tx.execute(select(dead_letters.c.failed_at).where(dead_letters.c.id == after)).scalar()
                same = (dead_letters.c.failed_at == last) & (dead_letters.c.id > after)
                query = query.where((dead_letters.c.failed_at < last) | same)
            return [_letter(row) for row in tx.execute(query)]

    def take(self, ids: Collection[str]) -> Sequence[DeadLetter]:
        query = select(dead_letters).where(dead_letters.c.id.in_(ids))
        with self._records.read() as tx:
            rows = tx.execute(query.order_by(dead_letters.c.topic, dead_letters.c.partition, dead_letters.c.offset))
            return [_letter(row) for row in rows]

    def mark_replayed(self, ids: Collection[str], at: datetime) -> None:
        with self._records.write() as tx:
            tx.execute(update(dead_letters).where(dead_letters.c.id.in_(ids)).values(replayed_at=at))


def waiting(tx: Connection, workspace: str, at_most: int = 2_000) -> list[Grouped]:
    """Letters that were not replayed, grouped by what went wrong, the largest group first."""
    query = (
        select(dead_letters)
        .where(dead_letters.c.workspace.in_([workspace, ""]), dead_letters.c.replayed_at.is_(None))
        .order_by(dead_letters.c.failed_at.desc())
        .limit(at_most)
    )
    groups: dict[tuple[str, ...], list[DeadLetter]] = {}
    for row in tx.execute(query):
        letter = _letter(row)
        groups.setdefault((letter.error_kind, letter.error, letter.topic, letter.group), []).append(letter)
    found = [_grouped(letters) for letters in groups.values()]
    return sorted(found, key=lambda group: -group.posts)


def count_waiting(tx: Connection, workspace: str) -> int:
    """How many letters were not replayed."""
    query = select(func.count()).where(
        dead_letters.c.workspace.in_([workspace, ""]), dead_letters.c.replayed_at.is_(None)
    )
    return int(tx.execute(query).scalar_one())


def discard(tx: Connection, workspace: str, ids: Collection[str]) -> int:
    """Throw letters away; returns how many."""
    query = delete(dead_letters).where(dead_letters.c.workspace.in_([workspace, ""]), dead_letters.c.id.in_(ids))
    return tx.execute(query).rowcount


def erase(tx: Connection, keys: Collection[str]) -> int:
    """Remove every letter about these posts (keys with and without their workspace); returns how many."""
    return tx.execute(delete(dead_letters).where(dead_letters.c.key.in_(keys))).rowcount


def _letter(row: Row[tuple[object, ...]]) -> DeadLetter:
    return DeadLetter(**{**row._asdict(), "workspace": row.workspace or None})


def _grouped(letters: list[DeadLetter]) -> Grouped:
    first = min(letters, key=lambda letter: letter.failed_at)
    return Grouped(
        first.error_kind, first.error, first.topic, first.group, len(letters), first.failed_at, first.partition,
        first.offset, first.schema, tuple(letter.id for letter in letters),
    )  # fmt: skip
