"""The made-up team and its work: monitors, customers, cases with notes, answers and drafts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from random import Random

from msgspec import Struct

from crm.policies.cases import Status
from crm.policies.clock import Priority
from crm.words import Author, Post
from shenava.demo import texts
from shenava.demo.people import Person
from shenava.demo.timing import Times
from shenava.demo.words import (
    DemoAgent,
    DemoCase,
    DemoCustomer,
    DemoIdentity,
    DemoMonitor,
    DemoNote,
    DemoReply,
    Fact,
)  # fmt: skip

MONITORS = (
    DemoMonitor("بانک سپیدار", "سپیدار* OR sepidar* OR platform:bazaar,googleplay", "سپیدار", own=True),
    DemoMonitor("بانک آوند", "آوند* OR avand*", "آوند", own=False),
    DemoMonitor("بانک رایکا", "رایکا* OR raika*", "رایکا", own=False),
)
AGENTS = (
    DemoAgent("negar", "نگار س.", "negar@example.com", "manager", "fa"),
    DemoAgent("kian", "کیان ب.", "kian@example.com", "agent", "fa"),
    DemoAgent("taraneh", "Taraneh M.", "taraneh@example.com", "agent", "en"),
)
_TOPIC_TAGS = {
    "outage": "اختلال ۴.۲", "double-charge": "برداشت دوباره", "cards": "کارت", "transfers": "انتقال وجه",
    "loans": "تسهیلات", "branch": "شعبه", "service": "خدمات", "app": "برنامه", "ideas": "پیشنهاد",
}  # fmt: skip
TAGS = (*_TOPIC_TAGS.values(), "VIP", "تلفنی پیگیری شود", "thanks")

_WAITS = frozenset({"question", "complaint", "bug"})
_CUSTOMERS = 46
_VIPS = 5
_UNTIED = 5
_NEW_FOR = timedelta(days=3)
_FRESH_FOR = timedelta(days=6)
_WAITS_FOR = timedelta(days=12)
_UNDO = timedelta(seconds=9)


class Draft(Struct, frozen=True):
    """An answer that was written and not yet approved."""

    answer_to: str
    text: str
    language: str


class Desk:
    """Seeds the cases: answered conversations, and questions and complaints of the last days."""

    def __init__(
        self, posts: Sequence[Post], facts: Mapping[str, Fact], drafts: Sequence[Draft], times: Times, rng: Random
    ) -> None:
        self._facts, self._times, self._rng = facts, times, rng
        self._drafts = {draft.answer_to: draft for draft in drafts}
        self._notes: dict[str, list[str]] = defaultdict(list)
        for note in texts.note_texts():
            self._notes[note.topic].append(note.text)
        self._threads: dict[str, list[Post]] = defaultdict(list)
        for post in posts:
            self._threads[post.thread_key].append(post)

    def cases(self) -> tuple[DemoCase, ...]:
        """The cases by when they were opened."""
        found = (self._case(key, thread) for key, thread in self._threads.items() if self._wants_answer(thread))
        return tuple(sorted(found, key=lambda case: (case.opened_at, case.thread_key)))

    def _wants_answer(self, thread: Sequence[Post]) -> bool:
        root = self._facts[thread[0].key]
        if root.own or root.brand != "sepidar" or root.kind in ("news", "spam", "statement", "competitor"):
            return False
        if any(self._facts[post.key].own for post in thread):
            return True
        fresh = self._times.now - thread[0].posted_at < _NEW_FOR
        return fresh and root.kind in ("question", "complaint", "bug")

    def _case(self, key: str, thread: Sequence[Post]) -> DemoCase:
        root = thread[0]
        fact = self._facts[root.key]
        status = self._status(thread)
        agent = self._agent(fact.language)
        replies = tuple(self._replies(thread, agent))
        ours = [reply.sent_at for reply in replies if reply.sent_at]
        answered = bool(ours) or any(reply.status == "draft" for reply in replies)
        return DemoCase(
            thread_key=key,
            posts=tuple(post.key for post in thread),
            status=status,
            priority=self._priority(fact),
            assignee=agent if answered or status == "open" else None,
            tags=tuple(self._tags(thread)),
            opened_at=root.posted_at,
            first_answer_at=min(ours, default=None),
            resolved_at=self._resolved_at(thread[-1]) if status == "resolved" else None,
            notes=tuple(self._noted(fact.topic, agent, root.posted_at)) if answered else (),
            replies=replies,
        )

    def _status(self, thread: Sequence[Post]) -> Status:
        last = thread[-1]
        fact = self._facts[last.key]
        age = self._times.now - last.posted_at
        drafted = any(post.key in self._drafts for post in thread)
        if not any(self._facts[post.key].own for post in thread):
            return "open" if drafted or self._rng.random() < 0.3 else "new"
        if fact.own:
            return "waiting" if age < _WAITS_FOR else "resolved"
        return "open" if age < _FRESH_FOR and (drafted or fact.kind in _WAITS) else "resolved"

    def _priority(self, fact: Fact) -> Priority:
        if fact.topic == "double-charge":
            return "urgent" if self._rng.random() < 0.3 else "high"
        if fact.topic == "outage":
            return "high"
        return "low" if fact.kind in ("idea", "praise", "chat") else "normal"

    def _tags(self, thread: Sequence[Post]) -> Iterator[str]:
        topic = _TOPIC_TAGS.get(self._facts[thread[0].key].topic)
        if topic:
            yield topic
        if self._facts[thread[-1].key].sentiment == "positive" and len(thread) > 2:
            yield "thanks"

    def _agent(self, language: str) -> str:
        if language == "en":
            return self._rng.choices(("taraneh", "negar"), weights=(0.8, 0.2))[0]
        return self._rng.choices(("kian", "negar", "taraneh"), weights=(0.6, 0.3, 0.1))[0]

    def _replies(self, thread: Sequence[Post], agent: str) -> Iterator[DemoReply]:
        for post in thread:
            if self._facts[post.key].own and post.parent_key:
                yield self._sent(post, agent)
            draft = self._drafts.get(post.key)
            if draft:
                room = (self._times.now - post.posted_at) * self._rng.uniform(0.2, 0.8)
                at = (post.posted_at + min(room, timedelta(hours=2))).replace(microsecond=0)
                yield DemoReply(post.key, draft.text, draft.language, agent, "draft", at, asked_at=at)

    def _sent(self, post: Post, agent: str) -> DemoReply:
        approved = post.posted_at - _UNDO
        created = approved - timedelta(seconds=self._rng.randrange(40, 400))
        own = agent == "negar" or self._rng.random() < 0.4
        language = self._facts[post.key].language
        return DemoReply(
            answer_to=post.parent_key or "",
            text=post.text.removeprefix(f"@{post.mentions[0]} "),
            language=language,
            agent=agent,
            status="sent",
            created_at=created,
            asked_at=None if own else created,
            approver=agent if own else "negar",
            approved_at=approved,
            sent_at=post.posted_at,
            post_key=post.key,
        )

    def _noted(self, topic: str, agent: str, opened: datetime) -> Iterator[DemoNote]:
        waiting = self._notes[topic]
        if waiting and self._rng.random() < 0.45:
            writer = self._rng.choice([one.key for one in AGENTS if one.key != agent])
            at = min(opened + timedelta(minutes=self._rng.randrange(4, 40)), self._times.now)
            yield DemoNote(writer, waiting.pop(0), at)

    def _resolved_at(self, last: Post) -> datetime:
        return min(last.posted_at + timedelta(minutes=self._rng.randrange(2, 240)), self._times.now)


def customers(people: Sequence[Person], now: datetime, rng: Random) -> tuple[DemoCustomer, ...]:
    """The first of `people` as customers of the bank, five of them VIPs, five with an account still to be tied."""
    known = [person for person in people if person.tongue in ("fa", "en")][:_CUSTOMERS]
    vips = {person.slug for person in rng.sample(known, _VIPS)}
    pairs = len(list(takewhile(lambda person: len(person.accounts) > 1, known)))
    found = []
    for place, person in enumerate(known):
        untied = pairs - _UNTIED <= place < pairs
        accounts = person.accounts[:1] if untied else person.accounts
        found.append(_customer(person, accounts, now, rng, vip=person.slug in vips))
    return tuple(found)


def _customer(person: Person, accounts: Sequence[Author], now: datetime, rng: Random, *, vip: bool) -> DemoCustomer:
    value = rng.lognormvariate(17.6, 1.1) * (6 if vip else 1)
    since = now - timedelta(days=rng.randrange(90, 3600))
    return DemoCustomer(
        name=person.name,
        email=f"{person.slug}@example.com",
        value=round(value, -5),
        since=since.replace(hour=8, minute=0, second=0, microsecond=0),
        vip=vip,
        identities=tuple(_identity(account, accounts[0]) for account in accounts),
    )


def _identity(account: Author, first: Author) -> DemoIdentity:
    if account is first:
        return DemoIdentity(account.key, account.handle, "list", "customer list of the bank", 1.0)
    return DemoIdentity(account.key, account.handle, "link", first.url, 1.0)
