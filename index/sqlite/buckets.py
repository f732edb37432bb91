"""From posts to buckets: a row per post in, a row per combination of dimensions out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from zoneinfo import ZoneInfo

import apsw
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from crm.ports.index import Bucket, Dimension
from index.moments import day_name, hour_name, hour_of_week_name
from index.sqlite.documents import read_documents
from index.sqlite.facets import author_facet
from index.sqlite.grouping import Table, grouped, largest
from index.sqlite.kinds import Kind
from index.sqlite.zones import Numbers, hour_of_week, in_zone

_KIND_DIMENSIONS = frozenset({"sentiment", "platform", "language", "urgency", "monitor"})
_TIMES: dict[str, Callable[[Numbers], Numbers]] = {
    "day": lambda hours: hours // 24,
    "hour": lambda hours: hours,
    "hour_of_week": hour_of_week,
}
Name = Callable[[int], str]


class Posts(Struct, frozen=True):
    """One entry per post in each array: second since 1970, number of its kind, digest of its author."""

    seconds: Numbers
    kinds: NDArray[np.integer]
    authors: Numbers

    def joined(self, other: Posts) -> Posts:
        """These and the others."""
        return Posts(
            np.concatenate([self.seconds, other.seconds]),
            np.concatenate([self.kinds, other.kinds]),
            np.concatenate([self.authors, other.authors]),
        )

    def where(self, wanted: NDArray[np.bool_]) -> Posts:
        """Those whose place in `wanted` is true."""
        return Posts(self.seconds[wanted], self.kinds[wanted], self.authors[wanted])


def buckets(
    db: apsw.Connection,
    posts: Posts,
    by: Sequence[Dimension],
    zone: ZoneInfo,
    kinds: Mapping[int, Kind],
    permitted: Sequence[str] | None,
    limit: int | None,
) -> list[Bucket]:
    """The posts split by dimensions, unordered: the `limit` largest buckets. Only `permitted` monitors are named."""
    if not len(posts.kinds):
        return []
    made = _columns(posts, by, zone)
    table = grouped(list(made.values()))
    columns, weights = dict(zip(made, table.columns, strict=True)), table.posts
    names: dict[str, Name] = {}
    if "monitor" in by:
        monitors = sorted({m for kind in kinds.values() for m in kind.monitors if permitted is None or m in permitted})
        places, codes = _monitors(columns["kind"], kinds, monitors)
        columns = {name: column[places] for name, column in columns.items()} | {"monitor": codes}
        weights, names["monitor"] = weights[places], monitors.__getitem__
    for dimension in by:
        if dimension not in columns:
            values, lookup = _labels(kinds, dimension)
            columns[dimension], names[dimension] = lookup[columns["kind"]], values.__getitem__
        names.setdefault(dimension, _spelling(db, dimension))
    if not len(weights):
        return []
    table = grouped([columns[dimension] for dimension in by], weights)
    return _named(largest(table, limit), [names[one] for one in by])


def _named(table: Table, names: Sequence[Name]) -> list[Bucket]:
    spelt = [[name(code) for code in column.tolist()] for name, column in zip(names, table.columns, strict=True)]
    return [Bucket(keys, posts) for keys, posts in zip(zip(*spelt, strict=True), table.posts.tolist(), strict=True)]


def _columns(posts: Posts, by: Sequence[Dimension], zone: ZoneInfo) -> dict[str, Numbers]:
    """What the dimensions are made of: times, the kind and the author, each only where it is needed."""
    columns: dict[str, Numbers] = {}
    for name, of_hours in _TIMES.items():
        if name in by:
            columns[name] = in_zone(zone, posts.seconds, of_hours)
    if not _KIND_DIMENSIONS.isdisjoint(by):
        columns["kind"] = posts.kinds.astype(np.int64)
    if "author" in by:
        columns["author"] = posts.authors
    return columns


def _monitors(numbers: Numbers, kinds: Mapping[int, Kind], monitors: list[str]) -> tuple[Numbers, Numbers]:
    """For each monitor of each row: the row's place and the monitor's code."""
    has = np.zeros((max(kinds, default=0) + 1, len(monitors)), bool)
    for number, kind in kinds.items():
        has[number] = [monitor in kind.monitors for monitor in monitors]
    places, codes = np.nonzero(has[numbers])
    return places, codes


def _labels(kinds: Mapping[int, Kind], dimension: Dimension) -> tuple[list[str], Numbers]:
    """The values of a label, and the place of each kind's value among them by the kind's number."""
    of_kind: dict[int, str] = {number: getattr(kind, dimension) for number, kind in kinds.items()}
    values = sorted(set(of_kind.values()))
    lookup = np.zeros(max(of_kind, default=0) + 1, np.int64)
    for number, value in of_kind.items():
        lookup[number] = values.index(value)
    return values, lookup


def _spelling(db: apsw.Connection, dimension: Dimension) -> Name:
    times: dict[str, Name] = {"day": day_name, "hour": hour_name, "hour_of_week": hour_of_week_name}
    return times.get(dimension) or (lambda author: _author_key(db, author))


def _author_key(db: apsw.Connection, author: int) -> str:
    rows = db.execute("SELECT rowid FROM body WHERE body MATCH ? LIMIT 1", (f'"{author_facet(author)}"',))
    return read_documents(db, [docid for (docid,) in rows])[0].post.author.key
