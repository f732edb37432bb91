"""Caps, what was read of them, gaps, and what platforms still let us ask"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gaps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gaps")),
    )
    op.create_index(op.f("ix_gaps_workspace_until"), "gaps", ["workspace", "until"])
    op.create_table(
        "caps",
        *_key(),
        sa.Column("posts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "platform", "monitor", name=op.f("pk_caps")),
    )
    op.create_table(
        "spending",
        *_key(),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("posts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "platform", "monitor", "day", name=op.f("pk_spending")),
    )
    op.add_column("sources", sa.Column("quota", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("sources", "quota")
    for table in ("spending", "caps", "gaps"):
        op.drop_table(table)


def _key() -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in ("workspace", "platform", "monitor")]
