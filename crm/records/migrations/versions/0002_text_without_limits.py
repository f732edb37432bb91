"""Text without limits on PostgreSQL"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = (
    "accounts", "audit", "audit_details", "audit_seals", "case_events", "case_tags", "cases", "changes", "corrections",
    "customers", "dead_letters", "idea_posts", "ideas", "identities", "jobs", "kept_posts", "log_in_attempts",
    "monitors", "notes", "outbox", "presence", "rejects", "replies", "roles", "rules", "secrets", "sessions",
    "source_activity", "sources", "tags", "templates", "thread_joins", "tombstones", "unread", "users", "views",
    "workspaces",
)  # fmt: skip


def upgrade() -> None:
    # SQLite never held text to its length, so what is there may be longer; both databases now take the same.
    if op.get_bind().dialect.name != "postgresql":
        return
    inspector = sa.inspect(op.get_bind())
    for table in TABLES:
        for column in inspector.get_columns(table):
            if isinstance(column["type"], sa.VARCHAR) and not isinstance(column["type"], sa.Text):
                op.alter_column(table, column["name"], type_=sa.Text())


def downgrade() -> None:
    pass  # what is stored may be longer than the limits were
