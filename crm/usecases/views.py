"""What the console draws of the team's work: plain frozen structs, also the answers of the HTTP API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from crm.policies.files import FileInfo
from crm.policies.likeness import Clue
from crm.policies.replies import ReplyStatus
from crm.ports.responder import ActRule, Ways
from crm.records.cases import Case, CaseEvent
from crm.records.customers import Customer, Identity
from crm.records.desk import Note
from crm.records.queue import QueueView
from crm.records.replies import Reply
from crm.words import Author, EnrichedPost


class Person(Struct, frozen=True):
    """Somebody of the team."""

    id: str
    name: str


class Viewer(Struct, frozen=True):
    """Somebody else who has the case open now."""

    person: Person
    typing: bool


class QueueRow(Struct, frozen=True):
    """One row of the queue. `reply` is the state of a reply that waits for a person (``draft``: for approval)."""

    case: Case
    assignee: Person | None
    tags: tuple[str, ...]
    unread: bool
    vip: bool
    reply: ReplyStatus | None = None


class QueuePage(Struct, frozen=True):
    """A page of the queue. `bounded` says that the text was looked for in the first 1,000 cases only."""

    rows: tuple[QueueRow, ...]
    counts: Mapping[QueueView, int]
    total: int
    cursor: str | None
    bounded: bool = False


class DoneAct(Struct, frozen=True):
    """A post was liked or hidden (`act`), by somebody of the team."""

    act: Literal["like", "hide"]
    by: str
    at: datetime


class PostActs(Struct, frozen=True):
    """What may be done to a post on its platform now, and what was done."""

    rules: tuple[ActRule, ...] = ()
    done: tuple[DoneAct, ...] = ()


class ThreadItem(Struct, frozen=True):
    """One thing in a case's thread. What `kind` names is set.

    `writer` wrote the reply behind an own post, the note, or did the event (None: the system or
    a rule); `approver` approved the reply; `not_before` is when an approved one leaves at the
    earliest. `new` marks posts that the reader has not seen; `acts` is what can be and was done to a post.
    """

    kind: Literal["post", "note", "event", "reply"]
    id: str
    at: datetime
    post: EnrichedPost | None = None
    note: Note | None = None
    event: CaseEvent | None = None
    reply: Reply | None = None
    writer: Person | None = None
    approver: Person | None = None
    new: bool = False
    not_before: datetime | None = None
    acts: PostActs = PostActs()


class Draft(Struct, frozen=True):
    """A reply that somebody is writing."""

    reply: Reply
    writer: Person


class CaseLine(Struct, frozen=True):
    """A case in a list beside another."""

    id: str
    number: int
    title: str
    status: str
    priority: str
    sentiment: str
    last_post_at: datetime
    due_at: datetime | None


class SentimentWeek(Struct, frozen=True):
    """Posts of a customer in the week from `start`, by sentiment."""

    start: date
    negative: int = 0
    neutral: int = 0
    positive: int = 0
    unsure: int = 0

    @property
    def balance(self) -> float | None:
        """From -1 (all negative) to 1 (all positive); None in a week without judged posts."""
        judged = self.negative + self.neutral + self.positive
        return (self.positive - self.negative) / judged if judged else None


class Suggestion(Struct, frozen=True):
    """An author who may be a customer, by likeness: a person confirms or dismisses it. `clues` begin with the best."""

    author: Author
    customer: Customer
    confidence: float
    clues: tuple[Clue, ...]


class CustomerCard(Struct, frozen=True):
    """Who is speaking: a known customer with all identities, or just an author and who that `could_be`."""

    name: str
    customer: Customer | None
    author: Author | None
    identities: tuple[Identity, ...]
    cases: tuple[CaseLine, ...]
    tags: tuple[str, ...]
    weeks: tuple[SentimentWeek, ...]
    turning: Literal["", "better", "worse"]
    posts: int
    could_be: tuple[Suggestion, ...] = ()

    @property
    def open_cases(self) -> tuple[CaseLine, ...]:
        """Those that are not resolved."""
        return tuple(case for case in self.cases if case.status != "resolved")


class CaseView(Struct, frozen=True):
    """Everything the console shows of one case; `files` are those of its replies, by the reply's id."""

    case: Case
    assignee: Person | None
    tags: tuple[str, ...]
    items: tuple[ThreadItem, ...]
    viewers: tuple[Viewer, ...]
    draft: Reply | None
    other_drafts: tuple[Draft, ...]
    customer: CustomerCard
    ways: Ways
    vip: bool
    files: Mapping[str, tuple[FileInfo, ...]] = {}


class PendingReply(Struct, frozen=True):
    """A reply that a person must look at: to approve, or because its sending failed or is doubtful."""

    reply: Reply
    writer: Person
    case: CaseLine
    files: tuple[FileInfo, ...] = ()


class CustomerRow(Struct, frozen=True):
    """One row of the list of customers; `ties` are its living identities, `last_seen` the day of their newest post."""

    customer: Customer
    identities: int
    ties: tuple[Identity, ...] = ()
    open_cases: int = 0
    last_seen: date | None = None


class CustomerPage(Struct, frozen=True):
    """A page of customers by name."""

    rows: tuple[CustomerRow, ...]
    cursor: str | None


class PersonPosts(Struct, frozen=True):
    """A page of what a customer or an author said, newest first, and the cases of those threads by thread key."""

    posts: tuple[EnrichedPost, ...]
    cases: Mapping[str, CaseLine]
    cursor: str | None


class FoundAuthor(Struct, frozen=True):
    """An author that may be tied; `customer` is whom they belong to already."""

    author: Author
    customer: Customer | None


class Contact(Struct, frozen=True):
    """How to reach a customer outside of the platforms."""

    email: str
    phone: str


def person(names: Mapping[str, str], user_id: str | None) -> Person | None:
    """Somebody by id; None for nobody, the system and rules."""
    return Person(user_id, names[user_id]) if user_id in names and user_id is not None else None


def case_line(case: Case) -> CaseLine:
    """A case as a line."""
    return CaseLine(
        case.id, case.number, case.title, case.status, case.priority, case.sentiment, case.last_post_at, case.due_at
    )
