"""Files that go out with replies."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from crm.errors import NotFoundError
from crm.policies.files import FileInfo
from crm.ports.responder import Attachment
from crm.records.sql import as_struct, chunks
from crm.records.tables import replies, reply_files

_INFO = [
    *(column for column in reply_files.c if column.name not in ("content", "workspace")),
    (func.length(reply_files.c.content) > 0).label("kept"),
]


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
    mine = (reply_files.c.workspace == workspace) & (reply_files.c.id == file_id)
    row = tx.execute(select(*_INFO).where(mine)).first()
    if row is None:
        raise NotFoundError("file", file_id)
    return as_struct(FileInfo, row)


def content(tx: Connection, file_id: str) -> bytes:
    """The bytes of a file that is there; none where they were dropped."""
    return bytes(tx.execute(select(reply_files.c.content).where(reply_files.c.id == file_id)).scalar_one())


def drop_sent(tx: Connection, before: datetime) -> int:
    """Drop the bytes of files that went out before that time; names and descriptions stay. Returns how many files."""
    sent = select(replies.c.id).where(replies.c.status == "sent", replies.c.sent_at < before)
    mine = (func.length(reply_files.c.content) > 0) & reply_files.c.reply_id.in_(sent)
    return tx.execute(update(reply_files).where(mine).values(content=b"")).rowcount


def describe(tx: Connection, file_id: str, alt: str) -> None:
    """Say what a file shows."""
    tx.execute(update(reply_files).where(reply_files.c.id == file_id).values(alt=alt))


def remove(tx: Connection, file_id: str) -> None:
    """Forget a file."""
    tx.execute(delete(reply_files).where(reply_files.c.id == file_id))


def move(tx: Connection, old: str, new: str) -> None:
    """Give the files of one reply to another, before those that it has."""
    first = tx.execute(select(func.max(reply_files.c.position)).where(reply_files.c.reply_id == old)).scalar() or 0
    theirs = update(reply_files).where(reply_files.c.reply_id == new)
    tx.execute(theirs.values(position=reply_files.c.position + first))
    tx.execute(update(reply_files).where(reply_files.c.reply_id == old).values(reply_id=new))


def remove_of(tx: Connection, reply_ids: Collection[str]) -> None:
    """Forget the files of replies."""
    for some in chunks(reply_ids):
        tx.execute(delete(reply_files).where(reply_files.c.reply_id.in_(some)))
