"""Reddit's collector against a stand-in that speaks its interface."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from collectors.reddit import RedditSource
from collectors.reddit.source import AGAIN_SECONDS, LOOK_SECONDS, REMEMBERED
from crm.errors import AuthorisationError, RateLimitedError, RetryableError
from crm.ports.responder import Account
from crm.ports.source import Gap, Job, Search
from crm.ports.transport import BrokenConnectionError
from crm.query import parse
from tests.conformance.doubles import ManualClock
from tests.conformance.source import JOB, Collecting, Heard, Options, Reaching, Resuming, Stage, nobody
from tests.services.reddit import INBOX, INFO, ME, START, TOKEN, RedditStandIn, reddit_stand_in, secret
from tests.services.web import Answer, Web

HEADERS = {"Content-Type": "application/json"}
AWAY = nobody()


@dataclass
class RedditStage(Stage):
    """A stage with an account of ours, monitors, and what may still be read for each."""

    account: Account = Account("reddit", ME, "", "")  # noqa: RUF009 frozen
    queries: dict[str, str] = field(default_factory=dict)
    allowed: dict[str, int] = field(default_factory=dict)

    def job(self, cursor: str = "", **options: str) -> Job:
        account = self.account
        if options.get("account") == "away":
            account = Account("reddit", ME, f"http://{AWAY}", secret())
        searches = tuple(Search(name, parse(query)) for name, query in self.queries.items())
        given = {**self.options, **options}
        return Job(JOB, given, cursor, self.workspace, account, searches, lambda one: self.allowed.get(one, 10**9))


@pytest.fixture
def stand() -> Iterator[tuple[RedditStandIn, Web]]:
    with reddit_stand_in() as running:
        yield running


@pytest.fixture
def server(stand: tuple[RedditStandIn, Web]) -> RedditStandIn:
    server = stand[0]
    thread = server.submit("Azarbank's app", "It charged my card twice.")
    first = server.comment("Same here", thread)
    server.comment("And here", first)
    server.submit("Tea", "Which azarbank branch has tea?")
    server.notify(server.comment("u/azarbank please help", first, author="maryam", author_fullname="t2_maryam"))
    server.message("My card number is a secret")
    return server


@pytest.fixture
def stage(stand: tuple[RedditStandIn, Web], server: RedditStandIn) -> RedditStage:
    first, second = server.comments[0]["data"]["name"], server.comments[1]["data"]["name"]
    names = [
        server.posts[0]["data"]["name"], first, *(one["data"]["name"] for one in server.inbox),
        server.posts[1]["data"]["name"], second,
    ]  # fmt: skip
    bad = {
        "account": {"account": ""}, "collect": {"collect": "home"}, "subreddits": {"subreddits": "two-words"},
        "since": {"since": "soon"},
    }  # fmt: skip
    return RedditStage(
        RedditSource(Random(1)), {"account": "1", "subreddits": "r/iran, persian"},
        [f"reddit:{name}" for name in names],
        bad, (stand[1].host, AWAY), {"account": "away"},
        clock=ManualClock(datetime.fromtimestamp(START + 600, UTC)),
        account=Account("reddit", ME, stand[1].url, secret()), queries={"brand": "azarbank"},
    )  # fmt: skip


def looks(stage: RedditStage, count: int = 1, cursor: str = "", **options: str) -> Heard:
    """So many looks, each with its pages."""
    heard = Heard()
    with stage.running(stage.job(cursor, **options)) as running:
        for batch in running:
            heard.batches.append(batch)
            count -= batch.idle and not (batch.spent or batch.gaps)
            if not count:
                break
    return heard


def asked_for(stand: tuple[RedditStandIn, Web], path: str) -> list[dict[str, str]]:
    """The parameters of every request of a page."""
    found = [urlsplit(one.path) for one in stand[1].asked]
    return [{name: row[0] for name, row in parse_qs(one.query).items()} for one in found if one.path == path]


class TestOptions(Options):
    def test_what_may_be_chosen(self) -> None:
        source = RedditSource(Random(1))
        assert source.check({"account": "1", "subreddits": "/r/iran/، persian\nFarsi_1", "since": "1405/01/01"}) == []
        assert [one.code for one in source.check({"account": "1", "collect": "new"})] == ["required"]
        many = ",".join(f"name{n}" for n in range(51))
        assert [one.code for one in source.check({"account": "1", "subreddits": many})] == ["too_many"]


class TestCollecting(Collecting):
    def test_a_thread_is_known_and_unfolded(self, stage: RedditStage) -> None:
        heard = looks(stage, collect="inbox")
        root, first, mention, message = heard.collected
        assert [one.origin for one in heard.collected] == ["context", "context", "stream", "stream"]
        assert (root.post.title, root.post.parent_key) == ("Azarbank's app", None)
        assert mention.post.parent_key == first.post.key
        assert mention.post.root_key == first.post.root_key == root.post.key
        assert mention.post.mentions == ("azarbank",)
        assert mention.post.author.key == "reddit:t2_maryam"
        assert [one.post.private for one in heard.collected] == [False, False, False, True]
        assert message.post.url.startswith("https://www.reddit.com/message/messages/")

    def test_what_was_known_does_not_come_again(self, stage: RedditStage) -> None:
        heard = looks(stage, 3)
        assert len(heard.keys) == len(set(heard.keys))
        again = looks(stage, cursor=heard.cursor)
        assert again.events == []

    def test_news_and_edits_come(self, stage: RedditStage, server: RedditStandIn) -> None:
        cursor = looks(stage).cursor
        post = server.posts[0]["data"]
        post |= {"selftext": "Solved!", "edited": float(START + 900)}
        server.submit("New", "azarbank again")
        heard = looks(stage, cursor=cursor)
        assert sorted((one.post.title, one.post.text, bool(one.post.edited_at)) for one in heard.collected) == [
            ("Azarbank's app", "Solved!", True), ("New", "azarbank again", False),
        ]  # fmt: skip

    def test_an_older_state_from_the_inbox_is_no_news(self, stage: RedditStage, server: RedditStandIn) -> None:
        server.comments[-1]["data"] |= {"body": "u/azarbank thanks", "edited": float(START + 300)}
        texts = [one.post.text for one in looks(stage, 3).collected if one.post.mentions]
        assert texts == ["u/azarbank please help", "u/azarbank thanks"]

    def test_a_thing_at_fault_holds_up_nothing(self, stage: RedditStage, server: RedditStandIn) -> None:
        server.posts[1]["data"]["created_utc"] = "soon"
        server.comments[1]["data"]["created_utc"] = 1e300
        server.posts.append({"kind": ["t3"], "data": {"name": "t3_odd", "subreddit": "iran"}})
        heard = looks(stage, collect="new")
        assert len(heard.keys) == 3
        assert [one.where for one in heard.rejected] == [
            f"r/iran+persian/new {server.posts[1]['data']['name']}", "r/iran+persian/new t3_odd",
            f"r/iran+persian/comments/ {server.comments[1]['data']['name']}",
        ]  # fmt: skip
        assert "created_utc" in heard.rejected[0].reason

    def test_only_what_was_chosen(self, stage: RedditStage, stand: tuple[RedditStandIn, Web]) -> None:
        paths = {}
        for choice in ("search", "new", "inbox"):
            stand[1].asked.clear()
            looks(stage, collect=choice)
            paths[choice] = {urlsplit(one.path).path for one in stand[1].asked} - {TOKEN}
        assert paths == {
            "search": {"/r/iran+persian/search/"}, "new": {"/r/iran+persian/new", "/r/iran+persian/comments/"},
            "inbox": {INBOX, INFO},
        }  # fmt: skip

    def test_all_of_reddit_is_searched_without_communities(
        self, stage: RedditStage, stand: tuple[RedditStandIn, Web]
    ) -> None:
        looks(stage, subreddits="")
        asked = asked_for(stand, "/r/all/search/")
        assert asked[0]["q"] == "azarbank"
        assert (asked[0]["sort"], asked[0]["limit"], asked[0]["restrict_sr"]) == ("new", "100", "False")

    def test_a_monitor_that_reddit_can_not_be_asked_is_passed_over(self, stage: RedditStage) -> None:
        stage.queries = {"bad": "sentiment:negative", "brand": "tea"}
        assert [one.post.title for one in looks(stage, collect="search").collected] == ["Tea"]


class TestPaging:
    """Down to where the last look began, and not further."""

    def test_a_first_look_reads_one_page(self, stage: RedditStage, server: RedditStandIn) -> None:
        for n in range(250):
            server.submit(f"azarbank {n}")
        assert len(looks(stage, collect="search").keys) == 100

    def test_a_back_fill_reads_as_far_as_it_is_told(self, stage: RedditStage, stand: tuple[RedditStandIn, Web]) -> None:
        recent = [stand[0].submit(f"azarbank {n}")["data"]["name"] for n in range(248)]
        stand[0].posts[:0] = [
            {"kind": "t3", "data": {**stand[0].posts[0]["data"], "name": f"t3_old{n}", "created_utc": START - 9e5}}
            for n in range(300)
        ]
        since = datetime.fromtimestamp(START - 86400, UTC).isoformat()
        heard = looks(stage, collect="search", since=since)
        assert {f"reddit:{name}" for name in recent} <= set(heard.keys)
        assert len(asked_for(stand, "/r/iran+persian/search/")) == 3
        assert all(not batch.gaps for batch in heard.batches)

    def test_a_quiet_look_is_one_request_a_strand(self, stage: RedditStage, stand: tuple[RedditStandIn, Web]) -> None:
        for n in range(300):
            stand[0].submit(f"azarbank {n}", created_utc=float(START - 90000 + n))
        stand[0].posts.sort(key=lambda one: one["data"]["created_utc"])
        cursor = looks(stage, collect="search").cursor
        stand[1].asked.clear()
        assert looks(stage, collect="search", cursor=cursor).events == []
        assert len(asked_for(stand, "/r/iran+persian/search/")) == 1

    def test_what_reddit_cuts_is_a_gap(self, stage: RedditStage, server: RedditStandIn) -> None:
        for n in range(300):
            server.submit(f"azarbank {n}")
        server.ends = 240
        since = datetime.fromtimestamp(START - 86400, UTC)
        heard = looks(stage, collect="search", since=since.isoformat())
        oldest = min(one.post.posted_at for one in heard.collected)
        assert [gap for batch in heard.batches for gap in batch.gaps] == [Gap(since, oldest, "too_many")]
        assert looks(stage, collect="search", since=since.isoformat(), cursor=heard.cursor).events == []

    def test_a_small_listing_that_ends_is_whole(self, stage: RedditStage) -> None:
        since = datetime.fromtimestamp(START - 86400, UTC).isoformat()
        assert all(not batch.gaps for batch in looks(stage, since=since).batches)

    def test_the_same_page_over_and_over_ends(self, stage: RedditStage, server: RedditStandIn) -> None:
        thing = server.posts[0]
        page = {"kind": "Listing", "data": {"after": "t3_same", "children": [thing]}}
        answers = [Answer(200, json.dumps(page).encode(), HEADERS)] * 30
        server.instead["/r/iran+persian/new"] = answers
        since = datetime.fromtimestamp(START - 86400, UTC).isoformat()
        looks(stage, collect="new", since=since)
        assert len(answers) == 28

    @pytest.mark.parametrize("seed", range(5))
    def test_overlapping_and_disordered_pages(self, stage: RedditStage, server: RedditStandIn, seed: int) -> None:
        for n in range(350):
            server.comment(f"comment {n}", server.posts[0])
        server.overlapping, server.shuffled = 7, Random(seed)
        since = datetime.fromtimestamp(START - 86400, UTC).isoformat()
        heard = looks(stage, 2, collect="new", since=since)
        everything = {f"reddit:{one['data']['name']}" for one in (*server.posts, *server.comments)}
        assert sorted(heard.keys) == sorted(everything)


class TestBudget:
    """Never more than what may be read."""

    def test_pages_are_cut_to_the_allowance(self, stage: RedditStage, stand: tuple[RedditStandIn, Web]) -> None:
        for n in range(300):
            stand[0].submit(f"azarbank {n}")
        left = {"brand": 130}
        since = datetime.fromtimestamp(START - 86400, UTC).isoformat()
        job = stage.job(collect="search", since=since)
        job = Job(JOB, job.options, "", None, job.account, job.searches, lambda one: left.get(one, 0))
        heard = Heard()
        with stage.running(job) as running:
            for batch in running:
                heard.batches.append(batch)
                for name, count in batch.spent.items():
                    left[name] -= count
                if batch.idle and not batch.gaps:
                    break
        assert [one["limit"] for one in asked_for(stand, "/r/iran+persian/search/")] == ["100", "30"]
        assert (len(heard.keys), left) == (130, {"brand": 0})
        assert [gap.reason for batch in heard.batches for gap in batch.gaps] == ["budget"]

    def test_nothing_is_asked_without_an_allowance(self, stage: RedditStage, stand: tuple[RedditStandIn, Web]) -> None:
        stage.allowed = {"brand": 0, "": 0}
        heard = looks(stage)
        assert heard.events == []
        assert stand[1].asked == []
        stage.allowed = {}
        assert len(looks(stage, cursor=heard.cursor).keys) == len(stage.expected)

    def test_what_was_read_is_counted_by_its_monitor(self, stage: RedditStage, server: RedditStandIn) -> None:
        server.submit("Coffee", "no brand")
        stage.queries["other"] = "coffee OR tea"
        spent = [batch.spent for batch in looks(stage, collect="search").batches if batch.spent]
        assert spent == [{"brand": 2}, {"other": 2}]

    def test_the_quota_is_told(self, stage: RedditStage) -> None:
        quota = looks(stage).batches[-1].quota
        assert quota is not None
        assert (quota.limit, quota.resets_at) == (600, datetime.fromtimestamp(START + 900, UTC))

    def test_some_of_the_rate_is_left_to_those_who_answer(self, stage: RedditStage, server: RedditStandIn) -> None:
        server.remaining = 22
        with pytest.raises(RateLimitedError) as caught:
            looks(stage)
        assert caught.value.retry_after == 300
        assert server.remaining == 20


class TestRemovals:
    """What is deleted on Reddit goes here too."""

    def test_deleted_removed_and_without_an_author(self, stage: RedditStage, server: RedditStandIn) -> None:
        cursor = looks(stage).cursor
        by_author, by_moderator, account_gone = server.comments[0], server.comments[1], server.posts[0]
        server.delete(by_author)
        server.delete(by_moderator, "[removed]", author="customer")
        server.delete(account_gone, "It charged my card twice.")
        stage.clock.advance(AGAIN_SECONDS)
        heard = looks(stage, cursor=cursor)
        gone = {str(one.post_key or one.author_key): one.for_good for one in heard.removed}
        assert gone == {
            f"reddit:{by_author['data']['name']}": True, f"reddit:{by_moderator['data']['name']}": False,
            f"reddit:{account_gone['data']['name']}": True, "reddit:t2_customer": True,
        }  # fmt: skip
        assert heard.collected == []

    def test_a_removed_submission(self, stage: RedditStage, server: RedditStandIn) -> None:
        cursor = looks(stage).cursor
        server.posts[0]["data"]["removed_by_category"] = "moderator"
        server.posts[1]["data"]["removed_by_category"] = "deleted"
        heard = looks(stage, cursor=cursor)
        assert [one.for_good for one in heard.removed] == [False, True]
        server.posts[0]["data"]["removed_by_category"] = None
        assert [one.post.title for one in looks(stage, cursor=heard.cursor).collected] == ["Azarbank's app"]

    def test_what_vanished_is_given_a_second_look(self, stage: RedditStage, server: RedditStandIn) -> None:
        cursor = looks(stage).cursor
        gone = server.comments.pop(1)["data"]["name"]
        stage.clock.advance(AGAIN_SECONDS)
        first = looks(stage, cursor=cursor)
        assert first.removed == []
        stage.clock.advance(AGAIN_SECONDS)
        second = looks(stage, cursor=first.cursor)
        assert [(one.post_key, one.for_good) for one in second.removed] == [(f"reddit:{gone}", False)]

    def test_posts_are_asked_for_a_hundred_at_a_time(
        self, stage: RedditStage, stand: tuple[RedditStandIn, Web]
    ) -> None:
        for n in range(240):
            stand[0].comment(f"comment {n}", stand[0].posts[0])
        since = datetime.fromtimestamp(START - 86400, UTC).isoformat()
        cursor = looks(stage, collect="new", since=since).cursor
        stand[1].asked.clear()
        stage.clock.advance(AGAIN_SECONDS)
        looks(stage, collect="new", cursor=cursor)
        assert [len(one["id"].split(",")) for one in asked_for(stand, INFO)] == [100, 100, 45]

    def test_what_came_deleted_is_no_post(self, stage: RedditStage, server: RedditStandIn) -> None:
        server.delete(server.posts[1])
        heard = looks(stage)
        assert f"reddit:{server.posts[1]['data']['name']}" not in heard.keys
        assert heard.removed == []

    def test_memory_is_bounded(self, stage: RedditStage, server: RedditStandIn) -> None:
        cursor = ""
        for _ in range(6):
            for n in range(500):
                server.comment(f"comment {n}", server.posts[0])
            since = datetime.fromtimestamp(START - 86400, UTC).isoformat()
            cursor = looks(stage, collect="new", cursor=cursor, since=since).cursor
        assert len(json.loads(cursor)["known"]) == REMEMBERED


class TestResuming(Resuming):
    pass


class TestReaching(Reaching):
    @pytest.mark.parametrize(
        "bad", ["", " ", "x", "{}", '{"client_id": "a"}', '{"client_id": "", "refresh_token": "b"}']
    )
    def test_no_request_without_a_token(self, stage: RedditStage, stand: tuple[RedditStandIn, Web], bad: str) -> None:
        stage.account = Account("reddit", ME, stand[1].url, bad)
        with pytest.raises(AuthorisationError):
            looks(stage)
        assert stand[1].asked == []

    def test_no_account(self, stage: RedditStage) -> None:
        job = Job(JOB, stage.options, "")
        with pytest.raises(AuthorisationError), stage.running(job) as batches:
            next(batches)

    @pytest.mark.parametrize("changes", [{"refresh_token": "old"}, {"client_secret": "old"}])
    def test_a_token_that_is_refused(
        self, stage: RedditStage, stand: tuple[RedditStandIn, Web], changes: dict[str, str]
    ) -> None:
        stage.account = Account("reddit", ME, stand[1].url, secret(**changes))
        with pytest.raises(AuthorisationError) as caught:
            looks(stage)
        assert "old" not in str(caught.value)

    def test_a_script_app_signs_in_with_a_password(self, stage: RedditStage, stand: tuple[RedditStandIn, Web]) -> None:
        stage.account = Account("reddit", ME, stand[1].url, secret(refresh_token="", password="pass"))
        assert len(looks(stage).keys) == len(stage.expected)

    def test_a_token_that_is_taken_back_is_replaced(self, stage: RedditStage, server: RedditStandIn) -> None:
        heard = Heard()
        with stage.running(stage.job()) as batches:
            heard.batches.append(next(batches))
            server.tokens -= {"token-0"}
            server.tokens.add("token-other")
            while not heard.batches[-1].idle:
                heard.batches.append(next(batches))
        assert len(heard.keys) == len(stage.expected)

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (Answer(429, b"{}", {"x-ratelimit-reset": "60"}), RateLimitedError),
            (Answer(429, b"slow down", {"retry-after": "soon"}), RateLimitedError),
            (Answer(500), RetryableError),
            (Answer(503, b"<html>"), RetryableError),
            (Answer(200, b'{"kind": "Listing", "da', HEADERS), RetryableError),
            (Answer(200, b"[]", HEADERS), RetryableError),
            (Answer(200, b"", HEADERS), RetryableError),
            (Answer(200, b'{"kind": "Listing"}' * 9, {"Content-Length": "5000"}, cut=30), BrokenConnectionError),
            (Answer(cut=0), RetryableError),
            (Answer(401), AuthorisationError),
            (Answer(403, b'{"message": "Forbidden", "error": 403}', HEADERS), AuthorisationError),
            (Answer(403, b"", {"www-authenticate": 'Bearer error="insufficient_scope"'}), AuthorisationError),
        ],
    )
    @pytest.mark.parametrize("path", [INBOX, TOKEN])
    def test_refusals(
        self, stage: RedditStage, server: RedditStandIn, answer: Answer, error: type[Exception], path: str
    ) -> None:
        server.instead[path] = [answer] * 2
        with pytest.raises(error):
            looks(stage)
        server.instead.clear()
        assert len(looks(stage).keys) == len(stage.expected)

    @pytest.mark.parametrize("status", [301, 302, 400, 404, 451])
    def test_no_such_community(self, stage: RedditStage, server: RedditStandIn, status: int) -> None:
        from collectors.errors import WrongAddressError

        server.instead["/r/iran+persian/new"] = [
            Answer(status, b"", {"location": "https://www.reddit.com/subreddits/"})
        ]
        with pytest.raises(WrongAddressError, match=r"r/iran\+persian/new answered"):
            looks(stage)

    def test_files_of_the_user_and_the_environment_are_not_read(
        self, stage: RedditStage, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "praw.ini").write_text("[DEFAULT]\noauth_url=http://127.0.0.1:1\nreddit_url=http://127.0.0.1:1\n")
        (tmp_path / ".config").mkdir()
        (tmp_path / ".config" / "praw.ini").write_text("nonsense")
        for name, value in {"HOME": str(tmp_path), "praw_client_id": "theirs", "praw_site": "theirs"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
        monkeypatch.chdir(tmp_path)
        from praw.config import Config

        monkeypatch.setattr(Config, "CONFIG", None)
        assert len(looks(stage).keys) == len(stage.expected)

    def test_who_asks_is_said(self, stage: RedditStage, stand: tuple[RedditStandIn, Web]) -> None:
        looks(stage)
        agents = {one.headers["user-agent"] for one in stand[1].asked}
        assert len(agents) == 1
        assert agents.pop().startswith(f"python:shenava:v0.1 (by /u/{ME}) PRAW/")


FAULTS = [
    Answer(500), Answer(503, b"busy"), Answer(429, b"{}", {"x-ratelimit-reset": "1"}), Answer(cut=0),
    Answer(200, b'{"kind": "Listing", "data": {"chil', HEADERS),
    Answer(200, b"x" * 10, {"Content-Length": "99"}, cut=4), Answer(200, b"[]", HEADERS),
    Answer(401, b"", {"www-authenticate": 'Bearer error="invalid_token"'}),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_everything_arrives_once_whatever_goes_wrong(stage: RedditStage, server: RedditStandIn, seed: int) -> None:
    random = Random(seed)
    server.overlapping, server.shuffled = 3, Random(seed)
    cursor, keys, since = "", [], datetime.fromtimestamp(START - 86400, UTC).isoformat()
    for _ in range(25):
        server.remaining = 600
        said = server.submit(f"azarbank {random.random()}")
        for _ in range(random.randrange(30)):
            server.comment("so it is", said)
        server.notify(server.comment("u/azarbank", said), "username_mention")
        server.faults = [random.choice(FAULTS) if random.random() < 0.3 else None for _ in range(12)]
        stage.clock.advance(LOOK_SECONDS)
        stop = Event()
        try:
            for batch in stage.source.collect(stage.job(cursor, since=since), stage.transport(), stage.clock, stop):
                cursor = batch.cursor
                keys += [event.post.key for event in batch.events if hasattr(event, "post")]
                if batch.idle:
                    stop.set()
        except (RetryableError, AuthorisationError):
            continue
    server.faults = []
    heard = looks(stage, cursor=cursor, since=since)
    keys += heard.keys
    everything = [one["data"]["name"] for one in (*server.posts, *server.comments)]
    everything += [one["data"]["name"] for one in server.inbox if one["kind"] == "t4"]
    assert sorted(keys) == sorted(f"reddit:{name}" for name in everything)
