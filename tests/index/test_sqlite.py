"""The SQLite index: the conformance suite, and what only it promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from index.sqlite import SQLiteIndex
from tests.conformance import post_index as suite
from tests.conformance import post_index_copies as copies
from tests.conformance import post_index_counts as counts


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SQLiteIndex]:
    index = SQLiteIndex(tmp_path / "index.sqlite")
    yield index
    index.close()


class TestWriting(suite.Writing): ...


class TestDeleting(suite.Deleting): ...


class TestScoping(suite.Scoping): ...


class TestMatching(suite.Matching): ...


class TestOrdering(suite.Ordering): ...


class TestRelevance(suite.Relevance): ...


class TestCounting(counts.Counting): ...


class TestZones(counts.Zones): ...


class TestConversations(suite.Conversations): ...


@pytest.mark.slow
class TestAgreeing(counts.Agreeing): ...


class TestCopies(copies.Copies): ...


class TestCampaigning(copies.Campaigning): ...
