"""Who comes in: the first administrator, log-in and log-out, sessions, API tokens, passwords."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Struct
from sqlalchemy import Connection

from crm.errors import AuthorisationError, ConflictError, InvalidInputError, RateLimitedError
from crm.ids import new_id
from crm.policies import passwords
from crm.policies.access import Actor
from crm.ports.clock import Clock
from crm.ports.vault import Vault
from crm.records import audit, users, workspaces
from crm.records.database import Records
from crm.records.users import Session, User

SESSION_DAYS = 30
IDLE_DAYS = 7
TOUCH_MINUTES = 5
TRIES_PER_EMAIL = 5
TRIES_PER_ADDRESS = 30
WINDOW_MINUTES = 15


class SessionToken(Struct, frozen=True):
    """What the browser keeps in its cookie; the server stores only a hash of it."""

    token: str
    user_id: str
    max_age: int = SESSION_DAYS * 86_400


class WrongLogInError(AuthorisationError):
    """E-mail and password do not fit; it is not said which."""

    def __init__(self) -> None:
        super().__init__("The e-mail or the password is not right.")


class AlreadySetUpError(ConflictError):
    """The first visit has been made."""

    def __init__(self) -> None:
        super().__init__("This installation has its administrator already; log in instead.")


def hash_token(token: str) -> str:
    """What is stored of a session's or an API token's secret (256 random bits need no slow hash)."""
    return hashlib.sha256(token.encode()).hexdigest()


class Accounts:
    """Log-in and everything before it. Methods without an actor serve people who are not signed in yet."""

    def __init__(self, records: Records, vault: Vault, clock: Clock, hasher: PasswordHasher | None = None) -> None:
        self._records, self._vault, self._clock = records, vault, clock
        self._hasher = hasher or PasswordHasher()

    def needs_setup(self) -> bool:
        """True until the first administrator exists."""
        with self._records.read() as tx:
            return users.count(tx) == 0

    def create_administrator(
        self, email: str, name: str, password: str, language: str = "en", zone: str = "Asia/Tehran"
    ) -> SessionToken:
        """Make the first administrator, and the first workspace where there is none, and sign them in.

        Raises: AlreadySetUpError, InvalidInputError (e-mail), WeakPasswordError.
        """
        email = folded_email(email)
        passwords.check(password, email)
        hashed, now = self._hasher.hash(password), self._clock.now()
        with self._records.write() as tx:
            users.hold_all(tx)
            if users.count(tx):
                raise AlreadySetUpError
            workspace = _first_workspace(tx, zone, language, now)
            user = User(
                id=new_id(now), workspace=workspace.id, email=email, name=name.strip() or email.partition("@")[0],
                role="administrator", must_change=False, active=True, preferences={"language": language},
                monitors=None, private=True, created_at=now,
            )  # fmt: skip
            users.add(tx, user, hashed)
            audit.append(tx, workspace.id, user.id, "create_administrator", user.id, now)
            return self._start(tx, user, "browser", "", SESSION_DAYS)

    def log_in(self, email: str, password: str, address: str = "") -> SessionToken:
        """A session for the right password.

        Raises: WrongLogInError; RateLimitedError after too many wrong tries for one e-mail or address.
        """
        now = self._clock.now()
        subjects = self._subjects(email, address)
        with self._records.write() as tx:
            tried = _try(tx, subjects, now)
            user = users.by_email(tx, email)
            stored = users.password_hash(tx, user.id) if user else ""
        if not self._verify(stored, password) or user is None or not user.can_sign_in:
            raise WrongLogInError
        with self._records.write() as tx:
            users.take_back_attempts(tx, tried)
            users.clear_attempts(tx, subjects[0][0])
            if self._hasher.check_needs_rehash(stored):
                users.change(tx, user.id, password_hash=self._hasher.hash(password))
            audit.append(tx, user.workspace, user.id, "log_in", user.id, now)
            return self._start(tx, user, "browser", "", SESSION_DAYS)

    def log_out(self, token: str) -> None:
        """End the session with this token, if there is one."""
        with self._records.write() as tx:
            session = users.session(tx, hash_token(token))
            if session is None:
                return
            users.end_session(tx, session.token_hash)
            audit.append(tx, session.workspace, session.user_id, "log_out", session.user_id, self._clock.now())

    def actor_of(self, token: str, kind: str = "browser") -> Actor | None:
        """Who holds this token; None where it is unknown, expired, of another kind or of a person put out of work."""
        now = self._clock.now()
        with self._records.read() as tx:
            session = users.session(tx, hash_token(token))
            user = users.by_id(tx, session.user_id) if session else None
        if session is None or user is None or not user.can_sign_in or session.kind != kind:
            return None
        if session.expires_at and session.expires_at <= now:
            return None
        if kind == "browser" and session.seen_at < now - timedelta(days=IDLE_DAYS):
            return None
        if session.seen_at < now - timedelta(minutes=TOUCH_MINUTES):
            with self._records.write() as tx:
                users.touch_session(tx, session.token_hash, now)
        return actor_for(user, session.token_hash[:12])

    def change_password(self, actor: Actor, old: str, new: str) -> None:
        """Replace one's own password; all other sessions end.

        Raises: WrongLogInError, WeakPasswordError; RateLimitedError after too many wrong tries, as at the log-in.
        """
        now, subjects = self._clock.now(), self._subjects(actor.email, "")[:1]
        with self._records.write() as tx:
            tried = _try(tx, subjects, now)
            stored = users.password_hash(tx, actor.user_id)
        if not self._verify(stored, old):
            raise WrongLogInError
        with self._records.write() as tx:
            users.take_back_attempts(tx, tried)
        passwords.check(new, actor.email, old)
        hashed = self._hasher.hash(new)
        with self._records.write() as tx:
            users.change(tx, actor.user_id, password_hash=hashed, must_change=False)
            for session in users.sessions_of(tx, actor.user_id, "browser"):
                if not session.token_hash.startswith(actor.session):
                    users.end_session(tx, session.token_hash)
            audit.append(tx, actor.workspace, actor.user_id, "change_password", actor.user_id, now)

    def reset_password(self, email: str, by: str = "system") -> str:
        """A new one-time password; all of the person's sessions end. Raises InvalidInputError.

        `by` is the id of the colleague who asked for it, ``system`` on the command line.
        """
        password, now = one_time_password(), self._clock.now()
        hashed = self._hasher.hash(password)
        with self._records.write() as tx:
            user = users.by_email(tx, email)
            if user is None:
                raise InvalidInputError(f"Nobody here has the e-mail {email!r}; `shenava users` lists everybody.")
            if user.made_up:
                raise InvalidInputError(f"{user.name} belongs to the demo, and nobody can sign in as them.")
            users.change(tx, user.id, password_hash=hashed, must_change=True)
            users.end_sessions(tx, user.id)
            audit.append(tx, user.workspace, by, "reset_password", user.id, now)
        return password

    def everybody(self) -> list[User]:
        """People of all workspaces, for the command line."""
        with self._records.read() as tx:
            return users.everybody(tx)

    def create_api_token(self, actor: Actor, name: str) -> str:
        """A token for the HTTP API with the actor's own rights; its secret is returned once and never again."""
        if not name.strip():
            raise InvalidInputError("An API token needs a name, so that it can be told from others.")
        with self._records.write() as tx:
            user = users.by_id(tx, actor.user_id)
            if user is None:
                raise WrongLogInError
            token = self._start(tx, user, "api", name.strip(), None)
            audit.append(
                tx, actor.workspace, actor.user_id, "create_api_token", actor.user_id, self._clock.now(), name=name
            )
        return token.token

    def api_tokens(self, actor: Actor) -> list[Session]:
        """The actor's own tokens, newest first."""
        with self._records.read() as tx:
            return users.sessions_of(tx, actor.user_id, "api")

    def revoke_api_token(self, actor: Actor, token_hash: str) -> None:
        """End one of the actor's own tokens."""
        with self._records.write() as tx:
            session = users.session(tx, token_hash)
            if session and session.user_id == actor.user_id:
                users.end_session(tx, token_hash)
                audit.append(tx, actor.workspace, actor.user_id, "revoke_api_token", actor.user_id, self._clock.now())

    def hash_password(self, password: str, email: str = "") -> str:
        """The Argon2 hash of a password that passes the rules. Raises WeakPasswordError."""
        passwords.check(password, email)
        return self._hasher.hash(password)

    def _verify(self, stored: str, password: str) -> bool:
        # An unknown e-mail costs the same time as a wrong password.
        try:
            return self._hasher.verify(stored or self._hasher.hash(secrets.token_hex(8)), password) and bool(stored)
        except (VerificationError, InvalidHashError):
            return False

    def _subjects(self, email: str, address: str) -> list[tuple[str, int]]:
        key = self._vault.key("log-in")
        named = [(f"email {email.strip().casefold()}", TRIES_PER_EMAIL), (f"address {address}", TRIES_PER_ADDRESS)]
        return [(hmac.new(key, name.encode(), "sha256").hexdigest(), allowed) for name, allowed in named]

    def _start(self, tx: Connection, user: User, kind: str, name: str, days: int | None) -> SessionToken:
        now, token = self._clock.now(), secrets.token_urlsafe(32)
        expires = now + timedelta(days=days) if days else None
        users.add_session(tx, Session(hash_token(token), user.workspace, user.id, kind, name, now, now, expires))
        return SessionToken(token, user.id)


