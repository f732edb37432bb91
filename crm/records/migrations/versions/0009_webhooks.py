"""Secrets of sources, and what was handed over to webhooks"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "source_secrets",
        *_key("source_id"),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_source_secrets")),
    )
    op.create_table(
        "deliveries",
        *_key("source_id", "mark"),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "mark", name=op.f("pk_deliveries")),
    )
    op.create_index(op.f("ix_deliveries_source_id_at"), "deliveries", ["source_id", "at"])
    op.create_table(
        "refusals",
        *_key("source_id", "kind"),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "kind", name=op.f("pk_refusals")),
    )


def downgrade() -> None:
    for table in ("refusals", "deliveries", "source_secrets"):
        op.drop_table(table)


def _key(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in (*names, "workspace")]
