"""Files that go out with replies."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from crm.errors import NotFoundError
from crm.policies.files import KEPT, FileInfo
from crm.ports.responder import Attachment
from crm.records.sql import as_struct, chunks
from crm.records.tables import replies, reply_files

# Neither database reads the bytes to tell how many there are.
_KEPT = func.length(reply_files.c.content) > 0
_INFO = [*(column for column in reply_files.c if column.name not in ("content", "workspace")), _KEPT.label("kept")]


def add(tx: Connection, workspace: str, info: FileInfo, content: bytes) -> None:
    """Keep a file of a reply."""
    row = {name: getattr(info, name) for name in info.__struct_fields__ if name != "kept"}
    tx.execute(insert(reply_files).values(workspace=workspace, content=content, **row))


def of_replies(tx: Connection, reply_ids: Collection[str]) -> dict[str, tuple[FileInfo, ...]]:
    """The files of replies in their order, without their bytes; replies without files are left out."""
    found: dict[str, tuple[FileInfo, ...]] = {}
    for some in chunks(reply_ids):
        query = select(*_INFO).where(reply_files.c.reply_id.in_(some))
        for row in tx.execute(query.order_by(reply_files.c.reply_id, reply_files.c.position, reply_files.c.id)):
            found[row.reply_id] = (*found.get(row.reply_id, ()), as_struct(FileInfo, row))
    return found


def attachments(tx: Connection, reply_id: str) -> tuple[Attachment, ...]:
    """The files of a reply, to be sent."""
    query = select(reply_files).where(reply_files.c.reply_id == reply_id)
    rows = tx.execute(query.order_by(reply_files.c.position, reply_files.c.id))
    return tuple(Attachment(row.name, row.kind, row.content, row.alt) for row in rows)


def get(tx: Connection, workspace: str, file_id: str) -> FileInfo:
    """A file without its bytes. Raises NotFoundError."""
    row = tx.execute(select(*_INFO).where(_one(workspace, file_id))).first()
    if row is None:
        raise NotFoundError("file", file_id)
    return as_struct(FileInfo, row)


def content(tx: Connection, workspace: str, file_id: str) -> bytes:
    """The bytes of a file. Raises NotFoundError."""
    found: bytes | None = tx.execute(select(reply_files.c.content).where(_one(workspace, file_id))).scalar()
    if found is None:
        raise NotFoundError("file", file_id)
    return found


def _one(workspace: str, file_id: str) -> ColumnElement[bool]:
    return (reply_files.c.workspace == workspace) & (reply_files.c.id == file_id)


def describe(tx: Connection, file_id: str, alt: str) -> None:
    """Say what a file shows."""
    tx.execute(update(reply_files).where(reply_files.c.id == file_id).values(alt=alt))


def remove(tx: Connection, file_id: str) -> None:
    """Forget a file."""
    tx.execute(delete(reply_files).where(reply_files.c.id == file_id))


def move(tx: Connection, old: str, new: str, most: int) -> tuple[FileInfo, ...]:
    """Put the files of one reply before those of another; those beyond `most` are forgotten, and returned."""
    found = of_replies(tx, [old, new])
    if old not in found:
        return ()
    files = (*found[old], *found.get(new, ()))
    for one in files[most:]:
        remove(tx, one.id)
    # No two files of a reply share a place at any moment, so they get theirs by a way that leads past all taken ones.
    for number, one in enumerate(files[:most], 1):
        tx.execute(update(reply_files).where(reply_files.c.id == one.id).values(reply_id=new, position=-number))
    mine = (reply_files.c.reply_id == new) & (reply_files.c.position < 0)
    tx.execute(update(reply_files).where(mine).values(position=-reply_files.c.position))
    return files[most:]


def drop(tx: Connection, now: datetime, limit: int) -> int:
    """Forget the bytes of at most `limit` files whose replies were sent or called back long ago; returns how many."""
    ended = func.coalesce(replies.c.sent_at, replies.c.updated_at) <= now - KEPT
    query = (
        select(reply_files.c.id)
        .join(replies, replies.c.id == reply_files.c.reply_id)
        .where(_KEPT, replies.c.status.in_(("sent", "cancelled")), ended)
        .limit(limit)
    )
    ids = tx.execute(query).scalars().all()
    mine = update(reply_files).where(reply_files.c.id.in_(ids))
    return tx.execute(mine.values(content=b"")).rowcount


def remove_of(tx: Connection, reply_ids: Collection[str]) -> None:
    """Forget the files of replies."""
    for some in chunks(reply_ids):
        tx.execute(delete(reply_files).where(reply_files.c.reply_id.in_(some)))
