"""The audit trail: written in the action's own transaction, chained afterwards by one sealer.

A row holds opaque ids and a salted commitment to its details. The details stand in a table
of their own and can be erased without breaking the chain. The sealer assigns the order: rows
commit in any order, and a number drawn in a transaction may become visible late.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Select, delete, func, insert, select

from crm.records.sql import chunks, lock
from crm.records.tables import audit, audit_details, audit_seals

GENESIS = "0" * 64
OPEN_AT_MOST = 10_000

Detail = Mapping[str, str | int | float | bool | list[str] | None]


class AuditRow(Struct, frozen=True):
    """One thing that was done; `detail` is None once it was erased, `sealed` once it stands in the chain."""

    id: int
    workspace: str
    actor: str
    action: str
    subject: str
    commitment: str
    at: datetime
    detail: dict[str, object] | None = None
    sealed: bool = False


class Broken(Struct, frozen=True):
    """The first place where the chain does not hold."""

    position: int
    audit_id: int
    reason: str


class Verification(Struct, frozen=True):
    """How many rows were checked, the head of the chain, and what is wrong (None: nothing)."""

    rows: int
    head: str
    broken: Broken | None


def commit_to(salt: str, detail: Detail) -> str:
    """The salted commitment (64 hex digits) to `detail`."""
    return hashlib.blake2b(
        msgspec.json.encode(detail, order="sorted"), key=bytes.fromhex(salt), digest_size=32
    ).hexdigest()


def append(
    tx: Connection, workspace: str, actor: str, action: str, subject: str, now: datetime, **detail: object
) -> int:
    """Record that `actor` (a user's id, ``rule:ID`` or ``system``) did `action` to `subject`; returns the row's id."""
    salt = secrets.token_hex(16)
    plain = msgspec.to_builtins(detail)
    row = tx.execute(
        insert(audit).values(
            workspace=workspace, actor=actor, action=action, subject=subject,
            commitment=commit_to(salt, plain), at=now,
        )
    )  # fmt: skip
    audit_id = int(row.inserted_primary_key[0])  # type: ignore[index]
    tx.execute(insert(audit_details).values(audit_id=audit_id, workspace=workspace, salt=salt, detail=plain))
    return audit_id


def seal(tx: Connection, key: bytes, limit: int = 5_000) -> int:
    """Chain the rows that were committed since the last call; returns how many. Sealers take turns."""
    lock(tx, "audit seal")
    mac = head(tx)
    rows = tx.execute(_unsealed(limit)).all()
    sealed = []
    for row in rows:
        mac = _mac(key, mac, AuditRow(*row[:7]))
        sealed.append({"workspace": row.workspace, "audit_id": row.id, "mac": mac})
    if sealed:
        tx.execute(insert(audit_seals), sealed)
    return len(sealed)


def is_unsealed(tx: Connection) -> bool:
    """Whether there is anything to chain."""
    return tx.execute(_unsealed(1)).first() is not None


def _unsealed(limit: int) -> Select[Any]:
    # Numbers become visible late only while their transaction is open, so a look at the newest is enough.
    newest_sealed = select(func.coalesce(func.max(audit_seals.c.audit_id), 0)).scalar_subquery()
    return (
        select(audit)
        .outerjoin(audit_seals, audit_seals.c.audit_id == audit.c.id)
        .where(audit_seals.c.audit_id.is_(None), audit.c.id > newest_sealed - OPEN_AT_MOST)
        .order_by(audit.c.id)
        .limit(limit)
    )


def head(tx: Connection) -> str:
    """The newest link of the chain; it goes into back-ups and receipts."""
    return str(
        tx.execute(select(audit_seals.c.mac).order_by(audit_seals.c.position.desc()).limit(1)).scalar() or GENESIS
    )


def verify(tx: Connection, key: bytes) -> Verification:
    """Walk the whole chain and check every link and every commitment that still has its details."""
    last, count = GENESIS, 0
    rows = tx.execute(
        select(audit_seals.c.position, audit_seals.c.audit_id, audit_seals.c.mac, *audit.c, audit_details.c.salt,
               audit_details.c.detail)
        .outerjoin(audit, audit.c.id == audit_seals.c.audit_id)
        .outerjoin(audit_details, audit_details.c.audit_id == audit_seals.c.audit_id)
        .order_by(audit_seals.c.position)
    )  # fmt: skip
    for position, audit_id, mac, *columns, salt, detail in rows:
        reason = _fault(key, last, mac, columns, salt, detail)
        if reason:
            return Verification(count, last, Broken(position, audit_id, reason))
        last, count = mac, count + 1
    return Verification(count, last, None)


def _fault(key: bytes, head: str, mac: str, columns: list[object], salt: str | None, detail: Detail | None) -> str:
    if columns[0] is None:
        return "the row is missing"
    row = msgspec.convert(dict(zip(AuditRow.__struct_fields__, columns, strict=False)), AuditRow)
    if not hmac.compare_digest(mac, _mac(key, head, row)):
        return "the row, or one before it, was changed"
    if salt is not None and detail is not None and commit_to(salt, detail) != row.commitment:
        return "its details were changed"
    return ""


def _mac(key: bytes, head: str, row: AuditRow) -> str:
    fields = [
        row.id,
        row.workspace,
        row.actor,
        row.action,
        row.subject,
        row.commitment,
        round(row.at.timestamp() * 1000),
    ]
    return hmac.new(key, head.encode() + msgspec.json.encode(fields), "sha256").hexdigest()


def newest(
    tx: Connection, workspace: str, before: int | None = None, limit: int = 100, action: str = ""
) -> list[AuditRow]:
    """Rows of a workspace, newest first, with the details that still exist; `before` is an exclusive row id."""
    query = (
        select(*audit.c, audit_details.c.detail, audit_seals.c.audit_id.is_not(None))
        .outerjoin(audit_details, audit_details.c.audit_id == audit.c.id)
        .outerjoin(audit_seals, audit_seals.c.audit_id == audit.c.id)
        .where(audit.c.workspace == workspace)
        .order_by(audit.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(audit.c.id < before)
    if action:
        query = query.where(audit.c.action == action)
    return [AuditRow(*row[:7], detail=row[7], sealed=bool(row[8])) for row in tx.execute(query)]


def told(tx: Connection, workspace: str, action: str, subjects: Collection[str]) -> set[str]:
    """Those of `subjects` of which `action` is in the trail already."""
    found: set[str] = set()
    for some in chunks(subjects):
        mine = (audit.c.workspace == workspace) & (audit.c.action == action) & audit.c.subject.in_(some)
        found.update(tx.execute(select(audit.c.subject).where(mine)).scalars())
    return found


def actions(tx: Connection, workspace: str) -> list[str]:
    """Every kind of thing that was done, by name."""
    return list(tx.execute(select(audit.c.action).where(audit.c.workspace == workspace).distinct()
                           .order_by(audit.c.action)).scalars())  # fmt: skip


def erase_details(tx: Connection, workspace: str, *subjects: str) -> int:
    """Remove the details of every row about `subjects`; the rows and the chain stay."""
    gone = 0
    for some in chunks(subjects):
        about = select(audit.c.id).where(audit.c.workspace == workspace, audit.c.subject.in_(some))
        gone += tx.execute(delete(audit_details).where(audit_details.c.audit_id.in_(about))).rowcount
    return gone
