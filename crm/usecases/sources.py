"""Setting up what is collected, and our own accounts that answer."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from msgspec import Struct, structs
from sqlalchemy import Connection

from crm.errors import AuthorisationError, InvalidInputError, NotFoundError, ShenavaError
from crm.ids import new_id
from crm.policies.access import Actor, require
from crm.policies.tokens import access_token, read
from crm.ports.clock import Clock
from crm.ports.responder import Account, Responder, account_problem
from crm.ports.source import Job, Preview, Previewing, Problem, Receiving, Rejected, Source, account_option
from crm.ports.transport import Transport
from crm.records import audit, changes, sources, workspaces
from crm.records.database import Records
from crm.records.sources import AccountRow, SourceRow
from crm.usecases.tokens import AT_A_PAGE, EXPIRED, Tokens

FILE = "file"
"""The kind of source that reads a file which somebody handed over."""


UNREACHABLE = "unreachable"
"""What a check says where the platform did not answer."""


class Added(Struct, frozen=True):
    """A source that was set up; `secret` is the one made for it, to be shown this once, or empty."""

    source: SourceRow
    secret: str = ""


class HandedFile(Struct, frozen=True):
    """A file that somebody handed over: where it is kept, what they call it, and the other options of its kind."""

    path: Path
    name: str
    options: Mapping[str, str] = {}


class SourceProblemsError(InvalidInputError):
    """Options of a source can't be used; `problems` names each."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__(" ".join(problem.message for problem in problems))


class AccountRefusedError(AuthorisationError):
    """A platform does not let us use an account; `problem` is a code of :class:`AccountCheck`."""

    def __init__(self, platform: str, problem: str) -> None:
        self.platform, self.problem = platform, problem or "refused"
        super().__init__(f"{platform} does not let us use this account: {self.problem.replace('_', ' ')}.")


_USER = re.compile(r"\w+://[^/?#]*@")


