"""What is asked of Elasticsearch in which order, where somebody or something may come in between. No node is needed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from crm.errors import RateLimitedError
from index.elasticsearch import ElasticsearchIndex
from tests.index.months import opened
from tests.index.pretender import FINE, NOTHING_YET, Answer, Pretender, pretending

MARCH = "shop-2026-03"
MARKED: Answer = (200, {MARCH: {"mappings": {"_meta": {"erased": True}}}}, {})
BUSY: Answer = (429, {"error": {"type": "es_rejected_execution_exception"}, "status": 429}, {})


def found(*ids: str) -> Answer:
    return 200, {"hits": {"hits": [{"_index": MARCH, "_id": one, "sort": [1, one]} for one in ids]}}, {}


def deleted(rows: int) -> Answer:
    return 200, {"_all": {"total": {"docs": {"deleted": rows}}}}, {}


@pytest.fixture
def pretender() -> Pretender:
    return Pretender()


@pytest.fixture
def index(pretender: Pretender) -> Iterator[ElasticsearchIndex]:
    with pretending(pretender) as address, opened(address) as index:
        yield index


def marks(pretender: Pretender) -> list[bool]:
    """What was said of the month, in order."""
    return [json.loads(one.body)["_meta"]["erased"] for one in pretender.asked if one.what.startswith("PUT /shop-")]


# --- erasing and purging -------------------------------------------------------------------------------------


def test_a_month_is_marked_before_anything_of_it_is_deleted(index: ElasticsearchIndex, pretender: Pretender) -> None:
    pretender.answers = [FINE, found("acme/x:1"), FINE, BUSY]
    with pytest.raises(RateLimitedError):
        index.delete("acme", ["x:1"])
    assert pretender.requests[-2:] == [f"PUT /{MARCH}/_mapping", "POST /_bulk"]
    assert marks(pretender) == [True]


def test_a_deletion_marks_its_months_again_when_it_is_done(index: ElasticsearchIndex, pretender: Pretender) -> None:
    went = 200, {"items": [{"delete": {"status": 200, "result": "deleted"}}]}, {}
    pretender.answers = [FINE, found("acme/x:1"), FINE, went, FINE, FINE]
    assert index.delete("acme", ["x:1"]) == 1
    assert pretender.requests[-2:] == [f"PUT /{MARCH}/_mapping", f"POST /{MARCH}/_refresh"]
    assert marks(pretender) == [True, True]


def test_a_deletion_from_a_month_that_is_dropped_meanwhile_is_done(
    index: ElasticsearchIndex, pretender: Pretender
) -> None:
    lost = 200, {"errors": True, "items": [{"delete": {"status": 404, "error": {"type": "index_not_found"}}}]}, {}
    pretender.answers = [FINE, found("acme/x:1"), NOTHING_YET, lost, NOTHING_YET, NOTHING_YET]
    assert index.delete("acme", ["x:1"]) == 0
    assert pretender.answers == []


def test_a_month_is_refreshed_before_it_is_asked_what_it_holds(index: ElasticsearchIndex, pretender: Pretender) -> None:
    pretender.answers = [MARKED, FINE, deleted(3), FINE, FINE]
    index.purge()
    assert pretender.requests[1:] == [
        f"POST /{MARCH}/_refresh", f"GET /{MARCH}/_stats/docs", f"POST /{MARCH}/_flush", f"POST /{MARCH}/_forcemerge",
    ]  # fmt: skip


@pytest.mark.parametrize(("came", "said"), [(0, [False]), (2, [False, True])])
def test_a_mark_stays_where_an_erasure_comes_while_it_is_taken_off(
    index: ElasticsearchIndex, pretender: Pretender, came: int, said: list[bool]
) -> None:
    pretender.answers = [MARKED, FINE, deleted(0), FINE, FINE, deleted(came), FINE]
    index.purge()
    assert marks(pretender) == said


def test_a_month_that_another_process_dropped_is_purged(index: ElasticsearchIndex, pretender: Pretender) -> None:
    month = {"mappings": {"_meta": {"erased": True}}}
    two = 200, {"shop-2026-02": month, MARCH: month}, {}
    pretender.answers = [two, NOTHING_YET, FINE, deleted(1), FINE, FINE]
    index.purge()
    assert pretender.requests[-1] == f"POST /{MARCH}/_forcemerge"


@pytest.mark.parametrize("before", [[], [(200, {"count": 5}, {})]], ids=["before it is counted", "afterwards"])
def test_a_month_that_another_process_dropped_is_expired_and_counted_there(
    index: ElasticsearchIndex, pretender: Pretender, before: list[Answer]
) -> None:
    there = 200, [{"index": "shop-2026-02"}, {"index": MARCH}], {}
    pretender.answers = [FINE, there, *before, NOTHING_YET, (200, {"count": 7}, {}), FINE]
    assert index.expire(datetime(2026, 4, 1, tzinfo=UTC)) == 7
    assert pretender.requests[-1] == f"DELETE /{MARCH}"
