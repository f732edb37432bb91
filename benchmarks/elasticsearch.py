"""The index on Elasticsearch beside the raw bulk helper with the same documents; searches and counts on it.

The server is the one of SHENAVA_INDEX_URL; what is written there goes again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from uuid import uuid4

import msgspec
from elasticsearch import helpers

from benchmarks.index import DAYS, MONITORS, ZONE, answer_times, posts
from crm.errors import InvalidInputError
from crm.words import EnrichedPost
from index import Login
from index.elasticsearch import ElasticsearchIndex, connect, parse_address
from index.elasticsearch.address import Address
from index.elasticsearch.rows import month_of, row, row_id
from index.elasticsearch.server import Server
from index.elasticsearch.template import months, prepare
from shenava.settings import Settings

BATCH = 500
ROUND = 5000
ROUNDS = 6


def run(folder: Path, rows: int = 100_000) -> dict[str, object]:
    """Write in interleaved rounds through the port and the raw helper, go on to `rows` posts, search and count.

    Rates are in posts per second, times in milliseconds. Raises InvalidInputError without a URL of Elasticsearch.
    """
    del folder
    said = Settings.load()
    if not said.index_url.startswith("elasticsearch+"):
        raise InvalidInputError("Name the server in SHENAVA_INDEX_URL, as elasticsearch+http://host:9200/name.")
    login = Login(said.elasticsearch_api_key, said.elasticsearch_username, said.elasticsearch_password)
    base = parse_address(said.index_url, login)
    with _place(base, "port") as ours, _place(base, "raw") as theirs:
        index = ElasticsearchIndex(connect(ours), ours)
        try:
            made = posts(rows)
            spent = _interleaved(index, theirs, made)
            for batch in iter(lambda: list(islice(made, BATCH)), []):
                index.write(batch)
            answered = answer_times(index)
        finally:
            index.close()
    port, raw = (round(ROUNDS * ROUND / seconds) for seconds in spent)
    return {
        "name": "elasticsearch",
        "what": (
            f"{ROUNDS} rounds of {ROUND} made-up bilingual posts, each written through the port and through"
            f" elasticsearch.helpers.bulk with the same documents (made beforehand), batches of {BATCH}, in turns;"
            f" then {rows} posts of {DAYS} days and {len(MONITORS)} monitors: searches for the newest 50 (ranked: best"
            f" 50) and counts of dashboards in {ZONE}, in one thread."
        ),
        "figures": {"rows": rows, "written_per_second": port, **answered},
        "reference": {"bulk_helper_per_second": raw},
        "ratio": round(port / raw, 2),
    }


def _interleaved(index: ElasticsearchIndex, theirs: Address, made: Iterator[EnrichedPost]) -> tuple[float, float]:
    """Seconds spent in the port and in the raw helper; who begins changes with each round."""
    index.write(list(islice(made, BATCH)))
    spent = [0.0, 0.0]
    client = connect(theirs)
    for number in range(ROUNDS):
        written = list(islice(made, ROUND))
        actions = [_action(theirs, one) for one in written]
        for who in (0, 1) if number % 2 else (1, 0):
            start = time.perf_counter()
            if who:
                helpers.bulk(client, actions, chunk_size=BATCH)
            else:
                _through_port(index, written)
            spent[who] += time.perf_counter() - start
    client.close()
    return spent[0], spent[1]


def _through_port(index: ElasticsearchIndex, written: Sequence[EnrichedPost]) -> None:
    for start in range(0, len(written), BATCH):
        index.write(written[start : start + BATCH])


def _action(address: Address, document: EnrichedPost) -> dict[str, object]:
    return {
        "_index": f"{address.prefix}-{month_of(document)}", "_id": row_id(document.workspace, document.post.key),
        "_version": document.version, "_version_type": "external_gte", "_source": msgspec.to_builtins(row(document)),
    }  # fmt: skip


@contextmanager
def _place(base: Address, name: str) -> Iterator[Address]:
    """Indices of our own beside those of the address."""
    address = msgspec.structs.replace(base, prefix=f"{base.prefix}-bench-{name}-{uuid4().hex[:8]}")
    server = Server(connect(address), address)
    prepare(server)
    try:
        yield address
    finally:
        for month in months(server):
            server.ask(object, "DELETE", f"/{month}")
        server.ask(object, "DELETE", f"/_index_template/{address.prefix}")
        server.close()
