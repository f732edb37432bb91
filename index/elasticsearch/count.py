"""Counting: every bucket from every shard, so that the numbers are exact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct

from crm.ports.index import Bucket, Dimension, Scope
from crm.query.tree import Node
from index.elasticsearch.authors import MOST_WANTED, most_active, most_copied
from index.elasticsearch.compile import Query, compile_query
from index.elasticsearch.search import PRESENT
from index.elasticsearch.server import Server
from index.elasticsearch.stretches import EVER, Stretch, stretches
from index.limits import MAX_TEXTS
from index.moments import HOUR, THURSDAY, day_name, hour_name, hour_of_week_name, zone_named

PAGE = 10_000
FIELDS: dict[Dimension, str] = {
    "sentiment": "sentiment", "platform": "platform", "language": "language", "monitor": "monitors",
    "urgency": "urgency", "author": "author",
}  # fmt: skip
_TIMES: dict[str, Callable[[int], str]] = {
    "day": lambda hour: day_name(hour // 24),
    "hour": hour_name,
    "hour_of_week": lambda hour: hour_of_week_name((hour // 24 + THURSDAY) % 7 * 24 + hour % 24),
}
"""What is made of an hour, counted from 1970 on the clocks of the zone."""


class _Bucket(Struct, frozen=True):
    key: dict[str, str | int]
    doc_count: int


class _Buckets(Struct, frozen=True):
    buckets: list[_Bucket] = []
    after_key: dict[str, str | int] | None = None


class _Counted(Struct, frozen=True):
    by: _Buckets = _Buckets()


class _Total(Struct, frozen=True):
    value: int = 0


class _Hits(Struct, frozen=True):
    total: _Total = _Total()


class _Found(Struct, frozen=True):
    aggregations: _Counted = _Counted()
    hits: _Hits = _Hits()


class Asked(NamedTuple):
    """One question: the posts of `query`, split by `by`, with only `permitted` monitors named."""

    query: Query
    by: Sequence[Dimension]
    permitted: tuple[str, ...] | None


def count_posts(
    server: Server, scope: Scope, query: Node, by: Sequence[Dimension], zone: str, limit: int | None
) -> list[Bucket]:
    """The largest buckets, unordered. See :meth:`crm.ports.index.PostIndex.count`."""
    compiled = compile_query(query, scope)
    if not by:
        total = _total(server, compiled)
        return [Bucket((), total)] if total else []
    where = zone_named(zone)
    if list(by) == ["text"]:
        return [
            Bucket((seed,), posts) for seed, posts in most_copied(server, compiled, min(limit or MAX_TEXTS, MAX_TEXTS))
        ]
    if list(by) == ["author"] and limit is not None and limit <= MOST_WANTED:
        return [Bucket((author,), posts) for author, posts in most_active(server, compiled, limit)]
    asked = Asked(compiled, by, scope.monitors)
    timed = not _TIMES.keys().isdisjoint(by)
    found: Counter[tuple[str, ...]] = Counter()
    for stretch in stretches(server, query, compiled, where) if timed else (EVER,):
        for names, posts in _rows(server, asked, stretch):
            found[names] += posts
    return [Bucket(names, posts) for names, posts in found.most_common(limit)]


def _total(server: Server, query: Query) -> int:
    # Not by `_count`, which leaves out months that do not answer and says nothing.
    body = {"query": query, "size": 0, "track_total_hits": True}
    return server.ask(_Found, "POST", f"/{server.prefix}/_search", body, **PRESENT).hits.total.value


def _rows(server: Server, asked: Asked, stretch: Stretch) -> Iterator[tuple[tuple[str, ...], int]]:
    hourly = not {"hour", "hour_of_week"}.isdisjoint(asked.by)
    sources: list[Query] = []
    if not _TIMES.keys().isdisjoint(asked.by):
        grain = {"field": "posted", "fixed_interval": "1h" if hourly else "1d", "offset": f"{-stretch.offset}s"}
        sources.append({"time": {"date_histogram": grain}})
    sources += [{name: {"terms": {"field": FIELDS[name]}}} for name in asked.by if name in FIELDS]
    for bucket in _pages(server, {"bool": {"filter": [asked.query, *stretch.filters]}}, sources):
        hour = (int(bucket.key.get("time", 0)) // 1000 + stretch.offset) // HOUR
        names = tuple(str(bucket.key[name]) if name in FIELDS else _TIMES[name](hour) for name in asked.by)
        monitor = bucket.key.get("monitor")
        if monitor is None or asked.permitted is None or monitor in asked.permitted:
            yield names, bucket.doc_count


def _pages(server: Server, query: Query, sources: list[Query]) -> Iterator[_Bucket]:
    after: dict[str, str | int] | None = None
    while True:
        grouping = {"sources": sources, "size": PAGE, **({"after": after} if after else {})}
        body = {"query": query, "size": 0, "track_total_hits": False, "aggs": {"by": {"composite": grouping}}}
        found = server.ask(_Found, "POST", f"/{server.prefix}/_search", body, **PRESENT).aggregations.by
        yield from found.buckets
        after = found.after_key
        if len(found.buckets) < PAGE or after is None:
            return
