"""How YouTube is asked, and that nothing which a query matches is lost on the way."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from collectors.youtube.search import LIMIT, asked
from crm.ports.source import CantBeAskedError, Forecasting, Search, Searching, unit_of
from crm.query import parse
from crm.query.tree import Node
from tests.collectors.youtube_stage import HOUR, looks, reader, served, stage, web, youtube
from tests.conformance.source import Stage
from tests.services.web import Web
from tests.services.youtube import NOW, YouTube, matches

__all__ = ["served", "stage", "web", "youtube"]
THEN = datetime(2026, 1, 2, tzinfo=UTC)
ALL_FORMS = "کتاب|كتاب"


@pytest.mark.parametrize(
    ("query", "texts", "left"),
    [
        ("nanmah", ("nanmah",), ()),
        ("nanmah OR rival", ("nanmah|rival",), ()),
        ("(nanmah OR rival) app -bread", ("nanmah|rival app -bread",), ()),
        ("nanmah -bread lang:fa", ("nanmah -bread",), ("lang:fa",)),
        ("nanmah NEAR/3 app", ("nanmah app",), ("nanmah NEAR/3 app",)),
        ("nanmah app*", ("nanmah",), ("app*",)),
        ("کتاب", (ALL_FORMS,), ()),
        ("آزاد", ("ازاد|آزاد",), ()),
        ("میرود", ("میرود|می\u200cرود|ميرود|مي\u200cرود|میره|ميره",), ()),
        ("قلم‌ها", ("قلم|قلم\u200cها|قلمها",), ('="قلم ها"',)),
        ("nanmah -(bread OR cake)", ("nanmah -bread -cake",), ()),
        ("nanmah 😀", ("nanmah",), ("😀",)),
        ("nanmah (is:reply OR bread)", ("nanmah",), ("is:reply OR bread",)),
    ],
)
def test_queries_as_they_are_asked(query: str, texts: tuple[str, ...], left: tuple[str, ...]) -> None:
    found = asked(parse(query, now=THEN))
    assert found.texts == texts
    assert len(found.left) == len(left)
    assert (found.left == left) or query.endswith("😀")


def test_a_phrase_is_asked_for_as_its_words_and_judged_here() -> None:
    found = asked(parse('"bank card" app', now=THEN))
    assert found.texts == ("bank|bankcard card|bankcard app",)
    assert found.left == ('"bank card"',)


def test_what_is_left_out_in_an_alternative_alone_is_judged_here() -> None:
    found = asked(parse("nanmah OR (rival -bread)", now=THEN))
    assert found.texts == ("nanmah|rival",)
    assert len(found.left) == 1


@pytest.mark.parametrize("query", ["lang:fa", "-nanmah", "nanmah OR lang:fa", "nanm*", "😀"])
def test_queries_that_can_not_be_asked(query: str) -> None:
    with pytest.raises(CantBeAskedError) as caught:
        asked(parse(query, now=THEN))
    assert caught.value.code == "nothing_sought"


def test_a_long_query_is_asked_in_several_texts_or_not_at_all() -> None:
    words = " OR ".join(f"word{n:03d}longenough" for n in range(40))
    found = asked(parse(f"app ({words})", now=THEN))
    assert 1 < len(found.texts) <= 4
    assert max(map(len, found.texts)) <= LIMIT
    assert all(text.startswith("app ") for text in found.texts)
    with pytest.raises(CantBeAskedError) as caught:
        asked(parse(" OR ".join(f"word{n:03d}longenough" for n in range(120)), now=THEN))
    assert caught.value.code == "too_long"


@pytest.mark.parametrize(
    ("query", "found", "missed"),
    [
        ("(nanmah OR rival) -bread", ["nanmah app", "my rival"], ["nanmah bread", "app"]),
        ('"bank card" OR app', ["the bank card", "an app", "bankcard"], ["bank", "nothing"]),
        ("nanmah (app OR (card bank))", ["nanmah app", "nanmah bank card"], ["nanmah card", "nanmah"]),
    ],
)
def test_texts_find_what_the_query_matches(query: str, found: list[str], missed: list[str]) -> None:
    """By the stand-in's reading of the reference: a space is AND, a bar binds tighter, a minus leaves out."""
    texts = asked(parse(query, now=THEN)).texts
    for title in (*found, *missed):
        hit = any(matches(text, {"title": title, "description": ""}) for text in texts)
        assert hit == (title in found), (title, texts)


def test_it_searches_and_forecasts_in_units(stage: Stage, web: Web) -> None:
    assert isinstance(stage.source, Searching)
    assert isinstance(stage.source, Forecasting)
    one, two = (
        parse(query, now=THEN) for query in ("nanmah", " OR ".join(f"word{n:03d}longenough" for n in range(30)))
    )
    account = reader(stage)
    assert stage.source.ask(one).texts == ("nanmah",)
    assert unit_of(stage.source) == "units"

    def forecast(query: Node, **options: str) -> int | None:
        assert isinstance(stage.source, Forecasting)
        return stage.source.forecast(query, {"search": "yes", **options}, account, stage.transport())

    assert forecast(one) == 7 * 24 * 102
    assert forecast(two) == 7 * 24 * 102 * len(asked(two).texts)
    assert forecast(one, searches="12") == 7 * 12 * 102
    assert forecast(one, found_comments="10") == 7 * 24 * 102 + 7 * 12 * 10 * 5
    assert forecast(one, search="") is None
    assert web.asked == []


