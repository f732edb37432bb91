"""What every PostIndex must count, and the made-up comparison. See :mod:`tests.conformance.post_index`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.errors import InvalidInputError
from crm.ports.index import Bucket, Dimension, PostIndex, Scope
from crm.query import parse
from crm.query.tree import Everything, Node, Words
from crm.words import EnrichedPost
from tests.conformance import index_judge as judge
from tests.conformance.index_judge import NOON, document, post
from tests.conformance.post_index import ACME, DAY, found, pages, rows


class Counting:
    @pytest.fixture
    def written(self, index: PostIndex) -> list[EnrichedPost]:
        written = [
            document(
                post(str(n), "card نان" if n % 2 else "سلام", NOON + timedelta(minutes=n * 97), author=f"u{n % 7}",
                     platform=("x", "rss")[n % 5 == 0], private=n % 9 == 0),
                monitors=(("brand",), ("brand", "rival"), ())[n % 3], language=("fa", "en", None)[n % 3],
                sentiment=("negative", "positive", None, "neutral")[n % 4], urgency=("low", "high")[n % 2],
            )
            for n in range(120)
        ]  # fmt: skip
        index.write(written)
        return written

    @pytest.mark.parametrize("size", [0, 1, 2, 3])
    @pytest.mark.parametrize("query", ["*", "card", "monitor:brand -sentiment:negative", "since:2026-03-24T10:07:33"])
    def test_by_every_dimension_and_combination(
        self, index: PostIndex, written: list[EnrichedPost], size: int, query: str
    ) -> None:
        node = parse(query, zone="Asia/Tehran")
        for by in list(permutations(judge.ALL_DIMENSIONS, size))[:: 1 if size < 3 else 7]:
            assert index.count(ACME, node, by, "Asia/Tehran") == judge.counts(written, ACME, node, by, "Asia/Tehran")

    def test_without_dimensions_it_is_one_number(self, index: PostIndex, written: list[EnrichedPost]) -> None:
        assert index.count(Scope("acme", private=True), Everything()) == [Bucket((), len(written))]
        assert index.count(ACME, Words(("card",))) == [Bucket((), len(found(index, Words(("card",)))) + 3)]

    def test_a_limit_keeps_the_largest(self, index: PostIndex) -> None:
        index.write([document(post(f"{a}{n}", at=NOON + n * DAY, author=f"u{a}")) for a in range(6) for n in range(a)])
        assert rows(index.count(ACME, Everything(), ["author"], limit=2)) == [("x:u5", 5), ("x:u4", 4)]
        assert rows(index.count(ACME, Everything(), ["day"], limit=2)) == [("2026-03-21", 5), ("2026-03-22", 4)]

    @pytest.mark.parametrize("by", [["day", "day"], ["day", "hour", "author", "platform"]])
    def test_too_many_dimensions_are_refused(self, index: PostIndex, by: list[Dimension]) -> None:
        with pytest.raises(InvalidInputError, match="up to 3"):
            index.count(ACME, Everything(), by)

    @pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd"])
    def test_an_unknown_zone_is_refused(self, index: PostIndex, zone: str) -> None:
        index.write([document(post("1"))])
        with pytest.raises(InvalidInputError, match="time zone"):
            index.count(ACME, Everything(), ["day"], zone)


class Zones:
    """Posts every 15 minutes around the changes of clocks, an hour before and after included."""

    CHANGES = (
        ("Asia/Tehran", "2022-03-21T20:30"),
        ("Asia/Tehran", "2022-09-21T19:30"),
        ("Asia/Tehran", "2026-03-21T20:30"),
        ("Asia/Tehran", "1935-06-12T20:34:16"),
        ("Europe/Berlin", "2026-03-29T01:00"),
        ("Europe/Berlin", "2026-10-25T01:00"),
        ("Asia/Kathmandu", "1985-12-31T18:30"),
        ("Australia/Lord_Howe", "2026-04-04T15:00"),
        ("Pacific/Apia", "2011-12-30T10:00"),
        ("America/New_York", "1883-11-18T17:00"),
    )

    @pytest.mark.parametrize(("zone", "change"), CHANGES)
    @pytest.mark.parametrize("query", [Everything(), Words(("card",))])
    def test_days_and_hours_are_those_of_the_zone(self, index: PostIndex, zone: str, change: str, query: Node) -> None:
        start = datetime.fromisoformat(change).replace(tzinfo=UTC)
        step = timedelta(minutes=15)
        moments = [
            start + n * step + late for n in range(-110, 110) for late in (timedelta(), step - timedelta(seconds=1))
        ]
        written = [document(post(str(n), "card", at), monitors=("brand",)) for n, at in enumerate(moments)]
        index.write(written)
        asked: list[tuple[Dimension, ...]] = [("day",), ("hour",), ("hour_of_week",), ("day", "sentiment")]
        for by in asked:
            assert index.count(ACME, query, by, zone) == judge.counts(written, ACME, query, by, zone)

    def test_the_week_begins_on_saturday(self, index: PostIndex) -> None:
        index.write([document(post("1", at=datetime(2026, 3, 20, 20, 29, 59, tzinfo=UTC)))])
        index.write([document(post("2", at=datetime(2026, 3, 20, 20, 30, tzinfo=UTC)))])
        assert rows(index.count(ACME, Everything(), ["hour_of_week"], "Asia/Tehran")) == [("0-00", 1), ("6-23", 1)]


EACH_INDEX = [HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
"""The same property is asked of every index, by a class of its own."""


class Agreeing:
    """Made-up posts and queries, compared with the judge."""

    @settings(max_examples=60, deadline=None, suppress_health_check=EACH_INDEX)
    @given(
        batches=judge.batches,
        deleted=st.sampled_from([(), ("x:a", "mastodon:b")]),
        scope=judge.scopes,
        queries=st.lists(judge.queries, min_size=2, max_size=4),
        by=judge.dimensions,
        zone=judge.zones,
    )
    def test_hits_and_counts_are_the_judges(
        self,
        index: PostIndex,
        batches: list[list[EnrichedPost]],
        deleted: tuple[str, ...],
        scope: Scope,
        queries: list[Node],
        by: list[Dimension],
        zone: str,
    ) -> None:
        index.delete("acme", [f"{platform}:{name}" for platform in ("x", "mastodon") for name in "Aabcdef"])
        newest: dict[str, EnrichedPost] = {}
        for batch in batches:
            index.write(batch)
            for one in batch:
                if one.key not in newest or newest[one.key].version <= one.version:
                    newest[one.key] = one
        index.delete("acme", deleted)
        written = [one for one in newest.values() if one.post.key not in deleted]
        for query in queries:
            expected = judge.hits(written, scope, query)
            assert [one for page in pages(index, query, "newest", 5, scope) for one in page] == expected
            assert list(index.search(scope, query, "oldest").hits) == expected[::-1]
            assert index.count(scope, query, by, zone) == judge.counts(written, scope, query, by, zone)
