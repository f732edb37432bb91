"""Every recorded exchange with the real Reddit: which we use, what becomes of it, and our requests beside theirs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import NormaliseError
from collectors.reddit.api import INFO, Server, new_paths, search_params, search_path
from collectors.reddit.normalise import (
    Raw,
    edited_seconds,
    fullname,
    is_gone,
    is_gone_for_good,
    lost_its_author,
    page,
    read,
    things,
    to_post,
)  # fmt: skip
from crm import envelope
from crm.errors import AuthorisationError, PermanentError, ShenavaError
from crm.ports.responder import SendOrder, UnknownOutcomeError
from crm.words import Collected, Post
from responders.reddit import RedditResponder
from tests.conformance.doubles import ManualClock
from tests.conftest import ROOT
from tests.services.reddit_recorded import ACCOUNT, NAME, NO_POSTS, Exchange, Replay, counted, recorded, replay

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def exchanges(shared: Callable[[str], Path]) -> list[Exchange]:
    return recorded(shared(NAME))


def server(transport: Replay) -> Server:
    return Server(ACCOUNT, transport.session(), ManualClock())


@pytest.mark.slow
def test_the_documentation_counts_as_we_do(exchanges: list[Exchange]) -> None:
    table = counted(exchanges)
    print(table)
    assert [one.path for one in exchanges if one.label == "?"] == []
    assert table in (ROOT / "docs" / "platforms" / "reddit.md").read_text()


@pytest.mark.slow
def test_every_recorded_thing_is_a_post_or_gone(exchanges: list[Exchange]) -> None:
    found: Counter[str] = Counter()
    for exchange in exchanges:
        for thing in things(exchange.decoded):
            raw = read(thing)
            found[fullname(raw)[:2]] += 1
            found["gone"] += is_gone(raw)
            if not is_gone(raw):
                check(thing["data"], raw)  # type: ignore[index]
    assert found == {"t1": 9905, "t3": 3207, "t4": 2471, "gone": 420}


def check(said: dict[str, Any], raw: Raw) -> None:
    """The post agrees with what Reddit said."""
    post = to_post(raw)
    assert post.native_id == said["name"]
    assert post.author.native_id == (said.get("author_fullname") or post.author.native_id)
    assert post.author.handle == (said["author"] or f"r/{said['subreddit']}")
    assert post.posted_at.timestamp() == said["created_utc"]
    assert (post.edited_at is None) == (not edited_seconds(raw))
    assert post.title == said.get("title", said.get("subject") if said["name"][:2] == "t4" else "")
    assert post.private == (said["name"][:2] == "t4" or said.get("subreddit_type") == "private")
    assert post.text or not (said.get("body") or said.get("selftext") or "").strip()
    assert post.counts.likes == max(0, said.get("score") or 0) or post.private
    assert '<div class="md">' not in post.text
    assert post.url.startswith("https://www.reddit.com/")
    if said["name"][:2] == "t1":
        assert post.parent_key == f"reddit:{said['parent_id']}" or said["parent_id"] == "t1_MISMATCH"
        assert post.root_key == f"reddit:{said['link_id']}" if "link_id" in said else "reddit:t3_" in str(post.root_key)
    assert envelope.record(Collected("s", post, datetime(2026, 1, 1, tzinfo=UTC))).value


@pytest.mark.slow
def test_spot_checks(exchanges: list[Exchange]) -> None:
    posts: dict[str, Post] = {}
    for exchange in exchanges:
        for thing in things(exchange.decoded):
            raw = read(thing)
            if not is_gone(raw):
                posts.setdefault(fullname(raw), to_post(raw))
    linked, gallery, mention = posts["t3_eclwg9"], posts["t3_1skh6dk"], posts["t1_ekftbox"]
    assert linked.title == "Trump Impeached for Abuse of Power"
    assert linked.links[0].startswith("https://www.nytimes.com/interactive/2019/12/18/")
    assert (linked.counts.likes, linked.counts.replies, linked.counts.reposts) == (196024, 20930, 13)
    assert [one.kind for one in gallery.media] == ["image"] * len(gallery.media)
    assert len(gallery.media) > 1
    assert mention.root_key == mention.parent_key == "reddit:t3_bb24k7"
    assert mention.author.key == "reddit:t2_3efd9zdo"
    assert "Your submission was removed" in mention.text
    assert "https://redd.it/bb1sep" in mention.links
    assert posts["t4_2r1sada"].root_key == "reddit:t4_2r1s1k2"
    assert posts["t4_22y94yp"].author.handle == "r/a:t5_4sdud0"


@pytest.mark.slow
def test_deletions_are_told_apart(exchanges: list[Exchange]) -> None:
    found: Counter[tuple[bool, bool]] = Counter()
    for exchange in exchanges:
        for raw in map(read, things(exchange.decoded)):
            if is_gone(raw):
                found[is_gone_for_good(raw), lost_its_author(raw)] += 1
    # (its author took it away, the words stand but the account is gone)
    assert sum(found.values()) == 420
    assert set(found) == {(True, True), (True, False), (False, False)}


@pytest.mark.slow
def test_every_token_is_taken(exchanges: list[Exchange]) -> None:
    found = [one for one in exchanges if one.label == "signing in"]
    grants = Counter(one.said["grant_type"] for one in found)
    assert grants == {"password": 131, "client_credentials": 100, "refresh_token": 48}
    for exchange in found:
        transport = Replay([(exchange.status, exchange.headers, exchange.answer), (200, {}, json.dumps(NO_POSTS))])
        assert server(transport).listing("new", {}, 100).children == []
        token, listing = transport.asked
        assert (token.method, token.url) == (exchange.method, exchange.url)
        assert listing.headers["Authorization"] == f"bearer {exchange.decoded['access_token']}"
        if exchange.said["grant_type"] == "refresh_token":
            assert dict(parse_qsl(str(token.body))) == exchange.said


OURS = {
    "/r/all/search/": (search_path([]), search_params("praw oauth search", [])),
    "/message/inbox/": ("message/inbox/", {}),
    "/r/all/new": (new_paths(["all"])[0], {}),
    "/r/all/comments/": (new_paths(["all"])[1], {}),
    "/r/kakapo/comments/": (new_paths(["kakapo"])[1], {}),
    "/message/mentions": ("message/mentions", {}),
    "/message/messages/": ("message/messages/", {}),
    "/message/sent/": ("message/sent/", {}),
}


@pytest.mark.slow
def test_our_pages_are_asked_for_as_theirs(exchanges: list[Exchange]) -> None:
    compared: Counter[str] = Counter()
    for exchange in exchanges:
        if exchange.path not in OURS or exchange.status != 200:
            continue
        path, params = OURS[exchange.path]
        transport, limit = replay(exchange), int(exchange.asked["limit"])
        found = server(transport).listing(path, params, limit, exchange.asked.get("after", ""))
        assert len(found.children) == len(page(exchange.decoded).children)
        ours = urlsplit(transport.asked[1].url)
        asked = dict(parse_qsl(ours.query))
        assert (transport.asked[1].method, ours.path) == (exchange.method, exchange.path)
        # they look forwards from a name, which leads nowhere once that is deleted; we ask for submissions alone
        assert {*asked} - {"type"} == {*exchange.asked} - {"before"}
        same = {*asked} & {*exchange.asked} - {"limit", "sort", "syntax"}
        assert {name: asked[name] for name in same} == {name: exchange.asked[name] for name in same}
        compared[exchange.path] += 1
    assert compared == {
        "/r/all/search/": 1, "/message/inbox/": 5, "/r/all/new": 2, "/r/all/comments/": 21, "/r/kakapo/comments/": 3,
        "/message/mentions": 2, "/message/messages/": 13, "/message/sent/": 2,
    }  # fmt: skip


@pytest.mark.slow
def test_posts_are_looked_at_again_as_they_do(exchanges: list[Exchange]) -> None:
    compared = 0
    for exchange in exchanges:
        if exchange.path == "/api/info/" and "id" in exchange.asked:
            transport = replay(exchange)
            found = server(transport).info(exchange.asked["id"].split(","))
            assert len(found.children) == len(page(exchange.decoded).children)
            ours = urlsplit(transport.asked[1].url)
            assert (ours.path, dict(parse_qsl(ours.query))) == (f"/{INFO}", exchange.asked)
            compared += 1
    assert compared == 18


@pytest.mark.slow
def test_refusals_are_errors_of_their_kind(exchanges: list[Exchange]) -> None:
    found: Counter[tuple[int, str]] = Counter()
    for exchange in exchanges:
        if exchange.label == "refusals":
            with pytest.raises(ShenavaError) as caught:
                server(replay(exchange)).listing("new", {}, 100)
            assert isinstance(caught.value, AuthorisationError) == (exchange.status == 403)
            assert isinstance(caught.value, PermanentError) == (exchange.status != 403)
            found[exchange.status, type(caught.value).__name__] += 1
    assert found == {
        (403, "ClosedError"): 9, (400, "WrongAddressError"): 8, (404, "WrongAddressError"): 4,
        (302, "WrongAddressError"): 1,
    }  # fmt: skip


def order(text: str, name: str, way: Any) -> SendOrder:
    return SendOrder("k", ACCOUNT, way, text, f"reddit:{name}", "", datetime(2010, 1, 1, tzinfo=UTC))


def thing(name: str, **more: Any) -> dict[str, Any]:
    return {"kind": name[:2], "data": {"id": name[3:], "name": name, "author": "somebody", "body": "b", **more}}


def info(one: Any) -> dict[str, Any]:
    return {"kind": "Listing", "data": {"children": [one]}}


@pytest.mark.slow
def test_comments_are_sent_as_theirs(exchanges: list[Exchange]) -> None:
    sent = []
    for exchange in exchanges:
        if exchange.path != "/api/comment/":
            continue
        text, name = exchange.said["text"], exchange.said["thing_id"]
        before = [NO_POSTS] if name.startswith("t4_") else [info(thing(name)), {"name": "me", "id": "1"}, NO_POSTS]
        transport = replay(*before, exchange)
        responder = RedditResponder(transport, ManualClock())
        try:
            sent.append(responder.send(order(text, name, "reply")).native_id)
        except UnknownOutcomeError:
            assert exchange.decoded == {"json": {"errors": [], "data": {"things": []}}}
        asked = transport.asked[-1]
        assert (asked.method, urlsplit(asked.url).path) == (exchange.method, exchange.path)
        assert dict(parse_qsl(str(asked.body))) == exchange.said
        assert dict(parse_qsl(urlsplit(asked.url).query)) == exchange.asked
    assert sorted(sent) == ["t1_d162ara", "t1_d1680wu", "t4_zzzzzzzzzzzz"]


@pytest.mark.slow
def test_messages_are_sent_as_theirs(exchanges: list[Exchange]) -> None:
    compared = 0
    for exchange in exchanges:
        if exchange.path == "/api/compose/" and "from_sr" not in exchange.said:
            answered = thing("t3_a", author=exchange.said["to"], title="PRAW test")
            transport = replay(info(answered), NO_POSTS, exchange, NO_POSTS)
            RedditResponder(transport, ManualClock()).send(order(exchange.said["text"], "t3_a", "dm"))
            asked = transport.asked[-2]
            said = dict(parse_qsl(str(asked.body)))
            assert (asked.method, urlsplit(asked.url).path) == (exchange.method, exchange.path)
            assert said == exchange.said | {"subject": "Re: PRAW test"}
            compared += 1
    assert compared == 2


@pytest.mark.slow
def test_our_account_is_known(exchanges: list[Exchange]) -> None:
    found = [one for one in exchanges if one.path == "/api/v1/me"]
    assert len(found) == 3
    for exchange in found:
        transport = replay(exchange)
        check = RedditResponder(transport, ManualClock()).check(ACCOUNT)
        assert (check.ok, check.native_id) == (True, f"t2_{exchange.decoded['id']}")
        asked = transport.asked[-1]
        assert (asked.method, asked.url) == (exchange.method, exchange.url)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
BARE = {"id": "a", "name": "t1_a", "author": "ann", "created_utc": 1.0, "body": "", "title": "", "subject": ""}
fields = st.sampled_from([
    *BARE, "author_fullname", "edited", "body_html", "selftext", "selftext_html", "parent_id", "link_id", "permalink",
    "context", "score", "media_metadata", "gallery_data", "media", "preview", "post_hint", "url", "removed_by_category",
    "first_message_name", "replies", "subreddit",
])  # fmt: skip


@pytest.mark.slow
@given(st.sampled_from(["t1", "t3", "t4"]) | anything, st.dictionaries(fields, anything))
def test_only_its_own_error_escapes(kind: Any, changes: dict[str, Any]) -> None:
    for one in things({"kind": "Listing", "data": {"children": [{"kind": kind, "data": BARE | changes}]}}):
        with suppress(NormaliseError):
            post = to_post(read(one))
            assert post.native_id
            envelope.record(Collected("s", post, datetime(2026, 1, 1, tzinfo=UTC)))


nested = st.fixed_dictionaries({
    "media_metadata": st.dictionaries(st.text(max_size=3), st.fixed_dictionaries({
        "e": anything, "s": st.fixed_dictionaries({"u": anything}) | anything,
    }) | anything, max_size=3),
    "gallery_data": st.fixed_dictionaries({"items": st.lists(anything, max_size=3)}) | anything,
    "media": st.fixed_dictionaries({"oembed": anything, "reddit_video": anything}),
    "preview": st.fixed_dictionaries({"images": st.lists(anything, max_size=2)}),
})  # fmt: skip


@pytest.mark.slow
@given(nested)
def test_media_of_any_form(changes: dict[str, Any]) -> None:
    with suppress(NormaliseError):
        to_post(read({"kind": "t3", "data": BARE | changes}))


@given(anything)
def test_answers_of_any_form(answer: Any) -> None:
    with suppress(NormaliseError):
        for one in page(answer).children:
            read(one)
    for one in things(answer):
        with suppress(NormaliseError):
            read(one)
