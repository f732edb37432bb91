"""What we did to posts of others on their platforms: liked and hidden ones."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal

from msgspec import Struct
from sqlalchemy import Connection, select

from crm.records.sql import as_struct, chunks, columns_of, lock, upsert
from crm.records.tables import acts

Kind = Literal["like", "hide"]


class Done(Struct, frozen=True):
    """A post that somebody liked or hid with one of our accounts; undone where `undone_at` is set.

    `native_id` is the account's on its platform: it stays when the account is disconnected and connected again.
    `changes` counts how often this row was written.
    """

    workspace: str
    post_key: str
    act: Kind
    account_id: str
    actor: str
    at: datetime
    undone_at: datetime | None = None
    native_id: str = ""
    changes: int = 1


def put(tx: Connection, done: Done) -> None:
    """Keep the newest word on one act on one post."""
    upsert(tx, acts, [columns_of(done)], ("workspace", "post_key", "act"))


def hold(tx: Connection, workspace: str, post_key: str, act: Kind) -> Done | None:
    """The last word on one act on one post; nobody else writes another until the transaction ends."""
    lock(tx, f"act {workspace} {act} {post_key}")
    return next((one for one in of_posts(tx, workspace, [post_key]) if one.act == act), None)


def of_posts(tx: Connection, workspace: str, posts: Collection[str]) -> list[Done]:
    """What was done to these posts, also what was undone."""
    return [
        as_struct(Done, row)
        for some in chunks(posts)
        for row in tx.execute(
            select(acts)
            .where(acts.c.workspace == workspace, acts.c.post_key.in_(some))
            .order_by(acts.c.post_key, acts.c.act)
        )
    ]
