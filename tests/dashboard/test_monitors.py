"""The pages of monitors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crm.errors import NotFoundError
from crm.records import jobs, sources
from crm.records.sources import AccountRow, SourceRow
from crm.usecases.monitors import RERUN, MonitorDraft
from dashboard.monitors import form
from dashboard.monitors.editor import mended
from dashboard.monitors.listing import query_line
from dashboard.pages import monitor_editor, monitors
from tests.dashboard.presser import Desk, drawn
from tests.doubles.market import Market
from tests.doubles.office import MONITOR, START, WORKSPACE, said

pytestmark = pytest.mark.slow


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    yield one
    one.bureau.close()


def fields(**changes: Any) -> dict[str, Any]:
    """The form as the states of the save callback name it: by the last part of each id."""
    return {"name": "Delays", "brand": "", "own": "competitor", "platforms": ["x"], "languages": [], "cases": True,
            "query": "delay*", **changes}  # fmt: skip


def test_the_list_shows_queries_in_colour_and_the_last_week(desk: Desk) -> None:
    desk.bureau.hear(said("a", "my card is gone"), said("b", "card", at=1, sentiment="positive"))
    with desk.seen():
        tree = drawn(monitors.layout())
    assert f'"href": "/monitors/{MONITOR}"' in tree
    assert '"children": "OR", "className": "k"' in tree
    assert "Nanmah: 2 mentions in the last 7 days" in tree
    assert "50% negative, 50% positive" in tree
    assert '"href": "/monitors/new"' in tree


def test_the_list_says_what_is_paused_or_runs(desk: Desk) -> None:
    desk.bureau.services.monitors.set_enabled(desk.actor, MONITOR, False)
    with desk.seen():
        assert "Paused" in drawn(monitors.layout())
    desk.bureau.services.monitors.set_enabled(desk.actor, MONITOR, True)
    with desk.bureau.records.write() as tx:
        work = jobs.newest(tx, WORKSPACE, RERUN)
        assert work is not None
        jobs.change(tx, work.id, START, state="running", done=30, total=120)
    with desk.seen("fa"):
        assert "پست‌های پیشین: ۲۵" in drawn(monitors.layout())


def test_who_may_not_change_monitors_sees_no_way_to(desk: Desk) -> None:
    with desk.seen(role="agent"):
        assert "/monitors/new" not in drawn(monitors.layout())
        tree = drawn(monitor_editor.one(MONITOR))
    assert "monitors-save" not in tree
    assert '"monitors-query"' not in tree
    assert "Only managers" in tree


def test_an_unknown_monitor_is_not_found(desk: Desk) -> None:
    with desk.seen(), pytest.raises(NotFoundError):
        monitor_editor.one("nothing")


@pytest.mark.parametrize(
    ("text", "direction"), [("تأخیر +یا لغو", "rtl"), ('"aseman" OR «آسمان»', "ltr"), ("*", "ltr")]
)
def test_a_persian_query_reads_from_the_right(desk: Desk, text: str, direction: str) -> None:
    with desk.seen():
        assert query_line(text).dir == direction


def test_the_address_fills_the_query_and_an_error_shows_at_once(desk: Desk) -> None:
    with desk.seen():
        tree = drawn(monitor_editor.new(query="(card"))
    assert '"value": "(card"' in tree
    assert "Line 1, column 1:" in tree


def test_a_new_monitor_is_a_competitors_once_the_own_brand_is_watched(desk: Desk) -> None:
    blank = {"own": "competitor", "opens_cases": False, "brand": ""}
    with desk.seen():
        assert "Ours: its share of voice is yours" in drawn(monitor_editor.new())
        assert form.blank().items() >= blank.items()
        desk.bureau.services.monitors.delete(desk.actor, MONITOR)
        first = drawn(monitor_editor.new())
    assert '"own": "own"' in first
    assert '"opens_cases": true' in first
    assert '"brand": "Nanmah"' in first


@pytest.mark.parametrize(("language", "said_"), [("en", "Did you mean"), ("fa", "سطر ۱، ستون ۸:")])
def test_a_wrong_query_is_explained_and_can_be_mended(desk: Desk, language: Any, said_: str) -> None:
    with desk.seen(language):
        asked: Any = {"query": "a AND  folowers:5", "platforms": [], "languages": []}
        shown, tried, problem = monitor_editor.check(asked)
        tree = drawn(shown)
        instead = drawn(monitor_editor.show_preview(asked))
        error = desk.bureau.services.monitors.check(desk.actor, "a AND  folowers:5")
    assert said_ in tree
    assert "monitors-replace" in tree
    assert (tried, problem) == (asked, True)
    assert {"en": "There is no preview", "fa": "پیش‌نمایی نیست"}[language] in instead
    assert "mon-total" not in instead
    assert error is not None
    assert mended("a AND  folowers:5", error) == "a AND  followers:5"


def test_a_right_query_goes_on_to_the_preview(desk: Desk) -> None:
    desk.bureau.hear(said("a", "my card is gone"), said("b", "card", at=1, sentiment=None))
    asked: Any = {"query": "card", "platforms": ["bluesky"], "languages": []}
    with desk.seen():
        assert monitor_editor.check(asked) == (None, asked, False)
        tree = drawn(monitor_editor.show_preview(asked))
    assert "posts in 7 days, about 0.3 a day" in tree
    assert '"children": ["card"]' in tree
    assert tree.count('"data-of"') == 2


def test_an_empty_query_offers_the_brand_in_quotes(desk: Desk) -> None:
    with desk.seen():
        shown = monitor_editor.show_preview({"query": " ", "platforms": [], "languages": []})
    assert '"data-insert": "\\"Nanmah\\""' in drawn(shown)


def tried(query: str, *platforms: str) -> Any:
    return {"query": query, "platforms": list(platforms), "languages": []}


def test_what_each_platform_can_not_express(desk: Desk) -> None:
    with desk.seen():
        assert "No source is connected yet" in drawn(monitor_editor.show_reach(tried("card")))
        desk.bureau.services.sources.add(desk.actor, "jetstream", "Bluesky", {})
        desk.bureau.services.sources.add(
            desk.actor, "mastodon", "Fosstodon", {"server": "https://mastodon.example", "tags": "nan"}
        )
        tree = drawn(monitor_editor.show_reach(tried("card")))
        assert "the open stream is filtered here" in tree
        assert "Posts without one of these hashtags are missed" in tree
        assert "costs money" in tree
        assert "Not collected" in drawn(monitor_editor.show_reach(tried("card", "bluesky", "x")))


def test_how_a_platform_is_asked_is_shown_before_anything_is_saved(desk: Desk) -> None:
    with desk.seen():
        desk.bureau.services.sources.add(desk.actor, "hackernews", "", {})
        tree = drawn(monitor_editor.show_reach(tried("(card OR app) lang:fa -bread")))
        assert '"children": "card"' in tree
        assert '"children": "app"' in tree
        assert '"children": "NOT bread"' in tree
        assert "Everything is asked for" in drawn(monitor_editor.show_reach(tried("card")))
        assert "name one that must be there" in drawn(monitor_editor.show_reach(tried("lang:fa")))
        assert "asked for what the query looks for" in drawn(monitor_editor.show_reach(tried("(")))


def test_what_a_query_would_cost_is_shown_before_anything_is_saved(desk: Desk) -> None:
    bureau = desk.bureau
    bureau.kinds["market"] = Market()
    with bureau.records.write() as tx:
        account = AccountRow("a1", WORKSPACE, "market", "", "nanmah", "n1", "connected", None, None, START)
        sources.put_account(tx, account, bureau.vault.encrypt("hush"))
        sources.put(tx, SourceRow("s1", WORKSPACE, "market", "Market", {"account": "a1"}, START))
    fresh: Any = {"id": "", "version": 0, "fields": {}}
    with desk.seen():
        assert drawn(monitor_editor.show_forecast(tried(" "), fresh)) == "[]"
        assert drawn(monitor_editor.show_forecast(tried("(card"), fresh)) == "[]"
        tree = drawn(monitor_editor.show_forecast(tried("card"), fresh))
        assert "400 posts in the last 7 days, about 1,737 a month" in tree
        assert "No cap is set" in tree
        bureau.services.budgets.cap(desk.actor, "market", "", 5000)
        assert "5,000 more may be read" in drawn(monitor_editor.show_forecast(tried("card"), fresh))
        bureau.services.budgets.cap(desk.actor, "market", "", 1000)
        assert "Only 1,000 more" in drawn(monitor_editor.show_forecast(tried("card"), fresh))
        bureau.services.sources.disconnect(desk.actor, "a1")
        assert "is not known" in drawn(monitor_editor.show_forecast(tried("card"), fresh))


def test_saving_a_new_monitor_opens_its_page(desk: Desk) -> None:
    kept = {"id": "", "version": 0, "fields": {}}
    answer = desk.press("monitors-save.n_clicks", 1, kept=kept, **fields())
    made = next(one for one in desk.bureau.services.monitors.all(desk.actor) if one.name == "Delays")
    assert (made.query, made.own, made.platforms, made.opens_cases) == ("delay*", False, ("x",), True)
    assert answer.json()["response"]["url"]["href"] == f"/monitors/{made.id}"


def test_saving_changes_the_monitor_that_is_open(desk: Desk) -> None:
    kept = {"id": MONITOR, "version": 1, "fields": {}}
    answer = desk.press("monitors-save.n_clicks", 1, kept=kept, **fields(own="own"))
    assert '"version":2' in answer.text.replace(" ", "")
    assert desk.bureau.services.monitors.get(desk.actor, MONITOR).name == "Delays"


@pytest.mark.parametrize(
    ("changes", "version", "why"),
    [({"name": " "}, 1, "A monitor needs a name"), ({"query": "(a"}, 1, "Line 1, column 1"), ({}, 7, "Somebody else")],
)
def test_nothing_is_saved_where_something_is_wrong(desk: Desk, changes: Any, version: int, why: str) -> None:
    before = desk.bureau.services.monitors.all(desk.actor)
    kept = {"id": MONITOR, "version": version, "fields": {}}
    answer = desk.press("monitors-save.n_clicks", 1, kept=kept, **fields(**changes))
    assert why in answer.text
    assert desk.bureau.services.monitors.all(desk.actor) == before


def test_pausing_and_deleting(desk: Desk) -> None:
    kept = {"id": MONITOR, "version": 1, "fields": {}}
    assert "Listen again" in desk.press("monitors-pause.n_clicks", kept=kept).text
    assert not desk.bureau.services.monitors.get(desk.actor, MONITOR).enabled
    gone = desk.press("monitors-confirm-do.n_clicks", kept=kept).json()
    assert gone["response"]["url"]["href"] == "/monitors"
    assert desk.bureau.services.monitors.all(desk.actor) == []


def test_the_form_and_a_saved_monitor_say_the_same(desk: Desk) -> None:
    draft = MonitorDraft("Delays", "delay", "Aseman", own=False, platforms=("x", "rss"), opens_cases=False)
    saved = desk.bureau.services.monitors.save(desk.actor, draft)
    shown = form.filled(saved)
    again = form.draft(shown, {"id": saved.id, "version": saved.version, "fields": shown})
    assert desk.bureau.services.monitors.save(desk.actor, again).version == 2
    assert form.filled(desk.bureau.services.monitors.get(desk.actor, saved.id)) == shown
