"""The inbox: the queue of cases and the work on each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal, TypeVar, get_args

from sqlalchemy import Connection

from crm import query
from crm.errors import InvalidInputError, NotFoundError
from crm.ids import new_id
from crm.policies.access import Actor, Resource, require
from crm.policies.cases import STATUSES, Status, check_move, tag_name
from crm.policies.clock import PRIORITIES, Priority, due_at
from crm.policies.replies import ReplyStatus
from crm.ports.clock import Clock
from crm.ports.index import PostIndex
from crm.query.tree import And, Everything, Field, Node, Or
from crm.records import audit, cases, changes, desk, kept_posts, queue, replies, tags, threads, tombstones
from crm.records.cases import Case
from crm.records.database import Records
from crm.records.desk import Note, Presence
from crm.records.queue import Queued, QueueFilter, Wanted
from crm.records.tags import Tag
from crm.usecases import casebook, cursors, reading
from crm.usecases.caseview import PRESENT, CaseViews
from crm.usecases.search import bind, bind_alike
from crm.usecases.views import CaseView, QueuePage, QueueRow, person
from crm.words import EnrichedPost

BOUND = 1_000
PAGES = 10
NUMBER = re.compile(r"\s*[##]\s*(\d{1,9})\s*")

Choice = TypeVar("Choice", bound=str)
BulkAction = Literal["assign", "status", "priority", "tag", "untag", "snooze", "wake", "read", "unread"]


class Inbox:
    """What the inbox page and the HTTP API call. Every step is checked, audited and signalled."""

    def __init__(self, records: Records, index: PostIndex, views: CaseViews, clock: Clock) -> None:
        self._records, self._index, self._views, self._clock = records, index, views, clock

    # --- reading ---------------------------------------------------------------------------------------

    def queue(self, actor: Actor, wanted: QueueFilter, cursor: str | None = None, limit: int = 50) -> QueuePage:
        """A page of cases with the counts of every view. Raises QueryError, InvalidInputError (cursor)."""
        require(actor, "read_cases")
        now = self._clock.now()
        after = cursors.read(cursor, 2 if wanted.sort in ("newest", "oldest") else 3)
        asked, bounded = self._answered(actor, wanted)
        with self._records.read() as tx:
            found = queue.page(tx, actor, asked, now, after, limit + 1)
            counts = queue.counts(tx, actor, asked, now)
            names = desk.names(tx, actor.workspace)
            tagged = tags.of_cases(tx, [one.case.id for one in found])
            waiting = replies.waiting_in(tx, actor.workspace, [one.case.id for one in found])
        rows = tuple(
            _row(actor, one, names, tagged.get(one.case.id, ()), waiting.get(one.case.id)) for one in found[:limit]
        )
        following = cursors.write(found[limit - 1].place) if len(found) > limit else None
        return QueuePage(rows, counts, counts[wanted.view], following, bounded)

    def case(self, actor: Actor, case_id: str) -> CaseView:
        """Everything about one case. Raises NotFoundError, ForbiddenError."""
        return self._views.build(actor, case_id)

    def tags(self, actor: Actor) -> list[Tag]:
        """All tags of the workspace with the number of their cases."""
        require(actor, "read_cases")
        with self._records.read() as tx:
            return tags.all_of(tx, actor.workspace)

    # --- steps on one case -----------------------------------------------------------------------------

    def assign(self, actor: Actor, case_id: str, user_id: str | None, version: int | None = None) -> Case:
        """Hand a case to somebody (None: to nobody). `version` is the case's version that the actor saw."""
        with self._records.write() as tx:
            return self._assign(tx, actor, case_id, user_id, version)

    def set_status(self, actor: Actor, case_id: str, status: Status, version: int | None = None) -> Case:
        """Move a case. Resolving ends its snooze and its clock; opening it again starts the clock anew."""
        with self._records.write() as tx:
            return self._set_status(tx, actor, case_id, status, version)

    def set_priority(self, actor: Actor, case_id: str, priority: Priority, version: int | None = None) -> Case:
        """Set the priority; a running clock is set anew by it."""
        with self._records.write() as tx:
            return self._set_priority(tx, actor, case_id, priority, version)

    def snooze(self, actor: Actor, case_id: str, until: datetime, version: int | None = None) -> Case:
        """Take a case out of the queue until a time. Nothing is ever sent when it comes back."""
        with self._records.write() as tx:
            return self._snooze(tx, actor, case_id, until, version)

    def wake(self, actor: Actor, case_id: str) -> Case:
        """Bring a snoozed case back now."""
        with self._records.write() as tx:
            return self._wake(tx, actor, case_id)

    def tag(self, actor: Actor, case_id: str, name: str) -> None:
        """Give a case a tag; a new name makes a new tag."""
        with self._records.write() as tx:
            self._tag(tx, actor, case_id, name)

    def untag(self, actor: Actor, case_id: str, name: str) -> None:
        """Take a tag off a case."""
        with self._records.write() as tx:
            self._untag(tx, actor, case_id, name)

    def add_note(self, actor: Actor, case_id: str, text: str) -> Note:
        """Write an internal note; the customer never sees it."""
        if not text.strip():
            raise InvalidInputError("The note has no text; write one before you save it.")
        now = self._clock.now()
        with self._records.write() as tx:
            case = casebook.look(tx, actor, "work_cases", case_id)
            note = Note(new_id(now), case.workspace, case.id, actor.user_id, text.strip(), now)
            desk.add_note(tx, note)
            audit.append(tx, case.workspace, actor.user_id, "case_note", case.id, now, note=note.id)
            changes.note(tx, case.workspace, "case", case.id, now)
        return note

    def open_case(self, actor: Actor, post_key: str) -> Case:
        """Make a post somebody's work: the case of its thread, opened again where it was resolved."""
        found = self._index.get(actor.scope, [post_key])
        if not found:
            raise NotFoundError("post", post_key)
        event = found[0]
        require(actor, "work_cases", Resource(event.workspace, event.monitors, event.post.private))
        now = self._clock.now()
        with self._records.read() as tx:
            known = threads.members(tx, actor.workspace, _outermost(tx, event))
        whole = self._index.thread(actor.scope, known)  # asked before anything is held: it may take its time
        with self._records.write() as tx:
            cases.hold_all(tx, actor.workspace)
            tombstones.hold(tx, actor.workspace)
            if tombstones.buried(tx, actor.workspace, [post_key, event.post.author.key]):
                raise NotFoundError("post", post_key)
            thread_key = _outermost(tx, event)
            case = cases.by_threads(tx, actor.workspace, [thread_key]).get(thread_key)
            if case is not None:
                return self._set_status(tx, actor, case.id, "open", None) if case.status == "resolved" else case
            kept_posts.keep(tx, [(post, thread_key) for post in tombstones.alive(tx, actor.workspace, whole)])
            opening = casebook.Opening(thread_key, actor.user_id, "open")
            return casebook.open_case(tx, event, opening, desk.desk(tx, actor.workspace), now)

    # --- looking ---------------------------------------------------------------------------------------

    def seen(self, actor: Actor, case_id: str, *, typing: bool = False) -> None:
        """Say every few seconds that the actor has a case open; it counts for 30 s and marks the case as read."""
        now = self._clock.now()
        with self._records.write() as tx:
            case = casebook.look(tx, actor, "read_cases", case_id)
            here = {one.user_id: one.typing for one in desk.present(tx, case.id, now - PRESENT)}
            desk.be_present(tx, case.workspace, Presence(case.id, actor.user_id, typing, now))
            if desk.seen_posts(tx, case.id, actor.user_id) != case.posts:
                desk.mark_seen(tx, case.workspace, case.id, actor.user_id, case.posts)
            if here.get(actor.user_id) != typing:
                changes.note(tx, case.workspace, "presence", case.id, now)

    def leave(self, actor: Actor, case_id: str) -> None:
        """Say that the actor closed a case."""
        with self._records.write() as tx:
            if desk.leave(tx, case_id, actor.user_id):
                changes.note(tx, actor.workspace, "presence", case_id, self._clock.now())

    def mark_unread(self, actor: Actor, case_id: str) -> None:
        """Show a case as unread again, for the actor alone."""
        with self._records.write() as tx:
            self._mark(tx, actor, case_id, unread=True)

    # --- many at once ----------------------------------------------------------------------------------

    def bulk(self, actor: Actor, case_ids: Sequence[str], action: BulkAction, value: str = "") -> int:
        """Do one thing to many cases, all or none; returns how many. A case already so is left as it is.

        `value` is a user's id (empty: nobody), a status, a priority, a tag's name, or an ISO time for snooze.
        """
        with self._records.write() as tx:
            for case_id in sorted(case_ids):
                self._one(tx, actor, case_id, action, value)
        return len(case_ids)

    def _one(self, tx: Connection, actor: Actor, case_id: str, action: BulkAction, value: str) -> None:
        if action == "assign":
            self._assign(tx, actor, case_id, value or None, None)
        elif action == "status":
            self._set_status(tx, actor, case_id, _choice(value, STATUSES), None)
        elif action == "priority":
            self._set_priority(tx, actor, case_id, _choice(value, PRIORITIES), None)
        elif action == "tag":
            self._tag(tx, actor, case_id, value)
        elif action == "untag":
            self._untag(tx, actor, case_id, value)
        elif action == "snooze":
            self._snooze(tx, actor, case_id, _moment(value), None)
        elif action == "wake":
            self._wake(tx, actor, case_id)
        elif action in ("read", "unread"):
            self._mark(tx, actor, case_id, unread=action == "unread")
        else:
            raise InvalidInputError(f"There is no step {action!r}; known are {', '.join(get_args(BulkAction))}.")

    # --- the steps themselves, inside a transaction ----------------------------------------------------

    def _assign(self, tx: Connection, actor: Actor, case_id: str, user_id: str | None, version: int | None) -> Case:
        case = casebook.take(tx, actor, "work_cases", case_id)
        casebook.check_unchanged(tx, case, actor, version, ("assigned",))
        if user_id is not None:
            casebook.check_given(tx, actor.workspace, user_id, made_up=case.made_up)
        if case.assignee_id == user_id:
            return case
        status = "open" if case.status == "new" and user_id else case.status
        detail = {"from": case.assignee_id, "to": user_id}
        now = self._clock.now()
        return casebook.change(tx, case, actor.user_id, "assigned", now, detail, assignee_id=user_id, status=status)

    def _set_status(self, tx: Connection, actor: Actor, case_id: str, status: Status, version: int | None) -> Case:
        case = casebook.take(tx, actor, "work_cases", case_id)
        casebook.check_unchanged(tx, case, actor, version, ("status", "answered", "reopened", "customer"))
        if case.status == status:
            return case
        check_move(case.status, status)
        now = self._clock.now()
        fields: dict[str, object] = {"status": status, "resolved_at": now if status == "resolved" else None}
        if status == "open":
            fields["due_at"] = case.due_at or due_at(now, case.priority, desk.desk(tx, case.workspace))
        else:
            fields["due_at"] = None
        if status == "resolved":
            fields["snoozed_until"] = None
        detail = {"from": case.status, "to": status}
        return casebook.change(tx, case, actor.user_id, "status", now, detail, **fields)

    def _set_priority(
        self, tx: Connection, actor: Actor, case_id: str, priority: Priority, version: int | None
    ) -> Case:
        case = casebook.take(tx, actor, "work_cases", case_id)
        casebook.check_unchanged(tx, case, actor, version, ("priority",))
        if case.priority == priority:
            return case
        due = due_at(case.last_post_at, priority, desk.desk(tx, case.workspace)) if case.due_at else None
        detail = {"from": case.priority, "to": priority}
        now = self._clock.now()
        return casebook.change(tx, case, actor.user_id, "priority", now, detail, priority=priority, due_at=due)

    def _snooze(self, tx: Connection, actor: Actor, case_id: str, until: datetime, version: int | None) -> Case:
        now = self._clock.now()
        if until <= now:
            raise InvalidInputError("A case can only sleep until a time to come; choose a later one.")
        case = casebook.take(tx, actor, "work_cases", case_id)
        casebook.check_unchanged(tx, case, actor, version, ("status", "snoozed", "reopened", "customer"))
        detail = {"until": until.isoformat()}
        return casebook.change(tx, case, actor.user_id, "snoozed", now, detail, snoozed_until=until)

    def _wake(self, tx: Connection, actor: Actor, case_id: str) -> Case:
        case = casebook.take(tx, actor, "work_cases", case_id)
        if case.snoozed_until is None:
            return case
        return casebook.change(tx, case, actor.user_id, "woken", self._clock.now(), snoozed_until=None)

    def _tag(self, tx: Connection, actor: Actor, case_id: str, name: str) -> None:
        name = tag_name(name)
        case = casebook.take(tx, actor, "work_cases", case_id)
        if tags.add(tx, case.workspace, case.id, name, self._clock.now()):
            casebook.change(tx, case, actor.user_id, "tagged", self._clock.now(), {"tag": name})

    def _untag(self, tx: Connection, actor: Actor, case_id: str, name: str) -> None:
        case = casebook.take(tx, actor, "work_cases", case_id)
        if tags.remove(tx, case.workspace, case.id, name):
            casebook.change(tx, case, actor.user_id, "untagged", self._clock.now(), {"tag": name})

    def _mark(self, tx: Connection, actor: Actor, case_id: str, *, unread: bool) -> None:
        case = casebook.look(tx, actor, "read_cases", case_id)
        posts = max(0, case.posts - 1) if unread else case.posts
        desk.mark_seen(tx, case.workspace, case.id, actor.user_id, posts)
        changes.note(tx, case.workspace, "case", case.id, self._clock.now())

    def _answered(self, actor: Actor, wanted: QueueFilter) -> tuple[Wanted, bool]:
        """The filter with its text answered by the index; True where that covered only the first 1,000 cases."""
        if numbered := NUMBER.fullmatch(wanted.query):
            return Wanted(wanted, number=int(numbered[1])), False
        if not wanted.query.strip():
            return Wanted(wanted), False
        now = self._clock.now()
        with self._records.read() as tx:
            zone = desk.desk(tx, actor.workspace).zone
            node, bounded = bind(tx, actor, query.parse(wanted.query, zone=zone, now=now))
            candidates = queue.thread_keys(tx, actor, Wanted(wanted), now, BOUND + 1)
            outer = dict(zip(candidates[:BOUND], candidates, strict=False))
            outer |= threads.inner_of(tx, actor.workspace, candidates[:BOUND])
        if isinstance(node, Everything) or not candidates:
            return Wanted(wanted), False
        # Asking only about the threads that pass the rest of the filter keeps old posts from crowding them out.
        within = Or(tuple(Field("thread", ":", key) for key in outer))
        found: set[str] = set()
        node = bind_alike(self._index, actor, node)
        for hit in self._hits(actor, And((node, within))):
            found.add(outer.get(hit.thread_key, hit.thread_key))
        return Wanted(wanted, threads=sorted(found)), bounded or len(candidates) > BOUND

    def _hits(self, actor: Actor, node: Node) -> Iterator[EnrichedPost]:
        cursor: str | None = None
        for _ in range(PAGES):
            page = self._index.search(actor.scope, node, limit=BOUND, cursor=cursor)
            yield from page.hits
            cursor = page.cursor
            if cursor is None:
                return


