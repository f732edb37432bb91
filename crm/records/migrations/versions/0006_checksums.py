"""Rows of SQLite carry checksums

Their column and triggers are made after each migration, for the tables as they are then (crm.records.checksums).
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import inspect

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See above."""


def downgrade() -> None:
    there = inspect(op.get_bind())
    for table in there.get_table_names():
        if "checksum" in {column["name"] for column in there.get_columns(table)}:
            op.drop_column(table, "checksum")
