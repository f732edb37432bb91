"""Months that are over are forgotten by both indexes alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crm.ports.index import Scope
from crm.query.tree import Everything
from index import Index
from index.sqlite import SQLiteIndex
from tests.conformance.index_judge import document, post
from tests.conformance.post_index import ids
from tests.index.months import kept, opened

ACME = Scope("acme", private=True)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)


class Expiring:
    """`index`: an empty index."""

    @pytest.mark.parametrize("before", [APRIL, APRIL + timedelta(days=29)])
    def test_only_whole_months_that_are_over_go(self, index: Index, before: datetime) -> None:
        moments = {
            "ancient": datetime(1950, 1, 1, tzinfo=UTC), "old": datetime(2024, 2, 29, tzinfo=UTC),
            "march": APRIL - timedelta(microseconds=1), "april": APRIL, "may": APRIL + timedelta(days=33),
            "absurd": datetime(2105, 1, 1, tzinfo=UTC),
        }  # fmt: skip
        index.write([document(post(name, "راز", at), workspace="acme") for name, at in moments.items()])
        index.write([document(post("secret", at=moments["old"], private=True), monitors=("m",))])
        assert index.expire(before) == 3
        assert ids(index.search(ACME, Everything(), "oldest").hits) == ["ancient", "april", "may", "absurd"]
        assert index.expire(before) == 0

    def test_what_comes_back_is_taken_again(self, index: Index) -> None:
        old = [document(post(str(n), at=APRIL - timedelta(days=n + 1))) for n in range(50)]
        index.write(old)
        assert index.expire(APRIL) == 50
        index.write(old[:1])
        assert list(index.search(ACME, Everything()).hits) == old[:1]


class TestSQLite(Expiring):
    @pytest.fixture
    def index(self, tmp_path: Path) -> Iterator[Index]:
        index = SQLiteIndex(tmp_path / "index.sqlite")
        yield index
        index.close()


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.xdist_group("elasticsearch")
class TestElasticsearch(Expiring):
    @pytest.fixture
    def index(self, elasticsearch: str) -> Iterator[Index]:
        with kept(elasticsearch) as address, opened(address) as index:
            yield index
