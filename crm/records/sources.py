"""Sources and our own accounts: what is collected from where, with which cursor, and how it fares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Select, case, delete, insert, select, update

from crm.ports.source import Rejected
from crm.records.sql import held, insert_for, lock
from crm.records.tables import (
    accounts,
    deliveries,
    gaps,
    refusals,
    rejects,
    source_activity,
    source_secrets,
    sources,
)

SLOT = timedelta(minutes=30)
REJECTS_KEPT = 200


class SourceRow(Struct, frozen=True):
    """A source as a person set it up, and its health. `state` is new, running, waiting, stopped, failed or finished."""

    id: str
    workspace: str
    kind: str
    name: str
    options: Mapping[str, str]
    created_at: datetime
    enabled: bool = True
    cursor: str = ""
    state: str = "new"
    error_kind: str | None = None
    error: str | None = None
    retry_at: datetime | None = None
    last_success: datetime | None = None
    last_post: datetime | None = None
    collected: int = 0
    rejected: int = 0
    quota: Mapping[str, Any] | None = None


class AccountRow(Struct, frozen=True):
    """One of our own accounts. Its secret is read by :func:`secret_of` alone."""

    id: str
    workspace: str
    platform: str
    base_url: str
    handle: str
    native_id: str
    state: str
    error: str | None
    checked_at: datetime | None
    created_at: datetime

    @property
    def author_key(self) -> str:
        """The key of this account as an author."""
        return f"{self.platform}:{self.native_id}"


HeldAccount = tuple[AccountRow, bytes, datetime | None]
"""An account, its encrypted secret, and until when somebody asks for a new one."""


class Activity(Struct, frozen=True):
    """What a source did in the half hour from `slot`."""

    slot: datetime
    posts: int
    failures: int


def put(tx: Connection, source: SourceRow) -> None:
    """Store a source, new or changed."""
    fields = {name: getattr(source, name) for name in SourceRow.__struct_fields__}
    fields["options"] = dict(source.options)
    if not tx.execute(update(sources).where(sources.c.id == source.id).values(**fields)).rowcount:
        tx.execute(insert(sources).values(**fields))


def change(tx: Connection, source_id: str, **fields: object) -> None:
    """Write some columns."""
    tx.execute(update(sources).where(sources.c.id == source_id).values(**fields))


def remove(tx: Connection, workspace: str, source_id: str) -> bool:
    """Delete a source with its history; what it collected stays. False where there is none."""
    for table in (source_activity, rejects, source_secrets, deliveries, refusals, gaps):
        tx.execute(delete(table).where(table.c.workspace == workspace, table.c.source_id == source_id))
    query = delete(sources).where(sources.c.workspace == workspace, sources.c.id == source_id)
    return tx.execute(query).rowcount > 0


def of_workspace(tx: Connection, workspace: str) -> list[SourceRow]:
    """All sources, oldest first."""
    query = select(sources).where(sources.c.workspace == workspace).order_by(sources.c.id)
    return [SourceRow(**row._asdict()) for row in tx.execute(query)]


def every(tx: Connection) -> list[SourceRow]:
    """Sources of all workspaces, for the collectors."""
    return [SourceRow(**row._asdict()) for row in tx.execute(select(sources).order_by(sources.c.id))]


def get(tx: Connection, workspace: str, source_id: str) -> SourceRow | None:
    """The source with this id."""
    row = tx.execute(select(sources).where(sources.c.workspace == workspace, sources.c.id == source_id)).first()
    return None if row is None else SourceRow(**row._asdict())


def succeeded(
    tx: Connection, source: SourceRow, cursor: str, posts: int, rejected: Sequence[Rejected], now: datetime
) -> bool:
    """A batch is in the stream: keep its cursor, count it, remember what could not be used.

    One that was paused meanwhile stays so. False, and nothing is written, where the source was removed.
    """
    state = case((sources.c.enabled, "running"), else_=sources.c.state)
    values: dict[Any, Any] = {
        "cursor": cursor, "state": state, "last_success": now, "error": None, "error_kind": None, "retry_at": None,
        "collected": sources.c.collected + posts, "rejected": sources.c.rejected + len(rejected),
    }  # fmt: skip
    if posts:
        values["last_post"] = now
    if not tx.execute(update(sources).where(sources.c.id == source.id).values(values)).rowcount:
        return False
    if posts:
        _count(tx, source, now, posts=posts)
    if rejected:
        tx.execute(
            insert(rejects),
            [
                {
                    "workspace": source.workspace,
                    "source_id": source.id,
                    "where": one.where[:400],
                    "reason": one.reason,
                    "code": one.code,
                    "params": dict(one.params),
                    "at": now,
                }
                for one in rejected[-REJECTS_KEPT:]
            ],
        )
        _forget_rejects(tx, source.id)
    return True


def failed(
    tx: Connection, source: SourceRow, state: str, kind: str, error: str, now: datetime, retry_at: datetime | None
) -> None:
    """A run ended in an error; `state` is waiting (tried again at `retry_at`) or failed (a person must act)."""
    change(tx, source.id, state=state, error_kind=kind, error=error, retry_at=retry_at)
    _count(tx, source, now, failures=1)


def activity(tx: Connection, workspace: str, after: datetime) -> dict[str, list[Activity]]:
    """Half hours with anything in them since `after`, by source, in order of time."""
    query = select(source_activity).where(source_activity.c.workspace == workspace, source_activity.c.slot >= after)
    found: dict[str, list[Activity]] = {}
    for row in tx.execute(query.order_by(source_activity.c.slot)):
        found.setdefault(row.source_id, []).append(Activity(row.slot, row.posts, row.failures))
    return found


def rejected_of(tx: Connection, workspace: str, source_id: str) -> list[Rejected]:
    """The newest rows that could not be used."""
    query = select(rejects).where(rejects.c.workspace == workspace, rejects.c.source_id == source_id)
    return [
        Rejected(row.where, row.reason, row.code or "", row.params or {})
        for row in tx.execute(query.order_by(rejects.c.id.desc()))
    ]


def put_sealed(tx: Connection, source: SourceRow, sealed: bytes) -> None:
    """Keep the encrypted secret of a source, in place of an older one."""
    one = insert_for(tx)(source_secrets).values(source_id=source.id, workspace=source.workspace, secret=sealed)
    tx.execute(one.on_conflict_do_update(index_elements=["source_id"], set_={"secret": sealed}))


def sealed_of(tx: Connection, source_id: str) -> bytes:
    """The encrypted secret of a source; empty where it has none."""
    query = select(source_secrets.c.secret).where(source_secrets.c.source_id == source_id)
    return bytes(tx.execute(query).scalar() or b"")


def hold_accounts(tx: Connection, workspace: str) -> None:
    """Nobody else connects an account to the workspace until the transaction ends."""
    lock(tx, f"accounts {workspace}")


def put_account(tx: Connection, account: AccountRow, secret: bytes) -> None:
    """Store an account of ours with its encrypted secret."""
    fields = {name: getattr(account, name) for name in AccountRow.__struct_fields__}
    fields |= {"secret": secret, "renewing_until": None}
    if not tx.execute(update(accounts).where(accounts.c.id == account.id).values(**fields)).rowcount:
        tx.execute(insert(accounts).values(**fields))


def accounts_of(tx: Connection, workspace: str) -> list[AccountRow]:
    """Our accounts, by platform."""
    query = select(*(accounts.c[name] for name in AccountRow.__struct_fields__))
    query = query.where(accounts.c.workspace == workspace).order_by(accounts.c.platform, accounts.c.id)
    return [AccountRow(**row._asdict()) for row in tx.execute(query)]


def every_account(tx: Connection) -> list[AccountRow]:
    """Accounts of all workspaces."""
    query = select(*(accounts.c[name] for name in AccountRow.__struct_fields__))
    return [AccountRow(**row._asdict()) for row in tx.execute(query)]


def secret_of(tx: Connection, account_id: str) -> bytes:
    """The encrypted secret; empty where there is no such account."""
    return bytes(tx.execute(select(accounts.c.secret).where(accounts.c.id == account_id)).scalar() or b"")


def hold_account(tx: Connection, workspace: str, account_id: str) -> HeldAccount | None:
    """An account with its encrypted secret and until when somebody asks for a new one; held till the transaction ends.

    None where there is no such account.
    """
    return _account_in(tx, held(_account_of(workspace, account_id)))


def look_at_account(tx: Connection, workspace: str, account_id: str) -> HeldAccount | None:
    """The same, and nobody is kept from changing it."""
    return _account_in(tx, _account_of(workspace, account_id))


def _account_of(workspace: str, account_id: str) -> Select[Any]:
    return select(accounts).where(accounts.c.workspace == workspace, accounts.c.id == account_id)


def _account_in(tx: Connection, query: Select[Any]) -> HeldAccount | None:
    row = tx.execute(query).first()
    if row is None:
        return None
    known = row._asdict()
    fields = {name: known[name] for name in AccountRow.__struct_fields__}
    return AccountRow(**fields), bytes(known["secret"]), known["renewing_until"]


def change_account(tx: Connection, account_id: str, **fields: object) -> None:
    """Write some columns of an account."""
    tx.execute(update(accounts).where(accounts.c.id == account_id).values(**fields))


def remove_account(tx: Connection, workspace: str, account_id: str) -> bool:
    """Forget an account and its secret; False where there is none."""
    query = delete(accounts).where(accounts.c.workspace == workspace, accounts.c.id == account_id)
    return tx.execute(query).rowcount > 0


def _count(tx: Connection, source: SourceRow, now: datetime, posts: int = 0, failures: int = 0) -> None:
    slot = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    first = insert_for(tx)(source_activity).values(
        workspace=source.workspace, source_id=source.id, slot=slot, posts=posts, failures=failures
    )
    added = {"posts": source_activity.c.posts + posts, "failures": source_activity.c.failures + failures}
    tx.execute(first.on_conflict_do_update(index_elements=["source_id", "slot"], set_=added))


def _forget_rejects(tx: Connection, source_id: str) -> None:
    kept = (
        select(rejects.c.id).where(rejects.c.source_id == source_id).order_by(rejects.c.id.desc()).limit(REJECTS_KEPT)
    )
    tx.execute(delete(rejects).where(rejects.c.source_id == source_id, rejects.c.id.not_in(kept)))
