"""What only the index on a server promises: months, the mapping, large pages. On a real node."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec import Struct

from crm.errors import RetryableError, StoreError
from crm.ports.index import Bucket, PostIndex, Scope
from crm.query.tree import And, Everything, Field, Near, Not, Prefix, Words
from crm.words import EnrichedPost
from index.cursor import fingerprint, read_cursor
from index.elasticsearch import ElasticsearchIndex
from index.elasticsearch.address import Address
from index.elasticsearch.search import Mark
from index.elasticsearch.server import Server
from index.elasticsearch.template import MAPPING, months, prepare
from tests.conformance import index_judge as judge
from tests.conformance.index_judge import NOON, document, post
from tests.conformance.post_index import ids, pages
from tests.index.months import kept, opened, served

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.xdist_group("elasticsearch")]
ACME = Scope("acme")
MARCH, MAY, NEVER = NOON, datetime(2026, 5, 2, tzinfo=UTC), datetime(1950, 1, 1, tzinfo=UTC)


class Rows(Struct, frozen=True):
    count: int


@pytest.fixture
def address(elasticsearch: str) -> Iterator[Address]:
    with kept(elasticsearch) as address:
        yield address


@pytest.fixture
def index(address: Address) -> Iterator[ElasticsearchIndex]:
    with opened(address) as index:
        yield index


@pytest.fixture
def server(address: Address) -> Iterator[Server]:
    with served(address) as server:
        yield server


def rows_of(server: Server) -> dict[str, int]:
    """How many rows each month holds, by its name without the prefix."""
    server.ask(object, "POST", f"/{server.prefix}/_refresh")
    return {
        name.removeprefix(f"{server.prefix}-"): server.ask(Rows, "GET", f"/{name}/_count").count
        for name in months(server)
    }


def test_reads_of_nothing_make_nothing(index: ElasticsearchIndex, server: Server) -> None:
    assert index.search(ACME, Everything(), limit=1000).hits == ()
    assert index.search(ACME, Everything(), "relevance").hits == ()
    assert index.count(ACME, Everything()) == index.count(ACME, Everything(), ["day", "author"]) == []
    assert index.count(ACME, Everything(), ["author"], limit=5) == index.get(ACME, ["x:1"]) == []
    assert index.delete("acme", ["x:1"], ["x:u1"]) == index.expire(NOON) == 0
    index.purge()
    assert months(server) == []


def test_a_post_stays_in_the_month_where_it_was_first_seen(
    index: ElasticsearchIndex, server: Server, address: Address
) -> None:
    index.write([document(post("1", at=MARCH)), document(post("2", at=MAY)), document(post("3", at=NEVER))])
    moved = document(post("1", "ویرایش", at=MAY, edited_at=MAY))
    index.write([moved])
    assert rows_of(server) == {"2026-03": 1, "2026-05": 1, "undated": 1}
    with opened(address) as another:
        again = document(post("1", "باز هم", at=NEVER, edited_at=MAY), revision=2)
        another.write([again, document(post("2", at=MARCH, edited_at=MAY + timedelta(days=1)))])
        assert another.get(ACME, ["x:1"]) == [again]
    assert rows_of(server) == {"2026-03": 1, "2026-05": 1, "undated": 1}
    assert len(index.search(ACME, Everything()).hits) == 3


def test_a_deletion_goes_to_every_month(index: ElasticsearchIndex, server: Server) -> None:
    index.write([document(post(str(n), at=at)) for n, at in enumerate((MARCH, MAY, NEVER))])
    index.write([document(post("other", at=MAY, author="u2"))])
    assert index.delete("acme", author_keys=["x:u1"]) == 3
    assert rows_of(server) == {"2026-03": 0, "2026-05": 1, "undated": 0}
    index.purge()
    assert rows_of(server) == {"2026-03": 0, "2026-05": 1, "undated": 0}


def test_the_mapping_takes_nothing_else(index: ElasticsearchIndex, server: Server) -> None:
    index.write([document(post("1"))])
    with pytest.raises(StoreError, match="made for other documents"):
        server.ask(object, "POST", f"/{server.prefix}-2026-03/_doc", {"workspace": "acme", "surprise": 1})


def test_the_template_follows_the_address_and_a_newer_one_is_left_alone(
    index: ElasticsearchIndex, server: Server, address: Address
) -> None:
    index.write([document(post("1", at=MARCH))])
    wide = msgspec.structs.replace(address, shards=3, replicas=0)
    with opened(wide) as other:
        other.write([document(post("2", at=MAY))])
    shards = {
        name: server.ask(dict[str, dict[str, dict[str, dict[str, object]]]], "GET", f"/{name}/_settings")[name]
        for name in months(server)
    }
    said = [shards[name]["settings"]["index"]["number_of_shards"] for name in sorted(shards)]
    assert said == ["1", "3"]
    newer = {"index_patterns": [f"{address.prefix}-*"], "priority": 300, "_meta": {"shenava": 99}}
    server.ask(object, "PUT", f"/_index_template/{address.prefix}", newer)
    with pytest.raises(StoreError, match="version 99"):
        prepare(server)


def test_every_field_of_a_row_is_mapped(index: ElasticsearchIndex, server: Server) -> None:
    index.write([document(post("1", followers=3), monitors=("m",), customer="c", own=True)])
    found = server.ask(dict[str, dict[str, dict[str, object]]], "GET", f"/{server.prefix}-2026-03/_mapping")
    mapping = found[f"{server.prefix}-2026-03"]["mappings"]
    assert mapping["dynamic"] == "strict"
    assert mapping["properties"].keys() == MAPPING["properties"].keys()  # type: ignore[attr-defined]


def test_large_pages_are_of_one_moment(index: ElasticsearchIndex) -> None:
    written = [document(post(f"{n:05}", at=NOON + timedelta(seconds=n))) for n in range(1200)]
    index.write(written)
    first = index.search(ACME, Everything(), "oldest", 500)
    index.delete("acme", ["x:00007", "x:01100"])
    index.write([document(post("late", at=NOON + timedelta(seconds=1000)))])
    second = index.search(ACME, Everything(), "oldest", 500, first.cursor)
    third = index.search(ACME, Everything(), "oldest", 500, second.cursor)
    assert [*first.hits, *second.hits, *third.hits] == written
    assert third.cursor is None
    assert len([one for page in pages(index, Everything(), "oldest", 500) for one in page]) == 1199


def test_a_moment_that_was_let_go_is_followed_by_the_present(index: ElasticsearchIndex, server: Server) -> None:
    written = [document(post(f"{n:05}", at=NOON + timedelta(seconds=n))) for n in range(700)]
    index.write(written)
    first = index.search(ACME, Everything(), "oldest", 500)
    raw = first.cursor or ""
    mark = read_cursor(raw, fingerprint(ACME, Everything(), "oldest"), Mark)
    assert mark is not None
    server.ask(object, "DELETE", "/_pit", {"id": mark.view})
    assert list(index.search(ACME, Everything(), "oldest", 500, raw).hits) == written[500:]


LONG = "ش" * 90 + "abcdefghij" * 30
ODD: list[EnrichedPost] = [
    document(post("long", f"پیش {LONG} پس")),
    document(post("longer", f"{LONG}z {'q' * 40_000}")),
    document(post("wide", " ".join(f"w{n}" for n in range(20_000)))),
    document(post("n" * 2000, "سلام", author="a" * 9000), monitors=("m" * 9000,), thread_key="t" * 40_000),
    document(post("empty", "")),
    document(post("zwnj", "می‌روم کتاب‌ها را")),
]


def test_texts_words_and_keys_of_any_length_are_found(index: ElasticsearchIndex) -> None:
    index.write(ODD)
    tokens = ODD[0].tokens.split()
    long = max(tokens, key=len)
    assert len(long) > 255
    last = Words((tokens[-1],))
    queries = [
        Words((long,)), Words((long[:255],)), Prefix(long[:80]), Prefix(long[:200]), Prefix(long + "y"),
        Prefix("q" * 300), Words(tuple(tokens)), Near(Words((tokens[0],)), last, 9), Near(Prefix(long[:150]), last, 3),
        Words(("w19999",)), Words(("w5", "w6", "w7")), Near(Words(("w5",)), Words(("w19995",)), 19_989),
        Near(Words(("w5",)), Words(("w19995",)), 19_988), Near(Prefix("w1"), Words(("w20",)), 0),
        Words(tuple(f"w{n}" for n in range(3000))), Field("monitor", ":", "m" * 9000),
        Field("monitor", ":", "m" * 9001), Field("thread", ":", "t" * 40_000), Field("author", ":", "x:" + "a" * 9000),
        Not(Words(("w1",))), And((Prefix("می"), Not(Prefix("q")))),
    ]  # fmt: skip
    for query in queries:
        assert list(index.search(ACME, query).hits) == judge.hits(ODD, ACME, query), query
    assert ids(index.get(ACME, [f"x:{'n' * 2000}"])) == ["n" * 2000]
    assert index.delete("acme", [f"x:{'n' * 2000}"]) == 1


def test_the_most_active_accounts_are_exact_over_many_shards(address: Address) -> None:
    with opened(msgspec.structs.replace(address, shards=5)) as index:
        written = [
            document(post(f"{n}", at=NOON + timedelta(days=n % 90), author=f"u{n * n % 700}")) for n in range(3000)
        ]
        index.write(written)
        expected = judge.counts(written, ACME, Everything(), ["author"], "UTC")
        found = index.count(ACME, Everything(), ["author"], limit=5)
        assert [bucket.posts for bucket in found] == [bucket.posts for bucket in expected[:5]]
        assert set(found) <= set(expected)
        assert index.count(ACME, Everything(), ["author"]) == expected


def test_what_came_from_elsewhere_is_seen_after_a_refresh(index: ElasticsearchIndex, address: Address) -> None:
    other: PostIndex
    with opened(address) as other:
        other.write([document(post("1"))])
        assert len(other.search(ACME, Everything()).hits) == 1
    assert len(index.search(ACME, Everything()).hits) == 1


def test_a_month_that_does_not_answer_makes_no_number_smaller(index: ElasticsearchIndex, server: Server) -> None:
    index.write([document(post("1"))])
    assert index.count(ACME, Everything()) == [Bucket((), 1)]  # a refresh would wait a minute for the month
    nowhere = {"settings": {"index.routing.allocation.require._name": "nobody"}}
    server.ask(object, "PUT", f"/{server.prefix}-2026-04", nowhere, wait_for_active_shards="0")
    for by in ([], ["author"], ["day"]):
        with pytest.raises(RetryableError, match="not ready"):
            index.count(ACME, Everything(), by)


def test_a_blocked_index_says_so(index: ElasticsearchIndex, server: Server) -> None:
    index.write([document(post("1"))])
    block = {"index": {"blocks": {"read_only_allow_delete": True}}}
    server.ask(object, "PUT", f"/{server.prefix}-2026-03/_settings", block)
    with pytest.raises(StoreError, match="free some space"):
        index.write([document(post("2"))])
    assert ids(index.search(ACME, Everything()).hits) == ["1"]
