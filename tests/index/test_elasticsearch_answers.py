"""What a server may answer, as errors that say what to do; addresses, and what of them is shown. No node is needed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from crm.errors import AuthorisationError, InvalidInputError, RateLimitedError, RetryableError, ShenavaError, StoreError
from crm.ports.index import Scope
from crm.query.tree import Everything
from index import Login, open_index
from index.elasticsearch import ElasticsearchIndex, connect, parse_address
from index.elasticsearch.rows import month_of, row_id
from tests.conformance.index_judge import NOON, document, post
from tests.index.pretender import FINE, PREPARED, Answer, Pretender, pretending
from tests.services import free_port

ACME = Scope("acme")


def refusal(status: int, kind: str, **headers: str) -> Answer:
    return status, {"error": {"type": kind, "reason": "راز", "root_cause": [{"type": kind}]}, "status": status}, headers


def item(status: int, kind: str = "") -> dict[str, object]:
    return {"index": {"status": status, **({"error": {"type": kind}} if kind else {})}}


@pytest.fixture
def pretender() -> Pretender:
    return Pretender()


@pytest.fixture
def index(pretender: Pretender) -> Iterator[ElasticsearchIndex]:
    with pretending(pretender) as address:
        index = ElasticsearchIndex(connect(address), address, sleep=lambda _: None)
        yield index
        index.close()


READS: list[tuple[Answer, type[ShenavaError], str]] = [
    (refusal(401, "security_exception"), AuthorisationError, "SHENAVA_ELASTICSEARCH_API_KEY"),
    (refusal(403, "security_exception"), AuthorisationError, "credentials"),
    (refusal(429, "es_rejected_execution_exception"), RateLimitedError, "limits our rate"),
    (refusal(503, "search_phase_execution_exception"), RetryableError, "not ready"),
    (refusal(400, "too_many_clauses"), InvalidInputError, "too many words"),
    (refusal(400, "query_shard_exception"), StoreError, "query_shard_exception"),
    ((200, [], {"content-type": "text/html"}), StoreError, "is not Elasticsearch"),
    ((200, {}, {"x-elastic-product": "Other"}), StoreError, "is not Elasticsearch"),
]


@pytest.mark.parametrize(("answer", "kind", "says"), READS)
def test_a_refusal_is_told_with_its_mend(
    index: ElasticsearchIndex, pretender: Pretender, answer: Answer, kind: type[ShenavaError], says: str
) -> None:
    pretender.answers = [answer]
    with pytest.raises(kind, match=says) as raised:
        index.search(ACME, Everything())
    assert not any(secret in str(raised.value) for secret in ("hunter2", "someone", "راز"))


def test_a_busy_server_says_for_how_long_and_takes_the_same_batch_later(
    index: ElasticsearchIndex, pretender: Pretender
) -> None:
    rejected = 200, {"errors": True, "items": [item(200), item(429, "es_rejected_execution_exception")]}, {}
    done = 200, {"errors": False, "items": [item(200), item(200)]}, {}
    busy = refusal(429, "circuit_breaking_exception", **{"retry-after": "7"})
    pretender.answers = [*PREPARED, FINE, rejected, busy, done]
    batch = [document(post("1")), document(post("2"))]
    for after in (None, 7.0):
        with pytest.raises(RateLimitedError) as raised:
            index.write(batch)
        assert raised.value.retry_after == after
    index.write(batch)
    assert pretender.answers == []


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (429, "cluster_block_exception", "free some space"),
        (403, "cluster_block_exception", "free some space"),
        (400, "strict_dynamic_mapping_exception", "made for other documents"),
    ],
)
def test_what_no_waiting_mends_is_a_store_error(
    index: ElasticsearchIndex, pretender: Pretender, status: int, kind: str, says: str
) -> None:
    failed = 200, {"errors": True, "items": [item(status, kind)]}, {}
    pretender.answers = [*PREPARED, FINE, failed]
    with pytest.raises(StoreError, match=says):
        index.write([document(post("1"))])


def test_a_template_of_a_newer_version_is_left_alone(index: ElasticsearchIndex, pretender: Pretender) -> None:
    meta = {"_meta": {"shenava": 99, "digest": "x"}}
    pretender.answers = [(200, {"index_templates": [{"name": "shop", "index_template": meta}]}, {})]
    with pytest.raises(StoreError, match="version 99"):
        index.write([document(post("1"))])


def test_what_was_deleted_a_moment_ago_is_waited_for_and_not_for_ever(
    index: ElasticsearchIndex, pretender: Pretender
) -> None:
    stale = 200, {"errors": True, "items": [item(409, "version_conflict_engine_exception")]}, {}
    gone = 200, {"docs": [{"found": False}]}, {}
    begin = [*PREPARED, FINE]
    pretender.answers = [*begin, stale, gone, FINE, (200, {"errors": False, "items": [item(201)]}, {})]
    index.write([document(post("1"))])
    assert pretender.answers == []
    pretender.answers = [stale, gone, *(answer for _ in range(60) for answer in (FINE, stale, gone))]
    with pytest.raises(RetryableError, match="let go of deleted posts"):
        index.write([document(post("1"))])


def test_a_server_that_is_not_there_is_retried() -> None:
    address = parse_address(f"elasticsearch+http://u:hunter2@127.0.0.1:{free_port()}/shop")
    index = ElasticsearchIndex(connect(address), address)
    with pytest.raises(RetryableError, match="can't be reached") as raised:
        index.count(ACME, Everything())
    assert "hunter2" not in str(raised.value)
    index.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("elasticsearch+http://host/shop", "host:port"),
        ("elasticsearch+http://:9200/shop", "host:port"),
        ("elasticsearch+http://host:9200/", "can't be named"),
        ("elasticsearch+http://host:9200/Shop", "can't be named"),
        ("elasticsearch+http://host:9200/a,b", "can't be named"),
        ("elasticsearch+http://host:9200/shop?shard=1", "not shard"),
        ("elasticsearch+http://host:9200/shop?shards=many", "shards is a number"),
        ("kafka://me:hunter2@host:1/x", "elasticsearch"),
    ],
)
def test_an_address_that_names_no_index_is_refused(url: str, says: str) -> None:
    with pytest.raises(InvalidInputError, match=says) as raised:
        open_index(url)
    assert "hunter2" not in str(raised.value)


def test_an_address_is_read_whole_and_shown_without_credentials() -> None:
    url = "elasticsearch+https://me:p%40ss@one:9200,two:9201/shop-eu?shards=3&replicas=0&ca_certs=/etc/ca.pem"
    address = parse_address(url)
    assert address.nodes == ("https://one:9200", "https://two:9201")
    assert (address.prefix, address.shards, address.replicas, address.ca_certs) == ("shop-eu", 3, 0, "/etc/ca.pem")
    assert (address.login.username, address.login.password) == ("me", "p@ss")
    assert parse_address(url, Login(api_key="k")).login == Login(api_key="k")
    assert "p@ss" not in f"{address.shown} {address!r}"


@pytest.mark.parametrize(
    ("year", "collected", "month"),
    [(2026, None, "2026-03"), (1999, None, "undated"), (2000, None, "2000-03"), (2100, None, "undated"),
     (2027, 2026, "undated"), (2026, 2027, "2026-03")],
)  # fmt: skip
def test_a_month_is_that_of_a_plausible_date(year: int, collected: int | None, month: str) -> None:
    said = document(post("1", at=NOON.replace(year=year)))
    assert month_of(replace(said, collected_at=NOON.replace(year=collected) if collected else None)) == month


def test_an_id_is_never_longer_than_elasticsearch_allows() -> None:
    assert row_id("acme", "x:1") == "acme/x:1"
    assert len(row_id("acme", "x:" + "ک" * 300)) < 500
    assert row_id("acme", "x:" + "a" * 600) != row_id("acme", "x:" + "a" * 601)
