"""Files of replies, and replies of several posts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_REPLY = ("id", "status", "text", "approver_id", "approved_at", "account_id", "asked_at", "whole", "follows")
replies = sa.table("replies", *map(sa.column, _REPLY))
outbox = sa.table("outbox", *map(sa.column, ("reply_id", "done_at")), sa.column("started", sa.Boolean()))


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
    _end_parts()
    op.drop_table("reply_files")
    op.drop_index(op.f("ix_replies_follows"), "replies")
    for column in ("follows", "whole", "as_thread"):
        op.drop_column("replies", column)


def _end_parts() -> None:
    """The older version knows no parts and would send each for itself: those that have not begun to leave don't.

    The words of an answer of which nothing has left are a draft again.
    """
    connection, part = op.get_bind(), replies.c.follows.is_not(None) | replies.c.whole.is_not(None)
    leaving = sa.select(outbox.c.reply_id).where(outbox.c.started, outbox.c.done_at.is_(None))
    query = sa.select(replies.c.id).where(part, replies.c.status == "approved", replies.c.id.not_in(leaving))
    held = connection.execute(query).scalars().all()
    nobody = {"approver_id": None, "approved_at": None, "account_id": None, "asked_at": None}
    for one in held:
        mine = sa.update(replies).where(replies.c.id == one)
        connection.execute(sa.delete(outbox).where(outbox.c.reply_id == one))
        connection.execute(mine.where(replies.c.whole.is_(None)).values(status="cancelled"))
        connection.execute(
            mine.where(replies.c.whole.is_not(None)).values(status="draft", text=replies.c.whole, **nobody)
        )
