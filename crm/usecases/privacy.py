"""Erasure: a deletion wins in every store, and a signed receipt says what went.

The order matters: the tombstone is committed first, so that whatever is still on its way
is dropped by the sinks, then each store is cleaned. Every step may be repeated; an erasure
that was cut short is finished by asking for it again.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct, structs
from sqlalchemy import Connection

from crm.errors import InvalidInputError
from crm.policies.access import Actor, require
from crm.ports.clock import Clock
from crm.ports.index import PostIndex, Scope
from crm.ports.log import EventLog
from crm.ports.vault import Vault
from crm.query.tree import Field
from crm.records import audit, changes, dead_letters, erasure, receipts, scrubbing, tombstones, users, workspaces
from crm.records.database import Records
from crm.records.erasure import Found
from crm.records.receipts import STEPS
from crm.records.tombstones import Stopped
from crm.usecases import removal

SYSTEM = "system"
PAGE = 50


class Receipt(Struct, frozen=True, omit_defaults=True):
    """What an erasure removed. `subjects` are keyed hashes, `signature` an HMAC-SHA256 over all else.

    `stream_until` is when the stream's own retention has removed the last of it; None where it went at once.
    """

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
    stream_until: datetime | None = None


class NoReceiptError(InvalidInputError):
    """A file that was said to be a receipt and is none."""

    def __init__(self, reason: object) -> None:
        super().__init__(f"The file holds no receipt of an erasure ({reason}); choose the one you kept.")


class Kept(Struct, frozen=True):
    """How long what was erased lives on out of reach: `backups_days` in back-ups; `index_months` (0: for ever) is
    how long posts are searched, `stream_hours` how long events stay on the stream (None: until they were handled).
    """

    backups_days: int = 30
    index_months: int = 0
    stream_hours: float | None = None


class Erased(Struct, frozen=True):
    """One erasure of the list: who asked, how many of `steps` are done, its receipt once all are."""

    id: str
    by: str
    at: datetime
    step: int
    steps: int
    receipt: Receipt | None


class ErasedPage(Struct, frozen=True):
    """A page of erasures, newest first; `before` is the cursor of the next one."""

    rows: tuple[Erased, ...]
    before: str | None


class PrivacyState(Struct, frozen=True):
    """How long things are kept, and who must not come back."""

    kept: Kept
    stopped: tuple[Stopped, ...]


class _Wanted(Struct, frozen=True):
    """What goes: keys of posts and authors, ids of customers."""

    posts: Collection[str]
    authors: Collection[str]
    people: Collection[str]


class Privacy:
    """Erasing posts, authors and customers. `actor` None is the command line, which acts on every workspace."""

    def __init__(
        self, records: Records, index: PostIndex, log: EventLog, vault: Vault, clock: Clock, kept: Kept | None = None
    ) -> None:
        self._records, self._index, self._log, self._clock = records, index, log, clock
        self._key = vault.key("receipts")
        hours = log.retention.total_seconds() / 3600 if log.retention else None
        self._kept = structs.replace(kept or Kept(), stream_hours=hours)

    def erase_post(self, actor: Actor | None, post_key: str) -> list[Receipt]:
        """Erase one post everywhere. Raises ForbiddenError, InvalidInputError."""
        return self.erase(actor, posts=[post_key])

    def erase_author(self, actor: Actor | None, author_key: str) -> list[Receipt]:
        """Erase all that an author said and put them on the stop list. Raises ForbiddenError, InvalidInputError."""
        return self.erase(actor, authors=[author_key])

    def erase_customer(self, actor: Actor | None, customer_id: str) -> list[Receipt]:
        """Erase a customer with every author that is tied to them."""
        return self.erase(actor, customers=[customer_id])

    def erase(
        self, actor: Actor | None, posts: Sequence[str] = (), authors: Sequence[str] = (), customers: Sequence[str] = ()
    ) -> list[Receipt]:
        """Erase all of these together; one receipt for each workspace.

        Raises: ForbiddenError, InvalidInputError (no key, or nothing named), RetryableError (then ask again).
        """
        posts, authors = [_checked(key) for key in posts], [_checked(key) for key in authors]
        customers = [one for key in customers if (one := key.strip())]
        if not (posts or authors or customers):
            raise InvalidInputError("Nothing was named; give the key of a post or an author, or the id of a customer.")
        made = []
        for workspace in self._workspaces(actor):
            with self._records.read() as tx:
                tied = [key for one in customers for key in erasure.authors_of(tx, workspace, one)]
            wanted = _Wanted(posts, list(dict.fromkeys([*authors, *tied])), customers)
            made.append(self._erase(actor, workspace, wanted))
        return made

    def erased(self, actor: Actor, before: str | None = None) -> ErasedPage:
        """Past erasures and those that go on now."""
        require(actor, "erase")
        with self._records.read() as tx:
            rows = receipts.page(tx, actor.workspace, before, PAGE)
            people = {user.id: user.name for user in users.of_workspace(tx, actor.workspace)}
        shown = tuple(_shown(row, people) for row in rows)
        return ErasedPage(shown, rows[-1].id if len(rows) == PAGE else None)

    def receipt(self, actor: Actor, erasure_id: str) -> Receipt:
        """The receipt of a finished erasure. Raises NotFoundError, InvalidInputError (it is not finished)."""
        require(actor, "erase")
        with self._records.read() as tx:
            found = _shown(receipts.get(tx, actor.workspace, erasure_id), {}).receipt
        if found is None:
            raise InvalidInputError("This erasure was cut short, so it has no receipt; erase the same again.")
        return found

    def state(self, actor: Actor) -> PrivacyState:
        """Retention and the stop list."""
        require(actor, "erase")
        with self._records.read() as tx:
            return PrivacyState(self._kept, tuple(tombstones.counted(tx, actor.workspace, self._clock.now())))

    def verify(self, receipt: Receipt) -> bool:
        """Whether a receipt was made here and not changed."""
        return hmac.compare_digest(receipt.signature, self._sign(receipt))

    def _workspaces(self, actor: Actor | None) -> list[str]:
        if actor is not None:
            require(actor, "erase")
            return [actor.workspace]
        with self._records.read() as tx:
            return [one.id for one in workspaces.every(tx)]

    def _erase(self, actor: Actor | None, workspace: str, wanted: _Wanted) -> Receipt:
        now, who = self._clock.now(), actor.user_id if actor else SYSTEM
        with self._records.write() as tx:
            subjects = _bury(tx, workspace, wanted, now)
            made = receipts.begin(tx, workspace, who, now)
        keys = self._keys(workspace, wanted, now)
        posts = self._index.delete(workspace, list(keys), list(wanted.authors))
        self._done(made, "index")
        events = self._log.erase({*keys, *(f"{workspace}/{key}" for key in keys)})
        self._done(made, "stream")
        with self._records.write() as tx:
            found = removal.erase(tx, workspace, keys, wanted.authors, wanted.people, now)
            letters = dead_letters.erase(tx, workspace, keys, wanted.authors)
            for subject in subjects:
                audit.append(tx, workspace, who, "erase", subject, now)
            changes.note(tx, workspace, "case", "erased", now)
            receipt = self._receipt(made, workspace, subjects, now, posts, found, events, letters, audit.head(tx))
            receipts.keep(tx, made, msgspec.json.encode(receipt).decode())
            receipts.advance(tx, made, "records")
        scrubbing.scrub(self._records)
        self._done(made, "files")
        return receipt

    def _keys(self, workspace: str, wanted: _Wanted, now: datetime) -> set[str]:
        """Keys of every post that goes: those named, what the authors said, and what we answered to any of it."""
        keys = {*wanted.posts, *said_by(self._index, workspace, wanted.authors)}
        with self._records.write() as tx:
            keys |= erasure.kept_by(tx, workspace, wanted.authors).keys()
            answers = erasure.our_answers(tx, workspace, keys)
            tombstones.bury(tx, workspace, answers, "post", "erased", now)
        return keys | answers

    def _done(self, erasure_id: str, step: str) -> None:
        with self._records.write() as tx:
            receipts.advance(tx, erasure_id, step)

    def _receipt(
        self, id: str, workspace: str, subjects: tuple[str, ...], now: datetime, posts: int, found: Found,
        events: int, letters: int, head: str,
    ) -> Receipt:  # fmt: skip
        until = now + self._log.retention if self._log.retention else None
        plain = Receipt(
            id=id, workspace=workspace, subjects=subjects, erased_at=_whole(now), posts=posts,
            cases=len(found.case_ids), identities=found.identities, stream_events=events, dead_letters=letters,
            audit_head=head, stream_until=_whole(until) if until else None,
        )  # fmt: skip
        return structs.replace(plain, signature=self._sign(plain))

    def _sign(self, receipt: Receipt) -> str:
        unsigned = structs.replace(receipt, signature="")
        return hmac.new(self._key, msgspec.json.encode(unsigned), "sha256").hexdigest()


def read_receipts(text: bytes) -> list[Receipt]:
    """The receipts of a file: one, a list, or one on each line. Raises InvalidInputError."""
    found: Receipt | list[Receipt]
    try:
        try:
            found = msgspec.json.decode(text, type=Receipt | list[Receipt])
        except msgspec.DecodeError:
            found = msgspec.json.Decoder(Receipt).decode_lines(text)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NoReceiptError(error) from error
    if not found:
        raise NoReceiptError("it is empty")
    return found if isinstance(found, list) else [found]


def said_by(index: PostIndex, workspace: str, authors: Collection[str]) -> set[str]:
    """Keys of everything of these authors that stands in the index."""
    scope, keys = Scope(workspace, None, private=True), set[str]()
    for author in authors:
        cursor: str | None = None
        while True:
            page = index.search(scope, Field("author", ":", author), "newest", 1000, cursor)
            keys.update(hit.post.key for hit in page.hits)
            cursor = page.cursor
            if cursor is None:
                break
    return keys


def _bury(tx: Connection, workspace: str, wanted: _Wanted, now: datetime) -> tuple[str, ...]:
    """Put everything on the stop list; returns the keyed hashes that name it in the trail and the receipt."""
    tombstones.bury(tx, workspace, wanted.posts, "post", "erased", now)
    tombstones.bury(tx, workspace, wanted.authors, "author", "erased", now)
    tombstones.bury(tx, workspace, wanted.people, "customer", "erased", now)
    every = [*wanted.posts, *wanted.authors, *wanted.people]
    return tuple(tombstones.opaque(tx, workspace, key) for key in every)


def _shown(row: receipts.Erasure, people: dict[str, str]) -> Erased:
    receipt = msgspec.json.decode(row.receipt, type=Receipt) if row.receipt and row.finished else None
    return Erased(row.id, people.get(row.actor, ""), row.at, row.step, len(STEPS), receipt)


def _whole(moment: datetime) -> datetime:
    """Without microseconds: a receipt is read and signed again wherever it was kept."""
    return moment - timedelta(microseconds=moment.microsecond)


def _checked(key: str) -> str:
    platform, colon, native = key.strip().partition(":")
    if not (platform and colon and native):
        raise InvalidInputError(f"{key!r} is not a key; keys look like bluesky:did:plc:abc.")
    return key.strip()
