"""Stored rules."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Connection, delete, select, update

from crm.policies.rules import Rule
from crm.records.sql import as_struct, upsert
from crm.records.tables import rules


def of_workspace(tx: Connection, workspace: str) -> list[Rule]:
    """All rules in their order."""
    query = select(rules).where(rules.c.workspace == workspace).order_by(rules.c.position, rules.c.id)
    return [as_struct(Rule, row) for row in tx.execute(query)]


def put(tx: Connection, workspace: str, rule: Rule, now: datetime) -> None:
    """Store a rule, new or changed; the time of its making is kept."""
    fields = msgspec.to_builtins(rule)
    changed = update(rules).where(rules.c.workspace == workspace, rules.c.id == rule.id).values(**fields)
    if not tx.execute(changed).rowcount:
        upsert(tx, rules, [{**fields, "workspace": workspace, "created_at": now}], ("id",))


def remove(tx: Connection, workspace: str, rule_id: str) -> bool:
    """Delete a rule; False where there is none."""
    return tx.execute(delete(rules).where(rules.c.workspace == workspace, rules.c.id == rule_id)).rowcount > 0
