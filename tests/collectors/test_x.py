"""X: searched and read, on a stand-in that speaks its API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from collectors.errors import BusyServerError
from crm.errors import AuthorisationError, PermanentError, RateLimitedError
from crm.ports.source import Forecasting, Searching
from crm.ports.transport import BrokenConnectionError
from crm.query import parse
from tests.collectors.x_stage import XStage, only, x_stage
from tests.conformance.source import Collecting, Heard, Options, Reaching, Resuming
from tests.services.web import Answer
from tests.services.x import MESSAGES, POSTS, X, XMedia, XUser, refused
from tests.services.x_openapi import Description
from tests.services.x_posts import id_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def description(shared: Callable[[str], Path]) -> Description:
    return Description(shared("fixtures/x_openapi.json.gz"))


@pytest.fixture
def staged(description: Description) -> Iterator[tuple[XStage, X]]:
    with x_stage(description) as staged:
        yield staged


@pytest.fixture
def stage(staged: tuple[XStage, X]) -> XStage:
    return staged[0]


@pytest.fixture
def served(staged: tuple[XStage, X]) -> X:
    return staged[1]


class TestOptions(Options):
    @pytest.mark.parametrize("since", ["2026-03-14", "1404/12/20", "2026-03-14T10:00:00Z"])
    def test_dates(self, stage: XStage, since: str) -> None:
        assert stage.source.check({**stage.options, "since": since}) == []

    def test_it_searches_and_forecasts(self, stage: XStage, served: X) -> None:
        source = stage.source
        assert isinstance(source, Searching)
        assert isinstance(source, Forecasting)
        query = parse("card", now=stage.clock.now())
        assert source.forecast(query, {"search": ""}, stage.accounts["ours"], stage.transport()) is None
        assert source.forecast(query, stage.options, stage.accounts["ours"], stage.transport()) == 5
        served.newer = True
        assert source.forecast(query, stage.options, stage.accounts["ours"], stage.transport()) == 5
        with pytest.raises(AuthorisationError, match=r"OAuth 2\.0"):
            source.forecast(query, stage.options, stage.accounts["keys"], stage.transport())


class TestCollecting(Collecting):
    @pytest.mark.parametrize("newer", [False, True])
    def test_a_post_is_kept_whole(self, stage: XStage, served: X, newer: bool) -> None:
        served.newer = newer
        root = served.say("خدمات شما", ago=timedelta(hours=3))
        long = "گوشی ام " * 60 + "<b> & https://bank.example/?a=1&b=2"
        asks = served.say(
            f"{long}\n@azarbank app", ago=timedelta(minutes=1), answered=root, place="Tehran",
            media=[XMedia("3_1", "a screen"), XMedia("7_2", video=True)],
        )  # fmt: skip
        (post,) = [one.post for one in stage.looks().collected if one.post.key == asks.key]
        assert post.text == f"{long}\n@azarbank app"
        assert (post.parent_key, post.root_key) == (root.key, root.key)
        assert post.links == ("https://bank.example/?a=1&b=2",)
        assert post.mentions == ("azarbank", "customer")
        assert [(one.kind, one.url, one.alt) for one in post.media] == [
            ("image", "https://pbs.example/3_1.jpg", "a screen"), ("video", "https://video.example/7_2.mp4", ""),
        ]  # fmt: skip
        assert (post.place, post.language_hint, post.counts.views) == ("Tehran, Iran", "fa", 500)
        assert (post.counts.likes, post.counts.replies, post.counts.reposts) == (3, 2, 4)
        assert post.posted_at == stage.clock.now() - timedelta(minutes=1) - timedelta(seconds=sum(stage.clock.slept))
        assert post.url == f"https://x.com/customer/status/{asks.id}"
        assert (post.author.native_id, post.author.followers, post.author.place) == ("2002", 1234, "Tehran")
        assert post.author.bio == "Ordinary & kind https://bio.example"
        assert post.author.links == ("https://home.example", "https://bio.example")

    def test_reposts_are_nothing_new(self, stage: XStage, served: X) -> None:
        served.say("RT @azarbank card", passes_on=served.posts[0])
        assert set(stage.looks().keys) == set(stage.expected)

    def test_replies_that_name_nobody_come_by_their_own_search(self, stage: XStage, served: X) -> None:
        ours = served.say("Our new app is out", served.us, timedelta(hours=2))
        answer = served.say("nice", ago=timedelta(minutes=1), answered=ours)
        assert answer.key in stage.looks(**only("replies")).keys
        assert ("replies" in stage.options, served.asked[-1][1]["query"]) == (
            False,
            "to:azarbank -from:azarbank -is:retweet",
        )

    def test_our_own_posts_and_who_quotes_them(self, stage: XStage, served: X) -> None:
        ours = served.say("Our new app is out", served.us, timedelta(days=2))
        first = [served.say(f"this is bad {n}", ago=timedelta(hours=9 - n), quotes=ours) for n in range(5)]
        heard = stage.looks(**only("own"))
        assert set(heard.keys) == {ours.key, *(one.key for one in first)}
        links = {link for one in heard.collected for link in one.post.links}
        assert links == {f"https://x.com/azarbank/status/{ours.id}"}
        asked = len(served.asked)
        assert stage.looks(cursor=heard.cursor, **only("own")).keys == []
        assert [path for path, _ in served.asked[asked:]] == ["/2/users/1001/tweets"]
        later = served.say("still bad", quotes=ours)
        assert stage.looks(cursor=heard.cursor, **only("own")).keys == [later.key]

    def test_quotations_wait_for_an_allowance(self, stage: XStage, served: X) -> None:
        ours = served.say("Our new app is out", served.us)
        served.say("this is bad", quotes=ours)
        stage.allowance = lambda _: 10 - len(served.read)
        heard = stage.looks(**only("own"))
        assert heard.keys == [ours.key]
        stage.allowance = lambda _: 100
        assert len(stage.looks(cursor=heard.cursor, **only("own")).keys) == 1

    def test_protected_posts_are_private(self, stage: XStage, served: X) -> None:
        post = served.say("@azarbank quietly", XUser("3003", "shy", protected=True))
        found = {one.post.key: one.post.private for one in stage.looks().collected}
        assert found[post.key]
        assert not any(found[key] for key in stage.expected)

    def test_direct_messages(self, stage: XStage, served: X) -> None:
        told = [served.tell(f"message {n}", ago=timedelta(minutes=30 - n)) for n in range(25)]
        heard = stage.looks(**only("messages"))
        assert sorted(heard.keys) == sorted(f"x:dm:{one.id}" for one in told)
        post = heard.collected[0].post
        assert (post.private, post.root_key, post.parent_key) == (True, "x:dm:1001-2002", None)
        assert post.url == "https://x.com/messages/1001-2002"
        later, served.page, asked = served.tell("one more", served.us), 100, len(served.asked)
        assert stage.looks(cursor=heard.cursor, **only("messages")).keys == [f"x:dm:{later.id}"]
        assert [(path, query["max_results"]) for path, query in served.asked[asked:]] == [(MESSAGES, "10")]

    def test_a_post_at_fault_holds_up_nothing(self, stage: XStage, served: X) -> None:
        def spoil(answer: Answer) -> Answer:
            body = json.loads(answer.body)
            body["data"][0]["text"] = 7
            body["data"][1]["id"] = "not a number"
            body["includes"]["users"].insert(0, {"id": None})
            return Answer(200, json.dumps(body).encode(), answer.headers)

        served.faults = [spoil]
        heard = stage.looks(**only("search"))
        assert [one.where.partition(":")[0] for one in heard.rejected] == ["search", "search"]
        assert len(heard.keys) == 3
        assert heard.batches[0].spent == {"cards": 3}

    def test_threads_are_unfolded_to_the_root(self, stage: XStage, served: X) -> None:
        chain = [served.say("root", ago=timedelta(days=9))]
        for n in range(3):
            chain.append(served.say(f"step {n}", ago=timedelta(days=8 - n), answered=chain[-1]))
        served.say("@azarbank and now?", ago=timedelta(minutes=2), answered=chain[-1])
        heard = stage.looks(threads="yes", **only("mentions"))
        context = [one.post.key for one in heard.collected if one.origin == "context"]
        assert sorted(context) == sorted(one.key for one in chain)
        assert sum(path == POSTS for path, _ in served.asked) == 3

    def test_what_is_said_to_us_comes_as_that_though_a_hit_answers_it(self, stage: XStage, served: X) -> None:
        root = served.say("@azarbank no app today", ago=timedelta(hours=3))
        served.say("same card", ago=timedelta(minutes=1), answered=root)
        heard = stage.looks(threads="yes")
        assert [one.origin for one in heard.collected if one.post.key == root.key] == ["addressed"]

    def test_a_monitor_that_can_not_be_asked_is_named(self, stage: XStage) -> None:
        stage.queries["all but"] = "-card"
        heard = stage.looks()
        assert [(one.where, one.code) for one in heard.rejected] == [("monitor all but", "nothing_sought")]


class TestResuming(Resuming):
    def test_a_page_that_x_forgot_is_read_anew(self, stage: XStage, served: X) -> None:
        with stage.running(stage.job()) as batches:
            cursor = next(batches).cursor
        served.forget_lists()
        assert set(stage.expected[3:]) <= set(stage.hear(cursor, stage.expected[3:]).keys)

    def test_a_list_without_end_is_left(self, stage: XStage, served: X) -> None:
        served.page = 100

        def more(answer: Answer) -> Answer:
            body = json.loads(answer.body)
            body["meta"]["next_token"] = "list000000000000-0"
            return Answer(200, json.dumps(body).encode(), answer.headers)

        served.faults = [more] * 20
        stage.queries = {"cards": "card"}
        stage.looks(**only("search"))
        assert len(served.asked) == 4

    def test_late_posts_are_found(self, stage: XStage, served: X) -> None:
        cursor = stage.looks().cursor
        number = int(served.posts[-1].versions[0][0]) & 0xFFF
        late = served.say("@azarbank late")
        late.versions[0] = (id_of(stage.clock.now() - timedelta(minutes=13), number + 1), "@azarbank late")
        assert late.key in stage.looks(cursor=cursor).keys

    def test_a_changed_query_begins_anew(self, stage: XStage, served: X) -> None:
        cursor = stage.looks().cursor
        old = served.say("wallet", ago=timedelta(hours=20))
        stage.queries = {"cards": "wallet"}
        heard = stage.looks(cursor=cursor)
        assert old.key in heard.keys
        assert [name for name in json.loads(heard.cursor)["places"] if name.startswith("search:apps")] == []


class TestReaching(Reaching):
    @pytest.mark.parametrize("account", ["empty", "odd"])
    def test_nothing_is_asked_without_a_credential(self, stage: XStage, served: X, account: str) -> None:
        with pytest.raises(AuthorisationError, match="connect it again"):
            stage.looks(account=account)
        assert served.asked == []

    def test_four_keys_sign_in_as_well(self, stage: XStage) -> None:
        assert set(stage.looks(account="keys").keys) == set(stage.expected)

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (refused(401, "Unauthorized", "Unauthorized"), AuthorisationError),
            (refused(402, "Payment Required", "credits depleted"), PermanentError),
            (refused(403, "Forbidden", "Not for your app"), AuthorisationError),
            (Answer(401, b"<html>"), BusyServerError),
            (Answer(403, b""), BusyServerError),
            (Answer(404, b""), PermanentError),
            (Answer(500, b"[]"), BusyServerError),
            (Answer(503, b"<html>"), BusyServerError),
            (Answer(200, b'{"data": [{"id": "1'), BrokenConnectionError),
            (Answer(200, b"[]"), BrokenConnectionError),
            (Answer(200, b'{"data": []}', {"Content-Length": "4000"}), BrokenConnectionError),
            (Answer(cut=0), BrokenConnectionError),
        ],
    )
    def test_refusals(self, stage: XStage, served: X, answer: Answer, error: type[Exception]) -> None:
        served.faults = [lambda _: answer] * 9
        with pytest.raises(error):
            stage.looks(**only("search"))

    def test_what_our_token_may_not_read_holds_up_nothing_and_is_told_once(self, stage: XStage, served: X) -> None:
        served.closed = {MESSAGES: refused(403, "Forbidden", "Not for your app")}
        heard = stage.looks(3, messages="yes")
        assert [(one.where, "Not for your app" in one.reason) for one in heard.rejected] == [("messages", True)]
        assert set(heard.keys) == set(stage.expected)
        with pytest.raises(AuthorisationError, match="Not for your app"):
            stage.looks(**only("messages"))

    def test_what_was_read_before_an_error_is_spent(self, stage: XStage, served: X) -> None:
        found = served.say("card 99", answered=served.say("above", ago=timedelta(days=3)))
        served.closed = {POSTS: Answer(500)}
        heard = Heard()
        with pytest.raises(BusyServerError), stage.running(stage.job(**only("search"), threads="yes")) as batches:
            heard.batches += batches
        assert found.key not in heard.keys
        assert sum(sum(batch.spent.values()) for batch in heard.batches) > 0
        assert heard.batches[-1].idle
        assert heard.batches[-1].spent

    def test_a_search_that_x_does_not_understand_holds_up_nothing(self, stage: XStage, served: X) -> None:
        served.faults = [lambda _: refused(400, "Invalid Request", "No.")]
        heard = stage.looks(**only("search"))
        assert [(one.where, "No." in one.reason) for one in heard.rejected] == [("monitor cards", True)]
        assert set(stage.looks(cursor=heard.cursor, **only("search")).keys) == set(stage.expected)

    def test_mentions_that_x_does_not_understand_are_told(self, stage: XStage, served: X) -> None:
        stage.looks(**only("mentions"))
        served.faults = [None, lambda _: refused(400, "Invalid Request", "No.")]
        with pytest.raises(PermanentError):
            stage.looks(**only("mentions"))

    def test_a_limited_rate_says_how_long(self, stage: XStage, served: X) -> None:
        served.faults = [lambda one: Answer(429, b"{}", one.headers)]
        with pytest.raises(RateLimitedError) as caught:
            stage.looks()
        assert caught.value.retry_after == 900
        capped = refused(429, "Usage", "Monthly cap", "https://api.x.com/2/problems/usage-capped")
        served.faults = [lambda _: capped]
        with pytest.raises(RateLimitedError) as caught:
            stage.looks()
        assert caught.value.retry_after == 3600
        served.faults = [lambda _: Answer(429, b"{}", {"x-rate-limit-reset": "soon"})]
        with pytest.raises(RateLimitedError) as caught:
            stage.looks()
        assert caught.value.retry_after is None

    def test_an_account_that_x_does_not_know(self, stage: XStage) -> None:
        account = msgspec.structs.replace(stage.accounts["ours"], handle="@nobody")
        stage.accounts["ours"] = account
        with pytest.raises(PermanentError, match="@nobody"):
            stage.looks()
