"""Posts that belong to a case or an idea, kept so that work never loses its ground."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, delete, func, select, update

from crm.records.sql import chunks, upsert
from crm.records.tables import kept_posts
from crm.words import Author, EnrichedPost

_ENCODER, _DECODER = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(EnrichedPost)


def keep(tx: Connection, posts: Iterable[tuple[EnrichedPost, str]]) -> None:
    """Keep posts under their thread's joined key; the greater or equal version wins."""
    rows = [
        {"workspace": post.workspace, "post_key": post.post.key, "thread_key": thread_key,
         "author_key": post.post.author.key, "posted_at": post.post.posted_at, "own": post.own,
         "version": post.version, "document": _ENCODER.encode(post)}
        for post, thread_key in posts
    ]  # fmt: skip
    upsert(tx, kept_posts, rows, ("workspace", "post_key"), newer="version")


def get(tx: Connection, workspace: str, post_key: str) -> EnrichedPost | None:
    """One kept post."""
    mine = (kept_posts.c.workspace == workspace) & (kept_posts.c.post_key == post_key)
    document = tx.execute(select(kept_posts.c.document).where(mine)).scalar()
    return None if document is None else _DECODER.decode(document)


def known(tx: Connection, workspace: str, post_keys: Collection[str]) -> set[str]:
    """Those of `post_keys` that are kept."""
    return set(versions(tx, workspace, post_keys))


def versions(tx: Connection, workspace: str, post_keys: Collection[str]) -> dict[str, int]:
    """The versions in which those of `post_keys` are kept that are."""
    found: dict[str, int] = {}
    for some in chunks(post_keys):
        query = select(kept_posts.c.post_key, kept_posts.c.version).where(
            kept_posts.c.workspace == workspace, kept_posts.c.post_key.in_(some)
        )
        found.update({row.post_key: row.version for row in tx.execute(query)})
    return found


def of_threads(tx: Connection, workspace: str, thread_keys: Sequence[str]) -> list[EnrichedPost]:
    """The kept posts of these threads, oldest first."""
    query = (
        select(kept_posts.c.document)
        .where(kept_posts.c.workspace == workspace, kept_posts.c.thread_key.in_(list(thread_keys)))
        .order_by(kept_posts.c.posted_at, kept_posts.c.post_key)
    )
    return [_DECODER.decode(document) for document in tx.execute(query).scalars()]


def newest_author(tx: Connection, workspace: str, author_keys: Sequence[str]) -> Author | None:
    """What the newest kept post of any of these authors says about its author."""
    mine = (kept_posts.c.workspace == workspace) & kept_posts.c.author_key.in_(list(author_keys))
    query = select(kept_posts.c.document).where(mine).order_by(kept_posts.c.posted_at.desc()).limit(1)
    document = tx.execute(query).scalar()
    return None if document is None else _DECODER.decode(document).post.author


def newest_authors(tx: Connection, workspace: str, author_keys: Collection[str]) -> dict[str, Author]:
    """What the newest kept post of each of these authors says about its author, by the author's key."""
    found: dict[str, Author] = {}
    for some in chunks(author_keys):
        mine = (kept_posts.c.workspace == workspace) & kept_posts.c.author_key.in_(some)
        last = select(kept_posts.c.author_key, func.max(kept_posts.c.posted_at).label("at")).where(mine)
        newest = last.group_by(kept_posts.c.author_key).subquery()
        same = (kept_posts.c.author_key == newest.c.author_key) & (kept_posts.c.posted_at == newest.c.at)
        for document in tx.execute(select(kept_posts.c.document).join(newest, same).where(mine)).scalars():
            author = _DECODER.decode(document).post.author
            found[author.key] = author
    return found


def last_own(tx: Connection, workspace: str, thread_keys: Collection[str]) -> dict[str, datetime]:
    """When we last spoke in each of these threads."""
    found: dict[str, datetime] = {}
    for some in chunks(thread_keys):
        query = (
            select(kept_posts.c.thread_key, func.max(kept_posts.c.posted_at))
            .where(kept_posts.c.workspace == workspace, kept_posts.c.thread_key.in_(some), kept_posts.c.own)
            .group_by(kept_posts.c.thread_key)
        )
        found.update({row[0]: row[1] for row in tx.execute(query)})
    return found


def move(tx: Connection, workspace: str, old: str, new: str) -> None:
    """Put the kept posts of one thread under another key."""
    mine = (kept_posts.c.workspace == workspace) & (kept_posts.c.thread_key == old)
    tx.execute(update(kept_posts).where(mine).values(thread_key=new))


def remove(
    tx: Connection, workspace: str, post_keys: Collection[str] = (), author_keys: Collection[str] = ()
) -> set[str]:
    """Delete these posts and everything of these authors; returns the threads they stood in."""
    threads: set[str] = set()
    for column, wanted in ((kept_posts.c.post_key, post_keys), (kept_posts.c.author_key, author_keys)):
        for some in chunks(wanted):
            mine = (kept_posts.c.workspace == workspace) & column.in_(some)
            threads.update(tx.execute(select(kept_posts.c.thread_key).where(mine)).scalars())
            tx.execute(delete(kept_posts).where(mine))
    return threads
