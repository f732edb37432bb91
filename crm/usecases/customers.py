"""Customers: who is speaking, on which accounts, what they are worth and how they feel."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from crm.calendar import day_of, day_start, week_start, weeks_back
from crm.errors import ConflictError, InvalidInputError, NotFoundError
from crm.ids import new_id
from crm.policies.access import Actor, require
from crm.policies.clock import Desk
from crm.policies.personal import author_for_reader
from crm.policies.ties import Evidence, normal_email, normal_phone
from crm.ports.clock import Clock
from crm.ports.index import Bucket, PostIndex
from crm.query.tree import And, Field, Node, Or
from crm.records import audit, cases, changes, customers, desk, kept_posts, tags
from crm.records.customers import Customer, Identity
from crm.records.database import Records
from crm.usecases import casebook, cursors, matching, reading
from crm.usecases.views import (
    Contact,
    CustomerCard,
    CustomerPage,
    CustomerRow,
    FoundAuthor,
    PersonPosts,
    SentimentWeek,
    Suggestion,
)
from crm.words import Author

WEEKS = 12
TURN = 0.25
SEEN_DAYS = 365
_PHONE = re.compile(r"(?:\+|[0۰])[\d\s().-]{6,}")


class CustomerDraft(Struct, frozen=True):
    """What a person fills in about a customer. `fields` are the business's own columns, ``link`` their web address."""

    name: str
    email: str = ""
    phone: str = ""
    value: float | None = None
    since: datetime | None = None
    vip: bool = False
    fields: dict[str, str] = {}


class TiedElsewhereError(ConflictError):
    """The author already belongs to another customer."""

    def __init__(self, author_key: str, customer: str) -> None:
        self.author_key, self.customer = author_key, customer
        super().__init__(f"{author_key} is already tied to {customer}; undo that tie first.")


