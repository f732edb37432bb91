"""The Elasticsearch index: the conformance suite over a real node, and what only it promises."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from index.elasticsearch import ElasticsearchIndex
from tests.conformance import post_index as suite
from tests.conformance import post_index_counts as counts
from tests.index.months import fresh_index

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.xdist_group("elasticsearch")]


@pytest.fixture
def index(elasticsearch: str) -> Iterator[ElasticsearchIndex]:
    with fresh_index(elasticsearch) as index:
        yield index


class TestWriting(suite.Writing): ...


class TestDeleting(suite.Deleting): ...


class TestScoping(suite.Scoping): ...


class TestMatching(suite.Matching): ...


class TestOrdering(suite.Ordering): ...


class TestRelevance(suite.Relevance): ...


class TestCounting(counts.Counting): ...


class TestZones(counts.Zones): ...


class TestConversations(suite.Conversations): ...


class TestAgreeing(counts.Agreeing): ...
