"""Mastodon as an account of ours: recorded posts of a real server, given out by a stand-in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from threading import Event

import msgspec
import pytest

from collectors.mastodon import MastodonAccountSource
from collectors.mastodon.search import asked
from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError
from crm.ports.responder import Account
from crm.ports.source import CantBeAskedError, Gap, Searching
from crm.ports.transport import Limits
from crm.query import parse
from tests.collectors.endurance import endure
from tests.collectors.x_stage import NOTHING_ELSE, XStage, only
from tests.conformance.source import Collecting, Heard, Options, Reaching, Resuming, nobody
from tests.services.mastodon import ME, SEARCH, STATUSES, TOKEN, Recordings
from tests.services.mastodon_account import TAG, TALKS, TOLD, US, Server, account_server
from tests.services.web import Answer

pytestmark = pytest.mark.slow

BUSY, LOST, CUT = Answer(503), Answer(cut=0), Answer(200, b'[{"id": "1', {"Content-Type": "application/json"})


@pytest.fixture(scope="session")
def recordings(shared: Callable[[str], Path]) -> Recordings:
    return Recordings(shared("fixtures/mastodon.tar.gz"))


@pytest.fixture
def staged(recordings: Recordings) -> Iterator[tuple[XStage, Server]]:
    away = nobody()
    bad = {"account": {"account": " "}, "search": NOTHING_ELSE, "since": {"since": "soon"}, "every": {"every": "0"}}
    stage = XStage(MastodonAccountSource(Random(1)), {"account": "ours", "search": "yes", "mentions": "yes"}, [], bad)
    with account_server(recordings, stage.clock.now) as (served, running):
        said = [served.say(f"@{US} card {n}", ago=timedelta(hours=1) / n) for n in range(1, 6)]
        stage.expected = [one.key for one in said]
        ours = Account("mastodon", US, running.url, TOKEN)
        stage.accounts = {
            "ours": ours,
            "away": msgspec.structs.replace(ours, base_url=f"http://{away}"),
            "empty": msgspec.structs.replace(ours, secret=" "),
            "wrong": msgspec.structs.replace(ours, secret="old"),
        }
        stage.queries = {"cards": "card", "apps": "app OR بانک"}
        stage.hosts, stage.unreachable = (running.host, away), {"account": "away"}
        yield stage, served


@pytest.fixture
def stage(staged: tuple[XStage, Server]) -> XStage:
    return staged[0]


@pytest.fixture
def served(staged: tuple[XStage, Server]) -> Server:
    return staged[1]


class TestOptions(Options):
    pass


class TestCollecting(Collecting):
    def test_what_is_said_to_us_is_addressed_and_comes_once(self, stage: XStage, served: Server) -> None:
        ours = served.say("our news", US, timedelta(hours=2))
        stranger, answer = served.say("a card elsewhere"), served.say("no", answers=ours)
        heard = stage.looks(2)
        origins = {one.post.key: one.origin for one in heard.collected}
        assert (origins[stranger.key], origins[answer.key], origins[ours.key]) == ("stream", "addressed", "context")
        assert len(heard.keys) == len(set(heard.keys))
        post = next(one.post for one in heard.collected if one.post.key == answer.key)
        assert (post.parent_key, post.author.followers) == (ours.key, 12)

    @pytest.mark.parametrize("kind", ["search", "mentions", "own", "messages"])
    def test_a_server_that_gives_fewer_than_asked_for_is_read_to_the_end(
        self, stage: XStage, served: Server, kind: str
    ) -> None:
        served.page = 3
        said = [served.say(f"card @{US} {n}", ago=timedelta(minutes=n)) for n in range(8, 0, -1)]
        said += [served.say(f"#card {n}", US, ago=timedelta(minutes=n)) for n in range(8, 0, -1)]
        said += [served.say(f"@{US} {n}", visibility="direct", ago=timedelta(minutes=n)) for n in range(8, 0, -1)]
        wanted = {"search": said[:16], "mentions": said[:8], "own": said[8:16], "messages": said[16:]}[kind]
        assert {one.key for one in wanted} <= set(stage.looks(**only(kind)).keys)

    def test_our_own_posts_are_ours(self, stage: XStage, served: Server) -> None:
        said = [served.say(f"news {n}", US) for n in range(3)]
        heard = stage.looks(**only("own"))
        assert {(one.post.key, one.origin) for one in heard.collected} == {(one.key, "own") for one in said}

    def test_a_thread_is_unfolded_to_its_root(self, stage: XStage, served: Server) -> None:
        chain = [served.say("root", ago=timedelta(hours=9))]
        for n in range(6):
            chain.append(served.say(f"answer {n}", ago=timedelta(hours=8 - n), answers=chain[-1]))
        last = served.say(f"@{US} last", answers=chain[-1])
        heard = stage.looks(**only("mentions"))
        assert [one.post.key for one in heard.collected if one.origin == "context"] == [one.key for one in chain]
        assert heard.keys[-1] == last.key or last.key in heard.keys

    def test_hashtags_are_looked_at_too(self, stage: XStage, served: Server) -> None:
        served.searches = False
        tagged = served.say("look #card")
        assert tagged.key in stage.looks(**only("search")).keys

    def test_a_server_that_does_not_search_holds_up_nothing(self, stage: XStage, served: Server) -> None:
        served.instead[SEARCH] = [Answer(404, b"{}")] * 9
        tagged = served.say("look #card")
        heard = stage.looks()
        assert heard.rejected
        assert {tagged.key, *stage.expected} <= set(heard.keys)

    def test_a_list_that_is_refused_holds_up_nothing_else_and_is_told_once(self, stage: XStage, served: Server) -> None:
        gone = Answer(404, b'{"error": "Record not found"}', {"Content-Type": "application/json"})
        served.instead[TOLD] = [gone] * 3
        served.say("card 9")
        heard = stage.looks(3)
        assert [one.where for one in heard.rejected] == ["mentions"]
        assert heard.keys
        served.instead[TOLD] = [gone]
        with pytest.raises(PermanentError):
            stage.looks(**only("mentions"))

    def test_a_post_at_fault_holds_up_nothing(self, stage: XStage, served: Server) -> None:
        served.toots[0].status["created_at"] = "soon"
        heard = stage.looks(**only("own"))
        assert heard.keys == []
        heard = stage.looks(**only("search"))
        assert "bad_item" in {one.code for one in heard.rejected}
        assert len(set(heard.keys)) == 4

    def test_parents_on_a_server_that_gives_out_no_several(self, stage: XStage, served: Server) -> None:
        served.several = False
        answer = served.say("card", answers=served.say("hello", ago=timedelta(days=3)))
        post = next(one.post for one in stage.looks(**only("search")).collected if one.post.key == answer.key)
        assert post.parent_key == served.toots[-2].key


class TestMessages:
    def test_messages_are_private(self, stage: XStage, served: Server) -> None:
        first = served.say(f"@{US} my card is lost", visibility="direct", ago=timedelta(minutes=9))
        ours = served.say("@maryam which one?", US, visibility="direct", answers=first)
        heard = stage.looks(messages="yes")
        found = {one.post.key: one for one in heard.collected}
        assert (found[first.key].origin, found[ours.key].origin) == ("addressed", "own")
        assert found[first.key].post.private
        assert found[ours.key].post.parent_key == first.key

    def test_they_are_left_out_unless_asked_for(self, stage: XStage, served: Server) -> None:
        direct = served.say(f"@{US} my card is lost", visibility="direct")
        assert direct.key not in stage.looks(own="yes").keys


class TestAgain:
    def test_an_edit_comes_as_a_version(self, stage: XStage, served: Server) -> None:
        cursor = stage.looks().cursor
        stage.clock.advance(7 * 3600)
        served.edit(served.toots[0], f"@{US} corrected")
        later = [one for one in stage.looks(1, cursor).collected if one.post.key == served.toots[0].key]
        assert [(one.post.text, one.origin) for one in later] == [(f"@{US} corrected", "addressed")]
        assert later[0].post.edited_at == stage.clock.now()

    def test_what_is_missing_twice_is_gone(self, stage: XStage, served: Server) -> None:
        cursor = stage.looks().cursor
        served.toots[0].gone = True
        stage.clock.advance(7 * 3600)
        first = stage.looks(1, cursor)
        assert first.removed == []
        stage.clock.advance(700)
        assert [one.post_key for one in stage.looks(1, first.cursor).removed] == [served.toots[0].key]


class TestResuming(Resuming):
    def test_the_past_is_fetched_from_a_date(self, stage: XStage, served: Server) -> None:
        old, older = served.say("card", ago=timedelta(days=20)), served.say("card", ago=timedelta(days=40))
        said = [served.say("card", ago=timedelta(days=9, minutes=n)) for n in range(100)]
        heard = stage.looks(since=(stage.clock.now() - timedelta(days=30)).date().isoformat())
        assert {old.key, *(one.key for one in said)} <= set(heard.keys)
        assert older.key not in heard.keys

    def test_the_cap_is_never_passed_and_the_rest_is_a_gap(self, stage: XStage, served: Server) -> None:
        for n in range(100):
            served.say("card", ago=timedelta(minutes=n))
        left = {"cards": 50, "apps": 0, "": 0}
        stage.allowance = left.__getitem__
        gaps: list[Gap] = []
        with stage.running(stage.job(**only("search"), days_again="0")) as batches:
            for batch in batches:
                gaps += batch.gaps
                for monitor, spent in batch.spent.items():
                    left[monitor] -= spent
                if batch.idle and not batch.gaps:
                    break
        assert left["cards"] == 0
        assert [gap.reason for gap in gaps] == ["budget"]

    def test_the_quota_is_told(self, stage: XStage, served: Server) -> None:
        served.headers = {
            "X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "290", "X-RateLimit-Reset": "2099-03-21T08:05:00.000Z",
        }  # fmt: skip
        quota = stage.looks().batches[-1].quota
        assert quota is not None
        assert (quota.remaining, quota.limit) == (290, 300)

    def test_what_a_fault_leaves_unreported_takes_back_no_place(self, stage: XStage, served: Server) -> None:
        above = served.say("root", ago=timedelta(hours=2))
        served.say("card", ago=timedelta(hours=1), answers=above)
        served.instead[f"{STATUSES}/{served.toots[-1].id}/context"] = [BUSY]
        heard, stop = Heard(), Event()
        stage.clock.begin(1, stop)
        with (
            pytest.raises(RetryableError),
            stage.running(stage.job(**only("search", mentions="yes", threads="yes")), stop) as batches,
        ):
            heard.batches.extend(batch for batch in batches)
        unreported = heard.batches[-1]
        assert unreported.spent
        assert not unreported.events
        assert unreported.cursor == heard.batches[-2].cursor


class TestReaching(Reaching):
    def test_what_a_sign_in_left_is_unwrapped(self, stage: XStage) -> None:
        ours, left = stage.accounts["ours"], json.dumps({"access_token": TOKEN, "client_id": "c"})
        stage.accounts["ours"] = msgspec.structs.replace(ours, secret=left)
        assert set(stage.expected) <= set(stage.looks(**only("mentions")).keys)
        stage.accounts["ours"] = msgspec.structs.replace(ours, secret='{"access_token": " "}')
        with pytest.raises(AuthorisationError, match="no token"):
            stage.looks(**only("mentions"))

    @pytest.mark.parametrize("account", ["empty", "wrong"])
    def test_an_empty_or_wrong_token_is_never_connected(self, stage: XStage, served: Server, account: str) -> None:
        with pytest.raises(AuthorisationError):
            stage.looks(account=account)
        assert {path for path, _ in served.asked} <= {ME}
        assert account == "wrong" or not served.asked

    def test_a_limited_rate_says_how_long(self, stage: XStage, served: Server) -> None:
        reset = (stage.clock.now() + timedelta(seconds=240)).isoformat()
        served.instead[TOLD] = [Answer(429, b"{}", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset})]
        with pytest.raises(RateLimitedError) as caught:
            stage.looks()
        assert caught.value.retry_after == 240

    @pytest.mark.parametrize(
        "answer", [BUSY, LOST, CUT, Answer(502, b"<html>"), Answer(200, b"<html>"), Answer(401), Answer(403, b"<html>")]
    )
    @pytest.mark.parametrize("path", [ME, TOLD, SEARCH])
    def test_what_may_pass_may_be_tried_again(self, stage: XStage, served: Server, path: str, answer: Answer) -> None:
        served.instead[path] = [answer]
        with pytest.raises(RetryableError):
            stage.looks()

    def test_a_wrong_address_says_so(self, stage: XStage, served: Server) -> None:
        served.instead[ME] = [Answer(404, b"<html>")]
        with pytest.raises(PermanentError):
            stage.looks()


@pytest.mark.slow
def test_everything_comes_once_through_every_fault(stage: XStage, served: Server) -> None:
    """Pages in disorder, and every fault at every path."""
    served.disorder, random = Random(3), Random(4)
    for n in range(45):
        served.say(f"card {n}", ago=timedelta(minutes=17 * n))
        served.say(f"@{US} {n}", ago=timedelta(minutes=13 * n))
        served.say(f"ours {n}", US, ago=timedelta(minutes=11 * n))
        served.say(f"@{US} message {n}", ago=timedelta(minutes=9 * n), visibility="direct")
    reset = {"X-RateLimit-Reset": "2026-03-21T08:01:00.000Z"}
    faults = [BUSY, LOST, CUT, Answer(429, b"{}", reset)]
    for path in (ME, TOLD, TALKS, SEARCH, STATUSES, "/api/v1/accounts/1/statuses", f"{TAG}card"):
        served.instead[path] = [random.choice(faults) for _ in range(5)]
    stage.patience = Limits(read=2.0)
    wanted = {one.key for one in served.toots}
    heard = endure(stage, wanted, search="yes", mentions="yes", own="yes", messages="yes")
    assert set(heard.keys) == wanted
    assert heard.removed == []


class TestSearch:
    @pytest.mark.parametrize(
        ("query", "texts"),
        [
            ("card", ("card", "#card")),
            ("app OR web", ("app", "web", "#app", "#web")),
            ("author:ann@far.example card", ("from:ann@far.example card", "#card")),
            ("کارت", ("کارت", "كارت", "#کارت")),
        ],
    )
    def test_texts(self, query: str, texts: tuple[str, ...]) -> None:
        assert asked(parse(query)).texts == texts

    def test_what_only_we_can_judge_is_named(self) -> None:
        assert asked(parse("card NOT credit lang:fa")).left == ("NOT credit", "lang:fa")

    @pytest.mark.parametrize(("query", "code"), [("NOT a", "nothing_sought"), ("a platform:x", "other_platform")])
    def test_what_cant_be_asked(self, query: str, code: str) -> None:
        with pytest.raises(CantBeAskedError) as caught:
            asked(parse(query))
        assert caught.value.code == code

    def test_the_source_is_asked_the_same(self, stage: XStage) -> None:
        assert isinstance(stage.source, Searching)
        assert stage.source.ask(parse("card")).texts == ("card", "#card")
