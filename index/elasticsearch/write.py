"""Writing whole documents, each into the month where it was first seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import msgspec
from msgspec import Struct

from crm.errors import RetryableError
from crm.words import EnrichedPost
from index.elasticsearch.faults import fault
from index.elasticsearch.rows import encoded, month_of, row, row_id
from index.elasticsearch.search import PRESENT
from index.elasticsearch.server import Server
from index.elasticsearch.unseen import Unseen

MOST_BYTES = 8 << 20
"""A request of more is parted; Elasticsearch takes up to 100 MB, but it holds all of it in memory."""

TRIES = 50
PAUSE_SECONDS = 0.1
Sleep = Callable[[float], None]


class Placed(Struct, frozen=True, rename={"index": "_index", "id": "_id"}):
    """Where a row is."""

    index: str
    id: str


class _Hits(Struct, frozen=True):
    hits: list[Placed] = []


class _Found(Struct, frozen=True):
    hits: _Hits = _Hits()


class _Reason(Struct, frozen=True):
    type: str = ""


class Done(Struct, frozen=True):
    """What became of one line of a bulk request."""

    status: int
    error: _Reason = _Reason()
    result: str = ""


class Outcome(Struct, frozen=True):
    """The answer to a bulk request."""

    items: list[dict[str, Done]] = []
    errors: bool = False


class _Got(Struct, frozen=True):
    found: bool = False


class _Gotten(Struct, frozen=True):
    docs: list[_Got] = []


class Line(Struct, frozen=True):
    """A row to be written and where."""

    place: Placed
    action: bytes
    source: bytes


def write(server: Server, unseen: Unseen, documents: Sequence[EnrichedPost], sleep: Sleep) -> None:
    """Store documents durably; of those under one id the greater or equal version wins."""
    ids = [row_id(document.workspace, document.post.key) for document in documents]
    wanted = dict(zip(ids, map(month_of, documents), strict=True))
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(placed, server, unseen, wanted)
        sources = [encoded(row(document)) for document in documents]  # while the server looks
        months = asked.result()
    unseen.written(months)
    lines = [
        _line(document, Placed(months[name], name), source)
        for document, name, source in zip(documents, ids, sources, strict=True)
    ]
    try:
        for part in _parts(lines):
            _write(server, part, sleep)
    finally:
        unseen.written(months)


def _write(server: Server, lines: Sequence[Line], sleep: Sleep) -> None:
    refused = _sent(server, lines)
    tries = 0
    while refused := _missing(server, refused):
        # What was deleted a moment ago still stands in the way of an older version.
        tries += 1
        if tries > TRIES:
            raise RetryableError(
                f"Elasticsearch at {server.address.shown} has not yet let go of deleted posts; try again."
            )
        sleep(PAUSE_SECONDS)
        server.ask(object, "POST", f"/{server.prefix}/_refresh")
        refused = _sent(server, refused)


def placed(server: Server, unseen: Unseen, months: dict[str, str]) -> dict[str, str]:
    """The index of each id: where it is, else the one of the first month asked for it."""
    known = unseen.placed(months)
    unknown = [name for name in months if name not in known]
    for name, index in chain.from_iterable(
        _elsewhere(server, unknown[start : start + 5000], set(months.values()))
        for start in range(0, len(unknown), 5000)
    ):
        known[name] = index
    return {name: known.get(name) or f"{server.prefix}-{month}" for name, month in months.items()}


def _elsewhere(server: Server, ids: Sequence[str], months: set[str]) -> Iterator[tuple[str, str]]:
    # Where all go to one month, only the others need to be asked.
    own = f",-{server.prefix}-{next(iter(months))}" if len(months) == 1 else ""
    body = {
        "query": {"ids": {"values": ids}}, "size": len(ids), "sort": ["_doc"], "_source": False,
        "track_total_hits": False,
    }  # fmt: skip
    path = f"/{server.prefix}-*{own}/_search"
    found = server.ask(_Found, "POST", path, body, filter_path="hits.hits._index,hits.hits._id", **PRESENT)
    for hit in found.hits.hits:
        if is_month(server, hit.index):
            yield hit.id, hit.index


def is_month(server: Server, index: str) -> bool:
    """Whether an index is one of ours, and not one of a longer prefix."""
    return len(index) - len(server.prefix) == 8 and index.startswith(f"{server.prefix}-")


def bulk(server: Server, lines: Sequence[bytes]) -> list[Done]:
    """Send actions; what became of each. Raises for the first that failed by more than an older or missing version."""
    answer = server.tell(
        Outcome, "/_bulk", lines, filter_path="errors,items.*.status,items.*.result,items.*.error.type"
    )
    done = [next(iter(item.values())) for item in answer.items]
    if answer.errors:
        for one in done:
            if one.status >= 300 and one.status not in (404, 409):
                raise fault(server.address.shown, one.status, frozenset({one.error.type}))
    return done


def _line(document: EnrichedPost, place: Placed, source: bytes) -> Line:
    action = {"_index": place.index, "_id": place.id, "version": document.version, "version_type": "external_gte"}
    return Line(place, encoded({"index": action}), source)


def _parts(lines: Sequence[Line]) -> Iterator[list[Line]]:
    part, size = list[Line](), 0
    for line in lines:
        if part and size + len(line.source) > MOST_BYTES:
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line.source)
    yield part


def _sent(server: Server, lines: Sequence[Line]) -> list[Line]:
    """Write lines; those that gave way to another version."""
    done = bulk(server, list(chain.from_iterable((line.action, line.source) for line in lines)))
    return [line for line, one in zip(lines, done, strict=True) if one.status == 409]


def _missing(server: Server, lines: Sequence[Line]) -> list[Line]:
    """Those whose row isn't there."""
    if not lines:
        return []
    docs = [{**msgspec.to_builtins(line.place), "_source": False} for line in lines]
    found = server.ask(_Gotten, "POST", "/_mget", {"docs": docs}, filter_path="docs.found").docs
    return [line for line, one in zip(lines, found, strict=True) if not one.found]
