"""What is stored of somebody: found by whatever is known of them, counted, and given out whole.

Before an erasure it shows what will go; for the right of access it is the whole of it as JSON.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from crm.errors import NotFoundError
from crm.policies.access import Actor, require
from crm.policies.links import is_link, keys_of, person_of
from crm.ports.clock import Clock
from crm.ports.index import PostIndex, Scope
from crm.query.tree import Everything, Field
from crm.records import (
    acts,
    audit,
    cases,
    customers,
    dead_letters,
    desk,
    erasure,
    kept_posts,
    reply_files,
    tags,
    tombstones,
)
from crm.records.cases import Case
from crm.records.customers import Customer
from crm.records.database import Records
from crm.records.sql import chunks
from crm.usecases.privacy import said_by
from crm.usecases.views import CaseLine, case_line
from crm.words import Author, EnrichedPost

AT_MOST = 8
PAGE = 500

Kind = Literal["post", "author", "customer"]
KINDS: tuple[Kind, ...] = ("post", "author", "customer")


class Subject(Struct, frozen=True):
    """Whom or what may be asked about: `key` is that of a post or an author, or the id of a customer.

    `known` is False for a key that no store holds: erasing it keeps it away in future.
    """

    kind: Kind
    key: str
    name: str = ""
    handle: str = ""
    text: str = ""
    known: bool = True


class Holdings(Struct, frozen=True):
    """How much is stored of a subject. `imported` of the posts came from files; `stopped` says that it was erased.

    `customer` is the one to whom an author is tied: their card stays when only the author is erased.
    """

    subject: Subject
    posts: int
    imported: int
    cases: tuple[CaseLine, ...]
    answers: int
    notes: int
    identities: int
    dead_letters: int
    stopped: bool
    customer: Customer | None = None


class _Whole(Struct, frozen=True):
    """Everything that belongs to a subject: posts by key, authors, the ids of customers."""

    posts: frozenset[str]
    authors: tuple[str, ...]
    people: tuple[str, ...]


class Disclosure:
    """What the Privacy page and the HTTP API show and give out before something is erased."""

    def __init__(self, records: Records, index: PostIndex, clock: Clock) -> None:
        self._records, self._index, self._clock = records, index, clock

    def find(self, actor: Actor, text: str) -> tuple[Subject, ...]:
        """People and posts by key, handle, name, e-mail, phone, or the address of a page. Raises ForbiddenError."""
        require(actor, "erase")
        wanted = text.strip()
        if not wanted:
            return ()
        found = [*self._posts(actor, wanted), *self._authors(actor, wanted), *self._customers(actor, wanted)]
        if not found and not is_link(wanted) and all(wanted.partition(":")):
            found = [Subject("author", wanted, known=False), Subject("post", wanted, known=False)]
        return tuple(dict.fromkeys(found))[: 3 * AT_MOST]

    def holdings(self, actor: Actor, kind: Kind, key: str) -> Holdings:
        """What is stored of a subject. Raises ForbiddenError, NotFoundError (a customer's id)."""
        require(actor, "erase")
        whole = self._whole(actor.workspace, kind, key)
        with self._records.read() as tx:
            held = erasure.held(tx, actor.workspace, whole.posts, whole.authors, whole.people)
            theirs = sorted(cases.by_ids(tx, actor.workspace, held.case_ids).values(), key=lambda case: -case.number)
            notes = sum(len(desk.notes_of(tx, case.id)) for case in theirs)
            letters = dead_letters.naming(tx, actor.workspace, whole.posts, whole.authors)
            stopped = bool(tombstones.buried(tx, actor.workspace, [key]))
            owner = _owner(tx, actor.workspace, kind, key)
            subject = self._subject(tx, actor.workspace, kind, key, owner)
        imported = sum(one.origin == "import" for one in self._documents(actor.workspace, whole.posts))
        return Holdings(
            subject, len(whole.posts), imported, tuple(map(case_line, theirs)), len(held.reply_ids), notes,
            len(held.identity_ids), len(letters), stopped, owner,
        )  # fmt: skip

    def export(self, actor: Actor, kind: Kind, key: str) -> Iterator[bytes]:
        """Everything stored of a subject as one JSON object, in pieces; that it was given out is in the audit trail.

        Raises ForbiddenError, NotFoundError before the first piece.
        """
        require(actor, "erase")
        require(actor, "export")
        now, whole = self._clock.now(), self._whole(actor.workspace, kind, key)
        with self._records.write() as tx:
            audit.append(tx, actor.workspace, actor.user_id, "disclose", tombstones.opaque(tx, actor.workspace, key),
                         now, kind=kind)  # fmt: skip
        with self._records.read() as tx:
            head = _told(tx, actor.workspace, whole, now)
        return _pieces(head, self._documents(actor.workspace, whole.posts))

    def _whole(self, workspace: str, kind: Kind, key: str) -> _Whole:
        with self._records.read() as tx:
            if kind == "customer":
                customers.get(tx, workspace, key)
            authors = erasure.authors_of(tx, workspace, key) if kind == "customer" else [key] * (kind == "author")
            kept = erasure.kept_by(tx, workspace, authors).keys()
        posts = {*kept, *said_by(self._index, workspace, authors), *([key] if kind == "post" else [])}
        people = (key,) if kind == "customer" else ()
        if kind == "post" and not any(True for _ in self._documents(workspace, posts)):
            posts = set()
        return _Whole(frozenset(posts), tuple(authors), people)

    def _documents(self, workspace: str, keys: Collection[str]) -> Iterator[EnrichedPost]:
        """The posts with these keys from the index, and those that only a case keeps."""
        for some in chunks(keys, PAGE):
            found = {one.post.key: one for one in self._index.get(Scope(workspace, None, private=True), some)}
            with self._records.read() as tx:
                rest = [kept_posts.get(tx, workspace, key) for key in some if key not in found]
            yield from sorted([*found.values(), *filter(None, rest)], key=lambda one: one.post.posted_at)

    def _posts(self, actor: Actor, wanted: str) -> Iterator[Subject]:
        scope = Scope(actor.workspace, None, private=True)
        keys = [wanted]
        if is_link(wanted):
            keys = keys_of(wanted, [one.keys[0] for one in self._index.count(scope, Everything(), ["platform"])])
        for one in self._documents(actor.workspace, keys):
            yield _of_post(one)
            yield _of_author(one.post.author)

    def _authors(self, actor: Actor, wanted: str) -> Iterator[Subject]:
        scope = Scope(actor.workspace, None, private=True)
        who = person_of(wanted) if is_link(wanted) else wanted.removeprefix("@")
        asked = {wanted, who.casefold(), *([f"bluesky:{who}"] if who.startswith("did:") else [])} - {""}
        for one in asked:
            hits = self._index.search(scope, Field("author", ":", one), limit=100).hits
            yield from dict.fromkeys(_of_author(hit.post.author) for hit in hits)
        with self._records.read() as tx:
            for case in cases.named(tx, actor.workspace, wanted, AT_MOST):
                author = kept_posts.newest_author(tx, actor.workspace, [case.author_key])
                if author:
                    yield _of_author(author)

    def _customers(self, actor: Actor, wanted: str) -> Iterator[Subject]:
        with self._records.read() as tx:
            rows = customers.page(tx, actor.workspace, wanted.removeprefix("@"), None, AT_MOST)
            tied = customers.identities_by_author(tx, actor.workspace, [wanted])
            owners = customers.by_ids(tx, actor.workspace, [one.customer_id for one in tied.values()])
        for customer in [*(customer for customer, _ in rows), *owners.values()]:
            yield Subject("customer", customer.id, customer.name)

    def _subject(self, tx: Connection, workspace: str, kind: Kind, key: str, owner: Customer | None) -> Subject:
        if kind == "customer" and owner:
            return Subject("customer", key, owner.name)
        if kind == "post":
            found = next(self._documents(workspace, [key]), None)
            return _of_post(found) if found else Subject("post", key, known=False)
        author = kept_posts.newest_author(tx, workspace, [key]) or self._author(workspace, key)
        return _of_author(author) if author else Subject("author", key, known=False)

    def _author(self, workspace: str, key: str) -> Author | None:
        hits = self._index.search(Scope(workspace, None, private=True), Field("author", ":", key), limit=1).hits
        return hits[0].post.author if hits else None


def _owner(tx: Connection, workspace: str, kind: Kind, key: str) -> Customer | None:
    if kind == "author":
        tie = customers.identities_by_author(tx, workspace, [key]).get(key)
        return customers.get(tx, workspace, tie.customer_id) if tie else None
    return customers.get(tx, workspace, key) if kind == "customer" else None


def _of_post(one: EnrichedPost) -> Subject:
    author = one.post.author
    return Subject("post", one.post.key, author.name, author.handle, one.post.text[:200])


def _of_author(author: Author) -> Subject:
    return Subject("author", author.key, author.name, author.handle)


def _told(tx: Connection, workspace: str, whole: _Whole, now: datetime) -> dict[str, object]:
    """Everything but the posts."""
    held = erasure.held(tx, workspace, whole.posts, whole.authors, whole.people)
    letters = dead_letters.by_ids(tx, dead_letters.naming(tx, workspace, whole.posts, whole.authors))
    return {
        "made_at": now,
        "customers": list(customers.by_ids(tx, workspace, whole.people).values()),
        "identities": erasure.identities_of(tx, held),
        "cases": [_told_case(tx, case) for case in cases.by_ids(tx, workspace, held.case_ids).values()],
        "acts": acts.of_posts(tx, workspace, whole.posts),
        "answers": erasure.answers_of(tx, held),
        "pictures": [one for some in reply_files.of_replies(tx, held.reply_ids).values() for one in some],
        "dead_letters": [
            {"topic": one.topic, "failed_at": one.failed_at, "value": one.value.decode(errors="replace")}
            for one in letters
        ],
    }


def _told_case(tx: Connection, case: Case) -> dict[str, object]:
    return {
        "case": case,
        "tags": tags.of_cases(tx, [case.id]).get(case.id, ()),
        "notes": desk.notes_of(tx, case.id),
        "events": cases.events(tx, case.id),
    }


def _pieces(head: dict[str, object], posts: Iterator[EnrichedPost]) -> Iterator[bytes]:
    yield msgspec.json.encode(head)[:-1] + b',"posts":['
    for at, post in enumerate(posts):
        yield (b"," if at else b"") + msgspec.json.encode(post)
    yield b"]}\n"


def kind_of(text: str) -> Kind:
    """`text` as a kind of subject. Raises NotFoundError where it is none."""
    for kind in KINDS:
        if kind == text:
            return kind
    raise NotFoundError("kind", text)
