"""What other systems hand over to a webhook: who they are is told by a signature, and nothing comes twice."""

from __future__ import annotations

import hmac
import logging
import re
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from hashlib import blake2b, sha256
from threading import Lock
from typing import Literal

from msgspec import Struct

from crm import envelope
from crm.errors import InvalidInputError, PermanentError, RetryableError, StoreError
from crm.policies.access import Actor, require
from crm.ports.clock import Clock
from crm.ports.log import EventLog
from crm.ports.source import Batch, Job, Receiving, Source
from crm.ports.vault import OtherKeyError, Vault
from crm.records import changes, sources
from crm.records import deliveries as records_of
from crm.records.database import Records
from crm.records.deliveries import Refused
from crm.records.sources import SourceRow
from crm.words import COLLECTED, Removed

logger = logging.getLogger(__name__)

LARGEST = 1_000_000
"""Bytes of one message."""
OLDEST_SECONDS = 300
"""How far the time that a message names may be from ours."""
A_MINUTE = 120
"""Messages that a webhook takes in a minute."""
PAUSE_SECONDS = 60.0
WRITE_SECONDS = 10.0
"""How often refusals are written down at most while nobody looks at them."""
LONGEST_ID = 200
SCHEME = "sha256="
_OURS = re.compile(r"[0-9a-z]{26}")
"""How :func:`crm.ids.new_id` writes an id. PostgreSQL refuses others, such as one with NUL, with an error."""

RefusalKind = Literal["unsigned", "old", "signature", "reused", "unusable", "large", "often", "paused", "full", "key"]


class Message(Struct, frozen=True):
    """What came: `stamp` is the sender's seconds since 1970 and `signature` ``sha256=`` with hex digits, as written.

    `delivery` is the sender's id of the message; empty where there is none.
    """

    source: str
    body: bytes
    stamp: str
    signature: str
    delivery: str = ""


class Taken(Struct, frozen=True):
    """What became of a message. One that is `repeated` was taken before, and nothing was done again."""

    posts: int
    rejected: tuple[str, ...] = ()
    repeated: bool = False


class RefusedError(PermanentError):
    """A message that was not taken; `retry_after` is in seconds where it may come again."""

    def __init__(self, kind: RefusalKind, message: str, retry_after: float | None = None) -> None:
        self.kind, self.retry_after = kind, retry_after
        super().__init__(message)


class Deliveries:
    """Takes messages, and tells people what was refused. Safe to share between threads.

    `has_room` says whether the stream takes more; `kinds` are all kinds of sources.
    """

    def __init__(
        self, records: Records, log: EventLog, kinds: Mapping[str, Source], vault: Vault, clock: Clock,
        has_room: Callable[[], bool],
    ) -> None:  # fmt: skip
        self._records, self._log, self._kinds, self._vault, self._clock = records, log, kinds, vault, clock
        self._has_room = has_room
        self._taken, self._refusals = Minute(clock), Refusals(records, clock)
        self._nobody = vault.encrypt("nobody's")

    def take(self, message: Message) -> Taken:
        """Put the posts of a message on the stream; they are there durably when this returns.

        A message that came before, by its id or its signature, is known and does nothing.
        Raises: RefusedError; RetryableError and StoreError where it can't be stored just now.
        """
        row, sealed = self._known(message.source)
        try:
            return self._take(message, row, sealed)
        except RefusedError as error:
            self._refusals.count(row, error.kind)
            raise

    def refuse_size(self, source_id: str) -> RefusedError:
        """What is said of a message that is too large to be read; it is counted."""
        row, _ = self._known(source_id)
        self._refusals.count(row, "large")
        return RefusedError("large", f"This is larger than {LARGEST} bytes; send fewer posts at a time.")

    def refused(self, actor: Actor, source_id: str) -> list[Refused]:
        """How often a webhook refused messages, by kind."""
        require(actor, "read_health")
        self._refusals.write()
        with self._records.read() as tx:
            return records_of.refused(tx, actor.workspace, source_id)

    def _known(self, source_id: str) -> tuple[SourceRow | None, bytes]:
        """The webhook with this id and its sealed secret. What is no id of ours is not even looked for."""
        if _OURS.fullmatch(source_id) is None:
            return None, b""
        with self._records.read() as tx:
            row, sealed = records_of.to(tx, source_id), sources.sealed_of(tx, source_id)
        if row is None or not isinstance(self._kinds.get(row.kind), Receiving):
            return None, b""
        return row, sealed

    def _take(self, message: Message, row: SourceRow | None, sealed: bytes) -> Taken:
        self._judge(message, sealed)
        kind = self._kinds.get(row.kind) if row is not None else None
        if row is None or not isinstance(kind, Receiving):
            raise _unknown()
        if not row.enabled:
            raise RefusedError("paused", "This webhook is paused; send it again later.", PAUSE_SECONDS)
        if not self._taken.allows(row.id):
            raise RefusedError("often", f"More than {A_MINUTE} messages came within a minute; wait.", PAUSE_SECONDS)
        digest = blake2b(message.body, digest_size=32).hexdigest()
        marks = _marks(message)
        with self._records.read() as tx:
            known = records_of.known(tx, row.id, marks)
        if digest in known.values():
            return Taken(0, repeated=True)
        if known:
            raise RefusedError("reused", "Another message came under this delivery id; give each its own.")
        return self._store(row, kind, message, marks, digest)

    def _judge(self, message: Message, sealed: bytes) -> None:
        """Raises: RefusedError where the message was not signed with the secret, or not just now."""
        stamp, signature = message.stamp.strip(), message.signature.strip().lower()
        if not stamp or not signature:
            said = "X-Shenava-Timestamp and X-Shenava-Signature are needed; see the page on webhooks."
            raise RefusedError("unsigned", said)
        # a stranger learns nothing from how long it takes whether there is such a webhook
        try:
            secret = self._vault.decrypt(sealed or self._nobody)
        except OtherKeyError as error:
            logger.warning("The secret of the webhook %s can't be read: %s", message.source, error)
            said = "The secret of this webhook can't be read here just now; send it again later."
            raise RefusedError("key", said, PAUSE_SECONDS) from error
        right = signature_of(secret, stamp, message.body)
        if not hmac.compare_digest(right.encode(), signature.encode()) or not sealed:
            raise _unknown()
        plain = stamp.isascii() and stamp.isdigit() and len(stamp) < 12
        if not plain or abs(self._clock.now().timestamp() - int(stamp)) > OLDEST_SECONDS:
            said = f"The timestamp is more than {OLDEST_SECONDS} seconds from our clock; sign again, or set the clock."
            raise RefusedError("old", said)

    def _store(self, row: SourceRow, kind: Receiving, message: Message, marks: list[str], digest: str) -> Taken:
        if not self._has_room():
            raise RefusedError("full", "Too much waits here already; send it again later.", PAUSE_SECONDS)
        now = self._clock.now()
        try:
            batch = kind.read(Job(row.id, row.options, "", row.workspace), message.body, now)
        except InvalidInputError as error:
            raise RefusedError("unusable", str(error)) from error
        if batch.events:
            self._log.append(COLLECTED, [envelope.record(event) for event in batch.events])
        posts = sum(not isinstance(event, Removed) for event in batch.events)
        # What is stored and not remembered comes again and changes nothing; the other way round it would be lost.
        with self._records.write() as tx:
            if sources.succeeded(tx, row, "", posts, batch.rejected, now):  # else it was removed meanwhile
                records_of.remember(tx, row, marks, digest, now)
                changes.note(tx, row.workspace, "source", row.id, now)
        return Taken(len(batch.events), _told(batch))


