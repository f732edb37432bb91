"""Why a reply failed and a row was rejected, by kind"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rejects", sa.Column("code", sa.String(length=60), nullable=True))
    op.add_column("rejects", sa.Column("params", sa.JSON(), nullable=True))
    op.add_column("replies", sa.Column("error_kind", sa.String(length=60), nullable=True))


def downgrade() -> None:
    op.drop_column("replies", "error_kind")
    op.drop_column("rejects", "params")
    op.drop_column("rejects", "code")
