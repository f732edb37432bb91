"""What the demo is made of: plain frozen data, with nothing of a store in it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from crm.policies.access import Role
from crm.policies.cases import Status
from crm.policies.clock import Priority
from crm.policies.replies import ReplyStatus
from crm.policies.ties import Evidence
from crm.words import Author, Origin, Post, Sentiment

Kind = Literal[
    "question", "complaint", "praise", "idea", "bug", "news", "spam", "chat", "competitor", "statement"
]  # fmt: skip
Language = Literal["fa", "en", "finglish", "ar", "ur"]
Speaker = Literal["customer", "brand", "other", "avand", "raika"]


class Text(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One written text: a line of a file in ``data/``.

    `by` is who says it: the one who began the thread, the brand, somebody else who joins in, or a competitor.
    `days` are how many days ago, `hours` are counted from the first midnight of the crisis; without either a text
    may come on any day. `platform` None leaves the choice to the builder. `voice` is set where the text gives away
    who speaks. `source`, `label` and `original` credit a text that is not ours, see ``data/README.md``.
    """

    id: str
    by: Speaker
    lang: Language
    kind: Kind
    topic: str
    brand: str
    sentiment: Sentiment
    text: str
    reply_to: str | None = None
    idea: str | None = None
    platform: str | None = None
    title: str = ""
    days: tuple[float, float] | None = None
    hours: tuple[float, float] | None = None
    campaign: bool = False
    voice: Literal["", "woman", "man"] = ""
    source: str = ""
    label: str = ""
    original: str = ""


class Fact(Struct, frozen=True):
    """What the writer meant a post to be; for checks of the demo only, enrichment never sees it."""

    text_id: str
    language: Language
    kind: Kind
    topic: str
    brand: str
    sentiment: Sentiment
    idea: str | None
    own: bool
    campaign: bool


class DemoMonitor(Struct, frozen=True):
    """A monitor to save: its query is in the query language of :mod:`crm.query`."""

    name: str
    query: str
    brand: str
    own: bool


class DemoAgent(Struct, frozen=True):
    """A made-up member of the team. `key` is what cases, notes and replies call it."""

    key: str
    name: str
    email: str
    role: Role
    language: Literal["fa", "en"]


class DemoIdentity(Struct, frozen=True):
    """An author that belongs to a customer, and what shows it."""

    author_key: str
    handle: str
    evidence: Evidence
    detail: str
    confidence: float


class DemoCustomer(Struct, frozen=True):
    """A made-up customer. `value` is in toman over twelve months."""

    name: str
    email: str
    value: float
    since: datetime
    vip: bool
    identities: tuple[DemoIdentity, ...]


class DemoTemplate(Struct, frozen=True):
    """A ready answer, called by ``/shortcut``."""

    shortcut: str
    title: str
    language: Literal["fa", "en"]
    text: str


class DemoIdea(Struct, frozen=True):
    """A wish with its titles by language (fa and en) and the keys of the posts that ask for it, oldest first.

    `status` goes new, considered, planned, building, shipped.
    """

    slug: str
    title: dict[str, str]
    status: str
    posts: tuple[str, ...]


class DemoNote(Struct, frozen=True):
    """What an agent wrote inside a case."""

    agent: str
    text: str
    at: datetime


class DemoReply(Struct, frozen=True):
    """An answer to `answer_to` (a post's key).

    A sent one has `approver`, `approved_at`, `sent_at` and the key of our post; a draft has none of them
    and waits for approval since `asked_at`.
    """

    answer_to: str
    text: str
    language: str
    agent: str
    status: ReplyStatus
    created_at: datetime
    asked_at: datetime | None = None
    approver: str | None = None
    approved_at: datetime | None = None
    sent_at: datetime | None = None
    post_key: str | None = None


class DemoCase(Struct, frozen=True):
    """Work on one thread. `posts` are the keys of all posts of the thread, oldest first."""

    thread_key: str
    posts: tuple[str, ...]
    status: Status
    priority: Priority
    assignee: str | None
    tags: tuple[str, ...]
    opened_at: datetime
    first_answer_at: datetime | None
    resolved_at: datetime | None
    notes: tuple[DemoNote, ...]
    replies: tuple[DemoReply, ...]


class DemoSet(Struct, frozen=True):
    """The whole demo, ready to be written into stores: every post and row of it is made up.

    `posts` are sorted by `posted_at` and lie between `since` and `until`. `accounts` are our own accounts: posts by
    these authors are ours. `facts` are by post key. `crisis_began` and `crisis_ended` frame the days of the crisis.
    """

    brand: str
    since: datetime
    until: datetime
    crisis_began: datetime
    crisis_ended: datetime
    posts: tuple[Post, ...]
    facts: dict[str, Fact]
    accounts: tuple[Author, ...]
    monitors: tuple[DemoMonitor, ...]
    agents: tuple[DemoAgent, ...]
    customers: tuple[DemoCustomer, ...]
    templates: tuple[DemoTemplate, ...]
    tags: tuple[str, ...]
    ideas: tuple[DemoIdea, ...]
    cases: tuple[DemoCase, ...]
    origin: Origin = "demo"
    made_up: bool = True
