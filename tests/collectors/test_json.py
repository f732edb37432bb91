"""Any server that answers in JSON: the mapping, and a stand-in with pages, tags, limits and faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import BusyServerError, NormaliseError, NothingSaidError, OtherServerError
from collectors.json import JsonSource
from collectors.json.mapping import Paths, guessed, items_of, next_of
from collectors.json.normalise import Rules, to_post
from collectors.json.source import PAGES_A_LOOK
from crm.errors import AuthorisationError, RateLimitedError, ShenavaError
from crm.ports.transport import BrokenConnectionError
from crm.words import Media, Removed
from tests.conformance.source import Collecting, Heard, Options, Reaching, Resuming, Stage, nobody
from tests.services.jsonapi import JsonServer, a_post, answer, json_server
from tests.services.web import Answer

pytestmark = pytest.mark.slow

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
RULES = Rules("forum", Paths(), UTC, "https://forum.example/api/posts")


@pytest.fixture
def server() -> Iterator[JsonServer]:
    with json_server(7) as running:
        yield running


@pytest.fixture
def stage(server: JsonServer) -> Stage:
    away = nobody()
    bad = {
        "url": {"url": "forum.example"}, "platform": {"platform": "انجمن"}, "map": {"map": "body"},
        "every": {"every": "0"}, "zone": {"zone": "Teheran"}, "kept": {"kept": "none"}, "header": {"header": "a b"},
    }  # fmt: skip
    return Stage(
        JsonSource(Random(1)), {"url": f"{server.url}/posts", "platform": "forum"},
        [f"forum:{n}" for n in (5, 6, 7, 2, 3, 4, 1)],
        bad, (urlsplit(server.url).netloc, away), {"url": f"http://{away}/posts"}, platform="forum",
    )  # fmt: skip


def looks(stage: Stage, batches: int, cursor: str = "", **options: str) -> Heard:
    heard = Heard()
    with stage.running(stage.job(cursor, **options)) as running:
        heard.batches.extend(next(running) for _ in range(batches))
    return heard


class TestOptions(Options):
    def test_a_token_is_not_sent_in_clear(self) -> None:
        options = {"url": "http://forum.example/api", "platform": "forum", "token": "made-up"}
        assert [one.code for one in JsonSource(Random(1)).check(options)] == ["token_in_clear"]

    @pytest.mark.parametrize(("more", "option"), [
        ({"token": "made\nup"}, "token"), ({"token": "رمز"}, "token"), ({"header": "Schlüssel"}, "header"),
    ])  # fmt: skip
    def test_what_no_header_can_hold(self, more: dict[str, str], option: str) -> None:
        options = {"url": "https://forum.example/api", "platform": "forum", **more}
        assert [one.option for one in JsonSource(Random(1)).check(options)] == [option]

    def test_a_field_that_no_post_has(self) -> None:
        options = {"url": "https://forum.example/api", "platform": "forum", "map": "colour=a.b"}
        assert [one.code for one in JsonSource(Random(1)).check(options)] == ["no_field"]


class TestCollecting(Collecting):
    def test_what_a_post_holds(self, stage: Stage, server: JsonServer) -> None:
        post = stage.hear().collected[0].post
        assert (post.text, post.author.handle, post.author.native_id) == ("made-up post 5", "person5", "1005")
        assert (post.author.followers, post.url) == (5, f"{server.url}/t/5")
        assert post.posted_at == datetime(2026, 8, 1, 10, 5, tzinfo=UTC)

    @pytest.mark.parametrize("style", ["link", "cursor", "header"])
    def test_pages_by_link_cursor_or_header(self, stage: Stage, server: JsonServer, style: str) -> None:
        server.style = style
        assert sorted(stage.hear().keys) == sorted(stage.expected)
        assert len(server.asked) == 3

    def test_a_page_with_nothing_new_is_the_last(self, stage: Stage, server: JsonServer) -> None:
        cursor = stage.hear().cursor
        server.posts.insert(0, a_post(8))
        server.asked.clear()
        heard = looks(stage, 3, cursor)
        assert heard.keys == ["forum:8"]
        assert [urlsplit(one.path).query for one in server.asked[:2]] == ["", "cursor=3"]

    def test_an_unchanged_answer_costs_nothing(self, stage: Stage, server: JsonServer) -> None:
        server.tagged = True
        heard = looks(stage, 5)
        assert [batch.idle for batch in heard.batches] == [False, False, False, True, True]
        assert server.asked[-1].headers["if-none-match"]

    def test_edits_and_deletions(self, stage: Stage, server: JsonServer) -> None:
        cursor = stage.hear().cursor
        server.posts[0] |= {"content": "<p>made better</p>"}
        server.posts[1] |= {"content": "", "deleted": True}
        heard = looks(stage, 1, cursor)
        assert [event.post.text for event in heard.collected] == ["made better"]
        assert heard.collected[0].post.edited_at is not None
        assert [event.post_key for event in heard.removed] == ["forum:6"]

    def test_so_many_pages_a_look_and_the_rest_later(self, stage: Stage, server: JsonServer) -> None:
        many = 3 * (PAGES_A_LOOK + 2)
        server.posts = [a_post(n, createdAt=1_785_000_000 + n) for n in range(many, 0, -1)]
        began = stage.clock.now()
        first = looks(stage, PAGES_A_LOOK)
        assert stage.clock.now() == began
        rest = looks(stage, 2, first.cursor)
        assert stage.clock.now() > began
        assert sorted([*first.keys, *rest.keys]) == sorted(f"forum:{n}" for n in range(1, many + 1))

    def test_a_bad_item_holds_up_nothing(self, stage: Stage, server: JsonServer) -> None:
        server.posts[0] |= {"createdAt": "soon"}
        server.posts[1] = {"id": 6}
        heard = looks(stage, 3)
        assert len(heard.keys) == 5
        assert {one.code for one in heard.rejected} == {"bad_date", "no_text_path"}

    def test_what_becomes_of_the_posts(self, stage: Stage) -> None:
        for kept, origin in (("matching", "stream"), ("cases", "addressed"), ("everything", "import")):
            assert {event.origin for event in looks(stage, 1, kept=kept).collected} == {origin}


class TestToken:
    def test_a_token_goes_in_the_header_that_was_named(self, stage: Stage, server: JsonServer) -> None:
        server.token = "made-up"
        job = msgspec.structs.replace(stage.job(), secret="made-up")
        with stage.running(job) as batches:
            assert next(batches).events
        server.header = "x-key"
        job = msgspec.structs.replace(stage.job(header="X-Key"), secret="made-up")
        with stage.running(job) as batches:
            assert next(batches).events

    def test_a_wrong_token_is_told(self, stage: Stage, server: JsonServer) -> None:
        server.token = "made-up"
        with pytest.raises(AuthorisationError):
            looks(stage, 1)

    def test_the_next_page_of_another_server_is_not_asked(self, stage: Stage, server: JsonServer) -> None:
        server.faults = [answer({"items": [a_post(1)], "next": "https://elsewhere.example/posts"})]
        with pytest.raises(OtherServerError, match="another server"):
            looks(stage, 1)

    def test_a_redirect_is_not_followed_with_a_token(self, stage: Stage, server: JsonServer) -> None:
        server.faults = [Answer(302, headers={"Location": f"http://{nobody()}/"})]
        with (
            pytest.raises(Exception, match="302"),
            stage.running(msgspec.structs.replace(stage.job(), secret="made-up")) as batches,
        ):
            next(batches)


class TestFaults:
    """Whatever happens between, every post comes, and once."""

    FAULTS = (
        (answer({}, 429, {"Retry-After": "7"}), RateLimitedError), (answer({}, 500), BusyServerError),
        (answer({}, 429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "60"}), RateLimitedError),
        (answer({}, 503), BusyServerError), (Answer(200, b'{"data": {"posts": [{"id"'), NothingSaidError),
        (Answer(200, b"", cut=0), BrokenConnectionError),
        (Answer(200, b'{"a": 1}' * 99, cut=20), BrokenConnectionError),
        (answer({}, 403), AuthorisationError), (Answer(200, b"<html>"), OtherServerError),
    )  # fmt: skip

    @pytest.mark.parametrize("page", [0, 1, 2])
    def test_a_fault_on_any_page(self, stage: Stage, server: JsonServer, page: int) -> None:
        for fault, kind in self.FAULTS:
            heard, cursor = Heard(), ""
            with stage.running(stage.job()) as batches:
                heard.batches.extend(next(batches) for _ in range(page))
                server.faults = [fault]
                # who gave posts before is no other server
                with pytest.raises(NothingSaidError if page and kind is OtherServerError else kind):
                    next(batches)
            cursor = heard.cursor if heard.batches else ""
            missing = [key for key in stage.expected if key not in heard.keys]
            assert sorted([*heard.keys, *stage.hear(cursor, missing).keys]) == sorted(stage.expected)

    @pytest.mark.parametrize("status", [400, 404, 410])
    def test_a_page_that_is_known_no_longer(self, stage: Stage, server: JsonServer, status: int) -> None:
        cursor = looks(stage, 1).cursor
        server.faults = [answer({}, status)]
        heard = looks(stage, 1, cursor)
        assert [one.where for one in heard.rejected] == ["next page"]
        wanted = set(stage.expected) - set(looks(stage, 1).keys)
        assert set(stage.hear(heard.cursor, sorted(wanted)).keys) == wanted

    def test_a_broken_answer_behind_a_byte_order_mark(self, stage: Stage, server: JsonServer) -> None:
        server.faults = [Answer(200, b'\xef\xbb\xbf{"data": {"posts": [{"id"')]
        with pytest.raises(NothingSaidError):
            looks(stage, 1)

    @pytest.mark.parametrize("body", [None, 7])
    def test_an_answer_without_posts_of_who_gave_some(self, stage: Stage, server: JsonServer, body: object) -> None:
        cursor = looks(stage, 5).cursor
        stage.clock.advance(3_600)
        server.faults = [answer(body)]
        with pytest.raises(NothingSaidError):
            looks(stage, 1, cursor)

    @pytest.mark.parametrize("fault", [answer({}, 404), answer({}, 500), answer({}, 429), Answer(cut=0), answer(7)])
    def test_a_key_in_the_address_is_not_shown(self, stage: Stage, server: JsonServer, fault: Answer) -> None:
        server.faults = [fault]
        with pytest.raises(ShenavaError) as caught:
            looks(stage, 1, url=f"{server.url}/posts?api_key=made-up")
        assert "made-up" not in str(caught.value)

    def test_a_long_archive_comes_once(self, stage: Stage, server: JsonServer) -> None:
        server.posts = [a_post(1, id=n) for n in range(2_100, 0, -1)]
        cursor = ""
        for _ in range(40):
            heard = looks(stage, 20, cursor)
            cursor = heard.cursor
            if any(batch.idle for batch in heard.batches):
                break
        server.asked.clear()
        stage.clock.advance(3_600)
        assert looks(stage, 1, cursor).keys == []
        assert len(server.asked) == 1

    def test_doubled_and_reordered_items_come_once(self, stage: Stage, server: JsonServer) -> None:
        server.posts = [*server.posts, *server.posts[::-1], *server.posts]
        assert sorted(looks(stage, 5).keys) == sorted(stage.expected)

    def test_what_is_left_is_told(self, stage: Stage, server: JsonServer) -> None:
        server.limits = {"X-RateLimit-Remaining": "9", "X-RateLimit-Limit": "60", "X-RateLimit-Reset": "30"}
        quota = looks(stage, 1).batches[0].quota
        assert quota is not None
        assert (quota.remaining, quota.limit) == (9, 60)
        assert quota.resets_at is not None

    def test_a_pause_by_the_reset_header(self, stage: Stage, server: JsonServer) -> None:
        server.faults = [answer({}, 429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "60"})]
        with pytest.raises(RateLimitedError) as caught:
            looks(stage, 1)
        assert caught.value.retry_after == pytest.approx(60, abs=1)


class TestResuming(Resuming):
    pass


class TestReaching(Reaching):
    pass


class TestPreview:
    def test_the_paths_and_the_first_posts_are_shown(self, stage: Stage) -> None:
        source = JsonSource(Random(1))
        preview = source.preview(stage.job(), stage.transport(), stage.clock)
        assert preview.paths == {
            "author": "user.login", "author_id": "user.id", "created_at": "createdAt",
            "followers": "user.followers_count", "id": "id", "text": "content", "url": "permalink",
        }  # fmt: skip
        assert (len(preview.posts), preview.items, preview.further) == (3, 3, True)

    def test_a_server_without_posts(self, stage: Stage, server: JsonServer) -> None:
        server.faults = [answer(7)]
        with pytest.raises(OtherServerError, match="without posts"):
            JsonSource(Random(1)).preview(stage.job(), stage.transport(), stage.clock)


SHAPES: dict[str, tuple[Any, dict[str, str]]] = {
    "wordpress": (
        [{"id": 4, "date_gmt": "2026-08-01T10:00:00", "content": {"rendered": "<p>made up</p>"},
          "author_name": "Made Up", "link": "https://shop.example/?p=4", "parent": 3}],
        {"id": "id", "created_at": "date_gmt", "text": "content.rendered", "author_name": "author_name", "url": "link",
         "parent": "parent"},
    ),
    "discourse": (
        {"post_stream": {"posts": [{"id": 9, "username": "made_up", "cooked": "<p>made up</p>", "topic_id": 3,
                                    "created_at": "2026-08-01T10:00:00Z", "reads": 4}]}},
        {"id": "id", "author": "username", "text": "cooked", "root": "topic_id", "created_at": "created_at",
         "views": "reads"},
    ),
    "a messenger's bridge": (
        {"event": "message", "message": {"message_id": 5, "text": "ساختگی", "from": {"id": 7, "username": "made_up"},
                                         "date": 1785578400}},
        {"id": "message_id", "text": "text", "author": "from.username", "author_id": "from.id", "created_at": "date"},
    ),
    "persian": (
        [{"شناسه": "۱", "متن": "ساختگی", "نویسنده": "کسی", "تاریخ": "۱۴۰۵/۰۵/۱۰ ۱۰:۰۰"}],
        {"id": "شناسه", "text": "متن", "author": "نویسنده", "created_at": "تاریخ"},
    ),
}  # fmt: skip


class TestMapping:
    @pytest.mark.parametrize("name", SHAPES)
    def test_shapes_are_told_by_their_names(self, name: str) -> None:
        document, paths = SHAPES[name]
        items = items_of(document, Paths())
        assert guessed(items, Paths()) == dict(sorted(paths.items()))
        assert to_post(items[0], RULES, NOW).post.text in ("made up", "ساختگی")

    def test_what_a_person_says_goes_before(self) -> None:
        rules = msgspec.structs.replace(RULES, paths=Paths({"text": "b.c", "author": ""}, "x.y", "z"))
        document = {
            "x": {"y": [{"id": 1, "text": "no", "b": {"c": "yes"}, "author": "nobody"}]},
            "z": "on",
            "next": "no",
        }
        post = to_post(items_of(document, rules.paths)[0], rules, NOW).post
        assert (post.text, post.author.handle, next_of(document, rules.paths)) == ("yes", "", "on")

    def test_everything_else_a_post_may_have(self) -> None:
        item = {
            "id": "a", "text": "see https://a.example/x @ann", "created_at": "2026-08-01 13:30", "is_private": True,
            "updated_at": "2026-08-01 13:45", "images": [{"url": "/one.jpg"}, {"url": "https://b.example/two.mp4"}],
            "user": {"name": "Made Up", "avatar": "/a.png"},
        }  # fmt: skip
        post = to_post(item, msgspec.structs.replace(RULES, zone=ZoneInfo("Asia/Tehran")), NOW).post
        assert post.posted_at == datetime(2026, 8, 1, 10, tzinfo=UTC)
        assert post.edited_at == datetime(2026, 8, 1, 10, 15, tzinfo=UTC)
        assert post.media == (
            Media("image", "https://forum.example/one.jpg"), Media("video", "https://b.example/two.mp4"),
        )  # fmt: skip
        assert (post.private, post.mentions, post.links) == (True, ("ann",), ("https://a.example/x",))
        assert post.author.avatar_url == "https://forum.example/a.png"

    def test_without_an_id_it_is_the_same_post_each_time(self) -> None:
        item = {"text": "made up", "user": "ann", "likes": 1}
        first = to_post(item, RULES, NOW).post
        assert to_post({**item, "likes": 9}, RULES, NOW.replace(hour=13)).post.key == first.key
        assert to_post({**item, "text": "other"}, RULES, NOW).post.key != first.key

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
            lambda one: (
                st.lists(one, max_size=4)
                | st.dictionaries(
                    st.sampled_from(
                        ["id", "text", "user", "date", "url", "items", "deleted", "media", "next", "parent"]
                    )
                    | st.text(max_size=3),
                    one,
                    max_size=6,
                )
            ),
            max_leaves=30,
        )
    )
    def test_nothing_but_its_own_error(self, document: object) -> None:
        try:
            items = items_of(document, Paths())
        except NormaliseError:
            return
        next_of(document, Paths())
        guessed(items, Paths())
        for item in items:
            try:
                found = to_post(item, RULES, NOW)
            except NormaliseError:
                continue
            assert msgspec.json.decode(msgspec.json.encode(found.post))


@pytest.mark.parametrize("document", [
    {"data": {"posts": []}, "ok": True}, {"ok": True, "items": []}, {"response": {"data": {"comments": []}}},
])  # fmt: skip
def test_a_list_without_posts_is_no_post(document: object) -> None:
    assert items_of(document, Paths()) == []


def test_a_post_that_nobody_commented_is_one() -> None:
    post = {"id": 1, "text": "made-up", "comments": []}
    assert items_of({"event": "created", "post": post}, Paths()) == [post]
    assert items_of(post, Paths()) == [post]


def test_removals_are_for_good() -> None:
    found = to_post({"id": 1, "deleted": True}, RULES, NOW)
    assert found.deleted
    assert Removed("s", NOW, found.post.key).post_key == "forum:1"
    assert json.loads(msgspec.json.encode(found.post))["native_id"] == "1"
