"""The accounts with the most posts, exactly, without counting all of them; and the texts with the most copies.

Each shard tells of its most active accounts. An account that none of them told of has at most
the posts that stand behind their lists; as soon as the last wanted account has as many, the wanted
ones are among those told of, and these are counted over all shards.
"""

from __future__ import annotations

from msgspec import Struct

from index.elasticsearch.compile import Query
from index.elasticsearch.search import PRESENT
from index.elasticsearch.server import Server
from index.limits import MAX_TEXTS

MOST_WANTED = 10_000
FIRST = 500
FACTOR = 10
MOST = 60_000
"""Elasticsearch answers with up to 65,535 buckets."""


class _Bucket(Struct, frozen=True):
    key: str
    doc_count: int
    doc_count_error_upper_bound: int = 0


class _Terms(Struct, frozen=True):
    buckets: list[_Bucket] = []
    doc_count_error_upper_bound: int = 0
    sum_other_doc_count: int = 0


class _Counted(Struct, frozen=True):
    authors: _Terms = _Terms()


class _Found(Struct, frozen=True):
    aggregations: _Counted = _Counted()


def most_active(server: Server, query: Query, limit: int) -> list[tuple[str, int]]:
    """At most `limit` accounts and how many of the query's posts they have, largest first."""
    width = max(FIRST, 2 * limit)
    while True:
        told = _terms(server, query, {"size": min(width, MOST), "shard_size": width})
        rest = told.buckets[-1].doc_count if told.buckets and told.sum_other_doc_count else 0
        unseen = told.doc_count_error_upper_bound + rest
        if not unseen:
            return [(one.key, one.doc_count) for one in told.buckets[:limit]]
        least = told.buckets[:limit][-1].doc_count
        if least >= unseen:
            near = [one.key for one in told.buckets if one.doc_count + one.doc_count_error_upper_bound >= least]
            exact = _terms(server, query, {"include": near, "size": len(near), "shard_size": len(near)})
            return [(one.key, one.doc_count) for one in exact.buckets[:limit]]
        width *= FACTOR


def most_copied(server: Server, query: Query, limit: int) -> list[tuple[str, int]]:
    """At most `limit` seeds of texts that two or more of the query's posts share, those of most posts first."""
    how: dict[str, object] = {"size": limit, "shard_size": max(MAX_TEXTS, limit), "min_doc_count": 2}
    told = _terms(server, query, how, "seeds")
    if told.doc_count_error_upper_bound:
        near = [one.key for one in told.buckets]
        told = _terms(server, query, {"include": near, "size": len(near), "shard_size": len(near)}, "seeds")
    return [(one.key, one.doc_count) for one in told.buckets]


def _terms(server: Server, query: Query, how: dict[str, object], field: str = "author") -> _Terms:
    grouping = {"field": field, "show_term_doc_count_error": True, **how}
    body = {
        "query": query, "size": 0, "track_total_hits": False, "aggs": {"authors": {"terms": grouping}},
    }  # fmt: skip
    return server.ask(_Found, "POST", f"/{server.prefix}/_search", body, **PRESENT).aggregations.authors
