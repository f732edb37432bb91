"""What near-duplicates are found by, many posts to a row, so that a million are looked through in a tenth of a second.

A token for each hash in FTS5 would be found faster, but made writing a tenth slower. A row holds entries of 76 bytes
in order of arrival; a post knows its place. Where one was taken out zeros are left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import NamedTuple

import apsw
import numpy as np
from numpy.typing import NDArray

from crm.ports.likeness import MARKS, SEEDS, SHARED, marks, seeds
from crm.query.tree import Field

ENTRY = np.dtype([
    ("docid", "<i8"), ("author", "<i8"), ("kind", "<u4"), ("seeds", "<u4", (SEEDS,)), ("marks", "<u4", (MARKS,)),
])  # fmt: skip
Entries = NDArray[np.void]
_SIZE = ENTRY.itemsize
_FEW, _MOST = 256, 1024
"""A row grows while it has fewer entries than the first, by at most the second."""

_PLACE_BITS, _WORKSPACE_BITS = 12, 32
_READ_AT_ONCE = 64
_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_NO_PAIR = 1 << 10
_TABLE_BITS, _HASH_BITS, _PLACES = 20, 30, 6


class Said(NamedTuple):
    """A post: its docid, the digest of its author, its kind and its hashes."""

    docid: int
    author: int
    kind: int
    bands: tuple[str, ...]


class Wanted(NamedTuple):
    """Marks, rising, and how many of them a post must have."""

    marks: NDArray[np.uint32]
    shared: int


def number(band: str) -> int:
    """A hash as the number it spells; 0 for what is none."""
    try:
        found = int(band, 32)
    except ValueError:
        return 0
    return found if 0 < found < 1 << _HASH_BITS and len(band) == _PLACES else 0


def wanted(fields: Iterable[Field]) -> list[Wanted]:
    """What each alike field asks for."""
    found = []
    for field in fields:
        said = set(field.value.split(","))
        numbers = sorted({number(mark) for mark in said} - {0})
        found.append(Wanted(np.array(numbers, np.uint32), min(SHARED, len(said))))
    return found


def spelt(seed: int) -> str:
    """The hash of a number."""
    return "".join(_DIGITS[seed >> shift & 31] for shift in range(_HASH_BITS - 5, -1, -5))


def add(db: apsw.Connection, workspace: int, said: Sequence[Said]) -> list[int]:
    """Store posts of a workspace; gives the place of each."""
    first, places = workspace << _WORKSPACE_BITS, list[int]()
    for start in range(0, len(said), _MOST):
        entries = _entries(said[start : start + _MOST])
        low, high = int(entries["docid"].min()), int(entries["docid"].max())
        last = db.execute(
            "SELECT id, length(posts) FROM alike WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1",
            (first, first + (1 << _WORKSPACE_BITS) - 1),
        ).fetchone()
        row, taken = (first, 0) if last is None else (last[0], last[1] // _SIZE)
        if last is not None and taken < _FEW:
            db.execute(
                "UPDATE alike SET low = min(low, ?), high = max(high, ?), posts = CAST(posts || ? AS BLOB)"
                " WHERE id = ?",
                (low, high, entries.tobytes(), row),
            )
        else:
            row, taken = row + (last is not None), 0
            db.execute("INSERT INTO alike VALUES (?, ?, ?, ?)", (row, low, high, entries.tobytes()))
        place = (row - first << _PLACE_BITS) + taken
        places += range(place, place + len(entries))
    return places


def remove(db: apsw.Connection, places: Sequence[tuple[int, int]]) -> None:
    """Overwrite the entries at these places of workspaces with zeros; rows of nothing else go."""
    rows: dict[int, list[int]] = defaultdict(list)
    for workspace, place in places:
        rows[(workspace << _WORKSPACE_BITS) + (place >> _PLACE_BITS)].append(place & (1 << _PLACE_BITS) - 1)
    for row, gone in sorted(rows.items()):
        with db.blob_open("main", "alike", "posts", row, True) as blob:
            for at in sorted(gone):
                blob.seek(at * _SIZE)
                blob.write(bytes(_SIZE))
    db.executemany("DELETE FROM alike WHERE id = ? AND posts = zeroblob(length(posts))", [(row,) for row in rows])


def read(db: apsw.Connection, workspace: int, low: int, high: int) -> Iterator[Entries]:
    """The entries of a workspace between two docids, both included, some ten thousand at a time."""
    first = workspace << _WORKSPACE_BITS
    rows = db.execute(
        "SELECT posts FROM alike WHERE id BETWEEN ? AND ? AND high >= ? AND low <= ?",
        (first, first + (1 << _WORKSPACE_BITS) - 1, low, high),
    )
    blobs = (posts for (posts,) in rows)
    while some := list(islice(blobs, _READ_AT_ONCE)):
        if any(len(posts) % _SIZE for posts in some):
            raise apsw.CorruptError("hashes of posts are not as they were stored")
        entries = np.frombuffer(b"".join(some), ENTRY)
        docids = entries["docid"]
        yield entries[(entries["seeds"][:, 0] != 0) & (docids >= low) & (docids <= high)]


def sharing(entries: Entries, wanted: Sequence[Wanted]) -> Entries:
    """Those entries that share enough marks with any of `wanted`."""
    every = np.concatenate([one.marks for one in wanted])
    known = np.zeros(1 << _TABLE_BITS, bool)
    known[every >> np.uint32(_HASH_BITS - _TABLE_BITS)] = True
    shift = np.uint32(_HASH_BITS - _TABLE_BITS)
    near = entries[known[entries["marks"] >> shift].any(axis=1) | known[entries["seeds"] >> shift].any(axis=1)]
    # The one hash of a short text is both, and counts once.
    has = np.concatenate((np.where(near["seeds"] == near["marks"][:, :1], 0, near["seeds"]), near["marks"]), axis=1)
    enough = np.zeros(len(near), bool)
    for one in wanted:
        enough |= np.isin(has, one.marks).sum(axis=1) >= one.shared
    found: Entries = near[enough]
    return found


def _entries(said: Sequence[Said]) -> Entries:
    docids, authors, kinds, bands = zip(*said, strict=True)
    entries = np.zeros(len(said), ENTRY)
    entries["docid"], entries["author"], entries["kind"] = docids, authors, kinds
    written = "".join([_padded(one) for one in bands]).encode("ascii", "replace")
    numbers = _numbers(np.frombuffer(written, np.uint8).reshape(len(said), SEEDS + MARKS, _PLACES))
    entries["seeds"], entries["marks"] = numbers[:, :SEEDS], numbers[:, SEEDS:]
    return entries


def _padded(bands: Sequence[str]) -> str:
    """All seeds and marks in a row, with zeros for those that there are not."""
    if len(bands) == SEEDS + MARKS and len(written := "".join(bands)) == (SEEDS + MARKS) * _PLACES:
        return written
    if len(bands) == 1 and number(bands[0]):
        return f"{bands[0]:0<{SEEDS * _PLACES}}{bands[0]:0<{MARKS * _PLACES}}"
    rows = ((seeds(bands), SEEDS), (marks(bands), MARKS))
    return "".join(spelt(number(band)) for part, most in rows for band in [*part, *("",) * most][:most])


def _numbers(written: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """The numbers that rows of digits spell, (posts, hashes, digits) to (posts, hashes); 0 where one isn't a digit."""
    first, second, third = np.moveaxis(_pairs()[written.view("<u2")], -1, 0)
    numbers: NDArray[np.uint32] = first << np.uint32(20) | second << np.uint32(10) | third
    numbers[(first | second | third) >= _NO_PAIR] = 0
    return numbers


@cache
def _pairs() -> NDArray[np.uint32]:
    """What two digits together spell, by their bytes as one number."""
    digits = np.frombuffer(_DIGITS.encode(), np.uint8).astype(np.uint32)
    values = np.full(1 << 16, _NO_PAIR, np.uint32)
    values[digits[:, None] | digits << 8] = np.arange(32)[:, None] << 5 | np.arange(32)
    return values