class Sources:
    """Sources and accounts of a workspace."""

    def __init__(
        self,
        records: Records,
        kinds: Mapping[str, Source],
        responders: Mapping[str, Responder],
        tokens: Tokens,
        clock: Clock,
        transport: Transport | None = None,
    ) -> None:
        self.kinds, self._responders, self._transport = kinds, responders, transport
        self._records, self._tokens, self._clock = records, tokens, clock

    @property
    def answering(self) -> Collection[str]:
        """The platforms of which an account of ours can be connected."""
        return self._responders.keys()

    def all(self, actor: Actor) -> list[SourceRow]:
        """Every source with its health, oldest first."""
        require(actor, "read_health")
        with self._records.read() as tx:
            return sources.of_workspace(tx, actor.workspace)

    def rejected(self, actor: Actor, source_id: str) -> list[Rejected]:
        """The newest rows of a source that could not be used, with where they stood and why."""
        require(actor, "read_health")
        with self._records.read() as tx:
            return sources.rejected_of(tx, actor.workspace, source_id)

    def check(self, kind: str, options: Mapping[str, str]) -> list[Problem]:
        """What is wrong with these options.

        Raises NotFoundError for an unknown kind, InvalidInputError for one that reads a file.
        """
        source = self._kind(kind)
        # A path would let whoever writes the options read any file of the machine.
        if any(option.kind == "file" for option in source.options):
            raise InvalidInputError("A file is handed over (POST /api/v1/imports), not named by its path.")
        return [*_names_in_addresses(source, options), *source.check(options)]

    def check_file(self, file: HandedFile) -> list[Problem]:
        """What is wrong with a file that was handed over, or with its options."""
        return self._kind(FILE).check(_options(file))

    def add(self, actor: Actor, kind: str, name: str, options: Mapping[str, str]) -> SourceRow:
        """Set up a source; the collectors start it within seconds.

        Raises SourceProblemsError, and what :meth:`check` raises.
        """
        return self.add_with_secret(actor, kind, name, options).source

    def add_with_secret(self, actor: Actor, kind: str, name: str, options: Mapping[str, str]) -> Added:
        """The same, with the secret that others sign with where the source is one that is handed its posts."""
        require(actor, "edit_sources")
        if problems := self.check(kind, options) or self._strange_account(actor, kind, options):
            raise SourceProblemsError(problems)
        open_, typed = self._parted(kind, options)
        made = f"whsec_{secrets.token_urlsafe(32)}" if isinstance(self.kinds[kind], Receiving) else ""
        return Added(self._put(actor, kind, name, open_, typed or made), made)

    def new_secret(self, actor: Actor, source_id: str) -> str:
        """Another secret for a source that is handed its posts; the old one counts no more. Raises NotFoundError."""
        require(actor, "edit_sources")
        now, made = self._clock.now(), f"whsec_{secrets.token_urlsafe(32)}"
        with self._records.write() as tx:
            row = sources.get(tx, actor.workspace, source_id)
            if row is None or not isinstance(self.kinds.get(row.kind), Receiving):
                raise NotFoundError("webhook", source_id)
            sources.put_sealed(tx, row, self._tokens.seal(made))
            audit.append(tx, actor.workspace, actor.user_id, "new_source_secret", source_id, now, name=row.name)
        return made

    def preview(self, actor: Actor, kind: str, options: Mapping[str, str]) -> Preview:
        """What a source would bring, of which nothing is kept.

        Raises SourceProblemsError, NotFoundError for a kind that can't show it, what the source raises.
        """
        require(actor, "edit_sources")
        if problems := self.check(kind, options):
            raise SourceProblemsError(problems)
        source = self._kind(kind)
        if not isinstance(source, Previewing) or self._transport is None:
            raise NotFoundError("preview of", kind)
        open_, typed = self._parted(kind, options)
        return source.preview(Job("", open_, "", actor.workspace, secret=typed), self._transport, self._clock)

    def _strange_account(self, actor: Actor, kind: str, options: Mapping[str, str]) -> list[Problem]:
        """What is wrong where a source would read with an account that is none of the workspace's."""
        name = account_option(self._kind(kind))
        if name is None or not options.get(name, "").strip():
            return []
        with self._records.read() as tx:
            if any(one.id == options[name].strip() for one in sources.accounts_of(tx, actor.workspace)):
                return []
        return [Problem(name, "account", "Choose one of your connected accounts; connect it in Settings first.")]

    def _parted(self, kind: str, options: Mapping[str, str]) -> tuple[dict[str, str], str]:
        """Options that may lie open, and what was typed as a secret."""
        hidden = {option.name for option in self._kind(kind).options if option.kind == "secret"}
        typed = next((options[name].strip() for name in hidden if options.get(name, "").strip()), "")
        return {name: value for name, value in options.items() if name not in hidden}, typed

    def import_file(self, actor: Actor, file: HandedFile) -> SourceRow:
        """Set up the reading of a file that this installation keeps, never one named from outside.

        Raises SourceProblemsError.
        """
        require(actor, "import")
        if problems := self.check_file(file):
            raise SourceProblemsError(problems)
        return self._put(actor, FILE, file.name, _options(file))

    def _put(self, actor: Actor, kind: str, name: str, options: Mapping[str, str], secret: str = "") -> SourceRow:
        now = self._clock.now()
        state = self._first_state(kind)
        row = SourceRow(new_id(now), actor.workspace, kind, name.strip() or kind, dict(options), now, state=state)
        with self._records.write() as tx:
            sources.put(tx, row)
            if secret:
                sources.put_sealed(tx, row, self._tokens.seal(secret))
            audit.append(tx, actor.workspace, actor.user_id, "add_source", row.id, now, kind=kind)
            changes.note(tx, actor.workspace, "source", row.id, now)
        return row

    def set_enabled(self, actor: Actor, source_id: str, enabled: bool) -> None:
        """Pause a source, or let it run (again, after a failure). Raises NotFoundError."""
        require(actor, "edit_sources")
        now = self._clock.now()
        with self._records.write() as tx:
            row = sources.get(tx, actor.workspace, source_id)
            if row is None:
                raise NotFoundError("source", source_id)
            state = self._first_state(row.kind) if enabled else "stopped"
            sources.change(tx, source_id, enabled=enabled, state=state, error=None, error_kind=None, retry_at=None)
            audit.append(tx, actor.workspace, actor.user_id, "set_source", source_id, now, enabled=enabled)
            changes.note(tx, actor.workspace, "source", source_id, now)

    def remove(self, actor: Actor, source_id: str) -> None:
        """Forget a source; its posts stay. Raises NotFoundError."""
        require(actor, "edit_sources")
        now = self._clock.now()
        with self._records.write() as tx:
            old = sources.get(tx, actor.workspace, source_id)
            if old is None:
                raise NotFoundError("source", source_id)
            sources.remove(tx, actor.workspace, source_id)
            audit.append(tx, actor.workspace, actor.user_id, "remove_source", source_id, now, name=old.name)
            changes.note(tx, actor.workspace, "source", source_id, now)

    def accounts(self, actor: Actor) -> list[AccountRow]:
        """Our own accounts, without their secrets."""
        require(actor, "read_health")
        with self._records.read() as tx:
            return sources.accounts_of(tx, actor.workspace)

    def connect(self, actor: Actor, platform: str, base_url: str, handle: str, secret: str) -> AccountRow:
        """Check a credential on its platform and keep it encrypted.

        Nothing is kept unless the platform accepts it. Raises: AccountRefusedError, InvalidInputError, RetryableError.
        """
        require(actor, "edit_sources")
        responder = self._responders.get(platform)
        if responder is None:
            raise NotFoundError("platform to answer on", platform)
        if not access_token(secret):
            raise InvalidInputError("The secret is empty: an app password or an access token is needed.")
        if read(secret).is_over(self._clock.now()):
            raise AccountRefusedError(platform, EXPIRED)
        found = responder.check(
            Account(platform=platform, handle=handle.strip(), base_url=base_url.strip(), secret=secret)
        )
        if not found.ok:
            raise AccountRefusedError(platform, found.problem)
        now = self._clock.now()
        with self._records.write() as tx:
            sources.hold_accounts(tx, actor.workspace)
            known = sources.accounts_of(tx, actor.workspace)
            old = next((one for one in known if (one.platform, one.native_id) == (platform, found.native_id)), None)
            row = AccountRow(
                old.id if old else new_id(now), actor.workspace, platform, base_url.strip(), found.handle,
                found.native_id, "connected", None, now, old.created_at if old else now,
            )  # fmt: skip
            sources.put_account(tx, row, self._tokens.seal(secret))
            self._start_again(tx, actor.workspace, row.id)
            workspaces.next_revision(tx, actor.workspace)
            audit.append(tx, actor.workspace, actor.user_id, "connect_account", row.id, now, platform=platform)
            changes.note(tx, actor.workspace, "source", row.id, now)
        return row

    def recheck(self, actor: Actor, account_id: str) -> AccountRow:
        """Ask the platform again whether the stored credential works, and keep the answer.

        A platform that can't be reached says nothing about the credential: the account stays what it was.
        The row's `error` is a code of :class:`AccountCheck` where there is one, else a sentence.
        """
        require(actor, "edit_sources")
        with self._records.read() as tx:
            row = self._account(sources.accounts_of(tx, actor.workspace), account_id)
        error, now = self._fault(row), self._clock.now()
        state = row.state if error == UNREACHABLE else "failed" if error else "connected"
        with self._records.write() as tx:
            audit.append(tx, actor.workspace, actor.user_id, "check_account", account_id, now, state=state)
            sources.change_account(tx, account_id, state=state, error=error, checked_at=now)
            if state == "connected" != row.state:
                self._start_again(tx, actor.workspace, account_id)
            changes.note(tx, actor.workspace, "source", account_id, now)
        return structs.replace(row, state=state, error=error, checked_at=now)

    def disconnect(self, actor: Actor, account_id: str) -> None:
        """Forget an account and its secret. Raises NotFoundError."""
        require(actor, "edit_sources")
        now = self._clock.now()
        with self._records.write() as tx:
            if not sources.remove_account(tx, actor.workspace, account_id):
                raise NotFoundError("account", account_id)
            audit.append(tx, actor.workspace, actor.user_id, "disconnect_account", account_id, now)
            changes.note(tx, actor.workspace, "source", account_id, now)

    def _start_again(self, tx: Connection, workspace: str, account_id: str) -> None:
        """Let the sources run that stopped with an account which works now: nobody has to start each by hand."""
        for row in sources.of_workspace(tx, workspace):
            kind = self.kinds.get(row.kind)
            option = account_option(kind) if kind else None
            if row.state == "failed" and option and row.options.get(option) == account_id:
                sources.change(tx, row.id, state="new", error=None, error_kind=None, retry_at=None)
                changes.note(tx, workspace, "source", row.id, self._clock.now())

    def _first_state(self, kind: str) -> str:
        """What is handed its posts needs no collector to run."""
        return "running" if isinstance(self.kinds.get(kind), Receiving) else "new"

    def _kind(self, kind: str) -> Source:
        if kind not in self.kinds:
            raise NotFoundError("kind of source", kind)
        return self.kinds[kind]

    def _account(self, rows: list[AccountRow], account_id: str) -> AccountRow:
        found = next((row for row in rows if row.id == account_id), None)
        if found is None:
            raise NotFoundError("account", account_id)
        return found

    def _fault(self, row: AccountRow) -> str | None:
        try:
            found = self._tokens.checked(row, self._responders[row.platform], AT_A_PAGE)
        except ShenavaError as error:
            return account_problem(error)
        return None if found.ok else found.problem


def _options(file: HandedFile) -> dict[str, str]:
    return {**file.options, "path": str(file.path)}


def _names_in_addresses(source: Source, options: Mapping[str, str]) -> Iterator[Problem]:
    """Addresses lie open, in the records and on pages, so no name and password may stand in one."""
    for option in source.options:
        if option.kind == "url" and _USER.match(options.get(option.name, "").strip()):
            message = f"{option.name} holds a name or a password; leave out what stands before the @."
            yield Problem(option.name, "password_in_address", message)
