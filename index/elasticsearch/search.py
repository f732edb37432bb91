"""Pages of hits: by time, or by relevance; a reader of large pages keeps one view of the index."""

from __future__ import annotations

from msgspec import Struct

from crm.ports.index import Order, Scope
from crm.query.tree import Everything, Node
from crm.words import EnrichedPost
from index.cursor import Seal
from index.elasticsearch.compile import compile_query, scored
from index.elasticsearch.faults import GoneError
from index.elasticsearch.rows import Source
from index.elasticsearch.server import Server

LARGE = 500
"""Pages from this size on are an export's or a copy's: they are read from a point in time."""

KEPT = "2m"
STRICT = {"allow_partial_search_results": "false"}
PRESENT = {"ignore_unavailable": "true", **STRICT}
"""No month yet is no error; a month that does not answer is one."""

SortValue = int | float | str


class Mark(Seal, frozen=True, array_like=True):
    """The sort values of the last hit of a page, and the point in time that it was read from."""

    after: tuple[SortValue, ...]
    view: str = ""


class Hit(Struct, frozen=True, rename={"source": "_source"}):
    """A document and where it stands in the order."""

    source: Source
    sort: tuple[SortValue, ...] = ()


class _Hits(Struct, frozen=True):
    hits: list[Hit] = []


class Found(Struct, frozen=True):
    """An answer of the search interface."""

    hits: _Hits = _Hits()
    pit_id: str = ""

    @property
    def documents(self) -> list[EnrichedPost]:
        """The documents of the hits."""
        return [hit.source.whole() for hit in self.hits.hits]


class _View(Struct, frozen=True):
    id: str


def page(
    server: Server, scope: Scope, query: Node, order: Order, limit: int, search: bytes, after: Mark | None
) -> tuple[list[EnrichedPost], Mark | None]:
    """At most `limit` documents beyond `after`, and the mark of the next page."""
    large = limit >= LARGE
    view = after.view if after else _opened(server) if large else ""
    body: dict[str, object] = {
        "query": scored(query, scope) if order == "relevance" else compile_query(query, scope),
        "sort": _sorting(order), "size": limit + 1, "track_total_hits": False,
        **({"search_after": after.after} if after else {}),
    }  # fmt: skip
    found = _searched(server, body, order, search, view)
    hits, more = found.hits.hits[:limit], len(found.hits.hits) > limit
    view = found.pit_id
    if view and not more:
        server.ask(object, "DELETE", "/_pit", {"id": view})
    return [hit.source.whole() for hit in hits], Mark(search, hits[-1].sort, view) if more else None


def by_terms(server: Server, scope: Scope, field: str, values: list[str], limit: int) -> list[EnrichedPost]:
    """At most `limit` posts of a scope that have one of `values` in `field`, oldest first."""
    query = {"bool": {"filter": [compile_query(Everything(), scope), {"terms": {field: values}}]}}
    body = {"query": query, "sort": _sorting("oldest"), "size": limit, "track_total_hits": False}
    return server.ask(Found, "POST", f"/{server.prefix}/_search", body, **PRESENT).documents


def _sorting(order: Order) -> list[dict[str, str]]:
    direction = "asc" if order == "oldest" else "desc"
    by_time = [{"posted_us": direction}, {"key": direction}]
    return [{"_score": "desc"}, *by_time] if order == "relevance" else by_time


def _searched(server: Server, body: dict[str, object], order: Order, search: bytes, view: str) -> Found:
    params = dict(STRICT)
    if order == "relevance":
        params["search_type"] = "dfs_query_then_fetch"
    if view:
        try:
            within = {**body, "pit": {"id": view, "keep_alive": KEPT}}
            return server.ask(Found, "POST", "/_search", within, **params)
        except GoneError:
            # It was kept for too short a time; the order is the same in the index as it is now.
            after = body.get("search_after")
            if isinstance(after, tuple):
                body = {**body, "search_after": after[: len(_sorting(order))]}
    # The same copy of each shard scores alike; another one may still count what was deleted.
    return server.ask(
        Found, "POST", f"/{server.prefix}/_search", body, **{**params, **PRESENT}, preference=search.hex()
    )


def _opened(server: Server) -> str:
    path = f"/{server.prefix}/_pit"
    try:
        return server.ask(_View, "POST", path, keep_alive=KEPT, ignore_unavailable="true").id
    except GoneError:
        return ""