class Refusals:
    """Refusals, counted in memory and written down now and then. Safe to share between threads.

    So strangers can't make us write without end, and how long a refusal takes does not tell them which webhooks
    there are: whoever comes when it is time writes for all. A process that is killed forgets the last ten seconds.
    """

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records, self._clock, self._lock = records, clock, Lock()
        self._waiting = dict[tuple[str, RefusalKind], tuple[SourceRow, int, datetime]]()
        self._written = clock.monotonic()

    def count(self, row: SourceRow | None, kind: RefusalKind) -> None:
        """One message more was refused; one for no webhook of ours is not counted."""
        with self._lock:
            if row is not None:
                _, times, _ = self._waiting.get((row.id, kind), (row, 0, None))
                self._waiting[row.id, kind] = row, times + 1, self._clock.now()
            due = self._clock.monotonic() - self._written >= WRITE_SECONDS
        if due:
            self.write()

    def write(self) -> None:
        """Write down what was counted; what the records don't take now is written the next time."""
        with self._lock:
            self._written = self._clock.monotonic()
            with suppress(RetryableError, StoreError):
                if self._waiting:
                    self._write()
                    self._waiting.clear()

    def _write(self) -> None:
        with self._records.write() as tx:
            for (_, kind), (row, times, at) in sorted(self._waiting.items(), key=lambda one: one[0]):
                if sources.get(tx, row.workspace, row.id) is not None:
                    records_of.refuse(tx, row, kind, times, at)
                    changes.note(tx, row.workspace, "source", row.id, at)


class Minute:
    """How often something happened within the last minute. Safe to share between threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._times, self._lock = clock, dict[str, deque[float]](), Lock()

    def allows(self, what: str) -> bool:
        """Whether it may happen once more; then it counts."""
        with self._lock:
            now, times = self._clock.monotonic(), self._times.setdefault(what, deque())
            while times and now - times[0] >= PAUSE_SECONDS:
                times.popleft()
            if len(times) >= A_MINUTE:
                return False
            times.append(now)
        return True


def signature_of(secret: str, stamp: str, body: bytes) -> str:
    """``sha256=`` and the HMAC-SHA256 of ``stamp.body`` under the secret, in hex digits."""
    return SCHEME + hmac.new(secret.encode(), stamp.encode() + b"." + body, sha256).hexdigest()


def _marks(message: Message) -> list[str]:
    """What a message is known by: its sender's id, and its signature, which no other has."""
    marks = [f"s:{message.signature.strip().lower().removeprefix(SCHEME)}"]
    if said := message.delivery.strip()[:LONGEST_ID]:
        marks.append(f"i:{blake2b(said.encode(), digest_size=32).hexdigest()}")
    return marks


def _told(batch: Batch) -> tuple[str, ...]:
    return tuple(f"{one.where}: {one.reason}" for one in batch.rejected[:20])


def _unknown() -> RefusedError:
    # One sentence for each of these, so that strangers learn nothing of which addresses there are.
    return RefusedError(
        "signature", "The address, the secret or the time does not fit: the source's page shows the address and makes "
        "a new secret, and the clock may be five minutes off."
    )  # fmt: skip
