"""Files of replies, and replies of several posts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("replies", sa.Column("as_thread", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("replies", sa.Column("whole", sa.Text(), nullable=True))
    op.add_column("replies", sa.Column("follows", sa.Text(), nullable=True))
    op.create_index(op.f("ix_replies_follows"), "replies", ["follows"])
    texts = [sa.Column(name, sa.Text(), nullable=False) for name in ("workspace", "reply_id", "name", "kind", "alt")]
    op.create_table(
        "reply_files",
        sa.Column("id", sa.Text(), nullable=False),
        *texts,
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reply_id"], ["replies.id"], name=op.f("fk_reply_files_reply_id_replies"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_files")),
    )
    op.create_index(op.f("ix_reply_files_reply_id"), "reply_files", ["reply_id"])


def downgrade() -> None:
    # an older Shenava knows no parts: what waits for another would stand there as approved for ever
    op.execute("UPDATE replies SET status = 'cancelled' WHERE follows IS NOT NULL AND status = 'approved'")
    op.drop_table("reply_files")
    op.drop_index(op.f("ix_replies_follows"), "replies")
    for column in ("follows", "whole", "as_thread"):
        op.drop_column("replies", column)
