"""Indices of their own for a test, on a node that others use too."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import uuid4

from index.elasticsearch import ElasticsearchIndex, connect, parse_address
from index.elasticsearch.address import Address
from index.elasticsearch.erase import places
from index.elasticsearch.faults import GoneError
from index.elasticsearch.rows import encoded
from index.elasticsearch.server import Server
from index.elasticsearch.template import months
from index.elasticsearch.unseen import refresh
from index.elasticsearch.write import Sleep, bulk


def address_at(url: str, options: str = "") -> Address:
    """A prefix that nobody else has on the node at ``http://host:port``."""
    return parse_address(f"elasticsearch+{url}/test-{uuid4().hex[:12]}{options}")


@contextmanager
def opened(address: Address, sleep: Sleep = time.sleep) -> Iterator[ElasticsearchIndex]:
    """The index at an address."""
    index = ElasticsearchIndex(connect(address), address, sleep)
    try:
        yield index
    finally:
        index.close()


@contextmanager
def served(address: Address) -> Iterator[Server]:
    """The server of an address, to look behind the port."""
    server = Server(connect(address), address)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def kept(url: str) -> Iterator[Address]:
    """An address whose months and template are deleted in the end."""
    address = address_at(url)
    try:
        yield address
    finally:
        with served(address) as server:
            for name in months(server):
                server.ask(object, "DELETE", f"/{name}")
            with suppress(GoneError):
                server.ask(object, "DELETE", f"/_index_template/{address.prefix}")


def empty(address: Address) -> None:
    """Delete all rows and keep the months: making one anew takes a second."""
    with served(address) as server:
        refresh(server)
        for found in places(server, {"match_all": {}}):
            bulk(server, [encoded({"delete": {"_index": one.index, "_id": one.id}}) for one in found])
        refresh(server)
