"""Replies of several posts: each part is a reply of its own, sent at most once, once the one before it is out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import structs
from sqlalchemy import Connection

from crm.ids import new_id
from crm.policies.parts import bare
from crm.records import changes, outbox, replies
from crm.records.replies import Reply


def cut(tx: Connection, reply: Reply, parts: Sequence[str], now: datetime) -> Reply:
    """Make an approved reply the first of `parts`, and the others replies that follow it; returns the first."""
    first = replies.change(tx, reply, now, text=parts[0], whole=reply.text)
    before = first
    for number, text in enumerate(parts[1:], 1):
        later = now + timedelta(milliseconds=number)  # ids are in the order of their times
        part = structs.replace(first, id=new_id(later), text=text, whole=None, follows=before.id, version=1)
        replies.add(tx, part)
        before = part
    return first


def following(tx: Connection, reply: Reply) -> Iterator[Reply]:
    """The parts that wait for this one, in their order."""
    part = replies.after(tx, reply.id)
    while part is not None:
        yield part
        part = replies.after(tx, part.id)


def ids(tx: Connection, reply: Reply) -> set[str]:
    """The ids of all parts of a reply, itself among them."""
    first = reply
    while first.follows is not None:
        first = replies.get(tx, first.workspace, first.follows)
    return {first.id, reply.id, *(one.id for one in following(tx, first))}


def go_on(tx: Connection, reply: Reply, answer_to: str, now: datetime) -> None:
    """A part is out: put the next one, which answers the post `answer_to`, into the outbox.

    One that is in doubt since its records were restored waits for a person.
    """
    part = replies.after(tx, reply.id)
    if part is None or part.status not in ("approved", "unknown", "failed"):
        return
    replies.change(tx, part, now, answer_to=answer_to)
    if part.status == "approved":
        outbox.add(tx, part.workspace, part.id, now, now)
    changes.note(tx, part.workspace, "reply", part.case_id, now)


def too_early(tx: Connection, reply: Reply) -> bool:
    """Whether this is a part and the one before it is not out, so that it waits for it."""
    return reply.follows is not None and replies.get(tx, reply.workspace, reply.follows).status != "sent"


def waits(tx: Connection, reply: Reply) -> bool:
    """Whether this is a part whose turn has not come: it can be called back without asking the outbox."""
    return reply.follows is not None and outbox.of_reply(tx, reply.id) is None


def call_back(tx: Connection, reply: Reply, now: datetime) -> str:
    """Cancel the parts after one that is being called back; returns the words of all that are.

    A part in doubt may be out, so it stays in doubt until a person has looked.
    """
    rest = list(following(tx, reply))
    back = [part for part in rest if part.status in ("approved", "failed")]
    for part in back:
        replies.change(tx, part, now, status="cancelled")
    if len(back) == len(rest) and (reply.whole is not None or not (rest or reply.follows)):
        return reply.whole or reply.text
    return " ".join(bare(part.text) for part in (reply, *back))