def _outermost(tx: Connection, event: EnrichedPost) -> str:
    """The thread that the post belongs to by now."""
    return threads.joined(tx, event.workspace, [event.thread_key]).get(event.thread_key, event.thread_key)


def wake_due(records: Records, clock: Clock) -> int:
    """Bring back the cases whose snooze has ended; returns how many. Nothing is sent by it."""
    now = clock.now()
    with records.read() as tx:  # nearly always there is none, and then no write lock is taken
        if not cases.sleepers(tx, now):
            return 0
    with records.write() as tx:
        woken = cases.wake(tx, now)
        for case in woken:
            cases.add_event(tx, case, casebook.SYSTEM, "woken", now, {})
            changes.note(tx, case.workspace, "case", case.id, now)
    return len(woken)


def _row(
    actor: Actor, one: Queued, names: dict[str, str], names_of_tags: tuple[str, ...], reply: ReplyStatus | None
) -> QueueRow:
    return QueueRow(
        reading.case(actor, one.case),
        person(names, one.case.assignee_id),
        names_of_tags,
        one.seen_posts < one.case.posts,
        one.vip,
        reply,
    )


def _choice(value: str, known: Sequence[Choice]) -> Choice:
    for one in known:
        if one == value:
            return one
    raise InvalidInputError(f"{value!r} is not one of {', '.join(map(str, known))}.")


def _moment(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise InvalidInputError(f"{value!r} is no time; write it like 2026-03-21T09:00:00+03:30.") from error
    if moment.tzinfo is None:
        raise InvalidInputError(f"The time {value!r} has no zone; add one, like +03:30.")
    return moment
