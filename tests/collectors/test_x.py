"""X: searched, read and looked at again, on a stand-in that speaks its API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from threading import Event

import msgspec
import pytest

from collectors.errors import BusyServerError
from collectors.x import XSource
from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError
from crm.ports.responder import Account
from crm.ports.source import Forecasting, Gap, Job, Search, Searching
from crm.ports.transport import BrokenConnectionError
from crm.query import parse
from tests.conformance.doubles import ManualClock
from tests.conformance.source import Collecting, Heard, Options, Reaching, Resuming, Stage, nobody
from tests.services.web import Answer, Web
from tests.services.x import KEYS, MESSAGES, POSTS, TOKEN, X, XMedia, XUser, refused, x_stand_in
from tests.services.x_openapi import Description
from tests.services.x_posts import id_of

NOTHING_ELSE = {"search": "", "mentions": "", "replies": "", "own": "", "messages": ""}


class Pauses(ManualClock):
    """A clock that stops a run at one of its pauses between looks, instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self._left, self._stop = 0, Event()

    def begin(self, number: int, stop: Event) -> None:
        """Stop at the `number`-th pause."""
        self._left, self._stop = number, stop

    def sleep(self, seconds: float, until: Event | None = None) -> bool:
        self._left -= 1
        if self._left == 0:
            self._stop.set()
        return super().sleep(seconds, until)


@dataclass
class XStage(Stage):
    """A stage with accounts and monitors."""

    accounts: dict[str, Account] = field(default_factory=dict)
    queries: dict[str, str] = field(default_factory=dict)
    allowance: Callable[[str], int] = lambda _: 10_000
    clock: Pauses = field(default_factory=Pauses)

    def job(self, cursor: str = "", **options: str) -> Job:
        job = super().job(cursor, **options)
        searches = tuple(Search(one, parse(text, now=self.clock.now())) for one, text in self.queries.items())
        account = self.accounts[job.options["account"]]
        return msgspec.structs.replace(job, account=account, searches=searches, allowance=self.allowance)

    def looks(self, number: int | str = 1, cursor: str = "", **options: str) -> Heard:
        """Everything of so many looks."""
        heard, stop = Heard(), Event()
        self.clock.begin(int(number), stop)
        with self.running(self.job(cursor, **options), stop) as batches:
            heard.batches.extend(batches)
        return heard


@pytest.fixture(scope="session")
def description(shared: Callable[[str], Path]) -> Description:
    return Description(shared("fixtures/x_openapi.json.gz"))


@pytest.fixture
def served(stage: XStage) -> X:
    return stage.x  # type: ignore[attr-defined, no-any-return]


@pytest.fixture
def stage(description: Description) -> Iterator[XStage]:
    away = nobody()
    bad = {
        "account": {"account": " "}, "search": NOTHING_ELSE, "since": {"since": "soon"}, "every": {"every": "0"},
        "days_again": {"days_again": "many"},
    }  # fmt: skip
    stage = XStage(XSource(Random(1)), {"account": "ours", "search": "yes", "mentions": "yes"}, [], bad)
    with x_stand_in(stage.clock.now, description) as (x, running):
        x.page = 3
        said = [x.say(f"@azarbank card {n}", ago=timedelta(hours=1) / n) for n in range(1, 6)]
        stage.expected = [said[n].key for n in (2, 3, 4, 0, 1)]
        stage.accounts = accounts(running, away)
        stage.queries = {"cards": "card", "apps": "app OR بانک"}
        stage.hosts, stage.unreachable = (running.host, away), {"account": "away"}
        stage.x = x  # type: ignore[attr-defined]
        yield stage
        assert x.wrong == []


def accounts(running: Web, away: str) -> dict[str, Account]:
    ours = Account("x", "azarbank", running.url, TOKEN)
    return {
        "ours": ours,
        "away": msgspec.structs.replace(ours, base_url=f"http://{away}"),
        "keys": msgspec.structs.replace(ours, secret=KEYS),
        "empty": msgspec.structs.replace(ours, secret=" "),
        "odd": msgspec.structs.replace(ours, secret="two words"),
        "old": msgspec.structs.replace(ours, secret="expired"),
    }


def only(kind: str, **options: str) -> dict[str, str]:
    return NOTHING_ELSE | {kind: "yes"} | options


def endure(stage: XStage, wanted: set[str], **options: str) -> Heard:
    """Run as the collect role does: after an error that may pass, go on from the last cursor, until all has come."""
    heard, cursor = Heard(), ""
    for _ in range(200):
        try:
            stop = Event()
            stage.clock.begin(3, stop)
            with stage.running(stage.job(cursor, **options), stop) as batches:
                for batch in batches:
                    heard.batches.append(batch)
                    cursor = batch.cursor
        except RateLimitedError as error:
            stage.clock.advance(error.retry_after or 60.0)
        except RetryableError:
            stage.clock.advance(2.0)
        else:
            if wanted <= set(heard.keys):
                return heard
    missing = wanted - set(heard.keys)
    raise AssertionError(f"{len(missing)} of {len(wanted)} posts never came: {sorted(missing)[:3]}")


