"""Removing a person from the records."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct
from sqlalchemy import Connection, Delete, Table, delete, or_, select, update

from crm.records.tables import (
    cases,
    corrections,
    customers,
    idea_posts,
    identities,
    kept_posts,
    outbox,
    replies,
    thread_joins,
)

AT_ONCE = 500


class Found(Struct, frozen=True):
    """What was removed: ids of cases that were opened by the erased, and how many identities."""

    case_ids: tuple[str, ...]
    identities: int


def authors_of(tx: Connection, workspace: str, customer_id: str) -> list[str]:
    """Every author that is or was tied to a customer."""
    query = select(identities.c.author_key).where(
        identities.c.workspace == workspace, identities.c.customer_id == customer_id
    )
    return sorted({row.author_key for row in tx.execute(query)})


def kept_by(tx: Connection, workspace: str, authors: Collection[str]) -> set[str]:
    """Keys of the kept posts of these authors."""
    query = select(kept_posts.c.post_key).where(
        kept_posts.c.workspace == workspace, kept_posts.c.author_key.in_(authors)
    )
    return {row.post_key for row in tx.execute(query)}


def remove(
    tx: Connection, workspace: str, posts: Collection[str], authors: Collection[str], customer: str = ""
) -> Found:
    """Remove posts and authors with their cases, answers, notes and ties; with `customer`, that row too.

    A case of somebody else in which an erased post stood last keeps its work and loses the preview.
    """
    keys = list(posts)
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        for table in (kept_posts, corrections, idea_posts):
            tx.execute(delete(table).where(table.c.workspace == workspace, table.c.post_key.in_(some)))
        tx.execute(
            delete(thread_joins).where(thread_joins.c.workspace == workspace, thread_joins.c.thread_key.in_(some))
        )
    theirs = _cases(tx, workspace, keys, authors)
    for start in range(0, len(theirs), AT_ONCE):
        _remove_cases(tx, theirs[start : start + AT_ONCE])
    _blank_previews(tx, workspace, keys)
    ties = tx.execute(_of(identities, workspace).where(identities.c.author_key.in_(authors))).rowcount
    if customer:
        tx.execute(_of(customers, workspace).where(customers.c.id == customer))
    return Found(tuple(theirs), ties)


def _of(table: Table, workspace: str) -> Delete:
    return delete(table).where(table.c.workspace == workspace)


def _cases(tx: Connection, workspace: str, posts: Collection[str], authors: Collection[str]) -> list[str]:
    mine = select(cases.c.id).where(cases.c.workspace == workspace)
    opened = or_(cases.c.author_key.in_(authors), cases.c.thread_key.in_(list(posts)[:AT_ONCE]))
    return [row.id for row in tx.execute(mine.where(opened))]


def _remove_cases(tx: Connection, ids: list[str]) -> None:
    answers = select(replies.c.id).where(replies.c.case_id.in_(ids))
    tx.execute(delete(outbox).where(outbox.c.reply_id.in_(answers)))
    tx.execute(delete(replies).where(replies.c.case_id.in_(ids)))
    tx.execute(delete(cases).where(cases.c.id.in_(ids)))


def _blank_previews(tx: Connection, workspace: str, posts: list[str]) -> None:
    for start in range(0, len(posts), AT_ONCE):
        some = posts[start : start + AT_ONCE]
        here = (cases.c.workspace == workspace) & cases.c.post_key.in_(some)
        tx.execute(update(cases).where(here).values(preview="", title="", author_name=""))
