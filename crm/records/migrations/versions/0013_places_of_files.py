"""Each file of a reply has a place of its own"""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

files = sa.table("reply_files", sa.column("id"), sa.column("reply_id"), sa.column("position"))


def upgrade() -> None:
    _number()
    op.create_index(op.f("ix_reply_files_reply_id_position"), "reply_files", ["reply_id", "position"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_reply_files_reply_id_position"), "reply_files")


def _number() -> None:
    """Number the files of each reply, in their order: those of two drafts could share numbers."""
    connection, found = op.get_bind(), Counter[str]()
    order = (files.c.reply_id, files.c.position, files.c.id)
    for row in connection.execute(sa.select(*files.c).order_by(*order)).all():
        found[row.reply_id] += 1
        if row.position != found[row.reply_id]:
            connection.execute(sa.update(files).where(files.c.id == row.id).values(position=found[row.reply_id]))
