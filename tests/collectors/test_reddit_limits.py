"""How far Reddit's collector looks, what it may spend, and what it does of what is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from random import Random

import pytest

from collectors.reddit.source import AGAIN_SECONDS, REMEMBERED
from crm.errors import RateLimitedError, RetryableError
from crm.ports.source import Gap, Job
from tests.conformance.source import JOB, Heard
from tests.services.reddit import INFO, START, RedditStandIn, reddit_stand_in
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


class TestPaging:
    """Down to where the last look began, and not further."""

    def test_a_first_look_reads_one_page(self, stage: RedditStage, server: RedditStandIn) -> None:
        for n in range(250):
            server.submit(f"azarbank {n}")
        assert len(looks(stage, collect="search").keys) == 100

    def test_a_back_fill_reads_as_far_as_it_is_told(self, stage: RedditStage, stand: Stand) -> None:
        recent = [stand[0].submit(f"azarbank {n}")["data"]["name"] for n in range(248)]
        stand[0].posts[:0] = [
            {"kind": "t3", "data": {**stand[0].posts[0]["data"], "name": f"t3_old{n}", "created_utc": START - 9e5}}
            for n in range(300)
        ]
        heard = looks(stage, collect="search", since=YESTERDAY.isoformat())
        assert {f"reddit:{name}" for name in recent} <= set(heard.keys)
        assert len(asked_for(stand, "/r/iran+persian/search/")) == 3
        assert all(not batch.gaps for batch in heard.batches)

    def test_a_quiet_look_is_one_request_a_strand(self, stage: RedditStage, stand: Stand) -> None:
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
        heard = looks(stage, collect="search", since=YESTERDAY.isoformat())
        oldest = min(one.post.posted_at for one in heard.collected)
        assert [gap for batch in heard.batches for gap in batch.gaps] == [Gap(YESTERDAY, oldest, "too_many")]
        assert looks(stage, collect="search", since=YESTERDAY.isoformat(), cursor=heard.cursor).events == []

    def test_a_small_listing_that_ends_is_whole(self, stage: RedditStage) -> None:
        assert all(not batch.gaps for batch in looks(stage, since=YESTERDAY.isoformat()).batches)

    def test_the_same_page_over_and_over_ends(self, stage: RedditStage, server: RedditStandIn) -> None:
        thing = server.posts[0]
        page = {"kind": "Listing", "data": {"after": "t3_same", "children": [thing]}}
        answers = [Answer(200, json.dumps(page).encode(), HEADERS)] * 30
        server.instead["/r/iran+persian/new"] = answers
        looks(stage, collect="new", since=YESTERDAY.isoformat())
        assert len(answers) == 28

    @pytest.mark.parametrize("seed", range(5))
    def test_overlapping_and_disordered_pages(self, stage: RedditStage, server: RedditStandIn, seed: int) -> None:
        for n in range(350):
            server.comment(f"comment {n}", server.posts[0])
        server.overlapping, server.shuffled = 7, Random(seed)
        heard = looks(stage, 2, collect="new", since=YESTERDAY.isoformat())
        everything = {f"reddit:{one['data']['name']}" for one in (*server.posts, *server.comments)}
        assert sorted(heard.keys) == sorted(everything)


class TestBudget:
    """Never more than what may be read."""

    def test_pages_are_cut_to_the_allowance(self, stage: RedditStage, stand: Stand) -> None:
        for n in range(300):
            stand[0].submit(f"azarbank {n}")
        left = {"brand": 130}
        job = stage.job(collect="search", since=YESTERDAY.isoformat())
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

    def test_nothing_is_asked_without_an_allowance(self, stage: RedditStage, stand: Stand) -> None:
        stage.allowed = {"brand": 0, "": 0}
        heard = looks(stage)
        assert heard.events == []
        assert stand[1].asked == []
        stage.allowed = {}
        assert len(looks(stage, cursor=heard.cursor).keys) == len(stage.expected)

    def test_what_a_page_cost_is_not_spent_again_on_its_threads(self, stage: RedditStage) -> None:
        stage.allowed = {"": 3}
        heard = looks(stage, collect="inbox")
        assert max(sum(batch.spent.values()) for batch in heard.batches) == 3

    def test_looking_again_goes_on_where_the_allowance_ended(self, stage: RedditStage, stand: Stand) -> None:
        for n in range(240):
            stand[0].comment(f"comment {n}", stand[0].posts[0])
        cursor = looks(stage, collect="new", since=YESTERDAY.isoformat()).cursor
        stage.allowed, names = {"": 60}, list[str]()
        stage.clock.advance(AGAIN_SECONDS)
        for _ in range(2):
            stand[1].asked.clear()
            with stage.running(stage.job(cursor, collect="new")) as batches:
                for batch in batches:
                    cursor = batch.cursor
                    if found := asked_for(stand, INFO):
                        names += found[0]["id"].split(",")
                        break
        assert len(names) == len(set(names)) == 120

    def test_what_was_read_is_counted_by_its_monitor(self, stage: RedditStage, server: RedditStandIn) -> None:
        server.submit("Coffee", "no brand")
        stage.queries["other"] = "coffee OR tea"
        spent = [batch.spent for batch in looks(stage, collect="search").batches if batch.spent]
        assert spent == [{"brand": 2}, {"other": 2}]

    def test_what_was_read_counts_though_it_was_in_vain(self, stage: RedditStage, server: RedditStandIn) -> None:
        server.instead[INFO] = [Answer(500)]
        heard = Heard()
        with pytest.raises(RetryableError), stage.running(stage.job(collect="inbox")) as batches:
            heard.batches.extend(batches)
        assert [(batch.events, batch.cursor, dict(batch.spent)) for batch in heard.batches] == [((), "", {"": 2})]
        assert len(looks(stage, cursor=heard.cursor).keys) == len(stage.expected)

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

    def test_a_look_that_broke_off_goes_on_where_it_was(self, stage: RedditStage, server: RedditStandIn) -> None:
        stage.queries = {name: f"azarbank OR {name}" for name in "abcdefgh"}
        seen: set[str] = set()
        cursor = ""
        for _ in range(12):
            server.remaining = 24
            with suppress(RateLimitedError), stage.running(stage.job(cursor)) as batches:
                for batch in batches:
                    cursor = batch.cursor
                    seen |= batch.spent.keys()
        assert seen >= set(stage.queries)

    def test_much_to_look_at_is_looked_at_more_slowly(self, stage: RedditStage) -> None:
        stage.queries = {f"m{n}": f"word{n}" for n in range(100)}
        with stage.running(stage.job(collect="search")) as batches:
            next(batches)
            next(batches)
        assert 108 <= stage.clock.slept[0] <= 132


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

    def test_posts_are_asked_for_a_hundred_at_a_time(self, stage: RedditStage, stand: Stand) -> None:
        for n in range(240):
            stand[0].comment(f"comment {n}", stand[0].posts[0])
        cursor = looks(stage, collect="new", since=YESTERDAY.isoformat()).cursor
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
            cursor = looks(stage, collect="new", cursor=cursor, since=YESTERDAY.isoformat()).cursor
        known = json.loads(cursor)["known"].values()
        assert sum(not kept for _, _, _, kept in known) == REMEMBERED
        assert sum(kept for _, _, _, kept in known) == 4
