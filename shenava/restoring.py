"""`shenava restore`: a verified back-up in the place of the data, with every erasure since applied again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from crm.ports.index import Scope
from crm.query.tree import Everything
from crm.records import erasure, tombstones, workspaces
from crm.records.database import Records
from crm.records.tables import kept_posts
from crm.records.tables import secrets as secrets_table
from crm.records.tables import tombstones as tombstones_table
from shenava import backup
from shenava.locks import only_one
from shenava.wiring import House

PAGE = 1000


class Restored(Struct, frozen=True):
    """When the back-up was made, where the data from before lie, and how many posts were erased again."""

    made_at: datetime
    aside: Path | None
    erased_again: int


def restore(house: House, file: Path) -> Restored:
    """Restore `file` into the data folder, which nobody else may be using.

    Raises: FolderInUseError, DamagedBackupError; then nothing was changed.
    """
    with only_one(house.data), backup.unpacked(file, house.data) as (work, manifest):
        ledger = list(_ledger(house.data / backup.FILES[0]))
        aside = backup.put_back(work, manifest, house.data, house.clock.now())
        with house.records.write() as tx:
            _merge(tx, ledger)
        again = _erase_again(house)
        house.close()
    return Restored(manifest.made_at, aside, again)


def _ledger(path: Path) -> Iterator[tuple[bytes | None, dict[str, Any]]]:
    """The tombstones of the data that are about to be replaced, with the key of their hashes."""
    if not path.exists():
        return
    records = Records.connect(f"sqlite:///{path}")
    try:
        with records.read() as tx:
            key = tx.execute(select(secrets_table.c.value).where(secrets_table.c.name == "tombstones")).scalar()
            for row in tx.execute(select(tombstones_table)):
                yield key, row._asdict()
    finally:
        records.close()


def _merge(tx: Connection, ledger: list[tuple[bytes | None, dict[str, Any]]]) -> None:
    if not ledger:
        return
    # A back-up from before the first erasure has no key of its own, so the ledger's comes with it.
    if tx.execute(select(secrets_table.c.name).where(secrets_table.c.name == "tombstones")).first() is None:
        tx.execute(insert(secrets_table).values(name="tombstones", workspace="", value=ledger[0][0]))
    for _, row in ledger:
        here = (tombstones_table.c.workspace == row["workspace"]) & (tombstones_table.c.digest == row["digest"])
        tx.execute(delete(tombstones_table).where(here))
        tx.execute(insert(tombstones_table).values(**row))


def _erase_again(house: House) -> int:
    """Remove every restored post that a tombstone covers."""
    with house.records.read() as tx:
        known = [one.id for one in workspaces.every(tx)]
    gone = 0
    for workspace in known:
        for keys, authors in _buried_posts(house, workspace):
            gone += house.index.delete(workspace, list(keys), list(authors))
            house.log.erase({*keys, *(f"{workspace}/{key}" for key in keys)})
            with house.records.write() as tx:
                erasure.remove(tx, workspace, keys, authors)
    return gone


def _buried_posts(house: House, workspace: str) -> Iterator[tuple[set[str], set[str]]]:
    scope, cursor = Scope(workspace, None, private=True), None
    yield _buried(house, workspace, _kept(house, workspace))
    while True:
        page = house.index.search(scope, Everything(), "oldest", PAGE, cursor)
        yield _buried(house, workspace, {hit.post.key: hit.post.author.key for hit in page.hits})
        cursor = page.cursor
        if cursor is None:
            return


def _kept(house: House, workspace: str) -> dict[str, str]:
    query = select(kept_posts.c.post_key, kept_posts.c.author_key).where(kept_posts.c.workspace == workspace)
    with house.records.read() as tx:
        return {row.post_key: row.author_key for row in tx.execute(query)}


def _buried(house: House, workspace: str, authors_by_post: dict[str, str]) -> tuple[set[str], set[str]]:
    with house.records.read() as tx:
        found = tombstones.buried(tx, workspace, {*authors_by_post, *authors_by_post.values()})
    posts = {key for key, author in authors_by_post.items() if key in found or author in found}
    return posts, found & set(authors_by_post.values())