class Customers:
    """What the customers page, the inbox's third pane and the HTTP API call."""

    def __init__(self, records: Records, index: PostIndex, clock: Clock) -> None:
        self._records, self._index, self._clock = records, index, clock
        self._reading = reading.Reading(index)

    def list(self, actor: Actor, text: str = "", cursor: str | None = None, limit: int = 50) -> CustomerPage:
        """Customers by name; `text` is part of a name, e-mail, phone or handle."""
        require(actor, "read_customers")
        after = cursors.read(cursor, 2)
        place = None if after is None else (str(after[0]), str(after[1]))
        with self._records.read() as tx:
            rows = customers.page(tx, actor.workspace, _part(text), place, limit + 1)
            ids = [customer.id for customer, _ in rows[:limit]]
            ties = customers.identities_of_many(tx, actor.workspace, ids)
            waiting = Counter(
                case.customer_id for case in cases.open_of(tx, actor.workspace, ids) if casebook.visible(actor, case)
            )
            zone = desk.desk(tx, actor.workspace).zone
        seen = self._last_days(actor, [one.author_key for some in ties.values() for one in some], zone)
        last = rows[limit - 1][0] if len(rows) > limit else None
        shown = tuple(
            CustomerRow(
                reading.customer(actor, customer), count,
                tuple(map(reading.evidence, mine := ties.get(customer.id, []))), waiting[customer.id],
                max((seen[one.author_key] for one in mine if one.author_key in seen), default=None),
            )
            for customer, count in rows[:limit]
        )  # fmt: skip
        return CustomerPage(shown, cursors.write((last.name, last.id)) if last else None)

    def card(self, actor: Actor, subject: str) -> CustomerCard:
        """The card of a customer's id or of an author's key. Raises NotFoundError where nothing is known of it."""
        require(actor, "read_customers")
        with self._records.read() as tx:
            tied = customers.identities_by_author(tx, actor.workspace, [subject]).get(subject)
            customer_id = tied.customer_id if tied else "" if ":" in subject else subject
            customer = customers.get(tx, actor.workspace, customer_id) if customer_id else None
            identities = customers.identities_of(tx, actor.workspace, customer_id) if customer else []
            keys = [one.author_key for one in identities] if customer else [subject]
            theirs = [
                case
                for case in cases.of_people(tx, actor.workspace, keys, customer.id if customer else None)
                if casebook.visible(actor, case)
            ]
            names = sorted({tag for some in tags.of_cases(tx, [case.id for case in theirs]).values() for tag in some})
            office = desk.desk(tx, actor.workspace)
            author = kept_posts.newest_author(tx, actor.workspace, [subject] if ":" in subject else keys)
        author = author or self._author(actor, keys)
        if customer is None and author is None:
            raise NotFoundError("customer", subject)
        could_be = self._could_be(actor, author) if customer is None and author else ()
        author = author_for_reader(actor, author) if author else None
        weeks = self._weeks(actor, keys, office)
        return CustomerCard(
            customer.name if customer else (author.name or author.handle if author else subject),
            reading.customer(actor, customer) if customer else None, author, tuple(map(reading.evidence, identities)),
            tuple(reading.line(actor, one) for one in theirs), tuple(names), tuple(weeks),
            turning(weeks), sum(week.negative + week.neutral + week.positive + week.unsure for week in weeks), could_be,
        )  # fmt: skip

    def save(self, actor: Actor, draft: CustomerDraft, customer_id: str | None = None) -> Customer:
        """Store a customer, new without an id; e-mail and phone are normalised. Raises InvalidInputError."""
        require(actor, "edit_customers")
        now = self._clock.now()
        with self._records.write() as tx:
            old = customers.get(tx, actor.workspace, customer_id) if customer_id else None
            fresh = old or Customer(new_id(now), actor.workspace, draft.name, now, now)
            saved = msgspec.structs.replace(fresh, updated_at=now, **_checked(draft))
            customers.put(tx, saved)
            action = "customer_changed" if old else "customer_added"
            audit.append(tx, actor.workspace, actor.user_id, action, saved.id, now, name=saved.name, vip=saved.vip)
            changes.note(tx, actor.workspace, "customer", saved.id, now)
        return saved

    def posts(self, actor: Actor, subject: str, cursor: str | None = None, limit: int = 20) -> PersonPosts:
        """What a customer (by id) or an author (by key) said, newest first, with the cases of those threads."""
        require(actor, "read_customers")
        with self._records.read() as tx:
            keys = _keys(tx, actor.workspace, subject)
        if not keys:
            return PersonPosts((), {}, None)
        page = self._reading.search(actor, _by(keys), "newest", limit, cursor)
        with self._records.read() as tx:
            found = cases.by_threads(tx, actor.workspace, [hit.thread_key for hit in page.hits])
        shown = {thread: reading.line(actor, case) for thread, case in found.items() if casebook.visible(actor, case)}
        return PersonPosts(page.hits, shown, page.cursor)

    def reveal(self, actor: Actor, customer_id: str) -> Contact:
        """A customer's e-mail and phone in full, which lists and cards mask; who looked is in the audit trail."""
        require(actor, "edit_customers")
        with self._records.write() as tx:
            customer = customers.get(tx, actor.workspace, customer_id)
            audit.append(tx, actor.workspace, actor.user_id, "contact_revealed", customer.id, self._clock.now())
        return Contact(customer.email or "", customer.phone or "")

    def find_authors(self, actor: Actor, text: str, limit: int = 8) -> Sequence[FoundAuthor]:
        """Authors to tie, by exact handle or key, or by part of the name under which they wrote in a case."""
        require(actor, "edit_customers")
        wanted = text.strip()
        if not wanted:
            return []
        handle = Field("author", ":", wanted if ":" in wanted else wanted.removeprefix("@").casefold())
        found = {
            hit.post.author.key: hit.post.author for hit in self._index.search(actor.scope, handle, limit=100).hits
        }
        with self._records.read() as tx:
            for case in cases.named(tx, actor.workspace, wanted, 4 * limit):
                if case.author_key not in found and casebook.visible(actor, case):
                    author = kept_posts.newest_author(tx, actor.workspace, [case.author_key])
                    found |= {author.key: author} if author else {}
            shown = [*found.values()][:limit]
            tied = customers.identities_by_author(tx, actor.workspace, [author.key for author in shown])
            owners = customers.by_ids(tx, actor.workspace, {one.customer_id for one in tied.values()})
        return [
            FoundAuthor(author, owners.get(tied[author.key].customer_id) if author.key in tied else None)
            for author in shown
        ]

    def tie(
        self, actor: Actor, author_key: str, customer_id: str, evidence: Evidence = "person", detail: str = "",
        handle: str = "", confidence: float = 1.0,
    ) -> Identity:  # fmt: skip
        """Say that an author is a customer. Raises NotFoundError, TiedElsewhereError."""
        require(actor, "edit_customers")
        now = self._clock.now()
        with self._records.write() as tx:
            cases.hold_all(tx, actor.workspace)
            customer = customers.get(tx, actor.workspace, customer_id)
            there = customers.identities_by_author(tx, actor.workspace, [author_key]).get(author_key)
            if there is not None and there.customer_id == customer.id:
                return reading.evidence(there)
            if there is not None:
                raise TiedElsewhereError(author_key, customers.get(tx, actor.workspace, there.customer_id).name)
            author = kept_posts.newest_author(tx, actor.workspace, [author_key])
            shown = handle or (author.handle if author else "") or author_key.partition(":")[2]
            one = Identity(
                new_id(now), actor.workspace, customer.id, author_key, shown, evidence, detail, confidence,
                actor.user_id, now,
            )  # fmt: skip
            customers.tie(tx, one, cases.tie(tx, actor.workspace, author_key, customer.id))
            audit.append(tx, actor.workspace, actor.user_id, "identity_tied", customer.id, now, identity=one.id,
                         evidence=evidence)  # fmt: skip
            changes.note(tx, actor.workspace, "customer", customer.id, now)
        return one

    def untie(self, actor: Actor, identity_id: str) -> None:
        """Undo a tie; the author's cases are again whose they were, mostly nobody's. Twice changes nothing."""
        require(actor, "edit_customers")
        now = self._clock.now()
        with self._records.write() as tx:
            cases.hold_all(tx, actor.workspace)
            one = customers.identity(tx, actor.workspace, identity_id)
            if one.undone_at is not None:
                return
            before = customers.untie(tx, one, now)
            cases.tie(tx, actor.workspace, one.author_key, None)
            cases.give_back(tx, actor.workspace, one.author_key, before)
            audit.append(tx, actor.workspace, actor.user_id, "identity_untied", one.customer_id, now, identity=one.id)
            changes.note(tx, actor.workspace, "customer", one.customer_id, now)

    def _could_be(self, actor: Actor, author: Author) -> tuple[Suggestion, ...]:
        with self._records.read() as tx:
            return matching.of_author(tx, actor, author)

    def _author(self, actor: Actor, author_keys: Sequence[str]) -> Author | None:
        for key in author_keys:
            hits = self._reading.search(actor, Field("author", ":", key), limit=1).hits
            if hits:
                return hits[0].post.author
        return None

    def _last_days(self, actor: Actor, author_keys: Sequence[str], zone: str) -> dict[str, date]:
        """The day of each author's newest post in the last year; who said nothing is left out."""
        if not author_keys:
            return {}
        since = Field("since", ":", (self._clock.now() - timedelta(days=SEEN_DAYS)).isoformat(timespec="seconds"))
        counted = self._index.count(actor.scope, And((_by(author_keys), since)), ("author", "day"), zone)
        last: dict[str, date] = {}
        for bucket in counted:
            author, day = bucket.keys[0], date.fromisoformat(bucket.keys[1])
            last[author] = max(day, last.get(author, day))
        return last

    def _weeks(self, actor: Actor, author_keys: Sequence[str], office: Desk) -> Sequence[SentimentWeek]:
        if not author_keys:
            return []
        starts = weeks_back(day_of(self._clock.now(), office.zone), WEEKS, office.week_start)
        since = Field("since", ":", day_start(starts[0], office.zone).isoformat())
        query = And((_by(author_keys), since))
        buckets = self._index.count(actor.scope, query, ("day", "sentiment"), office.zone)
        counted = _by_week(buckets, office.week_start)
        return [counted.get(start.isoformat(), SentimentWeek(start)) for start in starts]


