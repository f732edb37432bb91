"""Tombstones: a deletion wins, and nothing erased comes back by redelivery, replay or a restored back-up.

They hold keyed hashes only. Their key travels with the records, so that a back-up that is
restored elsewhere still knows what was erased.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct
from sqlalchemy import Connection, delete, func, or_, select

from crm.records.sql import insert_new, lock, upsert
from crm.records.tables import secrets as secrets_table
from crm.records.tables import tombstones
from crm.words import EnrichedPost

Kind = Literal["post", "author", "customer"]
Reason = Literal["erased", "platform"]
_ASK_AT_ONCE = 500


class Stopped(Struct, frozen=True):
    """How many of a kind must not come back, and why: `erased` by us or deleted on the `platform`."""

    kind: Kind
    reason: Reason
    count: int


def digest(key: bytes, workspace: str, subject: str) -> str:
    """The keyed hash (64 hex digits) of a post's or author's key in a workspace."""
    return hmac.new(key, f"{workspace}/{subject}".encode(), "sha256").hexdigest()


def opaque(tx: Connection, workspace: str, subject: str) -> str:
    """A name for a post or an author in the audit trail that says nothing once the rest is erased (32 hex digits)."""
    return digest(salt(tx), workspace, subject)[:32]


def salt(tx: Connection) -> bytes:
    """The installation's key for tombstones; made at first use."""
    query = select(secrets_table.c.value).where(secrets_table.c.name == "tombstones")
    found = tx.execute(query).scalar()
    if found is None:
        row = {"name": "tombstones", "workspace": "", "value": secrets.token_bytes(32)}
        insert_new(tx, secrets_table, [row], ("name",))
        found = tx.execute(query).scalar_one()
    return bytes(found)


def bury(
    tx: Connection, workspace: str, keys: Collection[str], kind: Kind, reason: Reason, now: datetime,
    expires_at: datetime | None = None,
) -> None:  # fmt: skip
    """Remember that posts, authors or customers (by id) are gone. A tombstone that never expires is not shortened."""
    if not keys:
        return
    lock(tx, _name(workspace))  # whoever stores a post now has looked before us and is done first, see `hold`
    key = salt(tx)
    rows = [
        {"workspace": workspace, "digest": one, "kind": kind, "reason": reason, "at": now, "expires_at": expires_at}
        for one in {digest(key, workspace, subject) for subject in keys}
    ]
    (upsert if expires_at is None else insert_new)(tx, tombstones, rows, ("workspace", "digest"))


def hold(tx: Connection, *workspaces: str) -> None:
    """Nobody buries anything until the transaction ends: what is not buried now may be stored in it.

    An erasure that comes meanwhile waits, and then finds what was stored.
    """
    lock(tx, *map(_name, workspaces), shared=True)


def _name(workspace: str) -> str:
    return f"tombstones {workspace}"


def alive(tx: Connection, workspace: str, posts: Sequence[EnrichedPost]) -> list[EnrichedPost]:
    """Those of `posts` that may be stored and shown."""
    gone = buried(tx, workspace, {key for post in posts for key in (post.post.key, post.post.author.key)})
    return [post for post in posts if not gone & {post.post.key, post.post.author.key}]


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


def counted(tx: Connection, workspace: str, now: datetime) -> list[Stopped]:
    """The stop list in numbers, by kind and reason."""
    alive = or_(tombstones.c.expires_at.is_(None), tombstones.c.expires_at >= now)
    kind, reason = tombstones.c.kind, tombstones.c.reason
    query = select(kind, reason, func.count()).where(tombstones.c.workspace == workspace, alive)
    return [Stopped(*row) for row in tx.execute(query.group_by(kind, reason).order_by(kind, reason))]


def expire(tx: Connection, now: datetime) -> int:
    """Drop the tombstones of a firehose's deletions whose time has passed; returns how many."""
    return tx.execute(delete(tombstones).where(tombstones.c.expires_at < now)).rowcount
