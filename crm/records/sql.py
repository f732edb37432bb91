"""Small helpers that the repositories share: rows to structs, upserts on both databases, bounded lists."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Row, Table
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


def upsert(
    tx: Connection, table: Table, rows: Sequence[Mapping[str, object]], key: Sequence[str], newer: str = ""
) -> None:
    """Insert rows, or overwrite those with the same `key`; with `newer` only if that column does not fall."""
    if not rows:
        return
    statement: Any = insert_for(tx)(table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    where = statement.excluded[newer] >= table.c[newer] if newer else None
    tx.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changed, where=where), list(rows))


def insert_for(tx: Connection) -> Callable[[Table], Any]:
    """The INSERT of this database that knows ON CONFLICT."""
    if tx.dialect.name == "sqlite":
        return sqlite_insert
    from sqlalchemy.dialects.postgresql import insert  # slow to import

    return insert


def chunks(items: Collection[T], size: int = ASK_AT_ONCE) -> Iterator[list[T]]:
    """`items` in lists of at most `size`."""
    plain = list(items)
    for start in range(0, len(plain), size):
        yield plain[start : start + size]
