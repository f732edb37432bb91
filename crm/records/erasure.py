"""Removing a person from the records."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec import Struct
from sqlalchemy import Column, Connection, Delete, FromClause, Table, Text, cast, delete, select, update

from crm.records import customer_keys
from crm.records.cases import hold_all, hold_cases
from crm.records.customers import Identity
from crm.records.replies import Reply
from crm.records.sql import as_struct, chunks
from crm.records.tables import (
    acts,
    answers,
    audit_details,
    cases,
    changes,
    corrections,
    customers,
    dismissed_ties,
    idea_posts,
    identities,
    kept_posts,
    outbox,
    replies,
    reply_files,
    thread_joins,
)


class Found(Struct, frozen=True):
    """What was removed: ids of cases and of answers (some only lost their text), and how many identities."""

    case_ids: tuple[str, ...]
    reply_ids: tuple[str, ...]
    identities: int


class Held(Struct, frozen=True):
    """What is kept of somebody or something beside the posts: ids of cases, answers and identities."""

    case_ids: tuple[str, ...]
    reply_ids: tuple[str, ...]
    identity_ids: tuple[str, ...]


class Named(Struct, frozen=True):
    """Every key of a post and of an author, and every id of a customer, that the records of a workspace hold."""

    posts: frozenset[str]
    authors: frozenset[str]
    customers: frozenset[str]


def authors_of(tx: Connection, workspace: str, customer_id: str) -> list[str]:
    """Every author that is or was tied to a customer."""
    query = select(identities.c.author_key).where(
        identities.c.workspace == workspace, identities.c.customer_id == customer_id
    )
    return sorted({row.author_key for row in tx.execute(query)})


def kept_by(tx: Connection, workspace: str, authors: Collection[str]) -> dict[str, str]:
    """The authors of the kept posts of these authors, by the post's key."""
    found: dict[str, str] = {}
    for some in chunks(authors):
        mine = (kept_posts.c.workspace == workspace) & kept_posts.c.author_key.in_(some)
        rows = tx.execute(select(kept_posts.c.post_key, kept_posts.c.author_key).where(mine))
        found.update({row.post_key: row.author_key for row in rows})
    return found


def our_answers(tx: Connection, workspace: str, posts: Collection[str]) -> set[str]:
    """Keys of the posts with which we answered `posts`: their words speak of the same person."""
    found: set[str] = set()
    asked = set(posts)
    while asked:  # an answer of several posts answers itself
        new: set[str] = set()
        for some in chunks(asked):
            query = select(replies.c.answer_to, replies.c.native_id).where(
                replies.c.workspace == workspace, replies.c.answer_to.in_(some), replies.c.native_id.is_not(None)
            )
            new.update(f"{row.answer_to.partition(':')[0]}:{row.native_id}" for row in tx.execute(query))
        asked = new - found
        found |= new
    return found


def named(tx: Connection, workspace: str) -> Named:
    """Whom and what the records speak of, so that a restore can ask which of it was erased."""

    def values(*columns: Column[str]) -> frozenset[str]:
        queries = [select(column).where(column.table.c.workspace == workspace) for column in columns]
        return frozenset(value for query in queries for value in tx.execute(query).scalars())

    return Named(
        values(kept_posts.c.post_key, cases.c.post_key, replies.c.answer_to, corrections.c.post_key,
               answers.c.post_key,               idea_posts.c.post_key, acts.c.post_key),
        values(kept_posts.c.author_key, cases.c.author_key, identities.c.author_key, dismissed_ties.c.author_key),
        values(customers.c.id),
    )  # fmt: skip


def held(
    tx: Connection, workspace: str, posts: Collection[str], authors: Collection[str], people: Collection[str] = ()
) -> Held:
    """What :func:`remove` would take, and what else is kept of the same."""
    theirs = _cases(tx, workspace, posts, authors)
    written = sorted({*_answers_in(tx, theirs), *_answers_to(tx, workspace, posts)})
    ties: set[str] = set()
    for column, wanted in ((identities.c.author_key, authors), (identities.c.customer_id, people)):
        for some in chunks(wanted):
            query = select(identities.c.id).where(identities.c.workspace == workspace, column.in_(some))
            ties.update(tx.execute(query).scalars())
    return Held(tuple(theirs), tuple(written), tuple(sorted(ties)))


def answers_of(tx: Connection, held: Held) -> list[Reply]:
    """The answers that are held."""
    rows = [row for some in chunks(held.reply_ids) for row in tx.execute(select(replies).where(replies.c.id.in_(some)))]
    return [as_struct(Reply, row) for row in rows]


def identities_of(tx: Connection, held: Held) -> list[Identity]:
    """The ties that are held, those that were undone too."""
    ids = held.identity_ids
    rows = [row for some in chunks(ids) for row in tx.execute(select(identities).where(identities.c.id.in_(some)))]
    return [as_struct(Identity, row) for row in rows]


def erase_queries(tx: Connection, workspace: str, keys: Collection[str]) -> int:
    """Erase the audit details of exports and searches that name one of these keys; returns how many.

    They are about no case and no person, so nothing but their text tells.
    """
    text = cast(audit_details.c.detail, Text)
    rows = tx.execute(
        select(audit_details.c.audit_id, text).where(audit_details.c.workspace == workspace, text.like('%"query"%'))
    )
    named = [audit_id for audit_id, detail in rows if any(key in detail for key in keys)]
    for some in chunks(named):
        tx.execute(delete(audit_details).where(audit_details.c.audit_id.in_(some)))
    return len(named)


