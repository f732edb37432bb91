"""Customers found by likeness, suggestions that were dismissed, and ties that can be undone to the letter"""

from __future__ import annotations

import json
from collections import defaultdict

import sqlalchemy as sa
from alembic import op

from crm.policies.blocking import customer_keys
from crm.records.customer_keys import known_of

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

PAGE = 1_000


def upgrade() -> None:
    op.add_column("identities", sa.Column("before", sa.JSON(), nullable=True))
    keys = op.create_table(
        "customer_keys",
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_customer_keys_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "key", "customer_id", name=op.f("pk_customer_keys")),
    )
    op.create_index(op.f("ix_customer_keys_customer_id"), "customer_keys", ["customer_id"])
    op.create_table(
        "dismissed_ties",
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("author_key", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_dismissed_ties_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "author_key", "customer_id", name=op.f("pk_dismissed_ties")),
    )
    op.create_index(op.f("ix_dismissed_ties_customer_id"), "dismissed_ties", ["customer_id"])
    _give_keys(keys)


def downgrade() -> None:
    op.drop_table("dismissed_ties")
    op.drop_table("customer_keys")
    op.drop_column("identities", "before")


def _give_keys(keys: sa.Table) -> None:
    """The customers that are there get the keys under which they are found."""
    tx = op.get_bind()
    handles: dict[str, list[str]] = defaultdict(list)
    for row in tx.execute(sa.text("SELECT customer_id, handle FROM identities WHERE undone_at IS NULL")):
        handles[row.customer_id].append(row.handle)
    page = sa.text("SELECT id, workspace, name, email, fields FROM customers WHERE id > :after ORDER BY id LIMIT :page")
    after = ""
    while found := tx.execute(page, {"after": after, "page": PAGE}).all():
        after = found[-1].id
        rows = []
        for row in found:
            fields = json.loads(row.fields) if isinstance(row.fields, str) else row.fields
            known = known_of(row.id, row.name, row.email, fields, handles[row.id])
            rows += [
                {"workspace": row.workspace, "key": key, "customer_id": row.id} for key in sorted(customer_keys(known))
            ]
        if rows:
            tx.execute(sa.insert(keys), rows)
