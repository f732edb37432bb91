"""Corrections that people made, by post."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from crm.records.sql import upsert
from crm.records.tables import corrections

VALUES = {
    "sentiment": ("negative", "neutral", "positive"),
    "language": ("fa", "en", "ar", "ur", "fa-Latn", "other"),
    "urgency": ("low", "normal", "high"),
}


def put(
    tx: Connection, workspace: str, post_key: str, task: str, value: str, user_id: str, new: str, now: datetime
) -> None:
    """Store the newest answer to one question about one post."""
    row = {"id": new, "workspace": workspace, "post_key": post_key, "task": task, "value": value, "user_id": user_id,
           "at": now}  # fmt: skip
    upsert(tx, corrections, [row], ("workspace", "post_key", "task"))


def every(tx: Connection, workspace: str) -> dict[str, dict[str, str]]:
    """All answers of a workspace, for the snapshot that enrichment reads."""
    found: dict[str, dict[str, str]] = {}
    for row in tx.execute(select(corrections).where(corrections.c.workspace == workspace)):
        found.setdefault(row.post_key, {})[row.task] = row.value
    return found
