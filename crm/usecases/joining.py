"""Threads that grow together when a missing piece arrives, and the cases that become one by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from crm.policies.cases import more_open
from crm.policies.clock import PRIORITIES
from crm.records import cases, kept_posts, tags, threads
from crm.records.cases import Case
from crm.usecases import casebook
from crm.words import EnrichedPost


class Threads:
    """The threads of one batch: every key leads to the outermost thread known."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._outer = dict(known)
        self._fresh: set[str] = set()

    def of(self, key: str) -> str:
        """The outermost thread of a thread's key."""
        while (outer := self._outer.get(key, key)) != key:
            key = outer
        return key

    def join(self, inner: str, outer: str) -> None:
        """Learn that one thread is part of another. A circle on the platform's side changes nothing."""
        one, other = self.of(inner), self.of(outer)
        if one != other:
            self._outer[one] = other
            self._fresh.add(one)

    @property
    def fresh(self) -> dict[str, str]:
        """What was learnt: inner key to outermost thread."""
        return {key: self.of(key) for key in self._fresh}


def join_threads(
    tx: Connection, workspace: str, posts: Sequence[EnrichedPost], now: datetime
) -> tuple[Threads, dict[str, Case]]:
    """Join what these posts connect, rename or merge the cases concerned; returns the threads and their cases.

    A post whose platform names only its parent connects the thread under its own key (where
    its answers that came first were put) with the one it belongs to.
    """
    asked = {key for post in posts for key in (post.thread_key, post.post.thread_key, post.post.key, *_parent(post))}
    found = Threads(threads.joined(tx, workspace, asked))
    there = cases.hold_threads(tx, workspace, asked | {found.of(key) for key in asked})
    for post in posts:
        for inner in _connected(post, there):
            found.join(inner, post.thread_key)
    if found.fresh:
        threads.join(tx, workspace, found.fresh, now)
        for inner in [key for key in there if found.of(key) != key]:
            _rename(tx, there, inner, found.of(inner), now)
    return found, there


def _parent(post: EnrichedPost) -> Iterable[str]:
    return (post.post.parent_key,) if post.post.parent_key else ()


def _connected(post: EnrichedPost, there: Mapping[str, Case]) -> Iterable[str]:
    """Keys under which posts of this post's thread may have been put before it came."""
    inner = post.post
    if inner.parent_key and not inner.root_key:
        yield inner.key
    yield inner.thread_key
    for key in (inner.key, inner.parent_key or inner.key):
        if key in there:
            yield key


def _rename(tx: Connection, there: dict[str, Case], old: str, new: str, now: datetime) -> None:
    """Put the case of thread `old` under `new`; where both have a case, the older one takes the other in."""
    moved = there.pop(old)
    kept_posts.move(tx, moved.workspace, old, new)
    other = there.get(new)
    if other is None:
        there[new] = casebook.change(tx, moved, casebook.SYSTEM, "joined", now, {}, thread_key=new)
        return
    kept, gone = sorted((moved, other), key=lambda case: case.number)
    newest = max((kept, gone), key=lambda case: case.last_post_at)
    clocks = [case.due_at for case in (kept, gone) if case.due_at is not None]
    answers = [case.first_answer_at for case in (kept, gone) if case.first_answer_at is not None]
    tags.absorb(tx, kept.id, gone.id)
    cases.absorb(tx, kept.id, gone.id)
    status = more_open(kept.status, gone.status)
    there[new] = casebook.change(
        tx, kept, casebook.SYSTEM, "merged", now, {"number": gone.number}, thread_key=new, status=status,
        priority=max(kept.priority, gone.priority, key=PRIORITIES.index), due_at=min(clocks, default=None),
        first_answer_at=min(answers, default=None), posts=kept.posts + gone.posts, post_key=newest.post_key,
        preview=newest.preview, last_post_at=newest.last_post_at, sentiment=newest.sentiment,
        assignee_id=kept.assignee_id or gone.assignee_id, customer_id=kept.customer_id or gone.customer_id,
        monitors=tuple(dict.fromkeys((*kept.monitors, *gone.monitors))),
        resolved_at=None if status != "resolved" else newest.resolved_at,
    )  # fmt: skip
