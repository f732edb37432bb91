"""Hacker News, by a stand-in that speaks its two interfaces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from urllib.parse import urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import NormaliseError
from collectors.hackernews import HackerNewsSource
from collectors.hackernews.normalise import of_hit, of_item, read_hit, read_item, read_page
from collectors.hackernews.search import asked
from crm.errors import AuthorisationError, RateLimitedError, RetryableError
from crm.ports.source import CantBeAskedError, Search
from crm.ports.transport import BrokenConnectionError
from crm.query import parse
from crm.words import Removed
from tests.conformance.source import Collecting, Heard, Options, Reaching, Resuming, Stage, nobody
from tests.services.hackernews import HackerNews
from tests.services.web import Answer, web

pytestmark = pytest.mark.slow

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def news() -> HackerNews:
    return HackerNews()


@pytest.fixture
def stage(news: HackerNews) -> Iterator[Stage]:
    with web(news.handle) as running:
        stage = Stage(
            source_at(running.url), {"monitors": ""}, [],
            {"since": {"since": "soon"}, "every": {"every": "0"}}, (urlsplit(running.url).netloc,),
        )  # fmt: skip
        stage.searches = (Search("m1", parse("nanmah", now=NOW)),)
        at = int(stage.clock.now().timestamp()) - 7_200
        expected = [news.say(at + n * 60, f"<p>nanmah &amp; bread {n}") for n in range(5)]
        stage.expected = [f"hackernews:{number}" for number in expected]
        yield stage


def source_at(url: str) -> HackerNewsSource:
    return HackerNewsSource(Random(1), f"{url}/api/v1/search_by_date", f"{url}/v0/item")


def looks(stage: Stage, cursor: str = "", rounds: int = 1, **options: str) -> Heard:
    """So many rounds; each ends with a batch that holds nothing."""
    heard = Heard()
    with stage.running(stage.job(cursor, **options)) as batches:
        for batch in batches:
            heard.batches.append(batch)
            rounds -= batch.idle or bool(batch.rejected and not batch.events)
            if rounds == 0:
                break
    return heard


class TestOptions(Options):
    def test_a_date_in_either_calendar(self) -> None:
        source = HackerNewsSource(Random(1))
        assert source.check({"since": "1404/12/01"}) == source.check({"since": "2026-01-01"}) == []


class TestCollecting(Collecting):
    def test_a_comment_comes_below_what_it_answers(self, stage: Stage, news: HackerNews) -> None:
        at = int(stage.clock.now().timestamp()) - 600
        story = news.say(at, "", title="A bank", author="bob")
        above = news.say(at + 1, "I like it", parent=story)
        comment = news.say(at + 2, "Nanmah &amp; co?", parent=above)
        heard = looks(stage)
        found = {event.post.key: event for event in heard.collected}
        post = found[f"hackernews:{comment}"].post
        assert (post.text, post.parent_key, post.root_key) == (
            "Nanmah & co?", f"hackernews:{above}", f"hackernews:{story}"
        )  # fmt: skip
        assert [found[f"hackernews:{one}"].origin for one in (story, above, comment)] == [
            "context",
            "context",
            "stream",
        ]
        assert found[f"hackernews:{above}"].post.root_key == f"hackernews:{story}"
        assert heard.keys.index(f"hackernews:{story}") < heard.keys.index(f"hackernews:{comment}")

    def test_more_than_one_answer_holds_comes_window_by_window(self, stage: Stage, news: HackerNews) -> None:
        at = int(stage.clock.now().timestamp()) - 3_600
        more = [news.say(at + n // 3, f"nanmah again {n}") for n in range(2_500)]
        heard = looks(stage)
        assert len(heard.keys) == len(set(heard.keys)) == 2_505
        assert {f"hackernews:{one}" for one in more} <= set(heard.keys)
        assert all(not batch.gaps for batch in heard.batches)

    def test_what_one_second_can_not_give_out_is_a_gap(self, stage: Stage, news: HackerNews) -> None:
        at = int(stage.clock.now().timestamp()) - 3_600
        for n in range(1_100):
            news.say(at, f"nanmah at once {n}")
        heard = looks(stage)
        (gap,) = [gap for batch in heard.batches for gap in batch.gaps]
        assert (gap.reason, int(gap.since.timestamp()), int(gap.until.timestamp())) == ("too_many", at, at + 1)
        assert len(heard.keys) == 1_005

    def test_the_beginning_of_a_word_is_asked_for(self, stage: Stage) -> None:
        stage.searches = (Search("m1", parse("nanm* bread", now=NOW)),)
        assert looks(stage).keys == list(stage.expected)

    def test_hits_that_come_twice_are_told_once(self, stage: Stage, news: HackerNews) -> None:
        news.doubled = True
        assert looks(stage, rounds=2).keys == list(stage.expected)

    def test_the_past_is_fetched_from_a_date_on(self, stage: Stage, news: HackerNews) -> None:
        old = news.say(int(datetime(2025, 6, 1, tzinfo=UTC).timestamp()), "nanmah of old")
        assert f"hackernews:{old}" not in looks(stage).keys
        assert f"hackernews:{old}" in looks(stage, since="2025-05-01").keys

    def test_what_is_deleted_later_is_removed(self, stage: Stage, news: HackerNews) -> None:
        heard = looks(stage)
        news.remove(102)
        again = looks(stage, heard.cursor)
        assert again.removed == []
        stage.clock.advance(3_700)
        assert [one.post_key for one in looks(stage, heard.cursor).removed] == ["hackernews:102"]

    def test_only_what_is_deleted_is_removed_for_good(self, stage: Stage, news: HackerNews) -> None:
        cursor, kept = looks(stage).cursor, dict(news.items)
        news.remove(101)
        news.items[102] = news.items[102] | {"dead": True}
        del news.items[103]
        stage.clock.advance(3_700)
        heard = looks(stage, cursor)
        assert {(one.post_key, one.for_good) for one in heard.removed} == {
            ("hackernews:101", True), ("hackernews:102", False),
        }  # fmt: skip
        stage.clock.advance(3_700)
        news.items[104] = kept[104]
        heard = looks(stage, heard.cursor)
        assert [(one.post_key, one.for_good) for one in heard.removed] == [("hackernews:103", False)]

    def test_what_was_missing_once_is_forgiven(self, stage: Stage, news: HackerNews) -> None:
        cursor, kept = looks(stage).cursor, news.items.copy()
        for items in ({}, kept, {}, kept):
            news.items = dict(items)
            stage.clock.advance(3_700)
            heard = looks(stage, cursor)
            cursor = heard.cursor
            assert heard.removed == []

    def test_one_item_that_is_refused_holds_up_nothing(self, stage: Stage, news: HackerNews) -> None:
        cursor = looks(stage).cursor
        news.remove(104)
        stage.clock.advance(3_700)
        news.instead = [Answer(200, b'{"hits": [], "nbHits": 0}'), Answer(401), Answer(403)]
        assert [one.post_key for one in looks(stage, cursor).removed] == ["hackernews:104"]

    def test_a_look_again_that_breaks_off_goes_on(self, stage: Stage, news: HackerNews) -> None:
        at = int(stage.clock.now().timestamp()) - 60
        said = [news.say(at, f"nanmah {n}") for n in range(60)]
        cursor = looks(stage).cursor
        for number in said:
            news.remove(number)
        stage.clock.advance(3_700)
        gone: list[str] = []
        news.tires, news.asked = 40, 0
        for _ in range(4):
            with suppress(RetryableError), stage.running(stage.job(cursor)) as batches:
                for batch in batches:
                    cursor = batch.cursor
                    gone += [event.post_key or "" for event in batch.events if isinstance(event, Removed)]
                    if batch.idle:
                        break
        assert sorted(gone) == [f"hackernews:{number}" for number in said]

    def test_a_monitor_that_can_not_be_asked_is_named_once(self, stage: Stage) -> None:
        stage.searches = (*stage.searches, Search("m2", parse("lang:fa", now=NOW)))
        heard = looks(stage, rounds=2)
        assert [(one.where, one.code) for one in heard.rejected] == [("monitor m2", "nothing_sought")]

    def test_a_hit_at_fault_holds_up_nothing(self, stage: Stage, news: HackerNews) -> None:
        news.items[101]["by"] = ""
        heard = looks(stage)
        assert len(heard.keys) == 4
        assert len(heard.rejected) == 1


class TestResuming(Resuming):
    def test_a_query_that_changed_is_asked_for_from_the_beginning(self, stage: Stage) -> None:
        cursor = looks(stage).cursor
        stage.clock.advance(3_600)
        assert looks(stage, cursor).keys == []
        stage.searches = (Search("m1", parse("bread nanmah", now=NOW)),)
        assert looks(stage, cursor).keys == list(stage.expected)


class TestReaching(Reaching):
    @pytest.fixture
    def stage(self, stage: Stage) -> Stage:
        away = nobody()
        stage.unreachable, stage.hosts = {"every": "5"}, (*stage.hosts, away)
        stage.source = source_at(f"http://{away}")
        return stage


class TestFaults:
    def test_a_text_that_is_not_understood_holds_up_nothing(self, stage: Stage, news: HackerNews) -> None:
        stage.searches = (Search("m0", parse("rival", now=NOW)), *stage.searches)
        news.instead = [Answer(400)]
        heard = looks(stage)
        assert [one.where for one in heard.rejected] == ["rival"]
        assert heard.keys == list(stage.expected)

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (Answer(429, b"", {"Retry-After": "70"}), RateLimitedError),
            (Answer(500), RetryableError),
            (Answer(403), AuthorisationError),
            (Answer(200, b'{"hits": [{"objectID"', {}), BrokenConnectionError),
            (Answer(200, b"{}", {"Content-Length": "900"}, cut=2), RetryableError),
            (Answer(cut=0), RetryableError),
        ],
    )
    def test_an_answer_at_fault_is_told_and_loses_nothing(
        self, stage: Stage, news: HackerNews, answer: Answer, error: type[Exception]
    ) -> None:
        news.instead = [answer]
        with pytest.raises(error) as caught:
            looks(stage)
        assert not isinstance(caught.value, RateLimitedError) or caught.value.retry_after == 70
        assert looks(stage).keys == list(stage.expected)


@pytest.mark.parametrize(
    ("query", "texts", "left"),
    [
        ("nanmah", ("nanmah",), ()),
        ('"nanmah bank" app', ('"nanmah bank" app', "nanmahbank app"), ()),
        ("(nanmah OR rival) app", ("nanmah app", "rival app"), ()),
        ("nanm* app", ("nanm* app",), ()),
        ("nanmah -bread lang:fa", ("nanmah",), ("NOT bread", "lang:fa")),
        ("nanmah NEAR/3 app", ("nanmah app",), ("nanmah NEAR/3 app",)),
    ],
)
def test_queries_as_they_are_asked(query: str, texts: tuple[str, ...], left: tuple[str, ...]) -> None:
    found = asked(parse(query, now=NOW))
    assert (found.texts, found.left) == (texts, left)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("lang:fa", "nothing_sought"), ("-nanmah", "nothing_sought"), ("nanmah OR lang:fa", "nothing_sought"),
        ("(a OR b OR c) (d OR e OR f) (g OR h OR i)", "many_texts"),
        ("abcdefgh" * 40 + " " + "hgfedcba" * 40, "too_long"),
    ],
)  # fmt: skip
def test_queries_that_can_not_be_asked(query: str, code: str) -> None:
    with pytest.raises(CantBeAskedError) as caught:
        asked(parse(query, now=NOW))
    assert caught.value.code == code
    assert str(caught.value).endswith(".")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
HIT = {"objectID": "1", "author": "ann", "created_at_i": 1_700_000_000, "comment_text": "", "story_id": 2}
ITEM = {"id": 1, "by": "ann", "time": 1_700_000_000, "text": "", "title": "", "parent": 2}


@given(st.sampled_from([*HIT, "title", "url", "points"]), anything)
def test_a_hit_becomes_a_post_or_is_named(name: str, value: object) -> None:
    raw = json.dumps(HIT | {name: value}).encode()
    with suppress(NormaliseError):
        msgspec.json.encode(of_hit(read_hit(msgspec.Raw(raw))))


@given(st.sampled_from([*ITEM]), anything)
def test_an_item_becomes_a_post_or_is_named(name: str, value: object) -> None:
    with suppress(NormaliseError):
        item = read_item(json.dumps(ITEM | {name: value}).encode())
        if item is not None:
            msgspec.json.encode(of_item(item))


@given(st.binary(max_size=60))
def test_an_answer_that_is_none_is_named(raw: bytes) -> None:
    with pytest.raises(NormaliseError):
        read_page(b"\x00" + raw)
