"""The team: who belongs to it, with which role, and how each likes the console."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, structs
from sqlalchemy import Connection

from crm.errors import ConflictError, InvalidInputError, NotFoundError
from crm.ids import new_id
from crm.policies.access import ROLES, Actor, Role, require
from crm.ports.clock import Clock
from crm.records import audit, cases, changes, users
from crm.records.database import Records
from crm.records.users import User
from crm.usecases import casebook
from crm.usecases.accounts import Accounts, folded_email, one_time_password

LANGUAGES = ("fa", "en")
SCHEMES = ("light", "dark", "auto")


class EmailTakenError(ConflictError):
    """Somebody with this e-mail is here already."""

    def __init__(self, email: str) -> None:
        self.email = email
        super().__init__(f"Somebody with the e-mail {email} is here already.")


class LastAdministratorError(ConflictError):
    """Nobody would be left who may change the team."""

    def __init__(self) -> None:
        super().__init__("A workspace needs at least one active administrator; make somebody else one first.")


class Preferences(Struct, frozen=True):
    """How one person likes the console. `keys` switches single-letter keys on."""

    language: str = "en"
    color_scheme: str = "auto"
    keys: bool = True


class Team:
    """Adding people, changing their roles, and one's own preferences."""

    def __init__(self, records: Records, accounts: Accounts, clock: Clock) -> None:
        self._records, self._accounts, self._clock = records, accounts, clock

    def members(self, actor: Actor) -> list[User]:
        """Everybody of the workspace, in order of their names."""
        require(actor, "read_team")
        with self._records.read() as tx:
            return users.of_workspace(tx, actor.workspace)

    def add(self, actor: Actor, email: str, name: str, role: Role) -> tuple[User, str]:
        """A new member and their one-time password, which they must change at the first log-in.

        Raises: ForbiddenError, InvalidInputError, ConflictError where the e-mail is taken.
        """
        require(actor, "edit_team")
        email, now, password = folded_email(email), self._clock.now(), one_time_password()
        hashed = self._accounts.hash_password(password, email)
        user = User(
            id=new_id(now), workspace=actor.workspace, email=email, name=name.strip() or email.partition("@")[0],
            role=_role(role), must_change=True, active=True, preferences={"language": actor.language}, monitors=None,
            private=role in {"administrator", "manager"}, created_at=now,
        )  # fmt: skip
        with self._records.write() as tx:
            users.hold_all(tx)
            if users.by_email(tx, email):
                raise EmailTakenError(email)
            users.add(tx, user, hashed)
            audit.append(tx, actor.workspace, actor.user_id, "add_member", user.id, now, role=role)
            changes.note(tx, actor.workspace, "team", user.id, now)
        return user, password

    def set_role(self, actor: Actor, user_id: str, role: Role) -> None:
        """Give somebody another role. The last active administrator keeps theirs (ConflictError)."""
        self._change(actor, user_id, "set_role", role=_role(role))

    def set_active(self, actor: Actor, user_id: str, active: bool) -> int:
        """Let somebody in again, or put them out: their sessions end at once, their open cases are nobody's.

        Returns how many cases that were.
        """
        return self._change(actor, user_id, "set_active", active=active)

    def set_reach(self, actor: Actor, user_id: str, monitors: tuple[str, ...] | None, private: bool) -> None:
        """Limit what somebody may read to these monitors (None: all), and to public posts or not."""
        self._change(
            actor, user_id, "set_reach", monitors=None if monitors is None else list(monitors), private=private
        )

    def reset_password(self, actor: Actor, user_id: str) -> str:
        """A one-time password for a colleague who forgot theirs."""
        require(actor, "edit_team")
        with self._records.read() as tx:
            user = users.by_id(tx, user_id)
        if user is None or user.workspace != actor.workspace:
            raise NotFoundError("member", user_id)
        return self._accounts.reset_password(user.email, actor.user_id)

    def me(self, actor: Actor) -> User:
        """The actor as the team's list shows them, whatever their role."""
        with self._records.read() as tx:
            user = users.by_id(tx, actor.user_id)
        if user is None:
            raise NotFoundError("member", actor.user_id)
        return user

    def preferences(self, actor: Actor) -> Preferences:
        """The actor's own preferences."""
        with self._records.read() as tx:
            user = users.by_id(tx, actor.user_id)
        stored = user.preferences if user else {}
        return Preferences(**{key: stored[key] for key in Preferences.__struct_fields__ if key in stored})

    def set_preferences(self, actor: Actor, preferences: Preferences) -> None:
        """Keep the actor's own preferences. Raises InvalidInputError for an unknown language or scheme."""
        if preferences.language not in LANGUAGES or preferences.color_scheme not in SCHEMES:
            raise InvalidInputError(f"The console knows the languages {LANGUAGES} and the schemes {SCHEMES}.")
        with self._records.write() as tx:
            users.change(tx, actor.user_id, preferences=structs.asdict(preferences))

    def _change(self, actor: Actor, user_id: str, action: str, **fields: object) -> int:
        require(actor, "edit_team")
        now, freed = self._clock.now(), 0
        with self._records.write() as tx:
            users.hold_all(tx)
            user = users.by_id(tx, user_id)
            if user is None or user.workspace != actor.workspace:
                raise NotFoundError("member", user_id)
            if user.made_up:
                raise InvalidInputError(f"{user.name} belongs to the demo and leaves with it; there is nothing to set.")
            users.change(tx, user_id, **fields)
            left = [
                one
                for one in users.of_workspace(tx, actor.workspace)
                if one.can_sign_in and one.role == "administrator"
            ]
            if not left:
                raise LastAdministratorError
            if fields.get("active") is False:
                users.end_sessions(tx, user_id)
                freed = _free(tx, actor, user_id, now)
            audit.append(tx, actor.workspace, actor.user_id, action, user_id, now, **fields)
            changes.note(tx, actor.workspace, "team", user_id, now)
        return freed


def _free(tx: Connection, actor: Actor, user_id: str, now: datetime) -> int:
    """Make somebody's unresolved cases nobody's, so that the others see them; returns how many."""
    theirs = cases.hold_unresolved(tx, actor.workspace, user_id)
    for case in theirs:
        detail = {"from": user_id, "to": None}
        casebook.change(tx, case, actor.user_id, "assigned", now, detail, assignee_id=None)
    return len(theirs)


def _role(role: str) -> Role:
    for known in ROLES:
        if role == known:
            return known
    raise InvalidInputError(f"There is no role {role!r}; the roles are {', '.join(ROLES)}.")
