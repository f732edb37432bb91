"""Slots: kind and author of every post, packed by quarter of an hour, so that a dashboard reads bytes, not rows.

A slot is a row of 12-byte entries, one per post, in no order. Quarters of an hour, because
zones differ from UTC by such; what is not aligned to them is counted from the rows instead.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import apsw
import numpy as np
from numpy.typing import NDArray

from index.sqlite.schema import slot_id

ENTRY = np.dtype([("kind", "<u4"), ("author", "<i8")])
_SIZE = ENTRY.itemsize
pack = struct.Struct("<Iq").pack
"""``pack(kind, author)``: the entry of one post."""


def add_to_slots(db: apsw.Connection, entries: Mapping[int, Sequence[bytes]]) -> None:
    """Append entries to slots."""
    db.executemany(
        "INSERT INTO slot (id, posts) VALUES (?, ?)"
        " ON CONFLICT (id) DO UPDATE SET posts = CAST(posts || excluded.posts AS BLOB)",
        [(slot, b"".join(entries[slot])) for slot in sorted(entries)],
    )


def take_from_slots(db: apsw.Connection, entries: Mapping[int, Sequence[bytes]]) -> None:
    """Take out one equal entry for each of those given."""
    for slot, gone in sorted(entries.items()):
        posts: bytes = db.execute("SELECT posts FROM slot WHERE id = ?", (slot,)).get
        for entry in gone:
            place = _place(posts, entry)
            posts = posts[:place] + posts[place + _SIZE :]
        if posts:
            db.execute("UPDATE slot SET posts = ? WHERE id = ?", (posts, slot))
        else:
            db.execute("DELETE FROM slot WHERE id = ?", (slot,))


def _place(posts: bytes, entry: bytes) -> int:
    place = posts.find(entry)
    while place > 0 and place % _SIZE:
        place = posts.find(entry, place + 1)
    return place if place >= 0 else len(posts)


def read_slots(
    db: apsw.Connection, workspace: int, first: int, last: int
) -> tuple[NDArray[np.int64], NDArray[np.void]]:
    """The quarters and entries of all posts between two quarters of an hour, both included."""
    span = slot_id(workspace, first), slot_id(workspace, last)
    rows: list[Any] = db.execute("SELECT id, posts FROM slot WHERE id BETWEEN ? AND ?", span).fetchall()
    if any(posts is None or len(posts) % _SIZE for _, posts in rows):
        raise apsw.CorruptError("a slot of posts is not as it was stored")
    entries = np.frombuffer(b"".join(posts for _, posts in rows), ENTRY)
    quarters = np.array([slot for slot, _ in rows], np.int64) - slot_id(workspace, 0)
    return np.repeat(quarters, np.array([len(posts) // _SIZE for _, posts in rows], np.int64)), entries