def _try(tx: Connection, subjects: Sequence[tuple[str, int]], now: datetime) -> list[int]:
    """Count a try before its slow hash, so that tries side by side can't pass the limit together; gives their ids."""
    users.hold_attempts(tx, [subject for subject, _ in subjects])
    for subject, allowed in subjects:
        if users.attempts(tx, subject, now - timedelta(minutes=WINDOW_MINUTES)) >= allowed:
            raise RateLimitedError("The log-in", WINDOW_MINUTES * 60)
    return [users.add_attempt(tx, subject, now, now - timedelta(days=1)) for subject, _ in subjects]


def _first_workspace(tx: Connection, zone: str, language: str, now: datetime) -> workspaces.Workspace:
    """The workspace that an import or the demo made before anybody came, else a new one."""
    for known in workspaces.every(tx)[:1]:
        workspaces.change(tx, known.id, language=language)
        return known
    made = workspaces.Workspace(new_id(now), "", zone, language, now)
    workspaces.add(tx, made)
    return made


def actor_for(user: User, session: str = "") -> Actor:
    """The actor that a person is once they are recognised."""
    return Actor(
        user_id=user.id, workspace=user.workspace, role=user.role, name=user.name, email=user.email,
        language=str(user.preferences.get("language", "en")), monitors=user.monitors, private=user.private,
        session=session, must_change=user.must_change,
    )  # fmt: skip


def folded_email(email: str) -> str:
    """Lower case without spaces around. Raises InvalidInputError where it can't be an e-mail."""
    email = email.strip().casefold()
    name, at, host = email.rpartition("@")
    if not (at and name and "." in host.strip(".")) or any(letter.isspace() for letter in email) or len(email) > 320:
        raise InvalidInputError(f"{email!r} is not an e-mail address; it looks like name@firm.example.")
    return email


def one_time_password() -> str:
    """Sixteen characters that are easy to read out."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
