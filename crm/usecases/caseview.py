"""Putting together what the console shows of one case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from crm.policies.access import Actor
from crm.ports.clock import Clock
from crm.ports.index import PostIndex
from crm.records import cases, customers, desk, kept_posts, outbox, replies, reply_files, tags, threads
from crm.records.cases import Case, CaseEvent
from crm.records.database import Records
from crm.records.desk import Note
from crm.records.outbox import Parcel
from crm.records.replies import Reply
from crm.usecases import casebook, reading
from crm.usecases.acts import NOTHING, Acts
from crm.usecases.customers import Customers
from crm.usecases.replies import Replies
from crm.usecases.views import CaseView, Draft, Person, PostActs, ThreadItem, Viewer, person
from crm.words import EnrichedPost

PRESENT = timedelta(seconds=30)

SHOWN_OTHERWISE = frozenset({"customer", "answered", "joined"})
"""Events that the thread shows as posts and replies, and one that only matters inside."""

Names = Mapping[str, str]


class CaseViews:
    """Builds :class:`CaseView`; reads only."""

    def __init__(
        self, records: Records, index: PostIndex, people: Customers, answers: Replies, clock: Clock, acts: Acts
    ) -> None:
        self._records, self._index, self._people, self._answers = records, index, people, answers
        self._clock, self._acts = clock, acts

    def build(self, actor: Actor, case_id: str) -> CaseView:
        """Everything about one case. Raises NotFoundError, ForbiddenError."""
        now = self._clock.now()
        with self._records.read() as tx:
            case = casebook.look(tx, actor, "read_cases", case_id)
            names = desk.names(tx, case.workspace)
            written = [reading.answer(actor, one) for one in replies.of_case(tx, case.id)]
            leaving = {reply.id: outbox.of_reply(tx, reply.id) for reply in written if reply.status == "approved"}
            kept = kept_posts.of_threads(tx, case.workspace, [case.thread_key])
            members = threads.members(tx, case.workspace, case.thread_key)
            unseen = max(0, case.posts - desk.seen_posts(tx, case.id, actor.user_id))
            notes = [reading.note(actor, one) for one in desk.notes_of(tx, case.id)]
            events = cases.events(tx, case.id)
            viewers = desk.present(tx, case.id, now - PRESENT)
            tagged = tags.of_cases(tx, [case.id]).get(case.id, ())
            pictures = reply_files.of_replies(tx, [reply.id for reply in written])
            customer = customers.by_ids(tx, case.workspace, [case.customer_id] if case.customer_id else [])
        posts = reading.posts(actor, _merged(kept, self._index.thread(actor.scope, members)))
        with self._records.read() as tx:
            acts = self._acts.of_posts(tx, actor, case, posts)
        items = [
            *_post_items(posts, written, names, unseen, acts),
            *(_note_item(note, names) for note in notes),
            *(_event_item(event, names) for event in events if event.kind not in SHOWN_OTHERWISE),
            *_reply_items(written, {post.post.key for post in posts}, case, names, leaving),
        ]
        drafts = [reply for reply in written if reply.status == "draft"]
        mine = [reply for reply in drafts if reply.author_id == actor.user_id]
        return CaseView(
            reading.case(actor, case), person(names, case.assignee_id), tagged,
            tuple(sorted(items, key=lambda item: (item.at, item.id))),
            tuple(
                Viewer(Person(one.user_id, names.get(one.user_id, "")), one.typing)
                for one in viewers
                if one.user_id != actor.user_id
            ),
            mine[-1] if mine else None,  # the one that is written on: cases that became one may bring more
            tuple(
                Draft(reply, Person(reply.author_id, names.get(reply.author_id, "")))
                for reply in drafts
                if reply.author_id != actor.user_id
            ),
            self._people.card(actor, case.author_key), self._answers.ways(actor, case.id),
            any(one.vip for one in customer.values()),
            {reply_id: reading.files(actor, found) for reply_id, found in pictures.items()},
        )  # fmt: skip


def _merged(kept: Sequence[EnrichedPost], indexed: Sequence[EnrichedPost]) -> list[EnrichedPost]:
    """Every post once, in its newest version, oldest first."""
    found: dict[str, EnrichedPost] = {}
    for post in (*kept, *indexed):
        there = found.get(post.post.key)
        if there is None or post.version >= there.version:
            found[post.post.key] = msgspec.structs.replace(post, own=post.own or (there is not None and there.own))
    return sorted(found.values(), key=lambda post: (post.post.posted_at, post.post.key))


def _post_items(
    posts: Sequence[EnrichedPost], written: Sequence[Reply], names: Names, unseen: int,
    acts: Mapping[str, PostActs],
) -> list[ThreadItem]:  # fmt: skip
    theirs = [post.post.key for post in posts if not post.own]
    new = set(theirs[len(theirs) - unseen :]) if unseen else set()
    ours = {reply.native_id: reply for reply in written if reply.native_id}
    items = []
    for post in posts:
        reply = ours.get(post.post.native_id)
        items.append(
            ThreadItem(
                "post", post.post.key, post.post.posted_at, post=post, reply=reply, new=post.post.key in new,
                writer=person(names, reply.author_id) if reply else None,
                approver=person(names, reply.approver_id) if reply else None,
                acts=acts.get(post.post.key, NOTHING),
            )
        )  # fmt: skip
    return items


def _note_item(note: Note, names: Names) -> ThreadItem:
    return ThreadItem("note", note.id, note.at, note=note, writer=person(names, note.author_id))


def _event_item(event: CaseEvent, names: Names) -> ThreadItem:
    return ThreadItem("event", f"event:{event.id}", event.at, event=event, writer=person(names, event.actor))


def _reply_items(
    written: Sequence[Reply], shown: set[str], case: Case, names: Names, leaving: Mapping[str, Parcel | None]
) -> list[ThreadItem]:
    """Replies that the thread does not show as posts: waiting for approval, on their way, failed, marked as sent."""
    return [
        ThreadItem(
            "reply", reply.id, reply.sent_at or reply.approved_at or reply.asked_at or reply.created_at, reply=reply,
            writer=person(names, reply.author_id), approver=person(names, reply.approver_id),
            not_before=parcel.not_before if (parcel := leaving.get(reply.id)) and not parcel.done_at else None,
        )
        for reply in written
        if (reply.status in ("approved", "sending", "sent", "failed", "unknown") or reply.asked_at)
        and reply.status not in ("cancelled", "proposed")
        and f"{case.platform}:{reply.native_id}" not in shown
    ]  # fmt: skip
