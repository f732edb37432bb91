"""Dead letters in the records: durable, readable, replayable, and erased with the person they are about."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct, structs
from sqlalchemy import Connection, Row, delete, func, select, update

from crm import envelope
from crm.ports.dead import DeadLetter
from crm.records import tombstones, workspaces
from crm.records.database import Records
from crm.records.sql import chunks, insert_new
from crm.records.tables import dead_letters

KEY_LENGTH = 400
"""As much of a key as the column holds."""

REPLAYED_KEPT = timedelta(days=30)


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
            tombstones.hold(tx, *_places(tx, letters))
            new = {letter.id: letter for letter in letters if letter.id not in there and not _is_buried(tx, letter)}
            insert_new(tx, dead_letters, [_row(letter) for letter in new.values()], ("id",))

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


def by_ids(tx: Connection, ids: Collection[str]) -> list[DeadLetter]:
    """The letters with these ids, the oldest first."""
    rows = [row for some in chunks(ids) for row in tx.execute(select(dead_letters).where(dead_letters.c.id.in_(some)))]
    return sorted(map(_letter, rows), key=lambda letter: (letter.failed_at, letter.id))


def waiting(tx: Connection, workspace: str, at_most: int = 2_000) -> list[Grouped]:
    """Letters that were not replayed, grouped by what went wrong, the largest group first."""
    # Without the values: up to a thousand times as large as the rest, and not shown before somebody asks for one.
    query = (
        select(*(column for column in dead_letters.c if column.name != "value"))
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


def naming(tx: Connection, workspace: str, keys: Collection[str], authors: Collection[str] = ()) -> set[str]:
    """Ids of every letter about these posts or with words of these authors, also of posts that no store holds."""
    found: set[str] = set()
    for some in chunks({one[:KEY_LENGTH] for key in keys for one in (key, f"{workspace}/{key}")}):
        found.update(tx.execute(select(dead_letters.c.id).where(dead_letters.c.key.in_(some))).scalars())
    if authors:
        quoted = [msgspec.json.encode(key.partition(":")[2]) for key in authors]
        found |= {letter for letter, about in _subjects(tx, workspace) if not about.isdisjoint(authors)}
        found |= _unreadable(tx, workspace, quoted)
    return found


def erase(tx: Connection, workspace: str, keys: Collection[str], authors: Collection[str] = ()) -> int:
    """Remove every letter that :func:`naming` finds; returns how many."""
    return _delete(tx, naming(tx, workspace, keys, authors))


def erase_buried(tx: Connection, workspace: str, unreadable: bool = False) -> int:
    """Remove every letter with a post that a tombstone of the workspace covers; returns how many.

    With `unreadable` those go too that don't say whom they are about.
    """
    about = dict(_subjects(tx, workspace))
    covered = tombstones.buried(tx, workspace, frozenset().union(*about.values()))
    gone = {letter for letter, subjects in about.items() if subjects & covered}
    if unreadable:
        mine = select(dead_letters.c.id).where(dead_letters.c.workspace.in_([workspace, ""]))
        gone |= set(tx.execute(mine).scalars()) - about.keys()
    return _delete(tx, gone)


def expire(tx: Connection, now: datetime) -> int:
    """Drop letters that were replayed more than 30 days ago; returns how many."""
    return tx.execute(delete(dead_letters).where(dead_letters.c.replayed_at < now - REPLAYED_KEPT)).rowcount


def _subjects(tx: Connection, workspace: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Ids of letters, each with the keys of its post and the author; letters without a post are left out."""
    query = select(dead_letters.c.id, dead_letters.c.value).where(dead_letters.c.workspace.in_([workspace, ""]))
    for row in tx.execute(query):
        subjects = envelope.about(row.value)
        if subjects:
            yield row.id, subjects


def _unreadable(tx: Connection, workspace: str, quoted: Sequence[bytes]) -> set[str]:
    """Ids of letters that can't be read as an event but name one of these ids in quotes."""
    query = select(dead_letters.c.id, dead_letters.c.value).where(dead_letters.c.workspace.in_([workspace, ""]))
    return {
        row.id for row in tx.execute(query) if any(one in row.value for one in quoted) and not envelope.about(row.value)
    }


def _delete(tx: Connection, ids: Collection[str]) -> int:
    return sum(tx.execute(delete(dead_letters).where(dead_letters.c.id.in_(some))).rowcount for some in chunks(ids))


def _is_buried(tx: Connection, letter: DeadLetter) -> bool:
    """Whether a tombstone covers the post of a letter; one that names no workspace is everybody's."""
    subjects = envelope.about(letter.value)
    return bool(subjects) and any(tombstones.buried(tx, place, subjects) for place in _places(tx, [letter]))


def _places(tx: Connection, letters: Sequence[DeadLetter]) -> set[str]:
    """The workspaces that these letters may be about."""
    named = {letter.workspace for letter in letters if letter.workspace}
    return named if all(letter.workspace for letter in letters) else named | {one.id for one in workspaces.every(tx)}


def _row(letter: DeadLetter) -> dict[str, object]:
    return {**structs.asdict(letter), "workspace": letter.workspace or "", "key": letter.key[:KEY_LENGTH]}


def _letter(row: Row[tuple[object, ...]]) -> DeadLetter:
    return DeadLetter(**{"value": b"", **row._asdict(), "workspace": row.workspace or None})


def _grouped(letters: list[DeadLetter]) -> Grouped:
    first = min(letters, key=lambda letter: letter.failed_at)
    return Grouped(
        first.error_kind, first.error, first.topic, first.group, len(letters), first.failed_at, first.partition,
        first.offset, first.schema, tuple(letter.id for letter in letters),
    )  # fmt: skip
