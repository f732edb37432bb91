"""People of the team, their sessions and their failed log-ins."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from crm.policies.access import Role
from crm.records.sql import lock
from crm.records.tables import log_in_attempts, sessions, users


class User(Struct, frozen=True):
    """Somebody of the team. `monitors` limits what they may read, None is everything."""

    id: str
    workspace: str
    email: str
    name: str
    role: Role
    must_change: bool
    active: bool
    preferences: Mapping[str, Any]
    monitors: tuple[str, ...] | None
    private: bool
    created_at: datetime
    made_up: bool = False

    @property
    def can_sign_in(self) -> bool:
        """Whether the doors are open to them; nobody comes in as somebody made up, whatever else is stored."""
        return self.active and not self.made_up

    def can_be_given(self, *, made_up: bool) -> bool:
        """Whether a case may be theirs: the demo's colleagues take the demo's (`made_up`) cases and no others."""
        return made_up if self.made_up else self.active


class Session(Struct, frozen=True):
    """A browser's session or an API token; only the hash of its secret is stored."""

    token_hash: str
    workspace: str
    user_id: str
    kind: str
    name: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime | None


_COLUMNS = [
    users.c[name]
    for name in ("id", "workspace", "email", "name", "role", "must_change", "active", "preferences", "monitors",
    "private", "created_at", "made_up")
]  # fmt: skip


def _user(row: Row[Any]) -> User:
    fields = row._asdict()
    monitors = fields.pop("monitors")
    return User(**fields, monitors=None if monitors is None else tuple(monitors))


def _one(tx: Connection, query: Select[Any]) -> User | None:
    row = tx.execute(query).first()
    return None if row is None else _user(row)


def hold_all(tx: Connection) -> None:
    """Until the transaction ends nobody else adds people or changes what they may do, nor makes a workspace."""
    lock(tx, "people")


def hold_attempts(tx: Connection, subjects: Collection[str]) -> None:
    """Until the transaction ends nobody else counts or adds log-ins of these subjects."""
    lock(tx, *(f"log-in {subject}" for subject in subjects))


def count(tx: Connection) -> int:
    """How many real people the installation knows, in all workspaces."""
    return int(tx.execute(select(func.count()).where(users.c.made_up.is_(False))).scalar_one())


def add(tx: Connection, user: User, password_hash: str) -> None:
    """Store a new person. The e-mail must be free, see :func:`by_email`."""
    fields = {name: getattr(user, name) for name in User.__struct_fields__}
    fields["monitors"] = None if user.monitors is None else list(user.monitors)
    tx.execute(insert(users).values(**fields, password_hash=password_hash))


def by_id(tx: Connection, user_id: str) -> User | None:
    """The person with this id."""
    return _one(tx, select(*_COLUMNS).where(users.c.id == user_id))


def by_email(tx: Connection, email: str) -> User | None:
    """The person with this e-mail, whatever its case."""
    return _one(tx, select(*_COLUMNS).where(users.c.email == email.strip().casefold()))


def of_workspace(tx: Connection, workspace: str) -> list[User]:
    """Everybody, in order of their names."""
    return [
        _user(row) for row in tx.execute(select(*_COLUMNS).where(users.c.workspace == workspace).order_by(users.c.name))
    ]


def everybody(tx: Connection) -> list[User]:
    """People of all workspaces, for the command line."""
    return [_user(row) for row in tx.execute(select(*_COLUMNS).order_by(users.c.email))]


def password_hash(tx: Connection, user_id: str) -> str:
    """The stored Argon2 hash; empty where there is no such person."""
    return str(tx.execute(select(users.c.password_hash).where(users.c.id == user_id)).scalar() or "")


def change(tx: Connection, user_id: str, **fields: object) -> None:
    """Write some columns of a person."""
    tx.execute(update(users).where(users.c.id == user_id).values(**fields))


def add_session(tx: Connection, session: Session) -> None:
    """Store a session or an API token."""
    tx.execute(insert(sessions).values(**{name: getattr(session, name) for name in Session.__struct_fields__}))


def session(tx: Connection, token_hash: str) -> Session | None:
    """The session with this hash, expired or not."""
    row = tx.execute(select(sessions).where(sessions.c.token_hash == token_hash)).first()
    return None if row is None else Session(**row._asdict())


def touch_session(tx: Connection, token_hash: str, now: datetime) -> None:
    """Remember that a session was used."""
    tx.execute(update(sessions).where(sessions.c.token_hash == token_hash).values(seen_at=now))


def sessions_of(tx: Connection, user_id: str, kind: str) -> list[Session]:
    """A person's sessions of one kind, newest first."""
    found = select(sessions).where(sessions.c.user_id == user_id, sessions.c.kind == kind)
    return [Session(**row._asdict()) for row in tx.execute(found.order_by(sessions.c.created_at.desc()))]


def end_session(tx: Connection, token_hash: str) -> None:
    """Forget one session."""
    tx.execute(delete(sessions).where(sessions.c.token_hash == token_hash))


def end_sessions(tx: Connection, user_id: str) -> None:
    """Forget all of a person's browser sessions and API tokens."""
    tx.execute(delete(sessions).where(sessions.c.user_id == user_id))


def attempts(tx: Connection, subject: str, after: datetime) -> int:
    """How many log-ins for `subject` began since `after` and did not succeed."""
    query = select(func.count()).where(log_in_attempts.c.subject == subject, log_in_attempts.c.at > after)
    return int(tx.execute(query).scalar_one())


def add_attempt(tx: Connection, subject: str, now: datetime, forget_before: datetime) -> int:
    """Remember a log-in that begins, and forget old ones; returns its id."""
    tx.execute(delete(log_in_attempts).where(log_in_attempts.c.at < forget_before))
    new = insert(log_in_attempts).values(workspace="", subject=subject, at=now).returning(log_in_attempts.c.id)
    return int(tx.execute(new).scalar_one())


def take_back_attempts(tx: Connection, ids: Collection[int]) -> None:
    """Forget attempts that succeeded."""
    tx.execute(delete(log_in_attempts).where(log_in_attempts.c.id.in_(ids)))


def clear_attempts(tx: Connection, subject: str) -> None:
    """Forget the failed log-ins of `subject`."""
    tx.execute(delete(log_in_attempts).where(log_in_attempts.c.subject == subject))
