"""Indices of their own for a test, on a node that others use too."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import uuid4

from index.elasticsearch import ElasticsearchIndex, connect, parse_address
from index.elasticsearch.address import Address
from index.elasticsearch.faults import GoneError
from index.elasticsearch.server import Server
from index.elasticsearch.template import months
from index.elasticsearch.write import Sleep


def address_at(url: str, options: str = "") -> Address:
    """A prefix that nobody else has on the node at ``http://host:port``."""
    return parse_address(f"elasticsearch+{url}/test-{uuid4().hex[:12]}{options}")


@contextmanager
def fresh_index(url: str, address: Address | None = None, sleep: Sleep = time.sleep) -> Iterator[ElasticsearchIndex]:
    """An empty index, whose months are dropped afterwards."""
    where = address or address_at(url)
    index = ElasticsearchIndex(connect(where), where, sleep)
    try:
        yield index
    finally:
        drop(where)
        index.close()


def drop(address: Address) -> None:
    """Delete everything of an address."""
    server = Server(connect(address), address)
    try:
        for name in months(server):
            server.ask(object, "DELETE", f"/{name}")
        with suppress(GoneError):
            server.ask(object, "DELETE", f"/_index_template/{address.prefix}")
    finally:
        server.close()