class TestOptions(Options):
    @pytest.mark.parametrize("since", ["2026-03-14", "1404/12/20", "2026-03-14T10:00:00Z"])
    def test_dates(self, stage: XStage, since: str) -> None:
        assert stage.source.check({**stage.options, "since": since}) == []

    def test_it_searches_and_forecasts(self, stage: XStage, served: X) -> None:
        source = stage.source
        assert isinstance(source, Searching)
        assert isinstance(source, Forecasting)
        query = parse("card", now=stage.clock.now())
        assert source.forecast(query, stage.accounts["ours"], stage.transport()) == 5
        served.newer = True
        assert source.forecast(query, stage.accounts["ours"], stage.transport()) == 5
        with pytest.raises(AuthorisationError, match=r"OAuth 2\.0"):
            source.forecast(query, stage.accounts["keys"], stage.transport())


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

    def test_what_came_as_context_comes_again_when_it_is_said_to_us(self, stage: XStage, served: X) -> None:
        root = served.say("@azarbank no app today", ago=timedelta(hours=3))
        served.say("same card", ago=timedelta(minutes=1), answered=root)
        heard = stage.looks(threads="yes")
        assert [one.origin for one in heard.collected if one.post.key == root.key] == ["context", "stream"]

    def test_a_monitor_that_can_not_be_asked_is_named(self, stage: XStage) -> None:
        stage.queries["all but"] = "-card"
        heard = stage.looks()
        assert [(one.where, one.code) for one in heard.rejected] == [("monitor all but", "nothing_sought")]


class TestAgain:
    """Edits and deletions, of which X tells nobody."""

    def test_an_edit_is_a_version_of_the_same_post(self, stage: XStage, served: X) -> None:
        post = served.say("@azarbank teh card", ago=timedelta(minutes=1))
        heard = stage.looks()
        stage.clock.advance(600)
        served.edit(post, "@azarbank the card")
        stage.clock.advance(4000)
        later = [one.post for one in stage.looks(2, heard.cursor).collected if one.post.key == post.key]
        assert [one.text for one in later] == ["@azarbank the card"]
        assert later[0].edited_at is not None
        assert later[0].posted_at < later[0].edited_at
        assert later[0].url.endswith(post.id)

    def test_an_edit_that_no_search_finds_is_found_by_looking_again(self, stage: XStage, served: X) -> None:
        post = served.say("@azarbank card", ago=timedelta(minutes=1))
        heard = stage.looks()
        served.edit(post, "nothing")
        stage.clock.advance(5000)
        again = stage.looks(1, heard.cursor)
        assert [(one.post.key, one.post.text) for one in again.collected] == [(post.key, "nothing")]
        assert len([path for path, _ in served.asked if path == POSTS]) == 2

    def test_what_is_gone_is_removed(self, stage: XStage, served: X) -> None:
        heard = stage.looks()
        served.posts[0].gone, served.posts[1].gone = "resource-not-found", "not-authorized-for-resource"
        stage.clock.advance(5000)
        removed = stage.looks(1, heard.cursor).removed
        assert [(one.post_key, one.for_good) for one in removed] == [
            (served.posts[0].key, True), (served.posts[1].key, False),
        ]  # fmt: skip

    def test_posts_are_looked_at_again_for_as_long_as_the_options_say(self, stage: XStage, served: X) -> None:
        stage.looks(600, every="10", days_again="2")
        turns = [query["ids"].split(",") for path, query in served.asked if path == POSTS]
        assert sum(served.posts[4].id in turn for turn in turns) == 3


class TestAllowance:
    """Nothing is read that may not be."""

    def test_pages_are_cut_to_what_is_left(self, stage: XStage, served: X) -> None:
        served.page = 100
        stage.allowance = lambda _: 12
        stage.looks(**only("search"))
        assert {query["max_results"] for _, query in served.asked} == {"12"}

    def test_less_than_a_page_is_not_asked_for(self, stage: XStage, served: X) -> None:
        stage.allowance = lambda monitor: 0 if monitor else 4
        heard = stage.looks()
        assert [path for path, _ in served.asked] == ["/2/users/by/username/azarbank"]
        assert heard.keys == []

    def test_the_cap_is_never_passed_and_the_rest_is_a_gap(self, stage: XStage, served: X) -> None:
        served.page = 100
        for n in range(300):
            served.say(f"card {n}", ago=timedelta(seconds=n))
        left = {"cards": 130, "apps": 0, "": 0}
        stage.allowance = left.__getitem__
        heard = Heard()
        with stage.running(stage.job(**only("search"))) as batches:
            for batch in batches:
                heard.batches.append(batch)
                for monitor, spent in batch.spent.items():
                    left[monitor] -= spent
                if batch.idle and not batch.gaps:
                    break
        assert left["cards"] == 0
        assert len(served.read) == 130
        (gap,) = [gap for batch in heard.batches for gap in batch.gaps]
        assert gap.reason == "budget"
        assert gap.since < gap.until <= stage.clock.now() - timedelta(seconds=128)
        left["cards"] = 100
        news = served.say("card again")
        assert stage.looks(cursor=heard.cursor, **only("search")).keys == [news.key]

    def test_a_post_counts_once_a_day(self, stage: XStage, served: X) -> None:
        served.page = 100
        stage.queries = {"cards": "card", "five": "5"}
        spent = [batch.spent for batch in stage.looks(days_again="3", threads="yes").batches if batch.spent]
        assert spent == [{"cards": 5}]

    def test_threads_are_left_folded_without_allowance(self, stage: XStage, served: X) -> None:
        root = served.say("hello", ago=timedelta(days=2))
        served.say("@azarbank hello?", answered=root)
        served.page, stage.allowance = 100, lambda _: 6
        assert root.key not in stage.looks(threads="yes", **only("mentions")).keys

    def test_what_the_platform_leaves_us_is_told(self, stage: XStage) -> None:
        quota = stage.looks().batches[0].quota
        assert quota is not None
        assert (quota.limit, quota.remaining) == (300, 298)
        assert quota.resets_at == datetime(2026, 3, 21, 8, 15, tzinfo=UTC)


