"""Bluesky as an account of ours: a stand-in that holds every request against the lexicons."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from threading import Event

import msgspec
import pytest

from collectors.bluesky import BlueskySource
from collectors.refusals import AllForbiddenError
from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError
from crm.ports.responder import Account
from crm.ports.transport import Limits
from tests.collectors.endurance import endure
from tests.collectors.x_stage import NOTHING_ELSE, XStage, only
from tests.conformance.source import Collecting, Heard, Options, Reaching, Resuming, nobody
from tests.services.bluesky_view import (
    CONVOS,
    FEED,
    LOG,
    MESSAGES,
    PASSWORD,
    POSTS,
    PROFILES,
    RENEW,
    SEARCH,
    SIGN_IN,
    THREAD,
    TOLD,
    Sky,
    ok,
    refused,
    sky,
)
from tests.services.lexicon import Lexicons
from tests.services.web import Answer

pytestmark = pytest.mark.slow

BUSY, LOST, CUT = Answer(500), Answer(cut=0), Answer(200, b'{"posts": [{"uri": ', {"Content-Type": "application/json"})
KINDS = ("search", "mentions", "own", "messages")


@pytest.fixture(scope="session")
def lexicons(shared: Callable[[str], Path]) -> Lexicons:
    return Lexicons(shared("fixtures/bluesky_appview.tar.gz"))


@pytest.fixture
def staged(lexicons: Lexicons) -> Iterator[tuple[XStage, Sky]]:
    away = nobody()
    bad = {
        "account": {"account": " "}, "search": NOTHING_ELSE, "since": {"since": "soon"}, "every": {"every": "0"},
        "days_again": {"days_again": "many"},
    }  # fmt: skip
    stage = XStage(BlueskySource(Random(1)), {"account": "ours", "search": "yes", "mentions": "yes"}, [], bad)
    with sky(stage.clock.now, lexicons) as (served, running):
        served.page = 3
        said = [served.say(f"@azarbank.test card {n}", ago=timedelta(hours=1) / n) for n in range(1, 6)]
        stage.expected = [said[n].key for n in (2, 3, 4, 0, 1)]
        ours = Account("bluesky", "azarbank.test", running.url, PASSWORD)
        stage.accounts = {
            "ours": ours,
            "away": msgspec.structs.replace(ours, base_url=f"http://{away}"),
            "empty": msgspec.structs.replace(ours, secret=" "),
            "wrong": msgspec.structs.replace(ours, secret="old"),
        }
        stage.queries = {"cards": "card", "apps": "app OR بانک"}
        stage.hosts, stage.unreachable = (running.host, away), {"account": "away"}
        yield stage, served
        assert served.wrong == [], "\n".join(served.wrong)


@pytest.fixture
def stage(staged: tuple[XStage, Sky]) -> XStage:
    return staged[0]


@pytest.fixture
def served(staged: tuple[XStage, Sky]) -> Sky:
    return staged[1]


class TestOptions(Options):
    pass


class TestCollecting(Collecting):
    def test_a_post_is_kept_whole(self, stage: XStage, served: Sky) -> None:
        quoted = served.say("our app", served.us)
        post = served.say("@azarbank.test the app fails", quotes=quoted, answers=served.posts[0])
        found = next(one.post for one in stage.looks().collected if one.post.key == post.key)
        assert (found.author.handle, found.author.followers, found.author.bio) == (
            "maryam.test",
            12,
            "I am maryam.test",
        )
        assert found.parent_key == found.root_key == served.posts[0].key
        assert found.links == (f"https://bsky.app/profile/{served.us.did}/post/{quoted.uri.rpartition('/')[2]}",)
        assert (found.counts.likes, found.counts.replies, found.counts.reposts) == (3, 2, 1)
        assert (found.language_hint, found.private) == ("fa", False)
        assert found.url == f"https://bsky.app/profile/{served.them.did}/post/{post.uri.rpartition('/')[2]}"

    def test_what_is_said_to_us_is_addressed_and_comes_once(self, stage: XStage, served: Sky) -> None:
        stranger = served.say("a card of another bank")
        quote = served.say("look at this", quotes=served.say("our news", served.us))
        answer = served.say("no", answers=served.posts[-2])
        heard = stage.looks(2)
        origins = {one.post.key: one.origin for one in heard.collected}
        assert origins[stranger.key] == "stream"
        assert {origins[one.key] for one in (quote, answer, *served.posts[:5])} == {"addressed"}
        assert len(heard.keys) == len(set(heard.keys))

    def test_our_own_posts_are_ours(self, stage: XStage, served: Sky) -> None:
        said = [served.say(f"news {n}", served.us) for n in range(4)]
        served.reposts = served.posts[:1]
        heard = stage.looks(**only("own"))
        assert heard.rejected == []
        assert {(one.post.key, one.origin) for one in heard.collected} == {(one.key, "own") for one in said}

    def test_a_thread_is_unfolded_to_its_root(self, stage: XStage, served: Sky) -> None:
        post = served.say("root", served.us, timedelta(hours=3))
        chain = [post]
        for n in range(6):
            chain.append(post := served.say(f"answer {n}", ago=timedelta(hours=2) / (n + 1), answers=post))
        post = served.say("@azarbank.test last", answers=post)
        heard = stage.looks(**only("mentions"))
        keys = heard.keys
        assert [one.origin for one in heard.collected if one.post.text == "root"] == ["context"]
        assert keys.index(chain[0].key) < keys.index(chain[3].key) < keys.index(post.key)
        assert {one.key for one in chain} <= set(keys)

    def test_a_thread_with_a_hole_is_no_fault(self, stage: XStage, served: Sky) -> None:
        lost = served.say("lost", ago=timedelta(hours=1))
        lost.gone = True
        post = served.say("@azarbank.test yes", answers=lost)
        assert post.key in stage.looks().keys

    def test_a_search_unfolds_threads_where_that_is_chosen(self, stage: XStage, served: Sky) -> None:
        above = served.say("hello", ago=timedelta(days=3))
        served.say("a card", answers=above)
        assert above.key not in stage.looks(**only("search")).keys
        assert above.key in stage.looks(**only("search"), threads="yes").keys

    def test_a_post_at_fault_holds_up_nothing(self, stage: XStage, served: Sky) -> None:
        body = {"posts": [{"uri": "at://odd"}, served.posts[0].view]}
        served.instead[SEARCH] = [Answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})]
        heard = stage.looks(**only("search"))
        assert [one.code for one in heard.rejected] == ["bad_item"]
        assert served.posts[0].key in heard.keys

    def test_a_list_that_is_refused_holds_up_nothing_else_and_is_told_once(self, stage: XStage, served: Sky) -> None:
        served.instead[TOLD] = [refused(400, "InvalidRequest", "odd")] * 3
        assert [one.where for one in stage.looks(2).rejected] == ["mentions"]
        with pytest.raises(PermanentError, match="odd"):
            stage.looks(**only("mentions"))

    def test_a_search_that_is_refused_holds_up_nothing_else(self, stage: XStage, served: Sky) -> None:
        served.instead[SEARCH] = [refused(400, "BadQueryString", "odd")]
        heard = stage.looks()
        assert "BadQueryString" in heard.rejected[0].reason
        assert set(stage.expected) <= set(heard.keys)


class TestMessages:
    def test_messages_are_private_and_ours_are_ours(self, stage: XStage, served: Sky) -> None:
        theirs, ours = served.tell("my card is lost"), served.tell("which one?", served.us)
        served.tell("long ago", ago=timedelta(days=9))
        heard = stage.looks(**only("messages"))
        assert {(one.post.key, one.origin) for one in heard.collected} == {
            (theirs.key, "addressed"), (ours.key, "own"),
        }  # fmt: skip
        post = next(one.post for one in heard.collected if one.origin == "addressed")
        assert (post.private, post.root_key, post.author.handle) == (True, "bluesky:dm:3kconvo1", "maryam.test")

    def test_the_log_is_followed(self, stage: XStage, served: Sky) -> None:
        first = served.tell("one")
        cursor = stage.looks(**only("messages")).cursor
        said = [served.tell(f"more {n}") for n in range(7)]
        served.take_back(first)
        heard = stage.looks(1, cursor, **only("messages"))
        assert heard.keys == [one.key for one in said]
        assert [(one.post_key, one.for_good) for one in heard.removed] == [(first.key, True)]
        assert stage.looks(1, heard.cursor, **only("messages")).events == []

    def test_what_is_beyond_the_allowance_comes_later(self, stage: XStage, served: Sky) -> None:
        served.tell("one")
        cursor = stage.looks(**only("messages")).cursor
        said = [served.tell(f"more {n}") for n in range(9)]
        stage.allowance = lambda _: 2
        heard = stage.looks(1, cursor, **only("messages"))
        stage.allowance = lambda _: 0
        assert stage.looks(1, heard.cursor, **only("messages")).events == []
        stage.allowance = lambda _: 100
        later = stage.looks(1, heard.cursor, **only("messages"))
        assert sorted({*heard.keys, *later.keys}) == sorted(one.key for one in said)

    def test_a_conversation_that_is_refused_holds_up_nothing(self, stage: XStage, served: Sky) -> None:
        served.tell("one")
        served.instead[MESSAGES] = [refused(400, "InvalidRequest", "Convo not found")]
        heard = stage.looks(**only("messages"))
        assert [one.where for one in heard.rejected] == ["conversation 3kconvo1"]
        said = served.tell("two")
        assert stage.looks(1, heard.cursor, **only("messages")).keys == [said.key]

    def test_a_place_in_the_log_that_is_refused_begins_anew(self, stage: XStage, served: Sky) -> None:
        served.tell("one")
        cursor = stage.looks(**only("messages")).cursor
        said = served.tell("two")
        served.instead[LOG] = [refused(400, "InvalidRequest", "Invalid cursor")]
        heard = stage.looks(2, cursor, **only("messages"))
        assert [one.where for one in heard.rejected] == ["log"]
        assert heard.keys == [said.key]

    def test_what_happens_while_conversations_are_read_is_followed(self, stage: XStage, served: Sky) -> None:
        convo = {"id": "3kconvo1", "rev": served.tell("one").rev, "members": [], "muted": False, "unreadCount": 0}
        later = convo | {"rev": "3zzzzzzzzzzzz"}
        served.instead[CONVOS] = [ok({"convos": [convo], "cursor": "2"}), ok({"convos": [later]})]
        assert json.loads(stage.looks(**only("messages")).cursor)["marks"] == {"log": convo["rev"]}

    def test_a_deletion_of_what_is_long_forgotten_is_told(self, stage: XStage, served: Sky) -> None:
        old = served.tell("long ago", ago=timedelta(days=9))
        served.tell("one")
        cursor = stage.looks(**only("messages")).cursor
        served.take_back(old)
        heard = stage.looks(1, cursor, **only("messages"))
        assert [(one.post_key, one.for_good) for one in heard.removed] == [(old.key, True)]

    def test_an_author_that_can_not_be_read_holds_up_nothing(self, stage: XStage, served: Sky) -> None:
        served.instead[PROFILES] = [ok({"profiles": [{"did": 7}]})] * 9
        assert set(stage.looks().keys) >= set(stage.expected)

    def test_a_password_that_may_not_read_them_says_so(self, stage: XStage, served: Sky) -> None:
        served.no_messages = True
        with pytest.raises(AuthorisationError, match="direct messages"):
            stage.looks(**only("messages"))

    def test_messages_that_are_refused_hold_up_nothing_else_and_are_told_once(self, stage: XStage, served: Sky) -> None:
        served.instead[CONVOS] = [refused(400, "InvalidRequest", "odd")] * 3
        heard = stage.looks(2, messages="yes")
        assert [one.where for one in heard.rejected] == ["messages"]
        assert set(stage.expected) <= set(heard.keys)
        served.instead.clear()
        served.no_messages = True
        asked = len(served.asked)
        heard = stage.looks(5, messages="yes")
        assert 1 <= sum(name == CONVOS for name, _ in served.asked[asked:]) <= 2, "an hour is left between two attempts"
        assert [(one.where, "direct messages" in one.reason) for one in heard.rejected] == [("messages", True)]
        assert set(stage.expected) <= set(heard.keys)

    def test_messages_and_searches_that_are_refused_end_the_run_with_both_reasons(
        self, stage: XStage, served: Sky
    ) -> None:
        served.no_messages = True
        served.instead[SEARCH] = [refused(400, "BadQueryString", "odd")] * 9
        with pytest.raises(AllForbiddenError, match=r"search: .*odd.*messages: .*direct messages"):
            stage.looks(**only("search") | {"messages": "yes"})


class TestAgain:
    def test_an_edit_comes_as_a_version(self, stage: XStage, served: Sky) -> None:
        cursor = stage.looks().cursor
        post = served.posts[0]
        post.text, post.edits = "@azarbank.test corrected", 1
        stage.clock.advance(7 * 3600)
        later = [one for one in stage.looks(1, cursor).collected if one.post.key == post.key]
        assert [(one.post.text, one.origin) for one in later] == [("@azarbank.test corrected", "addressed")]
        assert later[0].post.edited_at == stage.clock.now()

    def test_what_is_missing_twice_is_gone(self, stage: XStage, served: Sky) -> None:
        cursor = stage.looks().cursor
        served.posts[0].gone = True
        stage.clock.advance(7 * 3600)
        first = stage.looks(1, cursor)
        assert first.removed == []
        stage.clock.advance(700)
        assert [one.post_key for one in stage.looks(1, first.cursor).removed] == [served.posts[0].key]

    def test_a_hiccup_is_no_deletion(self, stage: XStage, served: Sky) -> None:
        cursor = stage.looks().cursor
        served.instead[POSTS] = [Answer(200, b'{"posts": []}', {"Content-Type": "application/json"})]
        stage.clock.advance(7 * 3600)
        first = stage.looks(1, cursor, **only("search"))
        stage.clock.advance(700)
        assert stage.looks(1, first.cursor, **only("search")).removed == []

    def test_not_for_ever(self, stage: XStage, served: Sky) -> None:
        stage.looks(20, every="360", days_again="1", **only("search"))
        asked = [query["uris"] for name, query in served.asked if name == POSTS]
        assert sum(served.posts[4].uri in uris for uris in asked) == 4


class TestAllowance:
    def test_the_cap_is_never_passed_and_the_rest_is_a_gap(self, stage: XStage, served: Sky) -> None:
        served.page = 100
        for n in range(300):
            served.say(f"card {n}", ago=timedelta(seconds=n))
        left = {"cards": 130, "apps": 0, "": 0}
        stage.allowance = left.__getitem__
        heard = Heard()
        with stage.running(stage.job(**only("search"), days_again="0")) as batches:
            for batch in batches:
                heard.batches.append(batch)
                for monitor, spent in batch.spent.items():
                    left[monitor] -= spent
                if batch.idle and not batch.gaps:
                    break
        assert left["cards"] == 0
        (gap,) = [gap for batch in heard.batches for gap in batch.gaps]
        assert (gap.reason, gap.until) == ("budget", stage.clock.now() - timedelta(seconds=129))
        left["cards"] = 100
        news = served.say("card again")
        assert news.key in stage.looks(cursor=heard.cursor, **only("search")).keys

    def test_nothing_is_asked_without_an_allowance(self, stage: XStage, served: Sky) -> None:
        stage.allowance = lambda _: 0
        stage.looks(mentions="yes", own="yes", messages="yes", search="yes")
        assert {name for name, _ in served.asked} <= {SIGN_IN, "chat.bsky.convo.listConvos"}

    def test_the_quota_is_told(self, stage: XStage, served: Sky) -> None:
        served.headers = {"RateLimit-Limit": "3000", "RateLimit-Remaining": "2990", "RateLimit-Reset": "1774080300"}
        quota = stage.looks().batches[-1].quota
        assert quota is not None
        assert (quota.remaining, quota.limit, quota.resets_at) == (2990, 3000, datetime.fromtimestamp(1774080300, UTC))


class TestResuming(Resuming):
    def test_more_than_a_search_gives_out(self, stage: XStage, served: Sky) -> None:
        served.page, served.ends = 100, 400
        for n in range(650):
            served.say(f"bank {n}", ago=timedelta(minutes=n + 70))
        stage.queries = {"banks": "bank"}
        heard = stage.looks(**only("search"), since="2026-03-01", days_again="0")
        assert len(set(heard.keys)) == 650

    def test_the_past_is_fetched_from_a_date(self, stage: XStage, served: Sky) -> None:
        old, older = served.say("card", ago=timedelta(days=20)), served.say("card", ago=timedelta(days=40))
        heard = stage.looks(since=(stage.clock.now() - timedelta(days=30)).date().isoformat())
        assert old.key in heard.keys
        assert older.key not in heard.keys

    def test_a_look_that_broke_off_goes_on(self, stage: XStage, served: Sky) -> None:
        for n in range(30):
            served.say(f"card {n}", ago=timedelta(minutes=n))
        with stage.running(stage.job(**only("search"))) as batches:
            cursor = [next(batches) for _ in range(4)][-1].cursor
        before = len(served.asked)
        heard = stage.looks(1, cursor, **only("search"))
        assert len(heard.keys) == 35 - 12
        assert served.asked[before + 1][1]["until"]


class TestReaching(Reaching):
    @pytest.mark.parametrize("account", ["empty", "wrong"])
    def test_an_empty_or_wrong_password_is_never_connected(self, stage: XStage, served: Sky, account: str) -> None:
        with pytest.raises(AuthorisationError):
            stage.looks(account=account)
        assert {name for name, _ in served.asked} <= {SIGN_IN}
        assert account == "wrong" or not served.asked

    def test_an_ended_session_is_renewed_once_and_by_its_refresh_token(self, stage: XStage, served: Sky) -> None:
        with stage.running(stage.job(), Event()) as batches:
            next(batches)
            served.valid = "another"
            next(batches)
        names = [name for name, _ in served.asked]
        assert (names.count(SIGN_IN), names.count(RENEW)) == (1, 1)

    def test_a_refresh_token_that_is_gone_too_leads_to_a_new_sign_in(self, stage: XStage, served: Sky) -> None:
        with stage.running(stage.job(), Event()) as batches:
            next(batches)
            served.valid = served.renewable = "another"
            next(batches)
        names = [name for name, _ in served.asked]
        assert (names.count(SIGN_IN), names.count(RENEW)) == (2, 1)

    def test_a_limited_rate_says_how_long(self, stage: XStage, served: Sky) -> None:
        reset = int(stage.clock.now().timestamp()) + 240
        served.instead[SEARCH] = [Answer(429, b"{}", {"RateLimit-Reset": str(reset)})]
        with pytest.raises(RateLimitedError) as caught:
            stage.looks(**only("search"))
        assert caught.value.retry_after == 240

    @pytest.mark.parametrize("answer", [BUSY, LOST, CUT, Answer(502, b"<html>")])
    @pytest.mark.parametrize("method", [SIGN_IN, SEARCH, TOLD])
    def test_what_may_pass_may_be_tried_again(self, stage: XStage, served: Sky, method: str, answer: Answer) -> None:
        served.instead[method] = [answer]
        with pytest.raises(RetryableError):
            stage.looks()

    def test_a_server_without_an_appview_says_so(self, stage: XStage, served: Sky) -> None:
        served.instead[TOLD] = [refused(501, "MethodNotImplemented", "Method Not Implemented")]
        with pytest.raises(PermanentError, match="no AppView"):
            stage.looks()


@pytest.mark.slow
def test_everything_comes_once_through_every_fault(stage: XStage, served: Sky) -> None:
    """Pages in disorder and with doublets, and every fault at every method."""
    served.page, served.disorder, random = 7, Random(3), Random(4)
    for n in range(25):
        served.say(f"card {n}", ago=timedelta(minutes=17 * n))
        served.say(f"@azarbank.test {n}", ago=timedelta(minutes=13 * n), answers=random.choice(served.posts))
        served.say(f"ours {n}", served.us, ago=timedelta(minutes=11 * n))
        served.tell(f"message {n}", ago=timedelta(minutes=9 * n), convo=f"3kconvo{n % 3}")
    reset = {"RateLimit-Reset": str(int(stage.clock.now().timestamp()) + 60)}
    faults, ended = [BUSY, LOST, CUT, Answer(429, b"{}", reset)], refused(400, "ExpiredToken", "ended")
    served.instead[SIGN_IN], served.instead[RENEW] = faults[:], [ended, *faults]
    for method in (SEARCH, TOLD, FEED, THREAD, POSTS, PROFILES, MESSAGES, LOG):
        served.instead[method] = [ended, *(random.choice(faults) for _ in range(6))]
    stage.patience = Limits(read=2.0)
    wanted = {one.key for one in served.posts} | {one.key for said in served.convos.values() for one in said}
    heard = endure(stage, wanted, **dict.fromkeys(KINDS, "yes"))
    assert set(heard.keys) == wanted
    assert len({(one.post.key, one.post.text, one.origin) for one in heard.collected}) <= len(wanted) * 2
    assert heard.removed == []