def remove(
    tx: Connection, workspace: str, posts: Collection[str], authors: Collection[str], people: Collection[str] = ()
) -> Found:
    """Remove the cases of these authors, those of which no post is left, answers, ties and the customers `people`.

    Somebody else's case keeps its work; an answer to an erased post in it loses its text and is not sent.
    The kept posts go afterwards, by `crm.usecases.removal.forget`, which draws the cases that are left anew.
    """
    hold_all(tx, workspace)
    gone = _cases(tx, workspace, posts, authors)
    hold_cases(tx, gone)
    written = {*_answers_in(tx, gone), *_answers_to(tx, workspace, posts)}
    _remove_cases(tx, gone)
    _silence(tx, written)
    for some in chunks(posts):
        for column in (
            corrections.c.post_key,
            answers.c.post_key,
            idea_posts.c.post_key,
            acts.c.post_key,
            thread_joins.c.thread_key,
            changes.c.subject,
        ):
            tx.execute(_of(column.table, workspace).where(column.in_(some)))
    ties = 0
    for some in chunks(authors):
        theirs = (identities.c.workspace == workspace) & identities.c.author_key.in_(some)
        owners = tx.execute(select(identities.c.customer_id).where(theirs)).scalars().all()
        ties += tx.execute(delete(identities).where(theirs)).rowcount
        tx.execute(_of(dismissed_ties, workspace).where(dismissed_ties.c.author_key.in_(some)))
        customer_keys.keep(tx, workspace, owners)
    for some in chunks(people):
        _remove_customers(tx, workspace, some)
    return Found(tuple(gone), tuple(sorted(written)), ties)


def _of(table: FromClause, workspace: str) -> Delete:
    assert isinstance(table, Table)
    return delete(table).where(table.c.workspace == workspace)


def _cases(tx: Connection, workspace: str, posts: Collection[str], authors: Collection[str]) -> list[str]:
    found: set[str] = set()
    for column, wanted in (
        (cases.c.author_key, authors),
        (cases.c.thread_key, _emptied(tx, workspace, posts, authors)),
    ):
        for some in chunks(wanted):
            query = select(cases.c.id).where(cases.c.workspace == workspace, column.in_(some))
            found.update(tx.execute(query).scalars())
    return sorted(found)


def _emptied(tx: Connection, workspace: str, posts: Collection[str], authors: Collection[str]) -> set[str]:
    """Keys of the threads in which nobody but us has said anything that stays."""
    gone, threads = set(posts), set(posts)
    for column, wanted in ((kept_posts.c.post_key, posts), (kept_posts.c.author_key, authors)):
        for some in chunks(wanted):
            mine = (kept_posts.c.workspace == workspace) & column.in_(some)
            threads.update(tx.execute(select(kept_posts.c.thread_key).where(mine)).scalars())
    for some in chunks(threads):
        query = select(kept_posts.c.thread_key, kept_posts.c.post_key, kept_posts.c.author_key).where(
            kept_posts.c.workspace == workspace, kept_posts.c.thread_key.in_(some), kept_posts.c.own.is_(False)
        )
        for row in tx.execute(query):
            if row.post_key not in gone and row.author_key not in authors:
                threads.discard(row.thread_key)
    return threads


def _answers_in(tx: Connection, case_ids: Collection[str]) -> Iterator[str]:
    for some in chunks(case_ids):
        yield from tx.execute(select(replies.c.id).where(replies.c.case_id.in_(some))).scalars()


def _answers_to(tx: Connection, workspace: str, posts: Collection[str]) -> set[str]:
    """Answers to these posts, with all parts of those that were cut."""
    found: set[str] = set()
    for some in chunks(posts):
        mine = (replies.c.workspace == workspace) & replies.c.answer_to.in_(some)
        found.update(tx.execute(select(replies.c.id).where(mine)).scalars())
    asked = found
    while asked:
        new: set[str] = set()
        for some in chunks(asked):
            new.update(tx.execute(select(replies.c.id).where(replies.c.follows.in_(some))).scalars())
        asked, found = new - found, found | new
    return found


def _remove_cases(tx: Connection, case_ids: Collection[str]) -> None:
    for some in chunks(case_ids):
        answers = select(replies.c.id).where(replies.c.case_id.in_(some))
        tx.execute(delete(outbox).where(outbox.c.reply_id.in_(answers)))
        tx.execute(delete(reply_files).where(reply_files.c.reply_id.in_(answers)))
        tx.execute(delete(replies).where(replies.c.case_id.in_(some)))
        tx.execute(delete(cases).where(cases.c.id.in_(some)))


def _silence(tx: Connection, reply_ids: Collection[str]) -> None:
    """Take the text out of answers; what was not sent never will be."""
    for some in chunks(reply_ids):
        mine = replies.c.id.in_(some)
        tx.execute(update(replies).where(mine).values(text="", whole=None, answer_to="", error=None,
                                                      version=replies.c.version + 1))  # fmt: skip
        tx.execute(update(replies).where(mine, replies.c.status != "sent").values(status="cancelled"))
        tx.execute(delete(outbox).where(outbox.c.reply_id.in_(some)))
        tx.execute(delete(reply_files).where(reply_files.c.reply_id.in_(some)))


def _remove_customers(tx: Connection, workspace: str, ids: Collection[str]) -> None:
    mine = (cases.c.workspace == workspace) & cases.c.customer_id.in_(ids)
    tx.execute(update(cases).where(mine).values(customer_id=None))
    tx.execute(_of(identities, workspace).where(identities.c.customer_id.in_(ids)))
    tx.execute(_of(customers, workspace).where(customers.c.id.in_(ids)))
