"""Sending approved replies, each at most once, by any number of workers.

A parcel is claimed in one transaction (which already says that a send may have left the machine),
sent outside of any, and closed in another. Whoever finds a parcel whose worker died in between looks on
the platform first. What the platform certainly does not show is tried again with the same key
while the platform remembers keys; after that, or when looking fails, a person decides.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct, structs
from sqlalchemy import Connection

from crm.errors import AuthorisationError, NotFoundError, PermanentError, RateLimitedError, RetryableError, StoreError
from crm.policies.replies import LEASE, MAX_ATTEMPTS, may_repeat, retry_delay
from crm.ports.clock import Clock
from crm.ports.responder import (
    CantLookError,
    Responder,
    SendOrder,
    Sent,
    UnknownOutcomeError,
    account_problem,
)
from crm.records import audit, changes, kept_posts, outbox, replies, reply_files, sources
from crm.records.cases import Case
from crm.records.database import Records
from crm.records.outbox import Parcel
from crm.records.replies import Reply
from crm.records.sources import AccountRow
from crm.usecases import casebook, parted
from crm.usecases.tokens import Tokens
from crm.words import Author, EnrichedPost, Label, Post

logger = logging.getLogger(__name__)

SETTLE = timedelta(seconds=30)
"""How long a platform may still be busy with a request whose answer was lost."""
PATIENCE = timedelta(seconds=10)
"""How long a worker waits for a token that somebody else renews: far shorter than its lease on the parcel."""
IN_TIME = LEASE / 2
"""How long after it claimed a parcel a worker may still begin to send; later another could soon do so as well."""

_BY_A_PERSON = Label(None, 1.0, "person", "1")


class NoAccountError(PermanentError):
    """The account that should answer is gone."""

    def __init__(self, platform: str) -> None:
        super().__init__(f"The account on {platform} that should send this is no longer connected; connect it again.")


class GaveUpError(PermanentError):
    """Certainly not sent, and tried often enough."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The reply was not sent after {MAX_ATTEMPTS} attempts. The last one said: {reason}")


