"""Writing whole documents, and taking them out again, inside of one transaction."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import apsw
import msgspec

from crm.errors import StoreError
from crm.words import EnrichedPost
from index.moments import microseconds
from index.sqlite import likeness
from index.sqlite.documents import packed
from index.sqlite.facets import account, own_facets
from index.sqlite.kinds import Numbers
from index.sqlite.schema import (
    QUARTER,
    SEQUENCE_BITS,
    SEQUENCE_MASK,
    first_docid,
    slot_id,
    stored_version,
)
from index.sqlite.slots import add_to_slots, pack, take_from_slots


class Stored(msgspec.Struct, frozen=True):
    """What must be known of a stored post to take it out."""

    docid: int
    workspace: int
    version: int
    posted_us: int
    kind: int
    author: int
    rewritten: bool
    place: int | None


COLUMNS = "docid, workspace, version, posted_us, kind, author, rewritten, place"
"""What :class:`Stored` is made of."""


class Incoming(NamedTuple):
    """A document to store, its version as it is stored, and its moment in microseconds since 1970."""

    document: EnrichedPost
    version: int
    moment: int


def store(db: apsw.Connection, numbers: Numbers, documents: Sequence[EnrichedPost]) -> None:
    """Store those documents that are no older than what is stored."""
    newest = _newest(db, numbers, documents)
    known = find(db, newest)
    for key, stored in known.items():
        if stored.version > newest[key].version or _same(db, stored, newest[key]):
            del newest[key]
    # Taken before anything goes, so that no docid is used for two posts in one transaction: see `erase`.
    free = _free_docids(db, {one.moment // 1_000_000 for one in newest.values()})
    remove(db, [known[key] for key in newest if key in known])
    _insert(db, numbers, newest, free, known.keys())


def find(db: apsw.Connection, keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], Stored]:
    """What is stored under these (workspace, post key)."""
    by_workspace: dict[int, list[str]] = defaultdict(list)
    for workspace, key in keys:
        by_workspace[workspace].append(key)
    found: dict[tuple[int, str], Stored] = {}
    for workspace, wanted in by_workspace.items():
        rows = db.execute(
            f"SELECT post.key, {COLUMNS} FROM json_each(?2) AS wanted"
            " CROSS JOIN post ON post.workspace = ?1 AND post.key = wanted.value",
            (workspace, json.dumps(wanted)),
        )
        for key, *columns in rows:
            found[workspace, key] = Stored(*columns)
    return found


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
    likeness.remove(db, [(post.workspace, post.place) for post in posts if post.place is not None])


def _newest(
    db: apsw.Connection, numbers: Numbers, documents: Sequence[EnrichedPost]
) -> dict[tuple[int, str], Incoming]:
    newest: dict[tuple[int, str], Incoming] = {}
    for document in documents:
        key = numbers.workspace(db, document.workspace), document.post.key
        version = stored_version(document.version)
        other = newest.get(key)
        if other is None or other.version <= version:
            newest[key] = Incoming(document, version, microseconds(document.post.posted_at))
    return newest


def _same(db: apsw.Connection, stored: Stored, incoming: Incoming) -> bool:
    if stored.version != incoming.version:
        return False
    row = db.execute("SELECT tokens, document FROM body WHERE rowid = ?", (stored.docid,)).fetchone()
    return row is not None and row == (incoming.document.tokens, packed(incoming.document))


def _insert(
    db: apsw.Connection,
    numbers: Numbers,
    documents: dict[tuple[int, str], Incoming],
    free: dict[int, int],
    known: Collection[tuple[int, str]],
) -> None:
    posts, bodies = [], []
    places: dict[int, int] = {}
    said: dict[int, list[likeness.Said]] = defaultdict(list)
    slots: dict[int, list[bytes]] = defaultdict(list)
    # In rising order of docid: FTS5 flushes what it holds whenever a rowid falls.
    for key, (document, version, moment) in sorted(documents.items(), key=_moment_of):
        workspace = key[0]
        second = moment // 1_000_000
        docid = free[second]
        free[second] += 1
        kind, shared = numbers.kind(db, workspace, document)
        said_by = document.post.author
        author, of_author = account(said_by.key, said_by.handle)
        posts.append((docid, *key, version, moment, kind, author, said_by.followers, key in known))
        if document.bands:
            said[workspace].append(likeness.Said(docid, author, kind, document.bands))
        facets = f"{shared} {of_author} {own_facets(document)}"
        bodies.append((docid, document.tokens, facets, packed(document)))
        slots[slot_id(workspace, second // QUARTER)].append(pack(kind, author))
    for workspace, some in said.items():
        places.update(zip([one.docid for one in some], likeness.add(db, workspace, some), strict=True))
    rows = [(*post, places.get(post[0])) for post in posts]
    db.executemany("INSERT INTO post VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    db.executemany("INSERT INTO body (rowid, tokens, facets, document) VALUES (?, ?, ?, ?)", bodies)
    add_to_slots(db, slots)


def _moment_of(item: tuple[tuple[int, str], Incoming]) -> int:
    return item[1].moment


def _free_docids(db: apsw.Connection, seconds: set[int]) -> dict[int, int]:
    """The least docid of each second above all that are taken."""
    free = {second: first_docid(second) for second in seconds}
    taken = db.execute(
        "SELECT max(docid) FROM json_each(?) AS second CROSS JOIN post"
        f" ON docid BETWEEN second.value << {SEQUENCE_BITS} AND second.value << {SEQUENCE_BITS} | {SEQUENCE_MASK}"
        " GROUP BY second.value",
        (json.dumps(sorted(seconds)),),
    )
    for (docid,) in taken:
        second = docid >> SEQUENCE_BITS
        if docid - first_docid(second) >= SEQUENCE_MASK - 100_000:
            raise StoreError(f"The index holds too many posts of second {second} since 1970; split the import.")
        free[second] = docid + 1
    return free
