"""The Elasticsearch index: the conformance suite over a real node, and what only it promises."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from index.elasticsearch import ElasticsearchIndex
from index.elasticsearch.address import Address
from tests.conformance import post_index as suite
from tests.conformance import post_index_copies as copies
from tests.conformance import post_index_counts as counts
from tests.index.months import empty, kept, opened

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.xdist_group("elasticsearch")]


@pytest.fixture(scope="module")
def address(elasticsearch: str) -> Iterator[Address]:
    with kept(elasticsearch) as address:
        yield address


@pytest.fixture
def index(address: Address) -> Iterator[ElasticsearchIndex]:
    with opened(address) as index:
        yield index
    empty(address)


class TestWriting(suite.Writing): ...


class TestDeleting(suite.Deleting): ...


class TestScoping(suite.Scoping): ...


class TestMatching(suite.Matching): ...


class TestOrdering(suite.Ordering): ...


class TestRelevance(suite.Relevance):
    @pytest.fixture
    def index(self, elasticsearch: str) -> Iterator[ElasticsearchIndex]:
        """One whose statistics know no deleted posts of other tests."""
        with kept(elasticsearch) as address, opened(address) as index:
            yield index


class TestCounting(counts.Counting): ...


class TestZones(counts.Zones): ...


class TestConversations(suite.Conversations): ...


class TestAgreeing(counts.Agreeing): ...


class TestCopies(copies.Copies): ...


class TestCampaigning(copies.Campaigning): ...
