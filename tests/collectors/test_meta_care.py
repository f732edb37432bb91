"""Instagram and a Facebook Page: hashtags and caps, who may ask, and what goes wrong on the way."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from threading import Event

import msgspec
import pytest

from collectors.meta.api import credentials
from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError
from crm.ports.source import Batch, Search
from crm.query import parse
from crm.words import Collected, Removed
from tests.collectors.meta_stage import HOUR, Patient, facebook_stage, instagram_stage, looks
from tests.conformance.source import Heard, Stage
from tests.services.meta import ACCOUNT, NOW, TOKEN, Meta, Mischief, error, meta_stand_in, missing
from tests.services.web import Answer, Web

pytestmark = pytest.mark.slow


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


@pytest.fixture(params=["instagram", "facebook"])
def stage(request: pytest.FixtureRequest, meta: Meta, web: Web) -> Stage:
    return (instagram_stage if request.param == "instagram" else facebook_stage)(meta, web)


@pytest.fixture
def instagram(meta: Meta, web: Web) -> Stage:
    return instagram_stage(meta, web)


@pytest.fixture
def facebook(meta: Meta, web: Web) -> Stage:
    return facebook_stage(meta, web)


class TestStarved:
    def test_comments_that_could_not_be_asked_for_are_not_taken_as_read(self, instagram: Stage, meta: Meta) -> None:
        cursor, allowance = looks(instagram).cursor, instagram.allowance
        instagram.clock.advance(21 * HOUR)
        said = meta.remark(NOW - 1, meta.media[-1]["id"], "Still closed?")
        instagram.allowance = lambda _: 5
        starved = looks(instagram, cursor)
        assert (starved.keys, starved.removed) == ([], [])
        instagram.allowance = allowance
        assert looks(instagram, starved.cursor).keys == [f"instagram:{meta.media[-1]['id']}_{said}"]


class TestOneOfMany:
    def test_replies_that_are_gone_meanwhile_hold_up_no_comment(self, instagram: Stage, meta: Meta) -> None:
        media = meta.media[-1]["id"]
        above = meta.remark(NOW - 900, media, "How long?")
        below = [meta.remark(NOW - 800 + n, media, f"{n}", above=above) for n in range(5)]
        meta.instead = [(f"{above}/replies", missing(above))]
        heard = looks(instagram)
        assert {*instagram.expected, f"instagram:{media}_{above}"} <= set(heard.keys)
        assert {f"instagram:{media}_{one}" for one in below} - set(heard.keys)
        assert [gap.reason for batch in heard.batches for gap in batch.gaps] == ["too_many"]

    def test_a_post_whose_comments_are_refused_holds_up_no_other(self, instagram: Stage, meta: Meta) -> None:
        refused, other = meta.media[-1]["id"], meta.media[0]["id"]
        said = meta.remark(NOW - 60, other, "Here?")
        meta.instead = [(f"{refused}/comments", error(9007, "Not for you"))]
        heard = looks(instagram)
        assert [one.where for one in heard.rejected] == [f"comments of {refused}"]
        assert f"instagram:{other}_{said}" in heard.keys

    @pytest.mark.parametrize("code", [10, 9007])
    def test_a_mention_that_is_kept_from_us_holds_up_no_other(self, instagram: Stage, meta: Meta, code: int) -> None:
        meta.mentioned = {"72": meta.media[0] | {"id": "72", "username": "sara"}}
        meta.instead = [(f"/{ACCOUNT}", error(code, "Not for you"))]
        heard = looks(instagram, mentioned="71 72")
        assert [one.where for one in heard.rejected] == ["mention 71"]
        assert "instagram:72" in heard.keys

    def test_a_dead_token_spends_no_mention(self, instagram: Stage, meta: Meta) -> None:
        meta.instead = [(f"/{ACCOUNT}", error(190, "Session has expired"))]
        with pytest.raises(AuthorisationError):
            looks(instagram, mentioned="71")


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

    def test_a_sweep_that_broke_off_a_day_ago_is_read_to_its_end(self, stage: Stage, meta: Meta) -> None:
        cursor, heard = looks(stage).cursor, Heard()
        stage.clock.advance(20 * HOUR)
        new = [meta.show(NOW + 19 * HOUR + n, f"#nanmah {n}", tag="nanmah") for n in range(100)]
        with stage.running(stage.job(cursor)) as batches:
            while not heard.collected:
                heard.batches.append(next(batches))
        stage.clock.advance(5 * HOUR)
        heard.batches += looks(stage, heard.cursor, rounds=2).batches
        print(
            [len(b.events) for b in heard.batches],
            [r for b in heard.batches for r in b.rejected][:2],
            [g for b in heard.batches for g in b.gaps],
        )
        assert sorted(heard.keys) == sorted(f"instagram:{media}" for media in new)

    def test_a_hashtag_that_nobody_uses_is_told(self, stage: Stage) -> None:
        stage.searches = (*stage.searches, Search("m2", parse("nobody", now=stage.clock.now())))
        heard = looks(stage, rounds=2)
        assert [(one.where, one.code) for one in heard.rejected] == [("hashtag nobody", "hashtag_refused")]
        assert len(heard.keys) == 5

    def test_a_monitor_that_can_not_be_asked_is_named(self, stage: Stage) -> None:
        stage.searches = (*stage.searches, Search("m2", parse("lang:fa", now=stage.clock.now())))
        assert [one.code for one in looks(stage).rejected] == ["nothing_sought"]

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


class TestCaps:
    @pytest.mark.parametrize("cap", [0, 1, 12, 40, 60])
    def test_no_reading_goes_beyond_the_cap(self, stage: Stage, meta: Meta, cap: int) -> None:
        crowd(meta)
        for n in range(40):
            if meta.media:
                first = next(iter(meta.comments.values()))[0]["id"]
                meta.remark(NOW - 60 + n, "", f"more {n}", above=first)
            meta.tell(NOW - 60 + n, "t_1", f"more {n}")
        read: list[int] = []
        stage.allowance = lambda _: cap - sum(read)
        options = {**stage.options, "mentions": "yes", "messages": "yes"}
        with stage.running(stage.job(**options)) as batches:
            for batch in batches:
                assert sum(batch.spent.values()) == len(batch.events)
                read.append(len(batch.events))
                assert sum(read) <= cap
                if len(stage.clock.slept) > 2:
                    break
        assert sum(read) > 0 or cap == 0

    def test_what_a_cap_made_us_miss_is_a_gap(self, facebook: Stage, meta: Meta) -> None:
        for n in range(70):
            meta.tell(NOW - HOUR + n, "t_501", f"Hello {n}")
        facebook.allowance = lambda _: 35
        with facebook.running(facebook.job(messages="yes", feed="", comments="")) as batches:
            first = next(batches)
        assert len(first.events) == 35
        assert [(gap.reason, gap.until.timestamp()) for gap in first.gaps] == [("budget", NOW - HOUR + 35)]


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

    def test_what_our_token_may_not_read_holds_up_nothing_else(self, stage: Stage, meta: Meta) -> None:
        meta.permission = "conversations"
        heard = looks(stage, rounds=3, messages="yes")
        assert [one.where for one in heard.rejected] == ["messages"]
        assert set(heard.keys) == set(stage.expected)

    def test_the_token_is_in_no_address_and_is_proven(self, facebook: Stage, web: Web) -> None:
        looks(facebook)
        proof = hmac.new(b"s3", TOKEN.encode(), hashlib.sha256).hexdigest()
        assert all(TOKEN not in asked.path and f"appsecret_proof={proof}" in asked.path for asked in web.asked)

    def test_a_credential_is_never_shown(self, facebook: Stage) -> None:
        from rich.pretty import pretty_repr

        assert facebook.account
        found = credentials(facebook.account)
        assert (found.access_token, found.app_secret) == (TOKEN, "s3")
        assert not {TOKEN, "s3"} & {part for shown in (repr(found), pretty_repr(found)) for part in shown.split("'")}

    def test_a_token_of_a_person(self, stage: Stage, meta: Meta) -> None:
        meta.instead = [("/me", error(100, "(#100) Tried accessing nonexisting field (category) on node type (User)"))]
        with pytest.raises(AuthorisationError, match="Page"):
            looks(stage)

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
            (Answer(429), RateLimitedError), (Answer(401), RetryableError), (Answer(403), RetryableError),
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

    def test_an_answer_that_takes_too_long(self, facebook: Stage, meta: Meta) -> None:
        meta.late = "/feed"
        job, transport = facebook.job(), Patient(facebook.transport())
        batches = facebook.source.collect(job, transport, facebook.clock, Event())  # type: ignore[arg-type]
        with pytest.raises(RetryableError):
            list(batches)
        meta.released.set()
        assert looks(facebook).keys == list(facebook.expected)

    @pytest.mark.parametrize("seed", range(2))
    def test_everything_comes_through_every_fault(self, stage: Stage, meta: Meta, seed: int) -> None:
        stage.options = {**stage.options, "mentions": "yes", "messages": "yes", "search": "yes"}
        stage.searches = (Search("m1", parse("nanmah", now=stage.clock.now())),)
        crowd(meta)
        wanted, cursor, keys = set(looks(stage).keys), "", list[str]()
        assert len(wanted) == (130 if stage.source.platform == "instagram" else 79)
        meta.mischief = Mischief(Random(seed), 0.3)
        for day in range(3):
            for event in through(stage, cursor, 60):
                cursor = event.cursor
                keys += [one.post.key for one in event.events if isinstance(one, Collected)]
                assert not any(isinstance(one, Removed) for one in event.events), day
            stage.clock.advance(21 * HOUR)
        assert sorted(keys) == sorted(wanted)


def crowd(meta: Meta) -> None:
    """A day on which much is said everywhere."""
    meta.page_size = 4
    for n in range(25):
        at = NOW - HOUR + n
        if meta.media:
            above = meta.remark(at, meta.media[n % 2]["id"], f"say {n}")
            meta.remark(at, "", f"answer {n}", above=above)
        else:
            meta.comment(at, meta.feed[n % 2]["id"], f"say {n}")
            meta.post(at, f"tag {n}", ("77", "Mina"), "tagged")
        meta.show(at, f"tag {n}", "leila", "tags")
        meta.show(at, f"#nanmah {n}", tag="nanmah")
        meta.tell(at, f"t_{n % 7}", f"tell {n}")


def through(stage: Stage, cursor: str, batches: int) -> Iterator[Batch]:
    """So many batches, however often a run breaks off and is taken up again."""
    left = batches
    while left > 0:
        try:
            with stage.running(stage.job(cursor)) as run:
                for batch in run:
                    left, cursor = left - 1, batch.cursor
                    yield batch
                    if left <= 0:
                        return
        except RetryableError:
            stage.clock.advance(60)


def test_a_comment_made_while_a_look_was_broken_off_is_heard(instagram: Stage, meta: Meta) -> None:
    meta.media.clear()
    media = meta.show(NOW - 3 * HOUR, "A new app")
    said = [meta.remark(NOW - 2 * HOUR + n, media, f"remark {n}") for n in range(5)]
    first, *_ = [batch for batch in through(instagram, "", 2) if any(one in batch.cursor for one in said)]
    said.append(meta.remark(NOW - HOUR, media, "and one more"))
    again = looks(instagram, first.cursor, rounds=2)
    keys = {
        event.post.key for batch in (first, *again.batches) for event in batch.events if isinstance(event, Collected)
    }
    assert {f"instagram:{media}_{one}" for one in said} <= keys


def test_a_stop_before_the_first_question(facebook: Stage, web: Web) -> None:
    stop = Event()
    stop.set()
    with facebook.running(facebook.job(), stop) as batches:
        assert list(batches) == []
    assert len(web.asked) == 1
