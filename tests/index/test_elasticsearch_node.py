"""A node of its own: it goes and comes back, and what was erased leaves its disk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from crm.errors import RetryableError
from crm.ports.index import Scope
from crm.query.tree import Everything
from index.elasticsearch import ElasticsearchIndex
from tests.conformance.index_judge import NOON, document, post
from tests.index.months import address_at, opened
from tests.services.elasticsearch import Elasticsearch, elasticsearch_node
from tests.services.fixtures import required

pytestmark = [
    pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("elasticsearch"),
]  # fmt: skip
ACME = Scope("acme")
GONE_SECONDS = 120.0


@pytest.fixture(scope="module")
def node() -> Iterator[Elasticsearch]:
    with required(elasticsearch_node()) as node:
        yield node


@pytest.fixture
def index(node: Elasticsearch) -> Iterator[ElasticsearchIndex]:
    with opened(address_at(node.url)) as index:
        yield index


def holding(folder: Path, words: list[bytes]) -> set[bytes]:
    """Those of the words that stand in some file below the folder."""
    found: set[bytes] = set()
    for path in folder.rglob("*"):
        try:
            raw = path.read_bytes() if path.is_file() else b""
        except FileNotFoundError:  # merged away meanwhile
            continue
        found |= {word for word in words if word in raw}
    return found


def test_what_is_erased_leaves_the_disk(node: Elasticsearch, index: ElasticsearchIndex) -> None:
    said = [
        document(post(f"id{n}post", f"secret{n}word", NOON + timedelta(days=n), author=f"author{n}name"))
        for n in range(90)
    ]
    for start in range(0, 90, 30):
        index.write(said[start : start + 30])
        index.search(ACME, Everything())
    index.write([
        document(post(one.post.native_id, "edited", one.post.posted_at, author=one.post.author.native_id), revision=2)
        for one in said[:20]
    ])  # fmt: skip
    gone = said[::3]
    words = [f"secret{n}word".encode() for n in range(0, 90, 3)]
    names = [f"author{n}name".encode() for n in range(0, 90, 3)]
    assert index.delete("acme", [one.post.key for one in gone[::2]], [one.post.author.key for one in gone[1::2]]) == 30
    end = time.monotonic() + GONE_SECONDS
    while (left := holding(node.data, words + names)) and time.monotonic() < end:
        index.purge()
        time.sleep(1)
    assert left == set()
    assert len(index.search(ACME, Everything(), limit=100).hits) == 60


def test_a_node_that_stops_is_waited_for_and_has_kept_everything(
    node: Elasticsearch, index: ElasticsearchIndex
) -> None:
    batch = [document(post(str(n), at=NOON + timedelta(days=n))) for n in range(40)]
    index.write(batch[:20])
    node.stop(kill=True)
    for ask in (lambda: index.write(batch[20:]), lambda: index.search(ACME, Everything())):
        with pytest.raises(RetryableError, match="can't be reached"):
            ask()
    node.start()
    end = time.monotonic() + GONE_SECONDS
    while time.monotonic() < end:
        try:
            index.write(batch)
            break
        except RetryableError:
            time.sleep(0.5)
    assert list(index.search(ACME, Everything(), "oldest").hits) == batch
