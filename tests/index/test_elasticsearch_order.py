"""What is asked of Elasticsearch in which order, where somebody or something may come in between. No node is needed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from crm.errors import RateLimitedError
from crm.ports.index import Scope
from crm.query.tree import Everything
from index.elasticsearch import ElasticsearchIndex, connect
from index.elasticsearch.server import Server
from index.elasticsearch.unseen import MOST, Unseen
from tests.conformance.index_judge import NOON, document, post
from tests.index.months import opened
from tests.index.pretender import FINE, NOTHING_YET, PREPARED, Answer, Pretender, pretending

ACME = Scope("acme")
MARCH = "shop-2026-03"
MARKED: Answer = (200, {MARCH: {"mappings": {"_meta": {"erased": True}}}}, {})
BUSY: Answer = (429, {"error": {"type": "es_rejected_execution_exception"}, "status": 429}, {})
STORED: Answer = (200, {"errors": False, "items": [{"index": {"status": 201}}]}, {})


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


@pytest.fixture
def unseen(pretender: Pretender) -> Iterator[Unseen]:
    with pretending(pretender) as address:
        server = Server(connect(address), address)
        yield Unseen(server)
        server.close()


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


# --- reading what was written --------------------------------------------------------------------------------


@pytest.fixture
def meddled(index: ElasticsearchIndex, pretender: Pretender) -> ElasticsearchIndex:
    """An index that somebody reads while rows are on their way to it for the first time."""

    def read(path: str) -> None:
        if path == "/_bulk":
            pretender.meanwhile = lambda _: None
            index.search(ACME, Everything())

    pretender.meanwhile = read
    pretender.answers = [*PREPARED, FINE, FINE, FINE]
    return index


def test_a_read_while_rows_are_on_their_way_hides_them_from_no_later_one(
    meddled: ElasticsearchIndex, pretender: Pretender
) -> None:
    pretender.answers += [STORED, FINE, FINE]
    meddled.write([document(post("1"))])
    meddled.search(ACME, Everything())
    assert pretender.requests[-2:] == ["POST /shop/_refresh", "POST /shop/_search"]


def test_rows_of_a_write_that_failed_half_way_stay_where_they_are(
    meddled: ElasticsearchIndex, pretender: Pretender
) -> None:
    pretender.answers += [BUSY, STORED]
    with pytest.raises(RateLimitedError):
        meddled.write([document(post("1"))])
    meddled.write([document(post("1", at=NOON + timedelta(days=40)))])
    assert pretender.requests[-4:] == ["POST /_bulk", "POST /shop/_refresh", "POST /shop/_search", "POST /_bulk"]
    assert MARCH in pretender.asked[-1].body


def test_what_is_about_to_be_written_is_no_part_of_the_refresh_that_makes_room_for_it(
    unseen: Unseen, pretender: Pretender
) -> None:
    unseen.written({str(number): MARCH for number in range(MOST)})
    assert pretender.requests == []
    pretender.answers = [FINE, FINE]
    unseen.written({"new": MARCH})
    assert pretender.requests == ["POST /shop/_refresh"]
    assert unseen.placed(["new", "1"]) == {"new": MARCH}
    unseen.written({"new": MARCH})
    unseen.refresh()
    assert pretender.requests == ["POST /shop/_refresh"] * 2
