"""Instagram's public pages: the library itself, unchanged, against a stand-in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from instaloader import Post
from instaloader.instaloadercontext import InstaloaderContext

from collectors.errors import NormaliseError, NothingSaidError
from collectors.instaloader import InstagramPublicSource
from collectors.instaloader.normalise import to_post
from collectors.instaloader.raw import raw_of
from collectors.instaloader.source import MOST_POSTS, TOGETHER, names_of
from crm.errors import AuthorisationError, RateLimitedError, RetryableError
from crm.ports.transport import Transport
from crm.words import Media
from tests.conformance.source import Collecting, Heard, Options, Reaching, Resuming, nobody
from tests.conformance.source import Stage as AnyStage
from tests.services.instagram_public import Detoured, Instagram, a_post, answer, instagram
from tests.services.web import Answer

pytestmark = pytest.mark.slow

WALL = Answer(302, headers={"Location": "https://www.instagram.com/accounts/login/"})


@dataclass
class Stage(AnyStage):
    """The stage on which Instagram is the stand-in."""

    url: str = ""

    def transport(self) -> Transport:
        return cast(Transport, Detoured(super().transport(), self.url))


def key(number: int) -> str:
    return f"instagram:{3_700_000_000_000_000_000 + number}"


@pytest.fixture
def server() -> Iterator[Instagram]:
    with instagram(shop=15) as running:
        yield running


@pytest.fixture
def stage(server: Instagram) -> Stage:
    bad = {
        "unofficial": {"unofficial": ""}, "profiles": {"profiles": "two words!"}, "since": {"since": "then"},
        "every": {"every": "0"},
    }  # fmt: skip
    return Stage(
        InstagramPublicSource(Random(1)), {"profiles": "@shop", "unofficial": "yes"},
        [key(n) for n in range(15, 0, -1)], bad, (urlsplit(server.url).netloc,), url=server.url,
    )  # fmt: skip


def look(stage: Stage, cursor: str = "", **options: str) -> Heard:
    """One whole look: it ends with an idle batch."""
    heard = Heard()
    with stage.running(stage.job(cursor, **options)) as batches:
        for batch in batches:
            heard.batches.append(batch)
            if batch.idle:
                return heard
    return heard


class TestOptions(Options):
    def test_it_is_off_until_somebody_insists(self) -> None:
        (problem,) = InstagramPublicSource(Random(1)).check({"profiles": "shop"})
        assert (problem.option, problem.code) == ("unofficial", "not_insisted")

    def test_names_in_any_form(self) -> None:
        assert names_of("@Shop, https://www.instagram.com/other.one/\nshop") == ["shop", "other.one"]


class TestCollecting(Collecting):
    def test_what_a_post_holds(self, stage: Stage) -> None:
        post = look(stage).collected[0].post
        assert (post.text, post.mentions) == ("made-up post 15 @ann", ("ann",))
        assert (post.author.key, post.author.handle, post.author.followers) == ("instagram:77", "shop", 9)
        assert post.media == (Media("image", "https://cdn.example/15.jpg", "a made-up picture"),)
        assert (post.counts.likes, post.counts.replies) == (15, 1)
        assert post.posted_at == datetime.fromtimestamp(1_785_000_900, UTC)
        assert post.url.startswith("https://www.instagram.com/p/")

    def test_films_and_albums(self, stage: Stage, server: Instagram) -> None:
        film = {"media_type": 2, "video_versions": [{"url": "https://cdn.example/a.mp4"}], "view_count": 5}
        album = {"media_type": 8, "carousel_media": [server.profiles["shop"][2], a_post(99, "shop", **film)]}
        server.profiles["shop"][0] |= film
        server.profiles["shop"][1] |= album
        first, second = [event.post for event in look(stage).collected[:2]]
        assert (first.media[0].kind, first.media[0].url, first.counts.views) == (
            "video",
            "https://cdn.example/a.mp4",
            5,
        )
        assert [one.kind for one in second.media] == ["image", "video"]

    def test_known_posts_are_not_fetched_again(self, stage: Stage, server: Instagram) -> None:
        cursor = look(stage).cursor
        server.profiles["shop"].insert(0, a_post(16, "shop"))
        server.asked.clear()
        assert look(stage, cursor).keys == [key(16)]
        assert server.fetched == 1

    def test_so_many_a_look_and_older_ones_later(self, stage: Stage, server: Instagram) -> None:
        server.profiles["shop"] = [a_post(n, "shop") for n in range(MOST_POSTS + 5, 0, -1)]
        first = look(stage)
        assert len(first.keys) == MOST_POSTS
        second = look(stage, first.cursor)
        assert second.keys == [key(n) for n in range(5, 0, -1)]
        server.profiles["shop"][:0] = [a_post(n, "shop") for n in range(2 * MOST_POSTS + 10, MOST_POSTS + 5, -1)]
        third = look(stage, second.cursor)
        assert look(stage, third.cursor).keys == [key(n) for n in range(MOST_POSTS + 10, MOST_POSTS + 5, -1)]

    def test_a_page_that_breaks_off_is_no_missing_profile(self, stage: Stage, server: Instagram) -> None:
        whole = server.page("shop")
        server.faults = [Answer(200, whole.body[: len(whole.body) // 2])]
        with pytest.raises(RetryableError, match="breaks off"):
            look(stage)

    @pytest.mark.parametrize("fetched", [5, TOGETHER])
    def test_a_look_that_breaks_off_keeps_what_it_has_and_leaves_no_hole(
        self, stage: Stage, server: Instagram, fetched: int
    ) -> None:
        whole = look(stage)
        server.profiles["shop"][:0] = [a_post(n, "shop") for n in range(40, 15, -1)]
        server.most = server.fetched + fetched
        heard = Heard()
        with pytest.raises(RetryableError), stage.running(stage.job(whole.cursor)) as batches:
            heard.batches += batches
        assert heard.keys == [key(n) for n in range(40, 40 - fetched, -1)]
        server.most = 10**6
        assert look(stage, heard.cursor).keys == [key(n) for n in range(40 - fetched, 15, -1)]

    def test_a_date_ends_the_past(self, stage: Stage) -> None:
        since = datetime.fromtimestamp(1_785_000_000 + 10 * 60, UTC).isoformat()
        assert look(stage, since=since).keys == [key(n) for n in range(15, 9, -1)]

    def test_profiles_that_are_not_there_hold_up_none(self, stage: Stage, server: Instagram) -> None:
        server.profiles["closed"], server.private = [], {"closed"}
        heard = look(stage, profiles="nobody closed shop")
        assert [(one.where, one.code) for one in heard.rejected] == [
            ("nobody", "no_profile"), ("closed", "private_profile"),
        ]  # fmt: skip
        assert len(heard.keys) == 15

    def test_requests_are_spread(self, stage: Stage) -> None:
        began = stage.clock.now()
        look(stage)
        assert (stage.clock.now() - began).total_seconds() > 2 * 15


class TestFaults:
    @pytest.mark.parametrize(("fault", "kind"), [
        (answer({}, 429), RateLimitedError), (answer({}, 401), RateLimitedError), (answer({}, 500), RetryableError),
        (WALL, RateLimitedError),
        (Answer(200, b'{"data": {"'), NothingSaidError), (Answer(200, b"{}"), NothingSaidError),
        (Answer(200, b"", cut=0), RetryableError),
        (answer({"message": "checkpoint_required", "status": "fail"}, 400), AuthorisationError),
    ])  # fmt: skip
    def test_a_fault_on_a_post_loses_none(self, stage: Stage, server: Instagram, fault: Answer, kind: type) -> None:
        heard = Heard()
        with stage.running(stage.job()) as batches:
            heard.batches.append(next(batches))
            server.faults = [fault]
            with pytest.raises(kind):
                list(batches)
        again = look(stage, heard.cursor)
        assert sorted([*heard.keys, *again.keys]) == sorted(stage.expected)

    @pytest.mark.parametrize("fault", [answer({}, 429), WALL, Answer(200, b"<html>"), answer({}, 503)])
    def test_a_fault_on_the_page(self, stage: Stage, server: Instagram, fault: Answer) -> None:
        server.faults = [fault]
        with stage.running(stage.job()) as batches:
            try:
                next(batches)
            except RetryableError:
                return
        assert fault.body == b"<html>"  # a page without a profile is what Instagram shows for none


class TestResuming(Resuming):
    pass


class TestReaching(Reaching):
    @pytest.fixture
    def stage(self, stage: Stage) -> Stage:
        away = nobody()
        stage.hosts, stage.url, stage.unreachable = (away,), f"http://{away}", {"since": ""}
        return stage


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.sampled_from(
        ["pk", "code", "user", "caption", "text", "username", "media_type", "taken_at", "url", "candidates",
         "image_versions2", "carousel_media"]), one, max_size=5),
    max_leaves=20,
))  # fmt: skip
def test_nothing_but_its_own_error(mangled: Any) -> None:
    node = {**a_post(1, "shop"), **(mangled if isinstance(mangled, dict) else {"caption": mangled})}
    try:
        made = Post(InstaloaderContext(), Post._normalize_post_data(node))
    except Exception:
        return  # the library refuses it by itself, which `translated` tells
    made._full_metadata_dict = made._node
    try:
        assert json.dumps(to_post(raw_of(made)).text) is not None
    except NormaliseError:
        return
