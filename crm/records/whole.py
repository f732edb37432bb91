"""Tables as a whole, for moving an installation to another database: read in pages, added, compared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Table, func, literal, select, text, tuple_

from crm.records import tables
from crm.records.sql import insert_for

PAGE = 1_000
FEW = 10
"""The rows of a page of a table whose rows hold files."""
EVERY = tuple(tables.workspaces.metadata.sorted_tables)
"""Every table, those that others point at before them."""


class Sum(Struct, frozen=True):
    """How many rows a table has, and a hash over them in which their order plays no part."""

    rows: int
    digest: str


def pages(tx: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    """The rows of a table in the order of its key."""
    key, after = list(table.primary_key), None
    while True:
        query = select(table).order_by(*key).limit(FEW if table is tables.reply_files else PAGE)
        if after is not None:
            query = query.where(tuple_(*key) > tuple_(*(literal(v, c.type) for v, c in zip(after, key, strict=True))))
        rows = [dict(row._mapping) for row in tx.execute(query)]
        if not rows:
            return
        yield rows
        after = [rows[-1][column.name] for column in key]


def add_missing(tx: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; those whose key is there stay as they are."""
    if rows:
        tx.execute(insert_for(tx)(table).on_conflict_do_nothing(), list(rows))


def summed(tx: Connection, table: Table) -> Sum:
    """Count and hash of a table."""
    count, total = 0, 0
    for rows in pages(tx, table):
        for row in rows:
            count += 1
            total += hash_of(row)
    return sum_of(count, total)


def sum_of(rows: int, total: int) -> Sum:
    """A sum from a count and hashes that were added up."""
    return Sum(rows, f"{total % (1 << 128):032x}")


def hash_of(value: object) -> int:
    """A hash of what a row or a document holds, to be added up."""
    return int.from_bytes(hashlib.blake2b(msgspec.json.encode(value, order="sorted"), digest_size=16).digest())


def count(tx: Connection, table: Table) -> int:
    """How many rows a table has."""
    return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


def go_on_counting(tx: Connection) -> None:
    """After rows came with their numbers: let PostgreSQL give the next ones. SQLite does so by itself."""
    if tx.dialect.name != "postgresql":
        return
    for table in EVERY:
        column = table.autoincrement_column
        if column is not None:
            highest = f"SELECT coalesce(max({column.name}), 0) + 1 FROM {table.name}"
            tx.execute(
                text(f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'), ({highest}), false)")
            )
