"""Erasure, proven: in no page, answer, export, file, replay or restored back-up is anything left of the erased."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm.ports.index import Scope
from crm.query.tree import Everything
from crm.usecases.casework import CaseSink
from crm.usecases.indexing import IndexSink
from shenava import restoring
from shenava.tidying import tidy
from shenava.wiring import House
from tests.conformance.doubles import ManualClock
from tests.dashboard.bureau import Bureau, open_bureau
from tests.dashboard.desk import Desk
from tests.doubles.office import WORKSPACE
from tests.faults.forgotten import (
    BOSS,
    HEAD,
    POSTS_EACH,
    Crowd,
    backup_with_traces,
    files_with_traces,
    fill,
    said_again,
    trace,
    traces_in,
)

pytestmark = pytest.mark.slow

SIZES = [
    pytest.param(10, 50, 1_000, id="10 people and 100 posts of 1,000"),
    pytest.param(100, 500, 10_000, id="100 people and 1,000 posts of 10,000", marks=pytest.mark.faults),
]
TRENDS = "/trends?since=2026-03-20T00:00:00Z&until=2026-03-30T00:00:00Z"
PAGES = ("/inbox", "/search", "/customers", "/trends", "/status", "/audit", "/privacy", "/monitors")


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    one = open_bureau(tmp_path / "data")
    yield one
    one.close()


@pytest.mark.parametrize(("people", "singles", "total"), SIZES)
def test_nothing_of_the_erased_is_left_anywhere(bureau: Bureau, people: int, singles: int, total: int) -> None:
    crowd = fill(bureau, people, singles, total)
    before = bureau.back_up()
    assert {"index.sqlite", "records.sqlite", "stream.sqlite"} <= {name.removesuffix("-wal") for name in traces(bureau)}
    assert backup_with_traces(before)

    (receipt,) = bureau.services.privacy.erase(BOSS, crowd.posts, crowd.authors, crowd.customers)
    assert receipt.posts == people * POSTS_EACH + singles
    assert bureau.services.privacy.verify(receipt)
    bureau.clock.advance(3600)
    tidy(bureau)
    assert traces(bureau) == {}
    assert left(bureau) == total - people * POSTS_EACH - singles
    read_everything(bureau, crowd)

    redeliver(bureau, crowd)
    assert backup_with_traces(bureau.back_up()) == []
    restored = restore(bureau, before)
    assert files_with_traces(restored.data) == {}
    assert left(restored) == total - people * POSTS_EACH - singles
    assert [one.receipt for one in restored.services.privacy.erased(BOSS).rows] == [receipt]
    read_everything(restored, crowd)
    redeliver(restored, crowd)
    restored.close()


def traces(bureau: Bureau) -> dict[str, list[bytes]]:
    return files_with_traces(bureau.data)


def left(house: House) -> int:
    return house.index.count(Scope(WORKSPACE, None, private=True), Everything())[0].posts


def read_everything(bureau: Bureau, crowd: Crowd) -> None:
    """Ask for the erased in every way; no answer names them, unless it says back what was asked."""
    desk, case = Desk(bureau, "administrator"), crowd.said[0].post.key
    bureau.tokens["administrator"] = bureau.accounts.create_api_token(desk.actor, "reader")
    for path in (*PAGES, f"/thread?key={case}"):
        where, _, search = path.partition("?")
        assert traces_in(desk.open(where, f"?{search}" if search else "").encode()) == [], path
    for path in ("/posts", "/cases", "/customers", "/dead-letters", "/audit", "/replies/pending", "/privacy",
                 "/privacy/erasures", TRENDS):  # fmt: skip
        answer = bureau.as_("administrator", "GET", path)
        assert answer.status_code == 200, (path, answer.text)
        assert traces_in(answer.content) == [], path
    asked = bureau.as_("administrator", "GET", "/posts", params={"query": f"{HEAD}*"}).json()
    assert asked["hits"] == []
    for text in (trace(0), f"@{trace(0)}", f"{trace(0)}@example.org"):
        assert bureau.as_("administrator", "GET", "/privacy/subjects", params={"text": text}).json() == [], text
    held = bureau.services.disclosure.holdings(BOSS, "author", crowd.authors[0])
    assert (held.posts, held.cases, held.answers, held.dead_letters, held.stopped) == (0, (), 0, 0, True)
    for file in ("/search.csv", "/audit/export.csv"):
        answer = desk.browser.get(file)
        assert answer.status_code == 200, file
        assert traces_in(answer.content) == [], file


def redeliver(bureau: Bureau, crowd: Crowd) -> None:
    """Everything comes once more: dead letters by a person's wish, all posts by the stream."""
    waiting = [key for group in bureau.services.health.view(BOSS).dead for key in group.ids]
    bureau.services.health.replay(BOSS, waiting)
    again = [said_again(post, 9) for post in crowd.said]
    IndexSink(bureau.records, bureau.index, bureau.clock).write(again)
    CaseSink(bureau.records, bureau.clock).write([post for post in again if post.monitors])
    assert traces(bureau) == {}


def restore(bureau: Bureau, backup: Path) -> Bureau:
    """An old back-up in the place of the data."""
    bureau.close()
    assert isinstance(bureau.clock, ManualClock)
    restoring.restore(House(bureau.settings, bureau.clock), backup)
    again = Bureau(bureau.data)
    again.clock, again.tokens = bureau.clock, bureau.tokens
    return again
