"""Corrections that people made, by post."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import get_args

from msgspec import Struct
from sqlalchemy import Connection, insert, select

from crm.records.sql import as_struct, upsert
from crm.records.tables import answers, corrections
from crm.words import Emotion, Offence

VALUES: dict[str, tuple[str, ...]] = {
    "sentiment": ("negative", "neutral", "positive"),
    "language": ("fa", "en", "ar", "ur", "fa-Latn", "other"),
    "urgency": ("low", "normal", "high"),
    "emotion": get_args(Emotion),
    "offence": get_args(Offence),
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


class Answer(Struct, frozen=True):
    """A person's answer about a post beside what the model had said of it: `said` is None where it abstained.

    `language`, `length` (characters) and `followers` are those of the post, for telling where the model errs; `bands`
    finds others of the same words.
    """

    id: str
    workspace: str
    post_key: str
    task: str
    value: str
    said: str | None
    model: str
    language: str | None
    length: int
    bands: str
    followers: int | None
    user_id: str
    at: datetime


def keep(tx: Connection, answer: Answer) -> None:
    """Keep an answer beside those of before."""
    tx.execute(insert(answers).values(**{name: getattr(answer, name) for name in Answer.__struct_fields__}))


def answered(tx: Connection, workspace: str, task: str, limit: int = 20_000) -> list[Answer]:
    """The newest answers to one question, newest first."""
    mine = (answers.c.workspace == workspace) & (answers.c.task == task)
    rows = tx.execute(select(answers).where(mine).order_by(answers.c.id.desc()).limit(limit))
    return [as_struct(Answer, row) for row in rows]


def of_same_words(tx: Connection, workspace: str) -> dict[str, dict[str, str]]:
    """The newest answer by the words of the post it was about, see :func:`same_words`, for the snapshot."""
    found: dict[str, dict[str, str]] = {}
    mine = (answers.c.workspace == workspace) & (answers.c.bands != "")
    for row in tx.execute(select(answers.c.bands, answers.c.task, answers.c.value).where(mine).order_by(answers.c.id)):
        found.setdefault(row.bands, {})[row.task] = row.value
    return found


def same_words(bands: Sequence[str]) -> str:
    """What posts share that say the same words; nothing for posts of a few words, which say too little."""
    return " ".join(bands) if len(bands) > 1 else ""


def first_said(tx: Connection, workspace: str, post_key: str, task: str) -> Answer | None:
    """The newest answer about a post: it knows what the model had said before people outranked it."""
    mine = (answers.c.workspace == workspace) & (answers.c.post_key == post_key) & (answers.c.task == task)
    row = tx.execute(select(answers).where(mine).order_by(answers.c.id.desc()).limit(1)).first()
    return None if row is None else as_struct(Answer, row)
