"""Replies from the first words to what the platform shows."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update

from crm.errors import NotFoundError
from crm.policies.replies import ReplyStatus
from crm.ports.responder import Way
from crm.records.sql import as_struct, chunks, columns_of
from crm.records.tables import replies


class Reply(Struct, frozen=True):
    """One answer. `answer_to` is a post's key; `error` is the sentence of the last failure, `error_kind` its class.

    `as_thread` lets a text that is too long go out as several posts, each of which is a reply then: the first has
    the text before it was cut as `whole`, each other one names the part before it in `follows`.
    """

    id: str
    workspace: str
    case_id: str
    answer_to: str
    account_id: str | None
    way: Way
    text: str
    language: str
    status: ReplyStatus
    author_id: str
    created_at: datetime
    updated_at: datetime
    approver_id: str | None = None
    native_id: str | None = None
    url: str | None = None
    error: str | None = None
    asked_at: datetime | None = None
    approved_at: datetime | None = None
    sent_at: datetime | None = None
    version: int = 1
    error_kind: str | None = None
    as_thread: bool = False
    whole: str | None = None
    follows: str | None = None


def get(tx: Connection, workspace: str, reply_id: str) -> Reply:
    """The reply with this id. Raises NotFoundError."""
    row = tx.execute(select(replies).where(replies.c.workspace == workspace, replies.c.id == reply_id)).first()
    if row is None:
        raise NotFoundError("reply", reply_id)
    return as_struct(Reply, row)


def add(tx: Connection, reply: Reply) -> None:
    """Store a new reply."""
    tx.execute(insert(replies).values(**columns_of(reply)))


def change(tx: Connection, reply: Reply, now: datetime, **fields: object) -> Reply:
    """Write some columns of a reply and return it as it is afterwards."""
    values = {"version": reply.version + 1, "updated_at": now, **fields}
    tx.execute(update(replies).where(replies.c.id == reply.id).values(**values))
    return get(tx, reply.workspace, reply.id)


def of_case(tx: Connection, case_id: str) -> list[Reply]:
    """All replies of a case, oldest first."""
    query = select(replies).where(replies.c.case_id == case_id).order_by(replies.c.created_at, replies.c.id)
    return [as_struct(Reply, row) for row in tx.execute(query)]


def after(tx: Connection, reply_id: str) -> Reply | None:
    """The part that comes after this one, whatever its state; None where there is none."""
    row = tx.execute(select(replies).where(replies.c.follows == reply_id)).first()
    return None if row is None else as_struct(Reply, row)


def draft_of(tx: Connection, case_id: str, user_id: str) -> Reply | None:
    """The draft that somebody is writing on a case: the newest, where cases that became one brought several."""
    query = select(replies).where(
        replies.c.case_id == case_id, replies.c.author_id == user_id, replies.c.status == "draft"
    )
    row = tx.execute(query.order_by(replies.c.created_at.desc(), replies.c.id.desc())).first()
    return None if row is None else as_struct(Reply, row)


def with_status(tx: Connection, workspace: str, statuses: Collection[ReplyStatus], limit: int = 200) -> list[Reply]:
    """Replies in one of these states, oldest first."""
    query = select(replies).where(replies.c.workspace == workspace, replies.c.status.in_(list(statuses)))
    return [as_struct(Reply, row) for row in tx.execute(query.order_by(replies.c.updated_at).limit(limit))]


def asked_for(tx: Connection, workspace: str, limit: int = 200) -> list[Reply]:
    """Drafts whose author asked for approval, longest waiting first."""
    query = select(replies).where(
        replies.c.workspace == workspace, replies.c.status == "draft", replies.c.asked_at.is_not(None)
    )
    return [as_struct(Reply, row) for row in tx.execute(query.order_by(replies.c.asked_at).limit(limit))]


def needs_person(workspace: str) -> ColumnElement[bool]:
    """The replies of a workspace that wait for a person: asked for approval, failed, or in doubt."""
    asked = and_(replies.c.status == "draft", replies.c.asked_at.is_not(None))
    return and_(replies.c.workspace == workspace, or_(asked, replies.c.status.in_(("failed", "unknown"))))


def waiting_in(tx: Connection, workspace: str, case_ids: Collection[str]) -> dict[str, ReplyStatus]:
    """The state of the reply that waits for a person, by case; a wish for approval before a failure."""
    found: dict[str, ReplyStatus] = {}
    for some in chunks(case_ids):
        query = select(replies.c.case_id, replies.c.status).where(needs_person(workspace), replies.c.case_id.in_(some))
        for row in tx.execute(query.order_by(replies.c.status)):
            found.setdefault(row.case_id, row.status)
    return found


def says_already(tx: Connection, reply: Reply) -> bool:
    """Whether another reply with these words to this post was approved and not called back, nor failed."""
    query = select(func.coalesce(replies.c.whole, replies.c.text)).where(
        replies.c.case_id == reply.case_id, replies.c.answer_to == reply.answer_to, replies.c.id != reply.id,
        replies.c.status.in_(("approved", "sending", "sent", "unknown")),
    )  # fmt: skip
    return reply.text.strip() in {text.strip() for text in tx.execute(query).scalars()}


def approved_since(tx: Connection, case_id: str, since: datetime, but: str) -> list[Reply]:
    """Replies of a case, except `but`, that were approved after `since` and not called back."""
    query = select(replies).where(
        replies.c.case_id == case_id, replies.c.id != but, replies.c.approved_at > since,
        replies.c.status.in_(("approved", "sending", "sent", "unknown")),
    )  # fmt: skip
    return [as_struct(Reply, row) for row in tx.execute(query.order_by(replies.c.approved_at))]
