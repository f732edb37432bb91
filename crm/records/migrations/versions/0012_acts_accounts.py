"""With which account of a platform something was liked or hidden, and how often that changed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("acts", sa.Column("native_id", sa.Text(), nullable=False, server_default=""))
    op.add_column("acts", sa.Column("changes", sa.BigInteger(), nullable=False, server_default="1"))
    op.execute(
        "UPDATE acts SET native_id = COALESCE("
        "(SELECT accounts.native_id FROM accounts WHERE accounts.id = acts.account_id), '')"
    )


def downgrade() -> None:
    for column in ("changes", "native_id"):
        op.drop_column("acts", column)
