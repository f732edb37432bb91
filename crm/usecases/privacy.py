"""Erasure: a deletion wins in every store, and a signed receipt says what went.

The order matters: the tombstone is committed first, so that whatever is still on its way
is dropped by the sinks, then each store is cleaned. Every step may be repeated; an erasure
that was cut short is finished by asking for it again.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from datetime import datetime

import msgspec
from msgspec import Struct, structs

from crm.errors import InvalidInputError
from crm.policies.access import Actor, require
from crm.ports.clock import Clock
from crm.ports.index import PostIndex, Scope
from crm.ports.log import EventLog
from crm.ports.vault import Vault
from crm.query.tree import Field
from crm.records import audit, changes, dead_letters, erasure, tombstones, workspaces
from crm.records.database import Records
from crm.records.erasure import Found
from crm.usecases import removal

SYSTEM = "system"


class Receipt(Struct, frozen=True):
    """What an erasure removed. `subjects` are keyed hashes, `signature` an HMAC-SHA256 over all else."""

    id: str
    workspace: str
    subjects: tuple[str, ...]
    erased_at: datetime
    posts: int
    cases: int
    identities: int
    stream_events: int
    dead_letters: int
    audit_head: str
    signature: str = ""


class Privacy:
    """Erasing a post, an author or a customer. `actor` None is the command line, which acts on every workspace."""

    def __init__(self, records: Records, index: PostIndex, log: EventLog, vault: Vault, clock: Clock) -> None:
        self._records, self._index, self._log, self._clock = records, index, log, clock
        self._key = vault.key("receipts")

    def erase_post(self, actor: Actor | None, post_key: str) -> list[Receipt]:
        """Erase one post everywhere. Raises ForbiddenError, InvalidInputError."""
        return [self._erase(actor, one, posts=[_checked(post_key)]) for one in self._workspaces(actor)]

    def erase_author(self, actor: Actor | None, author_key: str) -> list[Receipt]:
        """Erase all that an author said and put them on the stop list. Raises ForbiddenError, InvalidInputError."""
        return [self._erase(actor, one, authors=[_checked(author_key)]) for one in self._workspaces(actor)]

    def erase_customer(self, actor: Actor | None, customer_id: str) -> list[Receipt]:
        """Erase a customer with every author that is tied to them."""
        receipts = []
        for workspace in self._workspaces(actor):
            with self._records.read() as tx:
                authors = erasure.authors_of(tx, workspace, customer_id)
            receipts.append(self._erase(actor, workspace, authors=authors, customer=customer_id))
        return receipts

    def verify(self, receipt: Receipt) -> bool:
        """Whether a receipt was made here and not changed."""
        return hmac.compare_digest(receipt.signature, self._sign(receipt))

    def _workspaces(self, actor: Actor | None) -> list[str]:
        if actor is not None:
            require(actor, "erase")
            return [actor.workspace]
        with self._records.read() as tx:
            return [one.id for one in workspaces.every(tx)]

    def _erase(
        self,
        actor: Actor | None,
        workspace: str,
        posts: Collection[str] = (),
        authors: Collection[str] = (),
        customer: str = "",
    ) -> Receipt:
        now, who = self._clock.now(), actor.user_id if actor else SYSTEM
        people = [customer] if customer else []
        with self._records.write() as tx:
            tombstones.bury(tx, workspace, posts, "post", "erased", now)
            tombstones.bury(tx, workspace, authors, "author", "erased", now)
            tombstones.bury(tx, workspace, people, "customer", "erased", now)
            subjects = tuple(tombstones.opaque(tx, workspace, key) for key in [*posts, *authors, *people])
        keys = {*posts, *self._said_by(workspace, authors)}
        with self._records.write() as tx:
            answers = erasure.our_answers(tx, workspace, keys)
            tombstones.bury(tx, workspace, answers, "post", "erased", now)
        keys |= answers
        gone = self._index.delete(workspace, list(keys), list(authors))
        events = self._log.erase({*keys, *(f"{workspace}/{key}" for key in keys)})
        with self._records.write() as tx:
            found = removal.erase(tx, workspace, keys, authors, people, now)
            letters = dead_letters.erase(tx, workspace, keys, authors)
            for subject in subjects:
                audit.append(tx, workspace, who, "erase", subject, now)
            changes.note(tx, workspace, "case", "erased", now)
            head = audit.head(tx)
        return self._receipt(workspace, subjects, now, gone, found, events, letters, head)

    def _said_by(self, workspace: str, authors: Collection[str]) -> set[str]:
        """Keys of everything of these authors that stands in the index or the records."""
        scope, keys = Scope(workspace, None, private=True), set[str]()
        for author in authors:
            cursor: str | None = None
            while True:
                page = self._index.search(scope, Field("author", ":", author), "newest", 1000, cursor)
                keys.update(hit.post.key for hit in page.hits)
                cursor = page.cursor
                if cursor is None:
                    break
        with self._records.read() as tx:
            return keys | erasure.kept_by(tx, workspace, authors).keys()

    def _receipt(
        self, workspace: str, subjects: tuple[str, ...], now: datetime, posts: int, found: Found, events: int,
        letters: int, head: str,
    ) -> Receipt:  # fmt: skip
        plain = Receipt(
            id="-".join(subjects)[:64], workspace=workspace, subjects=subjects, erased_at=now, posts=posts,
            cases=len(found.case_ids), identities=found.identities, stream_events=events, dead_letters=letters,
            audit_head=head,
        )  # fmt: skip
        return structs.replace(plain, signature=self._sign(plain))

    def _sign(self, receipt: Receipt) -> str:
        unsigned = structs.replace(receipt, signature="")
        return hmac.new(self._key, msgspec.json.encode(unsigned), "sha256").hexdigest()


def _checked(key: str) -> str:
    platform, colon, native = key.strip().partition(":")
    if not (platform and colon and native):
        raise InvalidInputError(f"{key!r} is not a key; keys look like bluesky:did:plc:abc.")
    return key.strip()
