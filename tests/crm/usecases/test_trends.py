"""Trends over a real index: figures, the queries behind them, and what must never be counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from crm.errors import InvalidInputError
from crm.policies.access import ForbiddenError
from crm.ports.index import Span
from crm.ports.source import Gap
from crm.records import budget, monitors, sources
from crm.records.monitors import Monitor
from crm.records.sources import SourceRow
from crm.usecases.search import Search
from crm.usecases.trends import Trends
from crm.usecases.trendview import TrendsFilter, TrendsView
from crm.words import EnrichedPost
from index.sqlite import SQLiteIndex
from tests.doubles.office import MONITOR, START, WORKSPACE, Office, actor, said

RIVAL = "m2"
DAY = 24 * 60
WEEK = TrendsFilter(datetime(2026, 3, 20, 20, 30, tzinfo=UTC), datetime(2026, 3, 27, 20, 30, tzinfo=UTC))
"""Seven days of Tehran from Saturday, 1 Farvardin 1405, on; START lies 11.5 hours into them."""


@pytest.fixture
def index(office: Office, tmp_path: Path) -> Iterator[SQLiteIndex]:
    one = SQLiteIndex(tmp_path / "index.sqlite")
    with office.records.write() as tx:
        monitors.put(tx, Monitor(RIVAL, WORKSPACE, "Rival bank", "rival", "Rival", False, START, START))
    yield one
    one.close()


@pytest.fixture
def trends(office: Office, index: SQLiteIndex) -> Trends:
    return Trends(office.records, index, office.clock)


def on(post: EnrichedPost, platform: str) -> EnrichedPost:
    """The same words on another platform."""
    author = replace(post.post.author, platform=platform)
    return replace(post, post=replace(post.post, platform=platform, author=author))


def test_every_number_opens_as_many_mentions_as_it_says(office: Office, index: SQLiteIndex, trends: Trends) -> None:
    moods = ("negative", "negative", "neutral", "positive", None)
    index.write(
        [said(f"p{at}", at=at * 300, who=f"did:w{at % 4}", sentiment=moods[at % 5]) for at in range(30)]
        + [on(said(f"x{at}", at=at * 400, sentiment="positive"), "x") for at in range(5)]
        + [said(f"r{at}", at=at * 500, monitors=(RIVAL,)) for at in range(7)]
        + [said(f"b{at}", at=at * 700, monitors=(MONITOR, RIVAL)) for at in range(3)]
    )
    search = Search(office.records, index, office.clock)
    view = trends.overview(actor(), WEEK)

    def opened(query: str) -> int:
        return search.search(actor(), query).total

    assert view.totals.total == 38 == opened(view.query)
    for row in (*view.series, *view.platforms, *view.languages, *view.authors):
        assert opened(row.query) == row.sentiments.total, row
        assert opened(f"{row.query} AND sentiment:unknown") == row.sentiments.unsure
    assert [(share.brand, share.posts, opened(share.query)) for share in view.shares] == [
        ("Nanmah", 38, 38), ("Rival", 10, 10),
    ]  # fmt: skip
    for hour in view.hours:
        assert opened(trends.hour_query(actor(), WEEK, hour.day, hour.hour)) == hour.posts
    assert sum(hour.posts for hour in view.hours) == 38


def test_days_are_those_of_the_workspace_and_have_no_holes(index: SQLiteIndex, trends: Trends) -> None:
    almost_midnight = (WEEK.since + timedelta(hours=23, minutes=59) - START) / timedelta(minutes=1)
    index.write([said("a", at=almost_midnight), said("b", at=almost_midnight + 2)])
    view = trends.overview(actor(), WEEK)
    assert [row.key for row in view.series] == [f"2026-03-{day}" for day in range(21, 28)]
    assert [row.sentiments.total for row in view.series] == [1, 1, 0, 0, 0, 0, 0]


def test_weeks_begin_on_saturday_and_hours_on_the_clock_of_tehran(index: SQLiteIndex, trends: Trends) -> None:
    index.write([said("a"), said("b", at=6 * DAY), said("c", at=7 * DAY)])
    long = TrendsFilter(WEEK.since, WEEK.until + timedelta(days=3))
    weeks = trends.overview(actor(), long, "week")
    assert [(row.key, row.sentiments.total) for row in weeks.series] == [("2026-03-21", 2), ("2026-03-28", 1)]
    hours = trends.overview(actor(), TrendsFilter(WEEK.since, WEEK.since + timedelta(days=1)))
    assert hours.step == "hour"
    assert [row.key for row in hours.series if row.sentiments.total] == ["2026-03-21T11"]
    assert len(hours.series) == 24


def test_the_period_before_has_the_same_length(index: SQLiteIndex, trends: Trends) -> None:
    index.write([said("now"), said("then", at=-7 * DAY), said("then2", at=-1 * DAY), said("older", at=-8 * DAY)])
    view = trends.overview(actor(), WEEK)
    assert (view.totals.total, view.before.total) == (1, 2)
    assert view.series_before == (1, 0, 0, 0, 0, 0, 1)


def test_direct_messages_are_never_counted_even_for_who_may_read_them(
    office: Office, index: SQLiteIndex, trends: Trends
) -> None:
    index.write([said("open"), said("dm", private=True)])
    lena = actor(private=True)
    view = trends.overview(lena, WEEK)
    assert view.totals.total == 1
    assert Search(office.records, index, office.clock).search(lena, view.query).total == 1


def test_share_of_voice_changes_in_points(index: SQLiteIndex, trends: Trends) -> None:
    index.write([said(f"n{at}", at=at) for at in range(3)] + [said("r", monitors=(RIVAL,))])
    index.write([said("n", at=-2 * DAY), said("r2", at=-2 * DAY, monitors=(RIVAL,))])
    ours, theirs = trends.overview(actor(), WEEK).shares
    assert (ours.percent, ours.change, theirs.percent, theirs.change) == (75, 25, 25, -25)


def test_a_filter_that_hides_everything_says_how_much_it_hides(index: SQLiteIndex, trends: Trends) -> None:
    index.write([said("a"), said("b", monitors=(RIVAL,))])
    nowhere = replace(WEEK, platforms=("mastodon",))
    view = trends.overview(actor(), nowhere)
    assert (view.totals.total, view.excluded) == (0, 2)
    assert view.few


def test_monitors_out_of_reach_are_not_counted(index: SQLiteIndex, trends: Trends) -> None:
    index.write([said("a"), said("b", monitors=(RIVAL,))])
    view = trends.overview(actor(monitors=(RIVAL,)), replace(WEEK, monitors=(MONITOR, RIVAL)))
    assert view.totals.total == 1
    assert [share.brand for share in view.shares] == ["Rival"]


def test_brands_with_several_monitors_count_a_post_once(office: Office, index: SQLiteIndex, trends: Trends) -> None:
    with office.records.write() as tx:
        monitors.put(tx, Monitor("m3", WORKSPACE, "Nanmah bread", "bread", "Nanmah", True, START, START))
    index.write([said("both", monitors=(MONITOR, "m3")), said("one")])
    view = trends.overview(actor(), WEEK)
    assert view.totals.total == 2
    assert [share.posts for share in view.shares] == [2, 0]


def test_our_own_account_is_not_among_the_authors(index: SQLiteIndex, trends: Trends) -> None:
    index.write([said(f"o{at}", own=True, who="did:own") for at in range(5)] + [said("c")])
    assert [row.handle for row in trends.overview(actor(), WEEK).authors] == ["mina"]


def test_the_first_answer_is_a_median_of_public_cases(office: Office, trends: Trends, index: SQLiteIndex) -> None:
    for at, minutes in ((0, 10), (60, 20), (120, 90)):
        post = said(f"c{at}", at=at, who=f"did:c{at}")
        index.write([post])
        office.hear(post)
        office.hear(said(f"a{at}", at=at + minutes, own=True, parent=f"c{at}", root=f"c{at}"))
        office.clock.advance(3600)
    view: TrendsView = trends.overview(actor(), WEEK)
    assert view.answers.cases == 3
    assert view.answers.minutes == pytest.approx(20)
    assert view.answers.series[0] == pytest.approx(20)
    assert "case:answered" in view.answers.query
    elsewhere = msgspec.structs.replace(WEEK, platforms=("mastodon",))
    assert trends.overview(actor(), elsewhere).answers.cases == 0


def test_what_a_platform_did_not_give_out_is_a_gap(office: Office, trends: Trends) -> None:
    told = [Gap(START, START + timedelta(hours=2), "too_many"), Gap(START - timedelta(days=90), START, "too_old")]
    late = Gap(START + timedelta(hours=1), START + timedelta(hours=3), "budget")
    with office.records.write() as tx:
        budget.miss(tx, WORKSPACE, "s1", told)
        budget.miss(tx, WORKSPACE, "s2", [late])
    (gap,) = trends.overview(actor(), WEEK).gaps
    assert gap.until == START + timedelta(hours=3)


def test_gaps_are_when_every_collector_failed(office: Office, trends: Trends) -> None:
    made = [SourceRow(name, WORKSPACE, "feed", name, {}, START) for name in ("s1", "s2")]
    with office.records.write() as tx:
        for source in made:
            sources.put(tx, source)
            for half in range(4):
                sources.failed(tx, source, "waiting", "network", "down", START + timedelta(minutes=30 * half), None)
        sources.failed(tx, made[0], "waiting", "network", "down", START + timedelta(hours=5), None)
        sources.succeeded(tx, made[1], "", 3, [], START + timedelta(hours=5))
    assert trends.overview(actor(), WEEK).gaps == (Span(START, START + timedelta(hours=2)),)


def test_newer_counts_what_came_since(index: SQLiteIndex, trends: Trends) -> None:
    index.write([said("a", at=-30)])
    shown = TrendsFilter(WEEK.since - timedelta(days=1), START)
    assert trends.newer(actor(), shown, 1) == 0
    index.write([said("b", at=-20), said("c", at=-10)])
    assert trends.newer(actor(), shown, 1) == 2


def test_what_is_wrong_is_said(trends: Trends) -> None:
    with pytest.raises(InvalidInputError, match="ends before it starts"):
        trends.overview(actor(), TrendsFilter(WEEK.until, WEEK.since))
    with pytest.raises(InvalidInputError, match="no day 7"):
        trends.hour_query(actor(), WEEK, 7, 3)
    with pytest.raises(ForbiddenError):
        trends.export(actor(role="agent"), WEEK)


def test_a_monitor_with_an_unclear_name_is_named_by_its_id(office: Office, index: SQLiteIndex, trends: Trends) -> None:
    with office.records.write() as tx:
        monitors.put(tx, Monitor("m4", WORKSPACE, "nanmah", "x", "Nanmah", True, START, START))
        monitors.put(tx, Monitor("m5", WORKSPACE, 'Say "bread"', "y", "Nanmah", True, START, START))
    index.write([said("a", monitors=("m4",)), said("b", monitors=("m5",))])
    search = Search(office.records, index, office.clock)
    for chosen in ("m4", "m5"):
        view = trends.overview(actor(), replace(WEEK, monitors=(chosen,)))
        assert f"monitor:{chosen}" in view.query
        assert search.search(actor(), view.query).total == 1
