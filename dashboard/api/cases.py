"""Cases: the queue, one case whole, and the steps on it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from crm.policies.cases import Status
from crm.policies.clock import Priority
from crm.records.cases import Case
from crm.records.desk import Note
from crm.records.queue import QueueFilter, QueueSort, QueueStatus, QueueView
from crm.records.tags import Tag
from crm.usecases.inbox import BulkAction
from crm.usecases.views import CaseView, QueuePage
from dashboard.api import Caller
from dashboard.api.shapes import Asked, Count, Wanted, shown

router = APIRouter(tags=["cases"])


class CaseQuery(Wanted):
    """Which cases, in which order; what is left out does not filter."""

    view: QueueView = "all"
    status: QueueStatus = Field("answer", description="`answer` means new and open.")
    assignee: str = Field("", description="A member's id.")
    monitor: str = ""
    platform: str = ""
    language: str = ""
    tag: str = ""
    query: str = Field("", description="In the query language, or `#12` for a case by its number.")
    since: AwareDatetime | None = None
    sort: QueueSort = "due"


class OpenCase(Asked):
    """The post that becomes work."""

    post_key: str


class Assignment(Asked):
    """To whom; null is nobody. `version` is the case's version that the caller saw."""

    user_id: str | None
    version: int | None = None


class StatusStep(Asked):
    """Where the case moves."""

    status: Status
    version: int | None = None


class PriorityStep(Asked):
    """How urgent it is."""

    priority: Priority
    version: int | None = None


class Snooze(Asked):
    """Until when the case leaves the queue."""

    until: AwareDatetime
    version: int | None = None


class NoteText(Asked):
    """An internal note."""

    text: str


class Bulk(Asked):
    """One step on many cases, all or none.

    `value` is a member's id (empty: nobody), a status, a priority, a tag's name or an ISO time.
    """

    case_ids: list[str] = Field(max_length=500)
    action: BulkAction
    value: str = ""


class CaseTags(BaseModel):
    """The tags that a case carries now."""

    tags: list[str]


@router.get("/cases", response_model=shown(QueuePage))
def list_cases(who: Caller, wanted: Annotated[CaseQuery, Query()]) -> QueuePage:
    """A page of cases, and the counts of every view under the same filters."""
    return who.services.inbox.queue(who.actor, wanted.into(QueueFilter), wanted.cursor, wanted.limit)


@router.post("/cases", status_code=201, response_model=shown(Case))
def open_case(who: Caller, asked: OpenCase) -> Case:
    """Make a post somebody's work: the case of its thread, opened again where it was resolved."""
    return who.services.inbox.open_case(who.actor, asked.post_key)


@router.post("/cases/bulk", response_model=Count)
def change_many(who: Caller, asked: Bulk) -> Count:
    """Do one thing to many cases."""
    return Count(count=who.services.inbox.bulk(who.actor, asked.case_ids, asked.action, asked.value))


@router.get("/cases/{case_id}", response_model=shown(CaseView))
def get_case(who: Caller, case_id: str) -> CaseView:
    """Everything about one case: its thread, notes, replies, what happened, and who is speaking."""
    return who.services.inbox.case(who.actor, case_id)


@router.put("/cases/{case_id}/assignee", response_model=shown(Case))
def assign(who: Caller, case_id: str, asked: Assignment) -> Case:
    """Hand a case to somebody."""
    return who.services.inbox.assign(who.actor, case_id, asked.user_id, asked.version)


@router.put("/cases/{case_id}/status", response_model=shown(Case))
def set_status(who: Caller, case_id: str, asked: StatusStep) -> Case:
    """Move a case."""
    return who.services.inbox.set_status(who.actor, case_id, asked.status, asked.version)


@router.put("/cases/{case_id}/priority", response_model=shown(Case))
def set_priority(who: Caller, case_id: str, asked: PriorityStep) -> Case:
    """Set the priority; a running clock is set anew by it."""
    return who.services.inbox.set_priority(who.actor, case_id, asked.priority, asked.version)


@router.put("/cases/{case_id}/snooze", response_model=shown(Case))
def snooze(who: Caller, case_id: str, asked: Snooze) -> Case:
    """Take a case out of the queue until a time."""
    return who.services.inbox.snooze(who.actor, case_id, asked.until, asked.version)


@router.delete("/cases/{case_id}/snooze", response_model=shown(Case))
def wake(who: Caller, case_id: str) -> Case:
    """Bring a snoozed case back now."""
    return who.services.inbox.wake(who.actor, case_id)


@router.post("/cases/{case_id}/notes", status_code=201, response_model=shown(Note))
def add_note(who: Caller, case_id: str, asked: NoteText) -> Note:
    """Write an internal note; the customer never sees it."""
    return who.services.inbox.add_note(who.actor, case_id, asked.text)


@router.put("/cases/{case_id}/tags/{name}", response_model=CaseTags)
def tag(who: Caller, case_id: str, name: str) -> CaseTags:
    """Give a case a tag; a new name makes a new tag."""
    who.services.inbox.tag(who.actor, case_id, name)
    return CaseTags(tags=list(who.services.inbox.case(who.actor, case_id).tags))


@router.delete("/cases/{case_id}/tags/{name}", response_model=CaseTags)
def untag(who: Caller, case_id: str, name: str) -> CaseTags:
    """Take a tag off a case."""
    who.services.inbox.untag(who.actor, case_id, name)
    return CaseTags(tags=list(who.services.inbox.case(who.actor, case_id).tags))


@router.get("/tags", response_model=list[shown(Tag)])  # type: ignore[misc]
def list_tags(who: Caller) -> list[Tag]:
    """All tags with the number of their cases."""
    return who.services.inbox.tags(who.actor)
