"""Instagram and a Facebook Page, by a stand-in that speaks the Graph API."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Event

import msgspec
import pytest

from collectors.meta import FacebookSource, InstagramSource
from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError
from crm.ports.responder import Account
from crm.ports.source import Search
from crm.query import parse
from tests.conformance.source import Collecting, Heard, Options, Reaching, Resuming, Stage, nobody
from tests.services.meta import NOW, PAGE, TOKEN, Meta, Mischief, error, meta_stand_in
from tests.services.web import Answer, Web

HOUR = 3_600
BAD = {
    "account": {"account": ""}, "since": {"since": "soon"}, "every": {"every": "0"}, "days_again": {"days_again": "x"},
}  # fmt: skip


@pytest.fixture
def served() -> Iterator[tuple[Meta, Web]]:
    with meta_stand_in() as both:
        yield both


@pytest.fixture
def meta(served: tuple[Meta, Web]) -> Meta:
    return served[0]


@pytest.fixture
def web(served: tuple[Meta, Web]) -> Web:
    return served[1]


def instagram_stage(meta: Meta, web: Web) -> Stage:
    """Comments on two media of ours, in pages of three."""
    meta.page_size = 3
    older, newer = meta.show(NOW - 9 * HOUR, "New branch"), meta.show(NOW - 5 * HOUR, "New card")
    above = meta.remark(NOW - 4 * HOUR, newer, "Lovely")
    answer = meta.remark(NOW - 3 * HOUR, newer, "@sara yes", "reza", above=above)
    other = meta.remark(NOW - 2 * HOUR, older, "Where is it?")
    expected = [older, newer, f"{newer}_{above}", f"{newer}_{answer}", f"{older}_{other}"]
    return Stage(
        InstagramSource(Random(1)), {"account": "1", "comments": "yes"}, [f"instagram:{one}" for one in expected],
        BAD | {"comments": {"comments": "no"}, "mentioned": {"mentioned": "here"}}, (web.host,),
        account=Account("instagram", "azarbank", web.url, TOKEN),
    )  # fmt: skip


def facebook_stage(meta: Meta, web: Web) -> Stage:
    """A post of the Page, one of a visitor, and comments on both."""
    ours = meta.post(NOW - 9 * HOUR, "New branch")
    theirs = meta.post(NOW - 8 * HOUR, "My card is broken", ("502", "Reza"))
    first = meta.comment(NOW - 7 * HOUR, theirs, "Mine too")
    second = meta.comment(NOW - 6 * HOUR, theirs, "And mine", ("503", "Leila"), above=first)
    expected = [ours, theirs, first, second]
    return Stage(
        FacebookSource(Random(1)), {"account": "1", "feed": "yes", "comments": "yes"},
        [f"facebook:{one}" for one in expected], BAD | {"feed": {"feed": "", "comments": ""}}, (web.host,),
        account=Account("facebook", "Azar Bank", web.url, json.dumps({"access_token": TOKEN, "app_secret": "s3"})),
    )  # fmt: skip


@pytest.fixture(params=["instagram", "facebook"])
def stage(request: pytest.FixtureRequest, meta: Meta, web: Web) -> Stage:
    return (instagram_stage if request.param == "instagram" else facebook_stage)(meta, web)


@pytest.fixture
def instagram(meta: Meta, web: Web) -> Stage:
    return instagram_stage(meta, web)


@pytest.fixture
def facebook(meta: Meta, web: Web) -> Stage:
    return facebook_stage(meta, web)


def looks(stage: Stage, cursor: str = "", rounds: int = 1, **options: str) -> Heard:
    """So many rounds; the wait after each ends them."""
    heard, slept = Heard(), len(stage.clock.slept)
    with stage.running(stage.job(cursor, **options)) as batches:
        for batch in batches:
            if len(stage.clock.slept) - slept >= rounds:
                break
            heard.batches.append(batch)
    return heard


class TestOptions(Options):
    def test_a_date_in_either_calendar(self) -> None:
        options = {"account": "1", "messages": "on"}
        for source in (InstagramSource(Random(1)), FacebookSource(Random(1))):
            assert source.check({**options, "since": "1404/12/01"}) == source.check({**options, "since": "2026-1-1"})
            assert source.check({**options, "since": "1404/12/01"}) == []


class TestCollecting(Collecting):
    def test_who_said_it_and_to_whom(self, stage: Stage) -> None:
        origins = {event.post.key: event.origin for event in looks(stage).collected}
        ours = {key for key, origin in origins.items() if origin == "own"}
        assert {origins[key] for key in stage.expected if key not in ours} == {"addressed"}
        assert ours == set(stage.expected[: 2 if stage.source.platform == "instagram" else 1])

    def test_comments_stand_below_what_they_answer(self, instagram: Stage) -> None:
        found = {event.post.key: event.post for event in looks(instagram).collected}
        _, media, comment, answer, _ = instagram.expected
        assert (found[comment].parent_key, found[comment].root_key) == (media, media)
        assert (found[answer].parent_key, found[answer].root_key) == (comment, media)
        assert found[answer].author.handle == "reza"
        assert found[comment].url == found[media].url

    def test_answers_to_comments_on_a_page(self, facebook: Stage) -> None:
        found = {event.post.key: event.post for event in looks(facebook).collected}
        _, post, comment, answer = facebook.expected
        assert (found[answer].parent_key, found[answer].root_key) == (comment, post)

    def test_nothing_comes_twice(self, stage: Stage) -> None:
        heard = looks(stage, rounds=3)
        assert sorted(heard.keys) == sorted(stage.expected)
        assert looks(stage, heard.cursor).keys == []

    def test_many_comments_and_answers_come_page_by_page(self, instagram: Stage, meta: Meta) -> None:
        media = meta.media[0]["id"]
        more = [meta.remark(NOW - HOUR + n, media, f"again {n}") for n in range(20)]
        below = [meta.remark(NOW - HOUR + 60 + n, media, f"indeed {n}", above=more[3]) for n in range(9)]
        keys = looks(instagram).keys
        assert {f"instagram:{media}_{one}" for one in (*more, *below)} <= set(keys)
        assert len(keys) == len(set(keys)) == 34

    def test_what_is_said_later_comes_with_the_next_look(self, stage: Stage, meta: Meta) -> None:
        cursor = looks(stage).cursor
        stage.clock.advance(300)
        if stage.source.platform == "instagram":
            media = meta.media[0]["id"]
            expected = f"instagram:{media}_{meta.remark(NOW + 60, media, 'Hello?')}"
        else:
            expected = f"facebook:{meta.comment(NOW + 60, meta.feed[1]['id'], 'Hello?')}"
        assert looks(stage, cursor).keys == [expected]

    def test_an_edit_comes_as_a_new_version(self, facebook: Stage, meta: Meta) -> None:
        cursor = looks(facebook).cursor
        meta.comments[meta.feed[1]["id"]][0]["message"] = "Mine too!"
        assert looks(facebook, cursor).keys == []
        facebook.clock.advance(21 * HOUR)
        assert [event.post.text for event in looks(facebook, cursor).collected] == ["Mine too!"]

    def test_what_is_gone_is_removed(self, stage: Stage, meta: Meta) -> None:
        cursor, last = looks(stage).cursor, stage.expected[-1]
        meta.remove(last.partition(":")[2].rpartition("_")[2] if "insta" in last else last.partition(":")[2])
        stage.clock.advance(21 * HOUR)
        heard = looks(stage, cursor)
        assert [one.post_key for one in heard.removed] == [last]
        stage.clock.advance(21 * HOUR)
        assert looks(stage, heard.cursor).removed == []

    def test_a_post_that_is_gone_takes_its_comments_along(self, facebook: Stage, meta: Meta) -> None:
        cursor = looks(facebook).cursor
        meta.remove(meta.feed[1]["id"])
        facebook.clock.advance(21 * HOUR)
        assert {one.post_key for one in looks(facebook, cursor).removed} == set(facebook.expected[1:])

    def test_the_past_is_fetched_from_a_date_on(self, stage: Stage, meta: Meta) -> None:
        at = int(datetime(2025, 6, 1, tzinfo=UTC).timestamp())
        if stage.source.platform == "instagram":
            media = meta.show(at, "A year ago")
            old = f"instagram:{media}_{meta.remark(at + 60, media, 'Happy birthday')}"
        else:
            old = f"facebook:{meta.comment(at + 60, meta.post(at, 'A year ago'), 'Happy birthday')}"
        first = looks(stage)
        assert old not in first.keys
        assert old in looks(stage, first.cursor, since="2025-05-01").keys

    def test_an_item_at_fault_holds_up_nothing(self, instagram: Stage, meta: Meta) -> None:
        meta.comments[meta.media[0]["id"]][0]["timestamp"] = "never"
        heard = looks(instagram)
        assert len(heard.rejected) == 1
        assert len(heard.keys) == 4

    def test_tagged_media_come_though_they_are_old(self, instagram: Stage, meta: Meta) -> None:
        meta.show(NOW - 400 * HOUR, "An old party", "leila", "tags")
        new = meta.show(NOW - HOUR, "With @azarbank", "leila", "tags")
        heard = looks(instagram, mentions="yes")
        assert f"instagram:{new}" in heard.keys
        assert len(heard.keys) == 6
        late = meta.show(NOW - 300 * HOUR, "Tagged a week later", "leila", "tags")
        (event,) = looks(instagram, heard.cursor, mentions="yes").collected
        assert (event.post.native_id, event.origin, event.post.author.handle) == (late, "addressed", "leila")

    def test_posts_that_tag_the_page(self, facebook: Stage, meta: Meta) -> None:
        tag = meta.post(NOW - HOUR, "Thanks to Azar Bank", ("504", "Mina"), "tagged")
        found = {event.post.native_id: event for event in looks(facebook, mentions="yes").collected}
        assert (found[tag].origin, found[tag].post.author.name) == ("addressed", "Mina")

    def test_what_notifications_named(self, instagram: Stage, meta: Meta) -> None:
        media = {"id": "71", "caption": "Ask @azarbank", "timestamp": "2026-03-21T07:00:00+0000", "username": "mina"}
        remark = {
            "id": "72", "text": "@azarbank?", "timestamp": "2026-03-21T07:01:00+0000", "username": "omid",
            "media": {"id": "71", "permalink": "https://www.instagram.com/p/C71/"},
        }  # fmt: skip
        meta.mentioned = {"71": media, "72": remark}
        heard = looks(instagram, mentioned="71 71/72 73")
        assert set(heard.keys) - set(instagram.expected) == {"instagram:71", "instagram:71_72"}
        assert [one.where for one in heard.rejected] == ["mention 73"]
        assert looks(instagram, heard.cursor, mentioned="71, 71/72").keys == []

    @pytest.mark.parametrize("platform", ["instagram", "facebook"])
    def test_private_messages(self, platform: str, meta: Meta, web: Web) -> None:
        stage = (instagram_stage if platform == "instagram" else facebook_stage)(meta, web)
        meta.page_size = 50
        first = meta.tell(NOW - 2 * HOUR, "t_501", "Are you open?")
        answer = meta.tell(NOW - HOUR, "t_501", "Until eight.", PAGE)
        meta.tell(NOW - 90 * HOUR, "t_502", "Long ago")
        found = {event.post.native_id: event for event in looks(stage, messages="yes").collected if event.post.private}
        assert list(found) == [f"dm:{first}", f"dm:{answer}"]
        assert [event.origin for event in found.values()] == ["addressed", "own"]
        assert {event.post.root_key for event in found.values()} == {f"{platform}:dm:t_501"}

    def test_more_messages_than_instagram_gives_out_are_a_gap(self, instagram: Stage, meta: Meta) -> None:
        meta.page_size = 50
        for n in range(30):
            meta.tell(NOW - HOUR + n, "t_501", f"Hello {n}")
        heard = looks(instagram, messages="yes", comments="no")
        assert len(heard.keys) == 20
        (gap,) = [gap for batch in heard.batches for gap in batch.gaps]
        assert (gap.reason, gap.until) == ("too_many", datetime.fromtimestamp(NOW - HOUR + 10, UTC))

    def test_messenger_gives_out_all(self, facebook: Stage, meta: Meta) -> None:
        for n in range(70):
            meta.tell(NOW - HOUR + n, "t_501", f"Hello {n}")
        heard = looks(facebook, messages="yes", feed="", comments="")
        assert len(set(heard.keys)) == 70


class TestHashtags:
    @pytest.fixture
    def stage(self, instagram: Stage, meta: Meta) -> Stage:
        instagram.options = {"account": "1", "search": "yes"}
        instagram.searches = (Search("m1", parse("nanmah", now=instagram.clock.now())),)
        instagram.expected = [f"instagram:{meta.show(NOW - HOUR + n, f'#nanmah {n}', tag='nanmah')}" for n in range(5)]
        return instagram

    def test_what_is_found_is_not_said_to_us(self, stage: Stage) -> None:
        heard = looks(stage, rounds=2)
        assert sorted(heard.keys) == sorted(stage.expected)
        assert {event.origin for event in heard.collected} == {"stream"}
        assert {event.post.author.handle for event in heard.collected} == {""}
        assert sum(batch.spent.get("m1", 0) for batch in heard.batches) == 5

    def test_thirty_in_a_week(self, stage: Stage, meta: Meta, web: Web) -> None:
        meta.searched = [f"other{n}" for n in range(29)]
        meta.hashtags |= {"rival": [], **{f"other{n}": [] for n in range(29)}}
        stage.searches = (*stage.searches, Search("m2", parse("rival", now=stage.clock.now())))
        heard = looks(stage, rounds=2)
        assert sorted(heard.keys) == sorted(stage.expected)
        (told,) = heard.rejected
        assert (told.where, told.code, told.params["most"]) == ("hashtag rival", "hashtags_used_up", "30")
        assert not any("q=rival" in asked.path for asked in web.asked)
        meta.searched = []
        stage.clock.advance(timedelta(days=8).total_seconds())
        looks(stage, heard.cursor)
        assert any("q=rival" in asked.path for asked in web.asked)

    def test_a_day_without_a_look_is_a_gap(self, stage: Stage) -> None:
        cursor = looks(stage).cursor
        stage.clock.advance(30 * HOUR)
        (gap,) = [gap for batch in looks(stage, cursor).batches for gap in batch.gaps]
        assert gap.reason == "too_old"
        assert timedelta(hours=5) < gap.until - gap.since < timedelta(hours=7)

    def test_a_hashtag_that_nobody_uses_is_told(self, stage: Stage) -> None:
        stage.searches = (*stage.searches, Search("m2", parse("nobody", now=stage.clock.now())))
        heard = looks(stage, rounds=2)
        assert [(one.where, one.code) for one in heard.rejected] == [("hashtag nobody", "hashtag_refused")]
        assert len(heard.keys) == 5

    def test_a_monitor_that_can_not_be_asked_is_named(self, stage: Stage) -> None:
        stage.searches = (*stage.searches, Search("m2", parse("lang:fa", now=stage.clock.now())))
        assert [one.code for one in looks(stage).rejected] == ["ask_nothing"]

    def test_a_cap_is_never_exceeded(self, stage: Stage, web: Web) -> None:
        stage.allowance = lambda monitor: 2 if monitor else 0
        heard = Heard()
        with stage.running(stage.job()) as batches:
            for batch in batches:
                heard.batches.append(batch)
                if batch.spent:
                    break
        assert len(heard.keys) == 2
        assert "limit=2" in web.asked[-1].path

    def test_a_media_that_also_tags_us_is_said_to_us(self, stage: Stage, meta: Meta) -> None:
        media = meta.show(NOW - 60, "#nanmah with @azarbank", "leila", "tags")
        meta.hashtags["nanmah"].append({**meta.tags[-1]})
        del meta.hashtags["nanmah"][-1]["username"]
        found = [event for event in looks(stage, mentions="yes").collected if event.post.native_id == media]
        assert [event.origin for event in found] == ["addressed"]


class TestResuming(Resuming):
    def test_a_page_that_meta_forgot_is_read_anew(self, instagram: Stage, meta: Meta) -> None:
        for n in range(12):
            meta.show(NOW - HOUR + n, f"Picture {n}", "leila", "tags")
        wanted = {f"instagram:{one['id']}" for one in meta.tags}
        with instagram.running(instagram.job(mentions="yes", comments="no")) as batches:
            first = next(batches)
        meta.instead = [("/tags", error(100, "Invalid parameter: cursor", 0))]
        heard = looks(instagram, first.cursor, mentions="yes", comments="no")
        assert {event.post.key for event in first.events} | set(heard.keys) == wanted  # type: ignore[union-attr]


class TestReaching(Reaching):
    @pytest.fixture
    def stage(self, stage: Stage) -> Stage:
        away = nobody()
        stage.unreachable, stage.hosts = {"every": "5"}, (*stage.hosts, away)
        assert stage.account
        stage.account = msgspec.structs.replace(stage.account, base_url=f"http://{away}")
        return stage


class TestAccess:
    @pytest.mark.parametrize("secret", ["", " ", "{}", '{"access_token": ""}', '{"access_token": 3}', "two words"])
    def test_without_a_token_nothing_is_asked(self, stage: Stage, web: Web, secret: str) -> None:
        assert stage.account
        stage.account = msgspec.structs.replace(stage.account, secret=secret)
        with pytest.raises(AuthorisationError):
            looks(stage)
        assert web.asked == []

    def test_no_account_at_all(self, stage: Stage) -> None:
        stage.account = None
        with pytest.raises(AuthorisationError):
            looks(stage)

    def test_an_expired_token(self, stage: Stage) -> None:
        assert stage.account
        stage.account = msgspec.structs.replace(stage.account, secret="old")
        with pytest.raises(AuthorisationError, match="connect the account again"):
            looks(stage)

    def test_a_missing_permission_is_named(self, stage: Stage, meta: Meta) -> None:
        meta.permission = "comments"
        with pytest.raises(AuthorisationError, match="comments"):
            looks(stage)

    def test_the_token_is_in_no_address_and_is_proven(self, facebook: Stage, web: Web) -> None:
        looks(facebook)
        proof = hmac.new(b"s3", TOKEN.encode(), hashlib.sha256).hexdigest()
        assert all(TOKEN not in asked.path and f"appsecret_proof={proof}" in asked.path for asked in web.asked)

    def test_a_page_without_an_instagram_account(self, instagram: Stage, meta: Meta) -> None:
        meta.instead = [("/me", Answer(200, b'{"id": "1", "name": "Azar"}'))]
        with pytest.raises(PermanentError, match="Azar"):
            looks(instagram)


class TestFaults:
    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            *((error(code, "limit reached"), RateLimitedError) for code in (4, 17, 32, 613, 80001, 80002, 80014)),
            (error(1, "An unknown error occurred"), RetryableError),
            (error(2, "Try later", status=500), RetryableError),
            (error(190, "expired", 463), AuthorisationError),
            (error(10, "permission"), AuthorisationError),
            (error(200, "permission"), AuthorisationError),
            (error(100, "Tried accessing nonexisting field"), PermanentError),
            (Answer(429), RateLimitedError), (Answer(401), AuthorisationError), (Answer(403), AuthorisationError),
            (Answer(500), RetryableError), (Answer(404), PermanentError), (Answer(cut=0), RetryableError),
            (Answer(200, b'{"data": [{"id"'), RetryableError),
            (Answer(200, b"{}", {"Content-Length": "900"}, cut=2), RetryableError),
        ],
    )  # fmt: skip
    def test_an_answer_at_fault_is_told_and_loses_nothing(
        self, stage: Stage, meta: Meta, answer: Answer, kind: type[Exception]
    ) -> None:
        meta.instead = [("/media" if stage.source.platform == "instagram" else "/feed", answer)]
        with pytest.raises(kind):
            looks(stage)
        assert looks(stage).keys == list(stage.expected)

    def test_meta_says_how_long_to_wait(self, stage: Stage, meta: Meta) -> None:
        usage = '{"1": [{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": 7}]}'
        limited = error(80001, "There have been too many calls")
        limited = Answer(limited.status, limited.body, {"X-Business-Use-Case-Usage": usage})
        meta.instead = [("/me", limited)]
        with pytest.raises(RateLimitedError) as caught:
            looks(stage)
        assert caught.value.retry_after == 420.0

    def test_a_limit_that_is_nearly_reached_is_kept(self, stage: Stage, meta: Meta, web: Web) -> None:
        meta.usage = {"X-App-Usage": '{"call_count": 40, "total_time": 12}'}
        quota = looks(stage).batches[-1].quota
        assert quota is not None
        assert (quota.remaining, quota.limit) == (60, 100)
        meta.usage, before = {"X-App-Usage": '{"call_count": 97}'}, len(web.asked)
        with pytest.raises(RateLimitedError):
            looks(stage)
        assert len(web.asked) == before + 1

    @pytest.mark.parametrize("seed", range(6))
    def test_everything_comes_through_every_fault(self, stage: Stage, meta: Meta, seed: int) -> None:
        meta.page_size = 4
        posts = [*meta.media, *meta.feed]
        for n in range(25):
            if stage.source.platform == "instagram":
                above = meta.remark(NOW - HOUR + n, posts[n % 2]["id"], f"say {n}")
                meta.remark(NOW - HOUR + n, "", f"answer {n}", above=above)
            else:
                meta.comment(NOW - HOUR + n, posts[n % 2]["id"], f"say {n}")
        wanted, cursor, keys = len(looks(stage).keys), "", list[str]()
        meta.mischief = Mischief(Random(seed), 0.3)
        for _ in range(200):
            try:
                with stage.running(stage.job(cursor)) as batches:
                    for batch in batches:
                        cursor = batch.cursor
                        keys += [event.post.key for event in batch.events]  # type: ignore[union-attr]
                        stage.clock.advance(60)
                        if len(set(keys)) == wanted:
                            break
            except RetryableError:
                continue
            if len(set(keys)) == wanted:
                break
        assert len(keys) == len(set(keys)) == wanted


def test_a_stop_before_the_first_question(facebook: Stage, web: Web) -> None:
    stop = Event()
    stop.set()
    with facebook.running(facebook.job(), stop) as batches:
        assert list(batches) == []
    assert len(web.asked) == 1
