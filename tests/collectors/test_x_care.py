"""X: what was edited or deleted, what may be read, how far back, and what goes wrong on the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import pytest

from collectors.x.api import signed_in
from crm.errors import AuthorisationError, RateLimitedError, RetryableError, ShenavaError
from crm.platforms.x import credentials
from crm.ports.responder import Account
from crm.ports.source import Gap
from crm.ports.transport import Limits
from shenava.transport import Guard, OutboundTransport
from tests.collectors.x_stage import XStage, only, x_stage
from tests.conformance.doubles import ManualClock
from tests.conformance.source import Heard
from tests.services.web import Answer
from tests.services.x import POSTS, X, XMedia
from tests.services.x_openapi import Description

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


def failed(answer: Answer) -> Answer:
    """Troubles in place of what was asked for, as X has them on a bad day."""
    trouble = {"title": "Service Unavailable", "type": "https://api.x.com/2/problems/service-unavailable"}
    return Answer(answer.status, json.dumps({"errors": [trouble]}).encode(), answer.headers)


@pytest.mark.parametrize("kind", ["search", "mentions", "messages"])
def test_troubles_alone_are_no_end_of_a_list(stage: XStage, served: X, kind: str) -> None:
    told = {f"x:dm:{served.tell('hello').id}"} if kind == "messages" else set(stage.expected)
    cursor = stage.looks(**only("own")).cursor
    served.faults = [failed]
    with pytest.raises(RetryableError):
        stage.looks(cursor=cursor, **only(kind))
    assert told <= set(stage.looks(cursor=cursor, **only(kind)).keys)


class TestQuotations:
    """A sweep of quotations that breaks off goes on where it was."""

    def begun(self, stage: XStage, served: X, number: int = 14) -> tuple[set[str], Heard]:
        """Our post with so many quotations in pages of three, of which two pages were read."""
        ours = served.say("Our new app is out", served.us, timedelta(days=2))
        said = [served.say(f"this is bad {n}", ago=timedelta(hours=20 - n), quotes=ours) for n in range(number)]
        heard = Heard()
        with stage.running(stage.job(**only("own"))) as batches:
            heard.batches += [next(batches) for _ in range(3)]
        return {ours.key, *(one.key for one in said)}, heard

    def test_after_a_restart(self, stage: XStage, served: X) -> None:
        wanted, heard = self.begun(stage, served)
        later = stage.looks(cursor=heard.cursor, **only("own"))
        assert sorted(heard.keys + later.keys) == sorted(wanted)

    def test_after_x_lost_the_page(self, stage: XStage, served: X) -> None:
        wanted, heard = self.begun(stage, served)
        served.forget_lists()
        later = stage.looks(3, heard.cursor, **only("own"))
        assert sorted(heard.keys + later.keys) == sorted(wanted)

    def test_more_than_a_look_holds_and_what_came_meanwhile(self, stage: XStage, served: X) -> None:
        wanted, heard = self.begun(stage, served, 26)
        wanted.add(served.say("and another", quotes=next(one for one in served.posts if one.key in wanted)).key)
        later = stage.looks(4, heard.cursor, **only("own"))
        assert sorted(heard.keys + later.keys) == sorted(wanted)


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
        stage.looks(60, every="60", days_again="2")
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

    @pytest.mark.parametrize("cap", [9, 37, 120])
    def test_no_cap_is_passed_whatever_is_chosen(self, stage: XStage, served: X, cap: int) -> None:
        served.page, served.disorder, spent = 100, Random(cap), 0
        ours = [served.say(f"news {n}", served.us, timedelta(hours=n)) for n in range(8)]
        for n in range(60):
            above = served.say(f"before {n}", ago=timedelta(days=1, minutes=n))
            served.say(f"@azarbank card {n}", ago=timedelta(minutes=9 * n), answered=above, quotes=ours[n % 8])
            served.tell(f"message {n}", ago=timedelta(minutes=n))
        stage.allowance = lambda _: cap - spent
        options = dict.fromkeys(("search", "mentions", "replies", "own", "messages", "threads"), "yes")
        stop = Event()
        stage.clock.begin(3, stop)
        with stage.running(stage.job(**options), stop) as batches:
            for batch in batches:
                spent += sum(batch.spent.values())
        assert len(set(served.read)) == spent <= cap
        assert cap - spent < 10

    def test_a_post_counts_once_a_day(self, stage: XStage, served: X) -> None:
        served.page = 100
        stage.queries = {"cards": "card", "five": "5"}
        spent = [
            batch.spent for batch in stage.looks(days_again="3", threads="yes", **only("search")).batches if batch.spent
        ]
        assert spent == [{"cards": 5}]

    def test_what_was_read_in_vain_is_counted(self, stage: XStage, served: X) -> None:
        served.say("@azarbank hello?", answered=served.say("hello", ago=timedelta(days=2)))
        heard, served.page = Heard(), 100
        served.faults = [None, None, lambda _: Answer(500)]
        with pytest.raises(RetryableError), stage.running(stage.job(threads="yes", **only("mentions"))) as batches:
            heard.batches.extend(batches)
        assert [(batch.events, dict(batch.spent)) for batch in heard.batches] == [((), {"": 6})]
        assert len(stage.looks(1, heard.cursor, **only("mentions")).keys) == 6

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

    def test_a_gap_is_told_when_something_is_read(self, stage: XStage) -> None:
        stage.allowance = lambda _: 0
        starved = stage.looks(3, since="2026-03-01", **only("search"))
        assert [gap for batch in starved.batches for gap in batch.gaps] == []
        stage.allowance = lambda _: 100
        heard = stage.looks(3, starved.cursor, since="2026-03-01", **only("search"))
        assert [gap.since.day for batch in heard.batches for gap in batch.gaps] == [1, 1]

    def test_a_pause_in_the_middle_of_a_sweep(self, stage: XStage, served: X) -> None:
        with stage.running(stage.job(**only("search"))) as batches:
            cursor = next(batches).cursor
        stage.clock.advance(10 * 86400)
        served.forget_lists()
        gaps = [gap.reason for batch in stage.looks(cursor=cursor, **only("search")).batches for gap in batch.gaps]
        assert gaps == ["too_old"]

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


@pytest.mark.slow
class TestFaults:
    """Every post that is served arrives, whatever happens on the way, and none under two keys."""

    @pytest.mark.parametrize("seed", range(3))
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

    def test_a_server_that_takes_too_long(self, stage: XStage, served: X) -> None:
        stage.patience = Limits(read=0.1)
        never = Event()

        def wait(answer: Answer) -> Answer:
            never.wait(0.4)
            return answer

        served.faults = [None, wait, None, wait]
        assert set(endure(stage, set(stage.expected)).keys) == set(stage.expected)

    def test_forgotten_pages_among_faults(self, stage: XStage, served: X) -> None:
        served.page = 3
        posts = [served.say(f"card {n}", ago=timedelta(minutes=n)) for n in range(20)]

        def forget(answer: Answer) -> Answer:
            served.forget_lists()
            return answer

        served.faults = [None, forget, None, None, forget, None]
        assert {one.key for one in posts} <= set(endure(stage, {one.key for one in posts}, **only("search")).keys)

    @pytest.mark.parametrize("seed", range(25))
    def test_mangled_answers_are_refused_or_rejected(self, stage: XStage, served: X, seed: int) -> None:
        random = Random(seed)
        served.page = 100
        ours = served.say("news", served.us)
        served.say("@azarbank card", answered=ours, quotes=ours, media=[XMedia("1")], place="Tehran")
        served.tell("message")

        def mangle(answer: Answer) -> Answer:
            body = json.loads(answer.body)
            spoil(body, random)
            return Answer(answer.status, json.dumps(body).encode(), answer.headers)

        served.faults = [mangle] * 40
        with suppress(ShenavaError):
            stage.looks(3, every="60", own="yes", messages="yes", threads="yes")


JUNK: tuple[Any, ...] = (None, [], {}, "", "x", "9" * 30, -1, 10**30, 1e300, True, "\ud800", [[]], {"id": 7})


def spoil(body: Any, random: Random) -> None:
    """Put something else in the place of one value somewhere in it."""
    while isinstance(body, dict | list) and body:
        key = random.choice(list(body) if isinstance(body, dict) else range(len(body)))
        if not isinstance(body[key], dict | list) or not body[key] or random.random() < 0.2:
            body[key] = random.choice(JUNK)
            return
        body = body[key]


def test_what_a_sign_in_left_is_one_token() -> None:
    assert credentials(Account("x", "us", "", '{"access_token": "t", "refresh_token": "r"}')) == ("t",)
    empty = Account("x", "us", "", '{"access_token": "", "refresh_token": "r"}')
    transport = OutboundTransport(Guard())
    with pytest.raises(AuthorisationError, match="has no token"), signed_in(empty, transport, ManualClock()):
        pass
