"""What was liked or hidden on the platforms"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    texts = [sa.Column(name, sa.Text(), nullable=False) for name in ("workspace", "post_key", "act", "account_id")]
    op.create_table(
        "acts",
        *texts,
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "post_key", "act", name=op.f("pk_acts")),
    )


def downgrade() -> None:
    op.drop_table("acts")
