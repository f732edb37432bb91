"""The Trends page, as functions and over HTTP."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dash import no_update
from msgspec.structs import replace
from plotly.utils import PlotlyJSONEncoder

from crm.errors import NotFoundError
from crm.ports.index import Span
from crm.usecases.trendview import TrendsView
from dashboard.app import create_app
from dashboard.context import actor, viewer
from dashboard.pages import trends as page
from dashboard.text import t
from dashboard.trends.chosen import Chosen
from dashboard.trends.files import TABLES
from dashboard.trends.volume import nice_ticks, tick_places, volume_chart
from tests.dashboard.client import Browser
from tests.dashboard.console import Mentions, mentions
from tests.doubles.office import MONITOR, START, said

pytestmark = pytest.mark.slow

DAY = 24 * 60
MOODS = ("negative", "neutral", "positive", None)


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Mentions]:
    with mentions(tmp_path) as one:
        one.index.write(
            [said(f"p{at}", at=-at * 300, who=f"did:w{at % 3}", sentiment=MOODS[at % 4]) for at in range(60)]
        )
        yield one


def drawn(component: Any) -> str:
    """A tree as JSON, as a browser gets it."""
    return json.dumps(component, cls=PlotlyJSONEncoder, ensure_ascii=False)


def filled(period: str = "30d", **more: Any) -> tuple[Any, ...]:
    """What the page is filled with."""
    given: dict[str, Any] = {
        "since": "", "until": "", "monitors": [], "platforms": [], "languages": [], "step": None, "scheme": "dark",
    }  # fmt: skip
    return page.fill(period, *(given | more).values(), None)


@pytest.mark.parametrize("language", ["en", "fa"])
def test_the_bar_comes_first_and_then_everything(console: Mentions, language: Any) -> None:
    with console.seen(language):
        shape = drawn(page.layout(period="7d"))
        body, compared, shown, address, dates_hidden, *labels, refresh_hidden = filled("7d")
        tree = drawn(body)
        for key in ("mentions", "net", "voice", "answer", "volume_day", "platforms", "authors", "hours"):
            assert t(f"trends.{key}") in tree
        assert t("trends.all_platforms") in labels
    assert '"aria-busy": "true"' in shape
    assert tree.count("/search?q=") > 30
    assert compared
    assert (shown["total"], address, dates_hidden, refresh_hidden) == (32, "/trends?period=7d", True, True)


def overview(console: Mentions, chosen: Chosen) -> TrendsView:
    """The figures behind a choice."""
    wanted = chosen.wanted(viewer().now, viewer().zone.key)
    return console.services.trends.overview(actor(), wanted, chosen.in_steps)


def test_every_bar_carries_the_query_of_its_day_and_feeling(console: Mentions) -> None:
    with console.seen() as who:
        view = overview(console, Chosen(period="7d"))
        figure = volume_chart(view, "light").figure
        bars = [trace for trace in figure["data"] if trace["type"] == "bar"]
        assert [bar["name"] for bar in bars] == ["Negative", "Neutral", "Positive", "Unsure"]
        for bar in bars:
            for count, query in zip(bar["y"], bar["customdata"], strict=True):
                assert console.services.search.search(who, query).total == count
    assert [trace["line"]["dash"] for trace in figure["data"] if trace["type"] == "scatter"] == ["dot"]


def test_time_runs_the_same_way_and_the_values_stand_at_the_readers_side(console: Mentions) -> None:
    sides = {}
    for language in ("en", "fa"):
        with console.seen(language):  # type: ignore[arg-type]
            layout = volume_chart(overview(console, Chosen()), "light").figure["layout"]
            sides[language] = layout["template"]["layout"]["yaxis"]["side"]
            assert layout["xaxis"]["range"][0] < layout["xaxis"]["range"][1]
    assert sides == {"en": "left", "fa": "right"}
    assert "\u202b۱ اسفند\u202c" in layout["xaxis"]["ticktext"]


def test_a_gap_is_hatched_where_it_was(console: Mentions) -> None:
    with console.seen():
        view = overview(console, Chosen(period="7d"))
        first = view.filter.since
        gone = replace(view, gaps=(Span(first, first + (view.filter.until - first) / 7),))
        hatched = volume_chart(gone, "light").figure["data"][-1]
        assert t("trends.gap") in drawn(page.drawn(gone, Chosen(), "light"))
    assert hatched["marker"]["pattern"]["shape"] == "/"
    assert hatched["x"][0] - hatched["width"][0] / 2 == pytest.approx(-0.5)


def test_few_posts_are_told(console: Mentions) -> None:
    with console.seen():
        assert "rest on 3 posts only" in drawn(filled("today")[0])
        assert "rest on" not in drawn(filled("30d")[0])


def test_nothing_says_what_is_left_out_and_how_to_clear_it(console: Mentions) -> None:
    with console.seen():
        tree = drawn(filled("7d", platforms=["mastodon"])[0])
        assert "leaves out 32 mentions" in tree
        assert '"href": "/trends?period=7d"' in tree
    console.index.delete("w1", author_keys=[f"bluesky:did:w{at}" for at in range(3)])
    with console.seen():
        assert t("trends.none_why") in drawn(filled("7d")[0])


@pytest.mark.parametrize(("dates", "said_"), [
    ({"since": "soon"}, "soon"), ({"since": "1405/01/05", "until": "1405/01/01"}, "1405/01/01"),
    ({}, "first and the last"),
])  # fmt: skip
def test_bad_dates_are_told_and_keep_the_address(console: Mentions, dates: dict[str, str], said_: str) -> None:
    with console.seen():
        body, _, shown, address, dates_hidden, *_rest = filled("custom", **dates)
    assert said_ in drawn(body)
    assert (shown, dates_hidden) == (None, False)
    assert address is no_update


def test_new_posts_are_told_and_nothing_moves(console: Mentions) -> None:
    with console.seen():
        shown = filled("7d")[2]
        _, hidden = page.newer({"at": 1}, shown)
        assert hidden is True
        console.index.write([said("new1", at=1), said("new2", at=2)])
        words, hidden = page.newer({"at": 2}, shown)
    assert "2 new posts, refresh" in words  # type: ignore[operator]
    assert hidden is False


def test_an_hour_of_the_week_opens_its_mentions(console: Mentions) -> None:
    with console.seen():
        shown = filled("7d")[2]
        assert page.open_hour({"cell": "0-11"}, shown).startswith("/search?q=monitor%3ANanmah")
        for wrong in ({"cell": "x"}, None, {"cell": "1-"}):
            with pytest.raises(NotFoundError):
                page.open_hour(wrong, shown)


def test_the_address_holds_the_choice_and_survives_nonsense() -> None:
    chosen = Chosen(period="custom", since="1405/01/01", monitors=("a", "b"), step="week")
    address = chosen.address()
    assert address == "/trends?period=custom&since=1405%2F01%2F01&monitors=a,b&step=week"
    assert Chosen.of({"period": "custom", "since": "1405/01/01", "monitors": "a,b", "step": "week"}) == chosen
    assert Chosen.of({"period": "'; drop", "step": "year", "platforms": ",,"}) == Chosen()


@pytest.mark.parametrize("part", TABLES)
def test_every_table_comes_as_a_file(console: Mentions, part: str) -> None:
    browser = Browser(create_app(console.services, now=lambda: START), "session-1")
    answer = browser.get("/trends.csv", params={"part": part, "period": "7d"})
    assert answer.status_code == 200
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows
    if part == "volume":
        assert (len(rows), sum(int(row["total"]) for row in rows)) == (7, 32)


def test_files_are_refused_in_words(console: Mentions) -> None:
    browser = Browser(create_app(console.services, now=lambda: START), "session-1")
    assert browser.get("/trends.csv", params={"part": "secrets"}).status_code == 404
    wrong = browser.get("/trends.csv", params={"part": "volume", "period": "custom", "since": "x"})
    assert (wrong.status_code, "is no date" in wrong.text) == (422, True)


def test_names_on_the_pickers(console: Mentions) -> None:
    with console.seen():
        chosen = Chosen(monitors=(MONITOR,), platforms=("x", "bluesky"), languages=("fa-Latn",))
        assert page.picked_labels(chosen) == ["Nanmah", "2 platforms", "Finglish"]


@pytest.mark.parametrize(("top", "ticks"), [
    (0, [0, 1]), (3, [0, 1, 2, 3]), (56, [0, 20, 40, 60]), (1940, [0, 500, 1000, 1500, 2000]),
])  # fmt: skip
def test_ticks_of_values(top: int, ticks: list[int]) -> None:
    assert nice_ticks(top) == ticks


def test_ticks_of_hours_stand_at_round_hours() -> None:
    day = [f"2026-03-21T{hour:02}" for hour in range(24)]
    week = [f"2026-03-{21 + at // 24}T{at % 24:02}" for at in range(7 * 24)]
    assert [day[at] for at in tick_places(day, "hour")] == [f"2026-03-21T{hour:02}" for hour in (0, 4, 8, 12, 16, 20)]
    assert {week[at][11:] for at in tick_places(week, "hour")} == {"00"}
    assert len(tick_places([f"d{at}" for at in range(30)], "day")) == 6
