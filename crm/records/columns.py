"""Column types and the naming of constraints that all tables share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, String, TypeDecorator
from sqlalchemy.engine import Dialect

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """An aware datetime, stored as whole milliseconds since 1970 in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"The time {value} has no zone.")
        return round(value.timestamp() * 1000)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        del dialect
        try:
            return None if value is None else datetime.fromtimestamp(value / 1000, UTC)
        except (TypeError, ValueError) as error:
            raise OverflowError("This is no time that was ever stored.") from error


# SQLite gives rows their own growing number only to a plain INTEGER PRIMARY KEY.
GrowingId = BigInteger().with_variant(Integer, "sqlite")


def workspace_column() -> Column[str]:
    """Every row belongs to one workspace; rows of the installation itself use the empty one."""
    return Column("workspace", String(32), nullable=False)


def id_column() -> Column[str]:
    """A sortable text id."""
    return Column("id", String(32), primary_key=True)


def reference(name: str, target: str, *, nullable: bool = False, cascade: bool = False) -> Column[str]:
    """A column that points at another table's id."""
    return Column(
        name, String(32), ForeignKey(target, ondelete="CASCADE" if cascade else None), nullable=nullable, index=True
    )
