"""Both indexes beside the in-memory matcher, over a thousand made-up posts and queries made from their words.

Hits, their order in time and counts are equal. Order by relevance is BM25 in both, but the embedded one takes its
statistics from the candidates of the search (where a common word weighs next to nothing) and Elasticsearch from all
posts, and scores a phrase by its words: of the ten best hits of one, eight on average are among the ten best of the
other, and never fewer than three.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from benchmarks.index import posts
from crm.ports.index import PostIndex, Scope
from crm.query.tree import And, Everything, Field, Near, Node, Not, Or, Prefix, Words
from crm.words import EnrichedPost
from index.elasticsearch import ElasticsearchIndex
from index.sqlite import SQLiteIndex
from tests.conformance import index_judge as judge
from tests.conformance.post_index import pages
from tests.index.months import kept, opened

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.xdist_group("elasticsearch")]
SEED = 1405
POSTS = 1000
QUERIES = 60
BEST = 10


@pytest.fixture(scope="module")
def written() -> list[EnrichedPost]:
    """Posts of two months; each tenth is private, none is of a time before 1970 or of a strange length."""
    return [
        replace(one, post=replace(one.post, private=number % 10 == 0))
        for number, one in enumerate(posts(POSTS, seed=SEED))
    ]


@pytest.fixture(scope="module")
def embedded(written: list[EnrichedPost], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SQLiteIndex]:
    path: Path = tmp_path_factory.mktemp("both") / "index.sqlite"
    index = SQLiteIndex(path)
    index.write(written)
    yield index
    index.close()


@pytest.fixture(scope="module")
def served(written: list[EnrichedPost], elasticsearch: str) -> Iterator[ElasticsearchIndex]:
    with kept(elasticsearch) as address, opened(address) as index:
        for start in range(0, POSTS, 200):
            index.write(written[start : start + 200])
        yield index


class Questions:
    """Queries, scopes and splits made of the words and properties of some posts."""

    def __init__(self, written: list[EnrichedPost], seed: int) -> None:
        self._written, self._random = written, random.Random(seed)

    def query(self, depth: int = 2) -> Node:
        """One query; about half have hits."""
        if depth and self._random.random() < 0.5:
            children = tuple(self.query(depth - 1) for _ in range(self._random.randint(1, 3)))
            return self._random.choice([And(children), Or(children), Not(children[0])])
        return self._random.choice([self.words, self.words, self._prefix, self._near, self._field])()

    def words(self) -> Words:
        """A word or a phrase of a post."""
        tokens = self._post().tokens.split()
        start = self._random.randrange(len(tokens))
        return Words(tuple(tokens[start : start + self._random.choice((1, 1, 1, 2))]))

    def scope(self) -> Scope:
        """All of the workspace or some monitors."""
        monitors = self._random.choice([None, None, ("monitor1",), ("monitor2", "monitor5"), ()])
        return Scope("acme", monitors, self._random.random() < 0.5)

    def by(self) -> list[judge.Dimension]:
        """Up to three dimensions."""
        return self._random.sample(judge.ALL_DIMENSIONS, self._random.randint(0, 3))

    def _post(self) -> EnrichedPost:
        return self._random.choice(self._written)

    def _prefix(self) -> Prefix:
        return Prefix(self._post().tokens.split()[0][: self._random.randint(1, 4)])

    def _near(self) -> Near:
        return Near(self.words(), self._random.choice([self.words, self._prefix])(), self._random.randint(0, 12))

    def _field(self) -> Field:
        one = self._post()
        return self._random.choice([
            Field("author", ":", one.post.author.handle), Field("thread", ":", one.thread_key),
            Field("sentiment", ":", one.sentiment.value or "unknown"), Field("platform", ":", one.post.platform),
            Field("followers", self._random.choice([">", "<=", ":"]), str(one.post.author.followers)),
            Field("since", ":", one.post.posted_at.isoformat()), Field("until", ":", one.post.posted_at.isoformat()),
            Field("is", ":", "reply"), Field("monitor", ":", "monitor0"), Field("lang", ":", "fa"),
        ])  # fmt: skip


@pytest.mark.parametrize("number", range(QUERIES))
def test_hits_and_counts_are_the_same(
    number: int, written: list[EnrichedPost], embedded: SQLiteIndex, served: ElasticsearchIndex
) -> None:
    asked = Questions(written, SEED + number)
    query, scope, by = asked.query(), asked.scope(), asked.by()
    expected = judge.hits(written, scope, query)
    counted = judge.counts(written, scope, query, by, "Asia/Tehran")
    index: PostIndex
    for index in (embedded, served):
        assert [one for page in pages(index, query, "newest", 400, scope) for one in page] == expected, query
        assert list(index.search(scope, query, "oldest", 1000).hits) == expected[::-1], query
        assert index.count(scope, query, by, "Asia/Tehran") == counted, (query, by)


def test_the_best_hits_are_nearly_the_same(
    written: list[EnrichedPost], embedded: SQLiteIndex, served: ElasticsearchIndex
) -> None:
    asked, shares = Questions(written, SEED), list[float]()
    while len(shares) < QUERIES:
        query = Or((asked.words(), asked.words(), asked.words()))
        best = [
            [one.post.key for one in index.search(Scope("acme"), query, "relevance", BEST).hits]
            for index in (embedded, served)
        ]
        if len(best[0]) == BEST:
            shares.append(len(set(best[0]) & set(best[1])) / BEST)
    assert min(shares) >= 0.3
    assert sum(shares) / len(shares) >= 0.8


def test_everything_is_there_once(
    written: list[EnrichedPost], embedded: SQLiteIndex, served: ElasticsearchIndex
) -> None:
    every = Scope("acme", private=True)
    for index in (embedded, served):
        listed = [one for page in pages(index, Everything(), "oldest", 500, every) for one in page]
        assert listed == judge.hits(written, every, Everything())[::-1]
