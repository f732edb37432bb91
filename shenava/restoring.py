"""`shenava restore`: a verified back-up in the place of the data, with every erasure since applied again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, inspect, select, update

from crm.ports.index import Scope
from crm.query.tree import Everything
from crm.records import dead_letters, erasure, scrubbing, tombstones, workspaces
from crm.records.database import Records
from crm.records.tables import outbox, replies
from crm.records.tables import receipts as receipts_table
from crm.records.tables import secrets as secrets_table
from crm.records.tables import tombstones as tombstones_table
from crm.usecases import removal
from crm.usecases.sending import InDoubtError
from shenava import backup, snapshot
from shenava.locks import only_one
from shenava.moving import Progress
from shenava.wiring import House

PAGE = 1_000
Row = dict[str, Any]


class Restored(Struct, frozen=True):
    """When the back-up was made, where the data from before lie, and how many posts were erased again."""

    made_at: datetime
    aside: Path | None
    erased_again: int


def restore(house: House, file: Path, ledger: str = "", progress: Progress = backup.quiet) -> Restored:
    """Restore `file` into the data folder, or into empty stores that are servers; nobody else may be using them.

    What was erased since is taken from the records that are replaced; where those are servers, from the records at
    the URL `ledger`. Raises: FolderInUseError, DamagedBackupError, NotEmptyError; then nothing was changed.
    """
    with only_one(house.data), backup.unpacked(file, house.data) as (work, manifest):
        # Erased again before it takes the data's place: whatever happens here, nobody reads what was erased.
        inside = snapshot.files_of(house, work)
        try:
            again = _catch_up(inside, *_ledger(house, ledger), manifest.made_at)
        finally:
            inside.close()
        aside = None
        if house.settings.embedded:
            aside = backup.put_back(work, manifest, house.data, house.clock.now())
        else:
            snapshot.put(house, work, progress)
    return Restored(manifest.made_at, aside, again)


def _catch_up(house: House, ledger: list[tuple[bytes | None, Row]], kept: list[Row], made_at: datetime) -> int:
    """Bring the unpacked data up to what was erased and sent since; returns how many posts were erased again."""
    with house.records.write() as tx:
        _merge(tx, ledger)
        _add_receipts(tx, kept)
        _doubt(tx)
        known = [one.id for one in workspaces.every(tx)]
    since = any(row["reason"] == "erased" and row["at"] >= made_at for _, row in ledger)
    gone = sum(_erase_in(house, workspace, unreadable=since) for workspace in known)
    scrubbing.scrub(house.records)
    return gone


def _ledger(house: House, url: str) -> tuple[list[tuple[bytes | None, Row]], list[Row]]:
    """The tombstones of the data that are about to be replaced, with the key of their hashes, and the receipts."""
    if not url:
        # A restore that was cut off may have put them aside already.
        kept = [house.data, *sorted(house.data.glob(f"{backup.ASIDE}*"), reverse=True)]
        files = [folder / backup.RECORDS for folder in kept if (folder / backup.RECORDS).exists()]
        if not house.settings.embedded or not files:
            return [], []
        url = f"sqlite:///{files[0]}"
    records = Records.connect(url, house.settings.records_password)
    try:
        with records.read() as tx:
            key = tx.execute(select(secrets_table.c.value).where(secrets_table.c.name == "tombstones")).scalar()
            buried = [(key, row._asdict()) for row in tx.execute(select(tombstones_table))]
            # An older version kept no receipts.
            there = inspect(tx).has_table(receipts_table.name)
            return buried, [row._asdict() for row in tx.execute(select(receipts_table))] if there else []
    finally:
        records.close()


def _merge(tx: Connection, ledger: list[tuple[bytes | None, Row]]) -> None:
    if not ledger:
        return
    # A back-up from before the first erasure has no key of its own, so the ledger's comes with it.
    if tx.execute(select(secrets_table.c.name).where(secrets_table.c.name == "tombstones")).first() is None:
        tx.execute(insert(secrets_table).values(name="tombstones", workspace="", value=ledger[0][0]))
    for _, row in ledger:
        here = (tombstones_table.c.workspace == row["workspace"]) & (tombstones_table.c.digest == row["digest"])
        tx.execute(delete(tombstones_table).where(here))
        tx.execute(insert(tombstones_table).values(**row))


def _add_receipts(tx: Connection, kept: list[Row]) -> None:
    """What was erased since the back-up was made stays proven."""
    known = set(tx.execute(select(receipts_table.c.id)).scalars())
    fresh = [row for row in kept if row["id"] not in known]
    if fresh:
        tx.execute(insert(receipts_table), fresh)


def _doubt(tx: Connection) -> None:
    """Replies on their way may have been sent since: the sender looks for each, and then asks a person.

    Parts that waited for another have nothing to be looked for by, so a person is asked at once.
    """
    mine = update(outbox).where(outbox.c.done_at.is_(None))
    tx.execute(mine.values(started=True, first_attempt=None, leased_until=None, lease_owner=None))
    known = select(outbox.c.reply_id).where(outbox.c.done_at.is_(None))
    waiting = replies.c.follows.is_not(None) & (replies.c.status == "approved") & replies.c.id.not_in(known)
    error = InDoubtError("It waited for another part when the back-up was made that was restored.")
    fields = {"status": "unknown", "error": str(error), "error_kind": InDoubtError.__name__}
    tx.execute(update(replies).where(waiting).values(**fields))


def _erase_in(house: House, workspace: str, unreadable: bool) -> int:
    """Remove everything that a tombstone covers; returns how many posts went from the index.

    `unreadable` dead letters go too, where something was erased since: nobody can tell whom they name.
    """
    gone, now = 0, house.clock.now()
    for posts, authors, people in _buried(house, workspace):
        gone += house.index.delete(workspace, list(posts), list(authors))
        house.log.erase({*posts, *(f"{workspace}/{key}" for key in posts)})
        with house.records.write() as tx:
            removal.erase(tx, workspace, posts, authors, people, now)
    with house.records.write() as tx:
        dead_letters.erase_buried(tx, workspace, unreadable)
    return gone


def _buried(house: House, workspace: str) -> Iterator[tuple[set[str], set[str], set[str]]]:
    """Keys of posts and authors and ids of customers that were erased, a batch at a time."""
    with house.records.read() as tx:
        named = erasure.named(tx, workspace)
        gone = tombstones.buried(tx, workspace, named.posts | named.authors | named.customers)
        theirs = erasure.kept_by(tx, workspace, gone & named.authors).keys()
    yield gone & named.posts | theirs, gone & named.authors, gone & named.customers
    scope, cursor = Scope(workspace, None, private=True), None
    while True:
        page = house.index.search(scope, Everything(), "oldest", PAGE, cursor)
        said_by = {hit.post.key: hit.post.author.key for hit in page.hits}
        with house.records.read() as tx:
            gone = tombstones.buried(tx, workspace, {*said_by, *said_by.values()})
        yield (
            {key for key, author in said_by.items() if key in gone or author in gone},
            gone & {*said_by.values()},
            set(),
        )
        cursor = page.cursor
        if cursor is None:
            return
