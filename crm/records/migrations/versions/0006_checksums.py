"""Rows of SQLite carry checksums

Their column and triggers are made after each migration, for the tables as they are then (crm.records.checksums).
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See above."""


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    query = text("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'checksum_%'")
    triggers = op.get_bind().execute(query).all()
    for name, _ in triggers:
        op.execute(f"DROP TRIGGER {name}")
    for table in {table for _, table in triggers}:
        op.execute(f"ALTER TABLE {table} DROP COLUMN checksum")
