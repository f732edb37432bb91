"""One owner of a token: whoever needs an account's secret gets it here, and one at a time renews it.

A refresh token is often worth nothing once it was spent, so two processes must never spend the same one. The network
must not be waited for within a transaction, which on SQLite would hold up every writer. So who renews writes a lease
into the account's row, asks the platform, and stores the answer only in place of the secret that was spent; everybody
else waits for that. A lease is longer than the question may take, and ends by itself when its owner dies.

What remains: a process that dies, or a connection that breaks, after the platform has spent the refresh token and
before its answer is stored. Where the platform gives a new refresh token each time, that answer can't be had again.
The old token is then tried once more; the platform refuses it, and the account asks to be connected again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import Connection

from crm.errors import AuthorisationError, NotFoundError, RetryableError, ShenavaError
from crm.policies import tokens
from crm.ports.clock import Clock
from crm.ports.responder import Account, AccountCheck, Responder, TokenEndedError
from crm.ports.signin import SignIn, SignInRefusedError
from crm.ports.vault import Vault
from crm.records import changes, sources
from crm.records.database import Records
from crm.records.sources import AccountRow, SourceRow

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
"""Longer than an adapter may take to ask for a token."""
LOOK_SECONDS = 0.2
PATIENCE = 2 * LEASE
AT_A_PAGE = timedelta(seconds=5)
"""The patience of somebody who waits at a page."""
_Needs = Callable[[Account], bool]
EXPIRED, LOST = "expired", "no_refresh"
"""What is wrong with an account whose token has ended: nothing could renew it, or the platform would not."""


class BusyTokenError(RetryableError):
    """Somebody else renews the token, and takes too long."""

    def __init__(self, account: Account) -> None:
        super().__init__(f"The token of the {account.platform} account {account.handle} is being renewed.")


class _Taken(Struct, frozen=True):
    """A lease on an account, with the secret as it is stored."""

    workspace: str
    row: AccountRow
    account: Account
    sealed: bytes
    until: datetime


class Tokens:
    """The secrets of our accounts, ready to be used. Safe to share between threads and processes."""

    def __init__(self, records: Records, vault: Vault, clock: Clock, sign_ins: Mapping[str, SignIn]) -> None:
        self._records, self._vault, self._clock, self._sign_ins = records, vault, clock, sign_ins

    def seal(self, secret: str) -> bytes:
        """A secret as the records keep it."""
        return self._vault.encrypt(secret)

    def unseal(self, sealed: bytes) -> str:
        """What :meth:`seal` made unreadable. Raises OtherKeyError."""
        return self._vault.decrypt(sealed)

    def fresh(self, workspace: str, account_id: str, patience: timedelta = PATIENCE) -> Account:
        """The account with a token that lives for another minute at least, as far as is known.

        `patience` is how long it waits for somebody else who renews the token.
        Raises: NotFoundError; OtherKeyError; TokenEndedError, of an account that is marked as failed then;
        RetryableError where the platform can't be asked now.
        """
        account = self._stored(workspace, account_id)
        if not self._is_due(account):
            return account
        return self._renewed(workspace, account_id, self._is_due, patience)

    def read_with(self, source: SourceRow, account_id: str, patience: timedelta = PATIENCE) -> Account:
        """The account that a source reads with. Raises AuthorisationError where it is gone, and as :meth:`fresh`."""
        try:
            return self.fresh(source.workspace, account_id, patience)
        except NotFoundError as error:
            said = f"The account that {source.name} reads with is not connected any more; connect it."
            raise AuthorisationError(said) from error

    def after_refusal(
        self, workspace: str, account_id: str, refused: Account, patience: timedelta = PATIENCE
    ) -> Account | None:
        """The account with another token than the one that its platform refused; None where none can be had.

        Raises: RetryableError where the platform can't be asked now.
        """
        try:
            account = self._stored(workspace, account_id)
            if account.secret != refused.secret:
                return account
            if not self._can_renew(account):
                return None
            return self._renewed(workspace, account_id, lambda found: found.secret == refused.secret, patience)
        except (AuthorisationError, NotFoundError):
            return None

    def checked(self, row: AccountRow, responder: Responder, patience: timedelta = PATIENCE) -> AccountCheck:
        """What the platform says of an account, asked once more with another token where it refused the first.

        Raises what :meth:`fresh` and :meth:`after_refusal` raise.
        """
        account = self.fresh(row.workspace, row.id, patience)
        found = responder.check(account)
        if found.ok or found.problem != "refused":
            return found
        other = self.after_refusal(row.workspace, row.id, account, patience)
        return found if other is None else responder.check(other)

    def note_ended(self) -> None:
        """Mark the accounts whose token has ended and can't be renewed, so that none is called connected."""
        with self._records.read() as tx:
            known = [(row, sources.secret_of(tx, row.id)) for row in sources.every_account(tx)]
        for row, sealed in known:
            try:
                over = row.state == "connected" and tokens.read(self._vault.decrypt(sealed)).is_over(self._clock.now())
            except AuthorisationError:
                continue  # encrypted with another key, which a check tells
            if over:
                self._fail(row, sealed, EXPIRED)

    def _stored(self, workspace: str, account_id: str) -> Account:
        with self._records.read() as tx:
            row = next((one for one in sources.accounts_of(tx, workspace) if one.id == account_id), None)
            sealed = sources.secret_of(tx, account_id)
        if row is None:
            raise NotFoundError("account", account_id)
        return self._open(row, sealed)

    def _open(self, row: AccountRow, sealed: bytes) -> Account:
        return Account(row.platform, row.handle, row.base_url, self._vault.decrypt(sealed))

    def _is_due(self, account: Account) -> bool:
        return tokens.read(account.secret).is_due(self._clock.now())

    def _can_renew(self, account: Account) -> bool:
        return account.platform in self._sign_ins and tokens.read(account.secret).renewable

    def _renewed(self, workspace: str, account_id: str, needs: _Needs, patience: timedelta) -> Account:
        """Renew the token while it `needs` it, or wait for whoever does."""
        give_up = self._clock.now() + patience
        while True:
            found = self._take(workspace, account_id, needs)
            if isinstance(found, Account):
                return found
            if isinstance(found, _Taken):
                return self._ask(found)
            if self._clock.now() >= give_up:
                raise BusyTokenError(self._stored(workspace, account_id))
            self._wait(workspace, account_id, needs, give_up)

    def _wait(self, workspace: str, account_id: str, needs: _Needs, give_up: datetime) -> None:
        """Until the lease may be had, or is not needed. Only looks, since writers hold each other up."""
        while True:
            self._clock.sleep(LOOK_SECONDS)
            with self._records.read() as tx:
                found = sources.look_at_account(tx, workspace, account_id)
            now = self._clock.now()
            if now >= give_up or found is None or found[2] is None or found[2] <= now:
                return
            if not needs(self._open(found[0], found[1])):
                return

    def _take(self, workspace: str, account_id: str, needs: _Needs) -> Account | _Taken | None:
        """The account where it needs nothing, a lease where it does, None while somebody else has one."""
        now = self._clock.now()
        with self._records.write() as tx:
            found = sources.hold_account(tx, workspace, account_id)
            if found is None:
                raise NotFoundError("account", account_id)
            row, sealed, until = found
            account = self._open(row, sealed)
            if not needs(account):
                return account
            if not self._can_renew(account):
                over = tokens.read(account.secret).is_over(now)
                if not over:
                    return account  # it works for some seconds yet
                self._mark(tx, row, EXPIRED)
            elif until is not None and until > now:
                return None
            else:
                sources.change_account(tx, row.id, renewing_until=now + LEASE)
                return _Taken(workspace, row, account, sealed, now + LEASE)
        raise TokenEndedError(account, EXPIRED)

    def _ask(self, taken: _Taken) -> Account:
        try:
            secret = self._sign_ins[taken.row.platform].refresh(taken.account)
        except SignInRefusedError as error:
            self._fail(taken.row, taken.sealed, LOST)
            raise TokenEndedError(taken.account, LOST) from error
        except ShenavaError:
            self._release(taken)
            raise
        return self._store(taken, secret)

    def _store(self, taken: _Taken, secret: str) -> Account:
        """Keep the new secret in place of the one that was spent; a person may have connected the account anew."""
        now = self._clock.now()
        with self._records.write() as tx:
            found = sources.hold_account(tx, taken.workspace, taken.row.id)
            if found is None:
                raise NotFoundError("account", taken.row.id)
            row, sealed, _ = found
            if sealed != taken.sealed:
                return self._open(row, sealed)
            mended = {"state": "connected", "error": None} if row.error in (EXPIRED, LOST) else {}
            sources.change_account(
                tx, row.id, secret=self.seal(secret), renewing_until=None, checked_at=now, **mended
            )  # fmt: skip
            changes.note(tx, taken.workspace, "source", row.id, now)
        logger.info("The token of the %s account %s was renewed.", row.platform, row.id)
        return Account(row.platform, row.handle, row.base_url, secret)

    def _release(self, taken: _Taken) -> None:
        with self._records.write() as tx:
            found = sources.hold_account(tx, taken.workspace, taken.row.id)
            if found is not None and found[2] == taken.until:
                sources.change_account(tx, taken.row.id, renewing_until=None)

    def _fail(self, row: AccountRow, sealed: bytes, problem: str) -> None:
        with self._records.write() as tx:
            found = sources.hold_account(tx, row.workspace, row.id)
            if found is not None and found[1] == sealed:
                self._mark(tx, row, problem)

    def _mark(self, tx: Connection, row: AccountRow, problem: str) -> None:
        now = self._clock.now()
        sources.change_account(tx, row.id, state="failed", error=problem, checked_at=now, renewing_until=None)
        changes.note(tx, row.workspace, "source", row.id, now)
