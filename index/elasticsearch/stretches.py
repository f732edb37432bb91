"""Time cut where the clocks of a zone change, so that days and hours can be counted at one offset at a time.

The changes are those of Python's time zones, as everywhere in the house; the server's may be older.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from msgspec import Struct

from crm.query.tree import And, Field, Node
from index.elasticsearch.compile import Query
from index.elasticsearch.search import PRESENT
from index.elasticsearch.server import Server
from index.moments import DAY, moment_of, offset_at

WINDOW_DAYS = 30
MOST_DAYS = 1100
"""A query that names a span of up to so many days is not asked first where its posts lie."""


class Stretch(Struct, frozen=True):
    """Seconds since 1970, from `since` until before `until` (None: no end), in which clocks stand `offset` from UTC."""

    since: int | None
    until: int | None
    offset: int

    @property
    def filters(self) -> list[Query]:
        """What limits a query to it."""
        bounds = {"gte": self.since, "lt": self.until}
        limits = {name: second * 1_000_000 for name, second in bounds.items() if second is not None}
        return [{"range": {"posted_us": limits}}] if limits else []


EVER = Stretch(None, None, 0)


class _Bucket(Struct, frozen=True):
    key: int


class _Buckets(Struct, frozen=True):
    buckets: list[_Bucket] = []


class _Windows(Struct, frozen=True):
    windows: _Buckets = _Buckets()


class _Found(Struct, frozen=True):
    aggregations: _Windows = _Windows()


def stretches(server: Server, query: Node, compiled: Query, zone: ZoneInfo) -> list[Stretch]:
    """The stretches that the posts of a query lie in; a few, for clocks change twice a year at most."""
    days = _named(query)
    if days is None:
        starts = _populated(server, compiled)
        days = (day for start in starts for day in range(start, start + WINDOW_DAYS))
    changes = list(_changes(days, zone))
    ends: list[int | None] = [second for second, _ in changes[1:]]
    begins = [None, *ends]
    return [
        Stretch(since, until, offset)
        for since, until, (_, offset) in zip(begins, [*ends, None], changes, strict=True)
    ] if changes else []  # fmt: skip


def _named(query: Node) -> Iterable[int] | None:
    """The days since 1970 of the span that a query names, None where it names none or a very long one."""
    parts = query.children if isinstance(query, And) else (query,)
    moments: dict[str, list[int]] = {"since": [], "until": []}
    for part in parts:
        if isinstance(part, Field) and part.name in moments:
            moments[part.name].append(moment_of(part) // 1_000_000 // DAY)
    if not moments["since"] or not moments["until"]:
        return None
    first, last = max(moments["since"]), min(moments["until"])
    return range(first, last + 1) if last - first <= MOST_DAYS else None


def _populated(server: Server, compiled: Query) -> list[int]:
    """The first days of those windows in which there are posts, in order."""
    grain = {"field": "posted", "fixed_interval": f"{WINDOW_DAYS}d", "min_doc_count": 1}
    body = {
        "query": compiled, "size": 0, "track_total_hits": False, "aggs": {"windows": {"date_histogram": grain}},
    }  # fmt: skip
    found = server.ask(_Found, "POST", f"/{server.prefix}/_search", body, **PRESENT)
    return [bucket.key // 1000 // DAY for bucket in found.aggregations.windows.buckets]


def _changes(days: Iterable[int], zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    """From which second on which offset holds, over rising days; a day that ends as it began has no change."""
    offset: int | None = None
    for day in days:
        low, high = day * DAY, (day + 1) * DAY
        if offset is None or offset_at(zone, low) != offset:
            offset = offset_at(zone, low)
            yield low, offset
        if offset_at(zone, high) != offset:
            second = _first(zone, low, high, offset)
            offset = offset_at(zone, second)
            yield second, offset


def _first(zone: ZoneInfo, low: int, high: int, offset: int) -> int:
    """The first second after `low` at which the offset is another."""
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(zone, middle) == offset:
            low = middle
        else:
            high = middle
    return high
