"""Changing a case: its row, its time line, the audit trail and the signal to the console, in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from crm.errors import InvalidInputError, NotFoundError
from crm.ids import new_id
from crm.policies.access import ALLOWED, Action, Actor, Resource, may, require
from crm.policies.cases import (
    CaseChangedError,
    DemoColleagueError,
    Status,
    after_our_post,
    first_priority,
    preview_of,
    title_of,
)
from crm.policies.clock import Desk, due_at
from crm.ports.index import PostIndex
from crm.records import audit, cases, changes, customers, desk, kept_posts, replies, threads, users, workspaces
from crm.records.cases import Case
from crm.records.replies import Reply
from crm.words import EnrichedPost

SYSTEM = "system"


class Opening(Struct, frozen=True):
    """How a case begins, apart from its post."""

    thread_key: str
    actor: str
    status: Status = "new"


def look(tx: Connection, actor: Actor, action: Action, case_id: str) -> Case:
    """The case, if `actor` may do `action` on it. Raises NotFoundError, ForbiddenError."""
    case = cases.get(tx, actor.workspace, case_id)
    require(actor, action, Resource(case.workspace, case.monitors, case.private))
    return case


def take(tx: Connection, actor: Actor, action: Action, case_id: str) -> Case:
    """Like :func:`look`, and nobody else changes the case until the transaction ends."""
    case = cases.get(tx, actor.workspace, case_id, hold=True)
    require(actor, action, Resource(case.workspace, case.monitors, case.private))
    return case


def post_in(tx: Connection, index: PostIndex, actor: Actor, case: Case, post_key: str) -> EnrichedPost | None:
    """A post of the case's thread as it is, also one that matches none of the actor's monitors; None for another's."""
    post = kept_posts.get(tx, case.workspace, post_key)
    if post is None:
        post = next(iter(index.get(msgspec.structs.replace(actor.scope, monitors=None), [post_key])), None)
    if post is None or post.thread_key not in threads.members(tx, case.workspace, case.thread_key):
        return None
    return post


def now_at(tx: Connection, case: Case) -> Case | None:
    """The case as it is now, or the one that took it in; None where it is gone. Nobody is kept from changing it."""
    found = cases.find(tx, case.workspace, case.id)
    if found is None:
        outer = threads.joined(tx, case.workspace, [case.thread_key]).get(case.thread_key, case.thread_key)
        found = cases.by_threads(tx, case.workspace, [outer]).get(outer)
    return found


def take_reply(tx: Connection, workspace: str, reply_id: str) -> tuple[Reply, Case]:
    """A reply with its case; nobody else changes either until the transaction ends. Raises NotFoundError."""
    while True:
        case_id = replies.get(tx, workspace, reply_id).case_id
        found = cases.find(tx, workspace, case_id, hold=True)
        reply = replies.get(tx, workspace, reply_id)  # as it is now that nobody else holds its case
        if found is not None and reply.case_id == found.id:  # else its case was merged meanwhile
            return reply, found


def visible(actor: Actor, case: Case) -> bool:
    """Whether the actor may see the case."""
    return may(actor, "read_cases", Resource(case.workspace, case.monitors, case.private))


def check_given(tx: Connection, workspace: str, user_id: str, *, made_up: bool) -> None:
    """Raise NotFoundError, DemoColleagueError or InvalidInputError where a case can't be given to this person.

    `made_up` says whether the case is the demo's.
    """
    user = users.by_id(tx, user_id)
    if user is None or user.workspace != workspace or not (user.active or user.made_up):
        raise NotFoundError("person", user_id)
    if not user.can_be_given(made_up=made_up):
        raise DemoColleagueError(user.name)
    if "work_cases" not in ALLOWED[user.role]:
        raise InvalidInputError(f"{user.name} is {user.role} and can't work on cases; choose somebody else.")


def check_unchanged(tx: Connection, case: Case, actor: Actor, version: int | None, kinds: Collection[str]) -> None:
    """Raise CaseChangedError where somebody else did one of `kinds` since the actor saw `version` (None: no check)."""
    if version is None or version >= case.version:
        return
    others = [event for event in cases.events_since(tx, case.id, version, kinds) if event.actor != actor.user_id]
    if others:
        names = desk.names(tx, case.workspace)
        last = others[-1]
        raise CaseChangedError(names.get(last.actor, "A rule or the customer"), last.kind, last.at)


def change(
    tx: Connection, case: Case, actor: str, kind: str, now: datetime, detail: Mapping[str, object] | None = None,
    **fields: object,
) -> Case:  # fmt: skip
    """Write `fields`, put the event on the time line, in the audit trail (unless the system did it) and signal it."""
    cases.change(tx, case.id, version=case.version + 1, **fields)
    changed = msgspec.structs.replace(case, version=case.version + 1, **fields)
    cases.add_event(tx, changed, actor, kind, now, detail or {})
    if actor != SYSTEM:
        audit.append(tx, case.workspace, actor, f"case_{kind}", case.id, now, **(detail or {}))
    changes.note(tx, case.workspace, "case", case.id, now)
    return changed


def asked_at(event: EnrichedPost, now: datetime) -> datetime:
    """When the clock of a case starts by this post: when it was said, for imported posts now."""
    return now if event.origin == "import" else event.post.posted_at


def newest_words(event: EnrichedPost) -> dict[str, object]:
    """What the queue shows of a case's newest post."""
    return {
        "preview": preview_of(event.post),
        "sentiment": event.sentiment.value or "",
        "language": event.language.value or "",
    }


def open_case(tx: Connection, event: EnrichedPost, opening: Opening, office: Desk, now: datetime) -> Case:
    """Make the case of a thread that has none from the post that wants an answer.

    The clock runs from when the post was said, for imported posts from now on.
    """
    post = event.post
    customer_id = event.customer
    vip = customer_id is not None and any(
        customer.vip for customer in customers.by_ids(tx, event.workspace, [customer_id]).values()
    )
    priority = first_priority(event.urgency, vip=vip)
    case = Case(
        id=new_id(now), workspace=event.workspace, number=workspaces.next_case_number(tx, event.workspace),
        thread_key=opening.thread_key, title=title_of(post), status=opening.status, priority=priority,
        platform=post.platform, language=event.language.value or "", sentiment=event.sentiment.value or "",
        author_key=post.author.key, author_name=(post.author.name or post.author.handle)[:300],
        preview=preview_of(post), post_key=post.key, monitors=event.monitors, customer_id=customer_id,
        assignee_id=None, made_up=event.made_up, private=post.private, opened_at=now, last_post_at=post.posted_at,
        posts=1, first_answer_at=None, due_at=due_at(asked_at(event, now), priority, office), snoozed_until=None,
        resolved_at=None, version=1,
    )  # fmt: skip
    cases.add(tx, case)
    cases.add_event(tx, case, opening.actor, "opened", now, {})
    if opening.actor != SYSTEM:
        audit.append(tx, case.workspace, opening.actor, "case_opened", case.id, now)
    changes.note(tx, case.workspace, "case", case.id, now)
    return case


def answered(tx: Connection, case: Case, actor: str, at: datetime, now: datetime) -> Case:
    """We answered at `at`: the case waits for the customer and its clock stops, unless they wrote later."""
    first = min(case.first_answer_at or at, at)
    if case.last_post_at > at:
        cases.change(tx, case.id, first_answer_at=first)
        return msgspec.structs.replace(case, first_answer_at=first)
    status = after_our_post(case.status)
    return change(tx, case, actor, "answered", now, {}, status=status, due_at=None, first_answer_at=first)