class TestBackfill:
    def test_from_a_date_as_far_as_x_searches(self, stage: XStage, served: X) -> None:
        old = [served.say(f"old card {n}", ago=timedelta(days=n)) for n in (2, 6, 8)]
        heard = stage.looks(since="2026-03-01", **only("search"))
        assert {one.key for one in old} & set(heard.keys) == {one.key for one in old[:2]}
        gaps = [gap for batch in heard.batches for gap in batch.gaps]
        assert {gap.reason for gap in gaps} == {"too_old"}
        assert gaps[0] == Gap(datetime(2026, 3, 1, tzinfo=UTC), gaps[0].until, "too_old")

    def test_after_a_long_pause(self, stage: XStage, served: X) -> None:
        cursor = stage.looks().cursor
        stage.clock.advance(10 * 86400)
        found = served.say("card", ago=timedelta(days=6))
        heard = stage.looks(cursor=cursor, **only("search"))
        assert heard.keys == [found.key]
        assert [gap.reason for batch in heard.batches for gap in batch.gaps] == ["too_old", "too_old"]

    def test_a_quiet_strand_leaves_no_gap(self, stage: XStage) -> None:
        heard = stage.looks(12, every="1440", days_again="0")
        assert [gap for batch in heard.batches for gap in batch.gaps] == []

    def test_mentions_beyond_what_x_keeps_are_a_gap(self, stage: XStage, served: X) -> None:
        served.page = 100
        for n in range(805):
            served.say(f"@azarbank {n}", ago=timedelta(minutes=n))
        heard = stage.looks(since="2026-03-01", **only("mentions"))
        assert len(set(heard.keys)) == 800
        assert [gap.reason for batch in heard.batches for gap in batch.gaps] == ["too_many"]


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
            (refused(400, "Invalid Request", "No."), PermanentError),
            (refused(401, "Unauthorized", "Unauthorized"), AuthorisationError),
            (refused(402, "Payment Required", "credits depleted"), PermanentError),
            (refused(403, "Forbidden", "Not for your app"), AuthorisationError),
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
        served.faults = [lambda _: answer]
        with pytest.raises(error):
            stage.looks(**only("search"))

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


@pytest.mark.slow
class TestFaults:
    """Every post that is served arrives, whatever happens on the way, and none under two keys."""

    @pytest.mark.parametrize("seed", range(4))
    def test_all_arrives(self, stage: XStage, served: X, seed: int) -> None:
        random = Random(seed)
        served.page, served.disorder = 7, random
        posts = [served.say(f"@azarbank card {n}", ago=timedelta(minutes=5 * n)) for n in range(60)]
        posts += [served.say(f"app {n}", ago=timedelta(minutes=n)) for n in range(40)]
        told = [served.tell(f"message {n}", ago=timedelta(minutes=n)) for n in range(12)]
        faults = [
            lambda one: Answer(429, b"{}", one.headers), lambda _: Answer(500, b"oops"), lambda _: Answer(cut=0),
            lambda one: Answer(one.status, one.body[: len(one.body) // 2], one.headers),
            lambda one: Answer(one.status, one.body, one.headers, cut=len(one.body) // 2),
        ]  # fmt: skip
        served.faults = [random.choice([None, None, *faults]) for _ in range(120)]
        wanted = {one.key for one in posts} | {f"x:dm:{one.id}" for one in told} | set(stage.expected)
        heard = endure(stage, wanted, messages="yes", replies="yes", threads="yes")
        assert set(heard.keys) == wanted
        assert heard.rejected == []
        assert {one.post.key: one.post.text for one in heard.collected if one.post.key in {p.key for p in posts}} == {
            one.key: one.text for one in posts
        }

    def test_forgotten_pages_among_faults(self, stage: XStage, served: X) -> None:
        served.page = 3
        posts = [served.say(f"card {n}", ago=timedelta(minutes=n)) for n in range(20)]

        def forget(answer: Answer) -> Answer:
            served.forget_lists()
            return answer

        served.faults = [None, forget, None, None, forget, None]
        assert {one.key for one in posts} <= set(endure(stage, {one.key for one in posts}, **only("search")).keys)