def turning(weeks: Sequence[SentimentWeek]) -> Literal["", "better", "worse"]:
    """Whether the last four weeks differ from those before by a quarter of the scale; empty where that is unknown."""
    late = [week.balance for week in weeks[-4:] if week.balance is not None]
    early = [week.balance for week in weeks[:-4] if week.balance is not None]
    if not late or not early:
        return ""
    step = sum(late) / len(late) - sum(early) / len(early)
    return "better" if step >= TURN else "worse" if step <= -TURN else ""


def _keys(tx: Connection, workspace: str, subject: str) -> Sequence[str]:
    """The author keys behind a customer's id, or an author's key and those that are tied together with it."""
    tied = customers.identities_by_author(tx, workspace, [subject]).get(subject)
    if ":" in subject and tied is None:
        return [subject]
    owner = tied.customer_id if tied else subject
    return [one.author_key for one in customers.identities_of(tx, workspace, owner)]


def _by(author_keys: Sequence[str]) -> Node:
    authors: list[Node] = [Field("author", ":", key) for key in author_keys]
    return authors[0] if len(authors) == 1 else Or(tuple(authors))


def _part(text: str) -> str:
    """What to look for: a phone number is stored as digits with its country code, whatever way it is written."""
    plain = text.strip()
    return normal_phone(plain) if _PHONE.fullmatch(plain) else plain


def _by_week(buckets: Sequence[Bucket], first: int) -> dict[str, SentimentWeek]:
    counted: dict[str, SentimentWeek] = {}
    for bucket in buckets:
        day, sentiment = bucket.keys
        start = week_start(datetime.fromisoformat(day).date(), first)
        week = counted.get(start.isoformat(), SentimentWeek(start))
        name = sentiment or "unsure"
        more = {name: getattr(week, name) + bucket.posts}
        counted[start.isoformat()] = msgspec.structs.replace(week, **more)
    return counted


def _checked(draft: CustomerDraft) -> dict[str, object]:
    if not draft.name.strip():
        raise InvalidInputError("A customer needs a name.")
    if draft.email and "@" not in draft.email:
        raise InvalidInputError(f"{draft.email!r} is no e-mail address; write one like name@example.org.")
    phone = normal_phone(draft.phone) if draft.phone else ""
    if draft.phone and not 7 <= len(phone) <= 15:
        raise InvalidInputError(f"{draft.phone!r} is no phone number; write it with its country code, like +98 21 ….")
    return {
        "name": draft.name.strip(), "email": normal_email(draft.email) or None, "phone": phone or None,
        "value": draft.value, "since": draft.since, "vip": draft.vip, "fields": draft.fields,
    }  # fmt: skip
