"""Alembic's entry: runs the migrations on the connection that :mod:`crm.records.migrate` hands over."""

from __future__ import annotations

from alembic import context

from crm.records import checksums, tables  # noqa: F401  # the tables fill the metadata
from crm.records.columns import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
checksums.lift(connection)
with context.begin_transaction():
    context.run_migrations()
