"""Instagram and a Facebook Page, by a stand-in that speaks the Graph API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

import msgspec
import pytest

from collectors.meta import FacebookSource, InstagramSource
from tests.collectors.meta_stage import HOUR, facebook_stage, instagram_stage, looks
from tests.conformance.source import Collecting, Options, Reaching, Resuming, Stage, nobody
from tests.services.meta import NOW, PAGE, Meta, error, meta_stand_in, missing
from tests.services.web import Web

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
        (event,) = looks(facebook, cursor).collected
        assert (event.post.text, event.post.edited_at) == ("Mine too!", event.collected_at)

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

    def test_a_post_whose_comments_are_not_shown_is_not_gone(self, facebook: Stage, meta: Meta) -> None:
        meta.instead = [(f"{meta.feed[1]['id']}/comments", missing(meta.feed[1]["id"]))]
        heard = looks(facebook)
        assert heard.removed == []
        assert heard.keys == list(facebook.expected[:2])

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


class TestResuming(Resuming):
    def test_a_page_that_meta_forgot_is_read_anew(self, instagram: Stage, meta: Meta) -> None:
        for n in range(12):
            meta.show(NOW - HOUR + n, f"Picture {n}", "leila", "tags")
        wanted = {f"instagram:{one['id']}" for one in meta.tags}
        with instagram.running(instagram.job(mentions="yes", comments="no")) as batches:
            first = next(batches)
        meta.instead = [("/tags", error(100, "Invalid parameter"))]
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
