"""Taking posts out of every month, and months out as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from msgspec import Struct

from index.elasticsearch.compile import Query
from index.elasticsearch.faults import GoneError
from index.elasticsearch.rows import UNDATED, encoded, term
from index.elasticsearch.search import PRESENT
from index.elasticsearch.server import Server
from index.elasticsearch.template import months
from index.elasticsearch.write import Placed, bulk

_AT_ONCE = 1000
_PAGE = 5000


class _Hit(Placed, frozen=True, rename={"index": "_index", "id": "_id"}):
    sort: tuple[int | str, ...] = ()


class _Hits(Struct, frozen=True):
    hits: list[_Hit] = []


class _Found(Struct, frozen=True):
    hits: _Hits = _Hits()


class _Mark(Struct, frozen=True):
    erased: bool = False


class _Mapping(Struct, frozen=True, rename={"meta": "_meta"}):
    meta: _Mark = _Mark()


class _Mapped(Struct, frozen=True):
    mappings: _Mapping = _Mapping()


class _Docs(Struct, frozen=True):
    deleted: int = 0


class _Total(Struct, frozen=True):
    docs: _Docs = _Docs()


class _All(Struct, frozen=True):
    total: _Total = _Total()


class _Stats(Struct, frozen=True, rename={"all": "_all"}):
    all: _All = _All()


class _Count(Struct, frozen=True):
    count: int = 0


def erase(server: Server, workspace: str, post_keys: Sequence[str], author_keys: Sequence[str]) -> list[str]:
    """Delete posts and everything of authors; the ids of the rows that went. Their months are marked for `purge`."""
    gone, touched = list[str](), set[str]()
    for found in _wanted(server, workspace, post_keys, author_keys):
        fresh = {one.index for one in found} - touched
        # Marked before: if we die in between, whoever tries again finds nothing left to delete, and marks nothing.
        for index in sorted(fresh):
            _mark(server, index, True)
        touched |= fresh
        done = bulk(server, [encoded({"delete": {"_index": one.index, "_id": one.id}}) for one in found])
        gone += [one.id for one, how in zip(found, done, strict=True) if how.result == "deleted"]
    for index in sorted(touched):
        _mark(server, index, True)  # again: `purge` may have come in between
        with suppress(GoneError):
            server.ask(object, "POST", f"/{index}/_refresh")
    return gone


def _wanted(
    server: Server, workspace: str, post_keys: Sequence[str], author_keys: Sequence[str]
) -> Iterator[list[Placed]]:
    for field, keys in (("key", post_keys), ("author", author_keys)):
        for start in range(0, len(keys), _AT_ONCE):
            values = [term(key) for key in keys[start : start + _AT_ONCE]]
            query: Query = {"bool": {"filter": [{"term": {"workspace": workspace}}, {"terms": {field: values}}]}}
            yield from places(server, query)


def purge(server: Server) -> None:
    """Rewrite the segments of marked months that hold deleted rows, and take the mark off those that hold none.

    A shard keeps what was deleted for up to half a minute, for copies of it that lag behind; so the mark stays until
    nothing is left, and who calls this calls it again.
    """
    try:
        marked = server.ask(dict[str, _Mapped], "GET", f"/{server.prefix}/_mapping")
    except GoneError:
        return
    for index in sorted(name for name, found in marked.items() if found.mappings.meta.erased):
        with suppress(GoneError):  # a month that another process dropped holds nothing
            _purge(server, index)


def _purge(server: Server, index: str) -> None:
    if not _left(server, index):
        _mark(server, index, False)
        if _left(server, index):  # an erasure came between the two, and its mark is the one that we took off
            _mark(server, index, True)
        return
    server.ask(object, "POST", f"/{index}/_flush", force="true", wait_if_ongoing="true")
    # Nobody waits for it, for it takes minutes in a large month.
    server.ask(object, "POST", f"/{index}/_forcemerge", only_expunge_deletes="true", wait_for_completion="false")


def _left(server: Server, index: str) -> int:
    """How many deleted rows a month still holds; before a refresh it does not say so."""
    server.ask(object, "POST", f"/{index}/_refresh")
    return server.ask(_Stats, "GET", f"/{index}/_stats/docs").all.total.docs.deleted


def _mark(server: Server, index: str, erased: bool) -> None:
    with suppress(GoneError):
        server.ask(object, "PUT", f"/{index}/_mapping", {"_meta": {"erased": erased}})


def expire(server: Server, before: datetime) -> int:
    """Drop every month that ended by `before`; how many posts went."""
    last = f"{before.astimezone(UTC):%Y-%m}"
    gone = 0
    for name in months(server):
        month = name.removeprefix(f"{server.prefix}-")
        if month != UNDATED and month < last:
            with suppress(GoneError):  # another process dropped it, and counted it
                posts = server.ask(_Count, "GET", f"/{name}/_count").count
                server.ask(object, "DELETE", f"/{name}")
                gone += posts
    return gone


def places(server: Server, query: Query) -> Iterator[list[Placed]]:
    """Where the rows of a query are, in order of time, a page at a time."""
    after: tuple[int | str, ...] = ()
    while True:
        body = {
            "query": query, "size": _PAGE, "_source": False, "track_total_hits": False,
            "sort": [{"posted_us": "asc"}, {"key": "asc"}], **({"search_after": after} if after else {}),
        }  # fmt: skip
        found = server.ask(_Found, "POST", f"/{server.prefix}/_search", body, **PRESENT).hits.hits
        if found:
            yield list(found)
        if len(found) < _PAGE:
            return
        after = found[-1].sort