class InDoubtError(PermanentError):
    """Nobody can tell whether the platform has the reply."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Whether this reply was sent is not known; look on the platform and decide. {reason}")


class LateError(RetryableError):
    """Too little is left of the lease; nothing was sent."""

    def __init__(self) -> None:
        super().__init__("It took too long until this reply could be sent; it is tried again.")


class _Job(Struct, frozen=True):
    parcel: Parcel
    reply: Reply
    case: Case
    account: AccountRow | None
    claimed: datetime


class Sender:
    """One worker of the outbox. `owner` names it in leases; `chance` gives numbers from 0 to 1 for the back-off."""

    def __init__(
        self, records: Records, responders: Mapping[str, Responder], tokens: Tokens, clock: Clock, owner: str,
        chance: Callable[[], float],
    ) -> None:  # fmt: skip
        self._records, self._responders, self._tokens = records, responders, tokens
        self._clock, self._owner, self._chance = clock, owner, chance

    def step(self, limit: int = 20) -> int:
        """Handle at most `limit` parcels that are due; returns how many. Raises what the records raise."""
        for count in range(limit):
            job = self._claim()
            if job is None:
                return count
            self._handle(job)
        return limit

    def _claim(self) -> _Job | None:
        now = self._clock.now()
        with self._records.read() as tx:  # an idle worker takes no write lock
            if not outbox.is_due(tx, now):
                return None
        with self._records.write() as tx:
            parcel = outbox.claim(tx, self._owner, now, LEASE)
            if parcel is None:
                return None
            reply, case = casebook.take_reply(tx, parcel.workspace, parcel.reply_id)
            reply = replies.change(tx, reply, now, status="sending")
            changes.note(tx, reply.workspace, "reply", reply.case_id, now)
            mine = sources.accounts_of(tx, parcel.workspace)
            return _Job(parcel, reply, case, next((one for one in mine if one.id == reply.account_id), None), now)

    def _handle(self, job: _Job) -> None:
        try:
            sent = self._look_or_send(job)
        except RetryableError as error:
            self._later(job, error)
        except UnknownOutcomeError as error:
            self._later(job, error, in_doubt=True)
        except AuthorisationError as error:
            self._failed(job, error, refused=True)
        except PermanentError as error:
            self._failed(job, error)
        except StoreError:
            raise
        except Exception as error:
            # A library's own error says nothing about what left the machine, and other replies must not wait for it.
            logger.exception("Sending the reply %s failed in a way that no responder may fail.", job.reply.id)
            self._later(job, UnknownOutcomeError(job.case.platform, type(error).__name__), in_doubt=True)
        else:
            self._sent(job, sent)

    def _look_or_send(self, job: _Job) -> Sent:
        if not job.parcel.started:
            responder, order = self._order(job)
            return self._send(job, responder, order)
        try:
            responder, order = self._order(job)
            found = responder.find(order)
        except CantLookError as error:
            if job.parcel.attempts:
                raise InDoubtError(str(error)) from error
            found = None  # a person who looked there approved it again
        except (AuthorisationError, PermanentError) as error:
            raise InDoubtError(str(error)) from error
        if found is not None:
            return found
        if job.parcel.first_attempt is None or not may_repeat(job.parcel.first_attempt, self._clock.now()):
            raise InDoubtError("The platform does not show it, and it is too late to repeat it safely.")
        return self._send(job, responder, order)

    def _send(self, job: _Job, responder: Responder, order: SendOrder) -> Sent:
        """Send, and once more with another token where the platform refused ours, by which nothing was sent."""
        self._check_lease(job)
        try:
            return responder.send(order)
        except AuthorisationError:
            taken, account = job.account, order.account
            other = taken and self._tokens.after_refusal(job.reply.workspace, taken.id, account, PATIENCE)
            if other is None:
                raise
        self._check_lease(job)
        return responder.send(structs.replace(order, account=other))

    def _check_lease(self, job: _Job) -> None:
        if self._clock.now() >= job.claimed + IN_TIME:
            raise LateError

    def _order(self, job: _Job) -> tuple[Responder, SendOrder]:
        account, responder = job.account, self._responders.get(job.case.platform)
        if account is None or responder is None:
            raise NoAccountError(job.case.platform)
        signed_in = self._tokens.fresh(job.reply.workspace, account.id, PATIENCE)
        with self._records.read() as tx:
            asked = kept_posts.get(tx, job.reply.workspace, job.reply.answer_to)
            media = reply_files.attachments(tx, job.reply.id)
        return responder, SendOrder(
            job.parcel.key, signed_in, job.reply.way, job.reply.text, job.reply.answer_to,
            asked.post.url if asked else "", job.parcel.created_at, job.reply.language,
            media,
        )  # fmt: skip

    def _later(self, job: _Job, error: RetryableError | UnknownOutcomeError, *, in_doubt: bool = False) -> None:
        doubtful = in_doubt or job.parcel.started
        if job.parcel.attempts + 1 >= MAX_ATTEMPTS and not isinstance(error, RateLimitedError):
            self._failed(job, InDoubtError(str(error)) if doubtful else GaveUpError(str(error)))
            return
        now = self._clock.now()
        delay = retry_delay(job.parcel.attempts + 1, self._chance())
        if isinstance(error, RateLimitedError) and error.retry_after is not None:
            delay = timedelta(seconds=error.retry_after)
        if in_doubt:
            delay = max(delay, SETTLE)
        with self._records.write() as tx:
            reply, _ = self._taken(tx, job)
            if reply is None or not outbox.put_back(tx, job.parcel, now + delay, started=doubtful):
                return
            # A reply in doubt stays "sending": calling it back would pretend that it never left.
            status = "sending" if doubtful else "approved"
            self._step(tx, reply, now, status=status, error=str(error), error_kind=type(error).__name__)

    def _failed(self, job: _Job, error: AuthorisationError | PermanentError, *, refused: bool = False) -> None:
        now = self._clock.now()
        status = "unknown" if isinstance(error, InDoubtError) else "failed"
        with self._records.write() as tx:
            reply, _ = self._taken(tx, job)
            if reply is None or not outbox.give_up(tx, job.parcel, now):
                return
            self._step(tx, reply, now, status=status, error=str(error), error_kind=type(error).__name__)
            audit.append(tx, job.reply.workspace, casebook.SYSTEM, f"reply_{status}", job.reply.id, now,
                         case=job.case.id, error=str(error))  # fmt: skip
            if refused and job.account is not None:
                sources.change_account(tx, job.account.id, state="failed", error=account_problem(error), checked_at=now)
                changes.note(tx, job.reply.workspace, "health", job.account.id, now)

    def _sent(self, job: _Job, sent: Sent) -> None:
        now = self._clock.now()
        with self._records.write() as tx:
            reply, case = self._taken(tx, job)
            if reply is None or case is None or not outbox.finish(tx, job.parcel.key, now):
                return
            self._step(tx, reply, now, status="sent", native_id=sent.native_id, url=sent.url,
                       sent_at=sent.sent_at, error=None, error_kind=None)  # fmt: skip
            audit.append(tx, job.reply.workspace, casebook.SYSTEM, "reply_sent", job.reply.id, now,
                         case=job.case.id, native_id=sent.native_id)  # fmt: skip
            if parted.leads(tx, reply):
                casebook.answered(tx, case, casebook.SYSTEM, sent.sent_at, now)
            if job.account is not None:
                kept_posts.keep(tx, [(_own_post(case, job.reply, job.account, sent), case.thread_key)])
            parted.go_on(tx, reply, f"{case.platform}:{sent.native_id}", now)

    def _taken(self, tx: Connection, job: _Job) -> tuple[Reply, Case] | tuple[None, None]:
        """The reply and its case (which may be another by now), held; nothing where they were erased meanwhile."""
        try:
            return casebook.take_reply(tx, job.reply.workspace, job.reply.id)
        except NotFoundError:
            return None, None

    def _step(self, tx: Connection, reply: Reply, now: datetime, **fields: object) -> None:
        replies.change(tx, reply, now, **fields)
        changes.note(tx, reply.workspace, "reply", reply.case_id, now)


def _own_post(case: Case, reply: Reply, account: AccountRow, sent: Sent) -> EnrichedPost:
    """Our answer as a post of the thread, until the collector brings the platform's own version of it."""
    author = Author(account.platform, account.native_id, account.handle, account.handle)
    post = Post(
        account.platform, sent.native_id, author, reply.text, sent.sent_at, url=sent.url, parent_key=reply.answer_to,
        private=reply.way == "dm",
    )  # fmt: skip
    return EnrichedPost(
        case.workspace, post, "", Label(reply.language or None, 1.0, "person", "1"), _BY_A_PERSON, _BY_A_PERSON, 0,
        case.thread_key, origin="own", own=True,
    )  # fmt: skip
