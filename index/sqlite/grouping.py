"""GROUP BY over columns of whole numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_DENSE = 1 << 22
"""Up to so many combinations, a table of all of them is faster than sorting."""

_WIDE = 1 << 20
"""A column that spans more than this has its values numbered first."""

Numbers = NDArray[np.int64]


class Table(NamedTuple):
    """Columns of codes, and how many posts each row stands for."""

    columns: list[Numbers]
    posts: Numbers


class _Digits(NamedTuple):
    """A column as digits below `base`, and the value of each digit (None: the digit plus `low`)."""

    digits: Numbers
    base: int
    low: int
    values: Numbers | None

    def decoded(self, digits: Numbers) -> Numbers:
        return digits + self.low if self.values is None else self.values[digits]


def grouped(columns: list[Numbers], posts: Numbers | None = None) -> Table:
    """Equal rows made one and their posts (None: one each) added up. There is at least one row and one column."""
    if posts is None and len(columns) == 1:
        low, high = int(columns[0].min()), int(columns[0].max())
        if high - low >= _WIDE:
            values, counts = np.unique(columns[0], return_counts=True)
            return Table([values], counts)
    parts = [_digits(column) for column in columns]
    code, size = np.zeros(len(columns[0]), np.int64), 1
    for part in parts:
        code, size = code * part.base + part.digits, size * part.base
    codes, counts = _counted(code, size, posts)
    found: list[Numbers] = []
    for part in reversed(parts):
        codes, digits = np.divmod(codes, part.base)
        found.append(part.decoded(digits))
    return Table(found[::-1], counts)


def largest(table: Table, limit: int | None) -> Table:
    """The `limit` rows that stand for most posts, all of them for None."""
    if limit is None or limit >= len(table.posts):
        return table
    rows = np.argsort(-table.posts, kind="stable")[:limit]
    return Table([column[rows] for column in table.columns], table.posts[rows])


def _digits(column: Numbers) -> _Digits:
    low, high = int(column.min()), int(column.max())
    if high - low < _WIDE:
        return _Digits(column - low, high - low + 1, low, None)
    values, digits = np.unique(column, return_inverse=True)
    return _Digits(digits, len(values), 0, values)


def _counted(code: Numbers, size: int, posts: Numbers | None) -> tuple[Numbers, Numbers]:
    if size <= _DENSE:
        counts = np.bincount(code, posts).astype(np.int64)
        codes = np.flatnonzero(counts)
        return codes, counts[codes]
    if posts is None:
        return np.unique(code, return_counts=True)
    codes, places = np.unique(code, return_inverse=True)
    return codes, np.bincount(places, posts).astype(np.int64)
