"""Reddit's collector against a stand-in that speaks its interface."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from threading import Event
from urllib.parse import urlsplit

import pytest

from collectors.reddit import RedditSource
from collectors.reddit.source import LOOK_SECONDS
from crm.errors import AuthorisationError, RateLimitedError, RetryableError
from crm.ports.responder import Account
from crm.ports.source import Job
from crm.ports.transport import BrokenConnectionError
from crm.words import Collected
from tests.conformance.source import JOB, Collecting, Heard, Options, Reaching, Resuming
from tests.services.reddit import (
    INBOX,
    INFO,
    ME,
    MINE,
    MY_ID,
    SENT,
    START,
    TOKEN,
    RedditStandIn,
    reddit_stand_in,
    secret,
)
from tests.services.reddit_stage import YESTERDAY, RedditStage, asked_for, looks, populate, reddit_stage
from tests.services.web import Answer, Web

pytestmark = pytest.mark.slow

HEADERS = {"Content-Type": "application/json"}
Stand = tuple[RedditStandIn, Web]


@pytest.fixture
def stand() -> Iterator[Stand]:
    with reddit_stand_in() as running:
        yield running


@pytest.fixture
def server(stand: Stand) -> RedditStandIn:
    populate(stand[0])
    return stand[0]


@pytest.fixture
def stage(stand: Stand, server: RedditStandIn) -> RedditStage:
    return reddit_stage(server, stand[1])


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
        assert [one.origin for one in heard.collected] == ["context", "context", "addressed", "addressed"]
        assert (root.post.title, root.post.parent_key) == ("Azarbank's app", None)
        assert mention.post.parent_key == first.post.key
        assert mention.post.root_key == first.post.root_key == root.post.key
        assert mention.post.mentions == ("azarbank",)
        assert mention.post.author.key == "reddit:t2_maryam"
        assert [one.post.private for one in heard.collected] == [False, False, False, True]
        assert message.post.url.startswith("https://www.reddit.com/message/messages/")

    def test_what_a_monitor_finds_in_a_comment_is_unfolded(self, stage: RedditStage, server: RedditStandIn) -> None:
        thread = server.submit("Phones", "Which one?")
        aside = server.comment("The small one", thread)
        cursor = looks(stage, collect="new").cursor
        found = server.comment("The one from azarbank", server.comment("Why?", aside))
        heard = looks(stage, collect="new", cursor=cursor)
        assert [(one.post.text, one.origin) for one in heard.collected] == [
            ("Which one?", "context"), ("The small one", "context"), ("Why?", "context"),
            ("The one from azarbank", "stream"),
        ]  # fmt: skip
        assert heard.collected[-1].post.key == f"reddit:{found['data']['name']}"
        assert looks(stage, 2, collect="new", cursor=heard.cursor).events == []

    def test_what_we_wrote_on_reddit_comes_too(self, stage: RedditStage, server: RedditStandIn) -> None:
        ours = {"author": ME, "author_fullname": MY_ID}
        server.comment("We are on it", server.comments[-1], **ours)
        server.sent.append(server.message("Sorry", **ours))
        server.inbox.pop()
        heard = looks(stage, collect="inbox")
        assert [one.post.text for one in heard.collected if one.post.author.key == f"reddit:{MY_ID}"] == [
            "We are on it", "Sorry",
        ]  # fmt: skip

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

    def test_only_what_was_chosen(self, stage: RedditStage, stand: Stand) -> None:
        paths = {}
        for choice in ("search", "new", "inbox"):
            stand[1].asked.clear()
            looks(stage, collect=choice)
            paths[choice] = {urlsplit(one.path).path for one in stand[1].asked} - {TOKEN}
        assert paths == {
            "search": {"/r/iran+persian/search/"}, "new": {"/r/iran+persian/new", "/r/iran+persian/comments/", INFO},
            "inbox": {INBOX, MINE, SENT, INFO},
        }  # fmt: skip

    def test_all_of_reddit_is_searched_without_communities(self, stage: RedditStage, stand: Stand) -> None:
        looks(stage, subreddits="")
        asked = asked_for(stand, "/r/all/search/")
        assert asked[0]["q"] == "azarbank"
        assert (asked[0]["sort"], asked[0]["limit"], asked[0]["restrict_sr"]) == ("new", "100", "False")

    def test_a_monitor_that_reddit_can_not_be_asked_is_passed_over(self, stage: RedditStage) -> None:
        stage.queries = {"bad": "sentiment:negative", "brand": "tea"}
        assert [one.post.title for one in looks(stage, collect="search").collected] == ["Tea"]


class TestResuming(Resuming):
    pass


class TestReaching(Reaching):
    @pytest.mark.parametrize(
        "bad", ["", " ", "x", "{}", '{"client_id": "a"}', '{"client_id": "", "refresh_token": "b"}']
    )
    def test_no_request_without_a_token(self, stage: RedditStage, stand: Stand, bad: str) -> None:
        stage.account = Account("reddit", ME, stand[1].url, bad)
        with pytest.raises(AuthorisationError):
            looks(stage)
        assert stand[1].asked == []

    def test_no_account(self, stage: RedditStage) -> None:
        job = Job(JOB, stage.options, "")
        with pytest.raises(AuthorisationError), stage.running(job) as batches:
            next(batches)

    @pytest.mark.parametrize("changes", [{"refresh_token": "old"}, {"client_secret": "old"}])
    def test_a_token_that_is_refused(self, stage: RedditStage, stand: Stand, changes: dict[str, str]) -> None:
        stage.account = Account("reddit", ME, stand[1].url, secret(**changes))
        with pytest.raises(AuthorisationError) as caught:
            looks(stage)
        assert "old" not in str(caught.value)

    def test_a_script_app_signs_in_with_a_password(self, stage: RedditStage, stand: Stand) -> None:
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
            (Answer(401), RetryableError),
            (Answer(403, b"<html>"), RetryableError),
            (Answer(401, b'{"message": "Unauthorized", "error": 401}', HEADERS), AuthorisationError),
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
        server.instead["/r/iran/new"] = [Answer(status, b"", {"location": "https://www.reddit.com/subreddits/"})]
        heard = looks(stage, 2, subreddits="iran")
        assert [one.where for one in heard.rejected] == ["r/iran/new"]
        assert set(heard.keys) == set(looks(stage, subreddits="iran").keys)

    def test_a_closed_community_holds_up_no_other(self, stage: RedditStage, stand: Stand) -> None:
        server, web = stand
        server.closed = {"persian", "gone"}
        heard = looks(stage, 2, subreddits="gone, iran, persian")
        refused = {one.where for one in heard.rejected}
        assert refused == {
            "r/gone/new", "r/gone/comments/", "r/persian/new", "r/persian/comments/", "monitor brand",
        }  # fmt: skip
        assert set(heard.keys) == set(looks(stage, collect="inbox").keys) | set(looks(stage, subreddits="iran").keys)
        web.asked.clear()
        again = looks(stage, cursor=heard.batches[-1].cursor, subreddits="gone, iran, persian")
        assert again.keys == []
        assert not any("+" in one.path.partition("?")[0] for one in web.asked)

    def test_a_closed_search_holds_up_nothing(self, stage: RedditStage, server: RedditStandIn) -> None:
        closed = Answer(403, b'{"reason": "private", "message": "Forbidden", "error": 403}', HEADERS)
        server.instead["/r/iran/search/"] = [closed]
        heard = looks(stage, subreddits="iran")
        assert [one.where for one in heard.rejected] == ["monitor brand"]
        assert set(heard.keys) == set(looks(stage, subreddits="iran").keys)

    def test_files_of_the_user_and_the_environment_are_not_read(
        self, stage: RedditStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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

    def test_who_asks_is_said(self, stage: RedditStage, stand: Stand) -> None:
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
    cursor, keys, since = "", [], YESTERDAY.isoformat()
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
                keys += [event.post.key for event in batch.events if isinstance(event, Collected)]
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
