"""Tombstones: a deletion wins, and nothing erased comes back by redelivery, replay or a restored back-up.

They hold keyed hashes only. Their key travels with the records, so that a back-up that is
restored elsewhere still knows what was erased.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, delete, insert, or_, select

from crm.records.tables import secrets as secrets_table
from crm.records.tables import tombstones

Kind = Literal["post", "author", "customer"]
Reason = Literal["erased", "platform"]
_ASK_AT_ONCE = 500


def digest(key: bytes, workspace: str, subject: str) -> str:
    """The keyed hash (64 hex digits) of a post's or author's key in a workspace."""
    return hmac.new(key, f"{workspace}/{subject}".encode(), "sha256").hexdigest()


def opaque(tx: Connection, workspace: str, subject: str) -> str:
    """A name for a post or an author in the audit trail that says nothing once the rest is erased (32 hex digits)."""
    return digest(salt(tx), workspace, subject)[:32]


def salt(tx: Connection) -> bytes:
    """The installation's key for tombstones; made at first use."""
    found = tx.execute(select(secrets_table.c.value).where(secrets_table.c.name == "tombstones")).scalar()
    if found is None:
        found = secrets.token_bytes(32)
        tx.execute(insert(secrets_table).values(name="tombstones", workspace="", value=found))
    return bytes(found)


def bury(
    tx: Connection, workspace: str, keys: Collection[str], kind: Kind, reason: Reason, now: datetime,
    expires_at: datetime | None = None,
) -> None:  # fmt: skip
    """Remember that posts, authors or customers (by id) are gone. A tombstone that never expires is not shortened."""
    key = salt(tx)
    known = {digest(key, workspace, subject) for subject in buried(tx, workspace, keys)}
    rows = [
        {"workspace": workspace, "digest": one, "kind": kind, "reason": reason, "at": now, "expires_at": expires_at}
        for one in {digest(key, workspace, subject) for subject in keys}
    ]
    if expires_at is None:
        _delete(tx, workspace, [row["digest"] for row in rows])
    else:
        rows = [row for row in rows if row["digest"] not in known]
    if rows:
        tx.execute(insert(tombstones), rows)


def buried(tx: Connection, workspace: str, keys: Collection[str]) -> set[str]:
    """Those of `keys` that must not be stored or shown."""
    if (
        not keys
        or tx.execute(select(tombstones.c.digest).where(tombstones.c.workspace == workspace).limit(1)).first() is None
    ):
        return set()
    key = salt(tx)
    by_digest = {digest(key, workspace, subject): subject for subject in keys}
    wanted, found = list(by_digest), set[str]()
    for start in range(0, len(wanted), _ASK_AT_ONCE):
        some = wanted[start : start + _ASK_AT_ONCE]
        rows = tx.execute(
            select(tombstones.c.digest).where(tombstones.c.workspace == workspace, tombstones.c.digest.in_(some))
        )
        found.update(by_digest[row.digest] for row in rows)
    return found


def expire(tx: Connection, now: datetime) -> int:
    """Drop the tombstones of a firehose's deletions whose time has passed; returns how many."""
    return tx.execute(delete(tombstones).where(tombstones.c.expires_at < now)).rowcount


def _delete(tx: Connection, workspace: str, digests: list[object]) -> None:
    for start in range(0, len(digests), _ASK_AT_ONCE):
        some = digests[start : start + _ASK_AT_ONCE]
        tx.execute(delete(tombstones).where(tombstones.c.workspace == workspace, or_(tombstones.c.digest.in_(some))))
