"""Searching over a real index: names of monitors, bounded threads, pages, exports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm.errors import NotFoundError
from crm.policies.access import ForbiddenError
from crm.query import QueryError
from crm.query.tree import Field, Not
from crm.records import monitors, tables
from crm.records.monitors import Monitor
from crm.usecases import search as module
from crm.usecases.search import Search
from index.sqlite import SQLiteIndex
from tests.doubles.office import MONITOR, START, WORKSPACE, Office, actor, said


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SQLiteIndex]:
    one = SQLiteIndex(tmp_path / "index.sqlite")
    yield one
    one.close()


@pytest.fixture
def search(office: Office, index: SQLiteIndex) -> Search:
    return Search(office.records, index, office.clock)


def keys(found: object) -> list[str]:
    """The native ids of a page's hits."""
    return [hit.post.post.native_id for hit in found.hits]  # type: ignore[attr-defined]


def test_a_monitor_is_found_by_its_name_in_any_spelling(office: Office, index: SQLiteIndex, search: Search) -> None:
    with office.records.write() as tx:
        monitors.put(tx, Monitor("m2", WORKSPACE, "بانک کویر", "کویر", "کویر", False, START, START))
    index.write([said("ours"), said("theirs", monitors=("m2",)), said("none", monitors=())])
    assert keys(search.search(actor(), "monitor:nanmah")) == ["ours"]
    assert keys(search.search(actor(), 'monitor:"بانك كوير"')) == ["theirs"]
    assert keys(search.search(actor(), f"monitor:{MONITOR}")) == ["ours"]
    assert sorted(keys(search.search(actor(), "NOT monitor:Nanmah"))) == ["none", "theirs"]
    assert keys(search.search(actor(), "monitor:nowhere")) == []


def test_equal_names_mean_either_monitor(office: Office, index: SQLiteIndex, search: Search) -> None:
    with office.records.write() as tx:
        monitors.put(tx, Monitor("m2", WORKSPACE, "NANMAH", "x", "Nanmah", True, START, START))
        node, _ = module.bind(tx, actor(), Not(Field("monitor", ":", "nanmah")))
    index.write([said("one"), said("two", monitors=("m2",), at=1)])
    assert isinstance(node, Not)
    assert keys(search.search(actor(), "monitor:nanmah")) == ["two", "one"]


def test_cases_and_tags_are_answered_and_the_bound_is_told(
    office: Office, index: SQLiteIndex, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        office.hear(said(name, who=f"did:{name}"))
        index.write([said(name, who=f"did:{name}")])
    index.write([said("c", who="did:c")])
    whole = search.search(actor(), "case:any")
    assert (sorted(keys(whole)), whole.bounded) == (["a", "b"], False)
    monkeypatch.setattr(module, "BOUND", 1)
    cut = search.search(actor(), "case:any")
    assert (cut.total, cut.bounded) == (1, True)
    assert search.export(actor(role="manager"), "case:any").bounded
    assert not search.search(actor(), "tag:vip").hits


def test_answered_cases_are_found(office: Office, index: SQLiteIndex, search: Search) -> None:
    for name in ("a", "b"):
        office.hear(said(name, who=f"did:{name}"))
        index.write([said(name, who=f"did:{name}")])
    office.hear(said("o", at=5, own=True, who="did:own", parent="a", root="a"))
    for text in ("case:answered", "پرونده:پاسخ‌داده"):
        assert keys(search.search(actor(), text)) == ["a"]
    assert not search.export(actor(role="manager"), "case:answered").bounded


def test_matched_words_are_marked_and_pages_follow(index: SQLiteIndex, search: Search) -> None:
    index.write([said(f"p{at}", f"card number {at}", at=at) for at in range(5)])
    first = search.search(actor(), "card", limit=3)
    assert (keys(first), first.total) == (["p4", "p3", "p2"], 5)
    assert first.hits[0].spans == ((0, 4),)
    assert keys(search.search(actor(), "card", cursor=first.cursor, limit=3)) == ["p1", "p0"]


def test_an_export_holds_every_hit_in_reach_and_is_noted(office: Office, index: SQLiteIndex, search: Search) -> None:
    count = module.EXPORT_PAGE + 7
    index.write([said(f"p{at:04}", "card", at=at) for at in range(count)] + [said("dm", "card", private=True)])
    got = [post.post.native_id for post in search.export(actor(role="manager"), "card", "oldest").posts]
    assert got == [f"p{at:04}" for at in range(count)]
    assert len(list(search.export(actor(role="manager", private=True), "card", "relevance").posts)) == count + 1
    with office.records.read() as tx:
        noted = tx.execute(tables.audit.select().where(tables.audit.c.action == "export")).all()
    assert [(row.actor, row.subject) for row in noted] == [("lena", "posts")] * 2


def test_a_wrong_export_fails_before_its_first_post(search: Search) -> None:
    with pytest.raises(ForbiddenError):
        search.export(actor(role="agent"), "card")
    with pytest.raises(QueryError):
        search.export(actor(role="analyst"), "(card")


def test_check_says_what_is_wrong_where(search: Search) -> None:
    problem = search.check(actor(), "card AND (mint")
    assert problem is not None
    assert (problem.code, problem.column) == ("unclosed_parenthesis", 10)
    assert search.check(actor(), "card OR case:open") is None


def test_single_posts_and_conversations(index: SQLiteIndex, search: Search) -> None:
    index.write([said("root"), said("answer", at=5, root="root", parent="root"), said("dm", private=True)])
    assert search.post(actor(), "bluesky:root").post.post.text == "my card does not work"
    assert [hit.post.post.native_id for hit in search.thread(actor(), "bluesky:root")] == ["root", "answer"]
    limited = actor(monitors=("m2",))
    assert search.thread(limited, "bluesky:root") == []
    index.write([said("third", at=9, root="root", parent="root", monitors=("m2",))])
    assert [hit.post.post.native_id for hit in search.thread(limited, "bluesky:root")] == ["root", "answer", "third"]
    for out_of_reach in ("bluesky:dm", "bluesky:nothing"):
        with pytest.raises(NotFoundError):
            search.post(actor(), out_of_reach)