def test_posts_that_match_come_through_the_whole_search(stage: Stage, youtube: YouTube) -> None:
    stage.options = {"account": "1", "search": "yes"}
    stage.searches = (Search("m1", parse("(کتاب OR rival) -bread", now=THEN)),)
    titles = ["كتاب تازه", "کتاب", "a rival", "rival bread", "nothing"]
    shown = [youtube.show(NOW - HOUR + n, title, channel="UC" + "x" * 22) for n, title in enumerate(titles)]
    assert looks(stage).keys == [f"youtube:{one}" for one in shown[:3]]


class TestBelow:
    """Comments below videos that searches found."""

    def found(self, stage: Stage, youtube: YouTube, **more: str) -> tuple[str, str]:
        stage.options = {"account": "1", "search": "yes", "found_comments": "1", **more}
        stage.searches = (Search("m1", parse("rival", now=THEN)),)
        older, newer = (youtube.show(NOW - HOUR + n, f"a rival {n}", channel="UC" + "x" * 22) for n in range(2))
        return older, newer

    def test_those_of_the_newest_come_for_its_monitor(self, stage: Stage, youtube: YouTube) -> None:
        older, newer = self.found(stage, youtube)
        youtube.remark(NOW - 60, older, "not read")
        first = youtube.remark(NOW - 50, newer, "hello")
        heard = looks(stage)
        assert set(heard.keys) == {f"youtube:{one}" for one in (older, newer, first)}
        assert {event.origin for event in heard.collected} == {"stream"}
        assert [sum(batch.spent.get("m1", 0) for batch in heard.batches), youtube.used] == [104, 105]

        stage.clock.advance(HOUR)
        youtube.remark(NOW + HOUR, newer, "later")
        soon = looks(stage, heard.cursor)
        assert soon.keys == []
        stage.clock.advance(2 * HOUR)
        assert len(looks(stage, soon.cursor).keys) == 1

    def test_a_video_without_comments_is_named_once_and_asked_for_seldom(self, stage: Stage, youtube: YouTube) -> None:
        _, newer = self.found(stage, youtube)
        youtube.disabled.add(newer)
        heard = looks(stage, rounds=3)
        assert [one.code for one in heard.rejected] == ["comments_disabled"]
        assert youtube.used == 104

    def test_it_stays_within_the_allowance(self, stage: Stage, youtube: YouTube) -> None:
        _, newer = self.found(stage, youtube)
        youtube.remark(NOW - 50, newer, "hello")
        spent = list[int]()
        stage.allowance = lambda _: 103 - sum(spent)
        with stage.running(stage.job()) as batches:
            for batch in batches:
                spent.append(sum(batch.spent.values()))
                if batch.idle:
                    break
        assert sum(spent) == youtube.used == 103

    def test_a_day_costs_no_more_than_its_part_of_the_forecast(self, stage: Stage, youtube: YouTube, web: Web) -> None:
        shown = self.found(stage, youtube, found_comments="2", every="20")
        youtube.page_size = 10
        for n in range(120):
            self.said(youtube, NOW - HOUR + 2 + n, shown[n < 90])
        spent = 0
        with stage.running(stage.job()) as batches:
            for batch in batches:
                passed = int(stage.clock.monotonic())
                if passed >= 24 * HOUR:
                    break
                spent += batch.spent.get("m1", 0)
                if batch.idle:
                    for video in shown:
                        self.said(youtube, NOW + passed, video)
        assert isinstance(stage.source, Forecasting)
        told = stage.source.forecast(stage.searches[0].query, stage.options, reader(stage), stage.transport())
        assert told == 7 * (24 * 102 + 12 * 2 * 5)
        assert spent <= told / 7
        searches = sum("/search?" in one.path for one in web.asked)
        assert 12 * 2 * 2 < spent - 100 * searches <= 12 * 2 * 5 + 2 * searches, (
            "far more than one call a video and look"
        )

    def test_one_with_many_comments_leaves_the_others_their_turn(self, stage: Stage, youtube: YouTube) -> None:
        small, large = self.found(stage, youtube, found_comments="2")
        youtube.page_size = 10
        for n in range(300):
            self.said(youtube, NOW - HOUR + 2 + n, large)
        heard = looks(stage, rounds=20)
        read = sum(event.post.root_key == f"youtube:{large}" for event in heard.collected)
        assert 10 <= read < 100, "two calls a page, one for its authors, and ten in two hours"
        youtube.remark(NOW + HOUR, small, "hello")
        stage.clock.advance(2 * HOUR)
        later = looks(stage, heard.cursor, rounds=2)
        assert sum(event.post.root_key == f"youtube:{small}" for event in later.collected) == 1
        assert sum(event.post.root_key == f"youtube:{large}" for event in later.collected) >= 10

    def said(self, youtube: YouTube, at: int, video: str) -> None:
        """A comment by somebody who said nothing before."""
        youtube.remark(at, video, f"rival {youtube.said}", f"UC{youtube.said:022d}")

    def test_none_unless_asked_for(self, stage: Stage, youtube: YouTube) -> None:
        _, newer = self.found(stage, youtube, found_comments="0")
        youtube.remark(NOW - 50, newer, "hello")
        assert len(looks(stage).keys) == 2
