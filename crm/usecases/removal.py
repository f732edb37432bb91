"""What a platform's deletion and an erasure do to the records: a deletion wins."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from crm.policies.cases import title_of
from crm.records import audit, cases, changes, dead_letters, erasure, kept_posts, tombstones
from crm.records.cases import Case
from crm.records.erasure import Found
from crm.usecases import casebook
from crm.words import EnrichedPost, RemovedPost

UNKNOWN_POST = timedelta(hours=72)
"""How long the deletion of something that no case holds is remembered."""


def remove(tx: Connection, workspace: str, removed: Sequence[RemovedPost], now: datetime) -> None:
    """Bury posts and authors, delete them from kept posts and dead letters, and take their words out of the cases."""
    posts = {event.post_key for event in removed if event.post_key}
    authors = {event.author_key for event in removed if event.author_key}
    kept = kept_posts.known(tx, workspace, posts)
    tombstones.bury(tx, workspace, kept, "post", "platform", now)
    tombstones.bury(tx, workspace, posts - kept, "post", "platform", now, now + UNKNOWN_POST)
    known = set(erasure.kept_by(tx, workspace, authors).values())
    lasting = known & gone_for_good(removed)
    tombstones.bury(tx, workspace, lasting, "author", "platform", now)
    tombstones.bury(tx, workspace, authors - lasting, "author", "platform", now, now + UNKNOWN_POST)
    dead_letters.erase(tx, workspace, posts, authors)
    forget(tx, workspace, posts, authors, now)


def gone_for_good(removed: Iterable[RemovedPost]) -> set[str]:
    """Keys of the authors who will not be given back."""
    return {event.author_key for event in removed if event.author_key and event.for_good}


def erase(
    tx: Connection, workspace: str, posts: Collection[str], authors: Collection[str], people: Collection[str],
    now: datetime,
) -> Found:  # fmt: skip
    """Take posts, all of these authors and the customers `people` out of the records, audit details included."""
    found = erasure.remove(tx, workspace, posts, authors, people)
    forget(tx, workspace, posts, authors, now)
    hashed = [tombstones.opaque(tx, workspace, key) for key in {*posts, *authors, *people}]
    audit.erase_details(tx, workspace, *hashed, *found.case_ids, *found.reply_ids, *people)
    erasure.erase_queries(tx, workspace, {*posts, *authors})
    return found


def forget(
    tx: Connection, workspace: str, post_keys: Collection[str], author_keys: Collection[str], now: datetime
) -> None:
    """Delete kept posts and draw the cases that held them anew from what is left."""
    touched = kept_posts.remove(tx, workspace, post_keys, author_keys)
    for thread_key, case in cases.hold_threads(tx, workspace, touched).items():
        left = [post for post in kept_posts.of_threads(tx, workspace, [thread_key]) if not post.own]
        _redraw(tx, case, left, now)
        changes.note(tx, workspace, "case", case.id, now)


def _redraw(tx: Connection, case: Case, left: Sequence[EnrichedPost], now: datetime) -> None:
    theirs = [post for post in left if post.post.author.key == case.author_key] or left
    if not theirs:
        casebook.change(
            tx, case, casebook.SYSTEM, "removed", now, {}, title="", preview="", author_name="", sentiment="",
            language="", posts=0, status="resolved", resolved_at=case.resolved_at or now, due_at=None,
            snoozed_until=None,
        )  # fmt: skip
        return
    first, newest = theirs[0], theirs[-1]
    kept_title = any(title_of(post.post) == case.title for post in left)
    author = newest.post.author
    casebook.change(
        tx, case, casebook.SYSTEM, "removed", now, {}, title=case.title if kept_title else title_of(first.post),
        posts=min(case.posts, len(theirs)), post_key=newest.post.key, last_post_at=newest.post.posted_at,
        author_key=author.key, author_name=(author.name or author.handle)[:300],
        **casebook.newest_words(newest),
    )  # fmt: skip
