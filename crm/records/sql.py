"""Small helpers that the repositories share: rows to structs, upserts and locks on both databases, bounded lists.

Locks are taken in one order, so that no two transactions wait for each other: names (`lock`), then
cases by id, then their replies, then the outbox, then the workspace's row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import BigInteger, Connection, Row, Select, Table, func, literal, select
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

T = TypeVar("T")

ASK_AT_ONCE = 1_000
"""How many values one IN list holds."""


def as_struct(kind: type[T], row: Row[Any]) -> T:
    """A row as a struct of `kind`, checked; columns that the struct does not name are left out."""
    return msgspec.convert(row._mapping, kind)


def columns_of(struct: msgspec.Struct) -> dict[str, object]:
    """A struct's fields as column values: tuples become lists for JSON columns."""
    fields = msgspec.structs.asdict(struct)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}


def lock(tx: Connection, *names: str, shared: bool = False) -> None:
    """Hold `names` until the transaction ends, after whoever holds one of them now; `shared` together with others.

    It stands for rows that are not there yet. SQLite has one writer at a time anyway.
    """
    if tx.dialect.name == "sqlite":
        return
    take = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
    for name in sorted(names):
        tx.execute(select(take(lock_number(name))))


def lock_number(name: str) -> Any:
    """The number by which PostgreSQL knows the lock `name`."""
    hashed = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return literal(int.from_bytes(hashed, signed=True), BigInteger)


def held(query: Select[Any]) -> Select[Any]:
    """The query, keeping its rows from being changed by others until the transaction ends; those may be pointed at."""
    return query.with_for_update(key_share=True)


def upsert(
    tx: Connection, table: Table, rows: Sequence[Mapping[str, object]], key: Sequence[str], newer: str = ""
) -> None:
    """Insert rows, or overwrite those with the same `key`; with `newer` only if that column does not fall."""
    if not rows:
        return
    statement = insert_for(tx)(table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    where = statement.excluded[newer] >= table.c[newer] if newer else None
    tx.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changed, where=where), _sorted(rows, key))


def insert_new(tx: Connection, table: Table, rows: Sequence[Mapping[str, object]], key: Sequence[str]) -> int:
    """Insert those rows whose `key` nobody has stored yet; returns how many."""
    if not rows:
        return 0
    statement = insert_for(tx)(table).on_conflict_do_nothing(index_elements=list(key)).returning(table.c[key[0]])
    return len(tx.execute(statement, _sorted(rows, key)).all())


def insert_for(tx: Connection) -> Callable[[Table], Any]:
    """The insert of the transaction's database, which knows ON CONFLICT."""
    if tx.dialect.name == "sqlite":
        return sqlite_insert
    from sqlalchemy.dialects.postgresql import insert  # slow to import

    return insert


def _sorted(rows: Sequence[Mapping[str, object]], key: Sequence[str]) -> list[Mapping[str, object]]:
    """In one order everywhere: of two transactions with the same rows one waits, instead of each for the other."""
    return sorted(rows, key=lambda row: [str(row[name]) for name in key])


def chunks(items: Collection[T], size: int = ASK_AT_ONCE) -> Iterator[list[T]]:
    """`items` in lists of at most `size`."""
    plain = list(items)
    for start in range(0, len(plain), size):
        yield plain[start : start + size]
