"""Writing whole documents, and taking them out again, inside of one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

import apsw
import msgspec

from crm.errors import StoreError
from crm.words import EnrichedPost
from index.sqlite.facets import account, own_facets
from index.sqlite.kinds import Numbers
from index.sqlite.schema import QUARTER, SEQUENCE_MASK, first_docid, microseconds, slot_id, stored_version
from index.sqlite.slots import add_to_slots, pack, take_from_slots

_ENCODER = msgspec.msgpack.Encoder()


class Stored(msgspec.Struct, frozen=True):
    """What must be known of a stored post to take it out."""

    docid: int
    workspace: int
    version: int
    posted_us: int
    kind: int
    author: int
    rewritten: bool


COLUMNS = "docid, workspace, version, posted_us, kind, author, rewritten"
"""What :class:`Stored` is made of."""


def store(db: apsw.Connection, numbers: Numbers, documents: Sequence[EnrichedPost]) -> None:
    """Store those documents that are no older than what is stored."""
    newest = _newest(db, numbers, documents)
    known = find(db, newest)
    for key, stored in known.items():
        if stored.version > stored_version(newest[key].version) or _same(db, stored, newest[key]):
            del newest[key]
    # Taken before anything goes, so that no docid is used for two posts in one transaction: see `erase`.
    free = _free_docids(db, {_second(document) for document in newest.values()})
    remove(db, [known[key] for key in newest if key in known])
    _insert(db, numbers, newest, free, known.keys())


def find(db: apsw.Connection, keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], Stored]:
    """What is stored under these (workspace, post key)."""
    rows = db.executemany(f"SELECT key, {COLUMNS} FROM post WHERE workspace = ? AND key = ?", keys)
    return {(row[2], row[0]): Stored(*row[1:]) for row in rows}


def erase(db: apsw.Connection, posts: Sequence[Stored]) -> None:
    """Take posts out so that nothing of them stays in the file.

    A document written anew only hides its former words from FTS5: taking them out at once costs
    forty times as much. They leave when the post is erased, by merging the whole index.
    """
    db.execute("INSERT INTO body (body, rank) VALUES ('secure-delete', 1)")
    remove(db, posts)
    db.execute("INSERT INTO body (body, rank) VALUES ('secure-delete', 0)")
    if any(post.rewritten for post in posts):
        db.execute("INSERT INTO body (body) VALUES ('optimize')")
        db.execute("UPDATE post SET rewritten = 0 WHERE rewritten")


def remove(db: apsw.Connection, posts: Sequence[Stored]) -> None:
    """Take posts out of every table."""
    docids = sorted((post.docid,) for post in posts)
    db.executemany("DELETE FROM body WHERE rowid = ?", docids)
    db.executemany("DELETE FROM post WHERE docid = ?", docids)
    gone: dict[int, list[bytes]] = defaultdict(list)
    for post in posts:
        second = post.posted_us // 1_000_000
        gone[slot_id(post.workspace, second // QUARTER)].append(pack(post.kind, post.author))
    take_from_slots(db, gone)


def _newest(
    db: apsw.Connection, numbers: Numbers, documents: Sequence[EnrichedPost]
) -> dict[tuple[int, str], EnrichedPost]:
    newest: dict[tuple[int, str], EnrichedPost] = {}
    for document in documents:
        key = numbers.workspace(db, document.workspace), document.post.key
        other = newest.get(key)
        if other is None or other.version <= document.version:
            newest[key] = document
    return newest


def _same(db: apsw.Connection, stored: Stored, document: EnrichedPost) -> bool:
    if stored.version != stored_version(document.version):
        return False
    row = db.execute("SELECT tokens, document FROM body WHERE rowid = ?", (stored.docid,)).fetchone()
    return row is not None and row == (document.tokens, _encoded(document))


def _encoded(document: EnrichedPost) -> bytes:
    return _ENCODER.encode(msgspec.structs.replace(document, tokens=""))


def _second(document: EnrichedPost) -> int:
    return microseconds(document.post.posted_at) // 1_000_000


def _insert(
    db: apsw.Connection,
    numbers: Numbers,
    documents: dict[tuple[int, str], EnrichedPost],
    free: dict[int, int],
    known: Collection[tuple[int, str]],
) -> None:
    posts, bodies = [], []
    slots: dict[int, list[bytes]] = defaultdict(list)
    moments = {key: microseconds(document.post.posted_at) for key, document in documents.items()}
    # In rising order of docid: FTS5 flushes what it holds whenever a rowid falls.
    for key in sorted(documents, key=moments.__getitem__):
        document, moment, workspace = documents[key], moments[key], key[0]
        second = moment // 1_000_000
        docid = free[second]
        free[second] += 1
        kind, shared = numbers.kind(db, workspace, document)
        said_by = document.post.author
        author, of_author = account(said_by.key, said_by.handle)
        version = stored_version(document.version)
        posts.append((docid, *key, version, moment, kind, author, said_by.followers, key in known))
        facets = f"{shared} {of_author} {own_facets(document)}"
        bodies.append((docid, document.tokens, facets, _encoded(document)))
        slots[slot_id(workspace, second // QUARTER)].append(pack(kind, author))
    db.executemany("INSERT INTO post VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", posts)
    db.executemany("INSERT INTO body (rowid, tokens, facets, document) VALUES (?, ?, ?, ?)", bodies)
    add_to_slots(db, slots)


def _free_docids(db: apsw.Connection, seconds: set[int]) -> dict[int, int]:
    """The least docid of each second above all that are taken."""
    spans = [(second, first_docid(second), first_docid(second) | SEQUENCE_MASK) for second in sorted(seconds)]
    free: dict[int, int] = dict(
        db.executemany("SELECT ?, coalesce(max(docid) + 1, ?2) FROM post WHERE docid BETWEEN ?2 AND ?3", spans)
    )
    for second, docid in free.items():
        if docid - first_docid(second) > SEQUENCE_MASK - 100_000:
            raise StoreError(f"The index holds too many posts of second {second} since 1970; split the import.")
    return free
