"""Replies: written, looked at, approved. Nothing leaves without a person's approval."""

from __future__ import annotations

from fastapi import APIRouter
from msgspec import Struct
from pydantic import AwareDatetime, Field

from crm.ports.responder import Way, Ways
from crm.records.replies import Reply
from crm.usecases.views import PendingReply
from dashboard.api import Caller
from dashboard.api.shapes import Asked, shown

router = APIRouter(tags=["replies"])


class DraftText(Asked):
    """What is being written. `way` is reply, quote, dm, or open (a person answers on the platform itself)."""

    way: Way
    text: str
    language: str = ""
    answer_to: str | None = Field(None, description="A post's key; the newest post of the case without it.")
    as_thread: bool = Field(False, description="A text that is too long may go out as several posts.")


class ReplyText(Asked):
    """A reply that is written and approved in one step."""

    way: Way
    text: str
    language: str = ""
    not_before: AwareDatetime | None = None
    force: bool = Field(False, description="Send although somebody answered meanwhile.")
    as_thread: bool = Field(False, description="A text that is too long may go out as several posts.")


class Approval(Asked):
    """When the reply may leave: at the earliest after the seconds in which it can be called back."""

    not_before: AwareDatetime | None = None
    force: bool = Field(False, description="Send although somebody answered meanwhile.")
    version: int = Field(description="The version of the reply that was read.")


class SentAt(Asked):
    """Where the answer stands on the platform, where that is known."""

    url: str = ""


class Decision(Asked):
    """What a person saw on the platform."""

    was_sent: bool
    url: str = ""


class Parts(Struct, frozen=True):
    """A long text as several posts."""

    texts: tuple[str, ...]


@router.get("/replies/pending", response_model=list[shown(PendingReply)])  # type: ignore[misc]
def list_pending(who: Caller) -> list[PendingReply]:
    """Replies that need a person: asked for approval, failed, or in doubt; longest waiting first."""
    return who.services.replies.pending(who.actor)


@router.get("/cases/{case_id}/ways", response_model=shown(Ways))
def list_ways(who: Caller, case_id: str) -> Ways:
    """How the newest post of a case may be answered, the best way first."""
    return who.services.replies.ways(who.actor, case_id)


@router.put("/cases/{case_id}/draft", response_model=shown(Reply))
def draft(who: Caller, case_id: str, asked: DraftText) -> Reply:
    """Keep what the caller is writing: one draft per person and case."""
    return who.services.replies.draft(
        who.actor, case_id, asked.way, asked.text, asked.language, asked.answer_to, as_thread=asked.as_thread
    )


@router.post("/cases/{case_id}/replies", status_code=201, response_model=shown(Reply))
def approve_and_send(who: Caller, case_id: str, asked: ReplyText) -> Reply:
    """Write a reply and approve it at once."""
    return who.services.replies.approve_and_send(
        who.actor, case_id, asked.way, asked.text, asked.language, asked.not_before, force=asked.force,
        as_thread=asked.as_thread,
    )  # fmt: skip


@router.post("/cases/{case_id}/parts", response_model=shown(Parts))
def list_parts(who: Caller, case_id: str, asked: DraftText) -> Parts:
    """The posts in which a text that is too long can go out; none where it fits or can't be sent in parts."""
    return Parts(who.services.replies.parts(who.actor, case_id, asked.text, asked.way))


@router.post("/replies/{reply_id}/request-approval", response_model=shown(Reply))
def request_approval(who: Caller, reply_id: str) -> Reply:
    """Ask somebody else to look at a draft before it goes out."""
    return who.services.replies.request_approval(who.actor, reply_id)


@router.post("/replies/{reply_id}/hand-back", response_model=shown(Reply))
def hand_back(who: Caller, reply_id: str) -> Reply:
    """Give a draft that waits for approval back to its writer."""
    return who.services.replies.hand_back(who.actor, reply_id)


@router.post("/replies/{reply_id}/approve", response_model=shown(Reply))
def approve(who: Caller, reply_id: str, asked: Approval) -> Reply:
    """Let a reply go out."""
    return who.services.replies.approve(
        who.actor, reply_id, asked.version, asked.not_before, force=asked.force
    )  # fmt: skip


@router.post("/replies/{reply_id}/cancel", response_model=shown(Reply))
def cancel(who: Caller, reply_id: str) -> Reply:
    """Throw a draft away, or call an approved reply back while it has not left."""
    return who.services.replies.cancel(who.actor, reply_id)


@router.post("/replies/{reply_id}/mark-sent", response_model=shown(Reply))
def mark_sent(who: Caller, reply_id: str, asked: SentAt) -> Reply:
    """Say that an approved reply was published by hand on the platform itself."""
    return who.services.replies.mark_sent(who.actor, reply_id, asked.url)


@router.post("/replies/{reply_id}/decide", response_model=shown(Reply))
def decide_unknown(who: Caller, reply_id: str, asked: Decision) -> Reply:
    """Say whether a reply whose fate is unknown is on the platform."""
    return who.services.replies.decide_unknown(who.actor, reply_id, asked.was_sent, asked.url)
