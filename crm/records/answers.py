"""How long customers waited for a first answer."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, not_, select

from crm.records.tables import cases


class FirstAnswer(Struct, frozen=True):
    """A case that was answered: when it was opened, where, for which monitors, and the wait in minutes."""

    opened_at: datetime
    minutes: float
    monitors: tuple[str, ...]
    platform: str
    language: str


def first_answers(tx: Connection, workspace: str, since: datetime, until: datetime) -> list[FirstAnswer]:
    """The public cases opened from `since` to before `until` that were answered."""
    query = select(
        cases.c.opened_at, cases.c.first_answer_at, cases.c.monitors, cases.c.platform, cases.c.language
    ).where(
        cases.c.workspace == workspace, cases.c.first_answer_at.is_not(None), not_(cases.c.private),
        cases.c.opened_at >= since, cases.c.opened_at < until,
    )  # fmt: skip
    return [
        FirstAnswer(opened, (answered - opened).total_seconds() / 60, tuple(monitors), platform, language)
        for opened, answered, monitors, platform, language in tx.execute(query)
    ]
