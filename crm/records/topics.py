"""The topics of monitors, the themes that people seek, and what became of topics over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from crm.errors import NotFoundError
from crm.ids import new_id
from crm.ports.topics import TopicBook, Vectors
from crm.records.tables import themes, topic_events, topics

LIVE, GONE = "live", "gone"


class Topic(Struct, frozen=True):
    """A topic of a monitor. `name` is what people call it, if they said so; `posts` were in it when it was found."""

    id: str
    workspace: str
    monitor_id: str
    name: str
    words: tuple[str, ...]
    vector: Vectors
    near: float
    posts: int
    theme_id: str | None
    state: str
    hidden: bool
    found_at: datetime
    refreshed_at: datetime


class Theme(Struct, frozen=True):
    """Words by which people look for a topic."""

    id: str
    monitor_id: str
    words: tuple[str, ...]


class TopicEvent(Struct, frozen=True):
    """What became of a topic; `other` is the topic that it merged into or was split off."""

    id: str
    topic_id: str
    kind: str
    other: str | None
    detail: str
    actor: str
    at: datetime


def of_monitor(tx: Connection, workspace: str, monitor_id: str, *, gone: bool = False) -> list[Topic]:
    """The topics of a monitor, largest first; with those that are `gone` too."""
    mine = (topics.c.workspace == workspace) & (topics.c.monitor_id == monitor_id)
    query = select(topics).where(mine if gone else mine & (topics.c.state == LIVE))
    return [_topic(row) for row in tx.execute(query.order_by(topics.c.posts.desc(), topics.c.id))]


def get(tx: Connection, workspace: str, topic_id: str) -> Topic:
    """One topic. Raises NotFoundError."""
    row = tx.execute(select(topics).where(topics.c.workspace == workspace, topics.c.id == topic_id)).first()
    if row is None:
        raise NotFoundError("topic", topic_id)
    return _topic(row)


def put(tx: Connection, topic: Topic) -> None:
    """Write a new topic."""
    tx.execute(insert(topics).values(**_row(topic)))


def change(tx: Connection, workspace: str, topic_id: str, **fields: object) -> None:
    """Write fields of a topic; a vector as it is. Raises NotFoundError."""
    if "vector" in fields:
        fields["vector"] = _bytes(fields["vector"])
    mine = (topics.c.workspace == workspace) & (topics.c.id == topic_id)
    if not tx.execute(update(topics).where(mine).values(**fields)).rowcount:
        raise NotFoundError("topic", topic_id)


def note(
    tx: Connection, workspace: str, topic_id: str, kind: str, now: datetime, *, other: str | None = None,
    detail: str = "", actor: str = "",
) -> None:  # fmt: skip
    """Write down what became of a topic."""
    tx.execute(
        insert(topic_events).values(
            id=new_id(now), workspace=workspace, topic_id=topic_id, kind=kind, other=other, detail=detail, actor=actor,
            at=now,
        )
    )  # fmt: skip


def events(tx: Connection, workspace: str, topic_ids: Sequence[str], limit: int = 50) -> list[TopicEvent]:
    """What became of these topics, newest first."""
    mine = (topic_events.c.workspace == workspace) & topic_events.c.topic_id.in_(list(topic_ids))
    rows = tx.execute(select(topic_events).where(mine).order_by(topic_events.c.id.desc()).limit(limit))
    return [TopicEvent(row.id, row.topic_id, row.kind, row.other, row.detail, row.actor, row.at) for row in rows]


def themes_of(tx: Connection, workspace: str, monitor_id: str) -> list[Theme]:
    """The themes that people look for in a monitor, oldest first."""
    mine = (themes.c.workspace == workspace) & (themes.c.monitor_id == monitor_id)
    rows = tx.execute(select(themes).where(mine).order_by(themes.c.id))
    return [Theme(row.id, row.monitor_id, tuple(row.words)) for row in rows]


def add_theme(tx: Connection, workspace: str, monitor_id: str, words: Sequence[str], actor: str, now: datetime) -> str:
    """Look for a theme from the next refresh on; returns its id."""
    theme_id = new_id(now)
    tx.execute(
        insert(themes).values(
            id=theme_id, workspace=workspace, monitor_id=monitor_id, words=list(words), actor=actor, at=now
        )
    )
    return theme_id


def remove_theme(tx: Connection, workspace: str, theme_id: str) -> None:
    """Look for it no more. Raises NotFoundError."""
    mine = (themes.c.workspace == workspace) & (themes.c.id == theme_id)
    if not tx.execute(delete(themes).where(mine)).rowcount:
        raise NotFoundError("theme", theme_id)


def refreshed(tx: Connection, workspace: str) -> dict[str, datetime]:
    """When the topics of each monitor that has some were found last, by the monitor's id."""
    rows = tx.execute(
        select(topics.c.monitor_id, topics.c.refreshed_at).where(
            topics.c.workspace == workspace, topics.c.state == LIVE
        )
    )
    found: dict[str, datetime] = {}
    for monitor_id, at in rows:
        found[monitor_id] = max(at, found.get(monitor_id, at))
    return found


def books(tx: Connection, workspace: str) -> Mapping[str, TopicBook]:
    """What new posts are held against, by monitor; hidden ones are among it, so that no other takes their posts in."""
    by_monitor: dict[str, list[Any]] = {}
    mine = (topics.c.workspace == workspace) & (topics.c.state == LIVE)
    for row in tx.execute(select(topics.c.monitor_id, topics.c.id, topics.c.vector, topics.c.near).where(mine)):
        by_monitor.setdefault(row.monitor_id, []).append(row)
    return {
        monitor_id: TopicBook(
            tuple(row.id for row in rows),
            np.stack([_vector(row.vector) for row in rows]),
            np.array([row.near for row in rows], dtype=np.float32),
        )
        for monitor_id, rows in by_monitor.items()
    }


def _topic(row: Any) -> Topic:
    fields = row._asdict()
    fields["words"], fields["vector"] = tuple(row.words), _vector(row.vector)
    return Topic(**fields)


def _row(topic: Topic) -> dict[str, object]:
    fields = {name: getattr(topic, name) for name in topic.__struct_fields__}
    return fields | {"words": list(topic.words), "vector": _bytes(topic.vector)}


def _vector(stored: bytes) -> Vectors:
    return np.frombuffer(stored, dtype="<f4").astype(np.float32)


def _bytes(vector: Any) -> bytes:
    return np.asarray(vector, dtype="<f4").tobytes()
